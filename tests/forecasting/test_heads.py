"""Heads and distributions: gradients by central differences, quantiles against scipy, and order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from elman.forecasting.distributions import DISTRIBUTIONS
from elman.forecasting.heads import DistributionHead, Head, QuantileHead, head_of
from elman.forecasting.interpolation import at_scores, scores_between
from elman.reference import quantile_loss

Array = npt.NDArray[np.float64]

RNG = np.random.default_rng(3)
ROWS = 6
HEADS: list[Head] = [QuantileHead.of([0.1, 0.025]), *(DistributionHead(name) for name in DISTRIBUTIONS)]


def case(head: Head) -> tuple[Array, Array, Array]:
    raw = RNG.normal(0, 1, (ROWS, head.size))
    y = RNG.poisson(2, ROWS).astype(np.float64) if head.counts else RNG.normal(0, 1, ROWS)
    return raw, y, np.array([1.0, 0.0, 2.0, 1.0, 0.5, 1.0])


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_gradient(head: Head) -> None:
    raw, y, weight = case(head)
    _, slopes = head.loss(raw, y, weight)
    step, along = 1e-4, RNG.normal(0, 1, raw.shape)

    def loss(times: float) -> float:
        return head.loss(raw + times * step * along, y, weight)[0]

    numerical = (8 * (loss(1) - loss(-1)) - (loss(2) - loss(-2))) / (12 * step)
    assert float((slopes * along).sum()) == pytest.approx(numerical, rel=1e-7)
    assert (slopes[1] == 0).all()


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_weights_are_repetitions_and_rows_of_weight_0_are_not_read(head: Head) -> None:
    raw, y, _ = case(head)
    twice = head.loss(np.concatenate([raw, raw[:1]]), np.concatenate([y, y[:1]]))[0]
    weight = np.array([2.0] + [1.0] * (ROWS - 1))
    assert head.loss(raw, y, weight)[0] == pytest.approx(twice, rel=1e-12)
    weight[2], y[2] = 0.0, np.nan
    loss, slopes = head.loss(raw, y, weight)
    assert np.isfinite(loss) and np.isfinite(slopes).all()
    assert head.loss(raw, y, np.zeros(ROWS))[0] == 0.0


def test_loss_of_quantiles_is_that_of_the_reference() -> None:
    head = QuantileHead.of([0.1, 0.3, 0.9])
    assert head.levels == (0.1, 0.3, 0.5, 0.7, 0.9)
    raw, y, weight = case(head)
    assert head.loss(raw, y, weight)[0] == pytest.approx(
        quantile_loss(head.quantiles(raw), y, head.levels, None, weight)[0]
    )


def test_quantiles_of_a_head_do_not_cross() -> None:
    head = QuantileHead.of([0.025, 0.1, 0.2, 0.35])
    q = head.quantiles(RNG.normal(0, 20, (500, 9)))
    assert (np.diff(q, axis=1) >= 0).all() and np.isfinite(q).all()
    assert np.allclose(head.quantiles(np.zeros((1, 9)))[0], 0.4 * head.scores)


def test_likelihoods_are_those_of_scipy() -> None:
    raw, y = np.array([[0.5, 0.2, -0.4]]), np.array([1.7])
    sigma, nu = np.log1p(np.exp(0.2 - 0.7)) + 1e-3, 2 + np.log1p(np.exp(-0.4 + 2))
    families = {"normal": stats.norm(0.5, sigma), "student_t": stats.t(nu, 0.5, sigma)}
    for name, family in families.items():
        own = DISTRIBUTIONS[name]
        assert own.loss(raw[:, : own.size], y)[0] == pytest.approx(-family.logpdf(1.7))
        assert own.cdf(raw, y).item() == pytest.approx(family.cdf(1.7))
        assert own.quantile(raw, np.array([1.3])).item() == pytest.approx(family.ppf(stats.norm.cdf(1.3)))
    mean, alpha = np.exp(0.5), sigma
    r = 1 / alpha
    counts = {"poisson": stats.poisson(mean), "negative_binomial": stats.nbinom(r, r / (r + mean))}
    for name, law in counts.items():
        own = DISTRIBUTIONS[name]
        assert own.loss(raw[:, : own.size], np.array([3.0]))[0] == pytest.approx(-law.logpmf(3))
        z = np.array([-1.0, 0.0, 2.0])
        assert own.quantile(raw, z).tolist() == law.ppf(stats.norm.cdf(z)).tolist()
    assert counts["negative_binomial"].var() == pytest.approx(mean + alpha * mean**2)


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_scores_undo_quantiles(head: Head) -> None:
    raw, _, _ = case(head)
    for z in (-2.5, -0.3, 0.0, 1.9):
        values = head.at(raw, np.full(ROWS, z))
        below, at = head.scores_of(raw, values)
        assert (below <= z + 1e-9).all() and (at >= z - 1e-9).all()
        assert head.counts or np.allclose(at, z)


def test_far_values_stay_finite() -> None:
    for head in HEADS:
        loss, slopes = head.loss(np.full((2, head.size), 1e4), np.array([0.0, 1e6]))
        assert np.isfinite(loss) and np.isfinite(slopes).all(), head
    assert scores_between(np.array([-1.0, 1.0]), np.array([3.0, 3.0]), np.array([2.0, 3.0, 4.0])).tolist() == [-8, 0, 8]
    assert at_scores(np.array([-1.0, 1.0]), np.array([3.0, 3.0]), np.array([8.0])).tolist() == [3.0]


def test_heads_by_parameter() -> None:
    assert head_of(None, None) is None
    assert head_of([0.9], None) == QuantileHead((0.1, 0.5, 0.9))
    assert head_of(None, "poisson") == DistributionHead("poisson")
