"""Minimum width of intervals, whatever the past errors: no forecast is certain.

An interval of a series that is zero throughout has none: it is zero, as are the sample paths. A width would be in a
unit that such a series does not have.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman.forecasting.panel import Panel

__all__ = ["clipped", "least_half_widths", "never_negative", "opened"]

Array = npt.NDArray[np.float64]

_SHARE = 1e-3  # of the mean change per step, or of the values of a constant series
_LARGEST = float(np.finfo(np.float64).max)


def least_half_widths(panel: Panel) -> Array:
    """Compute half the minimum width of an interval for each series (S,) or channel (S, D).

    A thousandth of the mean change per step; for a constant series a thousandth of its value, so 0 for zeros.

    Parameters
    ----------
    panel : Panel
        No missing values.

    Returns
    -------
    ndarray (S,) or (S, D), float64
        Above 0 unless all values are 0.

    Examples
    --------
    >>> least_half_widths(Panel(np.array([1.0, 3.0, 1.0, 7.0, 7.0, 0.0]), np.array([0, 3, 5, 6]), "list"))
    array([0.002, 0.007, 0.   ])
    """
    values = panel.values
    starts = panel.offsets[:-1]
    with np.errstate(over="ignore"):
        change = np.abs(np.diff(values, axis=0, prepend=values[:1]))
        change[starts] = 0.0  # the first value of a series has no predecessor
        steps = np.maximum(1, panel.lengths - 1).reshape([-1] + [1] * (values.ndim - 1))
        size = np.minimum(np.add.reduceat(change, starts, axis=0) / steps, _LARGEST)
    level = np.abs(values[starts])
    size = np.where(size > 0, size, level)
    least: Array = np.where(size > 0, np.maximum(_SHARE * size, np.finfo(np.float64).tiny), 0.0)
    return least


def opened(lower: Array, upper: Array, points: Array, least: Array) -> tuple[Array, Array]:
    """Move the ends of intervals to the minimum distance from the points.

    Parameters
    ----------
    lower, upper, points : ndarray (S, K) or (S, K, D)
        Ends and points.
    least : ndarray (S,) or (S, D)
        From `least_half_widths`.

    Returns
    -------
    lower, upper : ndarray of the same shape
        Finite, with the point strictly between them; at the point where both are zero.
    """
    half = least[:, None]
    zero = (half == 0) & (points == 0)
    with np.errstate(over="ignore"):
        low = np.minimum(np.minimum(lower, points - half), np.nextafter(points, -np.inf))
        high = np.maximum(np.maximum(upper, points + half), np.nextafter(points, np.inf))
    low, high = np.where(zero, points, low), np.where(zero, points, high)
    return np.maximum(low, -_LARGEST), np.minimum(high, _LARGEST)


def clipped(lower: Array, points: Array, panel: Panel) -> Array:
    """Clip lower ends at zero where neither the point nor any value of the series is negative."""
    ends: Array = np.where(never_negative(panel)[:, None] & (points >= 0), np.maximum(lower, 0.0), lower)
    return ends


def never_negative(panel: Panel) -> npt.NDArray[np.bool_]:
    """Return for each series (S,) or channel (S, D) whether no value is negative."""
    never: npt.NDArray[np.bool_] = np.minimum.reduceat(panel.values, panel.offsets[:-1], axis=0) >= 0
    return never
