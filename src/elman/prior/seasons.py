"""Seasonal indices: centred moving averages, means by phase, shrunk by their reliability.

Phases count back from the newest value: the phase of y_t is (t - n) mod m, so that step k ahead has phase
(k - 1) mod m. Every function takes B series of one length; the result of a series does not depend on the others.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["centred_average", "clean", "indices", "means_by_phase", "phases"]

Array = npt.NDArray[np.float64]

_RARE = 0.1  # clipping is dropped where it would change more than this share of the values
_LOWEST, _HIGHEST = 0.15, 4.0  # multiples of the usual value at a phase


def phases(n: int, m: int) -> npt.NDArray[np.int64]:
    """Return the phase of each of n values (n,).

    Examples
    --------
    >>> phases(5, 3)
    array([1, 2, 0, 1, 2])
    """
    return np.arange(-n, 0) % m


def centred_average(x: Array, m: int) -> Array:
    """Return the centred moving average over m values, a 2 x m average where m is even.

    Parameters
    ----------
    x : ndarray (B, n)
        Series.
    m : int
        Values per season.

    Returns
    -------
    ndarray (B, n - 2 (m // 2))
        Averages of the values from ``m // 2`` on.

    Examples
    --------
    >>> centred_average(np.array([[1.0, 2.0, 6.0, 4.0]]), 2)
    array([[2.75, 4.5 ]])
    """
    sums = np.cumsum(np.pad(x, ((0, 0), (1, 0))), axis=1)
    averages = (sums[:, m:] - sums[:, :-m]) / m
    even: Array = (averages[:, 1:] + averages[:, :-1]) / 2
    return averages if m % 2 else even


def indices(x: Array, m: int) -> tuple[Array, Array]:
    """Estimate additive seasonal indices, shrunk by κ, the estimated share of their variance that is not noise.

    ::

        r_t = x_t - (centred moving average at t)
        s_p = mean of r_t at phase p, minus the mean over phases
        κ   = max(0, 1 - V_error / V_between),   V_error = Σ (r_t - s_p)² / (N - m) · mean over p of 1 / N_p

    Parameters
    ----------
    x : ndarray (B, n)
        Series of at least two seasons.
    m : int
        Values per season, at least 2.

    Returns
    -------
    index : ndarray (B, m)
        κ s_p.
    kappa : ndarray (B,)
        Between 0 and 1.

    References
    ----------
    James & Stein (1961), Estimation with quadratic loss. Berkeley Symposium.
    Miller & Williams (2003), Shrinkage estimators of time series seasonal factors. Int. J. Forecasting 19(4).

    Examples
    --------
    >>> index, kappa = indices(np.tile([3.0, -1.0, -2.0], 4)[None], 3)
    >>> index.round(6), kappa
    (array([[ 3., -1., -2.]]), array([1.]))
    """
    half = m // 2
    rest = x[:, half : x.shape[1] - half] - centred_average(x, m)
    return means_by_phase(rest, (np.arange(half, half + rest.shape[1]) - x.shape[1]) % m, m)


def means_by_phase(rest: Array, phase: npt.NDArray[np.int64], m: int) -> tuple[Array, Array]:
    """Return κ s_p and κ of residuals r (B, N) with these phases (N,), without a gap; for the formula see `indices`.

    Examples
    --------
    >>> means_by_phase(np.array([[1.0, -1.0, 1.0, -1.0]]), phases(4, 2), 2)
    (array([[ 1., -1.]]), array([1.]))
    """
    sums = _sums_by_phase(rest, int(phase[0]), m)
    times = np.bincount(phase, minlength=m)
    index = sums / np.maximum(times, 1)
    index -= index.mean(axis=1, keepdims=True)
    error = ((rest - index[:, phase]) ** 2).sum(axis=1) / max(1, rest.shape[1] - m) * np.mean(1 / np.maximum(times, 1))
    between = (index**2).mean(axis=1)
    kappa = np.clip(1 - error / np.maximum(between, 1e-12), 0.0, 1.0)
    return index * kappa[:, None], kappa


def _sums_by_phase(rest: Array, first: int, m: int) -> Array:
    """Sum the values of each phase (B, m); ``first`` is the phase of the first value."""
    rows, count = rest.shape
    cycles = -(-(first + count) // m)
    table = np.zeros((rows, cycles * m))
    table[:, first : first + count] = rest
    sums: Array = np.cumsum(table.reshape(rows, cycles, m), axis=1)[:, -1]  # one order of addition for any B
    return sums


def clean(y: Array, m: int) -> tuple[Array, Array]:
    """Clip outliers relative to the usual value at their phase, if few values change.

    Each value is clipped to 0.15 to 4 times the median of its phase in its own cycle and the two cycles on either side:
    closed days and bursts would distort the logarithm. Series with negative values or fewer than four cycles stay as
    they are, and so do series in which a tenth of the values or more would change.

    Parameters
    ----------
    y : ndarray (B, n)
        Series.
    m : int
        Values per season.

    Returns
    -------
    cleaned : ndarray (B, n)
        The clipped series.
    share : ndarray (B,)
        Share of clipped values.

    Examples
    --------
    >>> y = np.tile([10.0, 20.0], 6)[None]
    >>> y[0, 5] = 900.0
    >>> cleaned, share = clean(y, 2)
    >>> cleaned[0, 4:8], share.round(3)
    (array([10., 80., 10., 20.]), array([0.083]))
    """
    rows, n = y.shape
    if m < 2 or n < 4 * m:
        return y, np.zeros(rows)
    usual = _median_of_cycles(y, m)
    clipped = np.clip(y, _LOWEST * usual, _HIGHEST * usual)
    changed = (clipped != y) & (usual > 0)
    share = changed.mean(axis=1)
    worth = (y.min(axis=1) >= 0) & (share < _RARE)
    return np.where(worth[:, None] & changed, clipped, y), np.where(worth, share, 0.0)


def _median_of_cycles(y: Array, m: int) -> Array:
    """Return the median of each value and those one and two cycles on either side, where they exist (B, n)."""
    n = y.shape[1]
    median = np.empty_like(y)
    borders = [0, m, 2 * m, n - 2 * m, n - m, n]
    for i, (start, stop) in enumerate(pairwise(borders)):
        shifts = range(-min(i, 2), min(4 - i, 2) + 1)
        around = np.sort([y[:, start + shift * m : stop + shift * m] for shift in shifts], axis=0)
        middle = len(around) // 2
        median[:, start:stop] = around[middle] if len(around) % 2 else (around[middle - 1] + around[middle]) / 2
    return median
