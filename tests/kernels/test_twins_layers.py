"""Dense layer, activations, embedding and losses against their twins, on every ISA level."""

from __future__ import annotations

from itertools import product
from types import ModuleType

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from elman import engine, reference
from elman.errors import ArgumentError, DataError, ShapeError
from kernels.calls import DTYPES
from tolerances import assert_close

WIDTHS = (1, 7, 8, 9, 16, 17, 33, 70)
ROWS = (0, 1, 2, 5, 6, 7, 13, 20)
LEADING = ((), (0,), (3,), (2, 0), (2, 3))
OUTPUT_ACTIVATIONS = ("identity", "tanh", "relu", "sigmoid", "softmax", "log_softmax")
ELEMENTWISE = {
    "half_squared_error": {},
    "mean_squared_error": {},
    "mean_absolute_error": {},
    "huber": {"delta": 0.7},
    "pinball": {"quantile": 0.2},
    "binary_cross_entropy": {},
}


def normal(rng: np.random.Generator, dtype: str, *shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dense(isa: str, dtype: str) -> None:
    rng = np.random.default_rng(1)
    shapes = [((5,), H, K) for H, K in product(WIDTHS, WIDTHS)] + [((M,), 9, 17) for M in ROWS]
    for leading, H, K in shapes + [(leading, 3, 5) for leading in LEADING] + [((300, 2), 7, 9)]:
        h, W, b = normal(rng, dtype, *leading, H), normal(rng, dtype, H, K), normal(rng, dtype, K)
        do = normal(rng, dtype, *leading, K)
        for bias in (b, None):
            o = engine.dense_forward(h, W, bias)
            assert o.dtype == dtype
            assert_close(o, reference.dense_forward(h, W, bias), "states", dtype, f"o {leading} {H} {K}")
        twins = reference.dense_backward(do, h, W)
        for name, gradient in engine.dense_backward(do, h, W)._asdict().items():
            assert gradient.dtype == dtype
            assert_close(gradient, getattr(twins, name), "gradients", dtype, f"{name} {leading} {H} {K}")


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dense_cross_entropy_is_its_three_parts(isa: str, dtype: str, reduction: str) -> None:
    """Bit for bit, whatever the number of rows, in blocks or not; and close to the twin."""
    for leading, H, K in (
        ((3,), 5, 2),
        ((2, 3), 1, 7),
        ((600,), 3, 1100),
        ((257,), 2, 1030),
        ((300,), 17, 33),
        ((0,), 4, 3),
    ):
        rng = np.random.default_rng([H, K])
        h, W, b = (rng.normal(size=size).astype(dtype) for size in ((*leading, H), (H, K), K))
        y = rng.integers(0, K, leading)
        weights = (None, rng.integers(0, 3, leading).astype(dtype), np.zeros(leading, dtype))
        some = [(None, b), (weights[1], None)] if K > 1000 else product(weights, (b, None))
        for weight, bias in some:
            loss, gradients = engine.dense_cross_entropy(h, W, bias, y, weight, reduction)
            o = engine.dense_forward(h, W, bias)
            parts_loss, do = engine.categorical_cross_entropy(o, y, weight, reduction)
            parts = engine.dense_backward(do, h, W)
            twin_loss, twins = reference.dense_cross_entropy(h, W, bias, y, weight, reduction)
            case = f"{leading} {H} {K}"
            assert loss == parts_loss, case
            assert_close(loss, twin_loss, "loss", dtype, case)
            for name in gradients._fields:
                np.testing.assert_array_equal(getattr(gradients, name), getattr(parts, name), strict=True)
                assert_close(getattr(gradients, name), getattr(twins, name), "gradients", dtype, f"{name} {case}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_dense_cross_entropy_may_go_on_with_what_is_there(isa: str, dtype: str) -> None:
    """Chunks of time, the later one first, give the gradients of the whole."""
    rng = np.random.default_rng(3)
    h, W, b = (rng.normal(size=size).astype(dtype) for size in ((40, 6), (6, 9), 9))
    y = rng.integers(0, 9, 40)
    _, whole = engine.dense_cross_entropy(h, W, b, y, reduction="sum")
    dh, dW, db = np.empty_like(h), np.empty_like(W), np.empty_like(b)
    for part, go_on in ((slice(25, 40), False), (slice(0, 25), True)):
        engine.kernels.dense_cross_entropy(h[part], W, b, y[part], None, "sum", dh[part], dW, db, go_on, 1)
    for ours, theirs in zip((dh, dW, db), whole, strict=True):
        np.testing.assert_array_equal(ours, theirs, strict=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dense_may_add_to_what_is_there(isa: str, dtype: str) -> None:
    """As the linear skip needs it: forward into o, backward into dh, with bias gradient and dh left out at will."""
    rng = np.random.default_rng(2)
    h, W, do = normal(rng, dtype, 7, 9), normal(rng, dtype, 9, 17), normal(rng, dtype, 7, 17)
    o, dh = normal(rng, dtype, 7, 17), normal(rng, dtype, 7, 9)
    twins = reference.dense_backward(do, h, W)
    expected_o, expected_dh = o + reference.dense_forward(h, W), dh + twins.dh
    engine.kernels.dense_forward(h, W, None, o, True)
    assert_close(o, expected_o, "states", dtype)
    dW = np.empty_like(W)
    engine.kernels.dense_backward(do, h, W, dh, dW, None, True)
    assert_close(dh, expected_dh, "gradients", dtype)
    assert_close(dW, twins.dW_y, "gradients", dtype)
    engine.kernels.dense_backward(do, h, W, None, dW, None)
    assert_close(dW, twins.dW_y, "gradients", dtype)


@pytest.mark.parametrize("activation", OUTPUT_ACTIVATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_activations(isa: str, dtype: str, activation: str) -> None:
    rng = np.random.default_rng(3)
    for shape in [(5, K) for K in WIDTHS] + [(*leading, 3) for leading in LEADING]:
        o, dy = 4 * normal(rng, dtype, *shape), normal(rng, dtype, *shape)
        y = engine.activation_forward(o, activation)
        assert y.dtype == dtype
        assert_close(y, reference.activation_forward(o, activation), "states", dtype, f"y {shape}")
        do = engine.activation_backward(dy, y, activation)
        assert do.dtype == dtype
        assert_close(do, reference.activation_backward(dy, y, activation), "gradients", dtype, f"do {shape}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_activations_in_place(isa: str, dtype: str) -> None:
    rng = np.random.default_rng(4)
    o, dy = normal(rng, dtype, 3, 21), normal(rng, dtype, 3, 21)
    for activation in OUTPUT_ACTIVATIONS:
        y = engine.activation_forward(o, activation)
        do = engine.activation_backward(dy, y, activation)
        y_here, do_here = o.copy(), dy.copy()
        engine.kernels.activation_forward(y_here, activation, y_here)
        engine.kernels.activation_backward(do_here, y, activation, do_here)
        np.testing.assert_array_equal(y_here, y)
        np.testing.assert_array_equal(do_here, do)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_and_cross_entropy_of_extreme_logits(isa: str, dtype: str) -> None:
    """Large logits neither overflow nor cost digits; an impossible class stays impossible."""
    o = np.array([[1e4, 0.0, -1e4], [-np.inf, 2.0, 2.0], [1e4, 1e4 + 2, 1e4 + 1]], dtype)
    for activation in ("softmax", "log_softmax"):
        ours, theirs = (side.activation_forward(o, activation) for side in (engine, reference))
        assert_close(ours, theirs, "states", dtype)
    for y in ([0, 1, 2], [[1, 0, 0], [0, 0.25, 0.75], [0.5, 0.5, 0]]):
        for one, two in zip(
            engine.categorical_cross_entropy(o, y), reference.categorical_cross_entropy(o, y), strict=True
        ):
            assert_close(one, two, "loss", dtype)


@pytest.mark.parametrize("activation", OUTPUT_ACTIVATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_stays_where_it_is(isa: str, dtype: str, activation: str) -> None:
    """NaN comes out where it went in; softmax spreads it over its row and no further."""
    for column in range(19):
        o = np.zeros((3, 19), dtype)
        o[1, column] = np.nan
        expected = np.isnan(o)
        if activation.endswith("softmax"):
            expected[1] = True
        np.testing.assert_array_equal(np.isnan(engine.activation_forward(o, activation)), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_embedding(isa: str, dtype: str) -> None:
    rng = np.random.default_rng(5)
    for leading, D in product(LEADING, (1, 8, 9)):
        E, indices = normal(rng, dtype, 4, D), rng.integers(0, 4, leading)
        x = engine.embedding_forward(indices, E)
        assert x.dtype == dtype
        np.testing.assert_array_equal(x, E[indices])
        dx = normal(rng, dtype, *leading, D)
        dE = engine.embedding_backward(dx, indices, 4)
        assert dE.dtype == dtype
        assert_close(dE, reference.embedding_backward(dx, indices, 4), "gradients", dtype)


def compare_losses(name: str, o: np.ndarray, y: np.ndarray, dtype: str, **options) -> None:
    loss, do = getattr(engine, name)(o, y, **options)
    expected_loss, expected_do = getattr(reference, name)(o, y, **options)
    assert type(loss) is float
    assert (do.shape, do.dtype) == (o.shape, dtype)
    assert_close(loss, expected_loss, "loss", dtype, f"{name} {o.shape} {sorted(options)}")
    assert_close(do, expected_do, "gradients", dtype, f"d{name} {o.shape} {sorted(options)}")


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_losses(isa: str, dtype: str, name: str, reduction: str) -> None:
    rng = np.random.default_rng(6)
    for shape in [(3, K) for K in WIDTHS] + [(*leading, 3) for leading in LEADING]:
        o = 3 * normal(rng, dtype, *shape)
        y = (rng.random(shape) if name == "binary_cross_entropy" else rng.normal(size=shape)).astype(dtype)
        for weights in (None, shape, shape[:-1]):
            weight = (
                None if weights is None else np.where(rng.random(weights) < 0.3, 0, rng.random(weights)).astype(dtype)
            )
            compare_losses(name, o, y, dtype, weight=weight, reduction=reduction, **ELEMENTWISE[name])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_categorical_cross_entropy(isa: str, dtype: str, reduction: str) -> None:
    rng = np.random.default_rng(7)
    for shape in [(3, K) for K in WIDTHS] + [(*leading, 3) for leading in LEADING]:
        o = 3 * normal(rng, dtype, *shape)
        labels, rows = rng.integers(0, shape[-1], shape[:-1]), rng.random(shape).astype(dtype)
        weight = np.where(rng.random(shape[:-1]) < 0.3, 0, rng.random(shape[:-1])).astype(dtype)
        for y, w in product((labels, rows), (None, weight)):
            compare_losses("categorical_cross_entropy", o, y, dtype, weight=w, reduction=reduction)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", [*ELEMENTWISE, "categorical_cross_entropy"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_weight_zero_hides_nan(isa: str, dtype: str, name: str, reduction: str) -> None:
    rng = np.random.default_rng(8)
    per_component = name != "categorical_cross_entropy"
    for K in (2, 5, 17):
        o, y = normal(rng, dtype, 6, K), rng.random((6, K)).astype(dtype)
        for weights in ((6,), (6, K))[: 1 + per_component]:
            weight = (rng.random(weights) < 0.5).astype(dtype)
            weight[-1], weight[0] = 0, 1
            hidden = np.broadcast_to(weight if weight.ndim == 2 else weight[:, np.newaxis], (6, K)) == 0
            options = {"weight": weight, "reduction": reduction}
            loss, do = getattr(engine, name)(o, y, **options)
            assert np.isfinite(loss) and loss > 0 and not do[hidden].any()
            for bad in (np.nan, np.inf):
                hidden_loss, hidden_do = getattr(engine, name)(
                    np.where(hidden, bad, o), np.where(hidden, bad, y), **options
                )
                assert hidden_loss == loss
                np.testing.assert_array_equal(hidden_do, do)
            zero_loss, zero_do = getattr(engine, name)(o, y, np.zeros_like(weight), reduction)
            assert zero_loss == 0 and not zero_do.any()


@pytest.mark.parametrize("name", [*ELEMENTWISE, "categorical_cross_entropy"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_losses_of_what_is_not_finite(isa: str, dtype: str, name: str) -> None:
    """A NaN or infinite output shows up in the loss exactly where the twin says so: training must notice."""
    for bad, K in product((np.nan, np.inf, -np.inf), (1, 3, 20)):
        o, y = np.zeros((2, K), dtype), np.random.default_rng(9).random((2, K)).astype(dtype)
        o[1, -1] = bad
        with np.errstate(invalid="ignore"):
            expected_loss, expected_do = getattr(reference, name)(o, y, reduction="sum")
        loss, do = getattr(engine, name)(o, y, reduction="sum")
        assert_close(loss, expected_loss, "loss", dtype, f"{name} {bad}")
        assert_close(do, expected_do, "gradients", dtype, f"{name} {bad}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_derivatives_at_kinks_are_the_twins(isa: str, dtype: str) -> None:
    o = np.array([[0.0, 1.0, -1.0, 2.0, -2.0]], dtype)
    for name, options in {"mean_absolute_error": {}, "pinball": {"quantile": 0.25}, "huber": {"delta": 1.0}}.items():
        compare_losses(name, o, np.zeros_like(o), dtype, reduction="sum", **options)
    np.testing.assert_array_equal(engine.activation_backward(o, np.zeros_like(o), "relu"), np.zeros_like(o))


@given(
    arrays(np.float32, st.integers(1, 40), elements=st.floats(0, 2.0**100, width=32)),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 39),
)
def test_draw_is_its_twin(p: np.ndarray, u: float, first: int) -> None:
    """Sums are in double precision on both sides, so the index is the same, and never one that cannot come."""
    assume(first < len(p) and p[first:].any())
    for module, weights in product((engine, reference), (p, p.astype(np.float64))):
        index = module.draw(weights, u, first)
        assert index >= first
        assert p[index] > 0
        assert index == reference.draw(p, u, first)


def test_draw_shares() -> None:
    p = np.array([0.5, 0.2, 0.3])
    drawn = [engine.draw(p, u) for u in (np.arange(1000) + 0.5) / 1000]
    assert np.bincount(drawn).tolist() == [500, 200, 300]


@pytest.mark.parametrize("twin", [engine, reference])
def test_draw_refuses(twin: ModuleType) -> None:
    with pytest.raises(DataError, match=r"draw: p\[1\] must be finite and at least 0, got -0.5"):
        twin.draw([0.5, -0.5], 0.1)
    with pytest.raises(DataError, match="draw: p must not be all zero from index 1 on"):
        twin.draw([0.5, 0.0], 0.1, 1)
    with pytest.raises(ArgumentError, match=r"draw: u must be a number in \[0, 1\), got 1"):
        twin.draw([0.5, 0.5], 1.0)
    with pytest.raises(ArgumentError, match="draw: first must be"):
        twin.draw([0.5, 0.5], 0.0, 2)
    with pytest.raises(ShapeError, match="draw: p must have shape"):
        twin.draw([[0.5, 0.5]], 0.0)
