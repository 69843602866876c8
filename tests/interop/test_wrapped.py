"""Adapters without their library, and their constructors."""

from __future__ import annotations

import importlib
import inspect
import re
import sys

import pytest

from elman import ArgumentError, Forecaster, MissingExtraError
from elman.interop.wrapped import constructor, settings


@pytest.mark.parametrize("package", ["aeon", "sktime"])
def test_a_missing_package_is_named_with_the_line_that_installs_it(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"elman.interop.{package}", raising=False)
    line = f'elman.interop.{package}: needs the package {package}; pip install "elman[{package}]" brings it.'
    with pytest.raises(MissingExtraError, match=f"^{re.escape(line)}$"):
        importlib.import_module(f"elman.interop.{package}")


class Adapter:
    __init__ = constructor(Forecaster, object.__init__, {"horizon": "fh", "freq": "the index"})


def test_the_constructor_has_the_parameters_of_the_estimator_but_those_that_follow_from_data() -> None:
    names = list(inspect.signature(Adapter).parameters)
    assert names == [name for name in inspect.signature(Forecaster).parameters if name not in ("horizon", "freq")]
    own = settings(Adapter(season=12))
    assert own == {**{name: value for name, value in Forecaster(1).get_params().items() if name in own}, "season": 12}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("freq", "Adapter: freq cannot be passed; it follows from the index."),
        ("seson", "Forecaster: there is no argument 'seson'.\n  Hint: did you mean 'season'?"),
    ],
)
def test_other_arguments_are_refused(name: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        Adapter(**{name: 1})
