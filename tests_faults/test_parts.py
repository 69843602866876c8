"""Kill -9 of workers and of the whole run at random moments of a forecast of Parquet files."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from elman import Forecaster

SERIES, LENGTH = 16_000, 100
WORKERS_KILLED, RUNS_KILLED = 20, 10


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict[str, bytes]]:
    """The command but for its output, and what it writes if nothing happens."""
    home = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(SERIES), LENGTH),
            "ds": np.tile(pd.date_range("2016-01-01", periods=LENGTH, freq="MS"), SERIES),
            "y": np.exp(rng.normal(size=SERIES * LENGTH).cumsum() / 1e4),
        }
    )
    frame.to_parquet(home / "data.parquet", row_group_size=300_000)
    (home / "data").mkdir()
    (home / "data.parquet").rename(home / "data" / "0.parquet")
    Forecaster(12, method="prior", cutoffs=0).fit(frame[: 20 * LENGTH]).save(home / "model")
    words = [
        sys.executable,
        "-m",
        "elman",
        "predict",
        str(home / "model"),
        str(home / "data"),
        "--quiet",
        "--workers",
        "2",
    ]
    subprocess.run([*words, "--output", str(home / "whole")], check=True, capture_output=True)
    return words, written(home / "whole")


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def workers_of(pid: int) -> list[int]:
    """Return the worker processes that a run has started so far."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").glob("*/children"))
        children = [int(child) for task in tasks for child in task.read_text().split()]
        return [child for child in children if "Loky" in Path(f"/proc/{child}/cmdline").read_text()]
    except OSError:
        return []


def test_killed_workers_change_nothing(
    run: tuple[list[str], dict[str, bytes]], tmp_path: Path, count: Callable[..., None]
) -> None:
    words, expected = run
    rng, killed, runs = random.Random(0), 0, 0
    while killed < WORKERS_KILLED or runs == 0:
        output = tmp_path / str(runs)
        process = subprocess.Popen([*words, "--output", str(output), "--resume"], stdout=subprocess.DEVNULL)
        for _ in range(4):
            while process.poll() is None and not workers_of(process.pid):
                time.sleep(0.1)
            time.sleep(rng.uniform(0.0, 4.0))
            if process.poll() is None and (workers := workers_of(process.pid)):
                os.kill(rng.choice(workers), signal.SIGKILL)
                killed += 1
                time.sleep(4.0)  # some part ends
        if process.wait() == 1:  # killed five times before a part was ready: one error, and no result
            assert not output.exists()
            continue
        assert (process.returncode, written(output)) == (0, expected)
        runs += 1
    count("workers killed while they forecast parts", killed)


def test_killed_runs_go_on(run: tuple[list[str], dict[str, bytes]], tmp_path: Path, count: Callable[..., None]) -> None:
    words, expected = run
    rng, killed, output = random.Random(1), 0, tmp_path / "out"
    while killed < RUNS_KILLED:
        process = subprocess.Popen([*words, "--output", str(output), "--resume"], stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(1.0, 9.0))
        workers = workers_of(process.pid)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        for _ in range(300):  # a worker that has just begun ends when it has loaded its packages
            if not any(Path(f"/proc/{pid}").exists() for pid in workers):
                break
            time.sleep(0.1)
        assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []
        if output.exists():  # then it is whole, even if the kill came at the very end
            assert written(output) == expected
            for path in output.iterdir():
                path.unlink()
            output.rmdir()
    subprocess.run([*words, "--output", str(output), "--resume"], check=True, stdout=subprocess.DEVNULL)
    assert written(output) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    count("forecasts of files killed and resumed", killed)
