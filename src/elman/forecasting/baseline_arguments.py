"""Arguments that all baselines share: checked, and described once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import DataError

__all__ = ["checked", "documented"]

Array = npt.NDArray[np.float64]

F = TypeVar("F", bound=Callable[..., Any])
_SHARED = """    Parameters
    ----------
    values : array_like (n,)
        The series so far.
    horizon : int
        Values to forecast.
    season : int
        Values per season; ignored by baselines without a season, which take it for a common signature.

    Returns
    -------
    ndarray (horizon,), float64

"""


def documented(function: F) -> F:
    """Insert the common parameters and return value before the examples of a docstring."""
    before, examples, after = (function.__doc__ or "").partition("    Examples\n")
    function.__doc__ = before + _SHARED + examples + after
    return function


def checked(place: str, values: npt.ArrayLike, horizon: int, season: int) -> tuple[Array, int, int]:
    """Return a series, the horizon, and the values per season, at most those of the series."""
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or len(series) == 0:
        raise DataError(f"{place}: values must be one series of at least one value, got shape {series.shape}.")
    horizon = _check.positive_integer(place, "horizon", horizon)
    return series, horizon, min(_check.positive_integer(place, "season", season), len(series))
