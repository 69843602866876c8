"""Features beside the newest values: numbers about the series, numbers about each step ahead, simple forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman.prior.autoregression import autoregress
from elman.prior.smoothing import Smoothed, smooth

__all__ = [
    "SCALARS",
    "SIMPLE",
    "STEP_FEATURES",
    "Facts",
    "scalars",
    "seasonal_residuals",
    "simple_forecasts",
    "step_features",
]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_DECAYS = (0.1, 0.25, 0.5)
_SLOPES = (4, 8, 16, 10**9)
_CYCLES = 5  # seasonal residuals: three cycles of the first season, two of the second
SIMPLE = 23  # simple forecasts
SEASONAL_SIMPLE = 7  # the last of them are the seasonal ones
SCALARS = 35
STEP_FEATURES = 4 + _CYCLES


class Facts(NamedTuple):
    """Quantities that the simple forecasts are made of, (B,) each."""

    averages: list[Array]
    mean: Array
    recent_mean: Array
    slopes: list[Array]
    drift: Array
    growth: Array
    smoothed: Smoothed
    autoregression_error: Array


def seasonal_residuals(z: Array, seasons: Sequence[int], k: Index, first: int) -> tuple[Array, Array]:
    """Return the residuals of z from its local mean one to three cycles before each step ahead.

    The local mean is that of one season around the position, corrected for the growth between the last two seasons.
    For a season of more than 200 values, z is first averaged over the seven values around the position.

    Returns
    -------
    residuals : ndarray (B, J, 5)
        0 where the series does not reach back that far.
    known : ndarray (J, 5)
        1 where it does.
    """
    rows, n = z.shape
    residuals, known = np.zeros((rows, len(k), _CYCLES)), np.zeros((len(k), _CYCLES))
    if seasons[0] < 2:
        return residuals, known
    sums = np.cumsum(np.pad(z, ((0, 0), (1, 0))), axis=1)
    growth = _growth(z, first)
    lags = [(seasons[0], cycle) for cycle in range(3)] + [(m, cycle) for m in seasons[1:2] for cycle in range(2)]
    half = max(1, seasons[0] // 2)
    for i, (m, cycle) in enumerate(lags):
        position = n - m + (k - 1) % m - cycle * m
        there = position >= 0
        position = np.where(there, position, 0)
        start, stop = np.maximum(0, position - half), np.minimum(n, position + half + 1)
        mean = (sums[:, stop] - sums[:, start]) / (stop - start)
        mean = mean + growth[:, None] * (position - (start + stop - 1) / 2)
        value = z[:, position]
        if m > 200:
            start, stop = np.maximum(0, position - 3), np.minimum(n, position + 4)
            value = (sums[:, stop] - sums[:, start]) / (stop - start)
        residuals[:, :, i], known[:, i] = np.where(there, value - mean, 0.0), there
    return residuals, known


def _growth(z: Array, first: int) -> Array:
    """Return the change per step between the means of the last two seasons (B,)."""
    if z.shape[1] < 2 * first:
        return np.zeros(len(z))
    change: Array = (z[:, -first:].mean(axis=1) - z[:, -2 * first : -first].mean(axis=1)) / first
    return change


def _slope(z: Array, length: int) -> Array:
    """Return the least-squares slope of the newest values (B,)."""
    length = min(length, z.shape[1])
    t = np.arange(length) - (length - 1) / 2
    slope: Array = (z[:, -length:] * t).sum(axis=1) / (t**2).sum()
    return slope


def simple_forecasts(
    z: Array, change: Array, k: Index, first: int, residuals: Array, season: Sequence[Array]
) -> tuple[Array, Facts]:
    """Make `SIMPLE` forecasts for each step ahead, relative to the newest value.

    They are three exponential means, the mean, the mean of the last season, the last change; simple exponential
    smoothing, the damped trend method and a linear autoregression, each fitted to the series; four slopes, the drift,
    the growth from season to season, five seasonal residuals, and the indices of both seasons, so that the network can
    strengthen or undo the seasonal adjustment.

    Returns
    -------
    simple : ndarray (B, J, SIMPLE)
    facts : Facts
    """
    rows, n = z.shape
    back = np.arange(n)[::-1]
    averages = []
    for decay in _DECAYS:
        weights = (1 - decay) ** back
        averages.append((z * (weights / weights.sum())).sum(axis=1))
    by_autoregression, error = autoregress(z, k)
    facts = Facts(
        averages,
        z.mean(axis=1),
        z[:, -first:].mean(axis=1),
        [_slope(z, length) for length in _SLOPES],
        -z[:, 0] / (n - 1),
        _growth(z, first),
        smooth(z),
        error,
    )
    s = facts.smoothed
    constant = [*averages, facts.mean, facts.recent_mean, change[:, -1], s.level, s.trend_level]
    linear = [*facts.slopes, facts.drift, facts.growth]
    simple = np.empty((rows, len(k), SIMPLE))
    simple[:, :, : len(constant)] = np.stack(constant, axis=1)[:, None]
    simple[:, :, len(constant) : len(constant) + len(linear)] = np.stack(linear, axis=1)[:, None] * k[:, None]
    simple[:, :, len(constant) + len(linear)] = _damped(s, k)
    simple[:, :, len(constant) + len(linear) + 1] = by_autoregression
    simple[:, :, -SEASONAL_SIMPLE:-2] = residuals
    simple[:, :, -2], simple[:, :, -1] = season
    return simple, facts


def _damped(s: Smoothed, k: Index) -> Array:
    """Return the damped trend's contribution (φ + … + φ^k) b (B, J)."""
    phi = s.phi[:, None]
    sums: Array = s.trend[:, None] * (phi * (1 - phi**k) / (1 - phi))
    return sums


