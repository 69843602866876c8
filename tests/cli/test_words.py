"""Messages of a command name its options and the columns of its file; their ways out work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cli.commands import LONG, QUICK

DAYS = pd.date_range("2014-01-01", periods=60)
NAMES = ["--id", "shop", "--target", "sold"]
FIT = ["-n", 4, *NAMES, *QUICK, "--backtest", 0, "--level", "none"]


def shops(*names: str) -> pd.DataFrame:
    """Daily sales of some shops, with a price."""
    own = [pd.DataFrame({"shop": name, "day": DAYS, "sold": LONG[:60] * (2 + i)}) for i, name in enumerate(names)]
    return pd.concat(own, ignore_index=True).assign(price=lambda frame: 1 + frame.index % 5)


def coming(days: int = 4) -> pd.DataFrame:
    """Prices of the days that follow."""
    rows = [pd.DataFrame({"shop": name, "day": pd.date_range("2014-03-02", periods=days)}) for name in ("1", "2")]
    return pd.concat(rows).assign(price=2)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write a table to a file."""
    monkeypatch.chdir(tmp_path)

    def written(name: str, content: pd.DataFrame | str) -> str:
        Path(name).write_text(content if isinstance(content, str) else content.to_csv(index=False))
        return name

    written("sales.csv", shops("1", "2"))
    written("ahead.csv", coming())
    written("stores.csv", "shop,kind\n1,mall\n2,corner\n")
    return written


@pytest.fixture
def said(run: Callable[..., Any]) -> Callable[..., str]:
    """Run a command that fails, and return its message."""

    def of(*words: Any) -> str:
        done = run(*words)
        assert done.exit_code in (1, 2) and done.stdout == "", done.output
        return str(done.stderr.splitlines()[-1]).removeprefix("Error: ")

    return of


