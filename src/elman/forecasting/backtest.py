"""Forecasts from past cut-offs beside simple baselines, with scores and a verdict.

`Forecaster.check_` is the check by which a fit chose its method, on the values that it held out. `backtest` repeats the
whole fit, the choice included, on what precedes each cut-off: its errors are those of the procedure.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman import _check
from elman.errors import DataError, ElmanWarning
from elman.forecasting.baselines import BASELINES, usual_baselines
from elman.forecasting.channels import by_channel, named, rows_of
from elman.forecasting.forecaster import Forecaster
from elman.forecasting.frames import read_panel
from elman.forecasting.intervals import check_levels
from elman.forecasting.judgement import Backtest, judge, window_frame
from elman.forecasting.missing import fill
from elman.forecasting.options import check_parameters, covariates_of, for_task, least_values
from elman.forecasting.panel import Panel
from elman.forecasting.recipe import resolve_seasons
from elman.forecasting.verdicts import MODEL
from elman.training.checkpoints import writes_states
from elman.training.jobs import run_all

__all__ = ["Backtest", "backtest", "cross_validation"]

Array = npt.NDArray[np.float64]


def cross_validation(
    forecaster: Forecaster,
    data: Any,
    n_windows: int = 1,
    step_size: int | None = None,
    refit: bool = False,
    baselines: Sequence[str] | None = None,
    level: Any = None,
) -> Any:
    """Forecast from past cut-offs, from the values before each.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters are used; the object is neither fitted nor changed.
    data : array_like, list or frame
        As for `Forecaster.fit`.
    n_windows : int
        Number of cut-offs. The last one leaves out the newest `horizon` values.
    step_size : int, optional
        Values between cut-offs; the horizon if not given.
    refit : bool
        Whether to fit anew at every cut-off; otherwise one fit on what precedes the earliest serves them all.
    baselines : sequence of str, optional
        Keys of `elman.forecasting.BASELINES`; `usual_baselines` if not given.
    level : float or sequence of float, optional
        Percentages of intervals around the forecasts. Those of ``method="network"`` are made of errors at cut-offs
        still earlier, so every fit takes twice as long; with ``intervals=None`` as many of these are used as
        ``intervals="auto"`` stands for.

    Returns
    -------
    frame
        Columns ``unique_id``, ``ds``, ``cutoff`` (time of the newest value known), ``y``, ``Elman``, with levels
        ``Elman-lo-80``, ``Elman-hi-80`` and so on, and one per baseline; polars if the data are. Arrays and lists have
        their positions for ``unique_id`` and ``ds``. Each of several channels counts as a series of its own, named
        ``channel 0``, or ``series 0, channel 0`` in a list.

    Raises
    ------
    DataError
        If no series is long enough.

    Examples
    --------
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> frame = cross_validation(Forecaster(horizon=2, season=4), y, n_windows=2)
    >>> frame[["ds", "cutoff", "y", "seasonal naive"]].values.tolist()
    [[44.0, 43.0, 10.0, 10.0], [45.0, 43.0, 20.0, 20.0], [46.0, 45.0, 30.0, 30.0], [47.0, 45.0, 20.0, 20.0]]
    """
    place = "cross_validation"
    panel = _panel(place, forecaster, data)
    return panel.native(_cross_validate(place, forecaster, panel, n_windows, step_size, refit, baselines, level))


def _panel(place: str, forecaster: Forecaster, data: Any) -> Panel:
    columns = covariates_of(forecaster)
    least = least_values(forecaster)
    return named(read_panel(place, data, forecaster.freq, forecaster.missing, columns, channels=True, least=least))


def _cross_validate(
    place: str,
    forecaster: Forecaster,
    panel: Panel,
    n_windows: int,
    step_size: int | None,
    refit: bool,
    baselines: Sequence[str] | None,
    level: Any,
) -> pd.DataFrame:
    check_parameters(place, forecaster)
    levels = [] if level is None else check_levels(place, level)
    n_windows = _check.positive_integer(place, "n_windows", n_windows)
    horizon = forecaster.horizon
    step = horizon if step_size is None else _check.positive_integer(place, "step_size", step_size)
    season = resolve_seasons(place, forecaster.season, panel.frequency)[0]
    names = _baseline_names(place, baselines, season)
    panel = _long_enough(place, panel, horizon + (n_windows - 1) * step)
    every = list(range(horizon + (n_windows - 1) * step, horizon - 1, -step))
    groups = [[left_out] for left_out in every] if refit else [every]
    tasks = [_CutOffs(place, forecaster, panel, group, names, levels, season) for group in groups]
    bar = "cut-offs" if forecaster.progress else ""
    parts: list[pd.DataFrame] = run_all(tasks, forecaster.n_threads, bar=bar, in_order=writes_states())
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class _CutOffs:
    """Fits on what precedes the first of some cut-offs, and forecasts from each.

    Parameters
    ----------
    place : str
        Start of a message.
    forecaster : Forecaster
        Its parameters are used.
    panel : Panel
        All values known.
    left_out : list of int
        Newest values that each cut-off leaves out, the earliest cut-off first.
    baselines : sequence of str
        Forecast beside it.
    levels : list of float
        Of intervals.
    season : int
        Values per season.
    """

    place: str
    forecaster: Forecaster
    panel: Panel
    left_out: list[int]
    baselines: Sequence[str]
    levels: list[float]
    season: int

    def __call__(self, n_threads: int | None) -> pd.DataFrame:
        known = [self.panel.head(left_out) for left_out in self.left_out]
        model = _fitted(self.place, self.forecaster, known[0], bool(self.levels), n_threads)
        parts = [self._frame(model, *pair) for pair in zip(known, self.left_out, strict=True)]
        return pd.concat(parts, ignore_index=True)

    def _frame(self, model: Forecaster, known: Panel, left_out: int) -> pd.DataFrame:
        """Forecast from one cut-off."""
        forecasts = model._forecast_panel(self.place, known)
        columns = {MODEL: rows_of(forecasts)}
        if self.levels:
            edges = model._bounds(self.place, known, forecasts, self.levels)
            columns |= {f"{MODEL}-{name}": rows_of(values) for name, values in edges.items()}
        single, horizon = by_channel(known), int(model.horizon)
        for name in self.baselines:
            columns[name] = _baseline(name, single, model.missing, horizon, self.season)
        frame: pd.DataFrame = window_frame(by_channel(self.panel), single, left_out, horizon, columns)
        return frame


def _fitted(place: str, forecaster: Forecaster, known: Panel, calibrated: bool, n_threads: int | None) -> Forecaster:
    """Fit a copy to the values before a cut-off; for intervals, with residuals of earlier cut-offs."""
    model = for_task(forecaster.unfitted(), n_threads)
    if model.method == "network":
        model.set_params(intervals=(model.intervals or "auto") if calibrated else None)
    model._fit_panel(place, known)
    return model


def _baseline_names(place: str, baselines: Sequence[str] | None, season: int) -> Sequence[str]:
    if baselines is None:
        return usual_baselines(season)
    return [_check.choice(place, "baselines", name, tuple(BASELINES)) for name in baselines]


def _long_enough(place: str, panel: Panel, left_out: int) -> Panel:
    """Keep the series with at least two values before those left out."""
    keep = np.flatnonzero(panel.lengths >= left_out + 2)
    if len(keep) == 0:
        raise DataError(
            f"{place}: the longest series has {panel.lengths.max()} values, at least {left_out + 2} are needed: "
            f"{left_out} to leave out and 2 to learn from."
        )
    if len(keep) < len(panel):
        warnings.warn(
            f"{place}: {len(panel) - len(keep)} of {len(panel)} series are left out, "
            f"having fewer than {left_out + 2} values.",
            ElmanWarning,
            stacklevel=4,
        )
        return panel.select(keep.tolist())
    return panel


def _baseline(name: str, known: Panel, missing: str, horizon: int, season: int) -> Array:
    """Forecast every series with a baseline (S, K)."""
    function = BASELINES[name]
    return np.stack([function(fill(values, missing, season), horizon, season) for values in known])


def backtest(
    forecaster: Forecaster,
    data: Any,
    n_windows: int = 1,
    step_size: int | None = None,
    refit: bool = False,
    baselines: Sequence[str] | None = None,
    level: Any = None,
) -> Backtest:
    """Compare a forecaster with simple baselines on held-out past values, and judge whether it is better.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters are used; the object is neither fitted nor changed.
    data : array_like, list or frame
        As for `Forecaster.fit`.
    n_windows, step_size, refit, baselines, level
        As for `cross_validation`.

    Returns
    -------
    Backtest

    Raises
    ------
    DataError
        If no series is long enough, or no held-out value is known.

    Examples
    --------
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> result = backtest(Forecaster(horizon=2, season=4), y)
    >>> result.table.loc["naive"].round(2).tolist()
    [20.0, nan, 5.0]
    """
    place = "backtest"
    panel = _panel(place, forecaster, data)
    forecasts = _cross_validate(place, forecaster, panel, n_windows, step_size, refit, baselines, level)
    season = resolve_seasons(place, forecaster.season, panel.frequency)[0]
    return judge(place, forecasts, by_channel(panel), season)
