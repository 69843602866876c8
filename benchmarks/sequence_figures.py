"""Write the committed accuracy figures of sequences into the document.

    python benchmarks/sequence_figures.py

Replaces the text between the two marks of ``docs/sequences.md`` by tables of ``benchmarks/results/sequences_*.json``,
which ``accuracy_sequences.py`` measures. A test compares both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "sequences.md"
START, END = "<!-- figures: benchmarks/sequence_figures.py -->", "<!-- end of figures -->"
SETS = (
    "GunPoint",
    "ItalyPowerDemand",
    "JapaneseVowels",
    "BasicMotions",
    "PickupGestureWiimoteZ",
    "ArrowHead",
    "OSULeaf",
    "ACSF1",
    "PLAID",
)
MUSIC = {"jsb": "JSB chorales", "nottingham": "Nottingham"}
TUNING_START, TUNING_END = "<!-- tuning: benchmarks/sequence_figures.py -->", "<!-- end of tuning -->"


def result(name: str) -> dict[str, Any] | None:
    """Return a result file's content, if there is one."""
    path = ROOT / "benchmarks" / "results" / f"sequences_{name}.json"
    found: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    return found


def entry(rows: dict[str, Any], *words: str, digits: int = 1) -> str:
    """Return the first figure whose name has all words, with its standard deviation; a dash without one."""
    for name, value in rows.items():
        if all(word in name for word in words):
            if not isinstance(value, dict):
                return f"{value:.{digits}f}"
            return f"{value['mean']:.{digits}f}" + (f" ± {value['std']:.{digits}f}" if "std" in value else "")
    return "–"


def winners(found: dict[str, Any]) -> str:
    """Return the methods that verdicts on held-out parts of the training part named, and how many of them did."""
    counts: dict[str, int] = found.get("winners of verdicts on held-out fifths of the training part", {})
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "–"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, the first column of text."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rendered() -> str:
    """Return the tables."""
    classes = [
        [
            name,
            entry(found["rows"], "five networks"),
            entry(found["rows"], "one network"),
            entry(found["naive"], "1-NN Euclidean"),
            entry(found["naive"], "convolutions"),
            entry(found["published"], "TWIESN"),
            entry(found["published"], "ResNet"),
            entry(found["bar"], "at least"),
            winners(found),
        ]
        for name in SETS
        if (found := result(name)) is not None
    ]
    music = [
        [
            title,
            entry(found["rows"], "five networks", "test", digits=3),
            entry(found["rows"], "default, one network", "test", digits=3),
            *(entry(found["published"], start, digits=2) for start in ("GRU, Chung", "LSTM, Chung", "TCN")),
            entry(found["bar"], "at most", digits=2),
        ]
        for name, title in MUSIC.items()
        if (found := result(name)) is not None
    ]
    parts = [
        "**Share of right classes in %, standard split, defaults only, mean and standard deviation over five seeds**",
        table(
            [
                "Data",
                "Elman",
                "one network",
                "1-NN Euclidean",
                "convolutions",
                "TWIESN",
                "ResNet",
                "bar",
                "winners of verdicts",
            ],
            classes,
        ),
        "**Polyphonic music: negative log-likelihood of a step's 88 keys, test part, defaults only**",
        table(["Data", "Elman", "one network", "GRU (Chung)", "LSTM (Chung)", "TCN (Bai)", "bar"], music),
    ]
    return "\n\n".join(["", *parts, ""])


def tuning() -> str:
    """Return the table of `sequence_tuning.py`."""
    rows = []
    for row in (result("tuning") or {"rows": []})["rows"]:
        given, tuned, chosen = row["given"], row["tuned"], row["chosen"]
        accuracy = [f"{own['accuracy']:.1f}" for own in (given, tuned)]
        seconds = [f"{own['seconds of CPU']:.1f}" for own in (given, tuned)]
        setting = "window {}, stride {}, {}, {}, {} units".format(*chosen)
        rows.append([row["data"], *accuracy, *seconds, setting])
    columns = ["Data", "given, %", "tuned, %", "given, CPU s", "tuned, CPU s", "chosen"]
    return "\n".join(["", table(columns, rows), ""])


def replaced(text: str) -> str:
    """Return a document with the current figures between its marks."""
    for start, end, figures in ((START, END, rendered()), (TUNING_START, TUNING_END, tuning())):
        before, rest = text.split(start)
        _, after = rest.split(end)
        text = f"{before}{start}\n{figures}\n{end}{after}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(replaced(DOCUMENT.read_text()))
    print(f"{DOCUMENT.relative_to(ROOT)}: figures written")
