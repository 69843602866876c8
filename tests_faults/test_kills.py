"""Two hundred times kill -9 at a random moment of a training; what is taken up ends as if nothing had happened."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from elman import Forecaster, SequenceClassifier, SequenceRegressor, SequenceTagger
from elman.persistence import load_arrays
from elman.training.checkpoints import Checkpoints
from golden.models import SEQUENCES, SERIES

KILLS = 200
MOST = 40  # kills of one run
SMALL: dict[str, Any] = {"hidden_size": 4, "random_state": 1, "n_threads": 2}
LABELS = [x[:, 0].mean() > 0 for x in SEQUENCES]
TASKS: dict[str, Callable[[], tuple[Any, tuple[Any, ...]]]] = {
    "forecaster": lambda: (
        Forecaster(3, method="network", season=6, window=7, steps=8, updates=250, dropout=0.2, **SMALL),
        (SERIES,),
    ),
    "forecaster that chooses": lambda: (
        Forecaster(
            3, method="network", season=6, steps=8, updates=60, cell="gru", validation=True, carry_state=True, **SMALL
        ),
        (SERIES,),
    ),
    "classifier": lambda: (
        SequenceClassifier(updates=250, early_stopping=True, patience=60, batch_size=5, **SMALL),
        (SEQUENCES, LABELS),
    ),
    "regressor": lambda: (
        SequenceRegressor(updates=250, cell="rnn", optimizer="sgd", learning_rate=0.01, batch_size=5, **SMALL),
        (SEQUENCES, [x.mean() for x in SEQUENCES]),
    ),
    "tagger": lambda: (
        SequenceTagger(updates=250, cell="lstm", recurrent_dropout=0.2, batch_size=5, **SMALL),
        (SEQUENCES, [x[:, 0] > 0 for x in SEQUENCES]),
    ),
}


def fit(task: str, folder: Path) -> Any:
    """Train, with a state after every update, and return what the result is."""
    model, data = TASKS[task]()
    with Checkpoints(folder, {"task": task}, resume=True, seconds=0):
        model.fit(*data)
    return answers(model)


def answers(model: Any) -> list[Any]:
    return [[network.theta for network in model.networks_], [vars(history) for history in model.history_]]


def killed(task: str, folder: Path, seconds: float) -> bool:
    """Train in a child, and kill it after so many seconds; False if it came to its end before."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            fit(task, folder)
            code = 0
        finally:
            os._exit(code)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL), "the training itself failed"
    return code != 0


def test_two_hundred_kills(tmp_path: Path, count: Callable[..., None]) -> None:
    expected = {}
    for task, make in TASKS.items():
        model, data = make()
        expected[task] = answers(model.fit(*data))
    rng = np.random.default_rng(7)
    kills = 0
    for number, task in enumerate(cycle(TASKS)):
        folder = tmp_path / str(number)
        for _ in range(MOST):
            if not killed(task, folder, float(rng.uniform(0.0, 0.25))):
                break
            kills += 1
            states = list(folder.glob("*.elman")) if folder.exists() else []
            for path in states:
                load_arrays(path)  # never half a file
            count("kill -9: states on the disk, all whole", len(states))
            count("kill -9: half-written temporary files", len(list(folder.glob(".elman-*"))) if folder.exists() else 0)
        np.testing.assert_equal(fit(task, folder), expected[task])
        count("kill -9: runs taken up, equal to one that never stopped in every bit")
        if kills >= KILLS and number >= len(TASKS) - 1:
            break
    count("kill -9: kills", kills)
