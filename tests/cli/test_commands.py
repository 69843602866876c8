"""The command: results to stdout, messages to stderr, exit codes, files whole or not at all."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from cli.commands import LONG, QUICK, WAVE, files, read_csv
from elman import Forecaster
from elman.cli import main
from elman.forecasting import backtest, candidates
from elman.forecasting.methods import fit_network


def test_forecast_prints_check_verdict_and_forecast(run: Callable[..., Any], sales: Path) -> None:
    done = run("forecast", sales, "--horizon", 4, *QUICK)
    assert done.exit_code == 0
    for text in ("Check on the last 4 values, held out", "sMAPE", "MASE", "MAE", "naive", "seasonal naive with drift"):
        assert text in done.stdout
    assert "Elman is not better than" in done.stdout or "Elman beats" in done.stdout
    assert "2024-01-01" in done.stdout and "2024-10-01" in done.stdout
    assert done.stderr.splitlines() == [
        f"{sales}: 40 rows; time is 'date', target is 'sales'.",
        "Warning: no intervals of 95 %; the data are too few.",
        "Frequency QS-JAN, season 4, window 5, transform log, 2 networks of 3 updates.",
    ]


def test_numbers_are_those_of_the_library(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    done = run("forecast", sales, "--horizon", 4, *QUICK, "--seed", 5, "--output", tmp_path / "out.csv", "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    frame = pd.DataFrame(
        {"unique_id": "sales", "ds": pd.date_range("2014-01-01", periods=40, freq="QS"), "y": WAVE.round(2)}
    )
    model = Forecaster(4, method="network", season=4, window=5, random_state=5, intervals="auto", cutoffs=1).fit(frame)
    expected = model.predict(level=80)
    written = read_csv(tmp_path / "out.csv", parse_dates=["date"])
    assert written.columns.tolist() == ["date", "sales", "sales-lo-80", "sales-hi-80"]
    for column, ours in zip(expected.columns[2:], written.columns[1:], strict=True):
        assert np.array_equal(written[ours], expected[column])  # every digit, so the same bits
    assert written["date"].tolist() == expected["ds"].tolist()
    assert model.check_ is not None and model.check_.verdict == backtest(model, frame).verdict
    assert model.check_.verdict in done.stdout.splitlines()


def test_what_the_check_says_is_delivered(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    """The default: Python and the command give the same forecasts and intervals, and name the method."""
    out, model, picture = tmp_path / "out.csv", tmp_path / "model", tmp_path / "p.png"
    done = run("forecast", sales, "--horizon", 4, "--output", out, "--save", model, "--plot", picture)
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        f"{sales}: 40 rows; time is 'date', target is 'sales'.",
        "Frequency QS-JAN, season 4.",
    ]
    frame = read_csv(sales, parse_dates=["date"]).rename(columns={"date": "ds", "sales": "y"})
    library = Forecaster(4).fit(frame.assign(unique_id="sales"))
    expected = library.predict(level=[80, 95])
    written = read_csv(out)
    assert written.columns[1:].tolist() == [f"sales{name.removeprefix('Elman')}" for name in expected.columns[2:]]
    assert np.array_equal(written.iloc[:, 1:], expected.iloc[:, 2:])
    assert library.check_ is not None
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "Check on 3 cut-offs, held out"
    assert sum(line.startswith(f"Elman: {library.method_} ") for line in lines) == 1
    assert library.check_.verdict in lines
    assert f"Delivered: {library.method_} ({library.reason_})." in lines
    again = run("predict", model)
    assert again.exit_code == 0 and done.stdout.endswith(again.stdout)
    assert again.stdout.startswith(f"Delivered: {library.method_} ({library.reason_}).")
    beyond = run("forecast", sales, "-n", 4, "--level", 99)
    assert (beyond.exit_code, beyond.stdout) == (1, "")
    assert beyond.stderr.splitlines()[-1] == (
        f"Error: elman forecast: level 99 is beyond 95, the widest interval of the {library.method_}. "
        "Ask for at most 95 %, or quantiles from 0.025 to 0.975, or pass --method network."
    )


@pytest.mark.parametrize("method", ["prior", "tuned", "seasonal naive", "network"])
def test_a_method_that_is_asked_for(method: str, run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    done = run("forecast", sales, "-n", 4, "--method", method, "--output", tmp_path / "out.csv")
    assert done.exit_code == 0 and "Check on the last 4 values, held out" in done.stdout
    assert "One cut-off is little evidence." in done.stdout or method == "seasonal naive"
    name = "tuned prior" if method == "tuned" else method
    assert f'Delivered: {name} (the method "{method}" was asked for).' in done.stdout.splitlines()
    frame = read_csv(sales, parse_dates=["date"]).rename(columns={"date": "ds", "sales": "y"})
    options: dict[str, Any] = {"intervals": "auto"} if method == "network" else {}
    library = Forecaster(4, method=method, random_state=0, **options).fit(frame.assign(unique_id="sales"))
    written = read_csv(tmp_path / "out.csv")
    assert np.array_equal(written[["sales", "sales-lo-80", "sales-hi-80"]], library.predict(level=80).iloc[:, 2:])


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
    assert re.search(r"^Elman beats the best baseline of each on \d of 8 series\.$", done.stdout, re.MULTILINE)
    told = [line for line in done.stdout.splitlines() if re.match(r"  s\d: Elman", line)]
    assert [line.split(":")[0].strip() for line in told] == names
    assert "… and 20 more rows; --output writes all of them" in done.stdout


def test_dataset_of_the_package(run: Callable[..., Any]) -> None:
    done = run("forecast", "sunspots", "--horizon", 3, "--season", 11, "--backtest", 2)
    assert done.exit_code == 0
    assert "Check on 2 cut-offs, held out" in done.stdout
    assert "cut-offs" in done.stdout and "season 11" in done.stderr


def test_too_short_to_check_but_not_to_forecast(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("day,y\n" + "".join(f"2024-01-{day:02d},{day}\n" for day in range(1, 9)))
    few = "elman forecast: 2 cut-offs of 7 values need 16 values, the longest series has 8; none can be checked."
    for words, warning in ((["-n", 7], []), (["-n", 7, "--backtest", 2], [few]), (["-n", 7, "--backtest", 0], [])):
        done = run("forecast", path, *words)
        assert done.exit_code == 0
        assert "held out." not in done.stdout and "Check on" not in done.stdout
        assert [line for line in done.stderr.splitlines() if "Warning" in line] == [f"Warning: {w}" for w in warning]
        assert "Delivered: prior" in done.stdout and "2024-01-15" in done.stdout
    network = run("forecast", path, "-n", 5, "--method", "network")
    assert "Warning: elman forecast: not checked against baselines. " in network.stderr
    assert "Check on the last 5 values, held out" in run("forecast", path, "-n", 5).stdout


def columns(path: Path) -> list[str]:
    return path.read_text().splitlines()[0].split(",")


def test_levels(run: Callable[..., Any], long: Path, tmp_path: Path) -> None:
    out, model = tmp_path / "out.csv", tmp_path / "model"
    words = ["forecast", long, "-n", 4, *QUICK, "--output", out]
    usual = run(*words, "--save", model)
    assert usual.exit_code == 0 and "Warning" not in usual.stderr
    assert columns(out)[2:] == ["sales-lo-80", "sales-hi-80", "sales-lo-95", "sales-hi-95"]
    assert re.search(r"date +sales +80 % +95 %", usual.stdout) and " … " in usual.stdout
    assert run("predict", model, "--output", out).stdout in usual.stdout
    assert columns(out)[2:] == ["sales-lo-80", "sales-hi-80", "sales-lo-95", "sales-hi-95"]
    run("predict", model, "--level", 50, "--output", out)
    assert columns(out)[2:] == ["sales-lo-50", "sales-hi-50"]
    refused = run("predict", model, "--level", 99)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("Error: elman predict: level 99 needs 100 residuals for each step")
    assert run(*words, "--level", "97.5").exit_code == 0
    assert columns(out)[2:] == ["sales-lo-97.5", "sales-hi-97.5"]
    assert "%" not in run(*words, "--level", "none").stdout.split("Forecast")[1]
    assert columns(out) == ["date", "sales"]


def test_level_asked_for_but_not_possible(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    done = run("forecast", sales, "-n", 4, *QUICK, "--level", "95", "--output", tmp_path / "out.csv")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "Error: elman forecast: level 95 needs 20 past errors for each step of the horizon; these data give 17. "
        "Ask for at most 94.12 %, or quantiles from 0.02941 to 0.9706, or bring more data."
    )
    assert not (tmp_path / "out.csv").exists()


def test_every_network_is_fitted_once(run: Callable[..., Any], long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for the check, one for the intervals, one for delivery; the search runs once."""
    fits = []

    def counted(place: str, parameters: Any, panel: Any, root: int, chosen: Any) -> Any:
        fits.append(int(panel.lengths.max()))
        return fit_network(place, parameters, panel, root, chosen)

    monkeypatch.setattr(candidates, "fit_network", counted)
    assert run("forecast", long, "-n", 4, *QUICK, "--backtest", 2, "--refit").exit_code == 0
    assert fits[:2] == [112, 116] and fits[-1] == 120 and len(fits) == 4
    fits.clear()
    assert run("forecast", long, "-n", 4, "--season", 4).exit_code == 0
    assert fits == []


