"""SiLU, softplus, the mixing readout and the loss of its quantiles: numbers by hand, differences, properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.reference import (
    mixing_readout_backward,
    mixing_readout_forward,
    numerical_gradient,
    pinball,
    quantile_loss,
    silu_backward,
    silu_forward,
    softplus_backward,
    softplus_forward,
)
from tolerances import assert_close

LN_3 = np.log(3.0)  # σ(ln 3) = 3/4, σ(−ln 3) = 1/4


def test_silu_by_hand() -> None:
    assert_close(silu_forward([LN_3, -LN_3, 0.0]), [0.75 * LN_3, -0.25 * LN_3, 0.0], "same sums")
    expected = [2 * 0.75 * (1 + 0.25 * LN_3), 3 * 0.25 * (1 - 0.75 * LN_3), 5 * 0.5]
    assert_close(silu_backward([2.0, 3.0, 5.0], [LN_3, -LN_3, 0.0]), expected, "same sums")


def test_softplus_by_hand() -> None:
    """ln(1 + 3) = ln 4, and a difference of softplus(a) − softplus(−a) is a itself."""
    assert_close(softplus_forward([LN_3, -LN_3, 0.0]), np.log([4.0, 4 / 3, 2.0]), "same sums")
    assert_close(softplus_backward([2.0, 4.0], [LN_3, -LN_3]), [1.5, 1.0], "same sums")
    a = np.linspace(-30, 30, 61)
    assert_close(softplus_forward(a) - softplus_forward(-a), a, "same sums")


def test_no_value_is_too_large() -> None:
    extreme = [1e4, -1e4, 1e300, -1e300]
    np.testing.assert_array_equal(silu_forward(extreme), [1e4, 0.0, 1e300, 0.0])
    np.testing.assert_array_equal(softplus_forward(extreme), [1e4, 0.0, 1e300, 0.0])
    np.testing.assert_array_equal(silu_backward([2.0] * 4, extreme), [2.0, 0.0, 2.0, 0.0])
    np.testing.assert_array_equal(softplus_backward([2.0] * 4, extreme), [2.0, 0.0, 2.0, 0.0])
    assert softplus_forward(-40.0) == pytest.approx(np.exp(-40.0), rel=1e-15, abs=0)  # small values keep their digits


@pytest.mark.parametrize("shape", [(), (5,), (2, 0), (3, 2, 4)])
def test_derivatives_of_silu_and_softplus(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(31)
    a, dy = 3 * rng.normal(size=shape), rng.normal(size=shape)
    for forward, backward in ((silu_forward, silu_backward), (softplus_forward, softplus_backward)):
        da = backward(dy, a)
        assert da.shape == forward(a).shape == shape
        assert_close(da, numerical_gradient(lambda v, f=forward: float((dy * f(v)).sum()), a), "gradient check")


def gap(size: float) -> float:
    """Return the output whose softplus is ``size``."""
    return float(np.log(np.expm1(size)))


# Two steps ahead, k = 1 and 4 (√k = 1 and 2, gaps times 1 and 1.5); two simple forecasts, five quantiles.
B_BY_HAND = [[2.0, 0.0], [8.0, 1.0]]
O_BY_HAND = [
    [3.0, 7.0, -1.0, -2.0, 0.5, gap(1), gap(2), gap(3), gap(4)],
    [0.5, -1.0, 0.25, 3.0, 0.1, gap(2), gap(4), gap(6), gap(8)],
]


def test_mixing_by_hand() -> None:
    q = mixing_readout_forward(O_BY_HAND, B_BY_HAND, [1.0, 4.0])
    # medians 3·2 + 7·0 − 1 − 2·1 + 0.5·1 and 0.5·8 − 1·1 + 0.25 + 3·2 + 0.1·4
    expected = [
        [3.5 - 2 - 1, 3.5 - 2, 3.5, 3.5 + 3, 3.5 + 3 + 4],
        [9.65 - 6 - 3, 9.65 - 6, 9.65, 9.65 + 9, 9.65 + 9 + 12],
    ]
    assert_close(q, expected, "same sums")


def test_mixing_backward_by_hand() -> None:
    dq = [[1.0, 2.0, 4.0, 8.0, 16.0], [0.0, 0.0, 0.0, 0.0, 1.0]]
    do = mixing_readout_backward(dq, O_BY_HAND, B_BY_HAND, [1.0, 4.0])
    slope = [1 - np.exp(-size) for size in (1, 2, 3, 4, 6, 8)]  # σ(ln(e^g − 1)) = 1 − e^−g
    first = [62.0, 0.0, 31.0, 31.0, 31.0, -1 * slope[0], -3 * slope[1], 24 * slope[2], 16 * slope[3]]
    second = [8.0, 1.0, 1.0, 2.0, 4.0, 0.0, 0.0, 1.5 * slope[4], 1.5 * slope[5]]
    assert_close(do, [first, second], "same sums")


@pytest.mark.parametrize("leading", [(), (3,), (2, 3)])
@pytest.mark.parametrize("Q", [1, 3, 9])
def test_derivative_of_mixing(Q: int, leading: tuple[int, ...]) -> None:
    rng = np.random.default_rng(32)
    J, B = 3, 4
    o, b = rng.normal(size=(*leading, J, B + Q + 2)), rng.normal(size=(*leading, J, B))
    k, dq = np.array([1.0, 2.5, 12.0]), rng.normal(size=(*leading, J, Q))
    do = mixing_readout_backward(dq, o, b, k)
    expected = numerical_gradient(lambda v: float((dq * mixing_readout_forward(v, b, k)).sum()), o)
    assert_close(do, expected, "gradient check")


def test_one_quantile_is_a_linear_readout() -> None:
    rng = np.random.default_rng(33)
    o, b, k = rng.normal(size=(5, 2, 6)), rng.normal(size=(5, 2, 3)), np.array([1.0, 9.0])
    free = np.broadcast_to([[1.0, 1.0, 1.0], [1.0, 3.0, 9.0]], (5, 2, 3))  # 1, √k, k
    terms = np.concatenate([b, free], axis=-1)
    assert_close(mixing_readout_forward(o, b, k)[..., 0], (o * terms).sum(axis=-1), "same sums")


@settings(max_examples=60, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 10.0, 1e4]), st.integers(0, 6))
def test_quantiles_never_cross(seed: int, size: float, half: int) -> None:
    rng = np.random.default_rng(seed)
    o, b = size * rng.normal(size=(4, 3, 5 + 2 * half + 3)), size * rng.normal(size=(4, 3, 5))
    q = mixing_readout_forward(o, b, [1.0, 3.0, 1000.0])
    assert np.isfinite(q).all()
    assert (np.diff(q, axis=-1) >= 0).all()


def test_loss_by_hand() -> None:
    """Errors y − q of 2, 1, −1 and −1, −2, −4 at the levels 0.1, 0.5, 0.9."""
    q, y, levels = [[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]], [3.0, 0.0], [0.1, 0.5, 0.9]
    loss, dq = quantile_loss(q, y, levels, reduction="sum")
    assert loss == pytest.approx((0.2 + 0.5 + 0.1) + (0.9 + 1.0 + 0.4), rel=1e-15)
    assert_close(dq, [[-0.1, -0.5, 0.1], [0.9, 0.5, 0.1]], "same sums")
    assert quantile_loss(q, y, levels)[0] == pytest.approx(3.1 / 6, rel=1e-15)  # six components
    loss, dq = quantile_loss(q, y, levels, importance=[1.0, 3.0, 1.0], weight=[2.0, 1.0], reduction="sum")
    assert loss == pytest.approx(2 * (0.2 + 1.5 + 0.1) + (0.9 + 3.0 + 0.4), rel=1e-15)
    expected = np.array([[-0.2, -3.0, 0.2], [0.9, 1.5, 0.1]])
    assert_close(dq, expected, "same sums")
    loss, dq = quantile_loss(q, y, levels, importance=[1.0, 3.0, 1.0], weight=[2.0, 1.0])
    assert loss == pytest.approx(7.9 / 15, rel=1e-15)  # (1 + 3 + 1) (2 + 1)
    assert_close(dq, expected / 15, "same sums")


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_loss_is_the_pinball_loss_of_every_quantile(reduction: str) -> None:
    rng = np.random.default_rng(34)
    q, y, levels = rng.normal(size=(4, 2, 3)), rng.normal(size=(4, 2)), [0.1, 0.4, 0.8]
    importance, weight = np.array([1.0, 0.0, 2.5]), rng.random((4, 2))
    loss, dq = quantile_loss(q, y, levels, importance, weight, reduction)
    singles = [
        pinball(q[..., [i]], y[..., np.newaxis], importance[i] * weight, "sum", quantile=levels[i]) for i in range(3)
    ]
    total = importance.sum() * weight.sum() if reduction == "mean" else 1.0
    assert_close(loss, sum(single[0] for single in singles) / total, "same sums")
    assert_close(dq, np.concatenate([single[1] for single in singles], axis=-1) / total, "same sums")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_derivative_of_the_loss(reduction: str, weighted: bool) -> None:
    rng = np.random.default_rng(35)
    y, levels = rng.normal(size=(3, 2)), [0.1, 0.3, 0.5, 0.9]
    q = y[..., np.newaxis] + rng.choice([-1, 1], (3, 2, 4)) * rng.uniform(0.1, 2.0, (3, 2, 4))  # away from the kink
    importance, weight = (rng.random(4), rng.random((3, 2))) if weighted else (None, None)
    _, dq = quantile_loss(q, y, levels, importance, weight, reduction)
    expected = numerical_gradient(lambda v: quantile_loss(v, y, levels, importance, weight, reduction)[0], q)
    assert_close(dq, expected, "gradient check")


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_what_weighs_nothing_is_not_looked_at(reduction: str) -> None:
    q, y, levels = np.array([[1.0, np.nan], [np.nan, np.nan]]), np.array([3.0, np.nan]), [0.25, 0.5]
    loss, dq = quantile_loss(q, y, levels, [2.0, 0.0], [1.0, 0.0], reduction)
    assert loss == (1.0 if reduction == "sum" else 0.5)
    np.testing.assert_array_equal(dq, [[-0.5 if reduction == "sum" else -0.25, 0.0], [0.0, 0.0]])
    for importance, weight in (([0.0, 0.0], None), (None, [0.0, 0.0])):
        loss, dq = quantile_loss(q, y, levels, importance, weight, reduction)
        assert loss == 0.0
        assert not dq.any()
    assert quantile_loss(np.zeros((0, 2)), np.zeros(0), levels, reduction=reduction)[0] == 0.0
    loss, dq = quantile_loss(q, y, levels, reduction=reduction)
    assert np.isnan(loss) and np.isnan(dq[1]).all()
    assert quantile_loss([[3.0]], [3.0], [0.25])[1] == 0.0  # the kink
