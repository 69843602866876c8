"""CPU time of a forecast by a cluster's workers, relative to one process; see benchmarks/README.md.

    python benchmarks/scale_engines.py [--series 20000] [--rounds 3] [--m4 M4_HOURLY.jsonl]

Both sides read the same Parquet files, forecast every series zero-shot with intervals, and add up the result. The bits
are compared first. CPU time is that of all processes, without the start of the workers. ``--m4`` also compares the bits
of the engines on a public panel: a file with an object a line, with the fields id and train.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import psutil
from dask.distributed import Client, LocalCluster
from speed.machine import describe

from elman import Forecaster

RESULTS = Path(__file__).resolve().parent / "results"
FILES = 16
# Dask starts workers with a MALLOC_TRIM_THRESHOLD_ that gives every large array back to the system at once.
KEEPS_MEMORY = {"MALLOC_TRIM_THRESHOLD_": 2**28, "MALLOC_MMAP_THRESHOLD_": 2**25}


def made(series: int, length: int = 100) -> pd.DataFrame:
    """Make monthly series with a season and a trend."""
    rng, months = np.random.default_rng(0), np.arange(length)
    season = np.sin(2 * np.pi * months / 12 + rng.uniform(0, 6, (series, 1)))
    values = np.exp(
        3 + 0.3 * season + rng.normal(0, 0.003, (series, 1)) * months + rng.normal(0, 0.1, (series, length))
    )
    times = pd.date_range("2015-01-01", periods=length, freq="MS")
    ids = np.repeat(np.arange(series), length)
    return pd.DataFrame({"unique_id": ids, "ds": np.tile(times, series), "y": values.ravel()})


def written(frame: pd.DataFrame, folder: Path) -> None:
    """Write files of whole series."""
    for number, ids in enumerate(np.array_split(frame["unique_id"].unique(), FILES)):
        frame[frame["unique_id"].isin(ids)].to_parquet(folder / f"{number:02}.parquet", index=False)


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.assign(unique_id=frame["unique_id"].astype(str))
    return frame.sort_values(["unique_id", "ds"], ignore_index=True)


def check_equal(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    found, expected = in_order(found), in_order(expected)
    assert found["unique_id"].tolist() == expected["unique_id"].tolist()
    for name in expected.columns[2:]:
        assert found[name].to_numpy().tobytes() == expected[name].to_numpy().tobytes(), name


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those that it has started."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def measured(side: Callable[[], Any]) -> tuple[float, float]:
    """Return CPU and wall seconds."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    side()
    return cpu_seconds() - cpu, time.perf_counter() - wall


def overhead(series: int, rounds: int, environment: dict[str, int]) -> dict[str, Any]:
    """Compare one process with two workers that start with some environment variables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame = made(series)
        written(frame, folder)
        model = Forecaster(12, season=12, method="prior", cutoffs=0, n_threads=1).fit(made(2))

        def one_process() -> pd.DataFrame:
            return model.predict(pd.read_parquet(folder), level=[80])

        def two_workers() -> pd.DataFrame:
            return model.predict(dd.read_parquet(folder), level=[80]).compute()

        dask.config.set({f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in environment.items()})
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster):
            check_equal(two_workers(), one_process())
            times = [(measured(one_process), measured(two_workers)) for _ in range(rounds)]
    ratios = [workers[0] / one[0] for one, workers in times]
    return {
        "series": series,
        "values of each": 100,
        "files": FILES,
        "load average": round(os.getloadavg()[0], 1),
        "cpu seconds, one process": [round(one[0], 2) for one, _ in times],
        "cpu seconds, two Dask workers": [round(workers[0], 2) for _, workers in times],
        "cpu ratio": round(statistics.median(ratios), 3),
        "speed-up": round(statistics.median(one[1] / workers[1] for one, workers in times), 2),
    }


def public_panel(path: Path) -> dict[str, Any]:
    """Compare the bits on M4 hourly, for a zero-shot forecast, a tuned one and a small window network."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    frame = pd.concat(
        pd.DataFrame({"unique_id": row["id"], "ds": np.arange(len(row["train"])), "y": row["train"]}) for row in rows
    )
    network = {"window": 168, "updates": 30, "ensemble_size": 1, "intervals": None, "random_state": 0}
    models = {
        "prior": Forecaster(48, season=(24, 168), method="prior", cutoffs=0),
        "tuned": Forecaster(48, season=(24, 168), method="tuned", cutoffs=0, random_state=0),
        "network": Forecaster(48, season=(24, 168), method="network", cutoffs=0, **network),
    }
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster):
        for model in models.values():
            expected = model.fit(frame).predict(frame)
            for partitions in (1, 2, 7):
                shuffled = frame.sample(frac=1, random_state=partitions)
                check_equal(model.predict(dd.from_pandas(shuffled, npartitions=partitions)).compute(), expected)
    return {"series": len(rows), "methods with equal bits in 1, 2 and 7 partitions": list(models)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--m4", type=Path)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # rows out of order
    path = arguments.results / "scale_engines.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    found["machine"] = describe("dask", "distributed", "pandas")
    found["workers as Dask starts them"] = overhead(arguments.series, arguments.rounds, {})
    found["workers that keep memory"] = overhead(arguments.series, arguments.rounds, KEEPS_MEMORY)
    if arguments.m4 is not None:
        found["M4 hourly"] = public_panel(arguments.m4)
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
