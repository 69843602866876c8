"""A fitted forecaster in a notebook: a table of the choices, and a figure of a forecast."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from elman.errors import ArgumentError
from elman.estimators import trained
from elman.forecasting.channels import by_channel, named
from elman.forecasting.fitted import Fitted
from elman.forecasting.judgement import Backtest
from elman.forecasting.panel import Panel
from elman.forecasting.plot import plot_forecast
from elman.forecasting.verdicts import MODEL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "known_frame", "long_forecast", "summary"]


def summary(fitted: Fitted) -> dict[str, Any]:
    """Return the delivered method, the reason and the training of the networks, by name.

    Parameters
    ----------
    fitted : Fitted
        Of a forecaster.
    """
    found: dict[str, Any] = {"delivered": fitted.label, "because": fitted.reason}
    if fitted.comparison is not None:
        found["verdict"] = Backtest.of(fitted.comparison).verdict
    found |= {"series": len(fitted.newest)} if len(fitted.newest) else {}  # not of data in parts
    found |= {"season": ", ".join(map(str, fitted.seasons))}
    if (network := fitted.network) is not None:
        found |= {"window": network.recipe.window, "updates": network.updates}
        found |= trained(network.networks, network.history)
    return found


def figure(place: str, fitted: Fitted, forecast: Any) -> Figure:
    """Draw a forecast after the newest values, with the check over the held-out values.

    Parameters
    ----------
    place : str
        Start of a message.
    fitted : Fitted
        Of a forecaster.
    forecast : ndarray, dict, list or frame
        From its `predict`.

    Raises
    ------
    ArgumentError
        If the forecast has another form than the data, or other series.
    """
    future = long_forecast(place, fitted.need_series(place), forecast)
    check = None if fitted.comparison is None else Backtest.of(fitted.comparison)
    return plot_forecast(known_frame(fitted.newest), future, check, fitted.seasons[0], method=fitted.label)


def known_frame(newest: Panel) -> pd.DataFrame:
    """Return known values as a long frame; arrays and lists have their positions for names and time stamps.

    Parameters
    ----------
    newest : Panel
        Known values.

    Examples
    --------
    >>> known_frame(Panel(np.array([5.0, 6.0]), np.array([0, 2]), "array")).values.tolist()
    [['series 0', 0, 5.0], ['series 0', 1, 6.0]]
    """
    panel = _single(newest)
    assert panel.times is not None
    return panel.long_frame({"y": panel.values}, panel.times, panel.lengths)


def long_forecast(place: str, newest: Panel, forecast: Any) -> pd.DataFrame:
    """Return a forecast in any form of `Forecaster.predict` as a long frame.

    Parameters
    ----------
    place : str
        Start of a message.
    newest : Panel
        The series forecast.
    forecast : ndarray, dict, list or frame
        The forecast.

    Raises
    ------
    ArgumentError
        If it has another form than the data, or other series.

    Examples
    --------
    >>> panel = Panel(np.array([5.0, 6.0]), np.array([0, 2]), "array")
    >>> long_forecast("plot", panel, np.array([7.0])).values.tolist()
    [['series 0', 2, 7.0]]
    """
    if newest.kind in ("pandas", "polars"):
        return _of_frame(place, newest, forecast)
    parts = [forecast] if newest.kind == "array" else forecast
    fits = not isinstance(parts, dict) and len(parts) == len(newest)
    if not fits or any(np.ndim(part) == 0 and not isinstance(part, dict) for part in parts):
        raise ArgumentError(f"{place}: forecast must come from predict, one for each of {len(newest)} series.")
    columns = [part if isinstance(part, dict) else {MODEL: part} for part in parts]
    panel = _single(newest)
    flat = {
        name: np.concatenate([np.asarray(part[name], np.float64).T.ravel() for part in columns]) for name in columns[0]
    }
    horizon, rest = divmod(len(flat[MODEL]), len(panel))
    if rest or horizon == 0:
        raise ArgumentError(f"{place}: forecast must have equally many values for each of {len(panel)} series.")
    times = panel.future(horizon)
    assert times is not None
    return panel.long_frame(flat, times, horizon)


def _of_frame(place: str, newest: Panel, forecast: Any) -> pd.DataFrame:
    names = list(getattr(forecast, "columns", ()))
    if not {"unique_id", "ds", MODEL} <= set(names):
        raise ArgumentError(f"{place}: forecast must be a frame from predict, with unique_id, ds and {MODEL}.")
    frame = forecast if isinstance(forecast, pd.DataFrame) else pd.DataFrame({n: forecast[n].to_list() for n in names})
    assert newest.ids is not None
    if not frame["unique_id"].isin(newest.ids).all():
        raise ArgumentError(f"{place}: forecast has series that were not fitted.")
    return frame


def _single(panel: Panel) -> Panel:
    """Give every series a name, and every channel a series."""
    single = by_channel(named(panel))
    if panel.ids is not None or panel.values.ndim > 1:
        return single
    return replace(single, ids=pd.Index([f"series {i}" for i in range(len(panel))]))
