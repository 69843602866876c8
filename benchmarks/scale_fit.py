"""Fit 100,000 series of 200 values from Parquet files and from a frame in memory: the bits, the time, the memory.

    python benchmarks/scale_fit.py FOLDER [--series 100000] [--rounds 2] [--fits few default most]

Makes the data in a folder. Every fit is a process of its own, and the two ways take turns. ``few``: the window network
with few updates, which has the least arithmetic besides the reading. ``default``: the default method, which chooses,
tunes and calibrates on the sample. ``most``: the draws of the default ensemble, with one unit per network; they read
nearly every series. Writes ``benchmarks/results/scale_fit.json``: CPU and wall seconds of reading the files into a
frame, of the fit of the frame and of the fit of the files, the largest resident memory of each process, and a digest of
everything that was fitted. Results of fits that are not run stay.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from accuracy import RESULTS
from scale import HORIZON, SEASON, make
from speed.machine import describe

from elman import Forecaster

RESULT = RESULTS / "scale_fit.json"
LENGTH = 200
FITS: dict[str, dict[str, Any]] = {
    "few": {"method": "network", "window": 24, "ensemble_size": 1, "updates": 100},
    "default": {},
    "most": {"method": "network", "window": 24, "updates": 900, "hidden_size": 1},
}


def fit(folder: Path, name: str, way: str) -> dict[str, Any]:
    """Fit once in this process."""
    data: Any = folder
    reading = [0.0, 0.0]
    if way == "memory":
        reading, data = timed(lambda: pd.read_parquet(folder))
    model = Forecaster(HORIZON, season=SEASON, random_state=0, **FITS[name])
    fitting, _ = timed(lambda: model.fit(data))
    return {
        "reading_cpu_s": reading[0],
        "reading_wall_s": reading[1],
        "fit_cpu_s": fitting[0],
        "fit_wall_s": fitting[1],
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
        "digest": digest(model),
    }


def timed(work: Any) -> tuple[list[float], Any]:
    """Return CPU seconds, wall seconds and the result."""
    cpu, wall = time.process_time(), time.monotonic()
    result = work()
    return [round(time.process_time() - cpu, 2), round(time.monotonic() - wall, 2)], result


def digest(model: Forecaster) -> str:
    """Hash the content of the file that forecasts other series."""
    return hashlib.sha256(model._content(model._fitted)).hexdigest()


def measure(folder: Path, name: str, rounds: int) -> dict[str, Any]:
    """Fit both ways in turns, each in a process of its own."""
    found: dict[str, list[dict[str, Any]]] = {"memory": [], "files": []}
    for _ in range(rounds):
        for way, runs in found.items():
            words = [sys.executable, __file__, str(folder), "--once", name, way]
            runs.append(json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout))
            print(name, way, runs[-1], flush=True)
    return combined(name, found)


def combined(name: str, found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Compare the digests; return the medians of the times and the largest memory."""
    if len({run["digest"] for runs in found.values() for run in runs}) > 1:
        raise AssertionError(f"{name}: the fits differ")
    result: dict[str, Any] = {
        "options": FITS[name],
        "rounds": len(found["files"]),
        "digest": found["files"][0]["digest"],
    }
    for way, runs in found.items():
        result[way] = {key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0] if key != "digest"}
        result[way]["peak_mb"] = max(run["peak_mb"] for run in runs)
    memory, files = result["memory"], result["files"]
    # One reading of the files comes on top of the fit in memory.
    result["cpu_ratio"] = round((files["fit_cpu_s"] - memory["reading_cpu_s"]) / memory["fit_cpu_s"], 3)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit 100,000 series from Parquet files and from memory.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--fits", nargs="+", choices=list(FITS), default=list(FITS))
    parser.add_argument("--once", nargs=2, metavar=("FIT", "WAY"))
    given = parser.parse_args()
    if given.once:
        print(json.dumps(fit(given.folder, *given.once)))
        return
    data = make(given.folder / f"fit-{given.series}", given.series, LENGTH)
    write(given.series, {name: measure(data, name, given.rounds) for name in given.fits})


def write(series: int, fits: dict[str, Any]) -> None:
    """Write the results, beside those that are there of the same size."""
    before = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    kept = before["fits"] if before.get("series") == series else {}
    size = {"series": series, "values": series * LENGTH, "load": round(os.getloadavg()[0], 1)}
    RESULT.write_text(json.dumps({"machine": describe(), **size, "fits": kept | fits}, indent=2) + "\n")


if __name__ == "__main__":
    main()
