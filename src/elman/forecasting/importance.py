"""What mattered to a forecast: the rise of the error when an input is shuffled, and what it changes in one forecast.

**Global**, `importance`: a forecaster is fitted to the values before some past cut-offs and forecasts from each. Then
one input at a time is shuffled, so that it no longer belongs to its step, and the same forecaster forecasts again::

    rise = mean error with the input shuffled - mean error          ratio = mean error with it shuffled / mean error

**Local**, `contributions`: one input at a time is put at its typical value, and the forecasts are compared::

    change = forecast - forecast with the input at its typical value

Neither trains anew: both say what the fitted forecaster uses, not what causes the values. Inputs that carry the same
news share their importance.

References
----------
Breiman (2001), Random forests. Machine Learning 45(1).
Fisher, Rudin & Dominici (2019), All models are wrong, but many are useful. Journal of Machine Learning Research 20.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman import _check
from elman._words import place_of
from elman.errors import ArgumentError, DataError, Remedy
from elman.estimators import fitted_value
from elman.forecasting.channels import by_channel, named, rows_of
from elman.forecasting.drivers import Driver, drivers_of
from elman.forecasting.fitted import Fitted
from elman.forecasting.forecaster import Forecaster
from elman.forecasting.options import check_parameters
from elman.forecasting.panel import Panel
from elman.forecasting.past import Past
from elman.forecasting.reading import read_asked, read_new
from elman.forecasting.training_set import filled
from elman.notebook.html import html_table
from elman.training import generator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Contributions", "Importance", "contributions", "importance"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Importance:
    """The inputs of a forecaster, the most important first.

    Parameters
    ----------
    table : DataFrame
        Columns ``input``, ``kind`` (``"past"``, ``"known ahead"``, ``"calendar"``, ``"static"`` or ``"lags"``),
        ``error`` (mean, with the input shuffled), ``rise`` (of the error), ``ratio`` (of the errors) and ``deviation``
        (of the rise between shuffles).
    metric : str
        Name of the errors, ``"MASE"`` in general.
    error : float
        Mean error without shuffling.

    Examples
    --------
    >>> table = pd.DataFrame({"input": ["lag 1"], "kind": "lags", "error": 3.0, "rise": 2.0, "ratio": 3.0})
    >>> Importance(table.assign(deviation=0.1), "MASE", 1.0)
    Importance(MASE 1; shuffled: lag 1 +2)
    """

    table: pd.DataFrame
    metric: str
    error: float

    def __repr__(self) -> str:
        """Return the inputs and the rise of the error for each."""
        rises = ", ".join(f"{name} {rise:+.3g}" for name, rise in self.table[["input", "rise"]].values)
        return f"Importance({self.metric} {self.error:.3g}; shuffled: {rises})"

    def _repr_html_(self) -> str:
        """Return the table, for a notebook."""
        title = f"Rise of {self.metric} ({self.error:.3g}) when an input is shuffled"
        return html_table(title, self.table.values.tolist(), list(self.table.columns), ())

    def plot(self) -> Figure:
        """Draw the rise of the error for each input as bars.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from elman.forecasting.plot_drivers import plot_importance

        return plot_importance(self.table, self.metric)


@dataclass(frozen=True, repr=False)
class Contributions:
    """Why a forecast is as it is, input by input.

    Parameters
    ----------
    table : DataFrame
        Columns ``unique_id``, ``ds``, ``Elman`` (the forecast), and one per input: the change of the forecast that the
        input makes, compared with its typical value.

    Examples
    --------
    >>> Contributions(pd.DataFrame({"unique_id": ["a"], "ds": [9], "Elman": [5.0], "price": [-2.0]}))
    Contributions(1 steps: price)
    """

    table: pd.DataFrame

    def __repr__(self) -> str:
        """Return the size and the inputs."""
        return f"Contributions({len(self.table)} steps: {', '.join(map(str, self.table.columns[3:]))})"

    def _repr_html_(self) -> str:
        """Return the table, for a notebook."""
        return html_table(
            "Change of the forecast by each input", self.table.values.tolist(), list(self.table.columns), ()
        )

    def plot(self, series: Any = None) -> Figure:
        """Draw the changes of one series, step by step, as stacked bars.

        Parameters
        ----------
        series : str or int, optional
            Its name; the first if not given.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ArgumentError
            If there is no such series.
        """
        from elman.forecasting.plot_drivers import plot_contributions

        names = self.table["unique_id"].unique().tolist()
        name = names[0] if series is None else series
        if name not in names:
            raise ArgumentError(
                f"Contributions.plot: there is no series {name!r}, only {', '.join(map(repr, names[:5]))}."
            )
        return plot_contributions(self.table[self.table["unique_id"] == name])


