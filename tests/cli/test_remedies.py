"""Remedies name options that the command has; others are omitted or written in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.commands import LONG, QUICK
from elman import Forecaster
from elman.cli._command import OptionWriter
from elman.cli.app import app
from elman.errors import Remedy, advice


@pytest.fixture
def gap(tmp_path: Path, long: Path) -> Path:
    """Daily sales without the row of one day."""
    path = tmp_path / "gap.csv"
    path.write_text("".join(line for line in long.read_text().splitlines(True) if "2014-02-01" not in line))
    return path


@pytest.fixture
def model(run: Callable[..., Any], long: Path, tmp_path: Path) -> Path:
    path = tmp_path / "model"
    words = ["forecast", long, "-n", 4, *QUICK, "--backtest", 0, "--level", "none", "--save", path]
    assert run(*words).exit_code == 0
    return path


def test_a_missing_row_is_filled_only_where_that_is_an_option(run: Any, gap: Path, model: Path) -> None:
    text = "series 'sales' has no row for 2014-02-01 00:00:00; the frequency is D"
    done = run("forecast", gap, "-n", 4)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        1,
        (
            f"Error: elman forecast: {text} (inferred). "
            "Add the row, or pass --missing seasonal_median or --missing interpolate."
        ),
    )
    for words in (["predict", model, gap], ["audit", model, gap], ["diagnose", model, "--data", gap]):
        done = run(*words)
        assert (done.exit_code, done.stdout) == (1, "")
        assert text in done.stderr.splitlines()[-1]
        assert done.stderr.endswith(". Add the row.\n")


def test_a_parameter_that_goes_with_another_method_is_wrong_usage(run: Any, long: Path) -> None:
    done = run("forecast", long, "-n", 4, "--window", 5)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        2,
        (
            'Error: elman forecast: --window 5 belongs to the method "network", and the method is "auto". '
            "Pass --method network, or leave --window out."
        ),
    )


def test_intervals_that_a_model_lacks_are_asked_for_in_words(run: Any, model: Path, tmp_path: Path) -> None:
    done = run("predict", model, "--level", 80)
    assert (done.exit_code, done.stderr) == (
        2,
        "Error: elman predict: there are no intervals. Run elman forecast again with --level 80.\n",
    )
    Forecaster(4, method="prior", season=4).fit(LONG).save(tmp_path / "prior")
    done = run("diagnose", tmp_path / "prior", "--data", "air-passengers")
    assert done.exit_code == 1
    assert done.stderr.endswith('and this one delivers the prior. Fit with the method "network".\n')


def test_a_frequency_that_pandas_does_not_know_is_wrong_usage(run: Any) -> None:
    done = run("forecast", "sunspots", "-n", 4, "--freq", "soon", "--quiet")
    assert (done.exit_code, done.stderr) == (
        2,
        "Error: elman forecast: freq must be a pandas frequency such as 'MS', 'D' or '15min', got 'soon'.\n",
    )


def test_values_stand_as_a_shell_takes_them() -> None:
    commands: Any = get_command(app)
    write = OptionWriter.of(commands.commands["forecast"])
    for remedy, expected in (
        (Remedy(missing="interpolate"), "Pass --missing interpolate."),
        (Remedy(decimal=","), 'Pass --decimal ",".'),
        (Remedy(date_format="%m/%d/%Y"), 'Pass --date-format "%m/%d/%Y".'),
        (Remedy(target=["north", "south $1"]), "Pass --target 'north,south $1'."),
        (Remedy(day_first=True), "Pass --day-first."),
        (Remedy("leave {} out", window=...), "Leave --window out."),
        (Remedy(random_state=3, n_threads=2), "Pass --seed 3 and --threads 2."),
        (Remedy(past_covariates=None), ""),
        (Remedy(missing="interpolate", hidden_size=3), ""),
        (Remedy("pass {}", "fit a larger network", hidden_size=3), "Fit a larger network."),
    ):
        assert advice([remedy], write) == expected
