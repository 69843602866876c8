"""Missing values as an input: windows show a 0 and a flag in their place, and no filled value counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman.data.windows import trailing_mean

__all__ = ["begun_known", "known_center"]

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def known_center(values: Array, hidden: Flags, count: int, window: int) -> Array:
    """Average the known ones of the newest ``count`` values at every time.

    Where none of them is known, those of the ``window``; where none of these is, the center of the nearest earlier time
    that has one, else of the nearest later time.

    Parameters
    ----------
    values : ndarray (n,), float64
        One channel, filled.
    hidden : ndarray (n,), bool
        Which values are filled; they count only where all are.
    count, window : int
        Values averaged, and values of a window.

    Examples
    --------
    >>> hidden = np.array([False, False, True, True, True])
    >>> known_center(np.array([2.0, 4.0, 9.0, 9.0, 9.0]), hidden, 2, 3).tolist()
    [2.0, 3.0, 4.0, 4.0, 4.0]
    """
    if hidden.all():
        return trailing_mean(values, count)
    center = _known_mean(values, hidden, count)
    center = np.where(np.isnan(center), _known_mean(values, hidden, window), center)
    places = np.flatnonzero(~np.isnan(center))
    nearest: Array = center[places[np.maximum(np.searchsorted(places, np.arange(len(center)), side="right") - 1, 0)]]
    return nearest


def _known_mean(values: Array, hidden: Flags, width: int) -> Array:
    """Average the known ones of the newest ``width`` values at every time; NaN where there is none.

    They are added as distances from the newest of them, which keeps the digits of a series such as 1e8 +- 1.
    """
    nearest, total, count = np.full(len(values), np.nan), np.zeros(len(values)), np.zeros(len(values))
    for lag in range(min(width, len(values))):
        own, known = values[: len(values) - lag], ~hidden[: len(values) - lag]
        nearest[lag:] = np.where(np.isnan(nearest[lag:]) & known, own, nearest[lag:])
        total[lag:] += np.where(known, own - nearest[lag:], 0.0)
        count[lag:] += known
    mean: Array = nearest + total / np.maximum(count, 1)
    return mean


def begun_known(values: Array, hidden: Flags) -> Array:
    """Let a series of channels (n, D) begin with the first known value of each, which is what pads it on the left."""
    first = np.argmin(hidden, axis=0)
    values = values.copy()
    values[0] = values[first, np.arange(values.shape[1])]
    return values