SOLD = np.asarray(shops("1", "2")["sold"])
EIGHTH = np.arange(120) == 7
WRONG: dict[str, tuple[pd.DataFrame, list[Any], str]] = {
    "a missing value": (
        shops("1", "2").assign(sold=np.where(EIGHTH, np.nan, SOLD)),
        [],
        (
            "'sold' is missing (NaN) in series '1' at 2014-01-08 00:00:00. Fill it, drop it, or pass --missing "
            "seasonal_median or --missing interpolate."
        ),
    ),
    "an infinite value": (
        shops("1", "2").assign(sold=np.where(EIGHTH, np.inf, SOLD)),
        [],
        "'sold' is inf in series '1' at 2014-01-08 00:00:00; every value must be finite.",
    ),
    "a missing value in one of two columns": (
        shops("1", "2").assign(rum=np.where(EIGHTH, np.nan, SOLD)),
        ["--target", "sold,rum"],
        (
            "the value is missing (NaN) in series '1/rum' at 2014-01-08 00:00:00. Fill it, drop it, or pass --missing "
            "seasonal_median or --missing interpolate."
        ),
    ),
    "a negative count": (
        shops("1", "2").assign(sold=-1),
        ["--method", "counts", "--window", "auto"],
        (
            "counts is for counts of demand, and 'sold' is -1 in series '1' at 2014-01-01 00:00:00. Set negative "
            "values to 0 if they are returns, or fit with --method prior, which takes any numbers."
        ),
    ),
    "another frequency": (
        shops("1", "2"),
        ["--freq", "W-SUN"],
        "'day' in series '1' at 2014-01-02 00:00:00 does not lie on the frequency W-SUN. Pass the right --freq.",
    ),
    "steps instead of dates": (
        shops("1", "2").assign(day=list(range(60)) * 2),
        ["--time", "day", "--calendar"],
        "--calendar needs dates in 'day', and it holds integers. Write dates in the file, or leave --calendar out.",
    ),
    "a frequency of dates for steps": (
        shops("1", "2").assign(day=list(range(60)) * 2),
        ["--time", "day", "--freq", "D"],
        "the frequency D does not go with 'day', which holds integers.",
    ),
    "uneven steps": (
        shops("1").assign(day=DAYS + pd.to_timedelta(np.arange(60) ** 2, "D")),
        [],
        (
            "the frequency cannot be inferred from 'day' (2014-01-01 00:00:00, 2014-01-03 00:00:00, "
            "2014-01-07 00:00:00, 2014-01-13 00:00:00, …). They are 2 days to 118 days apart, and a forecast needs "
            "even steps. Average them in the file over years, or sum them there if they add up."
        ),
    ),
    "too few future rows": (
        shops("1", "2"),
        ["--future", "three.csv"],
        (
            "--future three.csv has no row for series '1' at 2014-03-05 00:00:00. "
            "Add rows for the 4 steps after the end of every series."
        ),
    ),
    "future rows twice": (
        shops("1", "2"),
        ["--future", "twice.csv"],
        "--future twice.csv has two rows for series '1' at 2014-03-02 00:00:00.",
    ),
    "too few future rows in the same file": (
        pd.concat([shops("1", "2"), coming(3)]),
        ["--covariates", "price"],
        (
            "wrong.csv has no row for series '1' at 2014-03-05 00:00:00. "
            "Add rows for the 4 steps after the end of every series."
        ),
    ),
    "a time zone": (
        shops("1", "2"),
        ["--future", "zone.csv"],
        (
            "'day' of --future zone.csv holds datetime64[us, UTC], that of the data datetime64[us]. Write both with "
            "the same time zone, or both without."
        ),
    ),
    "a shop without a row": (
        shops("1", "2", "3"),
        ["--static", "stores.csv"],
        "--static stores.csv has no row for series '3'. Add the row.",
    ),
    "a shop with two rows": (
        shops("1", "2"),
        ["--static", "double.csv"],
        "--static double.csv has two rows for series '2'. Drop one of them.",
    ),
    "a series that is not there": (
        shops("1", "2"),
        ["--series-covariates", "9"],
        (
            "the series '9', whose values are covariates of all, is not in the data; they have '1', '2'. Add its rows "
            "to the data, or correct --series-covariates."
        ),
    ),
    "a wrong number": (
        shops("1", "2"),
        ["--half-life", -1],
        "--half-life must be a number in (0, inf), got -1.",
    ),
    "two ways to predict": (
        shops("1", "2"),
        ["--holidays", "XX"],
        '--holidays must be the code of a country such as "DE", or of a part of one such as "DE-BY", got \'XX\'.',
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_names_are_those_of_file_and_command(name: str, table: Callable[..., str], said: Callable[..., str]) -> None:
    table("three.csv", coming(3))
    table("twice.csv", pd.concat([coming(), coming()]))
    table("zone.csv", coming().assign(day=lambda frame: frame["day"].dt.strftime("%Y-%m-%dT00:00Z")))
    table("double.csv", "shop,kind\n1,mall\n2,mall\n2,corner\n")
    frame, words, message = WRONG[name]
    found = said("forecast", table("wrong.csv", frame), *FIT, *words, "--quiet")
    assert found.replace("datetime64[ns", "datetime64[us") == f"elman forecast: {message}"


def test_an_empty_name_is_not_a_repeated_time(table: Callable[..., str], said: Callable[..., str]) -> None:
    frame = shops("1", "2")
    frame["shop"] = frame["shop"].where(~frame.index.isin([5, 65]), "")
    assert said("forecast", table("gap.csv", frame), *FIT) == "gap.csv: column 'shop' is empty in line 67. Fill it."


def test_a_saved_model_and_tables_that_do_not_fit(
    run: Any, table: Callable[..., str], said: Callable[..., str]
) -> None:
    for model, words in (("plain", []), ("stores", ["--static", "stores.csv"]), ("priced", ["--future", "ahead.csv"])):
        assert run("forecast", "sales.csv", *FIT, *words, "--save", model).exit_code == 0
    predict = ["predict", "plain", "sales.csv"]
    static, ahead = ["--static", "stores.csv"], ["--future", "ahead.csv"]
    assert said(*predict, *static) == (
        "elman predict: --static stores.csv is given, but the forecaster has no static covariates. Leave --static out."
    )
    assert said(*predict, *ahead) == (
        "elman predict: --future ahead.csv is given, but the forecaster has no covariates known ahead. "
        "Leave --future out."
    )
    assert run(*predict).exit_code == 0
    table("new.csv", shops("1", "3"))
    new = "series '3' is new, and its kind is not known."
    assert said("predict", "stores", "new.csv") == f"elman predict: {new} Pass --static with a row for it."
    assert said("diagnose", "stores", "--data", "new.csv") == f"elman diagnose: {new} Leave the series out."
    assert said("audit", "stores", "new.csv").startswith(
        "elman audit: the static covariates kind are no columns of the data. Pass --static, with a row of kind"
    )
    wrong = ["--static", table("wrong.csv", "shop,size\n1,3\n2,4\n")]
    for command in ("predict", "audit"):
        assert said(command, "stores", "sales.csv", *wrong) == (
            f"elman {command}: --static wrong.csv: the column kind is not found among shop, size."
        )
    table("stores.csv", "shop,kind\n1,mall\n3,corner\n")
    assert run("predict", "stores", "new.csv", *static).exit_code == 0
    table("new.csv", shops("1", "2"))
    assert run("diagnose", "stores", "--data", "new.csv").exit_code == 0


def test_intervals_by_fitting_again(run: Any, table: Callable[..., str], said: Callable[..., str]) -> None:
    assert run("forecast", "sales.csv", *FIT, "--save", "model").exit_code == 0
    again = "there are no intervals. Run elman forecast again with --level 80."
    assert said("predict", "model", "--level", 80) == f"elman predict: {again}"
    assert said("predict", "model", "--quantiles", 0.1) == (
        f"elman predict: the quantile 0.1 is an end of the interval of level 80: {again}"
    )
    assert run("forecast", "sales.csv", *FIT[:-1], 80, "--save", "model").exit_code == 0
    assert run("predict", "model", "--level", 80).exit_code == 0


def test_a_folder_is_spoken_of_alike_in_every_process(run: Any, table: Callable[..., str], tmp_path: Path) -> None:
    assert run("forecast", "sales.csv", *FIT, "--save", "model").exit_code == 0
    Path("parts").mkdir()
    shops("1", "2").assign(sold=np.where(EIGHTH, np.nan, SOLD)).to_parquet("parts/a.parquet")
    message = "elman predict: 'sold' is missing (NaN) in series '1' at 2014-01-08 00:00:00. Fill it, or drop it."
    for workers in (1, 2):
        words = ["predict", "model", "parts", "--output", f"out{workers}", "--workers", workers, "--errors", "collect"]
        assert run(*words).exit_code == 0
        assert pd.read_parquet(f"out{workers}/_errors.parquet")["error"].tolist() == [message]


def test_a_warning_is_said_once(run: Any, table: Callable[..., str]) -> None:
    short = table("short.csv", shops("1", "2").groupby("shop").head(3))
    done = run("forecast", short, "-n", 4, *NAMES, *QUICK)
    assert done.exit_code == 1 and done.stderr.count("none can be checked") == 1


def test_more_importance_than_the_data_allow(run: Any, table: Callable[..., str]) -> None:
    words = ["forecast", table("short.csv", shops("1", "2").groupby("shop").head(5)), *NAMES, "--importance"]
    words += ["--method", "naive", "--backtest", 0]
    done = run(*words, "-n", 4)
    assert done.exit_code == 1
    assert done.stderr.endswith("the longest has 5. Pass a smaller --horizon, or bring more data.\n")
    assert run(*words, "-n", 3).exit_code == 0


def test_a_cell_without_projections(run: Any, table: Callable[..., str], said: Callable[..., str]) -> None:
    rows = [(i, t, i % 2 + t / 9, "ab"[i % 2]) for i in range(12) for t in range(4)]
    table("cases.csv", pd.DataFrame(rows, columns=["case", "step", "x", "kind"]))
    words = ["classify", "train", "cases.csv", "--label", "kind", "--updates", 1, "--hidden-size", 4, "--check", 0]
    assert said(*words, "--cell", "ltsm") == "--cell ltsm: must be one of gru, lstm, rnn."
    assert said(*words, "--projection-size", 2).endswith(
        "--projection-size is for an LSTM, and the cell is 'gru'. Pass --cell lstm, or leave --projection-size out."
    )
    assert run(*words, "--projection-size", 2, "--cell", "lstm").exit_code == 0


def test_mixed_columns_of_a_static_table_are_told_by_every_command(run: Any, table: Callable[..., str]) -> None:
    table("stores.csv", "shop,size\n1,big\n2,3\n")
    static = ["--static", "stores.csv"]
    note = "stores.csv: 'size' holds 'big' in line 2, which is no number; the column is read as categories."
    fit = ["forecast", "sales.csv", *FIT, *static, "--save", "model"]
    for words in (fit, ["predict", "model", "sales.csv", *static], ["audit", "model", "sales.csv", *static]):
        done = run(*words)
        assert done.exit_code == 0 and done.stderr.splitlines().count(note) == 1
        assert note not in run(*words, "--quiet").stderr


def test_few_events_are_told(run: Any, table: Callable[..., str]) -> None:
    frame = shops("1", "2").assign(promo=lambda own: own.index.isin([5, 40, 65]).astype(int))
    words = ["forecast", table("promo.csv", frame), *FIT, "--covariates", "promo"]
    assert run(*words).stderr.splitlines()[-2] == (
        "Warning: elman forecast: the history has 2 days with promo = 1, and it takes 8 to tell their effect from "
        "noise. Bring a longer history, or leave such columns out."
    )
    frame["promo"] = (frame.index % 6 == 0).astype(int)
    table("promo.csv", frame)
    assert "Warning" not in run(*words).stderr
