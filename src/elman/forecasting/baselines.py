"""Simple forecasts for comparison. Each uses the known values of its series alone.

For a series y_1 … y_n with season s, step k = 1 … K and c = ceil(k / s) seasons ahead::

    naive                    y_n
    naive with drift         y_n + k (y_n - y_1) / (n - 1)
    seasonal naive           y_{n + k - c s}
    seasonal naive, drift    y_{n + k - c s} + c d,   d = mean of the last season - mean of the one before
    seasonal naive, growth   y_{n + k - c s} * g^c,   g = mean of the last season / mean of the one before
    window mean              mean of the last season
    linear autoregression    b + a_1 y_{n+k-1} + … + a_p y_{n+k-p},   with forecasts for the values not yet known
    simple exponential smoothing    l_n,   l_t = l_{t-1} + α (y_t - l_{t-1})
    damped trend             l_n + (φ + φ² + … + φ^k) b_n,   level and trend smoothed, the trend damped by φ per step
    Theta                    the mean of the line through the series and a smoothed series of twice its distance
    optimized Theta          the same, with the factor of the distance estimated
    Croston, SBA, TSB        of intermittent demand, see `elman.forecasting.croston`

A series of fewer than s values is its own season; with fewer than two seasons d = 0 and g = 1. Smoothing, damped trend
and both Thetas remove a significant season first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from elman.forecasting.baseline_arguments import checked, documented
from elman.forecasting.croston import croston, croston_sba, tsb
from elman.forecasting.least_squares import least_squares
from elman.forecasting.smoothing import damped_states, forecast_adjusted, simple_states, slope

__all__ = [
    "BASELINES",
    "INTERMITTENT",
    "croston",
    "croston_sba",
    "damped_trend",
    "linear_autoregression",
    "naive",
    "naive_drift",
    "optimized_theta",
    "seasonal_naive",
    "seasonal_naive_drift",
    "seasonal_naive_growth",
    "simple_exponential_smoothing",
    "theta",
    "tsb",
    "usual_baselines",
    "window_mean",
]

Array = npt.NDArray[np.float64]


def _last_season(series: Array, horizon: int, season: int) -> tuple[Array, Array]:
    """Return the last season repeated over the horizon, and the seasons ahead of each step."""
    ahead = np.arange(horizon)
    return series[len(series) - season + ahead % season], (ahead // season + 1).astype(np.float64)


@documented
def naive(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Repeat the newest value.

    Examples
    --------
    >>> naive([1, 2, 3], horizon=2)
    array([3., 3.])
    """
    series, horizon, _ = checked("naive", values, horizon, season)
    return np.full(horizon, series[-1])


