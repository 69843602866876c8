"""Fit, check and forecast in one call, as the command does; every frame is read once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from elman.errors import DataError, ElmanWarning, Remedy
from elman.estimators import changing, fitted_value
from elman.forecasting.baselines import BASELINES
from elman.forecasting.channels import by_channel, flat, named
from elman.forecasting.covariates import with_ahead
from elman.forecasting.fitted import Fitted
from elman.forecasting.forecaster import Forecaster
from elman.forecasting.intervals import ask_for_at_most, residuals_needed
from elman.forecasting.judgement import Backtest
from elman.forecasting.methods import NetworkMethod
from elman.forecasting.options import check_parameters, head_for
from elman.forecasting.panel import Panel
from elman.forecasting.paths import WIDEST
from elman.forecasting.quantiles import Asked
from elman.forecasting.reading import read_new
from elman.forecasting.training_set import filled
from elman.partitions import ParquetFiles
from elman.tables.own_names import OwnNames

__all__ = ["USUAL_LEVELS", "Delivery", "fit_and_predict", "fit_parts", "own_names", "usual_cutoffs", "usual_levels"]

USUAL_LEVELS = (80.0, 95.0)


@dataclass(frozen=True)
class Delivery:
    """A forecast with its check and its data.

    Parameters
    ----------
    frame : frame, array, list or dict
        As from `Forecaster.predict`.
    check : Backtest or None
        The check that chose the method.
    panel : Panel
        The data of the fit, filled.
    seasons : tuple of int
        Values per season.
    """

    frame: Any
    check: Backtest | None
    panel: Panel
    seasons: tuple[int, ...]

    def best_baseline(self, horizon: int) -> pd.DataFrame | None:
        """Forecast the same steps with the best baseline of the check: ``unique_id``, ``ds`` and its name."""
        if self.check is None:
            return None
        panel, function = by_channel(named(self.panel)), BASELINES[self.check.best]
        values = np.concatenate([function(series, horizon, self.seasons[0]) for series in flat(panel)])
        times = panel.future(horizon)
        assert times is not None
        return panel.long_frame({self.check.best: values}, times, horizon)


def usual_levels(forecaster: Forecaster) -> list[float]:
    """Return the usual levels, 80 and 95, if a fitted forecaster has intervals for them."""
    fitted: Fitted = fitted_value("predict", forecaster)
    return fitted.method.levels_within(USUAL_LEVELS)


def own_names(forecaster: Forecaster) -> OwnNames | None:
    """Return the columns of the file that a fitted forecaster was made from; None if it was not made from a file."""
    fitted: Fitted = fitted_value("predict", forecaster)
    return fitted.columns


def usual_cutoffs(method: str) -> int | str:
    """Return the default number of cut-offs: 1 for a requested method, which leaves no choice.

    Examples
    --------
    >>> usual_cutoffs("auto"), usual_cutoffs("prior")
    ('auto', 1)
    """
    return "auto" if method == "auto" else 1


def fit_and_predict(
    place: str,
    forecaster: Forecaster,
    data: Any,
    level: Sequence[float] | None = None,
    quantiles: Sequence[float] = (),
    future: Any = None,
    columns: OwnNames | None = None,
    static: Any = None,
    *,
    paths: bool = False,
) -> Delivery:
    """Fit a forecaster and forecast.

    Parameters
    ----------
    place : str
        Start of a message.
    forecaster : Forecaster
        It is fitted. A network is given the past errors that the levels need.
    data : array_like, list or frame
        As for `Forecaster.fit`.
    level : sequence of float, optional
        Percentages of intervals; empty for none. By default 80 and 95, as far as the data allow.
    quantiles : sequence of float
        Shares, as for `Forecaster.predict`.
    future : frame, optional
        As for `Forecaster.predict`; checked before the fit.
    columns : OwnNames, optional
        Columns of the file that the data came from; saved with the forecaster.
    static : frame, optional
        Static covariates, as for `Forecaster.fit`.
    paths : bool
        Whether `Forecaster.sample` must work afterwards.

    Returns
    -------
    Delivery

    Raises
    ------
    DataError
        If a value cannot be used, or a requested level is not possible.
    """
    wanted = _asked(place, level, quantiles)
    strict = level is not None or bool(quantiles) or paths
    needed = [*wanted.needed, WIDEST] if paths else wanted.needed
    check_parameters(place, forecaster)
    with changing(place, forecaster):
        panel = read_new(place, forecaster, data, static)
        ahead = with_ahead(place, panel, future, int(forecaster.horizon)).ahead
        series = len(panel)
        _fit(forecaster, lambda: forecaster._fit_panel(place, panel), series, needed, strict=strict)
        fitted = forecaster._fitted = replace(fitted_value("fit", forecaster), columns=columns)
        asked = _possible(place, forecaster, fitted, wanted, strict=level is not None)
        frame = fitted.delivered(place, replace(fitted.newest, ahead=ahead), asked, forecaster.n_threads or 0)
    whole, _ = filled(panel, forecaster.missing, fitted.seasons[0])
    return Delivery(frame, forecaster.check_, whole, fitted.seasons)


def fit_parts(
    place: str,
    forecaster: Forecaster,
    source: ParquetFiles,
    level: Sequence[float] | None = None,
    quantiles: Sequence[float] = (),
    errors: str = "raise",
    static: Any = None,
) -> Asked:
    """Fit a forecaster to Parquet files.

    Parameters
    ----------
    place : str
        Start of a message.
    forecaster : Forecaster
        It is fitted, and knows the columns of the files. A network is given the past errors that the levels need.
    source : ParquetFiles
        The data.
    level, quantiles : sequence of float, optional
        As for `fit_and_predict`.
    errors : {"raise", "collect"}
        As for `Forecaster.fit`.
    static : frame, optional
        Static covariates, as for `Forecaster.fit`.

    Returns
    -------
    Asked
        What `Forecaster.predict` can be asked for.

    Raises
    ------
    DataError
        If a value cannot be used, or a requested level is not possible.
    """
    wanted = _asked(place, level, quantiles)
    strict = level is not None or bool(quantiles)
    own: dict[str, Any] = {"static_df": static, "errors": errors}
    _fit(forecaster, lambda: forecaster.fit(source, **own), len(source), wanted.needed, strict=strict)
    fitted = forecaster._fitted = replace(fitted_value("fit", forecaster), columns=source.names)
    return _possible(place, forecaster, fitted, wanted, strict=level is not None)


def _asked(place: str, level: Sequence[float] | None, quantiles: Sequence[float]) -> Asked:
    """Check what is asked for; the usual levels if ``level`` is None, none if it is empty."""
    asked = Asked.checked(place, level or None, quantiles or None)
    return replace(asked, levels=USUAL_LEVELS) if level is None else asked


def _fit(forecaster: Forecaster, fit: Callable[[], Any], series: int, wanted: Sequence[float], *, strict: bool) -> None:
    """Fit; a network with as many past cut-offs as the levels need of so many series."""
    if forecaster.method != "network" or not wanted:
        fit()
        return
    needed = residuals_needed(max(wanted))
    usual = needed <= residuals_needed(max(USUAL_LEVELS))
    forecaster.set_params(intervals="auto" if usual else -(-needed // series))
    try:
        fit()
    except DataError as error:
        head = head_for(forecaster)
        if strict and head is None:
            raise
        forecaster.set_params(intervals=None)
        fit()
        if head is not None:
            return
        warnings.warn(ElmanWarning(f"no intervals. {error.text}", *error.remedies), stacklevel=3)


def _possible(place: str, forecaster: Forecaster, fitted: Fitted, wanted: Asked, *, strict: bool) -> Asked:
    """Leave out the levels that are not possible; refuse or warn about them."""
    return replace(wanted, levels=tuple(_levels(place, forecaster, fitted, wanted.levels, strict=strict)))


def _levels(
    place: str, forecaster: Forecaster, fitted: Fitted, wanted: Sequence[float], *, strict: bool
) -> list[float]:
    method = fitted.method
    possible = method.levels_within(wanted)
    if len(possible) == len(wanted):
        return possible
    if strict and not isinstance(method, NetworkMethod):
        raise DataError(
            f"{place}: level {max(wanted):g} is beyond {max(USUAL_LEVELS):g}, the widest interval of the "
            f"{method.label}.",
            ask_for_at_most(max(USUAL_LEVELS)),
            Remedy(method="network"),
        )
    count = method.residuals.count if isinstance(method, NetworkMethod) and method.residuals is not None else 0
    if strict:
        fewer = [ask_for_at_most(100 - 100 / count)] if count > 1 else []
        raise DataError(
            f"{place}: level {max(wanted):g} needs {residuals_needed(max(wanted))} past errors for each step of the "
            f"horizon; these data give {count}.",
            *fewer,
            Remedy("bring more data"),
        )
    if possible or forecaster.method != "network" or forecaster.intervals is not None:
        few = " and ".join(f"{each:g}" for each in wanted if each not in possible)
        warnings.warn(f"no intervals of {few} %; the data are too few.", ElmanWarning, stacklevel=3)
    return possible
