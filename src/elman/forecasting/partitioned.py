"""Forecasts of data in parts: what every part of it is put through, in any process of any computer."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, Protocol

import numpy as np
import pandas as pd

from elman.errors import ElmanWarning
from elman.persistence import parse_arrays
from elman.tables.own_names import OwnNames

__all__ = ["ForecastPart", "Loads"]


class Loads(Protocol):
    """A class that rebuilds a model from the contents of its file."""

    @classmethod
    def from_arrays(cls, arrays: Any, metadata: Any) -> Any:
        """Rebuild a model."""


@dataclass(frozen=True)
class ForecastPart:
    """The forecast of whole series, made by the code that forecasts a frame in memory.

    A process rebuilds the model once, however many parts it is given. A series' forecast does not depend on the other
    series of its part.

    Parameters
    ----------
    estimator : type
        `elman.Forecaster`.
    model : bytes
        The content of its file.
    least : int
        Values that a series needs; shorter ones are left out with a warning.
    levels : tuple of float
        Percentages of intervals; empty for none.
    names : OwnNames
        Columns of the result.
    n_threads : int
        Threads of the kernels.

    Examples
    --------
    >>> from elman import Forecaster
    >>> from elman.persistence import dump_arrays
    >>> frame = pd.DataFrame({"unique_id": "tea", "ds": range(12), "y": [1.0, 2.0, 3.0] * 4})
    >>> model = Forecaster(3, season=3, method="seasonal naive").fit(frame)
    >>> part = ForecastPart(Forecaster, dump_arrays(*model.to_arrays()))
    >>> part(frame)["Elman"].tolist()
    [1.0, 2.0, 3.0]
    """

    estimator: type[Loads]
    model: bytes
    least: int = 1
    levels: tuple[float, ...] = ()
    names: OwnNames = field(default_factory=OwnNames)
    n_threads: int = 1

    @property
    def digest(self) -> str:
        """SHA-256 of the model."""
        return sha256(self.model).hexdigest()

    def __call__(self, frame: pd.DataFrame, future: pd.DataFrame | None = None) -> pd.DataFrame:
        """Forecast a frame of whole series, with the covariates known ahead if the model has any.

        Raises
        ------
        DataError
            If a value or time stamp cannot be used.
        """
        model = _model(self.estimator, self.model, self.n_threads)
        frame = self._without_short(frame)
        forecast: pd.DataFrame = model.predict(frame, level=list(self.levels) or None, future=future)
        return self.names.renamed(forecast)

    def _without_short(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Leave out series with too few values, unless all have too few; the forecaster then refuses them."""
        codes, ids = pd.factorize(frame["unique_id"])
        few = np.bincount(codes, minlength=len(ids)) < self.least
        if not few.any() or few.all():
            return frame
        first = ", ".join(map(repr, pd.Index(ids)[few][:5].tolist()))
        warnings.warn(
            f"{few.sum()} of {len(ids)} series left out, at least {self.least} values of each are needed: {first}.",
            ElmanWarning,
            stacklevel=3,
        )
        return frame[~few[codes]].reset_index(drop=True)


@lru_cache(maxsize=2)
def _model(estimator: type[Loads], content: bytes, n_threads: int) -> Any:
    model = estimator.from_arrays(*parse_arrays(content))
    model.set_params(n_threads=n_threads, progress=False)
    return model