@documented
def naive_drift(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Continue from the newest value by the mean change per step.

    Examples
    --------
    >>> naive_drift([1, 5, 3], horizon=2)
    array([4., 5.])
    """
    series, horizon, _ = checked("naive_drift", values, horizon, season)
    change = (series[-1] - series[0]) / max(1, len(series) - 1)
    line: Array = series[-1] + np.arange(1, horizon + 1) * change
    return line


@documented
def seasonal_naive(values: npt.ArrayLike, horizon: int, season: int) -> Array:
    """Repeat the last season.

    Examples
    --------
    >>> seasonal_naive([9, 1, 2, 3], horizon=4, season=3)
    array([1., 2., 3., 1.])
    """
    return _last_season(*checked("seasonal_naive", values, horizon, season))[0]


@documented
def seasonal_naive_drift(values: npt.ArrayLike, horizon: int, season: int) -> Array:
    """Repeat the last season, moved by the difference of the last two seasons' means for every season ahead.

    Examples
    --------
    >>> seasonal_naive_drift([1, 3, 2, 6], horizon=3, season=2)     # means 2 and 4: drift 2
    array([4., 8., 6.])
    """
    series, horizon, season = checked("seasonal_naive_drift", values, horizon, season)
    repeated, ahead = _last_season(series, horizon, season)
    if len(series) < 2 * season:
        return repeated
    moved: Array = repeated + ahead * (series[-season:].mean() - series[-2 * season : -season].mean())
    return moved


@documented
def seasonal_naive_growth(values: npt.ArrayLike, horizon: int, season: int) -> Array:
    """Repeat the last season, multiplied by the ratio of the last two seasons' means for every season ahead.

    It stays unchanged where a ratio says nothing: unless every value of both seasons is positive.

    Examples
    --------
    >>> seasonal_naive_growth([1, 3, 2, 6], horizon=3, season=2)    # means 2 and 4: growth 2
    array([ 4., 12.,  8.])
    """
    series, horizon, season = checked("seasonal_naive_growth", values, horizon, season)
    repeated, ahead = _last_season(series, horizon, season)
    if len(series) < 2 * season or series[-2 * season :].min() <= 0:
        return repeated
    with np.errstate(over="ignore"):
        growth = series[-season:].mean() / series[-2 * season : -season].mean()
        grown: Array = np.minimum(repeated * growth**ahead, np.finfo(np.float64).max)
    return grown


@documented
def window_mean(values: npt.ArrayLike, horizon: int, season: int) -> Array:
    """Repeat the mean of the last season.

    Examples
    --------
    >>> window_mean([9, 1, 3], horizon=2, season=2)
    array([2., 2.])
    """
    series, horizon, season = checked("window_mean", values, horizon, season)
    return np.full(horizon, series[-season:].mean())


@documented
def linear_autoregression(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Regress each value on its predecessors by least squares; forecasts replace the values not yet known.

    ::

        y_t = b + a_1 y_{t-1} + … + a_p y_{t-p}          p = season + 1, at least 4, at most a third of the values

    The forecast is clipped to ten times the range of the series; an unstable regression would leave it.

    Examples
    --------
    >>> linear_autoregression([1, 2, 4, 8, 16, 32], horizon=2).round(6)
    array([ 64., 128.])
    """
    series, horizon, season = checked("linear_autoregression", values, horizon, season)
    lags = min(max(season + 1, _FEWEST_LAGS), len(series) // 3)
    with np.errstate(over="ignore"):
        centre, spread = series.mean(), np.ptp(series)
    if lags == 0 or not 0 < spread < np.inf:
        return np.full(horizon, series[-1])
    scaled = (series - centre) / spread
    windows = np.lib.stride_tricks.sliding_window_view(scaled, lags + 1)
    inputs = np.column_stack([windows[:, :-1], np.ones(len(windows))])
    coefficients = least_squares(inputs, windows[:, -1])
    path = np.concatenate([scaled[-lags:], np.empty(horizon)])
    for k in range(lags, lags + horizon):
        path[k] = np.clip(path[k - lags : k] @ coefficients[:-1] + coefficients[-1], -_FARTHEST, _FARTHEST)
    forecast: Array = centre + spread * path[lags:]
    return forecast


@documented
def simple_exponential_smoothing(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Repeat the last level of simple exponential smoothing.

    ::

        l_t = l_{t-1} + α (y_t - l_{t-1})

    α and l_0 are those of the smallest sum of squared one-step errors. If the autocorrelation at the lag of a season
    is significant, the season is taken out before and put back after: by factors if all values are positive, else by
    terms. Fewer than four values are not smoothed.

    References
    ----------
    Hyndman, Koehler, Ord and Snyder (2008), Forecasting with exponential smoothing. Springer.

    Examples
    --------
    >>> simple_exponential_smoothing([3, 5, 4, 6, 2, 4], horizon=2)     # no memory pays: the mean
    array([4., 4.])
    """
    series, horizon, season = checked("simple_exponential_smoothing", values, horizon, season)
    return forecast_adjusted(series, horizon, season, lambda y, steps: np.full(steps, simple_states(y)[0]))


@documented
def damped_trend(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Continue from the last level by the last trend, damped at every step.

    ::

        e_t = y_t - l_{t-1} - φ b_{t-1}       l_t = l_{t-1} + φ b_{t-1} + α e_t       b_t = φ b_{t-1} + α β e_t
        forecast of step k                    l_n + (φ + φ² + … + φ^k) b_n

    α, β, φ, l_0 and b_0 are those of the smallest sum of squared one-step errors, φ between 0.8 and 0.98. A
    significant season is taken out before and put back after, as in `simple_exponential_smoothing`. Fewer than four
    values have no trend.

    References
    ----------
    Gardner and McKenzie (1985), Forecasting trends in time series. Management Science 31(10).
    Hyndman, Koehler, Ord and Snyder (2008), Forecasting with exponential smoothing. Springer.

    Examples
    --------
    >>> damped_trend([10, 8, 6.4, 5.12, 4.096], horizon=2).round(3)     # each change is 0.8 of the one before
    array([3.277, 2.621])
    """

    def path(y: Array, steps: int) -> Array:
        level, trend, damping = damped_states(y)
        line: Array = level + trend * np.cumsum(damping ** np.arange(1, steps + 1))
        return line

    series, horizon, season = checked("damped_trend", values, horizon, season)
    return forecast_adjusted(series, horizon, season, path)


@documented
def theta(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Average the line through a series and the smoothed series that is twice as far from that line.

    That is simple exponential smoothing with half the line's slope b (Hyndman and Billah 2003)::

        l_n + b / 2 (k - 1 + (1 - (1 - α)^n) / α)

    The season is treated as in `simple_exponential_smoothing`. This method won the M3 competition.

    References
    ----------
    Assimakopoulos and Nikolopoulos (2000), The theta model. International Journal of Forecasting 16(4).
    Hyndman and Billah (2003), Unmasking the Theta method. International Journal of Forecasting 19(2).

    Examples
    --------
    >>> theta([1, 2, 3, 4, 5, 6], horizon=2)        # α = 1: the newest value and half the slope a step
    array([6.5, 7. ])
    """

    def path(y: Array, steps: int) -> Array:
        level, alpha, _ = simple_states(y)
        return _ramp(level, slope(y) / 2, _sum_of_powers(1 - alpha, len(y)), steps)

    series, horizon, season = checked("theta", values, horizon, season)
    return forecast_adjusted(series, horizon, season, path)


@documented
def optimized_theta(values: npt.ArrayLike, horizon: int, season: int = 1) -> Array:
    """Forecast as `theta` does, with the share of the slope chosen by the one-step errors instead of a half.

    ::

        l_n + ω b (k - 1 + (1 - (1 - α)^{n+1}) / α)        0 <= ω <= 1

    ω = 1 - 1/θ, so ω = 0 is simple exponential smoothing and ω = 1/2 is `theta`. α, ω and l_0 are those of the smallest
    sum of squared one-step errors. Strong trends are followed further than by `theta`.

    References
    ----------
    Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler (2016), Models for optimising the theta method and their
    relationship to state space models. International Journal of Forecasting 32(4).

    Examples
    --------
    >>> optimized_theta([1, 2, 3, 4, 5, 6], horizon=2).round(6)         # ω = 1
    array([7., 8.])
    """

    def path(y: Array, steps: int) -> Array:
        level, alpha, growth = simple_states(y, slope(y))
        return _ramp(level, growth, _sum_of_powers(1 - alpha, len(y) + 1), steps)

    series, horizon, season = checked("optimized_theta", values, horizon, season)
    return forecast_adjusted(series, horizon, season, path)


def _ramp(level: float, growth: float, first: float, steps: int) -> Array:
    """Return level + growth (first + 0, first + 1, …)."""
    return level + growth * (first + np.arange(steps, dtype=np.float64))


def _sum_of_powers(base: float, count: int) -> float:
    """Return 1 + base + … + base^{count - 1}."""
    return float(count) if base == 1 else (1 - base**count) / (1 - base)


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
    "simple exponential smoothing": simple_exponential_smoothing,
    "damped trend": damped_trend,
    "Theta": theta,
    "optimized Theta": optimized_theta,
    "Croston": croston,
    "Croston SBA": croston_sba,
    "TSB": tsb,
}

INTERMITTENT = ("Croston", "Croston SBA", "TSB")


def usual_baselines(season: int, *, intermittent: bool = False) -> tuple[str, ...]:
    """Return the names of the baselines that are used by default.

    Parameters
    ----------
    season : int
        Values per season; with 1, the seasonal baselines would equal the others.
    intermittent : bool
        Whether many values are zero (`elman.forecasting.intermittent`); then the methods for such series are added.

    Returns
    -------
    tuple of str
        Keys of `BASELINES`.

    Examples
    --------
    >>> usual_baselines(1)[:3]
    ('naive', 'naive with drift', 'simple exponential smoothing')
    """
    added = INTERMITTENT if intermittent else ()
    if season == 1:
        return (
            "naive",
            "naive with drift",
            "simple exponential smoothing",
            "damped trend",
            "optimized Theta",
            "linear autoregression",
            *added,
        )
    return (
        "naive",
        "seasonal naive",
        "seasonal naive with drift",
        "seasonal naive with growth",
        "simple exponential smoothing",
        "Theta",
        "linear autoregression",
        *added,
    )
