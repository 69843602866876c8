"""Forecasts from past cut-offs beside simple baselines, with scores and a verdict.

`Forecaster.check_` is the check by which a fit chose its method, on the values that it held out. `backtest` repeats the
whole fit, the choice included, on what precedes each cut-off: its errors are those of the procedure.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from elman import _check
from elman.errors import DataError, ElmanWarning, Remedy
from elman.estimators import fitted_value
from elman.forecasting.baselines import BASELINES, INTERMITTENT, usual_baselines
from elman.forecasting.channels import by_channel, named
from elman.forecasting.fitted import Fitted
from elman.forecasting.forecaster import Forecaster
from elman.forecasting.frames import read_panel
from elman.forecasting.intermittent import first_negative, is_intermittent, refuse_negative
from elman.forecasting.judgement import Backtest, concluded, judge
from elman.forecasting.notices import notice_negative
from elman.forecasting.options import check_parameters, for_task, head_for, inputs_of, least_values
from elman.forecasting.panel import Panel
from elman.forecasting.quantiles import Asked
from elman.forecasting.recipe import resolve_seasons
from elman.forecasting.rolling import CutOffs, Heads, PastPart
from elman.forecasting.store import PanelStore
from elman.partitions import Job, Partitioned, partitioned
from elman.tables.frequencies import Frequency
from elman.training.checkpoints import writes_states
from elman.training.jobs import run_all

__all__ = ["Backtest", "backtest", "cross_validation"]


def cross_validation(
    forecaster: Forecaster,
    data: Any,
    n_windows: int = 1,
    step_size: int | None = None,
    refit: bool = False,
    baselines: Sequence[str] | None = None,
    level: Any = None,
    *,
    quantiles: Any = None,
    static_df: Any = None,
    output: Any = None,
    workers: int | None = None,
    errors: str = "raise",
) -> Any:
    """Forecast from past cut-offs, from the values before each.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters are used; the object is neither fitted nor changed.
    data : array_like, list, frame or path
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
        ``intervals="auto"`` stands for; a network with ``quantiles`` or a ``distribution`` then has its own.
    quantiles : float or sequence of float, optional
        Shares, as for `Forecaster.predict`.
    static_df : frame, optional
        As for `Forecaster.fit`.
    output, workers, errors
        Of data in parts: as for `Forecaster.predict`.

    Returns
    -------
    frame, or path
        Columns ``unique_id``, ``ds``, ``cutoff`` (time of the newest value known), ``y``, ``Elman``, with levels
        ``Elman-lo-80``, ``Elman-hi-80`` and so on, with quantiles ``Elman-q-0.1`` and so on, and one per baseline;
        polars if the data are. Arrays and lists have their positions for ``unique_id`` and ``ds``. Each of several
        channels counts as a series of its own, named ``channel 0``, or ``series 0, channel 0`` in a list. Of Parquet
        files the path of the folder; of an engine its own form of frame.

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
    plan = _Plan.checked(place, forecaster, n_windows, step_size, refit, baselines, level, quantiles)
    job = Job.checked(place, errors, output, False, workers)
    if (source := partitioned(place, data)) is not None:
        return plan.in_parts(source, static_df, scores=False).mapped(source, job)
    job.refuse(place)
    panel = _panel(place, forecaster, data, static_df)
    return panel.native(plan.in_memory(panel))


def _panel(place: str, forecaster: Forecaster, data: Any, static: Any) -> Panel:
    own: dict[str, Any] = {"least": least_values(forecaster), "static": static}
    inputs = inputs_of(forecaster)
    return named(read_panel(place, data, forecaster.freq, forecaster.missing, inputs, channels=True, **own))


