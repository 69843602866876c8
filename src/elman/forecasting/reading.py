"""Read what a user passes to a forecaster: the data of a fit, data to forecast, covariates known ahead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from elman._words import called
from elman.errors import ArgumentError, DataError, Remedy
from elman.forecasting.covariates import with_ahead
from elman.forecasting.fitted import Fitted
from elman.forecasting.frames import read_panel
from elman.forecasting.inputs import Inputs
from elman.forecasting.notices import notice_empty_end, notice_ended, notice_far
from elman.forecasting.options import inputs_of, least_values
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.recipe import resolve_seasons
from elman.forecasting.static import refuse_categories
from elman.tables.frame_columns import zone_of

__all__ = ["check_static", "read_asked", "read_known", "read_new"]


def read_new(place: str, parameters: Parameters, data: Any, static: Any = None) -> Panel:
    """Check the data of a fit.

    Parameters
    ----------
    place : str
        Start of a message.
    parameters : Parameters
        Of the forecaster.
    data : array_like, list or frame
        As in `Forecaster.fit`.
    static : frame or None
        Static covariates by series.

    Raises
    ------
    DataError
        If a value or time stamp cannot be used, or there are too few.
    """
    inputs = inputs_of(parameters)
    check_static(place, static, inputs)
    own: dict[str, Any] = {"least": least_values(parameters), "short": 2, "static": static}
    panel = read_panel(place, data, parameters.freq, parameters.missing, inputs, channels=True, **own)
    season = resolve_seasons(place, parameters.season, panel.frequency)[0]
    notice_ended(place, panel, int(parameters.horizon), season)
    notice_empty_end(place, panel, int(parameters.horizon))
    return panel


def read_known(
    place: str,
    parameters: Parameters,
    fitted: Fitted,
    data: Any,
    least: int | None = None,
    empty: bool = False,
    static: Any = None,
) -> Panel:
    """Check data against the series of a fit.

    Parameters
    ----------
    place : str
        Start of a message.
    parameters : Parameters
        Of the forecaster.
    fitted : Fitted
        Its fitted value.
    data : array_like, list or frame
        As in `Forecaster.predict`.
    least : int or None
        Least values of a series; None: as for a fit.
    empty : bool
        Whether no value at all is right.
    static : frame or None
        Static covariates by series; None: those of the fit.

    Raises
    ------
    DataError
        If a value or time stamp cannot be used, or the channels differ from those of the fit.
    """
    least = least_values(parameters) if least is None else least
    inputs = replace(fitted.newest.inputs, weight=None)  # of training alone
    check_static(place, static, inputs)
    freq = parameters.freq if fitted.frequency is None else fitted.frequency
    own: dict[str, Any] = {"least": least, "short": least, "empty": empty}
    own |= {"static": fitted.newest if static is None else static, "before": fitted.newest if empty else None}
    dated = empty or inputs.made  # the hours and days of the fit go on
    own["zone"] = getattr(fitted.newest.times, "tz", None) if dated else None
    panel = read_panel(place, data, freq, parameters.missing, inputs, channels=True, **own)
    refuse_categories(place, panel.inputs.static, inputs.static)
    fitted.check_channels(place, panel)
    if not empty:
        notice_empty_end(place, panel, int(parameters.horizon))
    if dated:
        _check_zone(place, zone_of(panel.times), zone_of(fitted.newest.times))
    return panel


def _check_zone(place: str, now: str, known: str) -> None:
    """Refuse time stamps without a time zone if those of the fit have one, or the other way round.

    Examples
    --------
    >>> try:
    ...     _check_zone("predict", "", "Europe/Berlin")
    ... except DataError as error:
    ...     print(error)
    predict: ds has no time zone, and was in Europe/Berlin at fit. Pass ds.dt.tz_localize("Europe/Berlin").
    """
    if bool(now) == bool(known):
        return
    is_now = f"is in the time zone {now}, and had none" if now else f"has no time zone, and was in {known}"
    zone = f'"{known}"' if known else None
    remedy = Remedy(f"pass ds.dt.tz_localize({zone})", "write the times as in the file of the fit", frame=...)
    raise DataError(f"{place}: {called('ds')} {is_now} at fit.", remedy)


def read_asked(place: str, parameters: Parameters, fitted: Fitted, data: Any, future: Any, static: Any) -> Panel:
    """Return the values to forecast from: those of ``data``, or the newest of the fit; with the covariates known ahead.

    Parameters
    ----------
    place : str
        Start of a message.
    parameters : Parameters
        Of the forecaster.
    fitted : Fitted
        Its fitted value.
    data, future, static : frame or None
        As in `Forecaster.predict`.

    Raises
    ------
    ArgumentError
        If static covariates are given without data.
    DataError
        If a value or time stamp cannot be used.
    """
    if data is not None:
        panel = read_known(place, parameters, fitted, data, static=static)
    elif static is None:
        panel = fitted.need_series(place)
    else:
        raise ArgumentError(
            f"{place}: {called('static_df')} belongs to data, and there are none; those of fit are known."
        )
    panel = with_ahead(place, panel, future, int(parameters.horizon))
    if fitted.network is not None:
        notice_far(place, panel, fitted.network, past=data is not None)
    return panel


def check_static(place: str, static: Any, inputs: Inputs) -> None:
    """Refuse a table without a declaration of its columns."""
    if static is None:
        return
    if not hasattr(static, "columns"):
        raise ArgumentError(
            f"{place}: {called('static_df')} must be a frame with unique_id, got {type(static).__name__}."
        )
    if not inputs.static:
        names = [str(name) for name in static.columns if name != "unique_id"]
        raise ArgumentError(
            f"{place}: {called('static_df')} is given, but the forecaster has no static covariates.",
            Remedy("pass {} to the Forecaster", static_covariates=names),
            Remedy("leave {} out", static_df=...),
        )
