"""Windows over a series: the inputs and targets of a forecaster at each step, and the center of each window.

Indices, for a series y of n values, a window of T values and a horizon of K values. "Now" is the newest value of a
window::

    now = T-1, T, ..., n-K-1                    n - T - K + 1 windows with all their targets
    window  y[now-T+1 : now+1]                  T values, oldest first
    targets y[now+1 : now+K+1]                  K values
    center  mean(y[now-s+1 : now+1])            s the length of the season
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import DataError

__all__ = ["pad_left", "sliding_windows", "trailing_mean", "window_count"]

Array = npt.NDArray[np.float64]


def window_count(length: int, window: int, horizon: int) -> int:
    """Return the number of windows with all targets: ``max(0, length - window - horizon + 1)``.

    Parameters
    ----------
    length : int
        Number of values of the series.
    window : int
        Values per window.
    horizon : int
        Targets after each window.

    Returns
    -------
    int

    Examples
    --------
    >>> window_count(20, window=4, horizon=3)
    14
    >>> window_count(6, window=4, horizon=3)
    0
    """
    return max(0, length - window - horizon + 1)


def sliding_windows(values: npt.ArrayLike, window: int, horizon: int) -> tuple[Array, Array]:
    """Return every window of ``window`` values of a series, and the ``horizon`` values after each.

    Parameters
    ----------
    values : array_like (n,)
        The series.
    window : int
        Values per window.
    horizon : int
        Targets after each window.

    Returns
    -------
    inputs : ndarray (n-window-horizon+1, window), float64
        Row i is ``values[i : i+window]``.
    targets : ndarray (n-window-horizon+1, horizon), float64
        Row i is ``values[i+window : i+window+horizon]``.

    Raises
    ------
    DataError
        If the series is not one-dimensional or has fewer than ``window + horizon`` values.

    Examples
    --------
    >>> inputs, targets = sliding_windows([1, 2, 3, 4, 5], window=3, horizon=1)
    >>> inputs
    array([[1., 2., 3.],
           [2., 3., 4.]])
    >>> targets
    array([[4.],
           [5.]])
    """
    window = _check.positive_integer("sliding_windows", "window", window)
    horizon = _check.positive_integer("sliding_windows", "horizon", horizon)
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or len(series) < window + horizon:
        raise DataError(
            f"sliding_windows: values must be one series of at least window + horizon = {window} + {horizon} = "
            f"{window + horizon} values, got shape {series.shape}."
        )
    rows = np.lib.stride_tricks.sliding_window_view(series, window + horizon)
    return rows[:, :window].copy(), rows[:, window:].copy()


def trailing_mean(values: Array, width: int) -> Array:
    """Return the mean of each value and the ``width - 1`` values before it, or of fewer at the start.

    Parameters
    ----------
    values : ndarray (n,), float64
        The series.
    width : int
        Number of values in the mean.

    Returns
    -------
    ndarray (n,), float64
        Entry t is ``mean(values[max(0, t-width+1) : t+1])``; no later value changes any bit of it.

    Examples
    --------
    >>> trailing_mean(np.array([1.0, 2.0, 6.0, 10.0]), 2)
    array([1. , 1.5, 4. , 8. ])
    """
    # One addition per lag, in the same order for every entry, so that the mean is a function of its own values. A
    # running sum would be faster, but would lose the digits of a series such as 1e8 +- 1.
    total = np.zeros(len(values))
    for lag in range(1, min(width, len(values))):
        total[lag:] += values[:-lag] - values[lag:]
    mean: Array = values + total / np.minimum(np.arange(1, len(values) + 1), width)
    return mean


def pad_left(values: Array, length: int) -> tuple[Array, int]:
    """Pad a series in front with its first value to ``length`` values.

    Parameters
    ----------
    values : ndarray (n,) or (n, C), float64
        The series, at least one value.
    length : int
        Required number of values; a longer series is returned unchanged.

    Returns
    -------
    padded : ndarray (max(n, length),) or (max(n, length), C), float64
    added : int
        Number of padding values.

    Examples
    --------
    >>> pad_left(np.array([3.0, 4.0]), 4)
    (array([3., 3., 3., 4.]), 2)
    """
    added = max(0, length - len(values))
    if added == 0:
        return values, 0
    return np.concatenate([np.repeat(values[:1], added, axis=0), values]), added
