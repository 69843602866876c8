"""Simple forecasts of intermittent demand: Croston's method and two that correct its bias.

The demands of a series y_1 … y_n are its values other than zero; z_i is the size of the i-th, q_i the number of steps
from the demand before it, or from the start. An average starts at its first value and moves by α = 0.1 of each error,
those of ẑ and q̂ with every demand, p̂ at every step::

    Croston        ẑ / q̂
    Croston SBA    (1 - α / 2) ẑ / q̂     the quotient is too large by a factor of about 1 / (1 - α / 2)
    TSB            p̂ ẑ                   p̂ the average of 1 where there is a demand and 0 where there is none

Negative values are refused. The forecasts are means, constant over the horizon. Of the three only TSB falls while no
demand comes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman.errors import DataError, Remedy
from elman.forecasting.baseline_arguments import checked, documented

__all__ = ["croston", "croston_sba", "tsb"]

Array = npt.NDArray[np.float64]

_ALPHA = 0.1


def _average(values: Array) -> float:
    """Return the last exponential average."""
    average = float(values[0])
    for value in values[1:].tolist():
        average += _ALPHA * (value - average)
    return average


def _checked(place: str, values: npt.ArrayLike, horizon: int, season: int) -> tuple[Array, int]:
    """Return a series without negative values, and the horizon."""
    series, horizon, _ = checked(place, values, horizon, season)
    if (negative := np.flatnonzero(series < 0)).size:
        raise DataError(
            f"{place}: values are counts of demand, and values[{negative[0]}] is {series[negative[0]]:.15g}.",
            Remedy("set negative values to 0 if they are returns"),
            Remedy("take another baseline, such as simple_exponential_smoothing"),
        )
    return series, horizon


@documented
def croston(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Divide the average size of a demand by the average number of steps between demands; 0 without demand.

    References
    ----------
    Croston (1972), Forecasting and stock control for intermittent demands. Operational Research Quarterly 23(3).

    Examples
    --------
    >>> croston([0, 6, 0, 0, 6], horizon=2).round(4)        # intervals 2 and 3: their average 2.1
    array([2.8571, 2.8571])
    """
    series, horizon = _checked("croston", values, horizon, season)
    places = np.flatnonzero(series)
    if len(places) == 0:
        return np.zeros(horizon)
    intervals = np.diff(places, prepend=-1).astype(np.float64)
    return np.full(horizon, _average(series[places]) / _average(intervals))


@documented
def croston_sba(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Take 95 % of `croston`: the approximation of Syntetos and Boylan for its bias.

    References
    ----------
    Syntetos and Boylan (2005), The accuracy of intermittent demand estimates. International Journal of Forecasting
    21(2).

    Examples
    --------
    >>> croston_sba([0, 6, 0, 0, 6], horizon=2).round(4)
    array([2.7143, 2.7143])
    """
    series, horizon = _checked("croston_sba", values, horizon, season)
    corrected: Array = (1 - _ALPHA / 2) * croston(series, horizon)
    return corrected


@documented
def tsb(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Multiply the average size of a demand by the average share of steps with a demand; 0 without demand.

    References
    ----------
    Teunter, Syntetos and Babai (2011), Intermittent demand: linking forecasting to inventory obsolescence. European
    Journal of Operational Research 214(3).

    Examples
    --------
    >>> tsb([6, 0, 0], horizon=2).round(4)                  # shares 1, 0.9, 0.81
    array([4.86, 4.86])
    """
    series, horizon = _checked("tsb", values, horizon, season)
    occurs = series != 0
    if not occurs.any():
        return np.zeros(horizon)
    return np.full(horizon, _average(series[occurs]) * _average(occurs.astype(np.float64)))
