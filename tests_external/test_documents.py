"""What the documents and docstrings say about other libraries, run where they are installed."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from meta.documents import run_python_blocks
from meta.repository import NEED_EXTRAS, ROOT

MODULES = sorted(name for name in NEED_EXTRAS if name.startswith("interop."))


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(f"elman.{name}"))
    assert failed == 0
    assert tried > 0 or name.endswith("functions")


@pytest.mark.parametrize("name", sorted(name for name in NEED_EXTRAS if name.endswith(".md")))
def test_pages(name: str, tmp_path: Path) -> None:
    run_python_blocks(ROOT / "docs" / name, tmp_path)
