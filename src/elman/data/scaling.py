"""Transforms between the values of a series and a network's values, in float64, with inverses that cannot overflow.

==========  =====================  ==================================  =========================================
kind        forward                inverse                             chosen when
==========  =====================  ==================================  =========================================
log         log y                  exp z, z clipped to [-745, 709]     every training value is above 0
log1p       log(1 + y)             exp(z) - 1, not below 0             no training value is below 0
scale       y / scale              z * scale                           otherwise
none        y                      z                                   on request
==========  =====================  ==================================  =========================================

``scale`` is each series' own mean absolute deviation from its mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from elman.errors import DataError

__all__ = ["TRANSFORMS", "choose_transform", "inverse_transform", "outside_domain", "series_scale", "transform"]

Array = npt.NDArray[np.float64]

TRANSFORMS = ("log", "log1p", "scale", "none")

# exp(709.78) is the largest finite float64. A forecast this large is meaningless, but finite.
_LARGEST_EXPONENT = 709.0
_SMALLEST_EXPONENT = -745.0


def choose_transform(series: Sequence[Array]) -> str:
    """Choose the transform of a set of series from their training values.

    Parameters
    ----------
    series : sequence of ndarray (n_i,), float64
        Training values; NaN (missing) is ignored.

    Returns
    -------
    str
        ``"log"`` if every value is positive, ``"log1p"`` if none is negative, else ``"scale"``.

    Examples
    --------
    >>> [choose_transform([np.array([smallest, 2.0])]) for smallest in (1.0, 0.0, -1.0)]
    ['log', 'log1p', 'scale']
    """
    smallest = min((float(np.nanmin(values)) for values in series if np.isfinite(values).any()), default=1.0)
    if smallest > 0:
        return "log"
    return "log1p" if smallest == 0 else "scale"


def series_scale(values: Array) -> float:
    """Return the spread of a series: the mean absolute deviation from its mean, or 1 for a constant series.

    Parameters
    ----------
    values : ndarray (n,), float64
        Training values of one series; NaN (missing) is ignored.

    Returns
    -------
    float
        Above 0.

    Examples
    --------
    >>> series_scale(np.array([1.0, 3.0, 5.0]))
    1.3333333333333333
    >>> series_scale(np.array([7.0, 7.0]))
    1.0
    """
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return 1.0
    deviation = float(np.mean(np.abs(known - np.mean(known))))
    # With a smaller scale y / scale could overflow.
    return deviation if deviation > 1e-200 else 1.0


def outside_domain(kind: str, values: Array) -> npt.NDArray[np.bool_]:
    """Mark the values outside a transform's domain: for "log" 0 and below, for "log1p" below 0.

    Parameters
    ----------
    kind : str
        One of `TRANSFORMS`.
    values : ndarray
        Any shape; NaN is never marked.

    Returns
    -------
    ndarray of bool, same shape

    Examples
    --------
    >>> outside_domain("log", np.array([1.0, 0.0, -2.0]))
    array([False,  True,  True])
    """
    if kind == "log":
        return values <= 0
    if kind == "log1p":
        return values < 0
    return np.zeros(values.shape, dtype=bool)


def transform(kind: str, values: Array, scale: float = 1.0) -> Array:
    """Apply a transform.

    Parameters
    ----------
    kind : str
        One of `TRANSFORMS`.
    values : ndarray, float64
        Any shape.
    scale : float
        Divisor of ``"scale"``; ignored by the others.

    Returns
    -------
    ndarray, float64, same shape

    Raises
    ------
    DataError
        If a value lies outside the domain of the transform.

    Examples
    --------
    >>> transform("log1p", np.array([0.0, np.e - 1]))
    array([0., 1.])
    """
    wrong = outside_domain(kind, values)
    if wrong.any():
        domain = "above 0" if kind == "log" else "of at least 0"
        raise DataError(f"transform: {kind} needs values {domain}, got {values[wrong][0]:.15g}.")
    if kind == "log":
        return np.log(values)
    if kind == "log1p":
        return np.log1p(values)
    return values / scale if kind == "scale" else values.copy()


def inverse_transform(kind: str, values: Array, scale: float = 1.0) -> Array:
    """Invert a transform; the result is finite and inside the domain for any input.

    Parameters
    ----------
    kind : str
        One of `TRANSFORMS`.
    values : ndarray, float64
        Transformed values, any shape.
    scale : float
        The divisor given to `transform`.

    Returns
    -------
    ndarray, float64, same shape

    Examples
    --------
    >>> inverse_transform("log", np.array([0.0, 1e6])) < 1e308
    array([ True,  True])
    """
    if kind == "log":
        return np.exp(np.clip(values, _SMALLEST_EXPONENT, _LARGEST_EXPONENT))
    if kind == "log1p":
        return np.maximum(np.expm1(np.minimum(values, _LARGEST_EXPONENT)), 0.0)
    return values * scale if kind == "scale" else values.copy()
