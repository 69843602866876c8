"""Forecasts of data in parts, by the code that forecasts a frame in memory, in any process of any computer."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from elman.engine import isa, num_threads
from elman.errors import ArgumentError, DataError, ElmanWarning, Remedy, UnsupportedError
from elman.forecasting.covariates import unused_future
from elman.forecasting.fitted import Fitted
from elman.forecasting.options import least_values, names_of
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.quantiles import Asked
from elman.forecasting.reading import check_static
from elman.forecasting.static import checked_table, no_columns
from elman.forecasting.stored import in_memory_only
from elman.partitions import Job, Partitioned, at_level, kept_memory, worker_count
from elman.persistence import parse_arrays
from elman.tables.categories import sources
from elman.tables.frame_columns import time_stamps
from elman.tables.own_names import OwnNames
from elman.training.progress import Progress

__all__ = ["ForecastPart", "empty_forecast", "forecast_parts", "rebuilt"]


@dataclass(frozen=True, eq=False)
class ForecastPart:
    """The forecast of a frame of whole series.

    A process rebuilds the model once, however many parts it is given. A series' forecast does not depend on the other
    series of its part.

    Parameters
    ----------
    estimator : type
        `elman.Forecaster`.
    model : bytes
        The content of its file.
    empty : DataFrame
        The result for no series.
    least : int
        Values that a series needs; shorter ones are left out with a warning.
    asked : Asked
        Intervals and quantiles.
    names : OwnNames
        Columns of the result.
    n_threads : int
        Threads of the kernels.
    level_of_instructions : str
        Of the kernels, as named by `elman.engine.isa_levels`.
    static : DataFrame, optional
        Static covariates with a row per series, unless the frames hold them.

    Examples
    --------
    >>> from elman import Forecaster
    >>> from elman.persistence import dump_arrays
    >>> frame = pd.DataFrame({"unique_id": "tea", "ds": range(12), "y": [1.0, 2.0, 3.0] * 4})
    >>> model = Forecaster(3, season=3, method="seasonal naive").fit(frame)
    >>> part = ForecastPart(Forecaster, dump_arrays(*model.to_arrays()), model.predict()[:0])
    >>> part(frame)["Elman"].tolist()
    [1.0, 2.0, 3.0]
    """

    estimator: Any
    model: bytes
    empty: pd.DataFrame
    least: int = 1
    asked: Asked = field(default_factory=Asked)
    names: OwnNames = field(default_factory=OwnNames)
    n_threads: int = 1
    level_of_instructions: str = field(default_factory=isa)
    static: pd.DataFrame | None = None

    def described(self) -> dict[str, Any]:
        """Describe by plain values what determines the result for given data."""
        return {
            "version": version("elman"),
            "model": sha256(self.model).hexdigest(),
            "level": list(self.asked.levels),
            "quantiles": list(self.asked.quantiles),
            "columns": self.names.to_metadata(),
            "instructions": self.level_of_instructions,
        } | ({} if self.static is None else {"static": _digest(self.static)})

    @kept_memory()
    def __call__(self, frame: pd.DataFrame, future: pd.DataFrame | None = None) -> pd.DataFrame:
        """Forecast a frame of whole series, with the covariates known ahead if the model has any.

        Raises
        ------
        DataError
            If a value or time stamp cannot be used.
        """
        model = rebuilt(self.estimator, self.model, self.n_threads)
        frame = self._without_short(frame)
        if len(frame) == 0:
            return self.empty
        with at_level(self.level_of_instructions):
            own = {"future": future, "static_df": self.static}
            forecast: pd.DataFrame = model.predict(frame, **own, **self.asked.arguments)
        return self.names.renamed(forecast)

    def _without_short(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Leave out series with too few values, as the forecaster does where others have enough."""
        codes, ids = pd.factorize(frame["unique_id"])
        few = np.bincount(codes, minlength=len(ids)) < self.least
        if not few.any():
            return frame
        first = ", ".join(map(repr, pd.Index(ids)[few][:5].tolist()))
        warnings.warn(
            f"{few.sum()} of {len(ids)} series left out, at least {self.least} values of each are needed: {first}.",
            ElmanWarning,
            stacklevel=3,
        )
        return frame[~few[codes]].reset_index(drop=True)


def _digest(frame: pd.DataFrame) -> str:
    return sha256(pd.util.hash_pandas_object(frame).to_numpy().tobytes()).hexdigest()


