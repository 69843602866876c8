"""Accuracy of other libraries' forecasts on the sets of ``accuracy.py``, in a separate environment.

    python -m venv peers && peers/bin/pip install statsforecast
    peers/bin/python benchmarks/forecast_peers.py --work FOLDER [--data FOLDER] [--sets SET,…] [--models MODEL,…]

Each series is forecast alone, with its season and 80 % and 95 % intervals, one thread, defaults otherwise. AutoARIMA
forecasts a seeded sample of 100 series per set, the others all series. A model that would need more than 20 CPU minutes
on a set is left out, with its estimated time; AutoARIMA stops there, with the number of finished series. If a model
raises or returns NaN, seasonal naive replaces its forecast and the failure is counted.

Each model of each set is one file in the working folder, so an interrupted run continues. The result is written to
``benchmarks/results/peers_forecasting.json``, the scores of each series to ``peers_forecasting_series.json.gz``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
from forecast_accuracy.scores import LEVELS, compact, mean_scores, scored, stand_in  # noqa: E402
from forecast_accuracy.sets import DEFAULT_DATA, SETS, Array, Set, read_set  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "results"
MODELS = ("SeasonalNaive", "AutoETS", "AutoTheta", "AutoCES", "AutoARIMA")
SAMPLED = {"AutoARIMA": 100}
SEED = 16
MOST_SECONDS = 20 * 60  # CPU time of a model on a set
TRIED_FIRST = 5  # series for an estimate of the set's time
PACKAGES = ("statsforecast", "numpy", "scipy")

Forecast = dict[str, Array]


def cpu_name() -> str:
    """Return the system's name of the CPU, without Elman, which this environment lacks."""
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def forecaster(model: str, season: int) -> Callable[[Array, int], Forecast]:
    """Return a function that forecasts one series."""
    from statsforecast import models

    def forecast(values: Array, horizon: int) -> Forecast:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = getattr(models, model)(season_length=season).forecast(values, horizon, level=list(LEVELS))
        found = {key: np.asarray(row, dtype=np.float64) for key, row in made.items() if key != "fitted"}
        if not np.isfinite(found["mean"]).all():
            raise ValueError("the forecast has values that are not numbers")
        return found

    return forecast


def chosen(model: str, n_series: int) -> list[int]:
    """Return the indices of the series that a model forecasts, in order."""
    if model not in SAMPLED or n_series <= SAMPLED[model]:
        return list(range(n_series))
    return [int(index) for index in np.random.default_rng(SEED).choice(n_series, SAMPLED[model], replace=False)]


def run(each: Set, model: str, data: Path, log: Callable[[str], None]) -> dict[str, Any]:
    """Forecast the series of a set with one model."""
    every = read_set(each, data)
    indices = chosen(model, len(every))
    forecast = forecaster(model, each.season)
    forecast(every[indices[0]].train, len(every[indices[0]].test))  # work that is done only once is not timed
    rows, seconds, failures, done = [], [], [], []
    for index in indices:
        series, start = every[index], time.process_time()
        try:
            found = forecast(series.train, len(series.test))
        except Exception as error:
            found = stand_in(series, each.season)
            failures.append(f"{index}: {type(error).__name__}: {str(error)[:80]}")
        seconds.append(time.process_time() - start)
        rows.append(scored(each, series, found))
        done.append(index)
        if len(done) % 50 == 0:
            log(f"{each.name} {model} {len(done)} of {len(indices)}, {sum(seconds):.0f} CPU s")
        needed = np.mean(seconds) * len(indices)
        if model not in SAMPLED and len(done) == min(TRIED_FIRST, len(indices)) and needed > MOST_SECONDS:
            return {"left_out": f"{needed / 60:.0f} CPU minutes for {len(indices)} series, more than 20"}
        if model in SAMPLED and sum(seconds) > MOST_SECONDS:
            break
    return {
        **mean_scores(rows),
        "series": len(done),
        "of": len(every),
        "cpu_seconds_per_series": round(float(np.mean(seconds)), 4),
        "cpu_seconds_per_series_median": round(float(np.median(seconds)), 4),
        "failures": failures,
        "per_series": compact(rows) | ({"places": done} if len(done) < len(every) else {}),
    }


def collected(work: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the working folder: the summary of each set and model, and the scores of each series."""
    summary: dict[str, Any] = {}
    series: dict[str, Any] = {}
    for name in SETS:
        for model in MODELS:
            path = work / f"{name}.{model}.json"
            if path.exists():
                row = json.loads(path.read_text())
                if "per_series" in row:
                    series.setdefault(name, {})[model] = row.pop("per_series")
                summary.setdefault(name, {})[model] = row
    return summary, series


def write(work: Path, results: Path) -> None:
    """Write the two result files."""
    summary, series = collected(work)
    described = {
        "protocol": "each series alone with its season, one thread, defaults; seasonal naive stands in for a failure",
        "sampled": SAMPLED,
        "seed": SEED,
        "cpu": cpu_name(),
        "python": sys.version.split()[0],
        "versions": {package: version(package) for package in PACKAGES},
    }
    results.mkdir(parents=True, exist_ok=True)
    (results / "peers_forecasting.json").write_text(json.dumps(described | {"sets": summary}, indent=2) + "\n")
    text = json.dumps(series, separators=(",", ":")).encode()
    (results / "peers_forecasting_series.json.gz").write_bytes(gzip.compress(text, mtime=0))


def main() -> int:
    """Run the missing models, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for one file per set and model")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the .jsonl files, or its parent")
    parser.add_argument("--sets", default=",".join(SETS), help="sets, separated by commas")
    parser.add_argument("--models", default=",".join(MODELS), help="models, separated by commas")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the result files")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    for model in args.models.split(","):
        for name in args.sets.split(","):
            path = args.work / f"{name}.{model}.json"
            if not path.exists():
                row = run(SETS[name], model, args.data, lambda text: print(text, file=sys.stderr, flush=True))
                path.with_suffix(".part").write_text(json.dumps(row))
                path.with_suffix(".part").rename(path)
                shown = {key: value for key, value in row.items() if key not in ("per_series", "failures", "intervals")}
                print(f"{name} {model} {shown}", file=sys.stderr, flush=True)
                write(args.work, args.results)
    write(args.work, args.results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
