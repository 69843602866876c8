"""Which series are intermittent: demand comes now and then, and the values between are zero."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman._words import called
from elman.errors import DataError, Remedy
from elman.forecasting.channels import flat
from elman.forecasting.panel import Panel

__all__ = ["FEWEST", "autocorrelation", "first_negative", "is_intermittent", "refuse_negative", "share_of_zeros"]

Array = npt.NDArray[np.float64]

FEWEST = 4  # values other than zero: a single spike is no intermittent demand
_OTHERWISE = Remedy("fit with {}, which takes any numbers", method="prior")
_INTERVAL = 1.32  # mean number of steps between demands (Syntetos, Boylan and Croston 2005)
_EXPLAINED = 0.5  # autocorrelation at the lag of the season


def is_intermittent(panel: Panel, season: int) -> bool:
    """Return whether the mean share of zeros of a panel's series is 1 - 1 / 1.32 = 24 % or more.

    Parameters
    ----------
    panel : Panel
        Filled.
    season : int
        Values per season.

    References
    ----------
    Syntetos, Boylan and Croston (2005), On the categorization of demand patterns. Journal of the Operational Research
    Society 56(5).

    Examples
    --------
    >>> demand = np.array([0.0, 3, 0, 0, 1, 0, 2, 5])
    >>> is_intermittent(Panel(demand, np.array([0, 8]), "array"), season=1)
    True
    """
    shares = [share_of_zeros(values, season) for values in flat(panel)]
    return bool(shares) and float(np.mean(shares)) >= 1 - 1 / _INTERVAL


def share_of_zeros(values: Array, season: int) -> float:
    """Return the share of zeros of a series that no season explains.

    It is 0 with fewer than four values other than zero, if a value is negative, and if the autocorrelation at the lag
    of the season is above 0.5, as in the sales of a shop that is closed every Sunday.

    Examples
    --------
    >>> share_of_zeros(np.array([0.0, 3, 0, 0, 1, 0, 2, 5]), season=1)
    0.5
    >>> share_of_zeros(np.tile([0.0, 0, 3, 5], 8), season=4)
    0.0
    """
    demands = int(np.count_nonzero(values))
    if not FEWEST <= demands < len(values) or values.min() < 0:
        return 0.0
    if season > 1 and autocorrelation(values, season) > _EXPLAINED:
        return 0.0
    return 1 - demands / len(values)


def first_negative(panel: Panel) -> tuple[float, str] | None:
    """Return the first negative value and its place in words; None if there is none.

    Examples
    --------
    >>> first_negative(Panel(np.array([0.0, 3, -2]), np.array([0, 3]), "array"))
    (-2.0, 'at position 2')
    """
    rows = panel.values.reshape(len(panel.values), -1)
    wrong = (rows < 0).any(axis=1)
    if not wrong.any():
        return None
    index = int(np.argmax(wrong))
    return float(rows[index][rows[index] < 0][0]), panel.place(index)


def refuse_negative(place: str, method: str, panel: Panel, otherwise: Remedy = _OTHERWISE) -> None:
    """Refuse negative values for a method of counts of demand.

    Raises
    ------
    DataError
        Naming the method, the value and its place.

    Examples
    --------
    >>> refuse_negative("fit", "counts", Panel(np.array([0.0, 3, 2]), np.array([0, 3]), "array"))
    """
    if (found := first_negative(panel)) is not None:
        raise DataError(
            f"{place}: {method} is for counts of demand, and {called('y')} is {found[0]:.15g} {found[1]}.",
            Remedy("set negative values to 0 if they are returns"),
            otherwise,
        )


def autocorrelation(values: Array, lag: int) -> float:
    """Return the autocorrelation of a series at a lag; 0 for a constant series and for a lag of its length or more.

    Examples
    --------
    >>> autocorrelation(np.array([1.0, 2.0, 1.0, 2.0]), 2)
    0.5
    """
    largest = float(np.abs(values).max())
    if lag >= len(values) or values.min() == values.max():
        return 0.0
    centered = values / largest - np.mean(values / largest)  # squares of the values themselves may not be finite
    return float((centered[lag:] * centered[:-lag]).sum() / np.square(centered).sum())
