"""Families of synthetic series: each function draws B series of n values, without season, mean or unit.

``per_year`` is the number of values in a year; yearly series have their own distribution of trends and drifts.
All random numbers come from the generator passed in. The functions use recursions, sums of cosines and cumulative sums
but no linear algebra, so that a seed gives the same bits with any BLAS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elman.prior.noise import log_uniform, noise

__all__ = [
    "FAMILIES",
    "Family",
    "arima",
    "exponential_smoothing",
    "gaussian_process",
    "lines_with_changes",
    "logistic_growth",
    "random_walk",
    "stochastic_cycle",
]

Array = npt.NDArray[np.float64]
Generator: TypeAlias = np.random.Generator
Family: TypeAlias = Callable[[Generator, int, int, int], Array]


def exponential_smoothing(rng: Generator, rows: int, n: int, per_year: int) -> Array:
    """Draw from exponential smoothing state space models with additive trends, damped or not.

    ::

        y_t = l_{t-1} + φ b_{t-1} + e_t
        l_t = l_{t-1} + φ b_{t-1} + α e_t
        b_t = φ b_{t-1} + β e_t

    References
    ----------
    Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing: The State Space Approach. Springer.
    """
    alpha = np.where(rng.random(rows) < 0.2, 1.0, rng.beta(0.9, 1.1, rows))
    alpha = np.where(rng.random(rows) < 0.15, 0.0, alpha)
    beta = np.where(rng.random(rows) < 0.5, 0.0, alpha * rng.beta(0.7, 4.0, rows))
    undamped = rng.random(rows) < (0.05 if per_year == 1 else 0.25)
    phi = np.where(undamped, 1.0, rng.uniform(0.6 if per_year == 1 else 0.75, 0.99, rows))
    errors = noise(rng, rows, n).T
    level = np.zeros(rows)
    trend = rng.normal(0.0, 0.5, rows) * (rng.random(rows) < 0.5)
    y = np.empty((n, rows))
    for t in range(n):
        trend = phi * trend
        expected = level + trend
        y[t] = expected + errors[t]
        level = expected + alpha * errors[t]
        trend = trend + beta * errors[t]
    return y.T


def arima(rng: Generator, rows: int, n: int, per_year: int) -> Array:
    """Draw ARIMA(p, d, q) series, p up to 3, q up to 2, d 0, 1 or 2, with a drift.

    The autoregressive part is drawn as partial autocorrelations, which makes it stationary.

    References
    ----------
    Box & Jenkins (1970), Time Series Analysis: Forecasting and Control. Holden-Day.
    Barndorff-Nielsen & Schou (1973), On the parametrization of autoregressive models by partial autocorrelations.
    J. Multivariate Analysis 3(4).
    """
    x = _arma(rng, rows, n)
    d = rng.choice(3, (rows, 1), p=[0.30, 0.65, 0.05] if per_year == 1 else [0.30, 0.57, 0.13])
    drift, slope = rng.normal(0.0, 0.3, (rows, 1)), rng.normal(0.0, 0.3, (rows, 1))
    once = np.cumsum(x + drift, axis=1)
    twice = np.cumsum(np.cumsum(0.3 * x, axis=1) + slope, axis=1)
    series: Array = np.where(d == 0, x, np.where(d == 1, once, twice))
    return series


_BURN_IN = 30


def _arma(rng: Generator, rows: int, n: int) -> Array:
    """Draw stationary ARMA series of unit deviation."""
    phi = _stationary(rng, rows)
    theta = rng.uniform(-0.8, 0.8, (rows, 2)) * (np.arange(2) < rng.integers(0, 3, (rows, 1)))
    errors = noise(rng, rows, n + _BURN_IN).T
    x = np.zeros((n + _BURN_IN + 3, rows))
    shocks = errors.copy()
    shocks[1:] += theta[:, 0] * errors[:-1]
    shocks[2:] += theta[:, 1] * errors[:-2]
    for t in range(n + _BURN_IN):
        x[t + 3] = phi[0] * x[t + 2] + phi[1] * x[t + 1] + phi[2] * x[t] + shocks[t]
    series: Array = x[3 + _BURN_IN :].T
    unit: Array = series / (series.std(axis=1, keepdims=True) + 1e-6)
    return unit


def _stationary(rng: Generator, rows: int) -> Array:
    """Draw the coefficients (3, B) of stationary autoregressions (Durbin-Levinson recursion)."""
    partial = np.tanh(rng.normal(0.2, 0.7, (rows, 3))) * (np.arange(3) < rng.integers(0, 4, (rows, 1)))
    phi = np.zeros((3, rows))
    for k in range(3):
        before = phi.copy()
        for i in range(k):
            phi[i] = before[i] - partial[:, k] * before[k - 1 - i]
        phi[k] = partial[:, k]
    return phi


_FEATURES = 20  # cosines per path
_COMPOSITIONS = 4  # different sums and products of kernels per call


def gaussian_process(rng: Generator, rows: int, n: int, per_year: int) -> Array:
    """Draw paths whose covariance is a random sum and product of kernels, by random Fourier features.

    The covariance of a sum of independent paths is the sum of their covariances; that of a product of independent
    paths of mean zero is the product. Stationary kernels are sums of cosines with frequencies from their spectral
    density; the others are lines and cumulative noise.

    References
    ----------
    Rahimi & Recht (2007), Random features for large-scale kernel machines. NeurIPS.
    Ansari et al. (2024), Chronos: learning the language of time series (KernelSynth). TMLR.
    """
    parts = []
    for size in np.diff(np.linspace(0, rows, _COMPOSITIONS + 1).astype(int)).tolist():
        path = _path(rng, size, n)
        for _ in range(int(rng.integers(0, 3))):
            other = _path(rng, size, n)
            path = path + np.sqrt(log_uniform(rng, 0.1, 2.0, (size, 1))) * other if rng.random() < 0.6 else path * other
        deviation = path.std(axis=1, keepdims=True) + 1e-6
        parts.append(path / deviation + np.sqrt(log_uniform(rng, 1e-5, 0.3, (size, 1))) * rng.normal(size=(size, n)))
    return np.concatenate(parts)


def _path(rng: Generator, rows: int, n: int) -> Array:
    """Draw paths of one kernel over the unit interval, each with its own length scale."""
    t = np.arange(n) / n
    kind = int(rng.integers(0, 6))
    if kind == 4:  # linear
        return np.sqrt(log_uniform(rng, 0.3, 4.0, (rows, 1))) * rng.normal(size=(rows, 1)) * (
            t - rng.random((rows, 1))
        ) + 0.4 * rng.normal(size=(rows, 1))
    if kind == 5:  # Wiener
        wiener: Array = np.cumsum(rng.normal(size=(rows, n)), axis=1) * np.sqrt(2 / n)
        return wiener
    if kind == 3:  # periodic: a Fourier series
        period = log_uniform(rng, 4.0, max(5.0, float(n)), (rows, 1)) / n
        order = np.arange(1, 6)
        omega = 2 * np.pi * order / period
        amplitude = rng.normal(size=(rows, 5)) * np.exp(-order * rng.uniform(0.2, 1.2, (rows, 1)))
        phase = rng.uniform(0, 2 * np.pi, (rows, 5))
        return _cosines(t, omega, amplitude, phase)
    scale = log_uniform(rng, 0.03, 1.5, (rows, 1))
    omega = rng.normal(size=(rows, _FEATURES)) / scale  # squared exponential
    if kind == 1:  # rational quadratic: a mixture of length scales
        omega *= np.sqrt(rng.gamma(0.5, 2.0, (rows, _FEATURES)))
    elif kind == 2:  # exponential (Ornstein-Uhlenbeck): Cauchy frequencies
        omega = np.clip(rng.standard_cauchy((rows, _FEATURES)) / scale, -np.pi * n, np.pi * n)
    phase = rng.uniform(0, 2 * np.pi, (rows, _FEATURES))
    return _cosines(t, omega, np.full((rows, _FEATURES), np.sqrt(2 / _FEATURES)), phase)


def _cosines(t: Array, omega: Array, amplitude: Array, phase: Array) -> Array:
    """Sum a cos(ω t + φ) over the features (B, n)."""
    path = np.zeros((len(omega), len(t)))
    for j in range(omega.shape[1]):
        path += amplitude[:, j : j + 1] * np.cos(omega[:, j : j + 1] * t + phase[:, j : j + 1])
    return path


def lines_with_changes(rng: Generator, rows: int, n: int, per_year: int) -> Array:
    """Draw piecewise linear trends with autocorrelated noise.

    References
    ----------
    Taylor & Letham (2018), Forecasting at scale. The American Statistician 72(1).
    Dooley et al. (2023), ForecastPFN: synthetically-trained zero-shot forecasting. NeurIPS.
    """
    often = rng.choice([0, 1, 3, 8] if per_year == 1 else [0, 1, 2, 4], (rows, 1)) / n
    jumps = np.where(rng.random((rows, n)) < often, rng.normal(size=(rows, n)), 0.0)
    slope = np.cumsum(jumps, axis=1) + rng.normal(size=(rows, 1))
    return np.cumsum(slope, axis=1) * log_uniform(rng, 0.02, 0.6, (rows, 1)) + _arma(rng, rows, n)


def logistic_growth(rng: Generator, rows: int, n: int, per_year: int) -> Array:
    """Draw saturating growth or decline with autocorrelated noise.

    References
    ----------
    Verhulst (1838), Notice sur la loi que la population poursuit dans son accroissement.
    """
    t = np.linspace(0.0, 1.0, n)
    sign = rng.choice([-1, 1, 1], (rows, 1))
    steepness, middle = log_uniform(rng, 3.0, 20.0, (rows, 1)), rng.uniform(-0.2, 1.2, (rows, 1))
    height = log_uniform(rng, 2.0, 40.0, (rows, 1))
    growth: Array = sign * height / (1 + np.exp(-steepness * (t - middle)))
    return growth + _arma(rng, rows, n)


def random_walk(rng: Generator, rows: int, n: int, per_year: int) -> Array:
    """Draw random walks with a drift that is small relative to the steps and may switch.

    References
    ----------
    Hamilton (1989), A new approach to the economic analysis of nonstationary time series. Econometrica 57(2).
    Moroshan et al. (2025), TempoPFN: synthetic pre-training of linear RNNs for zero-shot forecasting.
    """
    switch = rng.random((rows, n)) < rng.choice([0, 1, 3], (rows, 1)) / n
    switch[:, 0] = True
    drifts = rng.normal(size=(rows, n)) * log_uniform(rng, 0.05, 0.7, (rows, 1))
    newest = np.maximum.accumulate(np.where(switch, np.arange(n), 0), axis=1)
    return np.cumsum(np.take_along_axis(drifts, newest, axis=1) + noise(rng, rows, n), axis=1)


def stochastic_cycle(rng: Generator, rows: int, n: int, per_year: int) -> Array:
    """Draw cycles of wandering phase and amplitude: autoregressions of order 2 with complex roots, plus noise.

    ::

        x_t = 2 ρ cos(2π / p) x_{t-1} - ρ² x_{t-2} + e_t            period p, ρ a little below 1

    References
    ----------
    Yule (1927), On a method of investigating periodicities in disturbed series, with special reference to Wolfer's
    sunspot numbers. Phil. Trans. Royal Society A 226.
    """
    period = log_uniform(rng, 3.0, max(6.0, min(60.0, n / 2)), (rows,))
    rho = 1 - log_uniform(rng, 0.003, 0.15, (rows,))
    first, second = 2 * rho * np.cos(2 * np.pi / period), -(rho**2)
    errors, x = noise(rng, rows, n + 2 * _BURN_IN).T, np.zeros((n + 2 * _BURN_IN + 2, rows))
    for t in range(n + 2 * _BURN_IN):
        x[t + 2] = first * x[t + 1] + second * x[t] + errors[t]
    cycle = x[2 + 2 * _BURN_IN :].T
    skewed = np.where(rng.random((rows, 1)) < 0.3, 1.0, 0.0)  # peaks are higher than troughs are deep
    cycle = cycle / (cycle.std(axis=1, keepdims=True) + 1e-6)
    shape: Array = cycle + 0.25 * skewed * cycle**2
    return shape + log_uniform(rng, 0.01, 0.5, (rows, 1)) * rng.normal(size=(rows, n))


FAMILIES: dict[str, tuple[Family, float]] = {  # with their shares; the rest are mixtures of three
    "exponential smoothing": (exponential_smoothing, 0.36),
    "arima": (arima, 0.18),
    "gaussian process": (gaussian_process, 0.14),
    "lines with changes": (lines_with_changes, 0.14),
    "stochastic cycle": (stochastic_cycle, 0.06),
    "logistic growth": (logistic_growth, 0.05),
}