@lru_cache(maxsize=4)
def rebuilt(estimator: Any, content: bytes, n_threads: int) -> Any:
    """Rebuild a model from the content of its file, once for all parts that a process is given.

    Parameters
    ----------
    estimator : type
        `elman.Forecaster`.
    content : bytes
        The content.
    n_threads : int
        Threads of the kernels.
    """
    model = estimator.from_arrays(*parse_arrays(content))
    model.set_params(n_threads=n_threads, progress=False)
    return model


def forecast_parts(
    place: str,
    forecaster: Parameters,
    fitted: Fitted,
    content: bytes,
    source: Partitioned,
    asked: Asked,
    future: Any,
    static: Any,
    job: Job,
) -> Any:
    """Forecast data in parts.

    Parameters
    ----------
    place : str
        Start of a message.
    forecaster : Forecaster
        Fitted.
    fitted : Fitted
        Its fitted value.
    content : bytes
        The content of its file.
    source : Partitioned
        The data.
    asked : Asked
        Intervals and quantiles.
    future : object
        The covariates known ahead, if there are any.
    static : frame or None
        Static covariates by series; None: columns of the data, or those of the fit.
    job : Job
        Options of the run.

    Returns
    -------
    object
        In the form of the data; see `elman.partitions.Partitioned.map`.

    Raises
    ------
    ArgumentError, DataError, UnsupportedError
        If the forecaster does not go with such data.
    """
    _check_fitted(place, forecaster, fitted, asked)
    check_static(place, static, fitted.newest.inputs)
    ahead = None
    if names := names_of(forecaster.future_covariates):
        if future is None:
            raise ArgumentError(
                f"{place}: {', '.join(names)} must be known for the steps after every series.",
                Remedy("pass {} with these columns", future=...),
            )
        ahead = source.ahead(future, names)
    elif future is not None:
        raise unused_future(place)
    inputs = fitted.newest.inputs
    table = _table(place, fitted, source, static)
    source = source.with_columns(inputs.of_data if table is None else inputs.given)
    threads = 1  # an engine runs a part on every core
    if source.kind == "parquet":
        threads = max(1, (forecaster.n_threads or num_threads()) // worker_count(job.workers))
    empty = empty_forecast(place, source, asked)
    least = least_values(forecaster)
    part = ForecastPart(type(forecaster), content, empty, least, asked, source.names, threads, source.isa(), table)
    shown = partial(Progress, description="forecasting", enabled=bool(forecaster.progress))
    return source.map(part, empty, replace(job, about=part.described(), progress=shown), ahead)


def _table(place: str, fitted: Fitted, source: Partitioned, static: Any) -> pd.DataFrame | None:
    """Return the table of static covariates: that given, or that of the fit; None if they are columns of the data."""
    inputs, columns = fitted.newest.inputs, source.columns()
    names = sources(columns, inputs.static)
    absent = [name for name in names if name not in columns]
    if static is None and absent and fitted.static is None:
        own = list(dict.fromkeys(name.partition("=")[0] for name in names))
        raise no_columns(place, own, own)
    if static is not None:
        return checked_table(place, static, inputs.static)
    return fitted.static if absent else None


def _check_fitted(place: str, forecaster: Parameters, fitted: Fitted, asked: Asked) -> None:
    """Refuse what is refused in every part: several channels, an unknown frequency, a level that is not possible."""
    if fitted.channels is not None:
        raise UnsupportedError(f"{place}: data in parts have one value per time; this was fitted on {fitted.channels}.")
    if fitted.newest.inputs.series:
        raise in_memory_only(place, "series_covariates")
    if fitted.frequency is None and forecaster.freq == "auto":
        raise ArgumentError(
            f"{place}: this was fitted on arrays, so the distance between time stamps is not known.",
            Remedy("pass it to the Forecaster and fit again, for example {}", freq="MS"),
        )
    method, needed = fitted.method, asked.needed
    if len(method.levels_within(needed)) < len(needed):  # the error of a single series
        single, points = Panel(np.ones(2), np.array([0, 2]), "array"), np.ones((1, int(forecaster.horizon)))
        asked.around(place, method, single, points, 1)


def empty_forecast(place: str, source: Partitioned, asked: Asked) -> pd.DataFrame:
    """Return a forecast without rows: the names and dtypes of its columns.

    Raises
    ------
    DataError
        If the data have times of a type that cannot be used.
    """
    known = source.empty()
    if isinstance(known["ds"].dtype, pd.StringDtype):
        raise DataError(f"{place}: {source.names.time} must hold time stamps or integers, the data have texts.")
    numbers = {name: np.empty(0) for name in ("Elman", *(f"Elman-{name}" for name in asked.names))}
    frame = pd.DataFrame({"unique_id": known["unique_id"], "ds": time_stamps(place, known["ds"]), **numbers})
    return source.names.renamed(frame)
