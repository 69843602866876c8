"""Weights of fewer bits: int8 has the bits of the reference on every level, bfloat16 those of rounded weights."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from elman import engine, reference
from elman.engine import kernels
from elman.errors import ArgumentError, ShapeError
from elman.network import Architecture, Network, Stream
from kernels.levels import on_level
from kernels.test_streaming import GATES, make

LEVELS = [*engine.isa_levels(), *(["v4 without VNNI"] if "v4" in engine.isa_levels() else [])]
SIZES = ((1, 1, 1), (3, 7, 1), (5, 8, 2), (4, 9, 1), (2, 16, 3), (7, 17, 1), (6, 33, 1), (130, 70, 1), (3, 150, 2))


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every level of this CPU, and the kernels of v4 for CPUs without VNNI."""
    name, _, without = request.param.partition(" ")
    kernels.use_vnni(not without)
    with on_level(name):
        yield request.param
    kernels.use_vnni(True)


def state_of(cell: str, N: int, H: int) -> list[np.ndarray]:
    rng = np.random.default_rng(H)
    return [rng.normal(size=(N, H), scale=0.4).astype(np.float32) for _ in range(1 + (cell == "lstm"))]


@pytest.mark.parametrize("cell", GATES)
def test_an_int8_step_has_the_bits_of_the_reference(level: str, cell: str) -> None:
    for D, H, N in SIZES:
        weights = make(cell, "float32", D, H, bias=H != 9)
        ours, theirs = state_of(cell, N, H), state_of(cell, N, H)
        packed = engine.pack_layer(cell, **weights, precision="int8")
        slow = reference.pack_layer(cell, **weights, precision="int8")
        for x in np.random.default_rng(D).normal(size=(4, N, D)).astype(np.float32):
            engine.step(packed, x, *ours)
            reference.step(slow, x, *theirs)
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(one, other, strict=True)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "identity"])
def test_the_activations_of_an_int8_rnn_have_the_bits_of_the_reference(level: str, activation: str) -> None:
    weights, x = make("rnn", "float32", 4, 19), np.random.default_rng(0).normal(size=(1, 4)).astype(np.float32)
    ours, theirs = state_of("rnn", 1, 19)[0], state_of("rnn", 1, 19)[0]
    engine.step(engine.pack_layer("rnn", **weights, activation=activation, precision="int8"), x, ours)
    reference.step(reference.pack_layer("rnn", **weights, activation=activation, precision="int8"), x, theirs)
    np.testing.assert_array_equal(ours, theirs, strict=True)


@pytest.mark.parametrize("precision", ["int8", "bfloat16"])
@pytest.mark.parametrize("cell", GATES)
def test_an_index_is_a_row_of_the_rounded_weights(level: str, cell: str, precision: str) -> None:
    weights, N, H = make(cell, "float32", 9, 33), 2, 33
    fast = engine.pack_layer(cell, **weights, one_hot=True, precision=precision)
    slow = reference.pack_layer(cell, **weights, one_hot=True, precision=precision)
    ours, theirs = state_of(cell, N, H), state_of(cell, N, H)
    for x in ([0, 8], [3, 3]):
        engine.step(fast, np.array(x), *ours)
        reference.step(slow, np.array(x), *theirs)
        for one, other in zip(ours, theirs, strict=True):
            if precision == "int8":
                np.testing.assert_array_equal(one, other, strict=True)
            np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("cell", GATES)
def test_a_bfloat16_step_has_the_bits_of_rounded_weights(isa: str, cell: str) -> None:
    for D, H, N in SIZES:
        weights = make(cell, "float32", D, H, bias=H != 9)
        ours, theirs = state_of(cell, N, H), state_of(cell, N, H)
        packed = engine.pack_layer(cell, **weights, precision="bfloat16")
        rounded = {name: engine.rounded(weights[name], "bfloat16") for name in ("W_x", "W_h")}
        whole = engine.pack_layer(cell, **weights | rounded)
        for x in np.random.default_rng(D).normal(size=(4, N, D)).astype(np.float32):
            engine.step(packed, x, *ours)
            engine.step(whole, x, *theirs)
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(one, other, strict=True)


@pytest.mark.parametrize("K", [1, 3, 16, 17, 64, 70, 300])
def test_a_product_has_the_bits_of_the_reference(level: str, K: int) -> None:
    rng = np.random.default_rng(K)
    for H, N in ((1, 1), (4, 3), (37, 1), (128, 2)):
        h, b_y = rng.normal(size=(N, H)).astype(np.float32), rng.normal(size=K).astype(np.float32)
        q, scale = reference.quantize(rng.normal(size=(H, K)))
        for bias in (b_y, None):
            ours, theirs = (twin.quantized_dense(h, q, scale, bias) for twin in (engine, reference))
            np.testing.assert_array_equal(ours, theirs, strict=True)
        exact = (h.astype(float) @ (q * scale.astype(float))) + b_y
        assert abs(engine.quantized_dense(h, q, scale, b_y) - exact).max() < 0.02 * abs(exact).max() + 0.05


