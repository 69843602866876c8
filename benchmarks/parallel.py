"""Time of work shared among joblib's workers, relative to one process; see benchmarks/README.md.

    python benchmarks/parallel.py [--rounds 5] [--results benchmarks/results]

All sides give the same bits; this is checked first. CPU time includes the workers.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import joblib
from speed.machine import describe

from elman import Forecaster
from elman.data.datasets import load_dataset
from elman.forecasting import cross_validation

RESULTS = Path(__file__).resolve().parent / "results"
PASSENGERS = load_dataset("air-passengers")
SIDES: dict[str, tuple[str | None, int | None]] = {  # backend, n_threads
    "one thread": (None, 1),
    "one process": (None, None),
    "threading, 2": ("threading", None),
    "loky, 2": ("loky", None),
}


def backtest_of_networks(n_threads: int | None) -> Any:
    """Fit a window network at each of four cut-offs."""
    model = Forecaster(12, method="network", window=24, random_state=0, n_threads=n_threads)
    return cross_validation(model, PASSENGERS, n_windows=4, refit=True)


def backtest_of_a_panel(n_threads: int | None) -> Any:
    """Run the whole procedure on 40 series at each of four cut-offs: tune the prior, choose, forecast."""
    panel = [PASSENGERS["y"].to_numpy() * (1 + i / 40) + i for i in range(40)]
    model = Forecaster(12, season=12, random_state=0, n_threads=n_threads)
    return cross_validation(model, panel, n_windows=4, refit=True)


def windows_tried(n_threads: int | None) -> Any:
    """Choose the window of one series by short fits, then train five networks."""
    model = Forecaster(12, method="network", random_state=0, n_threads=n_threads).fit(PASSENGERS)
    return model.predict()


WORK: dict[str, Callable[[int | None], Any]] = {
    "backtest(refit=True), window network, 4 cut-offs": backtest_of_networks,
    "backtest(refit=True), 40 series, 4 cut-offs": backtest_of_a_panel,
    "Forecaster.fit, window chosen, 5 networks": windows_tried,
}


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its children, living or not, in seconds."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended
            continue
        if int(path.parent.name) == os.getpid() or int(fields[1]) == os.getpid():
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def once(work: Callable[[int | None], Any], side: str) -> tuple[Any, float, float]:
    """Do the work once; return its result, CPU and wall seconds."""
    backend, n_threads = SIDES[side]
    with nullcontext() if backend is None else joblib.parallel_config(backend, n_jobs=2):
        cpu, wall = cpu_seconds(), time.perf_counter()
        result = work(n_threads)
        return result, cpu_seconds() - cpu, time.perf_counter() - wall


def measure(work: Callable[[int | None], Any], rounds: int) -> dict[str, dict[str, float]]:
    """Return medians over rounds, in which the sides alternate after one that is not timed."""
    results = [once(work, side)[0] for side in SIDES]
    assert all(result.equals(results[0]) for result in results), "the sides differ"
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side, own in found.items():
            own.append(once(work, side)[1:])
    reference = found["one process"]
    rows = {}
    for side, own in found.items():
        pairs = list(zip(own, reference, strict=True))
        rows[side] = {
            "cpu_s": statistics.median(cpu for cpu, _ in own),
            "wall_s": statistics.median(wall for _, wall in own),
            "cpu_ratio": statistics.median(cpu / other for (cpu, _), (other, _) in pairs),
            "wall_ratio": statistics.median(wall / other for (_, wall), (_, other) in pairs),
        }
    return {side: {name: round(value, 3) for name, value in row.items()} for side, row in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the .json")
    given = parser.parse_args()
    about = describe("joblib")
    rows = {name: measure(work, given.rounds) for name, work in WORK.items()}
    about["load_average_after"] = round(os.getloadavg()[0], 2)
    found = {
        "what": "CPU (workers included) and wall seconds, medians over rounds; ratios to one process, round by round",
        "machine": about,
        "rounds": given.rounds,
        "work": rows,
    }
    (given.results / "parallel.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
