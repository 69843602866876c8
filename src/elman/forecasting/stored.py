"""The series of a fit in parts that need not fit in memory together.

All parts are read once to check every value and to measure every series: its length, smallest value and scale. What the
fit then asks for is read again: the series that the random stretches of the training are drawn from.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman._words import called
from elman.data.scaling import choose_transform, outside_domain
from elman.errors import DataError, ElmanWarning, Remedy, UnsupportedError
from elman.forecasting.frames import check_values, warn_left_out
from elman.forecasting.measuring import Longest, Measurements, Reading, with_rows
from elman.forecasting.notices import notice_ended
from elman.forecasting.options import inputs_of, least_values
from elman.forecasting.panel import Panel, joined
from elman.forecasting.parameters import Parameters
from elman.forecasting.recipe import resolve_seasons
from elman.forecasting.scaling import Kind, Scaling
from elman.forecasting.static import with_categories
from elman.forecasting.store import PanelStore, Piece, rank
from elman.partitions import Partitioned
from elman.tables.frequencies import Frequency
from elman.tables.own_names import OwnNames

__all__ = ["PartStore", "in_memory_only", "open_store"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PartStore:
    """Series in parts; see `elman.forecasting.store.SeriesStore`.

    Parameters
    ----------
    origin : object
        The data as they were given.
    source : Partitioned
        Their parts, each of whole series.
    reading : Reading
        How they are read.
    ids : Index (S,)
        Names of the series, in order.
    lengths : ndarray (S,), int64
        Values of each series.
    smallest : ndarray (S,), float64
        Smallest value of each.
    scales : ndarray (S,), float64
        Mean absolute deviation of each, if the transform may divide by it.
    digests : ndarray (S,), uint32
        Checksum of each.
    incomplete : bool
        Whether any value was missing.
    sample : PanelStore
        The series to choose, tune and calibrate on.
    """

    origin: Any
    source: Partitioned
    reading: Reading
    ids: pd.Index
    lengths: Index
    smallest: Array
    scales: Array
    digests: npt.NDArray[np.uint32]
    incomplete: bool
    sample: PanelStore

    @property
    def frequency(self) -> Frequency | None:
        """Distance between time stamps."""
        return self.reading.frequency

    @property
    def static(self) -> pd.DataFrame | None:
        """Values of the static covariates, unless they are columns of the data."""
        return self.reading.static

    @property
    def columns(self) -> OwnNames | None:
        """Columns of the data, unless they have the usual names."""
        return None if self.source.names.usual else self.source.names

    @property
    def identity(self) -> tuple[Any, ...]:
        """Everything that tells these series from others, as arrays and text."""
        return rank(self.ids.tolist()), self.lengths, self.digests, str(self.frequency)

    def transform(self, asked: str) -> Kind:
        """Name the transform."""
        return choose_transform([self.smallest]) if asked == "auto" else asked

    def check(self, place: str, scaling: Scaling) -> None:
        """Refuse values outside the domain of a transform."""
        outside = outside_domain(scaling.kinds[0], self.smallest)
        if outside.any():
            rows = np.unique([np.argmax(outside), np.argmin(self.smallest)])
            pieces = [piece.panel for piece in self.pieces(rows)]
            scaling.check(place, joined(pieces))

    def holds(self, scaling: Scaling) -> bool:
        """Return whether all values lie in the domain of a transform."""
        return not outside_domain(scaling.kinds[0], self.smallest).any()

    def measured(self, scaling: Scaling) -> Array:
        """Return the scale of every series."""
        return self.scales if scaling.divides else np.ones(len(self.lengths))

    def pieces(self, rows: Index) -> Iterator[Piece]:
        """Read some series again.

        Raises
        ------
        DataError
            If they are not those of the first reading.
        """
        wanted, missing = np.zeros(len(self.lengths), dtype=bool), len(rows)
        wanted[rows] = True
        for part in self.source.parts():
            codes, names = pd.factorize(part.frame["unique_id"])
            places = self.ids.get_indexer(pd.Index(names))
            mine = (places >= 0) & wanted[places]
            if mine.any():
                piece = self._piece(part.frame[mine[codes]].reset_index(drop=True))
                missing -= len(piece.rows)
                yield piece
        if missing:
            raise self._changed()

    def _piece(self, frame: pd.DataFrame) -> Piece:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the first reading warned
            panel, _ = self.reading.panels(frame)
        assert panel.ids is not None
        rows = self.ids.get_indexer(panel.ids)
        if (panel.lengths != self.lengths[rows]).any():
            raise self._changed()
        return Piece(rows, *self.reading.filled(panel))

    def _changed(self) -> DataError:
        return DataError(f"{self.reading.place}: the data changed while they were read.")

    def newest(self, keep: int) -> Panel:
        """Return no values: they are not in memory."""
        return self.sample.panel.select([])


def open_store(
    place: str,
    parameters: Parameters,
    origin: Any,
    source: Partitioned,
    static: pd.DataFrame | None = None,
    *,
    collect: bool = False,
) -> PartStore:
    """Check and measure all series of data in parts.

    Parameters
    ----------
    place : str
        Start of a message.
    parameters : Parameters
        Of the fit, checked.
    origin : object
        The data as they were given.
    source : Partitioned
        The same, open.
    static : DataFrame, optional
        From `elman.forecasting.static_parts.table_of_fit`.
    collect : bool
        Whether series that cannot be used are left out, with one warning.

    Returns
    -------
    PartStore

    Raises
    ------
    DataError
        If a value or time stamp cannot be used; the message names its place in the data.
    UnsupportedError
        If the training needs all series in order of time, or values have weights or are censored.
    """
    for name in ("weight", "censored", "series_covariates"):
        if getattr(parameters, name) is not None:
            raise in_memory_only(place, name)
    if parameters.carry_state:
        raise UnsupportedError(
            f"{place}: carry_state=True trains on all series in order of time; pass them as a frame in memory."
        )
    inputs = inputs_of(parameters)
    if static is not None:
        inputs = with_categories(place, static, inputs)
    source = source.with_columns(inputs.of_data if static is None else inputs.given).by_series()

    def read(frequency: Frequency) -> Measurements:
        season = resolve_seasons(place, parameters.season, frequency)[0]
        least = max(2, least_values(parameters))
        reading = Reading(place, frequency, parameters.missing, inputs, least, season, collect, static)
        return Measurements.of(reading, source.parts(), parameters.transform in ("auto", "scale"))

    measured = _with_frequency(place, parameters.freq, source, read)
    reading, left_out = measured.reading, measured.left_out
    if measured.errors and not measured.kept:
        raise measured.errors[0]
    if not measured.kept:
        check_values(place, joined(left_out), reading.missing, reading.least, empty=False)
    ends = joined(measured.kept)
    if measured.errors:
        first = measured.errors[0].text.removeprefix(f"{place}: ")
        warnings.warn(
            f"{place}: {len(measured.errors)} series that cannot be used are left out, the first because of {first}",
            ElmanWarning,
            stacklevel=4,
        )
    if left_out:
        short = joined(left_out)
        warn_left_out(place, len(ends) + len(short), short, reading.least, stacklevel=4)
    order = ends.sorted_by_name()
    assert order is not None
    notice_ended(place, ends.select(order), int(parameters.horizon), reading.season)
    return _in_order(measured, order, origin, source)


def _with_frequency(
    place: str, freq: Any, source: Partitioned, read: Callable[[Frequency], Measurements]
) -> Measurements:
    """Read all parts with the frequency of the longest series, for which that of the first part is a guess."""
    guess = Longest.of(place, itertools.islice(with_rows(source.parts()), 1)).frequency(place, freq)
    try:
        measured = read(guess)
    except DataError:
        frequency = Longest.of(place, source.parts()).frequency(place, freq)
        if frequency == guess:
            raise
        return read(frequency)
    frequency = measured.longest.frequency(place, freq)
    return measured if frequency == guess else read(frequency)


def _in_order(measured: Measurements, order: Index, origin: Any, source: Partitioned) -> PartStore:
    """Put the measurements in order of the names."""
    ids = joined(measured.kept).ids
    assert ids is not None
    ids = ids[order]
    sample = measured.sample.panel()
    rows = ids.get_indexer(sample.ids)  # type: ignore[arg-type]
    by_name = np.argsort(rows)
    return PartStore(
        origin,
        source,
        measured.reading,
        ids,
        np.concatenate(measured.lengths)[order],
        np.concatenate(measured.smallest)[order],
        np.concatenate(measured.scales)[order],
        np.concatenate(measured.digests)[order],
        measured.incomplete,
        PanelStore(*measured.reading.filled(sample.select(by_name)), rows[by_name]),
    )


def in_memory_only(place: str, name: str) -> UnsupportedError:
    """Return the error for a parameter that data in parts do not serve."""
    return UnsupportedError(
        f"{place}: {called(name)} needs data in memory.", Remedy("pass them as one frame", "pass one file", frame=...)
    )
