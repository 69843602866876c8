"""``elman audit``: its table, its exit codes, its messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cli.commands import read_csv
from elman import Forecaster
from elman.cli.app import app

WAVE = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 10) + np.arange(40) / 10
DATES = pd.date_range("2014-01-01", periods=40, freq="QS")
FRAME = pd.DataFrame({"unique_id": "sales", "ds": DATES, "y": WAVE})


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    FRAME.rename(columns={"ds": "date", "y": "sales"})[["date", "sales"]].to_csv(path, index=False)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "sales.model"
    options: dict[str, Any] = {
        "method": "network",
        "hidden_size": 4,
        "updates": 3,
        "ensemble_size": 1,
        "steps": 8,
        "random_state": 0,
    }
    Forecaster(4, **options).fit(FRAME).save(path)
    return path


def run(*words: Any) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def test_all_holds(model: Path, sales: Path, tmp_path: Path) -> None:
    done = run("audit", model, sales, "--output", tmp_path / "audit.csv")
    assert done.exit_code == 0, done.output
    for text in ("values after the cut-off change nothing", "holds", "largest change 0", "smallest change"):
        assert text in done.stdout
    assert "checks hold." in done.stdout.splitlines()[-1]
    assert done.stderr.splitlines() == ["Training short copies of the model on 40 rows."]
    written = read_csv(tmp_path / "audit.csv")
    assert written["check"].nunique() == 8
    assert written.loc[written["check"] == "future", "number"].tolist() == [0.0] * 4


def test_covariates_are_read_from_the_file(tmp_path: Path) -> None:
    frame = FRAME.assign(price=np.sin(np.arange(40)), stock=np.cos(np.arange(40)))
    options: dict[str, Any] = {
        "method": "network",
        "hidden_size": 4,
        "updates": 3,
        "ensemble_size": 1,
        "steps": 8,
        "random_state": 0,
    }
    Forecaster(4, past_covariates=["stock"], future_covariates=["price"], **options).fit(frame).save(tmp_path / "model")
    frame.to_csv(tmp_path / "sales.csv", index=False)
    done = run("audit", tmp_path / "model", tmp_path / "sales.csv", "--target", "y")
    assert done.exit_code == 0, done.output
    frame.drop(columns="price").to_csv(tmp_path / "less.csv", index=False)
    done = run("audit", tmp_path / "model", tmp_path / "less.csv", "--target", "y")
    assert done.exit_code == 1 and "'price'" in done.stderr


def test_a_broken_promise_ends_with_1(model: Path, sales: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Forecaster._forecast_panel
    monkeypatch.setattr(Forecaster, "_forecast_panel", lambda self, place, panel: usual(self, place, panel.head(1)))
    done = run("audit", model, sales, "--quiet")
    assert done.exit_code == 1
    assert "BROKEN" in done.stdout and "step 1 of series 'sales' does not move" in done.stdout
    assert done.stdout.splitlines()[-1] == "3 of 8 checks broken: newest, alignment, update."
    assert done.stderr == ""


def test_wrong_usage_ends_with_2(model: Path, sales: Path, tmp_path: Path) -> None:
    for words, message in (
        (["audit", tmp_path / "none.model", sales], "none.model: no such file."),
        (
            ["audit", model, tmp_path / "none.csv"],
            "none.csv: no such file, and no series of that name comes with Elman",
        ),
        (["audit", model], "Missing argument 'FILE'"),
        (["audit", model, sales, "--output", tmp_path / "nowhere" / "audit.csv"], "there is no folder"),
    ):
        done = run(*words)
        assert (done.exit_code, done.stdout) == (2, "")
        assert message in done.stderr and "Traceback" not in done.output


def test_unusable_data_or_model_ends_with_1(model: Path, sales: Path, tmp_path: Path) -> None:
    holes = tmp_path / "holes.csv"
    holes.write_text(sales.read_text().replace("2015-01-01,20.4", "2015-01-01,"))
    assert holes.read_text() != sales.read_text()
    for words, message in (
        (["audit", sales, sales], "Error: "),
        (
            ["audit", model, holes],
            "Error: elman audit: 'sales' is missing (NaN) in series 'sales' at 2015-01-01 00:00:00.",
        ),
    ):
        done = run(*words, "--output", tmp_path / "audit.csv")
        assert done.exit_code == 1
        assert message in done.stderr and "Traceback" not in done.output
        assert not (tmp_path / "audit.csv").exists()
