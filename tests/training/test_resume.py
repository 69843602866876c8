"""A run that is saved, restored and continued gives the bits of an uninterrupted one."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import numpy as np
import pytest

from covering import covering
from elman.errors import ArgumentError, FileFormatError
from elman.training import Constant, Cosine, Plateau, Settings, Step, Trainer, TrainingState
from training.runs import network, ordered_batches, random_batches, score, trainer

SCHEDULES = [Constant(), Step(every=3, factor=0.5), Cosine(warmup=2), Plateau(patience=1)]
OPTIMIZERS = ["sgd", "rmsprop", "adam"]
RUNS = {  # the schedule by its place
    run: run for run in product(("rnn", "lstm", "gru"), OPTIMIZERS, range(len(SCHEDULES)), (0.0, 0.3), (False, True))
}


def through_a_file(state: TrainingState) -> TrainingState:
    """Return the state as after a file: bytes of arrays, and metadata as JSON."""
    arrays, metadata = state.to_arrays()
    copies = {name: np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape) for name, array in arrays.items()}
    return TrainingState.from_arrays(copies, json.loads(json.dumps(metadata)))


def assert_same(actual: Trainer, expected: Trainer) -> None:
    assert actual.history == expected.history
    assert actual.update == expected.update
    (arrays, metadata), (others, other) = actual.state().to_arrays(), expected.state().to_arrays()
    assert metadata == other
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, others[name], err_msg=name)
    np.testing.assert_array_equal(actual.network.theta, expected.network.theta)


@pytest.mark.parametrize(("cell", "optimizer", "place", "dropout", "carried"), covering(RUNS))
def test_every_combination_of_three_settings(
    cell: str, optimizer: str, place: int, dropout: float, carried: bool
) -> None:
    def start(state: TrainingState | None = None, seed: int = 0) -> Trainer:
        model = network(cell, seed, num_layers=2, dropout=dropout, recurrent_dropout=dropout)
        batches = ordered_batches() if carried else random_batches()
        options = {"validate": score, "validate_every": 3, "patience": 3, "updates": 12, "seed": 4}
        return trainer(batches, network=model, optimizer=optimizer, schedule=SCHEDULES[place], state=state, **options)

    whole = start()
    whole.run()
    for pause in (1, 3, 5):  # before any validation, at an epoch's end and validation, in the middle of an epoch
        first = start()
        first.run(until=pause)
        second = start(through_a_file(first.state()), seed=99)  # the network's own values must not matter
        second.run()
        assert_same(second, whole)


def test_at_every_update_and_over_again() -> None:
    whole = trainer(ordered_batches(), validate=score)
    whole.run()
    state = None
    for update in range(1, 11):
        run = trainer(ordered_batches(), network=network(seed=update - 1), validate=score, state=state)
        run.run(until=update)
        state = through_a_file(run.state())
    assert_same(run, whole)


def test_early_stopping_is_remembered() -> None:
    options = {"validate": lambda _: 1.0, "validate_every": 2, "patience": 2, "updates": 100}
    whole, first = trainer(**options), trainer(**options)
    whole.run()
    assert whole.update == 6
    first.run(until=4)
    second = trainer(**options, state=through_a_file(first.state()))
    second.run()
    assert_same(second, whole)
    third = trainer(**options, state=through_a_file(second.state()))
    assert third.finished
    third.run()
    assert_same(third, whole)


def test_a_state_saved_after_the_end_holds_the_current_parameters_and_the_best() -> None:
    run = trainer(validate=lambda net: -run.update, validate_every=5)
    run.run()
    state = run.state()
    np.testing.assert_array_equal(state.best, run.network.theta)
    other = trainer(validate=lambda net: other.update, validate_every=5)
    other.run()
    state = other.state()
    np.testing.assert_array_equal(state.best, other.network.theta)
    np.testing.assert_array_equal(state.theta, run.network.theta)  # both went the same way


def test_states_share_no_memory_with_the_run() -> None:
    run = trainer(ordered_batches(), validate=score)
    run.run(until=4)
    state = run.state()
    before = {name: array.copy() for name, array in state.to_arrays()[0].items()}
    other = trainer(ordered_batches(), validate=score, state=state)
    run.run()
    other.run()
    for name, array in state.to_arrays()[0].items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"cell": "gru"}, "Trainer: the state to continue from has length of theta (212,), this run has (167,)."),
        ({"optimizer": "sgd"}, "Trainer: the state to continue from has optimizer adam, this run has sgd."),
        ({"seed": 1}, "Trainer: the state to continue from has seed 0, this run has 1."),
        (
            {"network": network(dtype=np.float64)},
            "Trainer: the state to continue from has dtype float32, this run has float64.",
        ),
    ],
    ids=["network", "optimizer", "seed", "dtype"],
)
def test_a_state_of_another_run_is_refused(changes: dict[str, object], text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        trainer(state=trainer().state(), **changes)
    assert str(caught.value) == text


def damaged(name: str) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    arrays, metadata = trainer(ordered_batches(), validate=score).state().to_arrays()
    if name == "missing array":
        del arrays["optimizer.m"]
    elif name == "unknown array":
        arrays["optimizer.square"] = arrays["theta"]
    elif name == "short vector":
        arrays["optimizer.m"] = arrays["optimizer.m"][1:]
    elif name == "history":
        arrays["history.loss"] = np.zeros(3)
    elif name == "history dtype":
        arrays["history.score"] = np.zeros(0, np.float32)
    elif name == "unknown field":
        metadata["epoch"] = 1
    elif name == "wrong type":
        metadata["update"] = True
    else:
        metadata["update"] = -1
    return arrays, metadata


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("missing array", "TrainingState: array 'optimizer.m' is missing."),
        ("unknown array", "TrainingState: unknown array 'optimizer.square'."),
        ("short vector", "TrainingState: optimizer.m must be like theta, float32 (212,)."),
        ("history", "TrainingState: history.loss must be float64 (0,)."),
        ("history dtype", "TrainingState: history.score must be float64 (0,)."),
        (
            "unknown field",
            (
                "TrainingState: needs the fields ['optimizer', 'seed', 'update'], got "
                "['epoch', 'optimizer', 'seed', 'update']."
            ),
        ),
        ("wrong type", "TrainingState: update must be int, got True."),
        ("impossible", "TrainingState: impossible values {'optimizer': 'adam', 'update': -1, 'seed': 0}."),
    ],
)
def test_damaged_states_are_refused(name: str, text: str) -> None:
    with pytest.raises(FileFormatError) as caught:
        TrainingState.from_arrays(*damaged(name))
    assert str(caught.value) == text


def test_the_running_mean_of_the_parameters_is_part_of_a_state() -> None:
    whole = trainer(average=0.9)
    mean, seen = whole.network.theta.copy(), []
    whole.callbacks = (lambda own: seen.append(own.network.theta.copy()),)
    whole.run()
    for update, theta in enumerate(seen, start=1):
        mean += (1 - min(0.9, update / (update + 19))) * (theta - mean)
    np.testing.assert_allclose(whole.average, mean, rtol=1e-6)
    first = trainer(average=0.9)
    first.run(until=4)
    second = trainer(average=0.9, state=through_a_file(first.state()))
    second.run()
    assert_same(second, whole)
    np.testing.assert_array_equal(second.average, whole.average)
    assert trainer().average is None


def test_any_network_can_be_trained_whose_loss_pass_fills_a_gradient() -> None:
    class Parabola:
        """theta² / 2, whatever the batch."""

        theta, gradient = np.array([3.0, -4.0]), np.empty(2)

        def __call__(self, batch: object, start: object, update: int, n_threads: int) -> tuple[float, None]:
            self.gradient[...] = self.theta
            return float(self.theta @ self.theta) / 2, None

    parabola = Parabola()
    settings = Settings(updates=2, optimizer="sgd", learning_rate=0.5)
    assert Trainer(parabola, random_batches(), settings, loss_pass=parabola).run().loss == [12.5, 3.125]
    assert parabola.theta.tolist() == [0.75, -1.0]


@pytest.mark.parametrize("kind", ["carried state", "best parameters", "average", "stopped"])
def test_a_trainer_that_has_run_continues_as_a_new_one(kind: str) -> None:
    """`resume_from` discards the previous run: tape, best parameters, average and a request to stop."""
    options: dict[str, Any] = {"updates": 12}
    if kind == "best parameters":
        options |= {"validate": lambda model: float(np.square(model.theta).sum()), "validate_every": 2}
    if kind == "average":
        options |= {"average": 0.9}

    def make() -> Trainer:
        return trainer(ordered_batches(), "lstm", **options)

    first = make()
    first.run(until=4)
    state = first.state()
    used, fresh = make(), make()
    used.run(until=7 if kind != "best parameters" else None)
    if kind == "stopped":
        used.stop()
    for one in (used, fresh):
        one.resume_from(state)
    assert used.first_theta.tobytes() == fresh.first_theta.tobytes()
    assert used.run().to_arrays()["loss"].tobytes() == fresh.run().to_arrays()["loss"].tobytes()
    assert used.network.theta.tobytes() == fresh.network.theta.tobytes()
    assert used.state().theta.tobytes() == fresh.state().theta.tobytes()
    if kind == "average":
        assert used.average is not None and fresh.average is not None
        assert used.average.tobytes() == fresh.average.tobytes()


def test_any_absurd_array_of_a_state_is_refused() -> None:
    """Raise the error after which a run uses an older state."""
    one = trainer(ordered_batches(), validate=score, validate_every=2)
    one.run(until=4)
    arrays, metadata = one.state().to_arrays()
    required = [name for name in arrays if name not in ("best", "carried.c")]
    for name in arrays:
        for value in (
            np.zeros(()),
            np.zeros((1, 2, 3, 4)),
            np.zeros(3, np.int64),
            *([None] if name in required else []),
        ):
            changed = {**arrays, name: value} if value is not None else {n: arrays[n] for n in arrays if n != name}
            with pytest.raises(FileFormatError):
                TrainingState.from_arrays(changed, metadata)