@dataclass(frozen=True)
class _Plan:
    """What is forecast from which cut-offs, checked.

    Parameters
    ----------
    place : str
        Start of a message.
    forecaster : Forecaster
        Its parameters are used.
    left_out : tuple of int
        Newest values that each cut-off leaves out, the earliest cut-off first.
    refit : bool
        Whether to fit at every cut-off.
    baselines : sequence of str or None
        Their names; None for the usual ones.
    asked : Asked
        Intervals and quantiles.
    """

    place: str
    forecaster: Forecaster
    left_out: tuple[int, ...]
    refit: bool
    baselines: Sequence[str] | None
    asked: Asked

    @classmethod
    def checked(
        cls,
        place: str,
        forecaster: Forecaster,
        n_windows: int,
        step_size: int | None,
        refit: bool,
        baselines: Sequence[str] | None,
        level: Any,
        quantiles: Any,
    ) -> _Plan:
        """Refuse wrong arguments."""
        check_parameters(place, forecaster)
        asked = Asked.checked(place, level, quantiles)
        n_windows = _check.positive_integer(place, "n_windows", n_windows)
        horizon = forecaster.horizon
        step = horizon if step_size is None else _check.positive_integer(place, "step_size", step_size)
        if baselines is not None:
            baselines = [_check.choice(place, "baselines", name, tuple(BASELINES)) for name in baselines]
        left_out = tuple(range(horizon + (n_windows - 1) * step, horizon - 1, -step))
        return cls(place, forecaster, left_out, refit, baselines, asked)

    def season(self, frequency: Frequency | None) -> int:
        """Values per season."""
        return resolve_seasons(self.place, self.forecaster.season, frequency)[0]

    def cut_offs(self, season: int, intermittent: bool) -> CutOffs:
        """All cut-offs; the usual baselines depend on whether the series before the earliest have many zeros."""
        names = self.baselines
        if names is None:
            names = usual_baselines(season, intermittent=intermittent)
        return CutOffs(self.left_out, int(self.forecaster.horizon), season, tuple(names), self.asked)

    @property
    def folds(self) -> list[tuple[int, ...]]:
        """The cut-offs of every fit."""
        return [(each,) for each in self.left_out] if self.refit else [self.left_out]

    def in_memory(self, panel: Panel) -> pd.DataFrame:
        """Fit and forecast series in memory."""
        season = self.season(panel.frequency)
        panel = _long_enough(self.place, panel, self.left_out[0])
        before = PanelStore.of(panel.head(self.left_out[0]), self.forecaster.missing, season)
        cut_offs = self.cut_offs(season, self._are_counts(panel, before.sample.panel, season))
        tasks = [_Fold(self.place, self.forecaster, panel, replace(cut_offs, left_out=fold)) for fold in self.folds]
        bar = "cut-offs" if self.forecaster.progress else ""
        parts: list[pd.DataFrame] = run_all(tasks, self.forecaster.n_threads, bar=bar, in_order=writes_states())
        return pd.concat(parts, ignore_index=True)

    def _are_counts(self, panel: Panel, before: Panel, season: int) -> bool:
        """Return whether methods of counts are compared; refuse or notice negative values, also after the cut-offs."""
        for name in self.baselines or ():
            if name in INTERMITTENT:
                refuse_negative(self.place, name, panel, Remedy("leave it out of {}", baselines=...))
        intermittent, found = is_intermittent(before, season), first_negative(panel)
        if not intermittent or found is None:
            return intermittent
        if self.baselines is None and first_negative(before) is None:  # else the fit gives the notice
            notice_negative(self.place, *found)
        return False

    def in_parts(self, source: Partitioned, static: Any, scores: bool) -> PastPart:
        """Fit series in parts, and prepare what is done with every part."""
        inputs = inputs_of(self.forecaster)
        table = self.forecaster._table_of_fit(self.place, source, static)
        source = source.with_columns(inputs.of_data if table is None else inputs.given).by_series()
        models = []
        for fold in self.folds:
            model = _unfitted(self.forecaster, bool(self.asked), self.forecaster.n_threads)
            heads = Heads(self.place, source, model, fold[0], self.left_out[0] + 2)
            model._fit_parts(self.place, heads, table)
            models.append(model)
        contents = tuple(model._content(model._fitted) for model in models)
        fitted: Fitted = fitted_value(self.place, models[0])
        cut_offs = self.cut_offs(fitted.seasons[0], fitted.intermittent)
        return PastPart(self.place, Forecaster, contents, cut_offs, source.empty(), scores, source.isa(), table)


@dataclass(frozen=True)
class _Fold:
    """Fits on what precedes the first of some cut-offs, and forecasts from each.

    Parameters
    ----------
    place : str
        Start of a message.
    forecaster : Forecaster
        Its parameters are used.
    panel : Panel
        All values known.
    cut_offs : CutOffs
        Of one fit.
    """

    place: str
    forecaster: Forecaster
    panel: Panel
    cut_offs: CutOffs

    def __call__(self, n_threads: int | None) -> pd.DataFrame:
        left_out = self.cut_offs.left_out
        model = _unfitted(self.forecaster, bool(self.cut_offs.asked), n_threads)
        model._fit_panel(self.place, self.panel.head(left_out[0]))
        parts = [self.cut_offs.forecasts(self.place, self.panel, model, each) for each in left_out]
        return pd.concat(parts, ignore_index=True)


def _unfitted(forecaster: Forecaster, calibrated: bool, n_threads: int | None) -> Forecaster:
    """Return a copy for the values before a cut-off; for intervals, with residuals of earlier cut-offs."""
    model = for_task(forecaster.unfitted(), n_threads)
    if model.method == "network":
        usual = "auto" if head_for(model) is None else None  # a head has intervals of its own
        model.set_params(intervals=(model.intervals or usual) if calibrated else None)
    return model


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


def backtest(
    forecaster: Forecaster,
    data: Any,
    n_windows: int = 1,
    step_size: int | None = None,
    refit: bool = False,
    baselines: Sequence[str] | None = None,
    level: Any = None,
    *,
    quantiles: Any = None,
    static_df: Any = None,
    workers: int | None = None,
) -> Backtest:
    """Compare a forecaster with simple baselines on held-out past values, and judge whether it is better.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters are used; the object is neither fitted nor changed.
    data : array_like, list, frame or path
        As for `Forecaster.fit`.
    n_windows, step_size, refit, baselines, level, quantiles
        As for `cross_validation`.
    static_df : frame, optional
        As for `Forecaster.fit`.
    workers : int, optional
        Of Parquet files: processes.

    Returns
    -------
    Backtest
        Of data in parts it has no forecasts: the errors of every series are computed where its values are, and pooled
        in order of the ids, with the bits of the backtest in memory.

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
    plan = _Plan.checked(place, forecaster, n_windows, step_size, refit, baselines, level, quantiles)
    if (source := partitioned(place, data)) is not None:
        part = plan.in_parts(source, static_df, scores=True)
        return concluded(place, pd.DataFrame(), part.fetched(source, Job(workers=workers)), int(forecaster.horizon))
    Job(workers=workers).refuse(place)
    panel = _panel(place, forecaster, data, static_df)
    return judge(place, plan.in_memory(panel), by_channel(panel), plan.season(panel.frequency))
