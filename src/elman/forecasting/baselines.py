"""Simple forecasts that a network has to beat. Each takes the values known so far and looks at nothing else.

For a series y_1 … y_n with season s, step k = 1 … K and c = ceil(k / s) seasons ahead::

    naive                    y_n
    naive with drift         y_n + k (y_n - y_1) / (n - 1)
    seasonal naive           y_{n + k - c s}
    seasonal naive, drift    y_{n + k - c s} + c d,   d = mean of the last season - mean of the one before
    seasonal naive, growth   y_{n + k - c s} * g^c,   g = mean of the last season / mean of the one before
    window mean              mean of the last season
    linear autoregression    b + a_1 y_{n+k-1} + … + a_p y_{n+k-p},   forecasts standing in for what is not known yet

A series of fewer than s values is its own season; with fewer than two seasons d = 0 and g = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import DataError

__all__ = [
    "BASELINES",
    "linear_autoregression",
    "naive",
    "naive_drift",
    "seasonal_naive",
    "seasonal_naive_drift",
    "seasonal_naive_growth",
    "usual_baselines",
    "window_mean",
]

Array = npt.NDArray[np.float64]


F = TypeVar("F", bound=Callable[..., Any])
_SHARED = """    Parameters
    ----------
    values : array_like (n,)
        The series so far.
    horizon : int
        Values to forecast.
    season : int
        Values per season; what has no season leaves it alone, and takes it so that all baselines are called alike.

    Returns
    -------
    ndarray (horizon,), float64

"""


def _documented(function: F) -> F:
    """Put what all baselines take and return before the examples of a docstring."""
    before, examples, after = (function.__doc__ or "").partition("    Examples\n")
    function.__doc__ = before + _SHARED + examples + after
    return function


def _checked(place: str, values: npt.ArrayLike, horizon: int, season: int) -> tuple[Array, int, int]:
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or len(series) == 0:
        raise DataError(f"{place}: values must be one series of at least one value, got shape {series.shape}.")
    horizon = _check.positive_integer(place, "horizon", horizon)
    return series, horizon, min(_check.positive_integer(place, "season", season), len(series))


def _last_season(series: Array, horizon: int, season: int) -> tuple[Array, Array]:
    """Return the last season repeated over the horizon, and how many seasons ahead each step lies."""
    ahead = np.arange(horizon)
    return series[len(series) - season + ahead % season], (ahead // season + 1).astype(np.float64)


@_documented
def naive(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Repeat the newest value.

    Examples
    --------
    >>> naive([1, 2, 3], horizon=2)
    array([3., 3.])
    """
    series, horizon, _ = _checked("naive", values, horizon, season)
    return np.full(horizon, series[-1])


