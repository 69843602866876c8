"""Baselines against numbers worked by hand, and against the figures of the air passengers."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from elman import ArgumentError, DataError
from elman.data.datasets import load_dataset
from elman.forecasting import (
    BASELINES,
    linear_autoregression,
    naive,
    naive_drift,
    seasonal_naive,
    seasonal_naive_drift,
    seasonal_naive_growth,
    usual_baselines,
    window_mean,
)

SERIES = [2.0, 4.0, 6.0, 3.0, 5.0, 10.0]  # two seasons of 3: means 4 and 6


def test_a_linear_autoregression_has_the_same_bits_with_any_number_of_threads() -> None:
    y = np.random.default_rng(0).standard_normal(5200).cumsum()
    forecasts = []
    for limit in (1, 2):
        with threadpool_limits(limit, "blas"):
            forecasts.append(linear_autoregression(y, 24, 168))
    assert np.array_equal(*forecasts)


def test_by_hand() -> None:
    assert naive(SERIES, 3).tolist() == [10, 10, 10]
    assert naive_drift(SERIES, 2).tolist() == [11.6, 13.2]  # (10 - 2) / 5 a step
    assert seasonal_naive(SERIES, 5, 3).tolist() == [3, 5, 10, 3, 5]
    assert seasonal_naive_drift(SERIES, 5, 3).tolist() == [5, 7, 12, 7, 9]  # + 2, then + 4
    assert seasonal_naive_growth(SERIES, 5, 3).tolist() == [4.5, 7.5, 15, 6.75, 11.25]  # * 1.5, then * 2.25
    assert window_mean(SERIES, 2, 3).tolist() == [6, 6]


def test_less_than_two_seasons() -> None:
    assert seasonal_naive([1, 2], 3, 12).tolist() == [1, 2, 1]
    assert seasonal_naive_drift([1, 2, 3], 2, 2).tolist() == [2, 3]
    assert seasonal_naive_growth([1, 2, 3], 2, 2).tolist() == [2, 3]
    assert naive_drift([5], 2).tolist() == [5, 5]


def test_growth_needs_positive_values() -> None:
    assert seasonal_naive_growth([0, 1, 2, 3], 2, 2).tolist() == [2, 3]
    assert np.isfinite(seasonal_naive_growth([1e-300, 1e-300, 1e30, 1e30], 50, 2)).all()


def test_linear_autoregression_finds_the_recursion_that_made_the_series() -> None:
    y = [3.0, -1.0, 2.0, 5.0]
    for _ in range(40):
        y.append(1.5 + 0.5 * y[-1] - 0.8 * y[-2] + 0.1 * y[-4])
    np.testing.assert_allclose(linear_autoregression(y[:36], 8), y[36:], atol=1e-9)
    wave = 100 + 10 * np.sin(2 * np.pi * np.arange(80) / 12)
    np.testing.assert_allclose(linear_autoregression(wave[:56], 24, 12), wave[56:], atol=1e-6)


def test_linear_autoregression_of_what_cannot_be_regressed() -> None:
    assert linear_autoregression([7, 7, 7, 7, 7, 7], 2).tolist() == [7, 7]
    assert linear_autoregression([1, 2], 2).tolist() == [2, 2]  # a third of two values is no lag
    assert linear_autoregression([-1e308, 1e308, 5], 1).tolist() == [5]
    runaway = linear_autoregression(2.0 ** np.arange(30), 3000)
    assert np.isfinite(runaway).all() and runaway.max() < 11 * 2.0**29


def test_what_is_compared_by_default() -> None:
    without, seasonal = set(usual_baselines(1)), set(usual_baselines(12))
    assert without | seasonal < set(BASELINES)
    assert without - seasonal == {"naive with drift", "damped trend", "optimized Theta"}
    assert seasonal - without == {
        "seasonal naive",
        "seasonal naive with drift",
        "seasonal naive with growth",
        "Theta",
    }


@pytest.mark.parametrize(
    ("name", "mean"),
    [
        ("seasonal naive", 10.28),
        ("seasonal naive with drift", 4.71),
        ("seasonal naive with growth", 5.10),
        ("linear autoregression", 4.26),
    ],
)
def test_five_years_of_air_passengers(name: str, mean: float) -> None:
    y = load_dataset("air-passengers")["y"].to_numpy()
    errors = []
    for end in range(144, 84, -12):
        forecast, actual = BASELINES[name](y[: end - 12], 12, 12), y[end - 12 : end]
        errors.append(np.mean(200 * np.abs(forecast - actual) / (forecast + actual)))
    assert round(float(np.mean(errors)), 2) == mean


def test_errors() -> None:
    with pytest.raises(DataError) as caught:
        naive([], 1)
    assert str(caught.value) == "naive: values must be one series of at least one value, got shape (0,)."
    with pytest.raises(ArgumentError) as refused:
        seasonal_naive(SERIES, 1, 0)
    assert str(refused.value) == "seasonal_naive: season must be an integer of at least 1, got 0."
