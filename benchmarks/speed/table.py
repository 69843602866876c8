"""The tables of benchmarks/README.md, from the result files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]
BEGIN, END = "<!-- tables: begin; written by compare.py --readme -->", "<!-- tables: end -->"
BUSY = 2.0  # load average; the run itself is 1
PEERS = ("PyTorch", "JAX", "ONNX Runtime")


def number(value: float | None) -> str:
    """Return a number with three significant digits."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if value >= 1 else f"{value:.2g}"


def duration(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "–"
    return f"{number(milliseconds)} ms" if milliseconds >= 1 else f"{number(milliseconds * 1e3)} µs"


def verdict(row: Row) -> str:
    if row["met"] is None:
        return ""
    return {"ratio": "yes", "fraction": "yes, by the loop", None: "**no**"}[row["met_by"]]


def bar(row: Row) -> str:
    if not row["bar"]:
        return ""
    if "at_most" in row["bar"]:
        return f"≤ {row['bar']['at_most']:g}×"
    other = row["bar"].get("fraction")
    return f"{row['bar']['ratio']:g}×" + (f" or {other:.2f}" if other else "")


def grid(header: list[str], lines: Iterable[list[str]]) -> str:
    """Lay out a Markdown table, first column left."""
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *lines))


def layers_table(rows: list[Row], peers: tuple[str, ...]) -> str:
    header = ["T,N,D,H", "Elman", *peers, "ratio", "of the FMA loop", "bar", "met"]
    return grid(
        header,
        (
            [
                row["shape"],
                duration(row["median_ms"]["Elman"]),
                *(duration(row["median_ms"].get(peer)) for peer in peers),
                f"{number(row['ratio'])}×",
                f"{row['fraction_of_fma_loop']:.2f}" if "fraction_of_fma_loop" in row else "",
                bar(row),
                verdict(row),
            ]
            for row in rows
        ),
    )


def threads_table(rows: list[Row]) -> str:
    def line(row: Row) -> list[str]:
        ms = row["median_ms"]
        torch = f"{ms['PyTorch, 1'] / ms['PyTorch, 2']:.2f}×" if "PyTorch, 1" in ms else "–"
        gains = [f"{row['speed_up']:.2f}×", f"{row['fma_loop_speed_up']:.2f}×", torch, f"{row['ratio']:.2f}"]
        return [row["shape"], *gains, bar(row), verdict(row)]

    return grid(["T,N,D,H", "Elman", "FMA loop", "PyTorch", "Elman / FMA loop", "bar", "met"], map(line, rows))


def single_table(rows: list[Row]) -> str:
    return grid(
        ["test", "shape", "ratio", "bar", "met"],
        ([row["task"], row["shape"], f"{number(row['ratio'])}×", bar(row), verdict(row)] for row in rows),
    )


Table = Callable[[list[Row]], str]
TABLES: list[tuple[tuple[str, ...], str, Table]] = [
    (("train step",), "Training step of a layer, full backward", lambda rows: layers_table(rows, PEERS[:2])),
    (("forward",), "Forward pass of a layer", lambda rows: layers_table(rows, PEERS)),
    (("streaming",), "One step of one sequence, state carried", lambda rows: layers_table(rows, PEERS)),
    (
        ("update with Adam", "update with SGD"),
        "Whole training step: forward, loss, backward, clipping, optimizer",
        lambda rows: layers_table(rows, PEERS[:2]),
    ),
    (("second thread",), "Speed-up by a second thread in the training step", threads_table),
    (("default forecaster", "denormal inputs"), "Single questions", single_table),
]


