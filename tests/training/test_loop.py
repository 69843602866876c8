"""Updates, the end of a run, and its results."""

from __future__ import annotations

import os
import re
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest

from elman import reference
from elman.errors import ArgumentError, ShapeError, TrainingError
from elman.network import Architecture, DropoutKey, Network
from elman.training import Batch, Cosine, History, OrderedStretches, Plateau, Settings, StretchBatches, Trainer
from tolerances import assert_close
from training.runs import network, ordered_batches, random_batches, score, trainer


class Scores:
    """A validation that returns given scores."""

    def __init__(self, *scores: float) -> None:
        self.scores = list(scores)
        self.thetas: list[np.ndarray] = []

    def __call__(self, network) -> float:
        self.thetas.append(network.theta.copy())
        return self.scores[len(self.thetas) - 1]


class Spoiled:
    """Batches whose targets stop being finite at one update."""

    epoch_length = None

    def __init__(self, at: int) -> None:
        self.at = at

    def batch(self, update: int) -> Batch:
        batch = random_batches().batch(update)
        return batch._replace(y=batch.y * np.float32(np.inf)) if update == self.at else batch


OPTIMIZERS = {
    "sgd": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "rmsprop": {"optimizer": "rmsprop", "decay": 0.8, "epsilon": 1e-6},
    "adam": {"optimizer": "adam", "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-6, "weight_decay": 0.01},
}


@pytest.mark.parametrize("clip", [{}, {"clip_norm": 0.1}, {"clip_value": 0.02}, {"clip_norm": 0.1, "clip_value": 0.05}])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_updates_are_those_of_the_reference(optimizer: str, clip: dict[str, float]) -> None:
    model = network(dtype=np.float64, dropout=0.2)
    options = OPTIMIZERS[optimizer]
    settings = Settings(updates=4, learning_rate=0.05, schedule=Cosine(), seed=5, reduction="sum", **options, **clip)
    run = Trainer(model, random_batches(dtype=np.float64), settings)
    theta, mirror = model.theta.copy(), model.copy()
    vectors = [np.zeros_like(theta), np.zeros_like(theta)]
    for update in range(4):
        run.run(until=update + 1)
        batch = random_batches(dtype=np.float64).batch(update)
        mirror.theta[...] = theta
        tape = mirror.forward(batch.x, dropout_key=DropoutKey(5, update))
        loss, do = reference.mean_squared_error(tape.o, batch.y, reduction="sum")
        gradient = mirror.backward(tape, do).copy()
        assert_close(run.history.loss[-1], loss, "loss")
        assert_close(run.history.gradient_norm[-1], np.linalg.norm(gradient), "same sums")
        gradient = np.clip(gradient, -clip.get("clip_value", np.inf), clip.get("clip_value", np.inf))
        gradient *= min(1.0, clip.get("clip_norm", np.inf) / np.linalg.norm(gradient))
        learning_rate = 0.05 * Cosine().scale(update, 4)
        assert run.history.learning_rate[-1] == learning_rate
        _step(options, theta, gradient, vectors, update, learning_rate)
        assert_close(model.theta, theta, "same sums")


def _step(options, theta, gradient, vectors, update, learning_rate) -> None:
    if options["optimizer"] == "sgd":
        reference.sgd_step(theta, gradient, vectors[0], learning_rate, 0.9, True, 0.01)
    elif options["optimizer"] == "rmsprop":
        reference.rmsprop_step(theta, gradient, vectors[0], learning_rate, 0.8, 1e-6)
    else:
        reference.adam_step(theta, gradient, *vectors, update + 1, learning_rate, 0.8, 0.9, 1e-6, 0.01)


def test_carried_state_is_the_previous_final_state() -> None:
    model, starts = network(), []
    forward = model.forward

    def spy(x, state, *rest):
        starts.append(state)
        return forward(x, state, *rest)

    model.forward = spy
    run = Trainer(model, ordered_batches(), Settings(updates=5, learning_rate=0.01))
    for update in range(1, 5):
        run.run(until=update)
        final = run.state().carried
        run.run(until=update + 1)
        if update % 3 == 0:
            assert starts[update] is None  # a new epoch starts from zeros
        else:
            np.testing.assert_array_equal(starts[update].h, final.h)
            np.testing.assert_array_equal(starts[update].c, final.c)
            assert final.h.any()


def test_one_step_gradients_reach_the_network() -> None:
    full, cut = trainer(), trainer(bptt_depth=1)
    full.run(until=1)
    cut.run(until=1)
    assert full.history.loss == cut.history.loss
    assert full.history.gradient_norm != cut.history.gradient_norm


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_it_learns(cell: str) -> None:
    history = trainer(ordered_batches(), cell, updates=300, clip_norm=1.0, schedule=Cosine()).run()
    assert history.loss[-1] < 0.02 * history.loss[0]
    assert history.update == list(range(1, 301))


def test_threads_change_no_bit() -> None:
    runs = [trainer(network=network(num_layers=2, dropout=0.1), n_threads=count) for count in (1, 2)]
    for run in runs:
        run.run()
    np.testing.assert_array_equal(runs[0].network.theta, runs[1].network.theta)


def test_the_best_parameters_are_restored() -> None:
    scores = Scores(3.0, 1.0, 1.0, 2.0)
    run = trainer(validate=scores, validate_every=3, updates=11)
    history = run.run()
    assert history.validation_update == [3, 6, 9, 11]  # the last update is always scored
    assert history.score == [3.0, 1.0, 1.0, 2.0]
    assert (history.best_update, history.best_score) == (6, 1.0)  # the first of equals
    np.testing.assert_array_equal(run.network.theta, scores.thetas[1])
    assert run.finished


def test_validation_is_once_an_epoch_by_default() -> None:
    assert trainer(ordered_batches(), validate=score, updates=7).run().validation_update == [3, 6, 7]


def test_patience() -> None:
    scores = Scores(3.0, 2.0, 2.0, 1.95, 1.0)
    run = trainer(validate=scores, validate_every=1, updates=100, patience=2, min_delta=0.1)
    history = run.run()
    assert history.validation_update == [1, 2, 3, 4]
    assert run.finished
    assert (
        history.best_score == 1.95
    )  # lower by less than min_delta: no improvement for patience, but the best there is
    np.testing.assert_array_equal(run.network.theta, scores.thetas[3])
    assert run.run() is history  # a finished run stays finished
    assert run.update == 4


def test_a_plateau_lowers_the_rate() -> None:
    schedule = Plateau(factor=0.1, patience=2)
    run = trainer(
        validate=Scores(1.0, 1.0, 1.0, 0.5, 0.5), validate_every=1, updates=5, schedule=schedule, learning_rate=1e-2
    )
    assert run.run().learning_rate == pytest.approx([1e-2, 1e-2, 1e-2, 1e-3, 1e-3])


def test_pausing_keeps_the_current_parameters() -> None:
    scores = Scores(*range(10))
    run = trainer(validate=scores, validate_every=1)
    run.run(until=4)
    assert not run.finished
    np.testing.assert_array_equal(run.network.theta, scores.thetas[3])
    run.run()
    np.testing.assert_array_equal(run.network.theta, scores.thetas[0])


def test_stopping_from_a_callback_and_going_on() -> None:
    calls: list[int] = []

    def callback(run: Trainer) -> None:
        calls.append(run.update)
        if run.update == 4:
            run.stop()

    scores, plain = Scores(*range(10)), trainer()
    run = trainer(validate=scores, validate_every=1, callbacks=[callback])
    run.run()
    assert calls == [1, 2, 3, 4]
    assert not run.finished
    np.testing.assert_array_equal(run.network.theta, scores.thetas[0])
    run.run(until=9)  # from where it was, not from the best
    plain.run(until=9)
    np.testing.assert_array_equal(run.network.theta, plain.network.theta)


@pytest.mark.parametrize("validated", [True, False])
def test_an_interrupt_leaves_the_best_so_far_and_can_be_continued(validated: bool) -> None:
    interrupts = iter([True])

    def interrupt(run: Trainer) -> None:
        if run.update == 5 and next(interrupts, False):
            raise KeyboardInterrupt

    scores = Scores(*range(10))
    options = {"validate": scores, "validate_every": 1} if validated else {}
    run, plain = trainer(callbacks=[interrupt], **options), trainer()
    with pytest.raises(KeyboardInterrupt):
        run.run()
    plain.run(until=5)
    np.testing.assert_array_equal(run.network.theta, scores.thetas[0] if validated else plain.network.theta)
    np.testing.assert_array_equal(run.state().theta, plain.network.theta)
    run.run(until=8)
    plain.run(until=8)
    np.testing.assert_array_equal(run.network.theta, plain.network.theta)


def test_an_interrupt_between_forward_and_backward_keeps_the_carried_state(monkeypatch: pytest.MonkeyPatch) -> None:
    run, plain = trainer(ordered_batches()), trainer(ordered_batches())
    run.run(until=4)
    monkeypatch.setattr(run.network, "backward", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    monkeypatch.undo()
    assert run.run() == plain.run()
    np.testing.assert_array_equal(run.network.theta, plain.network.theta)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupt_during_a_validation_repeats_it() -> None:
    interrupts = iter([True])

    def validate(network) -> float:
        if next(interrupts, False):
            raise KeyboardInterrupt
        return score(network)

    run, plain = trainer(validate=validate, validate_every=5), trainer(validate=score, validate_every=5)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert (run.update, run.history.score) == (5, [])
    assert run.run() == plain.run()
    np.testing.assert_array_equal(run.network.theta, plain.network.theta)


def test_an_interrupt_in_the_middle_of_a_step_is_not_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trainer(callbacks=[lambda own: None])  # one by one; several.py makes whole updates
    run.run(until=3)
    monkeypatch.setattr("elman.training.loop.optimizer_step", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    for forbidden in (run.state, run.run):
        with pytest.raises(TrainingError, match=r"^Trainer: interrupted in the middle of an update; continue from a"):
            forbidden()
    assert np.isfinite(run.network.predict(random_batches().batch(0).x)).all()


def test_control_c_is_answered() -> None:
    def press(run: Trainer) -> None:
        if run.update == 20:
            threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()

    run = trainer(updates=10**7, callbacks=[press])
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert 20 <= run.update < 10**6


@pytest.mark.parametrize("validated", [True, False])
def test_a_loss_that_is_not_finite_names_the_update(validated: bool) -> None:
    scores = Scores(*range(10))
    options = {"validate": scores, "validate_every": 1} if validated else {}
    run, plain = trainer(Spoiled(at=6), **options), trainer()
    with pytest.raises(TrainingError) as caught:
        run.run()
    assert str(caught.value) == (
        "Trainer: the loss is inf at update 7. "
        "Lower learning_rate, pass clip_norm=1.0, or check the data for extreme values."
    )
    plain.run(until=6)
    np.testing.assert_array_equal(run.network.theta, scores.thetas[0] if validated else plain.network.theta)


def test_a_gradient_that_is_not_finite() -> None:
    run = trainer(loss="half_squared_error", reduction="sum")
    run.network.parameters["output.W_y"][...] = 1e25  # (1e25)² overflows, in the loss first
    with pytest.raises(TrainingError, match=r"^Trainer: the (loss|norm of the gradient) is (inf|nan) at update 1\."):
        run.run()


def test_parameters_that_were_lost_are_replaced_by_those_at_the_start() -> None:
    run = trainer(optimizer="sgd", learning_rate=3e38, reduction="sum")
    start = run.network.theta.copy()
    with pytest.raises(TrainingError):
        run.run()
    np.testing.assert_array_equal(run.network.theta, start)


def test_a_score_that_is_not_finite() -> None:
    scores = Scores(2.0, 3.0, float("nan"))
    run = trainer(validate=scores, validate_every=2)
    with pytest.raises(TrainingError, match=r"^Trainer: the validation score is nan at update 6\."):
        run.run()
    np.testing.assert_array_equal(run.network.theta, scores.thetas[0])


REFUSED = {
    "patience without validation": (
        {"patience": 3},
        "Trainer: patience and a Plateau schedule need a validate function.",
    ),
    "plateau without validation": (
        {"schedule": Plateau()},
        "Trainer: patience and a Plateau schedule need a validate function.",
    ),
    "no epochs": (
        {"validate": score},
        "Trainer: settings.validate_every must be given, these batches have no epochs.",
    ),
    "loss and output": (
        {"loss": "binary_cross_entropy"},
        "Objective: loss='binary_cross_entropy' needs output='sigmoid', got output='identity'.",
    ),
}


@pytest.mark.parametrize(("options", "text"), REFUSED.values(), ids=REFUSED)
def test_refused(options: dict[str, object], text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        trainer(**options)
    assert str(caught.value) == text


def test_a_backward_direction_has_nothing_to_carry() -> None:
    run = trainer(ordered_batches(), network=network(bidirectional=True))
    with pytest.raises(
        ArgumentError, match=r"^Trainer: batches that carry the state need a network with one direction"
    ):
        run.run()


def test_batches_that_do_not_fit_the_network() -> None:
    batches = StretchBatches(np.arange(30.0)[:, np.newaxis], [0, 30], window=3, horizon=2, steps=5)
    with pytest.raises(ShapeError, match=r"^forward: x must have shape \(T, N, 4\), got \(5, 32, 3\)\.$"):
        trainer(batches).run()


def test_an_empty_history() -> None:
    history = History()
    assert history.update == []
    assert history.best_update is None
    assert history.best_score == np.inf


class Classes:
    """Batches of indices with classes, ragged or not."""

    epoch_length = None

    def __init__(self, ragged: bool) -> None:
        self.ragged = ragged

    def batch(self, update: int) -> Batch:
        rng = np.random.default_rng(update)
        x, y = rng.integers(0, 6, (2, 8, 5))
        return Batch(x, y, None, np.array([8, 1, 5, 8, 3]) if self.ragged else None, carry=update % 3 > 0)


@pytest.mark.parametrize("ragged", [False, True])
def test_classes_go_straight_to_the_loss_with_the_bits_of_the_long_way(ragged: bool) -> None:
    architecture = Architecture(None, 6, vocabulary_size=6, output="softmax", hidden_size=5, dropout=0.2)
    settings = Settings(updates=6, loss="categorical_cross_entropy", clip_norm=0.5, seed=2)
    straight, long = (Trainer(Network.initialized(architecture), Classes(ragged), settings) for _ in range(2))
    long._pass._may_have_classes = False
    assert straight.run() == long.run()
    np.testing.assert_array_equal(straight.network.theta, long.network.theta)
    with pytest.raises(ArgumentError, match="straight to the loss"):
        _ = straight._tape.o


def test_a_history_is_one_line_however_long_it_is() -> None:
    long = History(loss=[0.5 - i / 1e5 for i in range(10_000)], validation_update=[10, 20], score=[0.25, 0.5])
    assert repr(long) == "History(10000 updates, loss 0.5 to 0.4, best score 0.25 after update 10)"
    assert repr(History()) == "History(0 updates)"


def test_a_run_that_continues_without_its_early_losses_is_compared_by_its_own() -> None:
    batches = OrderedStretches(np.sin(np.arange(60.0) / 3)[:, None], [0, 60], window=4, horizon=1, steps=60)
    network = Network.initialized(Architecture(4, 1, cell="rnn", hidden_size=8))
    first = Trainer(network, batches, Settings(updates=30, learning_rate=1e-3), stop_at=10)
    first.run()
    state = replace(first.state(), history=History())
    with pytest.raises(TrainingError, match="training made the network worse"):
        Trainer(network, batches, Settings(updates=40, learning_rate=1e5, schedule=Cosine()), state=state).run()


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
def test_a_loss_that_explodes_and_stays_finite_is_refused(optimizer: str, validated: bool) -> None:
    batches = OrderedStretches(np.sin(np.arange(60.0) / 3)[:, None], [0, 60], window=4, horizon=1, steps=60)
    network = Network.initialized(Architecture(4, 1, cell="rnn", hidden_size=8))
    settings = Settings(updates=30, optimizer=optimizer, learning_rate=1e5, clip_norm=1.0, schedule=Cosine())
    validate = (lambda network: float(np.abs(network.theta).sum())) if validated else None
    with pytest.raises(TrainingError) as caught:
        Trainer(network, batches, settings, validate=validate).run()
    assert re.fullmatch(
        r"Trainer: the loss went from 2.412 to [\d.e+]+: training made the network worse\. "
        r"Lower learning_rate, or pass clip_norm=1\.0\.",
        str(caught.value),
    )


def test_a_validation_before_the_explosion_keeps_the_run() -> None:
    batches = OrderedStretches(np.sin(np.arange(60.0) / 3)[:, None], [0, 60], window=4, horizon=1, steps=60)
    network = Network.initialized(Architecture(4, 1, cell="rnn", hidden_size=8))
    scores = iter([0.5, *[9.0] * 29, 1.0])  # after every update, and at last of the first parameters
    settings = Settings(updates=30, learning_rate=1e5, clip_norm=1.0, validate_every=1)
    assert Trainer(network, batches, settings, validate=lambda network: next(scores)).run().best_score == 0.5


def test_losses_of_unlike_batches_are_no_explosion() -> None:
    """The first stretch does not move at all, the last moves most: only the same batches can be compared."""
    values = (np.arange(800.0) ** 2 * np.sin(np.arange(800.0)) * 1e-4)[:, None]
    values[:100] = 0.0
    batches = OrderedStretches(values, [0, 800], window=4, horizon=1, steps=90)
    network = Network.initialized(Architecture(4, 1, cell="rnn", hidden_size=4))
    history = Trainer(network, batches, Settings(updates=7, learning_rate=1e-4)).run()
    assert min(history.loss[2:]) > 10 * history.loss[0]
