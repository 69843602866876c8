"""Options that say how a file writes numbers and dates, from the message that asks for them to the forecast."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from cli.commands import QUICK, WAVE
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
        means.append(pd.read_csv(out)["Elman"].mean())
    assert means[0] < 2 and means[1] > 1000


def test_the_order_of_day_and_month(run: Callable[..., Any], small: None, tmp_path: Path) -> None:
    file, out = tmp_path / "sales.csv", tmp_path / "out.csv"
    file.write_text("date,y\n" + "".join(f"01/{k + 1:02}/2024,{WAVE[k]}\n" for k in range(12)))
    for options, last in ((["--day-first"], "2025-02-01"), (["--date-format", "%m/%d/%Y"], "2024-01-14")):
        assert run("forecast", file, *HOW, *options, "--output", out).exit_code == 0
        assert pd.read_csv(out)["ds"].iloc[-1] == last


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
