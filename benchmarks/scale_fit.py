"""Fit 100,000 series of 200 values from Parquet files and from a frame in memory: the bits, the time, the memory.

    python benchmarks/scale_fit.py FOLDER [--series 100000] [--rounds 2]

Makes the data in a folder. Every fit is a process of its own, and the two ways take turns. The window network with few
updates has the least arithmetic besides the reading; the default method chooses, tunes and calibrates on the sample;
the ensemble of the default size reads nearly every series. Writes ``benchmarks/results/scale_fit.json``: CPU and wall
seconds of reading the files into a frame, of the fit of the frame and of the fit of the files, the largest resident
memory of each process, and a digest of everything that was fitted.
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
    "window network, 100 updates": {"method": "network", "window": 24, "ensemble_size": 1, "updates": 100},
    "default": {},
    "window network, 5 of 900 updates": {"method": "network", "window": 24, "updates": 900},
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
    if len({run["digest"] for runs in found.values() for run in runs}) > 1:
        raise AssertionError(f"{name}: the fits differ")
    result: dict[str, Any] = {"digest": found["files"][0]["digest"]}
    for way, runs in found.items():
        result[way] = {key: statistics.median(run[key] for run in runs) for key in runs[0] if key != "digest"}
        result[way]["peak_mb"] = max(run["peak_mb"] for run in runs)
    memory, files = result["memory"], result["files"]
    result["cpu_ratio"] = round(
        (files["fit_cpu_s"] - memory["reading_cpu_s"]) / memory["fit_cpu_s"], 3
    )  # to be below 1.5: one reading comes on top
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit 100,000 series from Parquet files and from memory.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--once", nargs=2, metavar=("FIT", "WAY"))
    given = parser.parse_args()
    if given.once:
        print(json.dumps(fit(given.folder, *given.once)))
        return
    data = make(given.folder / f"fit-{given.series}", given.series, LENGTH)
    fits = {name: measure(data, name, given.rounds) for name in FITS}
    size = {"series": given.series, "values": given.series * LENGTH, "load": round(os.getloadavg()[0], 1)}
    RESULT.write_text(json.dumps({"machine": describe(), **size, "fits": fits}, indent=2) + "\n")


if __name__ == "__main__":
    main()
