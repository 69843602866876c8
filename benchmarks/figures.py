"""Write the committed accuracy figures into the document that quotes them.

    python benchmarks/figures.py

Reads ``benchmarks/results/accuracy_*.json`` and replaces what stands between the two marks of ``docs/recipe.md``. A
test compares the two, so the document cannot go stale. Nothing is measured here: see ``accuracy.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "recipe.md"
START, END = "<!-- figures: benchmarks/figures.py -->", "<!-- end of figures -->"
METRICS = ("sMAPE", "MASE")
NAMES = {
    "m4_hourly": "M4 hourly",
    "nn5_daily": "NN5 daily",
    "m3_monthly": "M3 monthly",
    "cif2016": "CIF 2016",
    "air_passengers": "air passengers, 5 cut-offs",
    "sunspots": "sunspots, 5 cut-offs",
}


def results() -> list[dict[str, Any]]:
    """Read the results that hold scores beside published ones, the order of `NAMES` first."""
    found = [json.loads(path.read_text()) for path in sorted((ROOT / "benchmarks" / "results").glob("accuracy_*.json"))]
    order = list(NAMES)
    comparable = [result for result in found if {"scores", "published", "fits"} <= set(result)]
    return sorted(comparable, key=lambda result: order.index(result["set"]) if result["set"] in order else len(order))


def accuracy_table(found: list[dict[str, Any]]) -> list[str]:
    """Build one row per set and method, the best figure of each set in bold."""
    lines = ["| Data | Method | sMAPE | MASE |", "|---|---|---:|---:|"]
    for result in found:
        rows = {**result["scores"], **result["published"]}
        best = {
            metric: min(round(row[metric], 3) for row in rows.values() if row.get(metric) is not None)
            for metric in METRICS
        }
        name = NAMES.get(result["set"], result["set"])
        for method, row in rows.items():
            cells = [_figure(row.get(metric), best[metric]) for metric in METRICS]
            lines.append(f"| {name} | {method} | {cells[0]} | {cells[1]} |")
            name = ""
    return lines


def _figure(value: float | None, best: float) -> str:
    if value is None:
        return ""
    return f"**{value:.3f}**" if round(value, 3) == best else f"{value:.3f}"


def effort_table(found: list[dict[str, Any]]) -> list[str]:
    """Build one row per fit: how large, what the rules chose, how long the set took."""
    lines = [
        "| Data | Series | Horizon | Window | Updates | Networks | Seconds, all |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for result in found:
        name, seconds = NAMES.get(result["set"], result["set"]), f"{result['seconds']:.1f}"
        for fit in result["fits"]:
            numbers = " | ".join(str(fit.get(key, "")) for key in ("series", "horizon", "window", "updates"))
            lines.append(f"| {name} | {numbers} | {result['settings'].get('n_seeds', '')} | {seconds} |")
            name = seconds = ""
    return lines


def machines(found: list[dict[str, Any]]) -> str:
    """Name the machines that the figures come from."""
    described = {
        f"{machine['cpu']}, {machine['threads']} threads, instruction set {machine['isa']}"
        for machine in (result["machine"] for result in found)
    }
    return f"Machine: {'; '.join(sorted(described))}."


def rendered() -> str:
    """Build everything between the marks."""
    found = results()
    lines = ["", *accuracy_table(found), "", *effort_table(found), "", machines(found), ""]
    return "\n".join(lines)


def replaced(text: str) -> str:
    """Return a document with the figures between its marks replaced by those of today."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{rendered()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(replaced(DOCUMENT.read_text()))
    print(f"{DOCUMENT.relative_to(ROOT)}: figures written")
