"""Write the tables of ``docs/scale.md`` from ``benchmarks/results/scale.json``.

    python benchmarks/scale_figures.py

Replaces the text between the two marks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "scale.md"
START, END = "<!-- figures: begin; written by benchmarks/scale_figures.py -->\n", "<!-- figures: end -->"


def row(*cells: Any) -> str:
    return f"| {' | '.join(map(str, cells))} |\n"


def sizes(result: dict[str, Any]) -> str:
    """One row for every number of series."""
    text = row("Series", "Files", "Forecast", "Memory", "CPU s", "Wall s", "CPU s per million series")
    text += row("---:", "---:", "---:", "---:", "---:", "---:", "---:")
    for size in sorted(result["sizes"].values(), key=lambda size: int(size["series"])):
        text += row(
            f"{size['series']:,}",
            f"{size['data_mb']:g} MB",
            f"{size['forecast_mb']:g} MB",
            f"{size['peak_mb']} MB",
            f"{size['cpu_s']:g}",
            f"{size['wall_s']:g}",
            f"{size['cpu_s_per_million_series']:.0f}",
        )
    largest = max(result["sizes"].values(), key=lambda size: int(size["series"]))
    return (
        f"{text}\nThe pass over the ids of {largest['series']:,} series takes {largest['ids_cpu_s']:g} CPU seconds of "
        f"one process; the file of the model has {largest['model_kb']} kB.\n"
    )


def beside(result: dict[str, Any]) -> str:
    """Say what the peer takes."""
    peers = result["peers"]
    million, ratios = peers["cpu_s_per_million_series_scaled_up"], peers["cpu_ratio_to_elman"]
    named = ", ".join(f"{name} {million[name]:,} s ({ratio:g} times the command)" for name, ratio in ratios.items())
    return (
        f"\nCPU time of statsforecast in two processes on {peers['series']:,} of the series, scaled up to a million, "
        f"and as a ratio to the command on the same {peers['series']:,} with its start: {named}.\n"
    )


def replaced(text: str) -> str:
    """Return the page with the figures of the committed results."""
    result = json.loads((HERE / "results" / "scale.json").read_text())
    before, rest = text.split(START)
    after = rest.split(END)[1]
    machine = f"\nMeasured on an {result['machine']['cpu']} with {result['machine']['cpus']} cores"
    loads = [size["load_average_before"] for size in result["sizes"].values()]
    nice = sorted({size["niceness"] for size in result["sizes"].values()})
    machine += (
        f", shared with other work (load {min(loads):g} to {max(loads):g}), at niceness {', '.join(map(str, nice))}.\n"
    )
    return f"{before}{START}{sizes(result)}{machine}{beside(result)}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text()))