def importance(
    forecaster: Forecaster,
    data: Any,
    cutoffs: int = 1,
    *,
    static_df: Any = None,
    repeats: int = 5,
    random_state: int = 0,
) -> Importance:
    """Measure by how much the error on held-out values rises when an input is shuffled.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters are used; the object is neither fitted nor changed.
    data : array_like, list or frame
        As for `Forecaster.fit`.
    cutoffs : int
        Past cut-offs, a horizon apart; one fit on what precedes the earliest serves them all.
    static_df : frame, optional
        As for `Forecaster.fit`.
    repeats : int
        Shuffles of each input.
    random_state : int
        Seed of the shuffles.

    Returns
    -------
    Importance
        Of the covariates and of the values at lags.

    Raises
    ------
    ArgumentError
        If an argument has a wrong value.
    DataError
        If no series has two values before the earliest cut-off, or no held-out value is known.

    Examples
    --------
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> result = importance(Forecaster(horizon=4, season=4, method="seasonal naive"), y)
    >>> result.table["input"].iloc[0], result.metric
    ('lags 2 to 4', 'MAE')
    """
    place = place_of("importance")
    check_parameters(place, forecaster)
    cutoffs, repeats = (
        _check.positive_integer(place, name, value) for name, value in (("cutoffs", cutoffs), ("repeats", repeats))
    )
    seed = _check.integer(place, "random_state", random_state, 0, 2**32 - 1)
    model = forecaster.unfitted()
    past = _held_out(place, model, data, static_df, cutoffs)
    model._fit_panel(place, past.known(0))
    fitted: Fitted = fitted_value(place, model)
    past = replace(past, season=fitted.seasons[0])
    known = [past.known(cut_off) for cut_off in range(cutoffs)]
    metric, plain = _error(place, model, past, known)
    rows = []
    for number, driver in enumerate(_drivers(fitted, known[-1])):
        rngs = [generator(seed, number * repeats + repeat) for repeat in range(repeats)]
        errors = [_error(place, model, past, [driver.shuffled(one, rng) for one in known])[1] for rng in rngs]
        error = float(np.mean(errors))
        ratio = error / plain if plain > 0 else float("nan")
        rows.append((driver.name, driver.kind, error, error - plain, ratio, float(np.std(errors))))
    table = pd.DataFrame(rows, columns=["input", "kind", "error", "rise", "ratio", "deviation"])
    return Importance(table.sort_values("rise", ascending=False, kind="stable", ignore_index=True), metric, plain)


def _held_out(place: str, model: Forecaster, data: Any, static: Any, cutoffs: int) -> Past:
    """Read the data, the series in order of their names, and hold out the newest values."""
    panel, horizon = read_new(place, model, data, static), int(model.horizon)
    order = panel.sorted_by_name()
    panel = panel if order is None else panel.select(order)
    past = Past.of(panel, cutoffs, horizon, 1)
    if past is not None and not np.isfinite(past.actual).any():
        raise DataError(
            f"{place}: none of the newest {cutoffs * horizon} values, on which forecasts are scored, is known and has "
            "a weight.",
            Remedy("pass more {}", cutoffs=...),
            Remedy("leave the rows at the end out"),
        )
    if past is None:
        raise DataError(
            f"{place}: {cutoffs} cut-offs of {horizon} values need a series of {cutoffs * horizon + 2} values; the "
            f"longest has {panel.lengths.max()}.",
            *([Remedy("pass fewer {}", cutoffs=...)] if cutoffs > 1 else [Remedy("pass a smaller {}", horizon=...)]),
            Remedy("bring more data"),
        )
    return past


def _drivers(fitted: Fitted, panel: Panel) -> list[Driver]:
    """List the inputs of a fitted forecaster."""
    longest = min(int(panel.lengths.max()), fitted.method.context_length)
    return drivers_of(panel.inputs, fitted.seasons[0], longest)


def _error(place: str, model: Forecaster, past: Past, known: list[Panel]) -> tuple[str, float]:
    """Return the metric and the mean error of forecasts from panels, one for each cut-off."""
    forecasts = np.stack([rows_of(model._forecast_panel(place, panel)) for panel in known], axis=1)
    single = replace(past, panel=by_channel(named(past.panel)))
    metric, errors = single.errors({"": forecasts})
    return metric, float(np.nanmean(errors[""]))


def contributions(
    forecaster: Forecaster, data: Any = None, future: Any = None, *, static_df: Any = None
) -> Contributions:
    """Compare a forecast with what it would be with each input at its typical value.

    The typical value of a covariate is the median, or the most frequent category, of the newest values of the series
    (of all series, if it never changes in time); of a feature of the calendar, the mean; of values at lags, the median
    at the same phase of the season. The newest values are those that a forecaster keeps after a fit: of the window
    network ``window + steps - 1``, of other methods all. Covariates known ahead are changed over the horizon alone.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted.
    data, future, static_df
        As for `Forecaster.predict`.

    Returns
    -------
    Contributions

    Raises
    ------
    NotFittedError
        Before `fit`.
    DataError
        If a value or time stamp cannot be used.

    Examples
    --------
    >>> y = np.array([10.0, 20.0, 30.0, 20.0] * 6 + [10.0, 20.0, 30.0, 26.0])
    >>> model = Forecaster(horizon=2, season=4, method="naive").fit(y)
    >>> contributions(model).table["lag 1"].tolist()        # 26 instead of the usual 20
    [6.0, 6.0]
    """
    place = "contributions"
    fitted: Fitted = fitted_value(place, forecaster)
    panel = read_asked(place, forecaster, fitted, data, future, static_df)
    panel, _ = filled(panel, forecaster.missing, fitted.seasons[0])
    forecasts = forecaster._forecast_panel(place, panel)
    single = by_channel(named(panel))
    horizon, times = forecasts.shape[1], single.future(forecasts.shape[1])
    assert times is not None
    columns = {"Elman": rows_of(forecasts).ravel()}
    for driver in _drivers(fitted, panel):
        without = forecaster._forecast_panel(place, driver.typical(panel, fitted.method.context_length))
        columns[driver.name] = rows_of(forecasts - without).ravel()
    return Contributions(single.long_frame(columns, times, horizon))
