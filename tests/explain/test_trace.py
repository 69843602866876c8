"""Traces: every number against another way to the same number, and requests that cannot be served."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from covering import covering
from elman import ArgumentError, DataError, ShapeError, TrainingError, UnsupportedError
from elman.explain import FORMATS, render, trace
from elman.explain.forward import GATES
from elman.explain.unrolled import LayerRun
from elman.network import Architecture, Network, State
from elman.reference import numerical_gradient
from elman.training import Objective
from explain import nets
from explain.nets import architectures, example, loss_with_own_step, random_network
from tolerances import assert_close

ALL = list(architectures())


def name_of(architecture: Architecture) -> str:
    usual = Architecture(2, 2)
    return "-".join(str(v) for k, v in architecture.to_dict().items() if v != getattr(usual, k)) or "lstm"


@pytest.mark.parametrize("architecture", ALL, ids=name_of)
def test_paths_add_up_to_the_gradient(architecture: Architecture) -> None:
    """Sum of paths = one pass back = finite differences, and = what the engine computes."""
    network, (x, y), worked = random_network(architecture), example(architecture), nets.worked(architecture)
    assert [check.name for check in worked.first.checks if not check.passed] == []
    assert {check.limit for check in worked.first.checks} == {1e-9}

    tape = network.forward(x)
    loss, do = Objective("mean_squared_error", architecture.output)(tape.o, y)
    network.backward(tape, do)
    assert_close(worked.epochs[0].loss, loss, "loss")
    assert_close(worked.epochs[0].predictions, network.predict(x), "states")
    for name, gradient in network.gradients.items():
        assert_close(worked.epochs[0].gradient[name], gradient, "gradients", name=name)


@pytest.mark.parametrize("architecture", covering({a: tuple(vars(a).values()) for a in ALL}, strength=2), ids=name_of)
def test_depth_one_is_the_engine_with_the_state_before_held_constant(architecture: Architecture) -> None:
    network, (x, y) = random_network(architecture), example(architecture)
    worked = trace(network, x, y, bptt_depth=1)
    tape = network.forward(x)
    _, do = Objective("mean_squared_error", architecture.output)(tape.o, y)
    network.backward(tape, do, bptt_depth=1)
    for name, gradient in network.gradients.items():
        assert_close(worked.epochs[0].gradient[name], gradient, "gradients", name=name)
    assert [check.name for check in worked.first.checks if not check.passed] == []


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_every_single_path(cell: str, layers: int) -> None:
    """A path (t, k) is what output t owes to the weights of step k: measured by changing those of step k alone."""
    architecture = Architecture(2, 2, cell=cell, hidden_size=2, num_layers=layers)
    network, (x, y) = random_network(architecture), example(architecture)
    paths = trace(network, x, y, loss="half_squared_error", reduction="sum").first.paths
    weights = {name: np.array(value) for name, value in network.parameters.items()}
    for leg in paths.legs:
        for name in paths.factors["forward"][leg.k - 1].immediate:
            measured = numerical_gradient(
                lambda v, name=name, leg=leg: loss_with_own_step(architecture, weights, {name: v}, leg.k, leg.t, x, y),
                weights[name],
            )
            assert_close(paths.contribution(leg, name), measured, "gradient check", name=f"{name} {leg.t} {leg.k}")


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_depth_keeps_the_short_paths(cell: str, depth: int) -> None:
    architecture = Architecture(2, 2, cell=cell, hidden_size=2)
    network, (x, y) = random_network(architecture), example(architecture)
    whole, cut = trace(network, x, y), trace(network, x, y, bptt_depth=depth)
    kept = {(leg.t, leg.k) for leg in cut.first.paths.legs if leg.kept}
    assert kept == {(t, k) for t in (1, 2, 3) for k in range(1, t + 1) if t - k < depth}
    for name, gradient in cut.epochs[0].gradient.items():
        expected = np.zeros_like(gradient)
        for leg in whole.first.paths.legs_of(name):
            expected += whole.first.paths.contribution(leg, name) if (leg.t, leg.k) in kept else 0.0
        if name.startswith("layers"):
            assert_close(gradient, expected, "same sums", name=name)


def test_a_reverse_chain_runs_backwards_in_time() -> None:
    architecture = Architecture(2, 2, cell="rnn", hidden_size=2, bidirectional=True)
    document = trace(random_network(architecture), *example(architecture)).to_dict()
    chains = {chain["id"] for chain in document["epochs"][0]["detail"]["chains"]}
    assert {c for c in chains if c.startswith("reverse")} == {
        f"reverse:{t}:{k}" for t in (1, 2, 3) for k in (1, 2, 3) if k >= t
    }
    assert "ds/ds:reverse:1" in document["epochs"][0]["detail"]["factors"]


def test_an_initial_state_counts() -> None:
    architecture = Architecture(2, 2, cell="lstm", hidden_size=2)
    network, (x, y) = random_network(architecture), example(architecture)
    rng = np.random.default_rng(0)
    state = State(rng.normal(size=(1, 2, 2)), rng.normal(size=(1, 2, 2)))
    worked = trace(network, x, y, state=state)
    assert_close(worked.epochs[0].predictions, network.predict(x, state), "states")
    assert all(check.passed for check in worked.first.checks)


def test_h_alone_would_be_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """An LSTM's state is the pair (h, c): without the way through c the paths do not add up, and the check says so."""
    whole = LayerRun.back

    def without_c(self: LayerRun, k: int, n: int, dh: np.ndarray, dc: np.ndarray | None) -> object:
        return whole(self, k, n, dh, None if dc is None else np.zeros_like(dc))

    monkeypatch.setattr(LayerRun, "back", without_c)
    architecture = Architecture(2, 2, cell="lstm", hidden_size=2)
    worked = trace(random_network(architecture), *example(architecture))
    assert {c.name for c in worked.first.checks if not c.passed} >= {
        "sum of all paths = one pass back through time",
        "sum of all paths = finite differences",
    }


