"""Forecasts of a known past, made without looking at it, beside simple baselines, and what follows from them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone

from elman import _check
from elman.errors import DataError, ElmanWarning
from elman.forecasting.baselines import BASELINES, usual_baselines
from elman.forecasting.forecaster import Forecaster
from elman.forecasting.frames import read_panel
from elman.forecasting.metrics import mean_scores, scores
from elman.forecasting.missing import fill
from elman.forecasting.options import check_parameters
from elman.forecasting.panel import Panel
from elman.forecasting.recipe import resolve_seasons

__all__ = ["Backtest", "backtest", "cross_validation"]

Array = npt.NDArray[np.float64]

MODEL = "Elman"


@dataclass(frozen=True)
class Backtest:
    """Forecasts at past cut-offs, their errors, and the verdict.

    Parameters
    ----------
    forecasts : DataFrame
        Columns ``unique_id``, ``ds``, ``cutoff``, ``y``, ``Elman`` and one per baseline.
    by_series : DataFrame
        Scores per series and cut-off, see `elman.forecasting.metrics.scores`.
    table : DataFrame
        Mean scores: a row per model, columns sMAPE (0 to 200), MASE, MAE.
    best : str
        The best baseline.
    metric : str
        What decides: ``"MASE"``, or ``"MAE"`` where MASE is not defined.
    beats : bool
        Whether the network has the lower mean error and wins at a majority of the cut-offs.
    verdict : str
        The same in one sentence.

    Examples
    --------
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> result = backtest(Forecaster(horizon=2, season=4, updates=20, n_seeds=1, random_state=0), y)
    >>> result.best, result.metric, result.beats
    ('seasonal naive', 'MAE', False)
    """

    forecasts: pd.DataFrame
    by_series: pd.DataFrame
    table: pd.DataFrame
    best: str
    metric: str
    beats: bool
    verdict: str


def cross_validation(
    forecaster: Forecaster,
    data: Any,
    n_windows: int = 1,
    step_size: int | None = None,
    refit: bool = False,
    baselines: Sequence[str] | None = None,
) -> Any:
    """Forecast from past cut-offs, seeing nothing after each of them.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters are used; it is neither fitted nor changed itself.
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

    Returns
    -------
    frame
        Columns ``unique_id``, ``ds``, ``cutoff`` (time of the newest value known), ``y``, ``Elman`` and one per
        baseline; polars if the data are. Arrays and lists have their positions for ``unique_id`` and ``ds``.

    Raises
    ------
    DataError
        If no series is long enough.

    Examples
    --------
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> frame = cross_validation(Forecaster(horizon=2, season=4, updates=20, n_seeds=1), y, n_windows=2)
    >>> frame[["ds", "cutoff", "y", "seasonal naive"]].values.tolist()
    [[44.0, 43.0, 10.0, 10.0], [45.0, 43.0, 20.0, 20.0], [46.0, 45.0, 30.0, 30.0], [47.0, 45.0, 20.0, 20.0]]
    """
    place = "cross_validation"
    panel = _named(read_panel(place, data, forecaster.freq, forecaster.missing))
    return panel.native(_cross_validate(place, forecaster, panel, n_windows, step_size, refit, baselines))


def _named(panel: Panel) -> Panel:
    """Give arrays and lists positions for names and time stamps."""
    if panel.ids is not None:
        return panel
    positions = np.concatenate([np.arange(length) for length in panel.lengths])
    return Panel(panel.values, panel.offsets, "pandas", pd.RangeIndex(len(panel)), pd.Index(positions), 1)


def _cross_validate(
    place: str,
    forecaster: Forecaster,
    panel: Panel,
    n_windows: int,
    step_size: int | None,
    refit: bool,
    baselines: Sequence[str] | None,
) -> pd.DataFrame:
    check_parameters(place, forecaster)
    n_windows = _check.positive_integer(place, "n_windows", n_windows)
    horizon = forecaster.horizon
    step = horizon if step_size is None else _check.positive_integer(place, "step_size", step_size)
    season = resolve_seasons(place, forecaster.season, panel.frequency)[0]
    names = (
        usual_baselines(season)
        if baselines is None
        else [_check.choice(place, "baselines", name, tuple(BASELINES)) for name in baselines]
    )
    panel = _long_enough(place, panel, horizon + (n_windows - 1) * step)
    model: Forecaster | None = None
    parts = []
    for left_out in range(horizon + (n_windows - 1) * step, horizon - 1, -step):
        known = panel.head(left_out)
        if model is None or refit:
            model = clone(forecaster)
            model._fit_panel(place, known)
        columns: dict[str, Array] = {MODEL: model._forecast_panel(place, known)}
        for name in names:
            columns[name] = _baseline(name, known, forecaster.missing, horizon, season)
        parts.append(_window_frame(panel, known, left_out, horizon, columns))
    return pd.concat(parts, ignore_index=True)


def _long_enough(place: str, panel: Panel, left_out: int) -> Panel:
    """Keep the series that have at least two values besides those left out."""
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


def _window_frame(panel: Panel, known: Panel, left_out: int, horizon: int, columns: dict[str, Array]) -> pd.DataFrame:
    """Put the forecasts of one cut-off beside what came."""
    assert panel.times is not None and known.times is not None
    rows = (panel.offsets[1:, None] - left_out + np.arange(horizon)).ravel()
    cutoffs = known.times[known.offsets[1:] - 1].repeat(horizon)
    values: dict[str, Any] = {"cutoff": cutoffs, "y": panel.values[rows]}
    values |= {name: forecasts.ravel() for name, forecasts in columns.items()}
    return panel.long_frame(values, panel.times[rows], horizon)


def backtest(
    forecaster: Forecaster,
    data: Any,
    n_windows: int = 1,
    step_size: int | None = None,
    refit: bool = False,
    baselines: Sequence[str] | None = None,
) -> Backtest:
    """Compare a forecaster with simple baselines on a past that it does not see, and say whether it is worth having.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters are used; it is neither fitted nor changed itself.
    data : array_like, list or frame
        As for `Forecaster.fit`.
    n_windows, step_size, refit, baselines
        As for `cross_validation`.

    Returns
    -------
    Backtest

    Raises
    ------
    DataError
        If no series is long enough.

    Examples
    --------
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> result = backtest(Forecaster(horizon=2, season=4, updates=20, n_seeds=1, random_state=0), y)
    >>> result.table.loc["naive"].round(2).tolist()
    [20.0, nan, 5.0]
    """
    place = "backtest"
    panel = _named(read_panel(place, data, forecaster.freq, forecaster.missing))
    forecasts = _cross_validate(place, forecaster, panel, n_windows, step_size, refit, baselines)
    season = resolve_seasons(place, forecaster.season, panel.frequency)[0]
    return judge(forecasts, panel, season)


def judge(forecasts: pd.DataFrame, panel: Panel, season: int) -> Backtest:
    """Score a frame of `cross_validation` and draw the conclusion."""
    names = [name for name in forecasts.columns if name not in ("unique_id", "ds", "cutoff", "y")]
    assert panel.times is not None
    history = panel.long_frame({"y": panel.values}, panel.times, panel.lengths)
    by_series = scores(forecasts[forecasts["y"].notna()], history, names, season)
    table = mean_scores(by_series, names)
    metric = "MASE" if table["MASE"].notna().all() else "MAE"
    best = str(table[metric].drop(MODEL).idxmin())
    by_cutoff = by_series[by_series["metric"] == metric].groupby("cutoff")[names].mean()
    won = int((by_cutoff[MODEL] < by_cutoff[best]).sum())
    ours, theirs = float(table[metric][MODEL]), float(table[metric][best])
    beats = ours < theirs and 2 * won > len(by_cutoff)
    return Backtest(
        forecasts,
        by_series,
        table,
        best,
        metric,
        beats,
        _verdict(beats, best, metric, ours, theirs, won, len(by_cutoff)),
    )


def _verdict(beats: bool, best: str, metric: str, ours: float, theirs: float, won: int, cutoffs: int) -> str:
    """Say in one sentence whether the network is worth having."""
    where = "" if cutoffs == 1 else f", better at {won} of {cutoffs} cut-offs"
    if beats:
        return f"Elman beats {best}, the best baseline, by {100 * (1 - ours / theirs):.0f} % in {metric}{where}."
    figures = f"{metric} {ours:.3g} against {theirs:.3g}"
    if ours < theirs:
        few = f"at only {won} of {cutoffs} cut-offs"
        return f"Elman's mean error is lower than that of {best} ({figures}), but it is better {few}: not a clear win."
    return f"Elman is not better than {best} ({figures}{where}); use that."
