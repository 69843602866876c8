"""A stream gives what the whole sequence gives, bit for bit, and later training of its network does not reach it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman.errors import DataError, ShapeError, UnsupportedError
from elman.network import Architecture, Network, State, Stream

CASES: dict[str, dict[str, Any]] = {
    "lstm": {},
    "gru, two layers": {"cell": "gru", "num_layers": 2},
    "relu without biases": {"cell": "rnn", "activation": "relu", "bias": False},
    "skip": {"linear_skip": True},
    "softmax, last": {"output": "softmax", "readout": "last", "output_size": 3},
    "wide output": {"output_size": 70, "hidden_size": 33},
    "embedding, tied": {
        "input_size": None,
        "vocabulary_size": 9,
        "embedding_size": 5,
        "hidden_size": 5,
        "output_size": 9,
    }
    | {"tied_weights": True},
    "one-hot": {"input_size": None, "vocabulary_size": 9, "cell": "gru"},
}


def make(options: dict[str, Any], dtype: Any = np.float32) -> tuple[Network, np.ndarray]:
    architecture = Architecture(**{"input_size": 3, "output_size": 2, "hidden_size": 7} | options)
    network = Network.initialized(architecture, seed=3, dtype=dtype)
    rng = np.random.default_rng(0)
    network.theta[...] += rng.normal(scale=0.1, size=network.theta.shape).astype(dtype)
    if architecture.takes_indices:
        return network, rng.integers(0, 9, (6, 2))
    return network, rng.normal(size=(6, 2, 3)).astype(dtype)


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES)
def test_equals_the_whole_run(case: str, dtype: Any, rows: int) -> None:
    network, x = make(CASES[case], dtype)
    x = np.ascontiguousarray(x[:, :rows])
    state, y = network.run(x)
    stream = Stream(network, rows=rows)
    for t, x_t in enumerate(x):
        y_t = stream.step(x_t)
        if network.architecture.readout == "every":
            np.testing.assert_array_equal(y_t, y[t], strict=True)
    np.testing.assert_array_equal(y_t, y[-1] if y.ndim == 3 else y, strict=True)
    np.testing.assert_array_equal(stream.state.h, state.h, strict=True)
    if state.c is not None:
        np.testing.assert_array_equal(stream.state.c, state.c, strict=True)


def test_continues_from_a_state() -> None:
    network, x = make({})
    middle, _ = network.run(x[:4])
    stream = Stream(network, middle, rows=2)
    kept = middle.h.copy()
    stream.step(x[4])
    np.testing.assert_array_equal(stream.step(x[5]), network.predict(x)[-1])
    np.testing.assert_array_equal(middle.h, kept)


def test_later_training_does_not_reach_it() -> None:
    network, x = make({})
    stream, expected = Stream(network, rows=2), network.predict(x[:1])[0]
    network.theta[...] = 0.0
    np.testing.assert_array_equal(stream.step(x[0]), expected)


@pytest.mark.parametrize("options", [{"bidirectional": True}, {"readout": "mean"}])
def test_refuses_what_needs_the_whole_sequence(options: dict[str, Any]) -> None:
    network, _ = make(options)
    with pytest.raises(UnsupportedError, match="Stream: needs one direction, readout='every' or 'last'"):
        Stream(network)


def test_bad_input_is_named() -> None:
    network, x = make({})
    stream = Stream(network, rows=2)
    with pytest.raises(ShapeError, match=r"step: x must have shape \(2, 3\), got \(3, 2\)"):
        stream.step(x[0].T)
    with pytest.raises(ShapeError, match=r"Stream: state.h must have shape \(1, 2, 7\), got \(1, 1, 7\)"):
        Stream(network, State.zeros(network.architecture, 1), rows=2)
    words, _ = make(CASES["one-hot"])
    with pytest.raises(DataError, match="step: x"):
        Stream(words).step([9])
