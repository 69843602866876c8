"""The command: results to stdout, messages to stderr, exit codes, files whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import elman
from elman import Forecaster
from elman.cli.app import app
from elman.forecasting import backtest

QUICK = ["--window", "5", "--season", "4"]
WAVE = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 10) + np.arange(40) / 10


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every Forecaster small networks: these tests are about the command."""
    usual = dict(Forecaster.__init__.__kwdefaults__ or {})
    changed = usual | {"updates": 3, "hidden_size": 4, "n_seeds": 2, "steps": 8}
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


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_forecast_prints_check_verdict_and_forecast(run: Callable[..., Any], sales: Path) -> None:
    done = run("forecast", sales, "--horizon", 4, *QUICK)
    assert done.exit_code == 0
    for text in ("Check on the last 4 values, held out", "sMAPE", "MASE", "MAE", "naive", "seasonal naive with drift"):
        assert text in done.stdout
    assert "Elman is not better than" in done.stdout or "Elman beats" in done.stdout
    assert "2024-01-01" in done.stdout and "2024-10-01" in done.stdout
    assert done.stderr.splitlines() == [
        f"{sales}: 40 rows; time is 'date', target is 'sales'.",
        "Frequency QS-JAN, season 4, window 5, transform log, 2 networks of 3 updates.",
    ]


