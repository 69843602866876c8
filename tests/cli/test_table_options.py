"""Options of the notation of numbers and dates, from the message that asks for them to the forecast."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

from cli.commands import QUICK, WAVE, read_csv
from elman.cli.app import app

HOW = [*QUICK, "--horizon", 2, "--backtest", 0, "--level", "none"]


def test_the_marks_of_numbers(run: Callable[..., Any], small: None, tmp_path: Path) -> None:
    file, out = tmp_path / "menge.csv", tmp_path / "out.csv"
    rows = [f"01.{1 + k % 12:02}.{2010 + k // 12};{1 + value / 100:.3f}" for k, value in enumerate(WAVE)]
    file.write_text("\n".join(["Monat;Menge", *rows, ""]))
    done = run("forecast", file, *HOW)
    assert done.exit_code == 1
    assert done.stderr.endswith('may be 1.2 or 1200. Pass --decimal "." or --thousands ".".\n')
    means = []
    for option in ("--decimal", "--thousands"):
        assert run("forecast", file, *HOW, option, ".", "--output", out).exit_code == 0
        means.append(read_csv(out)["Menge"].mean())
    assert means[0] < 2 and means[1] > 1000


def test_a_row_per_series(run: Callable[..., Any], small: None, tmp_path: Path) -> None:
    """A spreadsheet with a column per month: the saved model reads it as the forecast did."""
    file, model, out, again = (tmp_path / name for name in ("sales.csv", "shop.elman", "out.csv", "again.csv"))
    months = [f"{2020 + k // 12}-{1 + k % 12:02}" for k in range(24)]
    rows = [f"{shop},{','.join(str(factor * value) for value in WAVE[:24])}" for shop, factor in (("a", 1), ("b", 2))]
    file.write_text("\n".join([f"shop,{','.join(months)}", *rows, ""]))
    done = run("forecast", file, *HOW, "--save", model, "--output", out)
    assert done.exit_code == 0
    assert "2 series, 48 rows; time is 'time', target is 'value', series by 'shop'." in done.stderr
    assert read_csv(out)[["shop", "time"]].to_numpy().tolist() == [
        [shop, day] for shop in "ab" for day in ("2022-01-01", "2022-02-01")
    ]
    assert run("predict", model, file, "--output", again).exit_code == 0
    assert read_csv(again)["value"].tolist() == read_csv(out)["value"].tolist()


def test_the_order_of_day_and_month(run: Callable[..., Any], small: None, tmp_path: Path) -> None:
    file, out = tmp_path / "sales.csv", tmp_path / "out.csv"
    file.write_text("date,y\n" + "".join(f"01/{k + 1:02}/2024,{WAVE[k]}\n" for k in range(12)))
    for options, last in ((["--day-first"], "2025-02-01"), (["--date-format", "%m/%d/%Y"], "2024-01-14")):
        assert run("forecast", file, *HOW, *options, "--output", out).exit_code == 0
        assert read_csv(out)["date"].iloc[-1] == last


def test_standard_input(small: None, sales: Path) -> None:
    words = [str(word) for word in ["forecast", "-", *HOW]]
    done = CliRunner().invoke(app, words, input=sales.read_bytes())
    assert done.exit_code == 0 and done.stderr.startswith("-: 40 rows; time is 'date', target is 'sales'.")
    assert "2024-01-01" in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--decimal", "x"], "--decimal x: must be one of ., ,."),
        (["--decimal", ".", "--thousands", "."], "--decimal .: is the mark of --thousands, too."),
        (["--day-first", "--date-format", "%d"], "--day-first does not go with --date-format."),
    ],
)
def test_wrong_usage(options: list[str], message: str, run: Callable[..., Any], sales: Path) -> None:
    done = run("forecast", sales, "--horizon", 2, *options)
    assert (done.exit_code, done.stderr) == (2, f"Error: {message}\n")


def test_output_is_what_its_name_says(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    frames = []
    for name in ("out.csv", "out.parquet", "out.json"):
        out = tmp_path / name
        assert run("forecast", sales, *HOW, "--seed", 1, "--output", out).exit_code == 0
        assert (out.read_bytes()[:4] == b"PAR1") is (name == "out.parquet")
        frames.append([(pd.Timestamp(row["date"]), float(row["sales"])) for row in rows_of(out)])
    assert frames[0] == frames[1] == frames[2]


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    text = path.read_text()
    return json.loads(text) if path.suffix == ".json" else list(csv.DictReader(text.splitlines()))


def test_plots_of_three_kinds(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    for name, start in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")):
        for _ in range(2):
            before = (tmp_path / name).read_bytes() if (tmp_path / name).exists() else None
            assert run("forecast", sales, *HOW, "--plot", tmp_path / name).exit_code == 0
        assert (tmp_path / name).read_bytes() == before and before is not None
        assert before.startswith(start)


def test_other_endings_are_refused(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    done = run("forecast", sales, *HOW, "--output", tmp_path / "a.xlsx")
    assert (done.exit_code, done.stderr) == (
        2,
        f"Error: --output {tmp_path / 'a.xlsx'}: must end in .csv, .parquet or .json.\n",
    )
    done = run("forecast", sales, *HOW, "--plot", tmp_path / "a.jpg")
    assert (done.exit_code, done.stderr) == (
        2,
        f"Error: --plot {tmp_path / 'a.jpg'}: must end in .png, .svg or .pdf.\n",
    )


def test_forecasts_have_the_columns_of_the_file(run: Callable[..., Any], small: None, tmp_path: Path) -> None:
    file, model, out = tmp_path / "shops.csv", tmp_path / "model", tmp_path / "out.csv"
    days = pd.date_range("2024-01-01", periods=40).strftime("%Y-%m-%d")
    rows = [f"{shop};tea;{day};{value:.1f};7" for shop in (1, 2) for day, value in zip(days, WAVE, strict=True)]
    file.write_text("\n".join(["shop;item;day;sold;price", *rows, ""]))
    done = run("forecast", file, *HOW, "--id", "shop,item", "--target", "sold", "--save", model, "--output", out)
    assert done.exit_code == 0
    assert [out.read_text().splitlines()[row].rsplit(",", 1)[0] for row in (0, 1, 4)] == [
        "shop,item,day",
        "1,tea,2024-02-10",
        "2,tea,2024-02-11",
    ]
    shown = next(line.split() for line in done.stdout.splitlines() if "sold" in line)
    assert shown == ["shop,item", "day", "sold"]
    first = out.read_bytes()
    for words in ((), (file,)):  # the model knows which columns it was made from
        again = run("predict", model, *words, "--level", "none", "--output", out)
        assert again.exit_code == 0 and out.read_bytes() == first
        assert again.stdout in done.stdout


@pytest.mark.parametrize("command", ["predict", "audit", "diagnose", "explain"])
def test_every_command_reads_as_the_forecast_did(
    command: str, run: Callable[..., Any], small: None, tmp_path: Path
) -> None:
    file, model = tmp_path / "menge.csv", tmp_path / "model"
    rows = [f"{1 + k % 12}/1/{2010 + k // 12};{1 + value / 100:.3f}" for k, value in enumerate(WAVE)]
    file.write_text("\n".join(["Monat;Menge", *rows, ""]))
    how = ["--decimal", ".", "--date-format", "%m/%d/%Y"]
    assert run("forecast", file, *HOW, *how, "--save", model).exit_code == 0
    words = {"explain": ["--data", file, "--row", 9, "--format", "text"], "diagnose": ["--data", file]}
    words = words.get(command, [file])
    refused = run(command, model, *words)
    assert refused.exit_code == 1 and 'Pass --decimal "." or --thousands ".".' in refused.stderr
    done = run(command, model, *words, *how)
    assert done.exit_code == 0, done.output


def test_tables_of_sequences_are_read_as_the_options_say(run: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "steps.csv"
    rows = [f"{k // 4};{k % 4 + 1}/2/2024;{1 + k % 2}.{k % 4}00;{'ab'[k // 4 % 2]}" for k in range(80)]
    file.write_text("\n".join(["id;date;x;label", *rows, ""]))
    words = ["classify", "train", file, "--updates", 1, "--check", 0, "--window", 2, "--hidden-size", 2]
    done = run(*words, "--day-first", "--decimal", ".")
    assert done.exit_code == 0, done.output
    assert f"{file}: sequences by 'id', times by 'date', classes in 'label', channels x." in done.stderr.splitlines()
    assert run(*words, "--decimal", ".").exit_code == 1  # such days are ambiguous without their notation
    content = "@univariate true\n@classLabel true a b\n@data\n1,2:a\n3,4:b\n"
    (tmp_path / "two.ts").write_text(content)
    refused = run("classify", "train", tmp_path / "two.ts", "--decimal", ",")
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"Error: {tmp_path / 'two.ts'}: says how it is written; --decimal does not go with it.\n",
    )
