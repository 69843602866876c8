"""Quantiles, intervals and sums of public sets: weighted quantile loss, coverage by third of the horizon and by step.

    python benchmarks/uncertainty.py SET … [--data FOLDER] [--sides Elman AutoETS AutoARIMA DeepAR] [--peer PYTHON]

Elman's defaults, seed 0, on the training part of every series; the test part scores. The weighted quantile loss is the
mean over the levels 0.1, 0.2 … 0.9 of 2 Σ pinball / Σ |y|. Sums over the horizon come from 500 sample paths. ``--peer``
names the Python of an environment with statsforecast, or for DeepAR with GluonTS. AutoETS and DeepAR forecast the same
series, AutoARIMA, which takes much longer, a seeded sample: 100 of a set, 20 of M4 hourly. Every side is also scored on
this ``sample`` alone. The result goes into ``benchmarks/results/uncertainty.json``; other sets and sides in it stay. M1
was looked at during development; the other sets are for reports.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from forecast_accuracy.sets import DEFAULT_DATA, SETS, Series, by_horizon, read_set

Array = npt.NDArray[np.float64]

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "uncertainty.json"
SHARES = tuple(round(0.1 * i, 1) for i in range(1, 10))
LEVELS = (80, 95)
PATHS = 500
PEERS = {  # script and package
    "AutoETS": ("uncertainty_peer.py", "statsforecast"),
    "AutoARIMA": ("uncertainty_peer.py", "statsforecast"),
    "DeepAR": ("uncertainty_deepar.py", "gluonts"),
}
SAMPLED = {"m4_hourly": 20}  # series of the sample; else 100


def elman(series: list[Series], seasons: Any) -> dict[str, Array]:
    """Forecast series of one horizon: quantiles and ends by name (S, K), and ends of the sums (S,)."""
    from elman import Forecaster

    model = Forecaster(len(series[0].test), season=seasons, random_state=0).fit([each.train for each in series])
    found = model.predict(level=list(LEVELS), quantiles=list(SHARES))
    columns = {name.removeprefix("Elman-"): np.stack([one[name] for one in found]) for name in found[0]}
    sums = model.sample(PATHS, seed=0).sum(axis=2)
    for level in LEVELS:
        columns[f"sum-lo-{level}"], columns[f"sum-hi-{level}"] = np.quantile(
            sums, [0.5 - level / 200, 0.5 + level / 200], axis=0
        )
    return columns


def by_peer(series: list[Series], season: int, python: str, model: str) -> dict[str, Array]:
    """Forecast series with a model of another library in its environment."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.npz"
        np.savez(path, *[each.train for each in series])
        options = [str(season), str(len(series[0].test)), model]
        subprocess.run([python, str(HERE / PEERS[model][0]), str(path), *options], check=True, cwd=folder)
        with np.load(path) as found:
            return {name: found[name] for name in found}


def scores(columns: Mapping[str, Array], actual: Array) -> dict[str, Array]:
    """Return sums over the series: pinball loss and size of the values, and how many values and sums are inside."""
    known = np.isfinite(actual)
    y = np.where(known, actual, 0.0)
    errors = [y - columns[f"q-{share:g}"] for share in SHARES]
    pinball = [np.maximum(share * e, (share - 1) * e)[known].sum() for share, e in zip(SHARES, errors, strict=True)]
    found: dict[str, Array] = {
        "pinball": np.array(pinball),
        "size": np.array(np.abs(y).sum()),
        "known": known.sum(axis=0),
    }
    total, whole = y.sum(axis=1), known.all(axis=1)
    for level in LEVELS:
        inside = (columns[f"lo-{level}"] <= y) & (y <= columns[f"hi-{level}"]) & known
        found[f"inside {level}"] = inside.sum(axis=0)
        if f"sum-lo-{level}" in columns:
            held = (columns[f"sum-lo-{level}"] <= total) & (total <= columns[f"sum-hi-{level}"]) & whole
            found[f"sums inside {level}"] = np.array([held.sum(), whole.sum()])
    return found


def summary(parts: list[dict[str, Array]]) -> dict[str, Any]:
    """Summarize the scores of the series of all horizons."""
    size = sum(float(part["size"]) for part in parts)
    loss = sum(part["pinball"] for part in parts) / size
    result: dict[str, Any] = {"weighted_quantile_loss": round(float(2 * np.mean(loss)), 5)}
    for level in LEVELS:
        thirds = np.zeros((3, 2))
        for part in parts:
            steps = zip(np.array_split(part[f"inside {level}"], 3), np.array_split(part["known"], 3), strict=True)
            thirds += [[inside.sum(), known.sum()] for inside, known in steps]
        longest = max(parts, key=lambda part: part["known"].sum())
        by_step = longest[f"inside {level}"] / longest["known"]
        result[f"coverage_{level}"] = {
            "all": round(float(thirds[:, 0].sum() / thirds[:, 1].sum()), 4),
            "thirds": (thirds[:, 0] / thirds[:, 1]).round(4).tolist(),
            "least_step": round(float(by_step.min()), 4),
            "most_step": round(float(by_step.max()), 4),
        }
        if f"sums inside {level}" in parts[0]:
            inside, whole = np.sum([part[f"sums inside {level}"] for part in parts], axis=0)
            result[f"coverage_{level}"]["sums"] = round(float(inside / whole), 4)
    return result


def measure(name: str, data: Path, side: str, python: str) -> dict[str, Any]:
    """Measure one side of one set."""
    each = SETS[name]
    series = read_set(each, data)
    count = min(SAMPLED.get(name, 100), len(series))
    sample = set(np.random.default_rng(0).choice(len(series), count, replace=False).tolist())
    whole: list[dict[str, Array]] = []
    part: list[dict[str, Array]] = []
    start = time.process_time() + sum(children())
    for rows in by_horizon(series).values():
        mine = [i for i in rows if side != "AutoARIMA" or i in sample]
        own = [series[i] for i in mine]
        columns = elman(own, each.seasons) if side == "Elman" else by_peer(own, each.season, python, side)
        actual, among = np.stack([one.test for one in own]), np.array([i in sample for i in mine])
        whole.append(scores(columns, actual))
        part.append(scores({column: values[among] for column, values in columns.items()}, actual[among]))
    seconds = round(time.process_time() + sum(children()) - start, 1)
    found = {} if side == "AutoARIMA" else summary(whole)
    return found | {"sample": {"series": count} | summary(part), "cpu_seconds": seconds}


def children() -> tuple[float, float]:
    """Return the CPU seconds of finished child processes."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime, used.ru_stime


def main() -> None:
    """Measure the sets and merge them into the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", choices=list(SETS))
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--sides", nargs="+", choices=["Elman", *PEERS], default=["Elman"])
    parser.add_argument("--peer", help="Python of the peers' environment")
    arguments = parser.parse_args()
    result = json.loads(RESULT.read_text()) if RESULT.exists() else {"levels": SHARES, "paths": PATHS, "sets": {}}
    for package in {PEERS[side][1] for side in arguments.sides if side in PEERS}:
        asked = [arguments.peer, "-c", f"import {package}; print({package}.__version__)"]
        version = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
        result.setdefault("peers", {})[package] = version
    for name in arguments.sets:
        about = {"series": len(read_set(SETS[name], arguments.data)), "looked_at": SETS[name].competition == "m1"}
        row = result["sets"].setdefault(name, {}) | about
        for side in arguments.sides:
            row[side] = measure(name, arguments.data, side, str(arguments.peer))
            sys.stdout.write(f"{name}, {side}: {json.dumps(row[side])}\n")
        result["sets"][name] = row
        RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
