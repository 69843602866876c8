"""Work shared among joblib's workers: the same bits as in one process, whatever the backend."""

from __future__ import annotations

import threading
import time
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from elman.engine.runtime import isa, use_isa
from elman.errors import ElmanWarning, Remedy, TrainingError
from elman.training import Checkpoints, Progress, Trainer, ensemble, train_ensemble
from elman.training.jobs import inside_task, run_all, stopping, workers
from training.runs import network, ordered_batches, random_batches, score, trainer

# When workers are killed, a thread of joblib may find its list of tasks emptied; nothing follows from that.
pytestmark = pytest.mark.filterwarnings("ignore:Exception in thread ExecutorManagerThread")

BACKENDS = ("threading", "loky")


def squared(number: int, n_threads: int | None) -> tuple[int, int | None, bool]:
    warnings.warn(ElmanWarning("numbers are squared", Remedy("cube them")), stacklevel=2)
    return number**2, n_threads, inside_task()


def level_of(_: int | None) -> str:
    return isa()


def failing(n_threads: int | None) -> None:
    raise TrainingError("the loss is nan", Remedy(clip_norm=1.0))


class Square:
    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, n_threads: int | None) -> Any:
        return squared(self.number, n_threads)


def members(**options: Any) -> list[Trainer]:
    """Return runs of unlike networks: dropout, early stopping, a carried state, and one that is shorter."""
    source = random_batches()
    scored = {"validate": score, "validate_every": 3, "patience": 4, "learning_rate": 0.1}
    made = [trainer(source.with_seed(seed), network=network("gru", seed, dropout=0.2), seed=seed) for seed in range(2)]
    made.append(trainer(source.with_seed(5), network=network("rnn", 5), seed=5, updates=400, **scored))
    made.append(trainer(ordered_batches(), network=network("lstm", 6), seed=6, updates=4, average=0.9))
    return made


def test_without_a_block_nothing_is_shared() -> None:
    assert workers() is None
    with joblib.parallel_config("loky", n_jobs=1):
        assert workers() is None
    with pytest.warns(ElmanWarning, match="squared"):
        assert run_all([Square(2), Square(3)], 5) == [(4, 5, False), (9, 5, False)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_results_come_in_order_and_threads_are_shared_out(backend: str) -> None:
    came: list[tuple[int, Any]] = []
    with joblib.parallel_config(backend, n_jobs=2), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results = run_all([Square(i) for i in range(5)], 6, lambda *result: came.append(result))
    assert results == [(i**2, 3, True) for i in range(5)]
    assert sorted(came) == list(enumerate(results))
    assert {str(warning.message) for warning in caught} == {"numbers are squared Cube them."}
    if backend == "loky":
        assert len(caught) == 1  # not once per task


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_first_error_comes_back_whole_and_workers_serve_again(backend: str) -> None:
    with joblib.parallel_config(backend, n_jobs=2):
        with pytest.raises(TrainingError, match=r"^the loss is nan\n?.*clip_norm=1.0"):
            run_all([failing, failing, failing])
        assert run_all([level_of] * 4) == [isa()] * 4


def test_other_processes_use_the_level_of_this_one() -> None:
    usual = isa()
    use_isa("generic")
    try:
        with joblib.parallel_config("loky", n_jobs=2):
            assert run_all([level_of] * 2) == ["generic"] * 2
    finally:
        use_isa(usual)


def test_threads_stop_after_an_interrupt() -> None:
    seen = threading.Event()

    def waiting(n_threads: int | None) -> None:
        seen.set()
        while not stopping():
            time.sleep(0.01)

    def pressing(n_threads: int | None) -> None:
        assert seen.wait(60)
        raise KeyboardInterrupt

    with joblib.parallel_config("threading", n_jobs=2), pytest.raises(KeyboardInterrupt):
        run_all([waiting, pressing])


@pytest.mark.parametrize("backend", BACKENDS)
def test_networks_have_the_bits_of_one_process(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble, "_SECONDS", 0.0)  # a state comes back after every update
    here, there = members(), members()
    train_ensemble(here, n_threads=1)
    bars: list[Progress] = []
    monkeypatch.setattr(ensemble, "Progress", lambda *total, **options: bars.append(Progress(*total)) or bars[-1])
    with joblib.parallel_config(backend, n_jobs=2):
        train_ensemble(there, n_threads=2)
    for one, other in zip(there, here, strict=True):
        assert one.history == other.history and one.finished
        np.testing.assert_array_equal(one.network.theta, other.network.theta)
        np.testing.assert_array_equal(one.state().theta, other.state().theta)
        np.testing.assert_array_equal(one.first_theta, other.first_theta)
    assert bars[0].done == sum(run.update for run in there)


def test_checkpoints_of_workers_are_those_of_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble, "_SECONDS", 0.0)
    alone, first, again = members(), members(), members()
    train_ensemble(alone)
    taken, real = [], Trainer.take

    def take(run: Trainer, state: Any) -> None:
        real(run, state)
        taken.append(run)
        if len(taken) == 5:
            raise KeyboardInterrupt

    with joblib.parallel_config("loky", n_jobs=2):
        with monkeypatch.context() as patch, Checkpoints(tmp_path / "runs", {"what": "a test"}):
            patch.setattr(Trainer, "take", take)
            with pytest.raises(KeyboardInterrupt):
                train_ensemble(first)
        for run in first:  # what came back is kept
            assert run.update > 0 and np.isfinite(run.network.theta).all()
        with Checkpoints(tmp_path / "runs", {"what": "a test"}, resume=True):
            train_ensemble(again)
    for one, other in zip(again, alone, strict=True):
        assert one.history == other.history
        np.testing.assert_array_equal(one.network.theta, other.network.theta)


def test_callbacks_stay_in_this_process() -> None:
    seen: list[int] = []
    runs = members()
    runs[0].callbacks = (lambda run: seen.append(run.update),)
    with joblib.parallel_config("loky", n_jobs=2):
        train_ensemble(runs)
    assert seen == list(range(1, 11))