def test_parquet(run: Callable[..., Any], long: Path, tmp_path: Path) -> None:
    pl.read_csv(long, try_parse_dates=True).write_parquet(tmp_path / "long.parquet")
    one, two = (run("forecast", tmp_path / f"long.{end}", "-n", 4, *QUICK) for end in ("csv", "parquet"))
    assert (one.exit_code, two.exit_code) == (0, 0)
    assert one.stdout == two.stdout


def test_encoding_is_asked_for(run: Callable[..., Any], tmp_path: Path, long: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(long.read_text().replace("sales", "Erlös").encode("latin-1"))
    refused = run("forecast", path, "-n", 4, *QUICK)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == (
        "Error: latin.csv: byte 8 (0xf6) is not utf-8. Pass --encoding latin-1 or whichever it is.\n"
    )
    done = run("forecast", path, "-n", 4, *QUICK, "--encoding", "latin-1", "--backtest", 0, "--level", "none")
    assert done.exit_code == 0 and "target is 'Erlös'" in done.stderr


def test_covariates(run: Callable[..., Any], tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=124, freq="D")
    price, heat = np.tile([1.0, 2.0, 1.5, 1.0], 31), np.arange(124.0) % 7
    frame = pd.DataFrame({"unique_id": "sales", "ds": days[:120], "y": LONG, "heat": heat[:120], "price": price[:120]})
    known, ahead, model, out = (tmp_path / name for name in ("known.csv", "ahead.csv", "model", "out.csv"))
    frame.rename(columns={"ds": "day", "y": "sales"}).drop(columns="unique_id").to_csv(known, index=False)
    pd.DataFrame({"day": days[120:], "price": price[120:]}).to_csv(ahead, index=False)
    words = ["forecast", known, "-n", 4, *QUICK, "--covariates", "heat", "--future", ahead]
    done = run(*words, "--save", model, "--output", out, "--level", 80)
    assert done.exit_code == 0
    assert f"{known}: known ahead: price." in done.stderr.splitlines()
    library = Forecaster(
        4,
        method="network",
        season=4,
        window=5,
        random_state=0,
        intervals="auto",
        past_covariates=["heat"],
        future_covariates=["price"],
    ).fit(frame)
    future = pd.DataFrame({"unique_id": "sales", "ds": days[120:], "price": price[120:]})
    expected = library.predict(level=80, future=future)
    written = read_csv(out)
    assert np.array_equal(written[["sales", "sales-lo-80", "sales-hi-80"]], expected.iloc[:, 2:])
    again = run("predict", model, known, "--future", ahead, "--level", 80)
    assert again.exit_code == 0 and done.stdout.endswith(again.stdout)
    for words, message in (
        (["predict", model, known], f"{model}: needs price of future rows; pass --future."),
        (
            ["predict", model],
            f"{model}: covariates known ahead need the file of known values; pass FILE.",
        ),
        (
            ["forecast", "sunspots", "-n", 4, "--covariates", "heat"],
            "sunspots: the series that comes with Elman has no covariates.",
        ),
        (["forecast", known, "-n", 4, "--future", "no.csv"], "--future no.csv: no such file."),
    ):
        refused = run(*words)
        assert (refused.exit_code, refused.stdout, refused.stderr) == (2, "", f"Error: {message}\n")


def test_covariates_that_do_not_reach_the_horizon(run: Callable[..., Any], long: Path, tmp_path: Path) -> None:
    ahead, known, out = tmp_path / "ahead.csv", tmp_path / "known.csv", tmp_path / "out.csv"
    known.write_text("\n".join(line + (",price" if not i else ",1") for i, line in enumerate(long.read_text().split())))
    ahead.write_text("date,price\n2014-05-01,1\n2014-05-02,2\n")
    done = run("forecast", known, "-n", 4, *QUICK, "--target", "sales", "--future", ahead, "--output", out)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        f"Error: elman forecast: --future {ahead} has no row for series 'sales' at 2014-05-03 00:00:00. "
        "Add rows for the 4 steps after the end of every series."
    )
    assert not out.exists()


