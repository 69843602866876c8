"""Ctrl-C ends the work on the cluster too, and leaves no process behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from engines import ENGINES

PROGRAM = """
import sys, warnings
import dask.dataframe as dd, numpy as np, pandas as pd
from dask.distributed import Client
from elman import Forecaster
warnings.simplefilter("ignore")
frame = pd.DataFrame({"unique_id": np.repeat(np.arange(30000), 60), "ds": np.tile(np.arange(60), 30000), "y": 5.0})
frame["y"] += np.random.default_rng(0).random(len(frame))
with Client(sys.argv[1]):
    model = Forecaster(12, season=12, method="prior", cutoffs=0).fit(frame[:600])
    forecast = model.predict(dd.from_pandas(frame, npartitions=300))
    print("begins", flush=True)
    forecast.compute()
"""
LONG = [sys.executable, str(Path(__file__).with_name("work.py"))]


@pytest.mark.parametrize("name", ENGINES)
def test_an_interrupted_program_leaves_no_process(name: str) -> None:
    run = subprocess.Popen([*LONG, name, "long"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline() == b"begins\n"
    time.sleep(3)
    started = psutil.Process(run.pid).children(recursive=True)
    assert started
    run.send_signal(signal.SIGINT)
    out, errors = run.communicate(timeout=120)
    assert run.returncode != 0
    assert b"ends" not in out
    assert b"KeyboardInterrupt" in errors
    _, alive = psutil.wait_procs(started, timeout=60)
    assert not alive


def test_an_interrupted_computation_ends_on_a_dask_cluster_that_stays(tmp_path: Path) -> None:
    from dask.distributed import Client, LocalCluster

    (tmp_path / "program.py").write_text(PROGRAM)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster) as client:
        command = [sys.executable, str(tmp_path / "program.py"), cluster.scheduler_address]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert run.stdout is not None and run.stdout.readline() == b"begins\n"
        while not any(client.processing().values()):
            time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=120)
        assert run.returncode != 0 and b"KeyboardInterrupt" in errors
        patience = time.monotonic() + 120  # tasks that have begun are finished
        while any(client.processing().values()) and time.monotonic() < patience:
            time.sleep(0.1)
        assert not any(client.processing().values())
        assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0