@_documented
def naive_drift(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Go on from the newest value by the mean change per step so far.

    Examples
    --------
    >>> naive_drift([1, 5, 3], horizon=2)
    array([4., 5.])
    """
    series, horizon, _ = _checked("naive_drift", values, horizon, season)
    change = (series[-1] - series[0]) / max(1, len(series) - 1)
    line: Array = series[-1] + np.arange(1, horizon + 1) * change
    return line


@_documented
def seasonal_naive(values: npt.ArrayLike, horizon: int, season: int) -> Array:
    """Repeat the last season.

    Examples
    --------
    >>> seasonal_naive([9, 1, 2, 3], horizon=4, season=3)
    array([1., 2., 3., 1.])
    """
    return _last_season(*_checked("seasonal_naive", values, horizon, season))[0]


@_documented
def seasonal_naive_drift(values: npt.ArrayLike, horizon: int, season: int) -> Array:
    """Repeat the last season, moved by the difference of the last two seasons' means for every season ahead.

    Examples
    --------
    >>> seasonal_naive_drift([1, 3, 2, 6], horizon=3, season=2)     # means 2 and 4: drift 2
    array([4., 8., 6.])
    """
    series, horizon, season = _checked("seasonal_naive_drift", values, horizon, season)
    repeated, ahead = _last_season(series, horizon, season)
    if len(series) < 2 * season:
        return repeated
    moved: Array = repeated + ahead * (series[-season:].mean() - series[-2 * season : -season].mean())
    return moved


@_documented
def seasonal_naive_growth(values: npt.ArrayLike, horizon: int, season: int) -> Array:
    """Repeat the last season, multiplied by the ratio of the last two seasons' means for every season ahead.

    It stays unchanged where a ratio says nothing: unless every value of both seasons is positive.

    Examples
    --------
    >>> seasonal_naive_growth([1, 3, 2, 6], horizon=3, season=2)    # means 2 and 4: growth 2
    array([ 4., 12.,  8.])
    """
    series, horizon, season = _checked("seasonal_naive_growth", values, horizon, season)
    repeated, ahead = _last_season(series, horizon, season)
    if len(series) < 2 * season or series[-2 * season :].min() <= 0:
        return repeated
    with np.errstate(over="ignore"):
        growth = series[-season:].mean() / series[-2 * season : -season].mean()
        grown: Array = np.minimum(repeated * growth**ahead, np.finfo(np.float64).max)
    return grown


@_documented
def window_mean(values: npt.ArrayLike, horizon: int, season: int) -> Array:
    """Repeat the mean of the last season.

    Examples
    --------
    >>> window_mean([9, 1, 3], horizon=2, season=2)
    array([2., 2.])
    """
    series, horizon, season = _checked("window_mean", values, horizon, season)
    return np.full(horizon, series[-season:].mean())


@_documented
def linear_autoregression(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Regress each value on the ones before by least squares, and let the forecasts take the place of what is unknown.

    ::

        y_t = b + a_1 y_{t-1} + … + a_p y_{t-p}          p = season + 1, at least 4, at most a third of the values

    The forecast is kept within ten times the range of the series, which an unstable regression would leave.

    Examples
    --------
    >>> linear_autoregression([1, 2, 4, 8, 16, 32], horizon=2).round(6)
    array([ 64., 128.])
    """
    series, horizon, season = _checked("linear_autoregression", values, horizon, season)
    lags = min(max(season + 1, _FEWEST_LAGS), len(series) // 3)
    with np.errstate(over="ignore"):
        centre, spread = series.mean(), np.ptp(series)
    if lags == 0 or not 0 < spread < np.inf:
        return np.full(horizon, series[-1])
    scaled = (series - centre) / spread
    windows = np.lib.stride_tricks.sliding_window_view(scaled, lags + 1)
    inputs = np.column_stack([windows[:, :-1], np.ones(len(windows))])
    coefficients = np.linalg.lstsq(inputs, windows[:, -1], rcond=None)[0]
    path = np.concatenate([scaled[-lags:], np.empty(horizon)])
    for k in range(lags, lags + horizon):
        path[k] = np.clip(path[k - lags : k] @ coefficients[:-1] + coefficients[-1], -_FARTHEST, _FARTHEST)
    forecast: Array = centre + spread * path[lags:]
    return forecast


_FEWEST_LAGS = 4
_FARTHEST = 10.0  # ranges of the series from its mean

BASELINES: dict[str, Callable[[npt.ArrayLike, int, int], Array]] = {
    "naive": naive,
    "naive with drift": naive_drift,
    "seasonal naive": seasonal_naive,
    "seasonal naive with drift": seasonal_naive_drift,
    "seasonal naive with growth": seasonal_naive_growth,
    "window mean": window_mean,
    "linear autoregression": linear_autoregression,
}


def usual_baselines(season: int) -> tuple[str, ...]:
    """Name the baselines that a forecast is compared with unless others are asked for.

    Parameters
    ----------
    season : int
        Values per season; without one (1) the seasonal baselines would say the same as the others.

    Returns
    -------
    tuple of str
        Keys of `BASELINES`.

    Examples
    --------
    >>> usual_baselines(1)
    ('naive', 'naive with drift', 'linear autoregression')
    """
    if season == 1:
        return ("naive", "naive with drift", "linear autoregression")
    return (
        "naive",
        "seasonal naive",
        "seasonal naive with drift",
        "seasonal naive with growth",
        "linear autoregression",
    )
