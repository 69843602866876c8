"""Every option of ``elman forecast`` does what it says: the numbers are those of the library with that parameter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cli.commands import LONG, QUICK, files, read_csv
from elman import Forecaster

DAYS = pd.date_range("2014-01-01", periods=120, freq="D")


@pytest.fixture
def holes(tmp_path: Path) -> Path:
    """Two series with further columns, every third day, two of them without a row."""
    days = pd.date_range("2014-01-01", periods=62, freq="3D").delete([20, 41])
    frames = [
        pd.DataFrame({"when": days, "shop": shop, "sold": (LONG * factor)[:60], "price": LONG[60:]})
        for shop, factor in (("a", 1.0), ("b", 2.0))
    ]
    path = tmp_path / "holes.csv"
    pd.concat(frames).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        (["--season", "4", "--window", "5"], {"season": 4, "window": 5}),
        (["--season", "7,14", "--window", "9"], {"season": [7, 14], "window": 9}),
        (["--season", "4"], {"season": 4}),
        (["--window", "6", "--cell", "gru"], {"window": 6, "cell": "gru"}),
        (["--window", "6", "--seed", "3"], {"window": 6, "random_state": 3}),
        (["--window", "6", "--freq", "D", "--threads", "2"], {"window": 6, "freq": "D"}),
    ],
)
def test_parameters(words: list[str], parameters: dict[str, Any], run: Any, long: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    done = run(
        "forecast",
        long,
        "--horizon",
        4,
        "--method",
        "network",
        *words,
        "--backtest",
        0,
        "--level",
        "none",
        "--output",
        out,
    )
    assert done.exit_code == 0
    frame = pd.DataFrame({"unique_id": "sales", "ds": DAYS, "y": LONG.round(2)})
    library = Forecaster(4, method="network", **({"random_state": 0} | parameters)).fit(frame).predict()
    assert np.array_equal(read_csv(out)["sales"], library["Elman"])


def test_columns_frequency_and_missing_rows(run: Callable[..., Any], holes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    named = ["--time", "when", "--target", "sold", "--id", "shop", "--freq", "3D"]
    words = ["forecast", holes, "-n", 4, *QUICK, *named, "--backtest", 0, "--level", "none", "--output", out]
    refused = run(*words)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.splitlines()[-1] == (
        "Error: elman forecast: series 'a' has no row for 2014-03-02 00:00:00; the frequency is 3D. "
        "Add the row, or pass --missing seasonal_median or --missing interpolate."
    )
    table = read_csv(holes, parse_dates=["when"])
    frame = table.rename(columns={"shop": "unique_id", "when": "ds", "sold": "y"})[["unique_id", "ds", "y"]]
    for missing in ("seasonal_median", "interpolate"):
        assert run(*words, "--missing", missing).exit_code == 0
        model = Forecaster(4, method="network", season=4, window=5, freq="3D", missing=missing, random_state=0).fit(
            frame
        )
        written = read_csv(out, parse_dates=["when"])
        assert np.array_equal(written["sold"], model.predict()["Elman"])
        assert written["shop"].tolist() == ["a"] * 4 + ["b"] * 4
        assert written["when"].tolist() == list(pd.date_range("2014-07-06", periods=4, freq="3D")) * 2


def test_check_quiet_and_files(run: Callable[..., Any], long: Path, tmp_path: Path) -> None:
    words = ["forecast", long, "-n", 4, *QUICK, "--level", "none"]
    assert "Check on the last 4 values, held out" in run(*words).stdout
    three = run(*words, "--backtest", 3)
    assert "Check on 3 cut-offs, held out" in three.stdout
    refitted = run(*words, "--backtest", 3, "--refit")
    assert refitted.stdout.split("Forecast")[1] == three.stdout.split("Forecast")[1]
    assert refitted.stdout != three.stdout
    quiet = run(*words, "--backtest", 3, "--quiet")
    assert (quiet.stderr, quiet.stdout) == ("", three.stdout)
    assert files(tmp_path) == ["long.csv"]
    wanted = {"--plot": "p.png", "--output": "o.csv", "--save": "m.model"}
    assert run(*words, *[word for flag, name in wanted.items() for word in (flag, tmp_path / name)]).exit_code == 0
    assert files(tmp_path) == ["long.csv", "m.model", "o.csv", "p.png"]
    assert (tmp_path / "p.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_nothing_that_is_read_is_replaced(run: Callable[..., Any], long: Path, tmp_path: Path) -> None:
    content, model = long.read_bytes(), tmp_path / "m"
    words = ["forecast", long, "-n", 4, *QUICK, "--backtest", 0, "--level", "none"]
    for flag in ("--plot", "--output", "--save"):
        for name in (long, tmp_path / "." / "long.csv"):
            done = run(*words, flag, name)
            assert (done.exit_code, done.stdout) == (2, "")
            assert done.stderr == f"Error: {flag} {name}: would replace a file that is read; name another.\n"
    twice = run(*words, "--output", tmp_path / "x", "--save", tmp_path / "x")
    assert (twice.exit_code, twice.stderr) == (
        2,
        "Error: --plot, --output, --save, --paths: two of them name the same file.\n",
    )
    assert run(*words, "--save", model).exit_code == 0
    for command in ("predict", "audit"):
        assert run(command, model, long, "--output", model).exit_code == 2
        assert run(command, model, long, "--output", long).exit_code == 2
    assert long.read_bytes() == content
    static = tmp_path / "static.csv"
    static.write_text("series,kind\na,new\n")
    beside = [(words, "--static", static), (words, "--base", model)]
    beside += [((command, model, long), "--static", static) for command in ("predict", "audit")]
    for line, flag, name in beside:
        done = run(*line, flag, name, "--output", name)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == f"Error: --output {name}: would replace a file that is read; name another.\n"


def test_text_in_the_file_of_rows_to_come_is_left_alone(run: Callable[..., Any], tmp_path: Path) -> None:
    days, known, ahead = pd.date_range("2024-01-01", periods=64, freq="D"), tmp_path / "k.csv", tmp_path / "a.csv"
    frame = pd.DataFrame({"day": days, "y": LONG[:64], "price": LONG[-64:], "weather": ["sun", "rain"] * 32})
    frame[:60].to_csv(known, index=False)
    frame[60:].drop(columns="y").to_csv(ahead, index=False)
    words = ["forecast", known, "-n", 4, *QUICK, "--target", "y", "--future", ahead, "--backtest", 0, "--level", "none"]
    done = run(*words)
    assert done.exit_code == 0
    notes = [f"{known}: not numeric, not used: weather.", f"{known}: known ahead: price."]
    assert [line for line in done.stderr.splitlines() if line in notes] == notes
    refused = run(*words, "--covariates", "weather")
    assert (refused.exit_code, refused.stderr.splitlines()[-1]) == (
        1,
        "Error: k.csv: covariate 'weather' holds 'sun' in line 2, which is no number.",
    )
    frame[60:].drop(columns="y").assign(price=["dear", 1, 2, 3]).to_csv(ahead, index=False)
    odd = run(*words)
    assert odd.stderr.splitlines()[-1] == "Error: a.csv: covariate 'price' holds 'dear' in line 2, which is no number."


@pytest.fixture
def weather(tmp_path: Path) -> tuple[Path, Path]:
    """Sales and the weather of 60 days, and the weather of the 4 that follow."""
    days = pd.date_range("2024-01-01", periods=64, freq="D")
    sky = np.array(["rain", "sun", "sun", "fog"])[np.arange(64) * 7 % 11 % 4]
    frame = pd.DataFrame({"day": days, "y": LONG[:64], "sky": sky, "price": LONG[-64:]})
    known, ahead = tmp_path / "known.csv", tmp_path / "ahead.csv"
    frame[:60].to_csv(known, index=False)
    frame[60:].drop(columns=["y", "price"]).to_csv(ahead, index=False)
    return known, ahead


def test_categories_are_indicators(run: Callable[..., Any], weather: tuple[Path, Path], tmp_path: Path) -> None:
    known, ahead = weather
    out, model = tmp_path / "out.csv", tmp_path / "model"
    words = ["forecast", known, "-n", 4, *QUICK, "--target", "y", "--backtest", 1, "--level", "none", "--output", out]
    options = ["--covariates", "price", "--categories", "sky", "--future", ahead, "--save", model]
    done = run(*words, *options)
    assert done.exit_code == 0
    assert f"{known}: known ahead: sky=fog, sky=rain, sky=sun." in done.stderr.splitlines()
    both = [read_csv(path, parse_dates=["day"]).rename(columns={"day": "ds"}) for path in weather]
    frame, future = (pd.get_dummies(own.assign(unique_id="y"), columns=["sky"], prefix_sep="=") for own in both)
    names = ["sky=fog", "sky=rain", "sky=sun"]
    library = Forecaster(
        4, method="network", season=4, window=5, random_state=0, past_covariates=["price"], future_covariates=names
    )
    expected = library.fit(frame).predict(future=future.reindex(columns=["unique_id", "ds", *names], fill_value=False))
    assert np.array_equal(read_csv(out)["y"], expected["Elman"])
    again = run("predict", model, known, "--target", "y", "--future", ahead, "--level", "none")
    assert again.exit_code == 0 and done.stdout.endswith(again.stdout)
    assert run("audit", model, known, "--target", "y").exit_code == 0
    raw, coming = (read_csv(path, parse_dates=["day"]).rename(columns={"day": "ds"}) for path in weather)
    loaded = Forecaster.load(model).predict(raw.assign(unique_id="y"), future=coming.assign(unique_id="y"))
    assert np.array_equal(loaded["Elman"], expected["Elman"])
    past = run(*words, "--categories", "sky")
    assert past.exit_code == 0 and past.stdout != done.stdout
    unnamed = [word for word in words if word not in ("--target", "y")]  # a covariate is not the target
    assert run(*unnamed, *options).stdout == done.stdout
    assert run("predict", model, known, "--future", ahead, "--level", "none").stdout == again.stdout


def test_categories_that_cannot_be_used(run: Callable[..., Any], weather: tuple[Path, Path], tmp_path: Path) -> None:
    known, ahead = weather
    words = ["-n", 4, *QUICK, "--target", "y", "--backtest", 0, "--level", "none", "--quiet"]
    model = tmp_path / "model"
    assert run("forecast", known, *words, "--categories", "sky", "--save", model).exit_code == 0

    def said(*more: Any) -> str:
        done = run(*more)
        assert (done.exit_code, done.stdout) == (1, "")
        return str(done.stderr)

    assert said("forecast", known, *words, "--categories", "sea") == (
        "Error: known.csv: there is no column 'sea'; the columns are day, y, sky, price. "
        "Name one of them with --categories.\n"
    )
    ahead.write_text(ahead.read_text().replace("sun", "snow"))
    line = next(i for i, text in enumerate(ahead.read_text().splitlines(), 1) if "snow" in text)
    assert said("forecast", known, *words, "--categories", "sky", "--future", ahead) == (
        f"Error: ahead.csv: 'sky' holds 'snow' in line {line}, which is none of fog, rain, sun.\n"
    )
    known.write_text(known.read_text().replace(",fog,", ",,", 1))
    line = next(i for i, text in enumerate(known.read_text().splitlines(), 1) if ",," in text)
    for words_ in (["predict", model, known, "--target", "y"], ["forecast", known, *words, "--categories", "sky"]):
        assert said(*words_) == (f"Error: known.csv: 'sky' holds '' in line {line}, which is none of fog, rain, sun.\n")
    many = tmp_path / "many.csv"
    many.write_text("day,y,sky\n" + "".join(f"2024-{1 + i // 28:02d}-{1 + i % 28:02d},{i},s{i}\n" for i in range(51)))
    assert said("forecast", many, *words, "--categories", "sky") == (
        "Error: many.csv: column 'sky' has 51 categories, at most 50 can be used.\n"
    )


@pytest.mark.filterwarnings("ignore:.*the history has . holidays? of DE:elman.ElmanWarning")
def test_calendar_holidays_and_static(run: Any, tmp_path: Path) -> None:
    shops = [pd.DataFrame({"day": DAYS, "shop": shop, "sold": LONG[:120] * f}) for shop, f in (("1", 1.0), ("2", 2.0))]
    pd.concat(shops).to_csv(tmp_path / "sales.csv", index=False)
    (tmp_path / "shops.csv").write_text("shop,kind,size\n2,mall,9\n1,corner,4.5\n")
    out, model = tmp_path / "out.csv", tmp_path / "model"
    words = ["--id", "shop", "--calendar", "--holidays", "DE", "--static", tmp_path / "shops.csv", "--save", model]
    done = run("forecast", tmp_path / "sales.csv", *QUICK, "--horizon", 4, "--level", "none", *words, "--output", out)
    assert done.exit_code == 0, done.output
    frame = pd.concat(shops).set_axis(["ds", "unique_id", "y"], axis=1)
    stores = pd.DataFrame({"unique_id": ["1", "2"], "kind": ["corner", "mall"], "size": [4.5, 9.0]})
    own = Forecaster.load(model).unfitted()
    assert (own.calendar, own.holidays, own.static_covariates) == (True, "DE", ["kind", "size"])
    expected = own.fit(frame, static_df=stores).predict()["Elman"]
    np.testing.assert_allclose(read_csv(out)["sold"], expected)
    again = run("predict", model, tmp_path / "sales.csv", "--static", tmp_path / "shops.csv", "--output", out)
    assert again.exit_code == 0 and read_csv(out)["sold"].tolist() == pytest.approx(expected.tolist())
    (tmp_path / "shops.csv").write_text("shop,kind\n2,mall\n")
    wrong = run("forecast", tmp_path / "sales.csv", *QUICK, "--horizon", 4, "--id", "shop", *words[-4:-2])
    said = f"elman forecast: --static {tmp_path / 'shops.csv'} has no row for series '1'. Add the row.\n"
    assert wrong.exit_code == 1 and wrong.stderr.endswith(said)


def test_missing_values_are_masked(run: Any, tmp_path: Path, holes: Path) -> None:
    out = tmp_path / "out.csv"
    words = ["--id", "shop", "--target", "sold", "--missing", "mask", "--backtest", 0, "--level", "none"]
    assert run("forecast", holes, *QUICK, "--horizon", 4, *words, "--output", out).exit_code == 0
    frame = read_csv(holes, parse_dates=["when"]).rename(columns={"when": "ds", "shop": "unique_id", "sold": "y"})
    own = Forecaster(4, method="network", season=4, window=5, missing="mask", random_state=0)
    np.testing.assert_allclose(read_csv(out)["sold"], own.fit(frame).predict()["Elman"])


def test_what_mattered_is_printed(run: Any, long: Path) -> None:
    done = run("forecast", long, "-n", 4, "--method", "naive", "--season", 4, "--level", "none", "--importance")
    assert done.exit_code == 0
    title, rows = done.stdout.split(" of the last 4 values; with an input shuffled")
    assert title.rsplit(maxsplit=2)[-2] == "MASE"
    names = [line.split("lags")[0].strip() for line in rows.splitlines() if "lag" in line]
    assert names[0] == "lag 1" and len(names) == 4


def test_a_base(run: Any, long: Path, tmp_path: Path) -> None:
    base, out = tmp_path / "base", tmp_path / "out.csv"
    series = [LONG * factor for factor in (1.0, 1.5)]
    frame = pd.concat([pd.DataFrame({"unique_id": str(i), "ds": DAYS, "y": y}) for i, y in enumerate(series)])
    Forecaster(4, season=4, method="tuned", cutoffs=0, random_state=0).fit(frame).save(base)
    words = ["-n", 4, "--season", 4, "--method", "prior", "--base", base, "--level", "none", "--output", out]
    assert run("forecast", long, *words).exit_code == 0
    alone = pd.DataFrame({"ds": DAYS, "y": LONG})
    expected = Forecaster(4, season=4, method="prior", base=base).fit(alone).predict()
    np.testing.assert_allclose(read_csv(out).iloc[:, -1], expected["Elman"], rtol=1e-9)
    done = run("forecast", long, "-n", 9, "--season", 4, "--base", base)
    told = "Pass --horizon 4, fit the base with the longer one, or leave --base out."
    assert done.exit_code == 2
    assert (
        done.stderr.splitlines()[-1] == f"Error: elman forecast: horizon 9 is longer than 4, that of the base. {told}"
    )


def test_series_whose_values_are_covariates(run: Any, tmp_path: Path) -> None:
    days, model, out = pd.date_range("2014-01-01", periods=60), tmp_path / "m.model", tmp_path / "out.csv"
    wide = pd.DataFrame({"day": days, "tea": LONG[:60], "oil": LONG[60:] ** 1.5})
    wide.to_csv(tmp_path / "wide.csv", index=False)
    words = ["-n", 3, *QUICK, "--backtest", 0, "--level", "none", "--target", "tea,oil", "--series-covariates", "oil"]
    assert run("forecast", tmp_path / "wide.csv", *words, "--output", out, "--save", model).exit_code == 0
    long = wide.melt("day", var_name="unique_id", value_name="y").rename(columns={"day": "ds"})
    own = Forecaster(3, method="network", window=5, season=4, series_covariates=["oil"], random_state=0).fit(long)
    expected = own.predict().groupby("unique_id", sort=False)["Elman"].agg(list)
    written = read_csv(out)
    assert written["tea"].tolist() == expected["tea"] and written["oil"].tolist() == expected["oil"]
    again = run("predict", model, tmp_path / "wide.csv", "--output", out)
    assert again.exit_code == 0 and read_csv(out).equals(written)
    wrong = run("forecast", tmp_path / "wide.csv", *words[:-1], "gas")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert wrong.stderr.splitlines()[-1] == (
        "Error: elman forecast: the series 'gas', whose values are covariates of all, is not in the data; they have "
        "'tea', 'oil'. Add its rows to the data, or correct --series-covariates."
    )
