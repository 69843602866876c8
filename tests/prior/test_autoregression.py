"""Burg's recursion and its forecasts beside slow versions and known coefficients."""

from __future__ import annotations

import numpy as np

from elman.prior.autoregression import autoregress, burg


def cycles(rows: int, n: int) -> np.ndarray:
    """Series x_t = 1.6 x_{t-1} - 0.9 x_{t-2} + e_t."""
    rng = np.random.default_rng(0)
    x = np.zeros((rows, n + 50))
    for t in range(2, n + 50):
        x[:, t] = 1.6 * x[:, t - 1] - 0.9 * x[:, t - 2] + rng.normal(size=rows)
    return x[:, 50:]


def test_it_finds_the_coefficients_and_the_error() -> None:
    coefficients, error = burg(cycles(50, 2000), 6)
    np.testing.assert_allclose(coefficients.mean(axis=0), [1.6, -0.9, 0, 0, 0, 0], atol=0.02)
    np.testing.assert_allclose(error, 1.0, atol=0.12)


def test_white_noise_gets_few_coefficients_and_constants_none() -> None:
    noise = np.random.default_rng(0).normal(size=(200, 100))
    assert (burg(noise, 10)[0] != 0).mean() < 0.15
    assert not burg(np.zeros((3, 50)), 10)[0].any()


def test_a_fit_is_stationary_whatever_the_series() -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(size=(20, 60)).cumsum(axis=1), np.arange(60.0)[None] ** 2, cycles(5, 60)])
    coefficients = burg(x - x.mean(axis=1, keepdims=True), 15)[0]
    for a in coefficients:
        assert np.abs(np.roots(np.r_[1, -a])).max() < 1 + 1e-9


def test_forecasts_follow_the_recursion_and_end_at_the_mean() -> None:
    z = cycles(3, 120) + 7
    forecasts, _ = autoregress(z, np.array([1, 2, 5, 600]))
    mean = z.mean(axis=1)
    coefficients = burg(z - mean[:, None], 20)[0]
    for row in range(3):
        path = list(z[row] - mean[row])
        for _ in range(5):
            path.append(float(sum(a * path[-j] for j, a in enumerate(coefficients[row], start=1))))
        np.testing.assert_allclose(forecasts[row, :3] - mean[row], [path[120], path[121], path[124]], atol=1e-9)
    np.testing.assert_array_equal(forecasts[:, 3], mean)
