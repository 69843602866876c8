"""A stream has the bits of the whole sequence; later training of its network does not change it."""

from __future__ import annotations

import copy
import pickle
from itertools import product
from typing import Any

import numpy as np
import pytest

from elman import engine
from elman.errors import ArgumentError, DataError, ShapeError, UnsupportedError
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
    "unlike layers": {"hidden_size": (7, 3), "linear_skip": True},
    "unlike layers, dense": {
        "hidden_size": (2, 5),
        "cell": "gru",
        "dense": (4, 3),
        "dense_activation": ("tanh", "relu"),
    },
    "dense without biases": {"cell": "rnn", "dense": (40,), "bias": False, "readout": "last"},
    "one-hot": {"input_size": None, "vocabulary_size": 9, "cell": "gru"},
}
COMPOSED: dict[str, dict[str, Any]] = {  # what the native stepper of a whole network lacks
    "a projection": {"projection_size": 2, "bias": False},
    "projections, skip": {"hidden_size": (7, 5), "projection_size": 3, "linear_skip": True, "output": "sigmoid"},
    "projections, dense, last": {"num_layers": 3, "projection_size": 4, "dense": (5,), "readout": "last"},
    "norms": {"layer_norm": True, "num_layers": 2, "linear_skip": True},
    "norms, gru, tied": CASES["embedding, tied"] | {"layer_norm": True, "cell": "gru"},
    "norms, rnn, dense, last": {"layer_norm": True, "cell": "rnn", "dense": (4,), "readout": "last"},
    "norms, projections": {"layer_norm": True, "hidden_size": (7, 5), "projection_size": 3},
    "projections, tied": CASES["embedding, tied"] | {"hidden_size": (8, 6), "projection_size": 5},
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
@pytest.mark.parametrize("case", CASES | COMPOSED)
def test_equals_the_whole_run(case: str, dtype: Any, rows: int) -> None:
    network, x = make((CASES | COMPOSED)[case], dtype)
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


WRITERS = {name: CASES[name] | {"output": "softmax", "output_size": 9} for name in ("embedding, tied", "one-hot")}
WRITERS["one-hot, projections"] = WRITERS["one-hot"] | {"cell": "lstm", "num_layers": 2, "projection_size": 4}
NORMED = {f"{name}, norms": WRITERS[name] | {"layer_norm": True} for name in ("embedding, tied", "one-hot")}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", WRITERS | NORMED)
def test_an_index_is_the_step_of_an_array(case: str, dtype: Any) -> None:
    network, x = make((WRITERS | NORMED)[case], dtype)
    one, another = Stream(network), Stream(network)
    for index in x[:, 0]:
        np.testing.assert_array_equal(one.step_index(int(index)), another.step(np.array([index]))[0], strict=True)
        np.testing.assert_array_equal(one.step_index(index), another.step([index])[0], strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("hidden_size", "case"), [*product((5, 300), WRITERS), *product((5,), NORMED)])  # GIL or not
def test_draws_are_those_of_single_steps(case: str, dtype: Any, hidden_size: int) -> None:
    options = (WRITERS | NORMED)[case]
    size = {name: hidden_size for name in ("hidden_size", "embedding_size") if name in ("hidden_size", *options)}
    network, _ = make(options | size, dtype)
    u = np.random.default_rng(0).random(40)
    slow, index, expected = Stream(network), 4, []
    for number in u:
        index = engine.draw(slow.step_index(index), number, first=1)
        expected.append(index)
    fast = Stream(network)
    assert fast.draw(4, u[:25], first=1) == expected[:25]
    assert fast.draw(expected[24], u[25:], first=1) == expected[25:]
    assert len(set(expected)) > 3
    np.testing.assert_array_equal(fast.state.h, slow.state.h)
    assert fast.draw(4, []) == []


def test_draws_that_cannot_be_are_refused() -> None:
    network, _ = make(WRITERS["one-hot"])
    with pytest.raises(DataError, match=r"draw: index must be between 0 and vocabulary_size-1 = 8, got 9"):
        Stream(network).draw(9, [0.5])
    with pytest.raises(DataError, match=r"step_index: index must be between 0 and vocabulary_size-1 = 8, got -1"):
        Stream(network).step_index(-1)
    with pytest.raises(DataError, match=f"index must be between 0 and vocabulary_size-1 = 8, got {2**70}"):
        Stream(network).step_index(2**70)
    for wrong in ("a", 1.5, None):
        with pytest.raises(ArgumentError, match="step_index: index must be an integer, got"):
            Stream(network).step_index(wrong)
        with pytest.raises(ArgumentError, match="draw: index must be an integer, got"):
            Stream(network).draw(wrong, [0.5])
    with pytest.raises(ArgumentError, match=r"draw: u\[1\] must be in \[0, 1\), got 1.0"):
        Stream(network).draw(0, [0.5, 1.0])
    with pytest.raises(ArgumentError, match=r"draw: u\[0\] must be in \[0, 1\), got nan"):
        Stream(network).draw(0, [np.nan])
    with pytest.raises(ArgumentError, match="draw: first must be"):
        Stream(network).draw(0, [0.5], first=9)
    for stream in (Stream(network, rows=2), Stream(make({})[0])):
        with pytest.raises(ArgumentError, match="step_index: needs a network that takes indices and one row"):
            stream.step_index(0)
    for options in ({"output": "identity"}, {"output_size": 3}):
        with pytest.raises(ArgumentError, match="draw: needs output='softmax' with output_size = vocabulary_size"):
            Stream(make(WRITERS["one-hot"] | options)[0]).draw(0, [0.5])


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


@pytest.mark.parametrize("options", [{"bidirectional": True}, {"reverse": True}, {"readout": "mean"}])
def test_refuses_what_needs_the_whole_sequence(options: dict[str, Any]) -> None:
    network, _ = make(options)
    with pytest.raises(UnsupportedError, match="Stream: needs one direction, readout='every' or 'last'"):
        Stream(network)


def test_products_of_projections_are_not_rounded() -> None:
    network, x = make({"hidden_size": (7, 5), "projection_size": 3})
    state = State.zeros(network.architecture, 2)
    for x_t, y_t in zip(x, network.predict(x), strict=True):
        state, y = network.step(state, x_t)
        np.testing.assert_array_equal(y, y_t)
    np.testing.assert_array_equal(state.h, network.run(x)[0].h)
    with pytest.raises(UnsupportedError, match=r"^Stream: int8 needs projection_size=None, got 3: the recurrent"):
        Stream(network, precision="int8")
    with pytest.raises(UnsupportedError, match=r"^Stream: bfloat16 needs layer_norm=False\.\n  Hint: Stream\(network"):
        Stream(make({"layer_norm": True})[0], precision="bfloat16")
    rounded = network.quantized("int8")
    np.testing.assert_array_equal(Stream(rounded, rows=2).step(x[0]), rounded.predict(x)[0])


def test_a_stream_refuses_to_be_copied() -> None:
    stream = Stream(make({})[0])
    for act in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(UnsupportedError, match=r"^Stream: cannot be copied; make another with Stream\(network"):
            act(stream)


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