def where(report: dict[str, Any]) -> str:
    """Describe the machine and the versions, with a warning if other programs were running."""
    about = report["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version)
    load = max(about["load_average_before"], report["load_average_after"])
    busy = f" **Other programs were busy: load average {load:.1f}; measure again.**" if load > BUSY else ""
    return f"{versions}.{busy}"


def heading(report: dict[str, Any]) -> str:
    about = report["machine"]
    rates = sorted(row["fma_loop_gflops"] for row in report["rows"] if isinstance(row.get("fma_loop_gflops"), float))
    loop = f"; FMA loop {rates[len(rates) // 2]:.0f} GF/s on one thread" if rates else ""
    judged = [row for row in report["rows"] if row["met"] is not None]
    return (
        f"{about['cpu']}, {about['cpus']} CPUs, {about['isa']}{loop}. {where(report)}\n\n"
        f"{sum(row['met'] for row in judged)} of {len(judged)} bars are met."
    )


def engine_tables(report: dict[str, Any]) -> str:
    """Write all tables of one machine."""
    parts = [heading(report)]
    for tasks, title, table in TABLES:
        rows = [row for row in report["rows"] if row["task"] in tasks]
        if rows:
            parts.append(f"### {title}\n\n{table(rows)}")
    return "\n\n".join(parts)


def short_cell(row: Row | None) -> str:
    """Write a row of one machine in a few words: time, ratio to the fastest library, share of the machine's limit."""
    if row is None:
        return "–"
    ms = row["median_ms"]
    if row["task"] == "second thread":
        words = [f"{row['speed_up']:.2f}×", f"loop {row['fma_loop_speed_up']:.2f}×"]
    elif row["task"] != "denormal inputs" and any(peer in ms for peer in PEERS):  # these compare Elman with itself
        fastest = min((peer for peer in PEERS if peer in ms), key=lambda peer: float(ms[peer]))
        words = [duration(ms["Elman"]), f"{number(row['ratio'])}× {fastest}"]
    else:
        words = [f"{number(row['ratio'])}×"]
    if "fraction_of_fma_loop" in row:
        words.append(f"{row['fraction_of_fma_loop']:.2f}")
    return ", ".join(words) + (", **not met**" if row["met"] is False else "")


def machines_table(reports: dict[str, dict[str, Any]], tasks: tuple[str, ...]) -> str:
    """Write the rows of some tasks with a column for every machine."""
    rows = {
        name: {(row["task"], row["shape"]): row for row in report["rows"] if row["task"] in tasks}
        for name, report in reports.items()
    }
    keys = list(dict.fromkeys(key for found in rows.values() for key in found))
    lines = []
    for key in keys:
        found = [rows[name].get(key) for name in reports]
        first = next(row for row in found if row)
        name = f"{first['task']}, {first['shape']}" if len(tasks) > 1 else first["shape"]
        lines.append([name, *map(short_cell, found), bar(first)])
    return grid(["T,N,D,H", *reports, "bar"], lines)


def all_machines(reports: dict[str, dict[str, Any]]) -> str:
    """Write the headings of all machines, and every table with a column for each."""
    parts = [f"{name}: {heading(report)}" for name, report in reports.items()]
    parts.append(
        "A cell has Elman's time, how many times longer the fastest other library takes, and the fraction of the "
        "FMA loop's rate. `python benchmarks/compare.py --table FILE` prints the times of all libraries on one machine."
    )
    for tasks, title, _ in TABLES:
        if any(row["task"] in tasks for report in reports.values() for row in report["rows"]):
            parts.append(f"### {title}\n\n{machines_table(reports, tasks)}")
    return "\n\n".join(parts)


def end_to_end_tables(report: dict[str, Any]) -> str:
    """Write the tables of end_to_end.json."""
    parts = [f"{report['machine']['cpu']}, one CPU for every side. {where(report)}"]
    header = ["", "import", "fit", "predict", "peak memory", "installed", "sMAPE"]
    for comparison in report["comparisons"]:
        lines = [
            [
                name,
                f"{side['import_s']:.2f} s",
                f"{side['fit_s']:.3g} s",
                f"{number(side['predict_s'] * 1e3)} ms",
                f"{side['peak_mb']:.0f} MB",
                f"{side['installed_mb']:.0f} MB",
                f"{side['smape']:.1f} %",
            ]
            for name, side in comparison["sides"].items()
        ]
        judged = "; ".join(
            f"{name} {found['ratio']:.1f}× (bar {found['bar']['ratio']:g}×: {'met' if found['met'] else '**not met**'})"
            for name, found in comparison["ratios"].items()
        )
        parts += [f"### {comparison['title']}", comparison["about"], grid(header, lines)]
        if judged:
            parts.append(f"Ratios: {judged}.")
    return "\n\n".join(parts)


def write_readme(readme: Path, results: Path) -> None:
    """Write the tables between the marks of the README."""
    files = sorted(results.glob("engine_*.json"))
    reports = {file.stem.removeprefix("engine_"): json.loads(file.read_text()) for file in files}
    parts = ["## Engine", all_machines(reports)]
    if (results / "end_to_end.json").exists():
        parts += ["## End to end", end_to_end_tables(json.loads((results / "end_to_end.json").read_text()))]
    before, rest = readme.read_text().split(BEGIN)
    _, after = rest.split(END)
    readme.write_text(f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}")
    print(f"written: {readme}")
