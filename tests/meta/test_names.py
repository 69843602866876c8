"""The names that people may rely on, and what is written beside each of them."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

import elman
from meta.repository import NEED_EXTRAS, modules, public_names

PUBLIC = [
    "Architecture",
    "ArgumentError",
    "ConvergenceWarning",
    "DataError",
    "ElmanError",
    "ElmanWarning",
    "FileFormatError",
    "Forecaster",
    "InterchangeError",
    "LanguageModel",
    "MissingExtraError",
    "Network",
    "SequenceClassifier",
    "SequenceRegressor",
    "SequenceTagger",
    "ShapeError",
    "TrainingError",
    "UnsupportedError",
    "__version__",
    "audit",
    "engine",
    "explain",
    "load",
    "plot_history",
    "reference",
]
HEAVY = "jinja2 joblib matplotlib pandas polars rich safetensors scipy sklearn tokenizers torch typer utilsforecast"
MODULES = [name for name, path in modules() if name and name not in NEED_EXTRAS and public_names(path)]
ROOMS = [name for name in MODULES if "." not in name and not name.startswith("_")] + ["data.datasets"]


def test_public_names() -> None:
    assert sorted(elman.__all__) == PUBLIC
    assert set(PUBLIC) <= set(dir(elman))
    for name in PUBLIC:
        assert getattr(elman, name) is not None
    assert callable(elman.load)  # not the module of that name
    with pytest.raises(AttributeError, match="module 'elman' has no attribute 'Forcaster'"):
        elman.Forcaster  # noqa: B018


def test_version_is_said_once() -> None:
    assert elman.__version__ == version("elman")


def test_public_names_of_a_module_exist() -> None:
    for name in MODULES:
        module = importlib.import_module(f"elman.{name}")
        assert len(set(module.__all__)) == len(module.__all__), name
        assert [public for public in module.__all__ if not hasattr(module, public)] == [], name


@pytest.mark.parametrize("name", ROOMS)
def test_public_names_are_documented_with_an_example(name: str) -> None:
    module = importlib.import_module(f"elman.{name}")
    assert module.__doc__
    for public in module.__all__:
        value = getattr(module, public)
        if inspect.isfunction(value) or inspect.isclass(value):
            text = inspect.getdoc(value) or ""
            assert "Examples\n--------\n" in text and ">>> " in text, f"{public} has no example"
        if inspect.isfunction(value):
            said = text + (module.__doc__ if name == "engine" else "")  # n_threads is explained once, for all
            missing = [p for p in inspect.signature(value).parameters if not re.search(rf"\b{re.escape(p)}\b", said)]
            assert not missing, f"{public} does not describe {missing}"


def loaded_by(statement: str) -> set[str]:
    """Return the packages that a statement imports in a fresh process."""
    code = "import atexit, sys; before = set(sys.modules)\n"
    code += "atexit.register(lambda: print(*set(sys.modules) - before))\n" + statement
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)
    return {name.split(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("module", ["elman", "elman.engine", "elman.reference", "elman.network"])
def test_imports_are_light(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert not loaded & set(HEAVY.split())
    assert {name for name in loaded if not name.startswith("_")} - set(sys.stdlib_module_names) <= {
        "cython_runtime",
        "elman",
        "numpy",
    }


@pytest.mark.parametrize(
    ("statement", "needed"),
    [
        ("from elman import Forecaster, LanguageModel, audit", {"pandas"}),
        ("from elman import Forecaster; Forecaster(2).fit([1.0, 3.0, 2.0] * 8).predict()", {"pandas", "safetensors"}),
        ("import elman.cli.app", {"typer"}),
        ("from elman.cli import main; sys.argv = ['elman', '--version']; main()", set()),
    ],
)
def test_forecasting_and_the_command_import_what_they_need(statement: str, needed: set[str]) -> None:
    """scikit-learn and SciPy take longer to import than all the rest."""
    assert loaded_by(statement) & set(HEAVY.split()) == needed


def test_import_is_silent() -> None:
    done = subprocess.run([sys.executable, "-c", "import elman"], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")
