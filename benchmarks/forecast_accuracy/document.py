"""The figures of ``docs/recipe.md``: the tables, the bars, and the machine."""

from __future__ import annotations

from pathlib import Path

from forecast_accuracy.bars import bars
from forecast_accuracy.results import PEERS, RESULTS, read
from forecast_accuracy.tables import tables

PARTS = ("alone", "panels", "random", "rolling", "durations")


def rendered(folder: Path = RESULTS) -> str:
    """Return the text between the marks, as Markdown."""
    lines = [""]
    for table in tables(folder=folder):
        lines += [*table.as_markdown(), ""]
    measured = [bar for bar in bars(folder=folder) if bar.met is not None]
    missed = [bar for bar in measured if not bar.met]
    lines += [f"{len(measured) - len(missed)} of {len(measured)} bars are met.", ""]
    lines += [f"- missed: {bar.what}: {bar.value:.4g}, bar {bar.limits}" for bar in missed]
    return "\n".join([*lines, *([""] if missed else []), machines(folder), ""])


def machines(folder: Path = RESULTS) -> str:
    """Return the machines of the figures, and the versions of the peers."""
    found = [read(f"accuracy_{part}", folder).get("machine") for part in PARTS]
    texts = {
        f"{each['cpu']}, instruction set {each['isa']}, Elman {each['versions']['elman']}" for each in found if each
    }
    peers = read(PEERS, folder)
    versions = ", ".join(f"{package} {version}" for package, version in peers.get("versions", {}).items())
    said = f" Peers: {versions} on {peers['cpu']}, one thread." if peers else ""
    return f"Machine: {'; '.join(sorted(texts))}.{said}"
