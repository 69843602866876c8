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
from elman.forecasting.training_set import TYPICAL
from elman.tables.frequencies import future_times, is_up_to_a_day
from elman.tables.names import listed

__all__ = ["notice_empty_end", "notice_ended", "notice_far", "notice_few_events", "notice_medians", "notice_negative"]

_LONG_AGO = 3  # times the season or the horizon, whichever is longer
_LEAST_STEPS = 12
_MOSTLY_ZERO = 0.5  # share of the values
_NEAR_ZERO = 0.5  # of the mean of the values
_FAR = 50  # mean absolute deviations
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


def notice_empty_end(place: str, panel: Panel, horizon: int) -> None:
    """Warn of rows without any value at the end: they count as missing, while they may be those to forecast.

    Parameters
    ----------
    place : str
        Start of the message.
    panel : Panel
        Series of a frame; others give no warning, nor do censored values.
    horizon : int
        Fewer rows give no warning.
    """
    if panel.times is None or panel.inputs.censored is not None or len(panel) == 0:
        return
    known = ~np.isnan(panel.values).reshape(len(panel.values), -1).all(axis=1)
    end = panel.times[panel.offsets[1:] - 1].max()
    if not known.any() or (last := panel.times[known].max()) == end:
        return
    empty = panel.times[panel.times > last].unique()
    if len(empty) >= horizon:
        _warn(
            f"{place}: the newest {len(empty)} time stamps, from {_shown(empty.min())} on, have no value in any series."
            " They count as missing, and the forecast starts after them.",
            Remedy("drop these rows if they are to be forecast"),
        )


def notice_far(place: str, panel: Panel, network: NetworkMethod, *, past: bool) -> None:
    """Warn of a covariate far from all that the network has learned, such as a price in cents instead of euros.

    Parameters
    ----------
    place : str
        Start of the message.
    panel : Panel
        Series with the covariates ahead, if there are any.
    network : NetworkMethod
        Knows center and spread of every covariate at the fit.
    past : bool
        Whether the newest known values are checked too; 0 and 1 never are, as events may be rare.
    """
    recipe = network.recipe
    parts = [] if panel.ahead is None else [(panel.ahead, recipe.future, panel.inputs.ahead, len(recipe.past))]
    if past and panel.covariates is not None:
        newest = panel.tail(recipe.context_length).covariates
        assert newest is not None
        parts.append((newest, recipe.past, panel.inputs.past, 0))
    for rows, sizes, names, first in parts:
        for c, (name, (center, spread)) in enumerate(zip(names, sizes, strict=False)):  # holidays follow those ahead
            column = rows[..., first + c].ravel()
            distance = np.where((column == 0) | (column == 1), 0.0, np.abs(column - center) / (spread * TYPICAL))
            if distance.max(initial=0.0) > _FAR:
                _warn(
                    f"{place}: covariate {name} is {column[int(np.argmax(distance))]:.6g}, and was {center:.3g} on "
                    "average at fit; it changed far less there, and the network has not learned such values.",
                    Remedy("check the unit of the column"),
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
