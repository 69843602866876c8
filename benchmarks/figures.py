"""Write the committed accuracy figures into the document.

    python benchmarks/figures.py

Replaces the text between the two marks of ``docs/recipe.md`` by the tables of ``benchmarks/results/accuracy_*.json``
and ``peers_forecasting.json``. A test compares both, so the document cannot become stale. ``accuracy.py`` and
``forecast_peers.py`` measure the figures.
"""

from __future__ import annotations

from pathlib import Path

from forecast_accuracy.document import rendered

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "recipe.md"
START, END = "<!-- figures: benchmarks/figures.py -->", "<!-- end of figures -->"


def replaced(text: str) -> str:
    """Return a document with the current figures between its marks."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{rendered()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(replaced(DOCUMENT.read_text()))
    print(f"{DOCUMENT.relative_to(ROOT)}: figures written")
