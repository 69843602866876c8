"""CPU time and peak memory of fit and predict as the data grow; see benchmarks/README.md.

    python benchmarks/growth.py [--most-series 100000] [--most-values 100000] [--repeats 3]

Every size is a process of its own on one thread, with `Forecaster(12)` as it is by default: more series of 120 months,
or more values of one series. A size that takes more than two minutes is the last. The exponent is the power of the
size by which CPU time beyond that of the smallest size grows: the slope of a line through the logarithms of the three
largest sizes. The result is written to ``benchmarks/results/growth.json``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

RESULT = Path(__file__).resolve().parent / "results" / "growth.json"
VALUES, HORIZON, SEASON = 120, 12, 12
LIMIT = 120.0  # seconds


def data(series: int, values: int) -> np.ndarray:
    t = np.arange(values)
    rng = np.random.default_rng(0)
    level, swing, phase = rng.uniform(20, 100, (3, series, 1))
    season = 0.2 * swing * np.sin(2 * np.pi * (t + phase) / SEASON)
    return level + season + t / values + rng.normal(size=(series, values))


def child(series: int, values: int) -> None:
    """Fit and predict; print CPU seconds and megabytes."""
    import resource

    from elman import Forecaster

    y = data(series, values)
    given = list(y) if series > 1 else y[0]
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model = Forecaster(HORIZON, season=SEASON, random_state=0, n_threads=1)
    start = time.process_time()
    model.fit(given)
    fitted = time.process_time()
    model.predict(level=[80])
    predicted = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row = {"fit_cpu_s": fitted - start, "predict_cpu_s": predicted - fitted, "peak_mb": peak / 1024}
    print(json.dumps(row | {"data_mb": y.nbytes / 1e6, "before_mb": base / 1024, "method": model.method_}))


def once(series: int, values: int) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).resolve()), "--child", str(series), str(values)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def exponent(sizes: list[int], found: list[float]) -> float:
    """Return the slope through the last three, above the first."""
    rest = np.maximum(np.array(found[-3:]) - found[0], 1e-9)
    return round(float(np.polyfit(np.log(sizes[-3:]), np.log(rest), 1)[0]), 2)


def measure(name: str, sizes: list[int], repeats: int) -> dict[str, Any]:
    rows = list[dict[str, Any]]()
    for size in sizes:
        series, values = (size, VALUES) if name == "series" else (1, size)
        start = time.perf_counter()
        runs = [once(series, values) for _ in range(repeats if size < sizes[-1] / 50 else 1)]
        numbers = [key for key, value in runs[0].items() if not isinstance(value, str)]
        rows.append({name: size} | {key: round(statistics.median(run[key] for run in runs), 4) for key in numbers})
        rows[-1]["method"] = runs[0]["method"]
        print(rows[-1], flush=True)
        if (time.perf_counter() - start) / len(runs) > LIMIT:
            break
    grown = {
        key: exponent([row[name] for row in rows], [row[key] for row in rows])
        for key in ("fit_cpu_s", "predict_cpu_s", "peak_mb")
    }
    return {"rows": rows, "exponents": grown}


def sizes_to(first: int, most: int) -> list[int]:
    return [10**power for power in range(first, len(str(most)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most-series", type=int, default=100_000)
    parser.add_argument("--most-values", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    from speed.machine import describe

    result: dict[str, Any] = {"what": "Forecaster(12), one thread", "repeats": given.repeats, "machine": describe()}
    result["series of 120 values"] = measure("series", sizes_to(0, given.most_series), given.repeats)
    result["one series"] = measure("values", sizes_to(2, given.most_values), given.repeats)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*map(int, sys.argv[2:]))
    else:
        main()
