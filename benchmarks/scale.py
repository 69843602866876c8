"""Forecast 10,000 to 1,000,000 series from Parquet files, with a kill in the middle, beside statsforecast.

    python benchmarks/scale.py FOLDER [--series 10000 100000 1000000] [--peer PYTHON]

Makes the data in a folder (100 monthly values per series, 17 MB for 20,000 series), forecasts them with the untuned
prior by `elman predict` with two workers, kills the command when half of the parts are written, and resumes. Watches
the command and its workers: CPU seconds, and the sum of their resident memory. Compares parts with the forecast in
memory. The peer is another Python with statsforecast, on 20,000 of the series by default. Results of sizes that are
not run stay in ``benchmarks/results/scale.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from accuracy import RESULTS
from speed.machine import describe

from elman import Forecaster
from elman.partitions import ParquetFiles

RESULT = RESULTS / "scale.json"
LENGTH, HORIZON, SEASON = 100, 12, 12
PER_FILE = 10_000  # series
PEER_SERIES, PEER_MODELS = 20_000, ("SeasonalNaive", "AutoETS")
COMPARED = 20  # parts compared with memory
TICK = os.sysconf("SC_CLK_TCK")


def make(folder: Path, series: int, length: int = LENGTH) -> Path:
    """Write positive monthly series with trend, season and noise; a smaller panel is the beginning of a larger one."""
    folder.mkdir(parents=True, exist_ok=True)
    days = np.arange("2016-01", length, dtype="datetime64[M]").astype("datetime64[us]")
    t = np.arange(length)
    for number in range(-(-series // PER_FILE)):
        path, count = folder / f"{number:04}.parquet", min(PER_FILE, series - number * PER_FILE)
        rng = np.random.default_rng(number)
        level, slope, swing = rng.lognormal(3, 1, (count, 1)), rng.normal(0, 0.003, (count, 1)), rng.random((count, 1))
        season = 0.3 * swing * np.sin(2 * np.pi * (t + rng.integers(0, SEASON, (count, 1))) / SEASON)
        y = level * (1 + slope * t + season) * np.exp(rng.normal(0, 0.1, (count, length)))
        names = pa.array([f"s{number * PER_FILE + i:07}" for i in range(count)])
        ids = names.take(pa.array(np.repeat(np.arange(count), length)))
        if not path.exists():
            table = pa.table({"unique_id": ids, "ds": np.tile(days, count), "y": y.ravel()})
            pq.write_table(table, path)
    return folder


class Watch(threading.Thread):
    """Sample the CPU time and the resident memory of a process and all that it started."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root, self.cpu, self.most_mb = root, {}, 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.1):
            self.sample()

    def sample(self) -> None:
        tree, resident = [self.root], 0
        for pid in tree:
            try:
                stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                resident += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                children = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
            except OSError:
                continue
            self.cpu[pid] = (int(stat[11]) + int(stat[12])) / TICK
            tree += [int(child) for line in children for child in line]
        self.most_mb = max(self.most_mb, resident * os.sysconf("SC_PAGE_SIZE") / 1e6)


def command(model: Path, data: Path, output: Path, *options: str, kill_at: int | None = None) -> dict[str, float]:
    """Run the command, and kill it with its last sample taken when so many parts are written."""
    words = [sys.executable, "-m", "elman", "predict", model, data, "--output", output, "--level", "none", "--quiet"]
    start = time.monotonic()
    process = subprocess.Popen([*map(str, words), "--workers", "2", *options], stdout=subprocess.DEVNULL)
    watch = Watch(process.pid)
    watch.start()
    partial = output.with_name(f".{output.name}.partial")
    while kill_at is not None and process.poll() is None:
        if len(list(partial.glob("part-*.parquet"))) >= kill_at:
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.1)
    code = process.wait()
    watch.ended.set()
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the command ended with {code}")
    return {
        "wall_s": round(time.monotonic() - start, 1),
        "cpu_s": round(sum(watch.cpu.values()), 1),
        "peak_mb": round(watch.most_mb),
    }


