"""The yearly pattern of days: taken out of a series before the prior forecasts it, and put back after.

The prior's own indices (`elman.prior.seasons`) need three cycles, and have one value for each day of the year. Most
yearly patterns are smooth, so they are measured on a smooth series first. Two years are enough for this::

    s_t = mean of y over two weeks around t, after clipping outliers        weights 1, 2, …, 2, 1
    x_t = log s_t, or s_t if a value is negative
    r_t = x_t - (mean of x over the year around t)        the means go on along a line for half a year at both ends
    p   = means of r by day of the year, shrunk by κ as in `elman.prior.seasons`

The prior forecasts y / exp p, or y - p. Its own indices then hold what differs from day to day, such as holidays.

References
----------
Cleveland, Cleveland, McRae & Terpenning (1990), STL: a seasonal-trend decomposition procedure based on Loess. Journal
of Official Statistics 6(1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elman.forecasting.seasons import year_of
from elman.prior import LEVELS, Prior
from elman.prior.seasons import centred_average, clean, means_by_phase, phases

__all__ = ["YEARS", "Pattern", "forecast", "without_pattern"]

Array = npt.NDArray[np.float64]

YEARS = 2  # that a series needs; shorter ones are forecast without the yearly season
_LOWEST = 0.02  # of the mean: the least smooth value whose logarithm is taken
_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Pattern:
    """The yearly pattern of one series.

    Parameters
    ----------
    index : ndarray (m,), float64
        By phase: index 0 is the day after the newest value.
    factor : bool
        Whether it is the logarithm of factors; else terms.
    kappa : float
        Estimated share of its variance that is not noise, between 0 and 1.

    Examples
    --------
    >>> days = np.arange(1461)
    >>> y = 100.0 * np.exp(0.5 * np.sin(2 * np.pi * days / 365))
    >>> pattern = Pattern.of(y, (7, 365))
    >>> pattern.factor, round(pattern.kappa, 2), bool(np.abs(pattern.taken_out(y) - 100).max() < 3)
    (True, 1.0, True)
    """

    index: Array
    factor: bool
    kappa: float

    @classmethod
    def of(cls, y: Array, seasons: tuple[int, ...]) -> Pattern:
        """Measure it in a series (n,) of two years or more; ``seasons`` are the days in a week and in a year."""
        week, year = seasons[:2]
        largest = float(np.abs(y).max())
        if largest == 0:
            return cls(np.zeros(year), factor=False, kappa=0.0)
        factor = bool(y.min() >= 0)
        smooth = _smooth(clean(y[None] / largest, week)[0], week)
        if factor:
            smooth = np.log(np.maximum(smooth, _LOWEST * smooth.mean()))
        rest = smooth - _trend(smooth, year)
        index, kappa = means_by_phase(rest, phases(len(y), year), year)
        return cls(index[0] if factor else index[0] * largest, factor, float(kappa[0]))

    def taken_out(self, y: Array) -> Array:
        """Return a series (n,) without it."""
        return self._applied(y, -self.index[phases(len(y), len(self.index))])

    def put_back(self, quantiles: Array) -> Array:
        """Return forecasts (K, Q) with it."""
        return self._applied(quantiles, self.index[np.arange(len(quantiles)) % len(self.index), None])

    def _applied(self, values: Array, index: Array) -> Array:
        with np.errstate(over="ignore"):
            changed = values * np.exp(index) if self.factor else values + index
        return np.clip(changed, -_LARGEST, _LARGEST)


def _smooth(x: Array, week: int) -> Array:
    """Return the means over two weeks around each value (B, n); the first and the last week count twice."""
    return centred_average(np.concatenate([x[:, :week], x, x[:, -week:]], axis=1), 2 * week)


def _trend(x: Array, year: int) -> Array:
    """Return the means over a year around each value, continued along their line at both ends (B, n)."""
    means = centred_average(x, year)
    growth = (means[:, -1:] - means[:, :1]) / (means.shape[1] - 1)
    ahead = growth * np.arange(1, year // 2 + 1)
    return np.concatenate([means[:, :1] - ahead[:, ::-1], means, means[:, -1:] + ahead], axis=1)


def _long(series: Sequence[Array], year: int) -> list[int]:
    """List the rows that have enough years."""
    return [row for row, y in enumerate(series) if len(y) >= YEARS * year]


def forecast(prior: Prior, series: Sequence[Array], horizon: int, seasons: tuple[int, ...], n_threads: int) -> Array:
    """Forecast each series by the prior, without its yearly pattern where the seasons are those of days.

    Parameters
    ----------
    prior : Prior
        The network.
    series : sequence of ndarray (n_i,), float64
        None missing.
    horizon, seasons, n_threads
        As for `elman.prior.Prior.forecast`.

    Returns
    -------
    ndarray (S, K, 9), float64
        Quantiles.

    Examples
    --------
    >>> from elman.prior import load_prior
    >>> week = np.tile([10.0, 20.0, 30.0, 20.0, 20.0, 10.0, 10.0], 20)
    >>> forecast(load_prior(), [week], 3, (7, 365), 1)[0, :, 4].round()         # too short for a yearly pattern
    array([10., 20., 30.])
    """
    year = year_of(seasons)
    if year is None:
        return prior.forecast(series, horizon, seasons, n_threads)
    long = _long(series, year)
    short = sorted(set(range(len(series))) - set(long))
    patterns = [Pattern.of(series[row], seasons) for row in long]
    rest = [pattern.taken_out(series[row]) for row, pattern in zip(long, patterns, strict=True)]
    quantiles = np.empty((len(series), horizon, len(LEVELS)))
    quantiles[short] = prior.forecast([series[row] for row in short], horizon, seasons[:1], n_threads)
    found = prior.forecast(rest, horizon, seasons, n_threads)
    for row, pattern, own in zip(long, patterns, found, strict=True):
        quantiles[row] = pattern.put_back(own)
    return quantiles


def without_pattern(series: Sequence[Array], seasons: tuple[int, ...]) -> list[Array]:
    """Return series as the prior is tuned on them: without their yearly patterns.

    Examples
    --------
    >>> [y.tolist() for y in without_pattern([np.array([1.0, 2.0])], (7, 365))]     # too short for one
    [[1.0, 2.0]]
    """
    year = year_of(seasons)
    rest = list(series)
    for row in [] if year is None else _long(series, year):
        rest[row] = Pattern.of(series[row], seasons).taken_out(series[row])
    return rest
