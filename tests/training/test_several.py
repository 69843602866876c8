"""Several updates in one native call: the bits, the history and the interruptions of one after another."""

from __future__ import annotations

import _thread
import threading
from typing import Any

import numpy as np
import pytest

from elman.errors import TrainingError
from elman.training import Cosine, Plateau, Step, StretchBatches, Trainer, train_ensemble
from elman.training.stretches import BLOCK
from training.runs import WAVE, WINDOW, network, ordered_batches, random_batches, score, trainer

UPDATES = BLOCK + 20  # more than one block of random numbers
CASES: dict[str, dict[str, Any]] = {
    "lstm": {},
    "gru": {"cell": "gru"},
    "rnn": {"cell": "rnn", "activation": "sigmoid"},
    "two layers": {"cell": "gru", "num_layers": 2, "linear_skip": True, "dropout": 0.3, "recurrent_dropout": 0.2},
    "no bias": {"bias": False, "dropout": 0.3},
    "float64": {"dtype": np.float64, "linear_skip": True},
    "clipped": {"clip_norm": 0.05, "clip_value": 0.01, "weight_decay": 0.1},
    "momentum": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "clip_norm": 0.1},
    "rmsprop": {"optimizer": "rmsprop", "decay": 0.8, "schedule": Step(every=7, factor=0.5)},
    "huber": {"loss": "huber", "loss_parameter": 0.2, "reduction": "sum", "learning_rate": 1e-4},
    "one step back": {"loss": "half_squared_error", "bptt_depth": 1, "schedule": Cosine(warmup=5)},
    "short series": {"offsets": [0, 9, 40, 90], "linear_skip": True},
    "weights": {"offsets": [0, 9, 90], "weighted": True, "loss": "mean_absolute_error"},
    "validation": {"validate": score, "validate_every": 14, "patience": 3, "schedule": Plateau(patience=1)},
}
PARTS = ("num_layers", "linear_skip", "dropout", "recurrent_dropout", "bias", "activation")


def member(seed: int = 0, **case: Any) -> Trainer:
    parts = {name: case.pop(name) for name in PARTS if name in case}
    dtype = case.pop("dtype", np.float32)
    offsets, weight = case.pop("offsets", [0, 90]), np.abs(WAVE) if case.pop("weighted", False) else None
    batches = StretchBatches(
        WAVE, offsets, window=WINDOW, horizon=2, steps=8, batch_size=3, seed=seed, weight=weight, dtype=dtype
    )
    model = network(case.pop("cell", "lstm"), seed, dtype, **parts)
    return trainer(batches, network=model, **{"updates": UPDATES, "seed": seed, **case})


def one_by_one(run: Trainer) -> Trainer:
    """Return the trainer with a callback, which is called after every single update."""
    run.callbacks = (lambda trainer: None,)
    return run


def assert_equal(actual: Trainer, expected: Trainer) -> None:
    assert actual.history == expected.history
    one, other = (run.state().to_arrays() for run in (actual, expected))
    assert one[0].keys() == other[0].keys()
    assert one[1] == other[1]
    for name, array in other[0].items():
        np.testing.assert_array_equal(one[0][name], array, err_msg=name)
    np.testing.assert_array_equal(actual.network.theta, expected.network.theta)


@pytest.mark.parametrize("name", CASES)
def test_the_bits_of_one_after_another(name: str) -> None:
    alone = [one_by_one(member(seed, **CASES[name])) for seed in range(5)]
    for run in alone:
        run.run()
    for models in (1, 2, 5):
        for n_threads in (1, 2):
            together = [member(seed, **CASES[name]) for seed in range(models)]
            train_ensemble(together, n_threads=n_threads)
            for actual, expected in zip(together, alone, strict=False):
                assert_equal(actual, expected)


def test_a_run_that_is_cut_anywhere_goes_on() -> None:
    whole = member(validate=score, validate_every=7, dropout=0.3)
    whole.run()
    for stop in (1, 7, 30, BLOCK, BLOCK + 1):
        first = member(validate=score, validate_every=7, dropout=0.3)
        first.run(until=stop)
        assert first.update == stop
        second = member(validate=score, validate_every=7, dropout=0.3, state=first.state())
        second.run()
        assert_equal(second, whole)


def test_an_interrupt_in_the_call_keeps_whole_updates() -> None:
    run = member(updates=10**6)
    pressed = threading.Timer(0.3, _thread.interrupt_main)
    pressed.start()
    with pytest.raises(KeyboardInterrupt):
        run.run()
    pressed.join()
    assert 0 < run.update < 10**6
    assert len(run.history.loss) == len(run.history.gradient_norm) == len(run.history.learning_rate) == run.update
    other = one_by_one(member(updates=10**6))
    other.run(until=run.update)
    assert_equal(run, other)
    run.run(until=run.update + 3)


@pytest.mark.parametrize("what", ["loss", "norm of the gradient"])
def test_the_error_is_that_of_one_after_another(what: str) -> None:
    values, ends = WAVE.copy(), []
    if what == "loss":
        values[1] = np.nan  # few stretches begin there
    batches = StretchBatches(values, [0, 90], window=WINDOW, horizon=2, steps=4, batch_size=1, seed=1, dtype=np.float64)
    for prepare in (one_by_one, lambda run: run):
        model = network(dtype=np.float64)
        if what != "loss":
            model.parameters["output.b_y"][:] = 5e153  # eight squares have a sum, but not those of four times as much
        run = trainer(batches, network=model, updates=200, loss="half_squared_error", reduction="sum")
        with pytest.raises(TrainingError, match=f"the {what} is (nan|inf) at update"):
            prepare(run).run()
        ends.append(run)
    assert (ends[0].update > 0) == (what == "loss")
    assert_equal(*ends)


def test_what_the_native_call_lacks_is_trained_one_by_one() -> None:
    for run in (
        trainer(ordered_batches()),
        trainer(random_batches(), network=network(bidirectional=True)),
        trainer(random_batches(), network=network(dense=(3,))),
        trainer(random_batches(), network=network(cell="lstm", projection_size=2)),
        trainer(random_batches(), network=network(layer_norm=True)),
        trainer(random_batches(), average=0.9),
        trainer(random_batches(), recompute=3),
    ):
        seen = []
        run.watchers = (lambda trainer, seen=seen: seen.append(trainer.update),)
        run.run()
        assert seen == list(range(1, 11))


def test_watchers_are_called_between_calls_and_callbacks_after_every_update() -> None:
    seen: list[int] = []
    run = member(validate=score, validate_every=21)
    run.watchers = (lambda trainer: seen.append(trainer.update),)
    run.run()
    assert seen[-1] == UPDATES
    assert len(seen) < UPDATES
    assert {21, 42, 63} <= set(seen)  # a validation is due
    every: list[int] = []
    run = member()
    run.callbacks = (lambda trainer: every.append(trainer.update),)
    run.run()
    assert every == list(range(1, UPDATES + 1))
