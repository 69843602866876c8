"""The documents of forecasting say what the results, the hints and the parameters say."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from elman import Forecaster
from elman.forecasting.hints import HINTS

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "docs" / "recipe.md"
DICTIONARY = ROOT / "docs" / "from-other-libraries.md"
QUOTED = re.compile(r"`([^`]+)`")


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("figures", ROOT / "benchmarks" / "figures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_recipe_quotes_the_committed_results(figures: ModuleType) -> None:
    """If this fails after a new measurement, `python benchmarks/figures.py` writes the page anew."""
    text = RECIPE.read_text()
    assert figures.replaced(text) == text
    quoted = text.split(figures.START)[1].split(figures.END)[0]
    for result in figures.results():
        assert f"{result['scores']['Elman']['sMAPE']:.3f}" in quoted
        assert f"{result['seconds']:.1f}" in quoted


def test_a_changed_result_would_be_noticed(figures: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    found = figures.results()
    found[0]["scores"]["Elman"]["MASE"] += 0.001
    monkeypatch.setattr(figures, "results", lambda: found)
    assert figures.replaced(RECIPE.read_text()) != RECIPE.read_text()


def test_the_best_figure_of_a_set_is_bold(figures: ModuleType) -> None:
    result = {
        "set": "made_up",
        "scores": {"Elman": {"sMAPE": 2.0, "MASE": 1.0}},
        "published": {"other": {"sMAPE": 1.5}, "third": {"MASE": 1.0004}},
    }
    assert figures.accuracy_table([result])[2:] == [
        "| made_up | Elman | 2.000 | **1.000** |",
        "|  | other | **1.500** |  |",
        "|  | third |  | **1.000** |",
    ]


def test_recipe_has_no_measured_figure_outside_the_tables(figures: ModuleType) -> None:
    before, rest = RECIPE.read_text().split(figures.START)
    prose = before + rest.split(figures.END)[1]
    assert re.findall(r"\d+\.\d+|\d+ ?%", prose) == []
    assert "These sets were looked at, test parts included, while the recipe was found." in prose


def rows(title: str) -> list[list[str]]:
    """Return the cells of the first table below a title of the dictionary."""
    below = DICTIONARY.read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in below.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_dictionary_says_what_the_hints_say() -> None:
    every = rows("Arguments") + rows("Covariates and static features")
    here = {there: QUOTED.findall(row[2]) for row in every for there in QUOTED.findall(row[0])}
    assert {there: ours.split(" and ") for there, ours in HINTS.items()} == {there: here.get(there) for there in HINTS}


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
