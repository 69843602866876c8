"""SiLU, softplus, the mixing readout and the loss of its quantiles against their twins, and the bits that they keep."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest

from elman import engine, reference
from elman.reference import numerical_gradient
from kernels.calls import DTYPES, assert_same_bits
from reference.cases import Arrays
from tolerances import assert_close

SIZES = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 70)  # lanes of a vector: 2 to 16
LEADING = ((), (0,), (3,), (2, 0), (2, 3))
FORECASTS = (1, 7, 8, 9, 16, 17, 24, 33)
QUANTILES = (1, 3, 5, 9, 17, 19, 35)
POINTWISE = ("silu", "softplus")
THREADS = (1, 2, 3, 7)
# Enough work for seven threads; tests/kernels/test_exact.py counts them.
MANY_VALUES, MANY_ROWS = 620_001, (8_000, 6, 24, 9)  # n; N, J, B, Q


def normal(rng: np.random.Generator, dtype: str, *shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(dtype)


def mixing(rng: np.random.Generator, dtype: str, leading: tuple[int, ...], J: int, B: int, Q: int) -> Arrays:
    """Return random arguments of the mixing readout, dq included."""
    return {
        "dq": normal(rng, dtype, *leading, J, Q),
        "o": normal(rng, dtype, *leading, J, B + Q + 2),
        "b": normal(rng, dtype, *leading, J, B),
        "k": np.concatenate([[1.0], rng.uniform(1, 50, J - 1)]).astype(dtype),
    }


def mixed(arguments: Arrays, **threads: int) -> Arrays:
    """Run the engine forward and backward."""
    forward = {name: value for name, value in arguments.items() if name != "dq"}
    return {
        "q": engine.mixing_readout_forward(**forward, **threads),
        "do": engine.mixing_readout_backward(**arguments, **threads),
    }


def pointwise(name: str, a: np.ndarray, dy: np.ndarray, **threads: int) -> Arrays:
    return {
        "y": getattr(engine, f"{name}_forward")(a, **threads),
        "da": getattr(engine, f"{name}_backward")(dy, a, **threads),
    }


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_silu_and_softplus(isa: str, dtype: str, name: str) -> None:
    rng = np.random.default_rng(1)
    for shape in [*((size,) for size in SIZES), *LEADING, (2, 3, 5)]:
        a, dy = 4 * normal(rng, dtype, *shape), normal(rng, dtype, *shape)
        found = pointwise(name, a, dy)
        twins = getattr(reference, f"{name}_forward")(a), getattr(reference, f"{name}_backward")(dy, a)
        for value, twin, quantity in zip(found.values(), twins, ("states", "gradients"), strict=True):
            assert (value.dtype, value.shape) == (dtype, shape)
            assert_close(value, twin, quantity, dtype, f"{name} {shape}")


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_extreme_values(isa: str, dtype: str, name: str) -> None:
    """Each value by itself: neither overflow nor NaN, and small results keep their digits."""
    sizes = np.array([1e-30, 1e-3, 1.0, 5.0, 20.0, 60.0, 80.0, 88.0, 90.0, 700.0, 750.0, 1e4, 1e30])
    for a in np.concatenate([sizes, -sizes]).astype(dtype):
        found = pointwise(name, a, np.asarray(2.0, dtype))
        twins = getattr(reference, f"{name}_forward")(a), getattr(reference, f"{name}_backward")(2.0, a)
        for value, twin in zip(found.values(), twins, strict=True):
            assert np.isfinite(value)
            if abs(twin) > 1e4 * np.finfo(dtype).tiny:
                assert_close(value, twin, "states", dtype, f"{name} {a}")
            else:
                assert abs(value) <= abs(twin) * (1 + 1e-5)  # what is that small may be flushed to zero


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_silu_and_softplus_in_place(isa: str, dtype: str, name: str) -> None:
    rng = np.random.default_rng(2)
    a, dy = normal(rng, dtype, 3, 21), normal(rng, dtype, 3, 21)
    expected = pointwise(name, a, dy)
    y, da, da_over_a = a.copy(), dy.copy(), a.copy()
    getattr(engine.kernels, f"{name}_forward")(y, y)
    getattr(engine.kernels, f"{name}_backward")(da, a, da)
    getattr(engine.kernels, f"{name}_backward")(dy, da_over_a, da_over_a)
    assert_same_bits({"y": y, "da": da}, expected)
    assert_same_bits({"da": da_over_a}, expected, "da")


@pytest.mark.parametrize("name", POINTWISE)
def test_nan_stays_where_it_is(isa: str, name: str) -> None:
    for dtype, place in product(DTYPES, range(19)):
        a = np.zeros(19, dtype)
        a[place] = np.nan
        for value in pointwise(name, a, np.ones(19, dtype)).values():
            np.testing.assert_array_equal(np.isnan(value), np.isnan(a))


@pytest.mark.parametrize("dtype", DTYPES)
def test_mixing_readout(isa: str, dtype: str) -> None:
    rng = np.random.default_rng(3)
    shapes = [((5,), 3, B, Q) for B, Q in product(FORECASTS, QUANTILES)]
    for leading, J, B, Q in shapes + [(leading, J, 3, 5) for leading in LEADING for J in (1, 4)]:
        a = mixing(rng, dtype, leading, J, B, Q)
        found, case = mixed(a), f"{leading} {J} {B} {Q}"
        twins = reference.mixing_readout_forward(a["o"], a["b"], a["k"]), reference.mixing_readout_backward(**a)
        for value, twin, quantity in zip(found.values(), twins, ("states", "gradients"), strict=True):
            assert (value.dtype, value.shape) == (dtype, twin.shape)
            assert_close(value, twin, quantity, dtype, case)
        assert (np.diff(found["q"], axis=-1) >= 0).all(), case


@pytest.mark.parametrize("dtype", DTYPES)
def test_mixing_readout_of_extreme_outputs(isa: str, dtype: str) -> None:
    """Outputs of ±10⁴: gaps of zero and wide ones, still in order."""
    rng = np.random.default_rng(4)
    a = mixing(rng, dtype, (20,), 3, 5, 9)
    a["o"] = (1e4 * rng.choice([-1, 1], a["o"].shape)).astype(dtype)
    found = mixed(a)
    assert_close(found["q"], reference.mixing_readout_forward(a["o"], a["b"], a["k"]), "states", dtype)
    assert_close(found["do"], reference.mixing_readout_backward(**a), "gradients", dtype)
    assert (np.diff(found["q"], axis=-1) >= 0).all()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_quantile_loss(isa: str, dtype: str, reduction: str) -> None:
    rng = np.random.default_rng(5)
    for leading, Q in [((7,), Q) for Q in (*QUANTILES, 2, 8)] + [(leading, 3) for leading in LEADING] + [((900,), 9)]:
        q, y = normal(rng, dtype, *leading, Q), normal(rng, dtype, *leading)
        levels = np.sort(rng.uniform(0.01, 0.99, Q)).astype(dtype)
        weights = None, np.where(rng.random(leading) < 0.3, 0, rng.random(leading)).astype(dtype)
        importances = None, np.where(np.arange(Q) % 3 == 1, 0, rng.random(Q)).astype(dtype), np.zeros(Q, dtype)
        for importance, weight in product(importances, weights):
            arguments = q, y, levels, importance, weight, reduction
            loss, dq = engine.quantile_loss(*arguments)
            twin, d_twin = reference.quantile_loss(*arguments)
            assert type(loss) is float
            assert (dq.dtype, dq.shape) == (dtype, q.shape)
            assert_close(loss, twin, "loss", dtype, f"{leading} {Q}")
            assert_close(dq, d_twin, "gradients", dtype, f"{leading} {Q}")


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_quantiles_without_weight_are_not_looked_at(isa: str, dtype: str, reduction: str) -> None:
    rng = np.random.default_rng(6)
    for Q in (1, 5, 9, 19):
        q, y, levels = normal(rng, dtype, 6, Q), normal(rng, dtype, 6), np.linspace(0.05, 0.95, Q).astype(dtype)
        importance, weight = (np.arange(Q) % 2 == 0).astype(dtype), np.array([1, 0, 2, 0, 0, 1], dtype)
        expected = engine.quantile_loss(q, y, levels, importance, weight, reduction)
        for bad in (np.nan, np.inf):
            hidden_q, hidden_y = q.copy(), y.copy()
            hidden_q[:, importance == 0], hidden_q[weight == 0], hidden_y[weight == 0] = bad, bad, bad
            loss, dq = engine.quantile_loss(hidden_q, hidden_y, levels, importance, weight, reduction)
            assert loss == expected[0] > 0
            np.testing.assert_array_equal(dq, expected[1])
            with np.errstate(invalid="ignore"):
                shown = [module.quantile_loss(hidden_q, y, levels, reduction="sum") for module in (engine, reference)]
            assert_close(shown[0][0], shown[1][0], "loss", dtype)
            assert_close(shown[0][1], shown[1][1], "gradients", dtype)


def test_quantile_loss_at_its_kinks_and_in_place(isa: str) -> None:
    for dtype in DTYPES:
        q = np.array([[-2.0, 0.0, 2.0], [0.0, 0.0, 0.0]], dtype)
        expected = [[-0.25, 0.0, 0.25], [0.0, 0.0, 0.0]]
        levels = np.array([0.25, 0.5, 0.75], dtype)
        assert engine.kernels.quantile_loss(q, np.zeros(2, dtype), levels, None, None, "sum", q) == 1.0
        np.testing.assert_array_equal(q, expected)


def test_derivatives(isa: str) -> None:
    """Central differences of order 4 through the native forward functions, in float64."""
    rng = np.random.default_rng(7)
    a, dy = 2 * rng.normal(size=(3, 11)), rng.normal(size=(3, 11))
    for name in POINTWISE:
        forward = getattr(engine, f"{name}_forward")
        expected = numerical_gradient(lambda v, f=forward: float((dy * f(v)).sum()), a)
        assert_close(pointwise(name, a, dy)["da"], expected, "gradient check", name=name)
    m = mixing(rng, "float64", (2,), 3, 11, 9)
    expected = numerical_gradient(
        lambda v: float((m["dq"] * engine.mixing_readout_forward(v, m["b"], m["k"])).sum()), m["o"]
    )
    assert_close(mixed(m)["do"], expected, "gradient check")
    y, levels = rng.normal(size=(2, 3)), np.linspace(0.05, 0.95, 9)
    q = y[..., np.newaxis] + rng.choice([-1, 1], (2, 3, 9)) * rng.uniform(0.1, 2.0, (2, 3, 9))
    for reduction, importance, weight in product(("mean", "sum"), (None, rng.random(9)), (None, rng.random((2, 3)))):
        more = y, levels, importance, weight, reduction
        expected = numerical_gradient(lambda v, more=more: engine.quantile_loss(v, *more)[0], q)
        assert_close(engine.quantile_loss(q, *more)[1], expected, "gradient check")


@cache
def values(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    return normal(rng, dtype, MANY_VALUES), normal(rng, dtype, MANY_VALUES)


@cache
def rows(dtype: str) -> Arrays:
    N, J, B, Q = MANY_ROWS
    return mixing(np.random.default_rng(9), dtype, (N,), J, B, Q)


def many_values(name: str, n_threads: int, dtype: str) -> Arrays:
    return pointwise(name, *values(dtype), n_threads=n_threads)


def many_rows(n_threads: int, dtype: str) -> Arrays:
    return mixed(rows(dtype), n_threads=n_threads)


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_number_of_threads(isa: str, dtype: str) -> None:
    for work in (
        *(lambda n, name=name: many_values(name, n, dtype) for name in POINTWISE),
        lambda n: many_rows(n, dtype),
    ):
        one = work(1)
        for n_threads in THREADS[1:]:
            assert_same_bits(work(n_threads), one)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_alone_or_among_any_neighbours(isa: str, dtype: str) -> None:
    rng = np.random.default_rng(10)
    for B, Q in ((5, 3), (24, 9), (33, 19)):
        a = mixing(rng, dtype, (13,), 4, B, Q)
        together = mixed(a)
        y, levels = normal(rng, dtype, 13, 4), np.linspace(0.1, 0.9, Q).astype(dtype)
        _, dq = engine.quantile_loss(together["q"], y, levels, reduction="sum")
        for rows in (*([n] for n in range(13)), slice(0, 7), slice(4, 13), [5, 5, 0], np.arange(13)[::-1]):
            part = mixed({name: value if name == "k" else value[rows] for name, value in a.items()})
            assert_same_bits(part, {name: value[rows] for name, value in together.items()})
            _, part_dq = engine.quantile_loss(together["q"][rows], y[rows], levels, reduction="sum")
            np.testing.assert_array_equal(part_dq, dq[rows])
        for j in range(4):  # and a step ahead without the others
            part = mixed({name: value[[j]] if name == "k" else value[:, [j]] for name, value in a.items()})
            assert_same_bits(part, {name: value[:, [j]] for name, value in together.items()})


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_tails_have_the_bits_of_full_vectors(isa: str, dtype: str, name: str) -> None:
    rng = np.random.default_rng(11)
    a, dy = normal(rng, dtype, 70), normal(rng, dtype, 70)
    whole = pointwise(name, a, dy)
    for size, begin in product(range(1, 36), (0, 1, 33)):
        place = slice(begin, begin + size)
        assert_same_bits(pointwise(name, a[place], dy[place]), {key: value[place] for key, value in whole.items()})


def test_the_number_of_quantiles_is_odd() -> None:
    """Also where the sizes agree with one another."""
    o, b, k = np.zeros((2, 1, 8)), np.zeros((2, 1, 4)), np.ones(1)
    with pytest.raises(ValueError, match="the number of quantiles must be odd"):
        engine.kernels.mixing_readout_forward(o, b, k, np.zeros((2, 1, 2)))
    with pytest.raises(ValueError, match="the number of quantiles must be odd"):
        engine.kernels.mixing_readout_backward(np.zeros((2, 1, 2)), o, b, k, o.copy())
