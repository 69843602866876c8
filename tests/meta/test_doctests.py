"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import warnings
from pathlib import Path

import pytest

from meta.repository import NEED_EXTRAS, modules


@pytest.mark.parametrize(
    "name", [".".join(["elman", *filter(None, [name])]) for name, _ in modules() if name not in NEED_EXTRAS]
)
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    report: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    with warnings.catch_warnings():
        for test in doctest.DocTestFinder().find(module):
            runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)