def test_the_largest_sums_are_exact(level: str) -> None:
    """As many products of 127 and 127 as fit 32 bits, of either sign."""
    H = 133_144
    q = np.full((H, 3), 127, np.int8)
    q[:, 1] = -127
    q[: H // 2 + 1, 2] = -127
    h = np.full((1, H), 127.0)
    expected = np.float32([[127 * 127 * H, -127 * 127 * H, -2 * 127 * 127]])
    np.testing.assert_array_equal(engine.quantized_dense(h, q, np.ones(3)), expected)
    np.testing.assert_array_equal(engine.quantized_dense(-h, q, np.ones(3)), -expected)


def test_rows_of_zeros_and_values_that_are_not_finite(level: str) -> None:
    q, scale = reference.quantize(np.random.default_rng(0).normal(size=(20, 5)))
    h = np.random.default_rng(1).normal(size=(5, 20))
    h[0], h[1], h[2, 7], h[3, 19] = 0, 1e-31, np.nan, -np.inf
    ours, theirs = (twin.quantized_dense(h, q, scale, np.ones(5)) for twin in (engine, reference))
    np.testing.assert_array_equal(ours, theirs)
    assert (ours[:2] == 1).all() and np.isnan(ours[2:4]).all() and np.isfinite(ours[4]).all()


NETWORKS: dict[str, dict[str, Any]] = {
    "lstm, softmax": {"output": "softmax", "output_size": 37},
    "gru, log softmax": {"cell": "gru", "num_layers": 2, "output": "log_softmax", "output_size": 5},
    "rnn, skip, sigmoid": {"cell": "rnn", "linear_skip": True, "output": "sigmoid"},
    "dense": {"dense": (21, 6), "dense_activation": ("tanh", "relu")},
    "words": {"input_size": None, "vocabulary_size": 40, "embedding_size": 33, "hidden_size": 33, "output_size": 40}
    | {"tied_weights": True, "output": "softmax"},
    "one-hot": {"input_size": None, "vocabulary_size": 40, "cell": "gru"},
}


@pytest.mark.parametrize("case", NETWORKS)
def test_an_int8_stream_has_the_same_bits_on_every_level(case: str) -> None:
    architecture = Architecture(**{"input_size": 3, "output_size": 2, "hidden_size": 33} | NETWORKS[case])
    network, rng = Network.initialized(architecture, seed=1), np.random.default_rng(0)
    network.theta[...] += rng.normal(scale=0.2, size=network.theta.shape).astype(np.float32)
    x = rng.integers(0, 40, (9, 2)) if architecture.takes_indices else rng.normal(size=(9, 2, 3))
    results = []
    for name in LEVELS:
        kernels.use_vnni("without" not in name)
        with on_level(name.partition(" ")[0]):
            stream = Stream(network, rows=2, precision="int8")
            results.append(np.array([stream.step(x_t).copy() for x_t in x]))
    kernels.use_vnni(True)
    for one, other in pairwise(results):
        np.testing.assert_array_equal(one.view(np.int32), other.view(np.int32))
    assert 0 < abs(results[0] - network.predict(x)).max() < 0.2


@pytest.mark.parametrize("twin", [engine, reference])
def test_bad_arguments(twin: Any) -> None:
    weights = make("lstm", "float64", 3, 4)
    with pytest.raises(ArgumentError, match=r"pack_layer: precision must be one of 'float32', 'bfloat16', 'int8', got"):
        twin.pack_layer("lstm", **weights, precision="int4")
    weights["W_h"][2, 5] = np.inf  # type: ignore[index]
    for precision in ("bfloat16", "int8"):
        with pytest.raises(ArgumentError, match=r"pack_layer: W_h\[2, 5\] must be finite, got inf"):
            twin.pack_layer("lstm", **weights, precision=precision)
    with pytest.raises(ArgumentError, match="pack_layer: with int8, D must be at most 133144, got 133145"):
        twin.pack_layer("rnn", np.zeros((133_145, 1)), np.zeros((1, 1)), precision="int8")
    twin.pack_layer("rnn", np.zeros((133_145, 1)), np.zeros((1, 1)), one_hot=True, precision="int8")
    q, one = np.ones((2, 3), np.int8), np.ones(3)
    with pytest.raises(ShapeError, match=r"quantized_dense: q must have shape \(H, K\)"):
        twin.quantized_dense(np.ones((1, 3)), q, one)
    with pytest.raises(ArgumentError, match="quantized_dense: q must hold int8, got dtype int64"):
        twin.quantized_dense(np.ones((1, 2)), q.astype(int), one)
    with pytest.raises(ArgumentError, match=r"quantized_dense: q\[0, 0\] must be at least -127, got -128"):
        twin.quantized_dense(np.ones((1, 2)), q - np.int8(127) - np.int8(2), one)
    for wrong in (np.nan, -1.0, np.inf):
        with pytest.raises(ArgumentError, match=r"quantized_dense: scale\[1\] must be finite and not negative, got"):
            twin.quantized_dense(np.ones((1, 2)), q, [1.0, wrong, 1.0])


def test_the_raw_calls_check_dtypes_and_shapes() -> None:
    W = np.ones((2, 2))
    with pytest.raises(ValueError, match="int8 needs arrays of float32"):
        kernels.pack_layer("rnn", W, W, None, None, "tanh", precision="int8")
    W, o = W.astype(np.float32), np.zeros((1, 2), np.float32)
    with pytest.raises(ValueError, match="unknown precision int4"):
        kernels.pack_layer("rnn", W, W, None, None, "tanh", precision="int4")
    with pytest.raises(ValueError, match="narrow_dense needs"):
        kernels.narrow_dense(o, W, None, o.copy(), "float32")
    for h, b_y in ((np.zeros((1, 3), np.float32), None), (o, np.zeros(3, np.float32)), (o, np.zeros(2))):
        with pytest.raises(ValueError, match=r"must have shape|dtype"):
            kernels.narrow_dense(h, W, b_y, o.copy(), "int8")
