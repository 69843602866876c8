"""Forecasts of a known past, made without looking at it, beside simple baselines, and what follows from them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
from elman.forecasting.intervals import (
    Residuals,
    adopt,
    bounds,
    calibrate,
    calibration_transform,
    check_levels,
    scaled_residuals,
)
from elman.forecasting.metrics import mean_scores, scores
from elman.forecasting.missing import fill
from elman.forecasting.options import check_parameters, covariates_of
from elman.forecasting.panel import Panel
from elman.forecasting.recipe import resolve_seasons
from elman.forecasting.verdicts import MODEL, conclude

__all__ = ["Backtest", "backtest", "cross_validation"]

Array = npt.NDArray[np.float64]

_KEYS = ["unique_id", "ds", "cutoff", "y"]


@dataclass(frozen=True)
class Backtest:
    """Forecasts at past cut-offs, their errors, and the verdict.

    Parameters
    ----------
    forecasts : DataFrame
        That of `cross_validation`.
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
    verdicts : DataFrame
        The same for each series: columns ``unique_id``, ``best``, ``metric``, ``Elman`` and ``baseline`` (the two mean
        errors), ``won`` (of so many) ``cutoffs``, ``beats`` and ``verdict``.
    residuals : Residuals or None
        What prediction intervals after the end of the data can be made of, see `elman.forecasting.intervals`; None
        with ``refit=True``.
    coverage : dict of float to float
        Share of the values inside the intervals of each level asked for.

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
    verdicts: pd.DataFrame
    residuals: Residuals | None = None
    coverage: dict[float, float] = field(default_factory=dict)


