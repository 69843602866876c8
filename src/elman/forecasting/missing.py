"""Fill missing values of a series from its other values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["MISSING", "fill"]

Array = npt.NDArray[np.float64]

MISSING = ("error", "seasonal_median", "interpolate", "mask")


def fill(values: Array, how: str, season: int) -> Array:
    """Replace NaN.

    Parameters
    ----------
    values : ndarray (n,), float64
        One series; at least one value is known.
    how : str
        ``"seasonal_median"``: the median of the known values at the same phase of the season, or of all values if that
        phase has none; so does ``"mask"``, for methods without masks. ``"interpolate"``: the straight line between the
        neighbours, the nearest value at the ends.
    season : int
        Values per season.

    Returns
    -------
    ndarray (n,), float64
        The same array where nothing is missing.

    Examples
    --------
    >>> fill(np.array([1.0, 8.0, np.nan, 9.0, 3.0, 8.0]), "seasonal_median", season=2)
    array([1., 8., 2., 9., 3., 8.])
    >>> fill(np.array([1.0, np.nan, np.nan, 4.0]), "interpolate", season=2)
    array([1., 2., 3., 4.])
    """
    unknown = np.isnan(values)
    if not unknown.any():
        return values
    known = np.flatnonzero(~unknown)
    filled = values.copy()
    if how == "interpolate":
        filled[unknown] = np.interp(np.flatnonzero(unknown), known, values[known])
        return filled
    overall = float(np.median(values[known]))
    for phase in np.unique(np.flatnonzero(unknown) % season):
        place = filled[phase::season]
        same = place[~np.isnan(place)]
        place[np.isnan(place)] = np.median(same) if len(same) else overall
    return filled