def test_time_zone_with_a_change_of_clocks(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    hours = pd.date_range("2024-03-30 00:00", periods=40, freq="h", tz="Europe/Berlin")
    path.write_text("time,y\n" + "".join(f"{t.isoformat()},{v}\n" for t, v in zip(hours, WAVE, strict=True)))
    words = ["forecast", path, "-n", 2, *QUICK, "--backtest", 0, "--level", "none", "--output", tmp_path / "out.csv"]
    assert run(*words).exit_code == 0
    written = read_csv(tmp_path / "out.csv", parse_dates=["time"])
    assert written["time"].tolist() == [hours[-1] + pd.Timedelta(k, "h") for k in (1, 2)]


def test_predict_messages(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    missing = run("predict", tmp_path / "none")
    assert (missing.exit_code, missing.stderr.strip()) == (2, f"Error: {tmp_path / 'none'}: no such file.")
    broken = run("predict", sales)
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert broken.stderr.startswith(f"Error: {sales}: ")
    Forecaster(3, season=4).fit(WAVE).save(tmp_path / "array")
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
    assert "Warning: elman forecast: rows were not in order of time and have been sorted." in done.stderr.splitlines()
    assert run("forecast", path, "-n", 4, *QUICK, "--backtest", 0, "--quiet").stderr == ""


def elman_process(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "from elman.cli import main; main()"
    return subprocess.run([sys.executable, "-W", "error", "-c", code, *words], cwd=cwd, capture_output=True, text=True)


def test_main_exits_with_the_code_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")  # as main sets it

    def ended(*words: str) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, "argv", ["elman", *words])
        with pytest.raises(SystemExit) as end:
            main()
        return (end.value.code, *capsys.readouterr())

    assert ended("--version") == (0, f"elman {elman.__version__}\n", "")
    code, out, errors = ended("forecast", "nowhere.csv", "--horizon", "4")
    assert (code, out) == (2, "") and "Traceback" not in errors
    monkeypatch.chdir(tmp_path)
    Path("bad.csv").write_text("day,y\n2024-01-01,1,2\n")
    bad = ended("forecast", "bad.csv", "--horizon", "4")
    assert bad == (1, "", "Error: bad.csv: line 2 has 3 fields, the header has 2.\n")


def test_as_a_process(tmp_path: Path) -> None:
    days = "".join(f"2024-01-{day:02d},{10 + day % 7}\n" for day in range(1, 13))
    (tmp_path / "days.csv").write_text("day,y\n" + days)
    good = elman_process(
        "forecast", "days.csv", "--horizon", "2", "--level", "none", "--output", "out.csv", cwd=tmp_path
    )
    assert good.returncode == 0 and "Traceback" not in good.stderr
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == "day,y"
    assert files(tmp_path) == ["days.csv", "out.csv"]


def test_the_year_of_daily_data(run: Callable[..., Any], tmp_path: Path) -> None:
    days, rng = pd.date_range("2021-01-01", periods=1096, freq="D"), np.random.default_rng(0)
    visits = np.exp(4 + 0.4 * np.sin(2 * np.pi * days.day_of_year / 365) + rng.normal(0, 0.1, len(days)))
    pd.DataFrame({"day": days, "visits": visits}).to_csv(tmp_path / "days.csv", index=False)
    saved, out, again = (tmp_path / name for name in ("model", "out.csv", "again.csv"))
    done = run("forecast", tmp_path / "days.csv", "-n", 28, "--save", saved, "--output", out)
    assert done.exit_code == 0 and "season 7, 365" in done.stderr
    assert "with the yearly season" in done.stdout and "of the newest year" in done.stdout
    assert run("predict", saved, tmp_path / "days.csv", "--output", again).exit_code == 0
    assert read_csv(again)["visits"].equals(read_csv(out)["visits"])
    assert "season 7.\n" in run("forecast", tmp_path / "days.csv", "-n", 28, "--season", 7, "--output", again).stderr
