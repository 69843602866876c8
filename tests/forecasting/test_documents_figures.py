"""The documents of forecasting say what the results, the hints and the parameters say."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from elman import Forecaster
from elman.estimators import hints_of
from elman.forecasting.options import TABLE

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "docs" / "recipe.md"
DICTIONARY = ROOT / "docs" / "from-other-libraries.md"
QUOTED = re.compile(r"`([^`]+)`")


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("figures")


def test_recipe_quotes_the_committed_results(figures: ModuleType) -> None:
    """If this fails after a new measurement, `python benchmarks/figures.py` writes the page anew."""
    text = RECIPE.read_text()
    assert figures.replaced(text) == text
    quoted = text.split(figures.START)[1].split(figures.END)[0]
    results = importlib.import_module("forecast_accuracy.results")
    for part in ("alone", "panels"):
        sets = results.read(f"accuracy_{part}")["sets"]
        assert set(sets) == set(importlib.import_module("forecast_accuracy.sets").SETS)
        for row in sets.values():
            assert results.is_whole(row)
            assert f"{row['sMAPE']:.3f}" in quoted and f"{row['MASE']:.3f}" in quoted


def test_readme_quotes_the_committed_results(figures: ModuleType) -> None:
    readme = (ROOT / "README.md").read_text()
    results = importlib.import_module("forecast_accuracy.results")
    sets = {
        "Elman, all series together": results.read("accuracy_panels")["sets"],
        "Elman, each series alone": results.read("accuracy_alone")["sets"],
        "AutoTheta (statsforecast)": results.peer_sets("AutoTheta"),
        "AutoETS (statsforecast)": results.peer_sets("AutoETS"),
    }
    for method, rows_of in sets.items():
        line = re.search(rf"^\| {re.escape(method)} \|.*", readme, re.MULTILINE)
        assert line is not None
        cells = [cell.strip(" *") for cell in line[0].split("|")]
        assert cells[2:4] == [f"{results.related(rows_of, 'm3'):.3f}", f"{results.all_of_m3(rows_of):.2f}"]
    engine = {(row["task"], row["shape"]): row["median_ms"] for row in results.read("engine_epyc")["rows"]}
    step, stream = engine["train step", "LSTM 96,32,168,64"], engine["streaming", "LSTM 1→32"]
    assert f"| {step['Elman']:.2f} ms | {step['PyTorch']:.2f} ms |" in readme
    assert f"| {1000 * stream['Elman']:.2f} µs | {1000 * stream['PyTorch']:.1f} µs |" in readme
    speed = results.read("text_char_rnn")["speed"]
    assert (
        "| {:,} | {:,} |".format(*(round(speed[side]["tokens per second"], -2) for side in ("elman", "torch")))
        in readme
    )


def test_a_changed_result_would_be_noticed(
    figures: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    results = importlib.import_module("forecast_accuracy.results")
    document = importlib.import_module("forecast_accuracy.document")
    for path in results.RESULTS.glob("accuracy_*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for path in results.RESULTS.glob("peers_*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    found = results.read("accuracy_alone", tmp_path)
    next(iter(found["sets"].values()))["MASE"] += 0.001
    results.write("accuracy_alone", found, tmp_path)
    monkeypatch.setattr(figures, "rendered", lambda: document.rendered(tmp_path))
    assert figures.replaced(RECIPE.read_text()) != RECIPE.read_text()


def test_recipe_has_no_measured_figure_outside_the_tables(figures: ModuleType) -> None:
    before, rest = RECIPE.read_text().split(figures.START)
    prose = before + rest.split(figures.END)[1]
    assert re.findall(r"\d+\.\d+|\d+ ?%", prose) == []
    assert "**Data used for choices.** Choices were made on M1" in prose


def rows(title: str) -> list[list[str]]:
    """Return the cells of the first table below a title of the dictionary."""
    below = DICTIONARY.read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in below.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_dictionary_says_what_the_hints_say() -> None:
    every = rows("Arguments") + rows("Covariates and static features")
    here = {there: QUOTED.findall(row[2]) for row in every for there in QUOTED.findall(row[0])}
    hints = hints_of(TABLE)
    assert {there: ours.split(" and ") for there, ours in hints.items()} == {there: here.get(there) for there in hints}


def test_dictionary_names_parameters_that_exist() -> None:
    parameters = set(inspect.signature(Forecaster).parameters)
    for row in rows("Arguments") + rows("Covariates and static features"):
        assert set(QUOTED.findall(row[2])) <= parameters, row
        assert row[2] == "–" or QUOTED.findall(row[2]), row


USUAL = """
input_chunk_length output_chunk_length input_size h fh context_length prediction_length past_covariates
future_covariates hist_exog_list futr_exog_list stat_exog_list num_samples level=[80,
"""


@pytest.mark.parametrize("term", USUAL.split())
def test_dictionary_has_the_usual_terms(term: str) -> None:
    assert re.search(rf"^\|[^|]*`{re.escape(term)}", DICTIONARY.read_text(), re.MULTILINE)


def test_forecasting_page_quotes_the_measured_uncertainty() -> None:
    """Its table, and the sentences about DeepAR and AutoARIMA below it."""
    page = (ROOT / "docs" / "forecasting.md").read_text()
    sets = json.loads((ROOT / "benchmarks" / "results" / "uncertainty.json").read_text())["sets"]
    peers = "AutoETS", "DeepAR"

    def cell(sides: dict[str, Any], write: Callable[[Any], str]) -> str:
        others = ", ".join(write(sides[peer]) if peer in sides else "–" for peer in peers)
        return f"{write(sides['Elman'])} ({others})"

    for name, sides in sets.items():
        sums = [f"{sides[side]['coverage_80']['sums']:.0%}" for side in ("Elman", "DeepAR") if side in sides]
        cells = (
            cell(sides, lambda side: f"{side['weighted_quantile_loss']:.3f}"),
            cell(sides, lambda side: f"{100 * side['coverage_80']['all']:.0f} %"),
            cell(sides, lambda side: f"{100 * side['coverage_95']['all']:.0f} %"),
            sums[0].replace("%", " %") + "".join(f" ({each})".replace("%", " %") for each in sums[1:]),
        )
        title = name.replace("_", " ").replace("nn5", "NN5").replace("m", "M", 1 if name[0] == "m" else 0)
        assert f"| {title} | {' | '.join(cells)} |" in page
        ours, theirs = (sides[side]["sample"]["weighted_quantile_loss"] for side in ("Elman", "AutoARIMA"))
        assert ours < theirs
    lower = {name for name, sides in sets.items() if "DeepAR" in sides and loss(sides["DeepAR"]) < loss(sides["Elman"])}
    assert lower == {"m4_hourly"}


def loss(side: dict[str, Any]) -> float:
    return float(side["weighted_quantile_loss"])
