"""Forecasts from past cut-offs of series that are in memory, or of one part of series that are not."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.estimators import fitted_value
from elman.forecasting.baselines import BASELINES
from elman.forecasting.channels import by_channel, rows_of
from elman.forecasting.fitted import Fitted
from elman.forecasting.frames import read_panel
from elman.forecasting.inputs import Inputs
from elman.forecasting.judgement import scored, window_frame
from elman.forecasting.missing import fill
from elman.forecasting.options import inputs_of, least_values
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.partitioned import rebuilt
from elman.forecasting.quantiles import Asked
from elman.forecasting.verdicts import MODEL
from elman.partitions import Job, Part, Partitioned, at_level, kept_memory
from elman.tables.frame_columns import time_stamps
from elman.tables.own_names import OwnNames

__all__ = ["CutOffs", "Heads", "PastPart"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CutOffs:
    """Past cut-offs, and what is forecast from each.

    Parameters
    ----------
    left_out : tuple of int
        Newest values that each leaves out, the earliest cut-off first.
    horizon, season : int
        Values forecast from each, values per season.
    baselines : tuple of str
        Keys of `elman.forecasting.BASELINES`.
    asked : Asked
        Intervals and quantiles around the forecasts of the model.
    """

    left_out: tuple[int, ...]
    horizon: int
    season: int
    baselines: tuple[str, ...]
    asked: Asked

    @property
    def least(self) -> int:
        """Values that a series needs: two before the earliest cut-off."""
        return self.left_out[0] + 2

    @property
    def columns(self) -> list[str]:
        """Columns of forecasts."""
        return [MODEL, *(f"{MODEL}-{name}" for name in self.asked.names), *self.baselines]

    def forecasts(self, place: str, panel: Panel, model: Any, left_out: int) -> pd.DataFrame:
        """Forecast from one of them, with a model fitted to the values before it or before an earlier one.

        Parameters
        ----------
        place : str
            Start of a message.
        panel : Panel
            Series with names, whole, of at least `least` values.
        model : Forecaster
            Fitted.
        left_out : int
            Newest values to leave out.

        Returns
        -------
        DataFrame
            See `elman.forecasting.cross_validation`.
        """
        known = panel.head(left_out)
        forecasts = model._forecast_panel(place, known)
        columns = {MODEL: rows_of(forecasts)}
        if self.asked:
            edges = model._edges(place, known, forecasts, self.asked)
            columns |= {f"{MODEL}-{name}": rows_of(values) for name, values in edges.items()}
        single = by_channel(known)
        for name in self.baselines:
            columns[name] = self._baseline(name, single, model.missing)
        return window_frame(by_channel(panel), single, left_out, self.horizon, columns)

    def _baseline(self, name: str, known: Panel, missing: str) -> Array:
        """Forecast every series with a baseline (S, K)."""
        function = BASELINES[name]
        return np.stack([function(fill(values, missing, self.season), self.horizon, self.season) for values in known])


@dataclass(frozen=True, eq=False)
class PastPart:
    """Forecasts from past cut-offs of a frame of whole series, or their scores.

    Parameters
    ----------
    place : str
        Start of a message.
    estimator : type
        `elman.Forecaster`.
    models : tuple of bytes
        Contents of the files of fitted models: one for every cut-off, or one for all.
    cut_offs : CutOffs
        The cut-offs.
    known : DataFrame
        A part without rows.
    scores : bool
        Whether to return scores (`elman.forecasting.judgement.scored`) instead of forecasts.
    instructions : str
        ISA level to compute at.
    static : DataFrame, optional
        Static covariates with a row per series, unless the frames hold them.
    """

    place: str
    estimator: Any
    models: tuple[bytes, ...]
    cut_offs: CutOffs
    known: pd.DataFrame
    scores: bool
    instructions: str
    static: pd.DataFrame | None = None

    @property
    def empty(self) -> pd.DataFrame:
        """The result for no series."""
        times = time_stamps(self.place, self.known["ds"])
        numbers = {name: np.empty(0) for name in self.cut_offs.columns}
        if self.scores:
            own = {name: numbers[name] for name in (MODEL, *self.cut_offs.baselines)}
            columns = {"cutoff": times, "metric": pd.Series(dtype=str), **own}
        else:
            columns = {"ds": times, "cutoff": times, "y": np.empty(0), **numbers}
        return pd.DataFrame({"unique_id": self.known["unique_id"], **columns})

    def mapped(self, source: Partitioned, job: Job) -> Any:
        """Apply to all parts; the result has the form of the data."""
        about = {
            "version": version("elman"),
            "models": [sha256(content).hexdigest() for content in self.models],
            "cut-offs": list(self.cut_offs.left_out),
            "instructions": self.instructions,
        }
        inputs = self._inputs(rebuilt(self.estimator, self.models[0], 1))
        source = source.with_columns(inputs.of_data if self.static is None else inputs.given)
        return source.map(self, self.empty, replace(job, about=about))

    def _inputs(self, model: Any) -> Inputs:
        fitted: Fitted = fitted_value(self.place, model)
        return fitted.newest.inputs

    def fetched(self, source: Partitioned, job: Job) -> pd.DataFrame:
        """Apply to all parts, and bring the result into memory."""
        with TemporaryDirectory(prefix="elman-") as folder:
            output = Path(folder) / "scores" if source.kind == "parquet" else None
            return source.fetched(self.mapped(source, replace(job, output=output)))

    @kept_memory()
    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Forecast, or score.

        Raises
        ------
        DataError
            If a value or time stamp cannot be used.
        """
        models = [rebuilt(self.estimator, content, 1) for content in self.models]
        model, cut_offs = models[0], self.cut_offs
        own: dict[str, Any] = {"least": least_values(model), "static": self.static}
        panel = read_panel(self.place, frame, model.freq_, model.missing, self._inputs(model), **own)
        panel = panel.select(np.flatnonzero(panel.lengths >= cut_offs.least))
        if len(panel) == 0:
            return self.empty
        models = models if len(models) > 1 else models * len(cut_offs.left_out)
        with at_level(self.instructions):
            parts = [
                cut_offs.forecasts(self.place, panel, model, left_out)
                for model, left_out in zip(models, cut_offs.left_out, strict=True)
            ]
        forecasts = pd.concat(parts, ignore_index=True)
        return scored(forecasts, panel, cut_offs.season) if self.scores else forecasts


