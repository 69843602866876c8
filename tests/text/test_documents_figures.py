"""All figures of the page about text are committed measurements."""

from __future__ import annotations

import json
import re
from typing import Any

from meta.repository import ROOT

PAGE = (ROOT / "docs" / "text.md").read_text()


def result(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "benchmarks" / "results" / f"text_{name}.json").read_text())
    return loaded


def row(beginning: str, number: int = 0) -> list[str]:
    """Return the two cells of a row of the table of figures, or of the one ``number`` rows below it."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    first = next(i for i, line in enumerate(rows) if line.startswith(f"| {beginning}"))
    return [cell.strip() for cell in rows[first + number].split(" | ")[1:]]


def hundreds(value: float) -> str:
    return f"{round(value, -2):,.0f}"


def numbers(cells: list[str]) -> list[str]:
    return [re.findall(r"[\d.,]*\d", cell)[0] for cell in cells]


def test_losses_and_speeds() -> None:
    for name, beginning, what in (
        ("char_rnn", "Tiny Shakespeare, `char-rnn`", "loss"),
        ("best", "Tiny Shakespeare, defaults", "training"),
    ):
        found = result(name)
        sides = "elman", "torch"
        assert numbers(row(beginning)) == [f"{found[what][side]['best']:.3f}" for side in sides]
        assert numbers(row(beginning, 1)) == [hundreds(found["speed"][side]["tokens per second"]) for side in sides]


def test_words() -> None:
    found = result("words")
    assert f"{found['text']['training tokens']:,} words" in PAGE
    assert numbers(row("King James Bible")) == [f"{found['epochs'][s]['perplexity']:.1f}" for s in ("elman", "torch")]
    seconds = [found["speed"][side]["seconds of an epoch at this speed"] for side in ("elman", "torch")]
    assert numbers(row("King James Bible", 1)) == [f"{value:.0f}" for value in seconds]


def test_writing() -> None:
    found = result("generation")
    ours, theirs = row("generation")
    assert ours == f"{found['elman']:.1f}"
    cells = f"{found['torch']:.0f} at its fastest setting, {found['torch as it comes']:.0f} by default |"
    assert theirs == cells