def cross_validation(
    forecaster: Forecaster,
    data: Any,
    n_windows: int = 1,
    step_size: int | None = None,
    refit: bool = False,
    baselines: Sequence[str] | None = None,
    level: Any = None,
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
    level : float or sequence of float, optional
        Percentages of intervals around the forecasts. They are made of errors at cut-offs still earlier, so every fit
        takes twice as long; with ``intervals=None`` as many of these are used as ``intervals="auto"`` stands for.

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
    >>> frame = cross_validation(Forecaster(horizon=2, season=4, updates=20, n_seeds=1), y, n_windows=2)
    >>> frame[["ds", "cutoff", "y", "seasonal naive"]].values.tolist()
    [[44.0, 43.0, 10.0, 10.0], [45.0, 43.0, 20.0, 20.0], [46.0, 45.0, 30.0, 30.0], [47.0, 45.0, 20.0, 20.0]]
    """
    place = "cross_validation"
    panel = _panel(place, forecaster, data)
    return panel.native(_cross_validate(place, forecaster, panel, n_windows, step_size, refit, baselines, level)[0])


def _panel(place: str, forecaster: Forecaster, data: Any) -> Panel:
    columns = covariates_of(forecaster)
    return _named(read_panel(place, data, forecaster.freq, forecaster.missing, columns, channels=True))


def _named(panel: Panel) -> Panel:
    """Give arrays and lists positions for names and time stamps."""
    if panel.ids is not None:
        return panel
    positions = np.concatenate([np.arange(length) for length in panel.lengths])
    return replace(panel, ids=pd.RangeIndex(len(panel)), times=pd.Index(positions), frequency=1)


def by_channel(panel: Panel) -> Panel:
    """Make a series of every channel, series after series."""
    if panel.values.ndim == 1:
        return panel
    assert panel.ids is not None and panel.times is not None
    channels = panel.values.shape[1]
    borders = list(zip(panel.offsets[:-1], panel.offsets[1:], strict=True))
    whose = [""] if panel.kind == "array" else [f"series {name}, " for name in panel.ids]
    return Panel(
        np.concatenate([values.T.ravel() for values in panel]),
        np.concatenate([[0], np.cumsum(panel.lengths.repeat(channels))]).astype(np.int64),
        panel.kind,
        pd.Index([f"{series}channel {c}" for series in whose for c in range(channels)]),
        panel.times[np.concatenate([np.tile(np.arange(a, b), channels) for a, b in borders])],
        panel.frequency,
    )


def _cross_validate(
    place: str,
    forecaster: Forecaster,
    panel: Panel,
    n_windows: int,
    step_size: int | None,
    refit: bool,
    baselines: Sequence[str] | None,
    level: Any,
) -> tuple[pd.DataFrame, Residuals | None]:
    check_parameters(place, forecaster)
    levels = [] if level is None else check_levels(place, level)
    n_windows = _check.positive_integer(place, "n_windows", n_windows)
    horizon = forecaster.horizon
    step = horizon if step_size is None else _check.positive_integer(place, "step_size", step_size)
    season = resolve_seasons(place, forecaster.season, panel.frequency)[0]
    names = _baseline_names(place, baselines, season)
    panel = _long_enough(place, panel, horizon + (n_windows - 1) * step)
    # Residuals serve the forecaster that learns from everything: their scale is that of its transform. No forecast,
    # score or interval of a cut-off comes near them.
    kind = calibration_transform(forecaster, panel)
    model: Forecaster | None = None
    parts, residuals = [], []
    for left_out in range(horizon + (n_windows - 1) * step, horizon - 1, -step):
        known = panel.head(left_out)
        if model is None or refit:
            model = _fitted(place, forecaster, known, bool(levels))
        columns: dict[str, Array] = {MODEL: model._forecast_panel(place, known)}
        actual = panel.values[panel.offsets[1:, None] - left_out + np.arange(horizon)]
        residuals.append(scaled_residuals(model, kind, known, actual, columns[MODEL]))
        if levels:
            edges = bounds(place, model, known, columns[MODEL], levels)
            columns |= {f"{MODEL}-{name}": values for name, values in edges.items()}
        columns = {name: _rows(values) for name, values in columns.items()}
        for name in names:
            columns[name] = _baseline(name, by_channel(known), forecaster.missing, horizon, season)
        parts.append(_window_frame(by_channel(panel), by_channel(known), left_out, horizon, columns))
    return pd.concat(parts, ignore_index=True), None if refit else Residuals.pooled(residuals)


def _fitted(place: str, forecaster: Forecaster, known: Panel, calibrated: bool) -> Forecaster:
    """Fit a copy to what was known at a cut-off, with residuals of cut-offs before it if intervals are asked for."""
    model: Forecaster = clone(forecaster)
    if not calibrated:
        model._fit_panel(place, known)
        return model
    if model.intervals is None:
        model.set_params(intervals="auto")
    residuals = calibrate(place, model, known)
    model._fit_panel(place, known)
    adopt(model, residuals)
    return model


def _rows(values: Array) -> Array:
    """Give every channel of forecasts (S, K, D) a row of its own, series after series."""
    return values if values.ndim == 2 else np.moveaxis(values, 2, 1).reshape(-1, values.shape[1])


def _baseline_names(place: str, baselines: Sequence[str] | None, season: int) -> Sequence[str]:
    if baselines is None:
        return usual_baselines(season)
    return [_check.choice(place, "baselines", name, tuple(BASELINES)) for name in baselines]


def baseline_forecasts(place: str, forecaster: Forecaster, data: Any, name: str) -> pd.DataFrame:
    """Forecast with a baseline what a fitted forecaster forecasts: columns ``unique_id``, ``ds`` and its name."""
    panel = by_channel(_named(read_panel(place, data, forecaster.freq, forecaster.missing, channels=True)))
    horizon = int(forecaster.horizon)
    times = panel.future(horizon)
    assert times is not None
    values = _baseline(name, panel, forecaster.missing, horizon, forecaster.seasons_[0])
    return panel.long_frame({name: values.ravel()}, times, horizon)


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
    level: Any = None,
) -> Backtest:
    """Compare a forecaster with simple baselines on a past that it does not see, and say whether it is worth having.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters are used; it is neither fitted nor changed itself.
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
        If no series is long enough, or nothing that came is known.

    Examples
    --------
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> result = backtest(Forecaster(horizon=2, season=4, updates=20, n_seeds=1, random_state=0), y)
    >>> result.table.loc["naive"].round(2).tolist()
    [20.0, nan, 5.0]
    """
    place = "backtest"
    panel = _panel(place, forecaster, data)
    forecasts, residuals = _cross_validate(place, forecaster, panel, n_windows, step_size, refit, baselines, level)
    season = resolve_seasons(place, forecaster.season, panel.frequency)[0]
    return replace(judge(place, forecasts, by_channel(panel), season), residuals=residuals)


def judge(place: str, forecasts: pd.DataFrame, panel: Panel, season: int) -> Backtest:
    """Score a frame of `cross_validation` and draw the conclusions."""
    known = forecasts[forecasts["y"].notna()]
    if len(known) == 0:
        raise DataError(f"{place}: every value after the cut-offs is missing (NaN); there is nothing to score.")
    lower = [name for name in known.columns if name.startswith(f"{MODEL}-lo-")]
    upper = [name.replace("-lo-", "-hi-") for name in lower]
    inside = {
        float(low.rpartition("-")[2]): float(known["y"].between(known[low], known[high]).mean())
        for low, high in zip(lower, upper, strict=True)
    }
    names = [name for name in known.columns if name not in (*_KEYS, *lower, *upper)]
    known = known[[*_KEYS, *names]]
    assert panel.times is not None
    history = panel.long_frame({"y": panel.values}, panel.times, panel.lengths)
    by_series = scores(known, history, names, season)
    table = mean_scores(by_series, names)
    metric = "MASE" if table["MASE"].notna().all() else "MAE"
    decisive = by_series[by_series["metric"] == metric]
    overall = conclude(decisive.assign(unique_id="all"), names, metric, several=False).iloc[0]
    return Backtest(
        forecasts,
        by_series,
        table,
        str(overall["best"]),
        metric,
        bool(overall["beats"]),
        str(overall["verdict"]),
        _by_series_verdicts(by_series, names, list(dict.fromkeys(known["unique_id"]))),
        coverage=inside,
    )


def _by_series_verdicts(by_series: pd.DataFrame, names: list[str], ids: list[Any]) -> pd.DataFrame:
    """Conclude series by series in their order, in MASE where it is defined and in MAE where it is not."""
    mase = by_series[(by_series["metric"] == "MASE") & by_series[names].notna().all(axis="columns")]
    mae = by_series[(by_series["metric"] == "MAE") & ~by_series["unique_id"].isin(mase["unique_id"])]
    several = by_series["unique_id"].nunique() > 1
    parts = [conclude(part, names, metric, several) for part, metric in ((mase, "MASE"), (mae, "MAE")) if len(part) > 0]
    return pd.concat(parts).set_index("unique_id").loc[ids].reset_index()
