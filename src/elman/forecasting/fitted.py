"""A fitted forecast: one frozen value, computed first and assigned once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.errors import ArgumentError, DataError, Remedy, UnsupportedError
from elman.forecasting.comparison import Comparison
from elman.forecasting.covariates import refuse_other_type
from elman.forecasting.intervals import deliver
from elman.forecasting.methods import MeanMethod, Method, NetworkMethod
from elman.forecasting.notices import notice_medians
from elman.forecasting.panel import Panel
from elman.forecasting.quantiles import Asked
from elman.forecasting.training_set import filled
from elman.tables.frequencies import Frequency, future_times
from elman.tables.own_names import OwnNames

__all__ = ["INTERRUPTED", "Fitted", "in_order"]

Array = npt.NDArray[np.float64]

INTERRUPTED = "the fit was interrupted"  # reason for the method delivered then


@dataclass(frozen=True)
class Fitted:
    """The result of a fit.

    Parameters
    ----------
    method : Method
        The delivered method.
    seasons : tuple of int
        Values per season.
    newest : Panel
        The newest values of every series, filled, as far as a forecast depends on them.
    parameters : mapping of str to Any
        Those of the fit.
    reason : str
        Reason for this method.
    comparison : Comparison or None
        The check; None where none was made, and in a forecaster that was loaded.
    columns : OwnNames or None
        Columns of the file that the data came from.
    source : object
        The data of the fit, if they are in parts; `newest` then has no series. None in a forecaster that was loaded.
    intermittent : bool
        Whether the series of the fit have many zeros. False in a forecaster that was loaded.
    static : DataFrame or None
        Static covariates of the series of `source`, if they are not columns of it.
    """

    method: Method
    seasons: tuple[int, ...]
    newest: Panel
    parameters: Mapping[str, Any]
    reason: str
    comparison: Comparison | None = None
    columns: OwnNames | None = None
    source: Any = None
    intermittent: bool = False
    static: pd.DataFrame | None = None

    @property
    def frequency(self) -> Frequency | None:
        """Distance between time stamps."""
        return self.newest.frequency

    @property
    def label(self) -> str:
        """Name of the method."""
        return self.method.label

    @property
    def channels(self) -> int | None:
        """Values per time; None for series without an axis of channels."""
        return None if self.newest.values.ndim == 1 else int(self.newest.values.shape[1])

    @property
    def network(self) -> NetworkMethod | None:
        """The window network, alone or in the mean with the prior; None where there is none."""
        method = self.method
        if isinstance(method, MeanMethod):
            return method.network
        return method if isinstance(method, NetworkMethod) else None

    def need_network(self, place: str) -> NetworkMethod:
        """Return the network, or refuse.

        Raises
        ------
        UnsupportedError
            If another method is delivered, or a mean of which the network is a part.
        """
        if not isinstance(self.method, NetworkMethod):
            raise UnsupportedError(
                f"{place}: takes a forecaster that delivers its window network, and this one delivers the "
                f"{self.label}.",
                Remedy("pass {} to the Forecaster and fit again", 'fit with the method "network"', method="network"),
            )
        return self.method

    @property
    def possible_names(self) -> tuple[OwnNames, ...]:
        """Columns that further files may have: those of the file of the fit, or the usual ones."""
        return (OwnNames(),) if self.columns is None else (self.columns, OwnNames())

    def without_series(self) -> Fitted:
        """Return the same without series, for forecasts of other data."""
        lean = replace(self, source=None, static=None)
        return replace(lean, method=self.method.without_series(), newest=self.newest.select([]))

    def need_series(self, place: str) -> Panel:
        """Return the newest values.

        Raises
        ------
        UnsupportedError
            If the series of the fit are not in memory.
        """
        if len(self.newest) == 0:
            raise UnsupportedError(
                f"{place}: fitted on data in parts, whose series are not in memory.",
                Remedy("pass series to predict with {}", data=...),
            )
        return self.newest

    def check_channels(self, place: str, panel: Panel) -> None:
        """Refuse series whose channels differ from those of the fit."""
        now = None if panel.values.ndim == 1 else panel.values.shape[1]
        if now != self.channels:
            was, got = ("(n,)" if count is None else f"(n, {count})" for count in (self.channels, now))
            raise DataError(f"{place}: fitted on series of shape {was}, got shape {got}.")

    def updated(self, place: str, new: Panel, missing: str, n_threads: int) -> Fitted:
        """Take in new values of known series."""
        new = in_order(place, self.newest, new)
        longer, _ = filled(self.newest.appended(new), missing, self.seasons[0])
        method = self.method.advanced(place, self.newest, longer, new.lengths, n_threads)
        return replace(self, method=method, newest=method.kept(longer), comparison=self.comparison)

    def delivered(self, place: str, newest: Panel, asked: Asked, n_threads: int) -> Any:
        """Forecast from the newest values in the form of the data, with the intervals and quantiles asked for."""
        forecasts, edges = asked.outlook(place, self.method, newest, n_threads)
        notice_medians(place, newest, self.method, self.parameters, forecasts)
        return deliver(newest, forecasts, edges) if asked else newest.deliver(forecasts)

    def in_order(self, rows: npt.NDArray[np.int64]) -> Fitted:
        """Return the same with the series in another order; ``rows`` (S,) are their present positions."""
        comparison = None if self.comparison is None else self.comparison.in_order(rows)
        return replace(self, method=self.method.in_order(rows), newest=self.newest.select(rows), comparison=comparison)


def in_order(place: str, known: Panel, new: Panel) -> Panel:
    """Sort new series like the known ones, and check that each continues its series."""
    if (new.ids is None) != (known.ids is None):
        raise ArgumentError(f"{place}: new rows must come in the form of the data of fit, {known.kind}.")
    if known.ids is None or new.ids is None:
        if len(new) != len(known):
            raise DataError(
                f"{place}: fitted on {len(known)} series, got {len(new)}; pass an empty array for "
                "a series without new values."
            )
        return new
    rows = known.ids.get_indexer(new.ids)
    if (rows < 0).any():
        refuse_other_type(place, new.ids[rows < 0].tolist()[0], known.ids)
        raise DataError(f"{place}: {new.name(int(np.argmax(rows < 0)))} is new; fit again to learn it.")
    assert known.times is not None and new.times is not None
    expected = future_times(known.times[known.offsets[1:] - 1], known.frequency, 1)[rows]
    first = new.times[new.offsets[:-1]]
    if len(wrong := np.flatnonzero(first != expected)):
        s = int(wrong[0])
        raise DataError(f"{place}: {new.name(s)} goes on at {expected[s]}, but the first new row is at {first[s]}.")
    lengths = np.zeros(len(known), dtype=np.int64)
    lengths[rows] = new.lengths
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    order = np.concatenate([np.arange(new.offsets[s], new.offsets[s + 1]) for s in np.argsort(rows)])
    return replace(new.take(order, offsets), ids=known.ids)
