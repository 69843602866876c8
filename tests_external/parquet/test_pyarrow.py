"""Parquet without polars: pyarrow reads the files, and is told from what it cannot read."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from elman import DataError
from elman.cli.app import app
from elman.tables.series import read_series

DAYS = pd.date_range("2024-01-01", periods=40, freq="D")
FRAME = pd.DataFrame({"day": DAYS, "shop": ["a", "b"] * 20, "sales": [float(i % 7 + 5) for i in range(40)]})


@pytest.fixture(autouse=True)
def without_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    usual: Callable[..., Any] = importlib.util.find_spec
    assert usual("pyarrow") is not None
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "polars" else usual(name, *rest)
    )


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_columns_come_as_they_were_written(tmp_path: Path, zone: str | None) -> None:
    frame = FRAME.assign(day=DAYS.tz_localize(zone))
    frame.to_parquet(tmp_path / "sales.parquet")
    table = read_series(tmp_path / "sales.parquet", series="shop")
    assert table.frame["ds"].tolist() == frame["day"].tolist()
    assert table.frame["y"].tolist() == frame["sales"].tolist()
    assert table.frame["unique_id"].tolist() == frame["shop"].tolist()


def test_dates_in_the_index(tmp_path: Path) -> None:
    FRAME[["day", "sales"]].set_index("day").to_parquet(tmp_path / "sales.parquet")
    assert read_series(tmp_path / "sales.parquet").frame["ds"].tolist() == DAYS.tolist()


def test_the_command_forecasts_the_same(tmp_path: Path) -> None:
    plain = FRAME[["day", "sales"]]
    plain.to_parquet(tmp_path / "sales.parquet")
    plain.to_csv(tmp_path / "sales.csv", index=False)
    words = ["-n", "3", "--method", "network", "--window", "8", "--backtest", "0", "--level", "none", "--quiet"]
    one, two = (
        CliRunner().invoke(app, ["forecast", str(tmp_path / f"sales.{end}"), *words]) for end in ("csv", "parquet")
    )
    assert one.exit_code == two.exit_code == 0 and one.stdout == two.stdout


def test_what_is_no_parquet(tmp_path: Path) -> None:
    path = tmp_path / "sales.parquet"
    path.write_text("day,sales\n2024-01-01,5\n")
    with pytest.raises(DataError, match=r"^sales\.parquet: this is no Parquet file that can be read \(.+\)\.$"):
        read_series(path)