def measure(folder: Path, series: int) -> dict[str, Any]:
    """Forecast one panel, killed and resumed, and compare parts of the result with the forecast in memory."""
    data, output = make(folder / f"series-{series}", series), folder / f"forecast-{series}"
    shutil.rmtree(output, ignore_errors=True)
    source = ParquetFiles.opened("benchmark", data)
    model = Forecaster(HORIZON, season=SEASON, method="prior", cutoffs=0).fit(source.part(0).frame[: 10 * LENGTH])
    model.save(folder / "model")
    used, load = time.process_time(), os.getloadavg()[0]
    whole = source.by_series()
    used = time.process_time() - used
    first = command(folder / "model", data, output, kill_at=len(whole) // 2)
    rest = command(folder / "model", data, output, "--resume")
    files = sorted(output.glob("part-*.parquet"))
    if len(files) != len(whole) or sum(pq.read_metadata(file).num_rows for file in files) != series * HORIZON:
        raise AssertionError("the forecast is not complete")
    for number in np.linspace(0, len(whole) - 1, min(COMPARED, len(whole))).astype(int).tolist():
        expected = model.predict(whole.part(number).frame)
        if not pd.read_parquet(files[number]).equals(expected):
            raise AssertionError(f"part {number} is not that of memory")
    return {
        "series": series,
        "values": series * LENGTH,
        "parts": len(whole),
        "data_mb": round(sum(path.stat().st_size for path in data.iterdir()) / 1e6, 1),
        "forecast_mb": round(sum(path.stat().st_size for path in files) / 1e6, 1),
        "until_the_kill": first,
        "resumed": rest,
        "wall_s": round(first["wall_s"] + rest["wall_s"], 1),
        "cpu_s": round(first["cpu_s"] + rest["cpu_s"], 1),
        "peak_mb": max(first["peak_mb"], rest["peak_mb"]),
        "cpu_s_per_million_series": round((first["cpu_s"] + rest["cpu_s"]) / series * 1e6, 1),
        "parts_equal_to_memory": min(COMPARED, len(whole)),
        "load_average_before": round(load, 1),
        "niceness": os.nice(0),
        "ids_cpu_s": round(used, 1),
        "model_kb": round((folder / "model").stat().st_size / 1e3),
    }


def peers(folder: Path, python: str, series: int) -> dict[str, Any]:
    """Forecast the first series with statsforecast in another environment, and with Elman before and after."""
    data = make(folder / f"series-{series}", series)
    sides: dict[str, Any] = {}
    for side in ("Elman", *PEER_MODELS, "Elman again"):
        if side.startswith("Elman"):
            output = folder / "beside"
            shutil.rmtree(output, ignore_errors=True)
            sides[side] = command(folder / "model", data, output)
        else:
            words = [python, str(Path(__file__).with_name("scale_peer.py")), str(data), side, str(HORIZON), str(SEASON)]
            sides[side] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    ours = (sides["Elman"]["cpu_s"] + sides["Elman again"]["cpu_s"]) / 2
    return {
        "series": series,
        "processes": 2,
        "sides": sides,
        "cpu_ratio_to_elman": {side: round(sides[side]["cpu_s"] / ours, 2) for side in PEER_MODELS},
        "cpu_s_per_million_series_scaled_up": {
            side: round(sides[side]["cpu_s"] / series * 1e6) for side in ("Elman", *PEER_MODELS)
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--series", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--peer", help="a Python with statsforecast")
    parser.add_argument("--peer-series", type=int, default=PEER_SERIES)
    options = parser.parse_args()
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {"sizes": {}}
    result = {
        "what": (
            "the untuned prior on monthly series of 100 values from Parquet files, 12 steps ahead, by the command with "
            "two workers, killed when half of the parts were written and resumed; memory is the sum of all processes"
        ),
        "machine": describe("pandas", "pyarrow", "joblib"),
        "sizes": known["sizes"],
        "peers": known.get("peers"),
    }
    for series in options.series:
        result["sizes"][str(series)] = measure(options.folder, series)
        RESULT.write_text(json.dumps(result, indent=1) + "\n")
    if options.peer is not None:
        result["peers"] = peers(options.folder, options.peer, options.peer_series)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
