"""Whatever runs on several threads, for ThreadSanitizer to watch: the pool, ensembles, one model used by many."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import Forecaster, SequenceClassifier
from elman.engine import kernels
from elman.network import Architecture, Network
from elman.training import Checkpoints, Settings, StretchBatches, Trainer, train_ensemble

WAVE = np.sin(np.arange(200.0) / 3.0)[:, np.newaxis]
X = np.sin(np.arange(12 * 64 * 3.0)).reshape(12, 64, 3).astype(np.float32)


def network(cell: str, **options: Any) -> Network:
    return Network.initialized(Architecture(3, 2, cell=cell, hidden_size=9, num_layers=2, **options), seed=1)


def together(work: Callable[[], Any], times: int = 8) -> list[Any]:
    with ThreadPoolExecutor(times) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(times)]]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_calls_on_four_threads_each_from_eight(cell: str, bidirectional: bool) -> None:
    model = network(cell, bidirectional=bidirectional)
    expected = model.predict(X, n_threads=1)
    for found in together(lambda: model.predict(X, n_threads=4)):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_gradients_on_four_threads_each_from_four(cell: str) -> None:
    def gradient(n_threads: int = 4) -> np.ndarray:
        model = network(cell)
        tape = model.forward(X, n_threads=n_threads)
        return model.backward(tape, np.ones_like(tape.o), n_threads=n_threads).copy()

    for found in together(gradient, 4):
        np.testing.assert_array_equal(found, gradient(1))


@pytest.mark.parametrize("n_threads", [1, 4, 8])
def test_ensembles_with_states_on_the_disk(n_threads: int, tmp_path: Path) -> None:
    batches = StretchBatches(WAVE, [0, 200], window=4, horizon=2, steps=8)

    def member(seed: int) -> Trainer:
        architecture = Architecture(4, 2, hidden_size=5, dropout=0.2)
        settings = Settings(updates=10, seed=seed)
        return Trainer(Network.initialized(architecture, seed=seed), batches.with_seed(seed), settings)

    trainers = [member(seed) for seed in range(4)]
    with Checkpoints(tmp_path, {}, seconds=0):
        train_ensemble(trainers, n_threads=n_threads)
    assert [trainer.update for trainer in trainers] == [10] * 4


def test_estimators() -> None:
    forecaster = Forecaster(
        2, method="network", season=4, window=5, steps=8, updates=5, ensemble_size=3, n_threads=4, random_state=1
    )
    forecaster.fit(WAVE[:, 0])
    for found in together(forecaster.predict):
        np.testing.assert_array_equal(found, forecaster.predict())
    sequences = list(WAVE.reshape(20, 10, 1))
    classifier = SequenceClassifier(updates=5, ensemble_size=3, n_threads=4, random_state=1)
    classifier.fit(sequences, np.arange(20) % 2)
    together(lambda: classifier.predict(sequences))


def test_levels_change_while_others_compute() -> None:
    model, stop = network("gru"), threading.Event()

    def change() -> None:
        while not stop.is_set():
            for level in kernels.isa_levels():
                kernels.use_isa(level)

    before = kernels.isa()
    thread = threading.Thread(target=change)
    thread.start()
    try:
        together(lambda: model.predict(X, n_threads=2))
    finally:
        stop.set()
        thread.join()
        kernels.use_isa(before)
