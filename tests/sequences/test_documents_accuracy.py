"""The page of sequences quotes the committed results."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_quotes_the_committed_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails after a new measurement, `python benchmarks/sequence_figures.py` writes the page anew."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    figures = importlib.import_module("sequence_figures")
    text = (ROOT / "docs" / "sequences.md").read_text()
    assert figures.replaced(text) == text
    rows = json.loads((ROOT / "benchmarks/results/sequences_GunPoint.json").read_text())["rows"]
    whole = next(row for name, row in rows.items() if "five networks" in name)
    assert f"| GunPoint | {whole['mean']:.1f} ± {whole['std']:.1f} |" in text