def test_a_permuted_gate_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equations that were not those of the reference would not give its numbers."""
    monkeypatch.setitem(GATES, "lstm", ("i", "f", "o", "g"))
    architecture = Architecture(2, 2, cell="lstm", hidden_size=2)
    worked = trace(random_network(architecture), *example(architecture))
    assert "equations of the forward pass = reference" in {c.name for c in worked.first.checks if not c.passed}


def test_updates_are_gradient_descent() -> None:
    architecture = Architecture(2, 2, cell="gru", hidden_size=2)
    network, (x, y) = random_network(architecture), example(architecture)
    before = network.theta.copy()
    worked = trace(network, x, y, learning_rate=0.1, epochs=3)
    np.testing.assert_array_equal(network.theta, before)  # the network itself is left alone
    by_hand = network.copy()
    for epoch in worked.epochs:
        for name, value in by_hand.parameters.items():
            assert_close(epoch.parameters[name], value, "gradients", name=name)
        tape = by_hand.forward(x)
        _, do = Objective("mean_squared_error", "identity")(tape.o, y)
        by_hand.theta[:] -= 0.1 * by_hand.backward(tape, do)
    assert len(worked.epochs) == 4
    assert [epoch.detail is not None for epoch in worked.epochs] == [True, True, False, True]
    assert (worked.rule, worked.reason) == ("after 3 updates", "3 updates made")


def test_the_stopping_rule_stops() -> None:
    architecture = Architecture(2, 2, cell="rnn", hidden_size=2)
    worked = trace(random_network(architecture), *example(architecture), learning_rate=0.1, epochs=500, tolerance=1e-3)
    losses = [epoch.loss for epoch in worked.epochs]
    assert len(losses) < 100
    assert losses[-2] - losses[-1] < 1e-3
    assert all(before - after >= 1e-3 for before, after in pairwise(losses[:-1]))
    assert worked.rule == "after 500 updates, or once an update lowers the loss by less than 0.001"


def test_frozen_parameters_stay() -> None:
    architecture = Architecture(2, 2, cell="rnn", hidden_size=2)
    worked = trace(
        random_network(architecture), *example(architecture), learning_rate=0.1, epochs=2, trained=["layers.0.W_h"]
    )
    first, last = worked.epochs[0], worked.epochs[-1]
    assert list(first.gradient) == ["layers.0.W_h"]
    changed = [name for name in first.parameters if not np.array_equal(first.parameters[name], last.parameters[name])]
    assert changed == ["layers.0.W_h"]


@pytest.mark.parametrize(
    ("loss", "output", "y"),
    [
        ("half_squared_error", "tanh", [[0.3, -0.2], [0.1, 0.5], [0.2, 0.4]]),
        ("mean_absolute_error", "identity", [[5.0, -5.0], [5.0, 5.0], [-5.0, 5.0]]),
        ("huber", "identity", [[5.0, 0.0], [0.1, 5.0], [0.2, 0.4]]),
        ("binary_cross_entropy", "sigmoid", [[1.0, 0.0], [0.0, 0.3], [1.0, 1.0]]),
        ("categorical_cross_entropy", "softmax", [0, 1, 1]),
        ("categorical_cross_entropy", "softmax", [[0.2, 0.8], [1.0, 0.0], [0.5, 0.9]]),
    ],
)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_losses_through_their_outputs(loss: str, output: str, y: list[object], reduction: str) -> None:
    architecture = Architecture(2, 2, cell="gru", hidden_size=2, output=output)
    network, x = random_network(architecture), example(architecture)[0][:, :1]
    target = np.array(y)[:, np.newaxis]
    worked = trace(network, x, target, loss=loss, reduction=reduction)
    tape = network.forward(x)
    value, do = Objective(loss, output, reduction=reduction)(tape.o, target)
    assert_close(worked.epochs[0].loss, value, "loss")
    assert_close(sum(value for _, value in worked.epochs[0].loss_terms), value, "loss")
    assert_close(np.stack([worked.first.paths.do[t] for t in (1, 2, 3)]), do, "gradients")
    assert [check.name for check in worked.first.checks if not check.passed] == []


SMALL = Architecture(2, 2, cell="rnn", hidden_size=2)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"x": np.zeros((3, 2, 5))}, ShapeError, "trace: x must have shape (T, N, 2), got (3, 2, 5)."),
        ({"x": np.zeros((0, 2, 2))}, ShapeError,
         "trace: x must have at least one step and one row, got shape (0, 2, 2)."),
        ({"x": np.full((3, 2, 2), np.nan)}, DataError, "trace: x[0, 0, 0] must be finite, got nan."),
        ({"y": np.zeros((3, 2))}, ShapeError, "trace: y must have the shape of the output (3, 2, 2), got (3, 2)."),
        ({"loss": "rmse"}, ArgumentError, "trace: loss must be one of 'half_squared_error', 'mean_squared_error', "),
        ({"loss": "binary_cross_entropy"}, ArgumentError,
         "trace: loss='binary_cross_entropy' needs a network with output='sigmoid', got output='identity'."),
        ({"bptt_depth": 0}, ArgumentError, "trace: bptt_depth must be an integer of at least 1, got 0."),
        ({"learning_rate": 0.0}, ArgumentError, "trace: learning_rate must be a number in (0, inf), got 0."),
        ({"epochs": 0}, ArgumentError, "trace: epochs must be an integer between 1 and 2000, got 0."),
        ({"tolerance": -1.0}, ArgumentError, "trace: tolerance must be a number in [0, inf), got -1."),
        ({"trained": ["W_x"]}, ArgumentError, "trace: trained must be one of 'layers.0.W_x', "),
        ({"trained": []}, ArgumentError, "trace: trained must name at least one parameter."),
        ({"state": State(np.zeros((1, 2, 2)), np.zeros((1, 2, 2)))}, ArgumentError,
         "trace: only an LSTM has state.c; the network's cell is 'rnn'."),
    ],
)  # fmt: skip
def test_refusals(change: dict[str, object], error: type[Exception], message: str) -> None:
    x, y = example(SMALL)
    arguments: dict[str, object] = {"x": x, "y": y} | change
    with pytest.raises(error) as caught:
        trace(random_network(SMALL), **arguments)  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)


def test_size_is_capped_with_a_clear_message() -> None:
    architecture = Architecture(1, 1, cell="lstm", hidden_size=64)
    network = Network.initialized(architecture, dtype=np.float64)
    with pytest.raises(UnsupportedError) as caught:
        trace(network, np.zeros((50, 8, 1)), np.zeros((50, 8, 1)))
    assert str(caught.value) == (
        "trace: 50 steps, 8 rows, 128 state components and 16961 parameters make about 897,887,675 numbers, more than "
        "the 60,000 that a trace may have. "
        "Take fewer rows or steps, take a smaller hidden size, or name a few parameters with trained."
    )


def test_epochs_are_capped_with_a_clear_message() -> None:
    """A page of 2,000 epochs of hundreds of parameters would have 30 megabytes."""
    network = Network.initialized(Architecture(10, 10, cell="rnn", hidden_size=10, readout="last"), dtype=np.float64)
    arguments = np.zeros((2, 1, 10)), np.zeros((1, 10))
    with pytest.raises(UnsupportedError) as caught:
        trace(network, *arguments, learning_rate=0.1, epochs=2000)
    assert str(caught.value) == (
        "trace: 2000 updates with 650 parameters, derivatives and predictions each exceed the 400,000 numbers "
        "that a trace may keep. Take at most epochs=614."
    )
    assert len(trace(network, *arguments, learning_rate=0.1, epochs=614).epochs) == 615


def test_two_layers_in_both_directions_have_no_single_order_of_time() -> None:
    architecture = Architecture(2, 2, hidden_size=2, num_layers=2, bidirectional=True)
    with pytest.raises(UnsupportedError, match="a bidirectional network of several layers cannot be traced"):
        trace(random_network(architecture), *example(architecture))


def test_divergence_is_said() -> None:
    architecture = Architecture(1, 1, cell="rnn", activation="identity", hidden_size=1, bias=False)
    network = Network(architecture, np.array([3.0, 3.0, 3.0]))
    with pytest.raises(TrainingError, match=r"trace: epoch \d+: the loss is (inf|nan)"):
        trace(network, np.ones((4, 1, 1)), np.zeros((4, 1, 1)), learning_rate=100.0, epochs=50)


def test_numbers_whose_squares_overflow_are_said() -> None:
    """Their lengths would be infinite, which no document can hold."""
    architecture = Architecture(1, 1, cell="rnn", activation="identity", hidden_size=1, bias=False)
    arguments = np.ones((2, 1, 1)), np.zeros((2, 1, 1))
    message = r"trace: epoch 0: the loss is 2.5e\+140, with derivatives too large to work with"
    with pytest.raises(TrainingError, match=message):
        trace(Network(architecture, np.array([1e70, 1.0, 1.0])), *arguments)
    for form in FORMATS:
        assert render(trace(Network(architecture, np.array([1e40, 1.0, 1.0])), *arguments), form)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_a_saturated_output_has_no_factors(output: str) -> None:
    """−y/p has no value where p is 0, though the loss, taken from the logits, has one."""
    loss = {"sigmoid": "binary_cross_entropy", "softmax": "categorical_cross_entropy"}[output]
    architecture = Architecture(1, 2, cell="rnn", hidden_size=1, output=output, readout="last")
    network = Network.initialized(architecture, dtype=np.float64)
    network.parameters["output.b_y"][:] = [-800.0, 800.0]
    y = np.array([[1.0, 0.0]])
    with pytest.raises(TrainingError) as caught:
        trace(network, np.ones((1, 1, 1)), y, loss=loss)
    assert str(caught.value) == (
        "trace: a probability is so close to 0 or 1 that ∂L/∂ŷ is not finite; use smaller weights."
    )


def test_dropout_is_left_out_and_that_is_said() -> None:
    architecture = Architecture(2, 2, cell="rnn", hidden_size=2, dropout=0.5)
    worked = trace(random_network(architecture), *example(architecture))
    assert worked.notes == ["Dropout is off: the numbers are those of a prediction."]


def unit() -> Network:
    return Network(Architecture(1, 1, cell="rnn", hidden_size=1, bias=False), np.ones(3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"state": {"h": [[0.5]]}}, "state must be a State, got dict. Pass State(h) of elman.network."),
        ({"epochs": 3},
         "epochs=3 needs a learning rate; nothing is updated without one. Pass {}, or leave out epochs."),
        ({"tolerance": 0.1},
         "tolerance=0.1 needs a learning rate; nothing is updated without one. Pass {}, or leave out tolerance."),
    ],
)  # fmt: skip
def test_refused_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        trace(unit(), [[[1.0]]], [[[1.0]]], **options)
    assert str(caught.value) == f"trace: {message.format('learning_rate')}"


def test_the_remedies_work() -> None:
    x, y = [[[1.0]]], [[[1.0]]]
    begun = trace(unit(), x, y, state=State(np.full((1, 1, 1), 0.5)))
    assert begun.epochs[0].loss == pytest.approx(0.0089969, abs=5e-8)  # (tanh(1.5) − 1)²
    assert len(trace(unit(), x, y, learning_rate=0.1, epochs=3).epochs) == 4
    assert len(trace(unit(), x, y, learning_rate=0.1).epochs) == 2


@pytest.mark.parametrize("short", ["mse", "mae"])
def test_the_estimators_names_of_losses(short: str) -> None:
    from elman.forecasting.options import LOSSES
    from elman.sequences.parameters import LOSSES as OF_SEQUENCES

    assert trace(unit(), [[[1.0]]], [[[2.0]]], loss=short).objective.loss == LOSSES[short] == OF_SEQUENCES[short]


def test_the_output_gate_and_the_output_sum_have_two_symbols() -> None:
    """The note's o_t is the output gate of an LSTM; the output before its activation is a_y,t beside it."""
    texts = {cell: nets.worked(Architecture(2, 2, cell=cell, hidden_size=2)).first.forward for cell in ("lstm", "gru")}
    symbols = {cell: [node.symbol.text for node in nodes if node.t] for cell, nodes in texts.items()}
    assert symbols["lstm"].count("o_2") == symbols["lstm"].count("a_y,2") == 1
    assert symbols["gru"].count("o_2") == 1 and "a_y,2" not in symbols["gru"]
    for nodes in texts.values():
        forward = [node.symbol.text for node in nodes]
        assert len(forward) == len(set(forward))


