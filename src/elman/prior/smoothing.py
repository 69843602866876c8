"""Exponential smoothing with parameters from a small grid; two of the network's simple forecasts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Smoothed", "smooth"]

Array = npt.NDArray[np.float64]

LONGEST = 96  # newest values smoothed; older ones have almost no weight
# alpha, beta / alpha, phi
GRID = np.array(
    [(alpha, 0.0, 1.0) for alpha in (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0)]
    + [(alpha, share, phi) for alpha in (0.1, 0.3, 0.6, 1.0) for share in (0.1, 0.35) for phi in (0.8, 0.9, 0.98)]
)
LEVELS_ONLY = 8  # rows of the grid without a trend


class Smoothed(NamedTuple):
    """The best row of the grid for each series, by one-step errors.

    Parameters
    ----------
    level : ndarray (B,)
        Newest level of simple exponential smoothing.
    level_error : ndarray (B,)
        Its mean squared one-step error divided by that of the naive forecast.
    alpha : ndarray (B,)
        Its smoothing parameter.
    trend_level, trend, phi : ndarray (B,)
        Newest level, trend and damping of the damped trend method.
    trend_error : ndarray (B,)
        Its mean squared one-step error divided by that of the naive forecast.
    """

    level: Array
    level_error: Array
    alpha: Array
    trend_level: Array
    trend: Array
    phi: Array
    trend_error: Array


def smooth(z: Array) -> Smoothed:
    """Smooth B series with every row of the grid; return the best row without and with a trend.

    ::

        e_t = z_t - (l_{t-1} + φ b_{t-1})
        l_t = l_{t-1} + φ b_{t-1} + α e_t
        b_t = φ b_{t-1} + α β' e_t

    Parameters
    ----------
    z : ndarray (B, n)
        Series of at least two values, in units of their changes.

    Returns
    -------
    Smoothed

    References
    ----------
    Gardner & McKenzie (1985), Forecasting trends in time series. Management Science 31(10).
    Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing. Springer.

    Examples
    --------
    >>> best = smooth(np.arange(40.0)[None])                     # a line: alpha 1, and a trend of 1
    >>> best.alpha, best.level, best.trend.round(1)
    (array([1.]), array([39.]), array([1.]))
    """
    z = z[:, -LONGEST:]
    alpha, beta, phi = GRID[:, 0], GRID[:, 0] * GRID[:, 1], GRID[:, 2]
    level = np.repeat(z[:, :1], len(GRID), axis=1)
    trend = np.zeros_like(level)
    trend[:, LEVELS_ONLY:] = _first_trend(z)[:, None]
    squares = np.zeros_like(level)
    error, product = np.empty_like(level), np.empty_like(level)  # used at every step: new arrays would cost page faults
    for t in range(1, z.shape[1]):
        trend *= phi
        level += trend
        np.subtract(z[:, t : t + 1], level, out=error)
        squares += np.multiply(error, error, out=product)
        level += np.multiply(alpha, error, out=product)
        trend += np.multiply(beta, error, out=product)
    naive = squares[:, LEVELS_ONLY - 1] + 1e-9
    rows = np.arange(len(z))
    best = np.argmin(squares[:, :LEVELS_ONLY], axis=1)
    best_trend = LEVELS_ONLY + np.argmin(squares[:, LEVELS_ONLY:], axis=1)
    return Smoothed(
        level[rows, best],
        squares[rows, best] / naive,
        alpha[best],
        level[rows, best_trend],
        trend[rows, best_trend],
        phi[best_trend],
        squares[rows, best_trend] / naive,
    )


def _first_trend(z: Array) -> Array:
    """Return the mean change over the first few values (B,), the initial trend."""
    last = min(z.shape[1] - 1, 4)
    slope: Array = (z[:, last] - z[:, 0]) / last
    return slope