def step_features(k: Index, season: int, n: int, known: Array) -> Array:
    """Return the features of the steps ahead (J, STEP_FEATURES): log(1 + k), k / 12, k / 2m, k / n, known residuals."""
    steps = k.astype(np.float64)
    seasonal = steps / (2 * season) if season > 1 else 0 * steps
    columns = [np.log1p(steps) - 1.5, steps / 12 - 1, np.minimum(seasonal, 4), np.minimum(steps / n, 2)]
    return np.concatenate([np.stack(columns, axis=1), known], axis=1)


def scalars(
    z: Array,
    change: Array,
    seasons: Sequence[int],
    facts: Facts,
    kappas: Sequence[Array | None],
    sizes: Sequence[Array],
    scale: Array,
    spread: Array,
    logarithm: npt.NDArray[np.bool_],
    zeros: Array,
    clipped: Array,
) -> Array:
    """Return `SCALARS` features of each series, of moderate size (B, SCALARS)."""
    rows, n = z.shape
    second = seasons[1] if len(seasons) > 1 else 0
    s = facts.smoothed
    variance = (change**2).mean(axis=1) + 1e-9
    columns = [
        *(np.arcsinh(each) for each in (*facts.averages, facts.mean, facts.recent_mean)),
        *(np.arcsinh(4 * each) for each in (*facts.slopes, facts.drift, facts.growth, s.trend)),
        np.arcsinh(change[:, -1]),
        np.arcsinh(s.level),
        np.log(s.level_error + 0.05),
        np.log(s.trend_error + 0.05),
        np.log(facts.autoregression_error / variance + 0.05),
        s.alpha,
        *(_autocorrelation(change, lag, variance) for lag in (1, 2, seasons[0] if seasons[0] > 1 else 3, second)),
        np.log(z.std(axis=1) + 0.1),
        np.full(rows, np.log(n) - 4),
        np.full(rows, np.log(seasons[0])),
        logarithm.astype(np.float64),
        -np.ones(rows) if kappas[0] is None else kappas[0],
        np.zeros(rows) if kappas[1] is None else kappas[1],
        *(np.arcsinh(size) for size in sizes),
        np.log(scale + 1e-4),
        zeros,
        10 * clipped,
        np.log(spread + 0.1),
        np.abs(change).max(axis=1) / 5,
    ]
    return np.stack(columns, axis=1)


def _autocorrelation(change: Array, lag: int, variance: Array) -> Array:
    """Return the autocorrelation of the changes at ``lag`` (B,); 0 for lag 0 or too few changes."""
    if lag < 1 or change.shape[1] < 2 * lag + 4:
        return np.zeros(len(change))
    correlation: Array = (change[:, lag:] * change[:, :-lag]).mean(axis=1) / variance
    return correlation
