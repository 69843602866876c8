"""Every sabotage of ``make mutate`` still fits the source; the sabotages themselves take minutes and run there."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from meta.repository import ROOT

MUTANTS = runpy.run_path(str(ROOT / "tests_mutate" / "mutants.py"))["MUTANTS"]


@pytest.mark.parametrize("mutant", MUTANTS, ids=[f"{mutant.room}: {mutant.what}" for mutant in MUTANTS])
def test_the_old_text_stands_in_its_file_once(mutant: Any) -> None:
    text = (ROOT / mutant.file).read_text()
    for old, new in mutant.changes:
        assert text.count(old) == 1
        assert new != old
        text = text.replace(old, new)
    assert all((ROOT / tests).exists() for tests in mutant.tests.split())
