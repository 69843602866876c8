"""Exponential smoothing of one series, for the baselines Theta, simple smoothing and damped trend.

`baselines` has the forecasts. The smoothing parameters minimise the sum of squared one-step errors on a grid, which is
refined around its best point. For given smoothing parameters the errors are linear in the initial states, so least
squares gives these exactly.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FEWEST = 4  # with fewer values nothing is estimated, and the newest value is the level
_SIGNIFICANT = 1.645  # 90 % of the normal distribution's middle, as in Assimakopoulos and Nikolopoulos (2000)
_SMALLEST_INDEX = 0.01  # below it dividing by indices would make a series of spikes
_ALPHAS = 21
_DAMPING = (0.8, 0.98)  # below: no trend to speak of; above: hardly damped (Hyndman et al. 2008)


def forecast_adjusted(series: Array, horizon: int, season: int, forecast: Callable[[Array, int], Array]) -> Array:
    """Remove the season of a series, forecast the rest by a function, and restore the season.

    Parameters
    ----------
    series : ndarray (n,)
        The values.
    horizon : int
        Values to forecast.
    season : int
        Values per season. A significant season is removed, by factors if all values are positive, else by
        terms.
    forecast : callable
        Takes the deseasonalised series (scaled to [-1, 1] before) and the horizon.

    Returns
    -------
    ndarray (horizon,)
        Finite for a finite series.
    """
    scale = np.abs(series).max()
    if scale == 0:
        return np.zeros(horizon)
    scaled = series / scale
    now, ahead = np.arange(len(series)) % season, np.arange(len(series), len(series) + horizon) % season
    if not is_seasonal(scaled, season):
        found = forecast(scaled, horizon)
    elif (indices := seasonal_factors(scaled, season)) is not None:
        found = forecast(scaled / indices[now], horizon) * indices[ahead]
    else:
        terms = seasonal_terms(scaled, season)
        found = forecast(scaled - terms[now], horizon) + terms[ahead]
    largest = np.finfo(np.float64).max / scale if scale > 1 else np.inf
    restored: Array = np.clip(found, -largest, largest) * scale
    return restored


def is_seasonal(series: Array, season: int) -> bool:
    """Test the autocorrelation at the lag of a season, with more than two seasons of values, at 90 %.

    ::

        |r_m| > 1.645 sqrt((1 + 2 (r_1² + … + r_{m-1}²)) / n)
    """
    n = len(series)
    if season < 2 or n <= 2 * season:
        return False
    centered = series - series.mean()
    variance = np.square(centered).sum()
    if variance <= n * np.finfo(np.float64).eps ** 2:
        return False
    r = np.array([(centered[lag:] * centered[:-lag]).sum() for lag in range(1, season + 1)]) / variance
    return bool(abs(r[-1]) > _SIGNIFICANT * np.sqrt((1 + 2 * np.square(r[:-1]).sum()) / n))


def seasonal_factors(series: Array, season: int) -> Array | None:
    """Return factors of mean 1 by classical decomposition; None unless the values and the factors are positive."""
    if series.min() <= 0:
        return None
    factors = _phase_means(series / _moving_average(series, season), season)
    factors = factors / factors.mean()
    return factors if factors.min() >= _SMALLEST_INDEX else None


def seasonal_terms(series: Array, season: int) -> Array:
    """Return terms of mean 0 by classical decomposition."""
    terms = _phase_means(series - _moving_average(series, season), season)
    centered: Array = terms - terms.mean()
    return centered


def _moving_average(series: Array, season: int) -> Array:
    """Return the centered moving average over a season; NaN where half a season is missing."""
    half, means = season // 2, np.full(len(series), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(series, season).mean(axis=1)
    means[half : len(series) - half] = windows if season % 2 else (windows[:-1] + windows[1:]) / 2
    return means


def _phase_means(values: Array, season: int) -> Array:
    """Return the mean of the known values at each phase of the season."""
    known = np.flatnonzero(~np.isnan(values))
    counts = np.bincount(known % season, minlength=season)
    means: Array = np.bincount(known % season, values[known], season) / counts
    return means


def simple_states(series: Array, drift: float = 0.0) -> tuple[float, float, float]:
    """Smooth a series, and return the last level, the smoothing parameter and the growth per step.

    ::

        e_t = y_t - l_{t-1} - g (1 + (1 - α) + … + (1 - α)^{t-1})       l_t = l_{t-1} + α (y_t - l_{t-1})

    Parameters
    ----------
    series : ndarray (n,)
        The values. With fewer than four, the newest is the level, α is 1 and g half the drift.
    drift : float
        The largest growth, or for a negative one the smallest; at 0 this is simple exponential smoothing.

    Returns
    -------
    level, alpha, growth : float
        l_n, α in [0, 1] and g between 0 and the drift, those of the smallest Σ e_t² with l_0.
    """
    if len(series) < _FEWEST:
        return float(series[-1]), 1.0, drift / 2
    moved = series - series[-1]  # a constant series is forecast exactly
    low, high = 0.0, 1.0
    while high - low > 2e-3:
        alphas = np.linspace(low, high, _ALPHAS)
        parts = np.array_split(alphas, _parts(_ALPHAS, len(moved), 2**14))
        squares, growths, ends = np.hstack([_simple_fits(moved, part, drift) for part in parts])
        best = int(squares.argmin())
        low, high = alphas[max(best - 1, 0)], alphas[min(best + 1, _ALPHAS - 1)]
    alpha = float(alphas[best])
    return float(series[-1] - (1 - alpha) * ends[best]), alpha, float(growths[best])


def _parts(points: int, n: int, most: int) -> int:
    """Return into how many parts a grid is cut, so that an array (points, n) of a part has ``most`` values at most."""
    return min(points, -(-points * n // most))


def _simple_fits(series: Array, alphas: Array, drift: float) -> tuple[Array, Array, Array]:
    """Return Σ e_t² of `simple_states` at each α with the best l_0 and g, g, and y_n - l_{n-1}, each (A,).

    The levels l_{t-1} = (1 - α) l_{t-2} + α y_{t-1} of all t are summed by doubling: after k rounds each holds its
    newest 2^k terms.
    """
    kept, n = 1 - alphas[:, np.newaxis], len(series)
    levels = np.zeros((len(alphas), n))
    levels[:, 1:] = alphas[:, np.newaxis] * series[:-1]
    shift = 1
    while shift < n:
        levels[:, shift:] += kept**shift * levels[:, :-shift]
        shift *= 2
    of_first = np.cumprod(np.hstack([np.ones_like(kept), np.broadcast_to(kept, (len(kept), n - 1))]), axis=1)
    ramps: Array = np.cumsum(of_first, axis=1)
    given, growths = series - levels, np.zeros(len(alphas))
    size = np.square(of_first).sum(axis=1)
    if drift:
        rest = ramps - ((ramps * of_first).sum(axis=1) / size)[:, np.newaxis] * of_first
        best = (given * rest).sum(axis=1) / np.square(rest).sum(axis=1)
        growths = np.clip(best, min(0.0, drift), max(0.0, drift))
        given = given - growths[:, np.newaxis] * ramps
    errors: Array = given - ((given * of_first).sum(axis=1) / size)[:, np.newaxis] * of_first
    return np.square(errors).sum(axis=1), growths, errors[:, -1] + growths * ramps[:, -1]


def slope(series: Array) -> float:
    """Return the slope of the least-squares line through a series (n,); 0 for one value."""
    times = np.arange(len(series)) - (len(series) - 1) / 2
    return float((times * (series - series[-1])).sum() / max(np.square(times).sum(), 1.0))


def damped_states(series: Array) -> tuple[float, float, float]:
    """Smooth a series with a damped trend, and return the last level, the last trend and the damping.

    ::

        e_t = y_t - l_{t-1} - φ b_{t-1}       l_t = l_{t-1} + φ b_{t-1} + α e_t       b_t = φ b_{t-1} + α β e_t

    Parameters
    ----------
    series : ndarray (n,)
        The values. With fewer than four there is no trend, and the newest is the level.

    Returns
    -------
    level, trend, damping : float
        l_n, b_n and φ, for α and β in [0, 1], φ in [0.8, 0.98], l_0 and b_0 of the smallest Σ e_t².
    """
    if len(series) < _FEWEST:
        return float(series[-1]), 0.0, 1.0
    moved = series - series[-1]
    low, high = np.array([0.0, 0.0, _DAMPING[0]]), np.array([1.0, 1.0, _DAMPING[1]])
    for n_points in _DAMPED_GRIDS:
        axes = [np.linspace(a, b, points) for a, b, points in zip(low, high, n_points, strict=True)]
        grid = np.array(np.meshgrid(*axes)).reshape(3, -1)
        parts = np.array_split(grid, _parts(grid.shape[1], len(moved), 2**17), axis=1)
        squares, *first = np.hstack([_damped_fits(moved, *part) for part in parts])
        best = int(squares.argmin())
        step = (high - low) / (np.array(n_points) - 1)
        low, high = np.maximum(low, grid[:, best] - step), np.minimum(high, grid[:, best] + step)
    alpha, beta, damping = (float(each) for each in grid[:, best])
    level, trend = (float(each[best]) for each in first)
    for value in moved.tolist():
        trend *= damping
        error = value - level - trend
        level, trend = level + trend + alpha * error, trend + alpha * beta * error
    return level + float(series[-1]), trend, damping


_BLOCK = 256  # most steps of a recursion that are summed one after the other in Python
_DAMPED_GRIDS = ((7, 5, 5),) * 3  # values of α, β and φ; odd, so that a finer grid holds the best of the one before


def _damped_fits(series: Array, alpha: Array, beta: Array, damping: Array) -> Array:
    """Return Σ e_t² of each of G triples, and the first level and trend that make it smallest (3, G).

    Eliminating level and trend, the recursion of `damped_states` reads::

        e_t + θ_1 e_{t-1} + θ_2 e_{t-2} = w_t,    θ_1 = α + α β φ - 1 - φ,    θ_2 = φ (1 - α)
        w_t = y_t - (1 + φ) y_{t-1} + φ y_{t-2}   from states of zero, y_0 and y_{-1} being 0

    The answer of e to w = 1, 0, 0, … is r_t; a first level of one adds φ r_{t-1} - r_t, a first trend of one -φ r_t.
    """
    ones, twos = -(alpha + alpha * beta * damping - 1 - damping), -damping * (1 - alpha)
    padded = np.concatenate([np.zeros(2), series])[:, np.newaxis]
    moved = np.zeros((len(series), 2, len(alpha)))  # w, and 1, 0, 0, …
    moved[:, 0] = padded[2:] - (1 + damping) * padded[1:-1] + damping * padded[:-2]
    moved[0, 1] = 1.0
    errors = _recursion(moved, ones, twos)
    given, answer = errors[1:, 0], errors[1:, 1]
    of_level, of_trend = damping * errors[:-1, 1] - answer, -damping * answer
    level, trend = _first_states(given, of_level, of_trend)
    return np.array([np.square(given + level * of_level + trend * of_trend).sum(axis=0), level, trend])


def _recursion(moved: Array, ones: Array, twos: Array) -> Array:
    """Return e_0 = 0 and e_t = w_t + θ e_{t-1} + κ e_{t-2} (n+1, 2, G) for w (n, 2, G), θ and κ (G,), e_{-1} = 0.

    Blocks of time are summed side by side, each from zeros. Let r_t be the answer to 1, 0, 0, …; then the two errors
    before a block, p and the older q, add r_{t+1} p + κ r_t q to its step t = 0, 1, ….
    """
    n, blocks = len(moved), -(-len(moved) // _BLOCK)
    steps = -(-n // blocks)
    whole = np.concatenate([moved, np.zeros((blocks * steps - n, *moved.shape[1:]))])
    errors = np.zeros((steps + 2, blocks, 2, len(ones)))  # two steps before the first
    errors[2:] = whole.reshape(blocks, steps, 2, -1).swapaxes(0, 1)
    one, two = (np.broadcast_to(each, errors.shape[1:]).copy() for each in (ones, twos))
    for before, last, now in zip(errors, errors[1:], errors[2:], strict=False):
        now += one * last
        now += two * before
    answer = errors[1:, 0, 1:]  # r_{-1}, r_0, …
    following = np.concatenate([answer[2:], [ones * answer[-1] + twos * answer[-2]]])
    for block in range(1, blocks):
        older, newer = errors[-2:, block - 1]
        errors[2:, block] += following * newer + twos * answer[1:] * older
    found: Array = np.concatenate([np.zeros_like(moved[:1]), errors[2:].swapaxes(0, 1).reshape(whole.shape)[:n]])
    return found


def _first_states(given: Array, of_level: Array, of_trend: Array) -> Array:
    """Return l and b (2, G) of the smallest Σ (given + l of_level + b of_trend)², each (n, G); b = 0 if singular."""
    size = np.square(of_level).sum(axis=0)
    shared = (of_level * of_trend).sum(axis=0) / size
    rest = of_trend - shared * of_level
    rest_size = np.square(rest).sum(axis=0)
    told = rest_size > 1e-12 * np.square(of_trend).sum(axis=0)
    trend = np.where(told, -(given * rest).sum(axis=0) / np.where(told, rest_size, 1.0), 0.0)
    level = -(given * of_level).sum(axis=0) / size - shared * trend
    return np.array([level, trend])
