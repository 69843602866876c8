"""Exponential smoothing and Theta against printed examples, statsmodels and statsforecast, and on unusual series."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.datasets import load_dataset
from elman.forecasting import damped_trend, optimized_theta, simple_exponential_smoothing, theta
from elman.forecasting.smoothing import (
    _damped_fits,
    damped_states,
    is_seasonal,
    seasonal_factors,
    seasonal_terms,
    simple_states,
    slope,
)

EVERY = (simple_exponential_smoothing, damped_trend, theta, optimized_theta)

# Saudi Arabian oil, 1996 to 2013, millions of tonnes; Asian sheep, 1970 to 2000, millions: both of Hyndman and
# Athanasopoulos, Forecasting: principles and practice (oil: second edition, table 7.1; sheep: first edition).
OIL = [445.36, 453.20, 454.41, 422.38, 456.04, 440.39, 425.19, 486.21, 500.43]
OIL += [521.28, 508.95, 488.89, 509.87, 456.72, 473.82, 525.95, 549.83, 542.34]
SHEEP = [263.9177, 268.3072, 260.6626, 266.6394, 277.5158, 283.834, 290.309, 292.4742, 300.8307, 309.2867, 318.3311]
SHEEP += [329.3724, 338.884, 339.2441, 328.6006, 314.2554, 314.4597, 321.4138, 329.7893, 346.3852, 352.2979, 348.3705]
SHEEP += [417.5629, 417.1236, 417.7495, 412.2339, 411.9468, 394.6971, 401.4993, 408.2705, 414.2428]


def test_simple_smoothing_of_the_printed_example() -> None:
    """The book prints α = 0.8339 and the forecast 542.68."""
    level, alpha, _ = simple_states(np.array(OIL))
    assert abs(alpha - 0.8339) < 5e-4
    assert round(level, 2) == 542.68
    assert simple_exponential_smoothing(OIL, 3).round(2).tolist() == [542.68, 542.68, 542.68]


def test_damped_trend_of_the_printed_example() -> None:
    """At φ = 0.98, to which the book bounds it, statsmodels 0.15.0 finds α = 0.979, β = 0 and these forecasts."""
    expected = [417.671, 421.082, 424.426, 427.702, 430.913]
    np.testing.assert_allclose(damped_trend(SHEEP, 5), expected, rtol=3e-5)
    level, trend, damping = damped_states(np.array(SHEEP))
    assert damping == pytest.approx(0.98)
    assert level + damping * trend == pytest.approx(417.671, rel=3e-5)


def test_damped_trend_follows_the_recursion_that_made_the_series() -> None:
    level, trend, values = 100.0, 8.0, []
    for _ in range(30):
        trend *= 0.89
        level += trend
        values.append(level)
    np.testing.assert_allclose(damped_trend(values[:20], 10), values[20:], rtol=1e-9)  # 0.89 is on the first grid


def test_errors_of_a_damped_trend_do_not_depend_on_the_blocks_of_time() -> None:
    """Long series are summed in blocks; here three, the last of them shorter."""
    series, (alpha, beta, damping) = np.random.default_rng(0).normal(size=700).cumsum(), (0.3, 0.2, 0.9)
    squares, first_level, first_trend = _damped_fits(series, *np.array([[alpha], [beta], [damping]]))[:, 0]
    level, trend, expected = first_level, first_trend, 0.0
    for value in series.tolist():
        trend *= damping
        error = value - level - trend
        level, trend, expected = level + trend + alpha * error, trend + alpha * beta * error, expected + error**2
    assert squares == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("states", [simple_states, damped_states])
def test_memory_of_a_grid_does_not_grow_with_its_points(states: Callable[[np.ndarray], object]) -> None:
    """A few arrays as long as the series, and the parts of the grid that are tried at once."""
    series, peaks = np.random.default_rng(0).normal(size=4000).cumsum(), []
    for values in (series[:2000], series):
        tracemalloc.start()
        states(values)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 300 * 2000  # bytes; whole grids took 1,300 and 8,400 per value


def test_theta_beside_statsmodels() -> None:
    """`ThetaModel` of statsmodels 0.15.0, theta 2: the sheep, and air passengers with multiplicative seasons."""
    np.testing.assert_allclose(theta(SHEEP, 3), [417.0046, 419.7670, 422.5293], rtol=2e-6)
    passengers = [440.0679, 428.3743, 489.6957, 475.6936, 479.6593, 545.3537]
    passengers += [602.7382, 601.0870, 523.9395, 456.6167, 397.9447, 447.6348]
    y = load_dataset("air-passengers")["y"].to_numpy()
    np.testing.assert_allclose(theta(y, 12, 12), passengers, rtol=2e-5)


def test_optimized_theta_beside_statsforecast() -> None:
    """`OptimizedTheta` of statsforecast 2.1.1, which bounds α by 0.99, on air passengers."""
    passengers = [442.94, 432.23, 495.31, 482.31, 487.49, 555.58, 615.49, 615.24, 537.52, 469.54, 410.14, 462.40]
    y = load_dataset("air-passengers")["y"].to_numpy()
    np.testing.assert_allclose(optimized_theta(y, 12, 12), passengers, rtol=7e-4)


def test_theta_is_the_mean_of_its_two_lines() -> None:
    """Assimakopoulos and Nikolopoulos (2000): the trend, and the smoothed series at twice the distance from it."""
    series = np.array(OIL)
    times = np.arange(len(series))
    line = series.mean() + slope(series) * (np.arange(len(series) + 4) - times.mean())
    _, alpha, _ = simple_states(series)
    far = 2 * series - line[: len(series)]
    smoothed = far[0]
    for value in far[1:]:
        smoothed += alpha * (value - smoothed)
    # the remainder is what is left of the first level, (1 - α)^17
    np.testing.assert_allclose(theta(series, 4), (line[len(series) :] + smoothed) / 2, rtol=1e-9)


def test_slope_and_smoothing_by_hand() -> None:
    assert slope(np.array([1.0, 3.0, 5.0])) == 2
    assert slope(np.array([1.0, 2.0, 6.0])) == 2.5
    assert slope(np.array([4.0])) == 0
    assert simple_states(np.array([1.0, 2.0, 5.0]), 2.0) == (5, 1, 1)  # too few to estimate
    assert simple_states(np.arange(8.0), 0.25) == (7, 1, 0.25)  # the growth of 1 is beyond the drift
    level, alpha, _ = simple_states(np.array([0.0, 0, 0, 8, 8, 8]))
    assert (level, alpha) == (8, 1)
    level, alpha, _ = simple_states(np.array([3.0, 5, 4, 6, 2, 4]))
    assert (level, alpha) == (4, 0)


def test_seasonal_indices_by_hand() -> None:
    assert seasonal_terms(np.array([1.0, 3.0] * 4), 2).tolist() == [-1, 1]
    factors = seasonal_factors(np.array([1.0, 3.0] * 4), 2)
    assert factors is not None and factors.tolist() == [0.5, 1.5]
    rising = np.arange(12.0) + np.tile([0, 3, -3], 4)
    np.testing.assert_allclose(seasonal_terms(rising, 3), [0, 3, -3], atol=1e-12)
    assert seasonal_factors(rising, 3) is None  # a value of zero
    assert seasonal_factors(np.array([1e-9, 1.0] * 4), 2) is None  # a factor too small to divide by


def test_significance_of_a_season() -> None:
    wave = np.tile([1.0, 2.0, 4.0, 2.0], 5)
    assert is_seasonal(wave, 4)
    assert not is_seasonal(wave[:8], 4)  # two seasons are too few
    assert not is_seasonal(wave, 1)
    assert not is_seasonal(np.full(20, 3.0), 4)
    assert not is_seasonal(np.random.default_rng(0).standard_normal(60), 12)


@pytest.mark.parametrize("forecast", EVERY)
@pytest.mark.parametrize("pattern", [[10.0, 20.0, 40.0, 30.0], [-5.0, 1.0, 6.0, 0.0]])
def test_a_repeated_season_is_continued(forecast: Callable[..., np.ndarray], pattern: list[float]) -> None:
    expected = [pattern[k % 4] for k in range(2, 9)]
    series = (pattern * 6)[:22]
    tolerance = (
        0.05 if forecast is not simple_exponential_smoothing else 1e-9
    )  # partial seasons at the ends tilt the line
    np.testing.assert_allclose(forecast(series, 7, 4), expected, atol=tolerance * 40)


@pytest.mark.parametrize("forecast", EVERY)
def test_few_and_odd_values(forecast: Callable[..., np.ndarray]) -> None:
    assert forecast([5], 2).tolist() == [5, 5]
    assert forecast([0] * 30, 2, 12).tolist() == [0, 0]
    assert forecast([7.3] * 30, 2, 12).tolist() == [7.3, 7.3]
    assert forecast([1e-310] * 30, 1, 12).tolist() == [1e-310]
    assert np.isfinite(forecast(2.0 ** np.arange(1000), 500)).all()
    assert np.isfinite(forecast([-1e308, 1e308] * 20, 5, 2)).all()
    assert np.isfinite(forecast([1, 1e300] * 20, 5, 2)).all()


@pytest.mark.parametrize("forecast", EVERY)
@given(
    values=st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=40),
    season=st.integers(1, 8),
    horizon=st.integers(1, 12),
)
def test_never_without_a_number(
    forecast: Callable[..., np.ndarray], values: list[float], season: int, horizon: int
) -> None:
    found = forecast(values, horizon, season)
    assert found.shape == (horizon,) and np.isfinite(found).all()


@pytest.mark.parametrize("forecast", EVERY)
def test_scale_of_the_series_scales_the_forecast(forecast: Callable[..., np.ndarray]) -> None:
    y = load_dataset("air-passengers")["y"].to_numpy()
    np.testing.assert_allclose(forecast(y * 1024, 12, 12), 1024 * forecast(y, 12, 12), rtol=1e-12)