def test_numbers_are_those_of_the_library(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    done = run("forecast", sales, "--horizon", 4, *QUICK, "--seed", 5, "--output", tmp_path / "out.csv", "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    frame = pd.DataFrame(
        {"unique_id": "sales", "ds": pd.date_range("2014-01-01", periods=40, freq="QS"), "y": WAVE.round(2)}
    )
    model = Forecaster(4, season=4, window=5, random_state=5)
    expected = model.fit(frame).predict()
    written = pd.read_csv(tmp_path / "out.csv", parse_dates=["ds"])
    assert written.columns.tolist() == ["unique_id", "ds", "Elman"]
    assert np.array_equal(written["Elman"], expected["Elman"])  # every digit, so the same bits
    assert written["ds"].tolist() == expected["ds"].tolist()
    result = backtest(model, frame)
    assert result.verdict in done.stdout.splitlines()


def test_same_seed_same_text_whatever_the_threads(run: Callable[..., Any], sales: Path) -> None:
    one = run("forecast", sales, "-n", 4, *QUICK, "--threads", 1).stdout
    assert run("forecast", sales, "-n", 4, *QUICK, "--threads", 2).stdout == one
    assert run("forecast", sales, "-n", 4, *QUICK, "--seed", 9).stdout != one


def test_plot_save_and_predict(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    picture, model = tmp_path / "plot.png", tmp_path / "model"
    first = run("forecast", sales, "-n", 4, *QUICK, "--plot", picture, "--save", model, "--output", tmp_path / "1.csv")
    assert first.exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture.read_bytes()) > 10_000
    for words, name in ((["predict", model], "2.csv"), (["predict", model, sales], "3.csv")):
        again = run(*words, "--output", tmp_path / name)
        assert again.exit_code == 0
        assert (tmp_path / name).read_bytes() == (tmp_path / "1.csv").read_bytes()
        assert first.stdout.endswith(again.stdout)
    assert files(tmp_path) == ["1.csv", "2.csv", "3.csv", "model", "plot.png", "sales.csv"]


def test_many_series(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    dates = pd.date_range("2014-01-01", periods=40, freq="QS")
    names = [f"s{i}" for i in range(8)]
    pd.concat([pd.DataFrame({"unique_id": n, "ds": dates, "y": WAVE * (i + 1)}) for i, n in enumerate(names)]).to_csv(
        path
    )
    done = run("forecast", path, "-n", 10, *QUICK, "--target", "y", "--plot", tmp_path / "plot.png")
    assert done.exit_code == 0
    assert "8 series, 320 rows; time is 'ds', target is 'y', series by 'unique_id'." in done.stderr
    assert "… and 20 more rows; --output writes all of them" in done.stdout


def test_dataset_of_the_package(run: Callable[..., Any]) -> None:
    done = run("forecast", "sunspots", "--horizon", 3, "--season", 11, "--backtest", 2)
    assert done.exit_code == 0
    assert "Check on 2 cut-offs, held out" in done.stdout
    assert "cut-offs" in done.stdout and "season 11" in done.stderr


def test_too_short_to_check_but_not_to_forecast(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("day,y\n" + "".join(f"2024-01-{day:02d},{day}\n" for day in range(1, 9)))
    done = run("forecast", path, "-n", 5)
    assert done.exit_code == 0
    assert "held out" not in done.stdout
    assert "Warning: not checked against baselines. " in done.stderr
    assert "2024-01-13" in done.stdout
    assert "held out" not in run("forecast", path, "-n", 5, "--backtest", 0).stdout


WRONG_USAGE = {
    "nowhere.csv": (
        "nowhere.csv: no such file, and no series of that name comes with Elman (air-passengers, sunspots do)."
    ),
    ".": ".: is a folder.",
    "sunspots --season monthly": "--season monthly: must be auto, a number such as 12, or several such as 24,168.",
    "sunspots --window 0": "--window 0: must be auto or a number of at least 1.",
    "sunspots --output no/where.csv": "--output no/where.csv: there is no folder no.",
    "sunspots --plot .": "--plot .: is a folder.",
}


@pytest.mark.parametrize("words", WRONG_USAGE)
def test_wrong_usage_is_2(words: str, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("forecast", *words.split(), "--horizon", 4)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"Error: {WRONG_USAGE[words]}\n"
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "words", [[], ["forecast"], ["forecast", "sunspots"], ["forecast", "sunspots", "-n", "0"], ["forcast"]]
)
def test_usage_that_the_parser_refuses(words: list[str], run: Callable[..., Any]) -> None:
    assert run(*words).exit_code == 2


BAD_DATA = {
    "": "bad.csv: the file is empty.",
    "day,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,3\n": (
        "elman forecast: y is missing (NaN) in series 'y' at 2024-01-02 00:00:00. "
        'Fill it, drop it, or pass missing="seasonal_median" or missing="interpolate".'
    ),
    "day,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n": (
        "Forecaster.fit: the series has 3 values, but window + horizon = 1 + 4 = 5 are needed. "
        "Shorten the horizon or the window, or bring more data."
    ),
}


@pytest.mark.parametrize("content", BAD_DATA)
def test_bad_data_is_1_and_leaves_no_file(content: str, run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    done = run(
        "forecast",
        path,
        "-n",
        4,
        "--output",
        tmp_path / "o.csv",
        "--plot",
        tmp_path / "p.png",
        "--save",
        tmp_path / "m",
    )
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == f"Error: {BAD_DATA[content]}"
    assert files(tmp_path) == ["bad.csv"]


def test_predict_messages(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    missing = run("predict", tmp_path / "none")
    assert (missing.exit_code, missing.stderr.strip()) == (2, f"Error: {tmp_path / 'none'}: no such file.")
    broken = run("predict", sales)
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert broken.stderr.startswith(f"Error: {sales}: ")
    Forecaster(3, season=4, random_state=0).fit(WAVE).save(tmp_path / "array")
    nameless = run("predict", tmp_path / "array")
    assert (nameless.exit_code, nameless.stdout) == (2, "")
    assert nameless.stderr.strip() == f"Error: {tmp_path / 'array'}: was fitted to arrays without dates; pass FILE."
    assert run("predict", tmp_path / "array", sales).exit_code == 0


def test_our_warnings_are_one_line(run: Callable[..., Any], tmp_path: Path, sales: Path) -> None:
    lines = sales.read_text().splitlines()
    path = tmp_path / "unsorted.csv"
    path.write_text("\n".join([lines[0], *reversed(lines[1:])]))
    done = run("forecast", path, "-n", 4, *QUICK, "--backtest", 0)
    assert done.exit_code == 0
    assert "Warning: Forecaster.fit: rows were not in order of time and have been sorted." in done.stderr.splitlines()
    assert run("forecast", path, "-n", 4, *QUICK, "--backtest", 0, "--quiet").stderr == ""


def elman_process(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "from elman.cli import main; main()"
    return subprocess.run([sys.executable, "-W", "error", "-c", code, *words], cwd=cwd, capture_output=True, text=True)


def test_as_a_process(tmp_path: Path) -> None:
    version = elman_process("--version", cwd=tmp_path)
    assert (version.returncode, version.stdout, version.stderr) == (0, f"elman {elman.__version__}\n", "")
    wrong = elman_process("forecast", "nowhere.csv", "--horizon", "4", cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "") and "Traceback" not in wrong.stderr
    (tmp_path / "bad.csv").write_text("day,y\n2024-01-01,1,2\n")
    bad = elman_process("forecast", "bad.csv", "--horizon", "4", cwd=tmp_path)
    assert (bad.returncode, bad.stdout, bad.stderr) == (
        1,
        "",
        "Error: bad.csv: line 2 has 3 fields, the header has 2.\n",
    )
    days = "".join(f"2024-01-{day:02d},{10 + day % 7}\n" for day in range(1, 13))
    (tmp_path / "days.csv").write_text("day,y\n" + days)
    good = elman_process("forecast", "days.csv", "--horizon", "2", "--window", "2", "--output", "out.csv", cwd=tmp_path)
    assert good.returncode == 0 and "Traceback" not in good.stderr
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == "unique_id,ds,Elman"
    assert files(tmp_path) == ["bad.csv", "days.csv", "out.csv"]
