"""Result files: one per part, with sets added one by one; the scores of each series; the peers' figures."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forecast_accuracy.published import RELATED_SETS, SEASONAL_NAIVE
from forecast_accuracy.scores import geometric_mean
from forecast_accuracy.sets import SETS

RESULTS = Path(__file__).resolve().parents[1] / "results"
PEERS = "peers_forecasting"
M3 = ("m3_yearly", "m3_quarterly", "m3_monthly", "m3_other")

Sets = Mapping[str, Mapping[str, Any]]


def read(part: str, folder: Path = RESULTS) -> dict[str, Any]:
    """Read a result file; empty if there is none."""
    path = folder / f"{part}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def write(part: str, result: Mapping[str, Any], folder: Path = RESULTS) -> None:
    """Write a result file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{part}.json").write_text(json.dumps(result, indent=2) + "\n")


def read_series(part: str, folder: Path = RESULTS) -> dict[str, Any]:
    """Read the scores of each series; empty if there are none."""
    path = folder / f"{part}_series.json.gz"
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes())) if path.exists() else {}
    return found


def write_series(part: str, series: Mapping[str, Any], folder: Path = RESULTS) -> None:
    """Write the scores of each series, compressed; the same bytes for the same scores."""
    text = json.dumps(series, separators=(",", ":")).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{part}_series.json.gz").write_bytes(gzip.compress(text, mtime=0))


def add_set(part: str, name: str, row: dict[str, Any], about: Mapping[str, Any], folder: Path = RESULTS) -> None:
    """Write the row of one set to a part's files, and keep the rows of the other sets."""
    series = read_series(part, folder) | {name: row.pop("per_series")}
    found = read(part, folder)
    sets = found.get("sets", {}) | {name: row | dict(about)}
    write(part, found | {"sets": {each: sets[each] for each in SETS if each in sets}}, folder)
    write_series(part, series, folder)


def is_whole(row: Mapping[str, Any] | None) -> bool:
    """Whether a row exists and covers all series of its set."""
    return row is not None and "series" in row and row["series"] == row["of"]


def peers(name: str, folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Return the peers' rows that cover all series of a set, the best MASE first."""
    rows = read(PEERS, folder).get("sets", {}).get(name, {})
    whole = {model: row for model, row in rows.items() if is_whole(row)}
    return dict(sorted(whole.items(), key=lambda item: float(item[1]["MASE"])))


def peer_sets(model: str, folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Return the rows of one peer by set, for sets that it covers completely."""
    return {name: rows[model] for name in SETS if model in (rows := peers(name, folder))}


def related(sets: Sets, competition: str) -> float | None:
    """Return the geometric mean of MASE over that of seasonal naive, yearly, quarterly, monthly; None unless whole."""
    names = [f"{competition}_{kind}" for kind in RELATED_SETS]
    if not all(is_whole(sets.get(name)) for name in names):
        return None
    pairs = zip(names, SEASONAL_NAIVE[competition], strict=True)
    return geometric_mean([float(sets[name]["MASE"]) / naive for name, naive in pairs])


def all_of_m3(sets: Sets) -> float | None:
    """Return the mean sMAPE over the 3,003 series of M3; None unless all four sets are whole."""
    if not all(is_whole(sets.get(name)) for name in M3):
        return None
    counts = [int(sets[name]["series"]) for name in M3]
    return sum(float(sets[name]["sMAPE"]) * n for name, n in zip(M3, counts, strict=True)) / sum(counts)