def test_a_trained_network_still_agrees_with_finite_differences() -> None:
    """Near a minimum the gradient is below the error of differences of order 4."""
    network = random_network(Architecture(1, 1, cell="rnn", hidden_size=2, readout="last"))
    x, y = np.array([0.5, -0.3, 0.8]).reshape(3, 1, 1), [[0.4]]
    last = trace(network, x, y, learning_rate=0.1, epochs=60).epochs[-1]
    assert last.detail is not None and all(check.passed for check in last.detail.checks)
    assert max(np.abs(value).max() for value in last.gradient.values()) < 1e-4


def test_layers_of_own_sizes_are_traced_and_checked() -> None:
    network = Network.initialized(Architecture(1, 1, hidden_size=(1, 2), readout="last"), dtype=np.float64)
    state = State.zeros(network.architecture, 1, np.float64)
    state.h[...] = 0.5  # also where the smaller layer has no unit
    worked = trace(network, np.full((3, 1, 1), 0.5), np.ones((1, 1)), state=state)
    assert all(check.passed for check in worked.first.checks)
    _, y = network.run(np.full((3, 1, 1), 0.5), state)
    np.testing.assert_allclose(worked.epochs[0].predictions, y, rtol=1e-12)


def test_hidden_dense_layers_are_not_traced() -> None:
    network = Network.initialized(Architecture(1, 1, hidden_size=2, dense=(3,)))
    projected = Network.initialized(Architecture(1, 1, hidden_size=2, projection_size=1))
    normed = Network.initialized(Architecture(1, 1, hidden_size=2, layer_norm=True))
    with pytest.raises(UnsupportedError, match="layer_norm=True cannot be traced; trace one without"):
        trace(normed, np.ones((3, 1, 1)), np.ones((3, 1, 1)))
    with pytest.raises(UnsupportedError, match=r"projection_size=1 cannot be traced; trace one without"):
        trace(projected, np.ones((3, 1, 1)), np.ones((3, 1, 1)))
    with pytest.raises(UnsupportedError, match=r"hidden dense layers, dense=\(3,\), cannot be traced"):
        trace(network, np.zeros((2, 1, 1)), np.zeros((2, 1, 1)))
