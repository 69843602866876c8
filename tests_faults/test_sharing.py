"""Several processes on one file, several threads on one model, a fork after a fit, a save over what was loaded."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from elman import load
from elman.persistence import load_arrays, save_arrays
from golden.models import MODELS, answer

ESTIMATORS = [name for name in MODELS if not name.startswith("network")]


def child(work: Callable[[], object]) -> int:
    """Do something in a forked process, which may take a minute, and return its id."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(60)
            work()
            code = 0
        finally:
            os._exit(code)
    return process


def finished(*processes: int) -> None:
    assert [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes] == [0] * len(processes)


def test_writers_and_readers_of_one_file(tmp_path: Path, count: Callable[..., None]) -> None:
    path = tmp_path / "model"
    save_arrays(path, {"theta": np.zeros(10_000)}, {"writer": 0})

    def write(number: int) -> None:
        for _ in range(200):
            save_arrays(path, {"theta": np.full(10_000, float(number))}, {"writer": number})

    writers = [child(lambda number=number: write(number)) for number in (1, 2, 3, 4)]
    seen, reads = set(), 0
    while os.waitid(os.P_PID, writers[0], os.WEXITED | os.WNOHANG | os.WNOWAIT) is None or reads < 200:
        arrays, metadata = load_arrays(path)
        assert (arrays["theta"] == metadata["writer"]).all()
        seen.add(metadata["writer"])
        reads += 1
    finished(*writers)
    assert len(seen) > 1 and os.listdir(tmp_path) == ["model"]
    count("four writers: saves to one file", 800)
    count("four writers: loads in between, all whole", reads)


@pytest.mark.parametrize("name", MODELS)
def test_save_over_the_file_just_loaded(name: str, tmp_path: Path, count: Callable[..., None]) -> None:
    path = tmp_path / "model"
    MODELS[name]().save(path)
    before = path.read_bytes()
    for _ in range(5):
        model = load(path)
        model.save(path)
        assert path.read_bytes() == before
        assert answer(model) == answer(load(path))
    count("save over the file just loaded: times", 5)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fork_after_fit(name: str, count: Callable[..., None]) -> None:
    model = MODELS[name]()
    if "n_threads" in model.get_params(deep=False):  # a simple method has NumPy's threads alone
        model.set_params(n_threads=4)
    expected = answer(model)

    def predict() -> None:
        assert answer(model) == expected
        assert answer(MODELS[name]()) == expected  # trains in the child

    for _ in range(5):
        finished(child(predict), child(predict))
        assert answer(model) == expected
    count("fork after fit: children that predicted and trained", 10)


@pytest.mark.parametrize("name", MODELS)
def test_eight_threads_on_one_model(name: str, count: Callable[..., None]) -> None:
    model = MODELS[name]()
    expected = answer(model)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: answer(model), range(80)):
            assert found == expected
    count("eight threads: predictions, equal to the serial bits", 80)
