"""The page about scale says what the committed results say."""

from __future__ import annotations

import importlib

import pytest

from meta.repository import ROOT


def test_page_quotes_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails after a new measurement, `python benchmarks/scale_figures.py` writes the page anew."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    figures = importlib.import_module("scale_figures")
    text = figures.PAGE.read_text()
    assert figures.replaced(text) == text
    assert "1,000,000" in text.split(figures.START)[1].split(figures.END)[0]