@dataclass(frozen=True, eq=False)
class Heads:
    """The values before a cut-off of data in parts: `elman.partitions.Partitioned` as far as a fit needs it.

    Parameters
    ----------
    place : str
        Start of a message.
    source : Partitioned
        Whole series, each in one part.
    parameters : Parameters
        Of the forecaster.
    left_out : int
        Newest values of every series to leave out.
    least : int
        Values of the whole series without which it is left out.
    """

    place: str
    source: Partitioned
    parameters: Parameters
    left_out: int
    least: int

    @property
    def names(self) -> OwnNames:
        """Columns of the id, the time and the target."""
        return self.source.names

    def with_columns(self, covariates: Sequence[str]) -> Heads:
        """Return the same with further columns."""
        return replace(self, source=self.source.with_columns(covariates))

    def by_series(self) -> Heads:
        """Return the same: every series is in one part."""
        return self

    def parts(self) -> Iterator[Part]:
        """Yield the parts, shortened; the places are those of the whole parts."""
        frequency: Any = self.parameters.freq
        for part in self.source.parts():
            if len(part.frame):
                panel = self._read(part.frame, frequency)
                frequency = panel.frequency
                keep = self._kept(part.frame, panel)
                yield replace(part, frame=part.frame.iloc[keep].reset_index(drop=True), place=_places(part, keep))

    def _read(self, frame: pd.DataFrame, frequency: Any) -> Panel:
        least, inputs = least_values(self.parameters), replace(inputs_of(self.parameters), static=())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the fit warns
            return read_panel(self.place, frame, frequency, self.parameters.missing, inputs, least=least)

    def _kept(self, frame: pd.DataFrame, panel: Panel) -> npt.NDArray[np.int64]:
        """Return the rows up to the last time before the cut-off, of series that are long enough."""
        panel = panel.select(np.flatnonzero(panel.lengths >= self.least))
        if len(panel) == 0:
            return np.zeros(0, np.int64)
        assert panel.times is not None and panel.ids is not None
        last = panel.times[panel.offsets[1:] - 1 - self.left_out]
        series = panel.ids.get_indexer(pd.Index(frame["unique_id"]))
        times = time_stamps(self.place, frame["ds"])
        return np.flatnonzero((series >= 0) & np.asarray(times <= last[series]))


def _places(part: Part, rows: npt.NDArray[np.int64]) -> Callable[[int], str]:
    return lambda row: part.place(int(rows[row]))
