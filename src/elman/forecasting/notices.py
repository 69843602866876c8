"""Warnings about series whose forecasts are easily misread."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman._words import called
from elman.errors import ElmanWarning, Remedy
from elman.forecasting.events import FEWEST_EVENTS, rare_events, rare_holidays
from elman.forecasting.intermittent import FEWEST
from elman.forecasting.methods import BaselineMethod, CountsMethod, Method, NetworkMethod
from elman.forecasting.panel import Panel, names_of
from elman.tables.frequencies import future_times, is_up_to_a_day
from elman.tables.names import listed

__all__ = ["notice_ended", "notice_few_events", "notice_medians", "notice_negative"]

_LONG_AGO = 3  # times the season or the horizon, whichever is longer
_LEAST_STEPS = 12
_MOSTLY_ZERO = 0.5  # share of the values
_NEAR_ZERO = 0.5  # of the mean of the values
_COUNTS = Remedy("fit these series with {}, whose forecasts are means, with quantiles to order by", method="counts")


def notice_ended(place: str, panel: Panel, horizon: int, season: int) -> None:
    """Warn of series that end long before the newest time stamp of the panel: their forecasts start at their ends.

    Parameters
    ----------
    place : str
        Start of the message.
    panel : Panel
        Series of a frame; others give no warning.
    horizon, season : int
        Long before: by more than three times the longer of the two, and by more than 12 steps.
    """
    if panel.times is None or len(panel) < 2:
        return
    ends, steps = panel.times[panel.offsets[1:] - 1], max(_LONG_AGO * max(horizon, season), _LEAST_STEPS)
    try:
        later = future_times(ends, panel.frequency * steps, 1)  # type: ignore[operator]
    except (ValueError, ArithmeticError):  # beyond all dates
        return
    newest = ends.max()
    if len(ended := np.flatnonzero(np.asarray(later < newest))):
        last = ends[ended].max()
        _warn(
            f"{place}: {_count(ended, panel)} ended long before the newest time stamp, {_shown(newest)}, the last of "
            f"them at {_shown(last)}: {names_of(panel, ended)}. Each is forecast from its own end; leave out "
            "discontinued series."
        )


def notice_medians(
    place: str, panel: Panel, method: Method, parameters: Mapping[str, Any], forecasts: npt.NDArray[np.float64]
) -> None:
    """Warn of forecasts near zero for series that are mostly zero: half of the future values lie above a median.

    Parameters
    ----------
    place : str
        Start of the message.
    panel : Panel
        The series forecast.
    method : Method
        The forecasting method. Baselines and counts give no medians, nor do networks trained with a loss other than
        ``"mae"``.
    parameters : mapping of str to Any
        Of the forecaster.
    forecasts : ndarray (S, K) or (S, K, D)
        Points.
    """
    if isinstance(method, BaselineMethod | CountsMethod):
        return
    if isinstance(method, NetworkMethod) and parameters["loss"] != "mae":
        return
    series = list(panel)
    near = [
        s for s in _mostly_zero(panel) if np.mean(np.minimum(forecasts[s], 1e300)) < _NEAR_ZERO * np.mean(series[s])
    ]
    if near:
        whose = "the series" if panel.kind == "array" else f"{_count(near, panel)} ({names_of(panel, near)})"
        _warn(
            f"{place}: the forecast of {whose} is a median, near 0 because most values are 0; it is not a mean, and "
            "its sum is not a total.",
            _COUNTS,
            Remedy("sum the values over longer periods before forecasting"),
            Remedy("use the upper ends of the intervals"),
        )


def notice_few_events(place: str, panel: Panel) -> None:
    """Warn of holidays and of columns of 0 and 1 with few events: the network would learn the noise of these days.

    Parameters
    ----------
    place : str
        Start of the message.
    panel : Panel
        Series of a frame; without such covariates there is no warning.
    """
    holidays, columns = rare_holidays(place, panel), rare_events(panel)
    if holidays is not None:
        country = f"{holidays} holiday{'s' * (holidays != 1)} of {panel.inputs.holidays}"
        _warn(_too_few(place, country), Remedy("bring a longer history"), Remedy("leave {} out", holidays=...))
    if columns:
        unit = "day" if is_up_to_a_day(panel.frequency) else "step"
        counted = [f"{count} {unit}{'s' * (count != 1)} with {event}" for event, count in columns.items()]
        _warn(_too_few(place, listed(counted)), Remedy("bring a longer history"), Remedy("leave such columns out"))


def _too_few(place: str, events: str) -> str:
    return f"{place}: the history has {events}, and it takes {FEWEST_EVENTS} to tell their effect from noise."


def notice_negative(place: str, value: float, where: str) -> None:
    """Warn that methods of counts are left out because of a negative value among many zeros.

    Parameters
    ----------
    place : str
        Start of the message.
    value : float
        The first negative value.
    where : str
        Its place in words.
    """
    _warn(
        f"{place}: many values are 0, and {called('y')} is {value:.15g} {where}; counts, Croston, Croston SBA and TSB "
        "are left out: they are for counts of demand.",
        Remedy("set negative values to 0 if they are returns"),
        Remedy("leave such series out"),
    )


def _mostly_zero(panel: Panel) -> npt.NDArray[np.int64]:
    """List the series without negative values of which more than half are zero, but not nearly all."""
    rows = panel.values.reshape(len(panel.values), -1)
    starts, sizes = panel.offsets[:-1], panel.lengths * rows.shape[1]
    zeros = np.add.reduceat((rows == 0).sum(axis=1), starts)
    least = np.minimum.reduceat(rows.min(axis=1), starts)
    return np.flatnonzero((least >= 0) & (zeros > _MOSTLY_ZERO * sizes) & (sizes - zeros >= FEWEST))


def _count(some: Sequence[int] | npt.NDArray[np.int64], panel: Panel) -> str:
    return f"{len(some)} of {len(panel)} series"


def _shown(time: Any) -> str:
    """Write a time stamp, of a day without the hour."""
    return str(time).removesuffix(" 00:00:00") if isinstance(time, pd.Timestamp) else str(time)


def _warn(message: str, *remedies: Remedy) -> None:
    warnings.warn(ElmanWarning(message, *remedies), stacklevel=5)
