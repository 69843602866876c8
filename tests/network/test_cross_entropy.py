"""Straight to the cross-entropy and back: the bits of forward, loss and backward, without the output of all steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from elman.engine import categorical_cross_entropy
from elman.errors import ArgumentError, DataError, ShapeError, UnsupportedError
from elman.network import Architecture, DropoutKey, Network, State
from elman.training import Objective

T, N, K = 7, 5, 9
CLASSES: dict[str, dict[str, Any]] = {
    "one-hot": {"vocabulary_size": K, "cell": "rnn"},
    "tied, dropout": {
        "vocabulary_size": K,
        "embedding_size": 6,
        "hidden_size": 6,
        "tied_weights": True,
        "num_layers": 2,
        "dropout": 0.3,
        "recurrent_dropout": 0.2,
    },
    "both directions, mean": {"input_size": 3, "cell": "gru", "bidirectional": True, "readout": "mean"},
    "last": {"input_size": 3, "readout": "last"},
    "no bias": {"input_size": 3, "bias": False},
}


def network_of(options: dict[str, Any], dtype: str = "float32") -> Network:
    architecture = Architecture(output_size=K, output="softmax", **{"hidden_size": 8, "input_size": None, **options})
    return Network.initialized(architecture, seed=3, dtype=dtype)


def batch_of(network: Network) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng, architecture = np.random.default_rng(5), network.architecture
    indices = architecture.takes_indices
    x = rng.integers(0, K, (T, N)) if indices else rng.normal(size=(T, N, 3)).astype(network.dtype)
    rows = (T, N) if architecture.readout == "every" else (N,)
    return x, rng.integers(0, K, rows), rng.integers(0, 3, rows).astype(network.dtype)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", CLASSES.values(), ids=CLASSES)
def test_the_bits_of_forward_loss_and_backward(
    options: dict[str, Any], dtype: str, ragged: bool, reduction: str
) -> None:
    network = network_of(options, dtype)
    x, y, weight = batch_of(network)
    lengths = np.array([7, 1, 3, 7, 2]) if ragged else None
    if ragged and y.ndim == 2:
        weight[np.arange(T)[:, np.newaxis] >= lengths] = 0.0
    key = DropoutKey(2, 11)
    tape = network.forward(x, lengths=lengths, dropout_key=key)
    expected, do = categorical_cross_entropy(tape.o, y, weight, reduction)
    gradient, state = network.backward(tape, do).copy(), tape.state
    d_state = tape.d_state
    network.gradients.theta[...] = np.nan
    loss, straight = network.cross_entropy(x, y, weight, reduction, lengths=lengths, dropout_key=key)
    assert loss == expected
    np.testing.assert_array_equal(network.gradients.theta, gradient)
    np.testing.assert_array_equal(straight.state.h, state.h)
    np.testing.assert_array_equal(straight.d_state.h, d_state.h)


def test_state_and_depth_are_those_of_backward() -> None:
    network = network_of(CLASSES["last"])
    x, y, _ = batch_of(network)
    start = State(*np.random.default_rng(1).normal(size=(2, 1, N, 8)).astype(np.float32))
    tape = network.forward(x, start)
    gradient = network.backward(tape, categorical_cross_entropy(tape.o, y)[1], bptt_depth=1).copy()
    network.cross_entropy(x, y, state=start, bptt_depth=1)
    np.testing.assert_array_equal(network.gradients.theta, gradient)
    network.cross_entropy(x, y, state=start)
    assert (network.gradients.theta != gradient).any()


def test_there_is_no_output_and_nothing_for_backward() -> None:
    network = network_of(CLASSES["last"])
    x, y, _ = batch_of(network)
    before = network.forward(x)
    _, tape = network.cross_entropy(x, y)
    with pytest.raises(ArgumentError, match="goes straight to the loss"):
        _ = tape.o
    for each in (before, tape):
        with pytest.raises(ArgumentError, match="latest forward pass"):
            network.backward(each, np.zeros((N, K), np.float32))
    assert network.forward(x).o.shape == (N, K)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"y": np.full(N, K)}, DataError, "cross_entropy: y[0] must be between 0 and K-1 = 8, got 9."),
        ({"y": np.zeros(N)}, ArgumentError, "cross_entropy: y must hold integers"),
        ({"y": np.zeros((T, N), int)}, ShapeError, "cross_entropy: y must have"),
        ({"weight": np.full(N, -1.0)}, DataError, "cross_entropy: weight[0]"),
        ({"weight": np.ones((N, K))}, ShapeError, "cross_entropy: weight must have"),
        ({"reduction": "max"}, ArgumentError, "cross_entropy: reduction"),
        ({"bptt_depth": 2}, UnsupportedError, "cross_entropy: bptt_depth must be None or 1, got 2"),
        ({"x": np.zeros((T, N, 4))}, ShapeError, "cross_entropy: x must have"),
    ],
)
def test_bad_input(changed: dict[str, Any], error: type[Exception], message: str) -> None:
    network = network_of(CLASSES["last"])
    x, y, _ = batch_of(network)
    with pytest.raises(error) as raised:
        network.cross_entropy(**{"x": x, "y": y, **changed})
    assert message in str(raised.value)


def test_logarithms_of_probabilities_have_the_same_loss() -> None:
    network = network_of(CLASSES["last"])
    x, y, _ = batch_of(network)
    logs = Network(replace(network.architecture, output="log_softmax"), network.theta)
    assert logs.cross_entropy(x, y)[0] == network.cross_entropy(x, y)[0]
    np.testing.assert_array_equal(logs.gradients.theta, network.gradients.theta)
    np.testing.assert_allclose(np.exp(logs.predict(x)), network.predict(x), rtol=1e-5)
    objective = Objective("categorical_cross_entropy", "log_softmax")
    assert objective(logs.forward(x).o, y)[0] == network.cross_entropy(x, y)[0]


@pytest.mark.parametrize("options", [{"output": "identity"}, {"linear_skip": True, "readout": "last"}])
def test_what_it_is_not_for(options: dict[str, Any]) -> None:
    network = Network.initialized(Architecture(3, K, **{"output": "softmax", **options}))
    with pytest.raises(UnsupportedError, match="forward\\(\\) and backward\\(\\)"):
        network.cross_entropy(np.zeros((T, N, 3)), np.zeros(N, int))
