"""Small networks, two files of sales, and a way to run the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from cli.commands import LONG, WAVE
from elman import Forecaster
from elman.cli.app import app


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every Forecaster small networks for speed."""
    usual = dict(Forecaster.__init__.__kwdefaults__ or {})
    changed = usual | {"updates": 3, "hidden_size": 4, "ensemble_size": 2, "steps": 8}
    monkeypatch.setattr(Forecaster.__init__, "__kwdefaults__", changed)


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    dates = pd.date_range("2014-01-01", periods=40, freq="QS").strftime("%Y-%m-%d")
    path.write_text("date,sales\n" + "".join(f"{day},{value:.2f}\n" for day, value in zip(dates, WAVE, strict=True)))
    return path


@pytest.fixture
def run(small: None) -> Callable[..., Any]:
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def long(tmp_path: Path) -> Path:
    path = tmp_path / "long.csv"
    dates = pd.date_range("2014-01-01", periods=120, freq="D").strftime("%Y-%m-%d")
    path.write_text("date,sales\n" + "".join(f"{day},{value:.2f}\n" for day, value in zip(dates, LONG, strict=True)))
    return path
