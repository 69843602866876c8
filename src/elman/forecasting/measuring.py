"""One pass over data in parts: every value checked, every series measured, a sample kept."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Self
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.data.scaling import series_scale
from elman.errors import DataError, UnsupportedError
from elman.forecasting.frames import check_values, frequency_of, read_frame
from elman.forecasting.inputs import Inputs
from elman.forecasting.panel import Panel, joined, longest, name_key
from elman.forecasting.store import MOST_SAMPLED, rank
from elman.forecasting.training_set import filled
from elman.partitions import Part
from elman.partitions.faults import located, separated
from elman.tables.frame_columns import time_stamps
from elman.tables.frequencies import Frequency

__all__ = ["Longest", "Measurements", "Reading", "Sample", "with_rows"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reading:
    """How a part becomes a panel.

    Parameters
    ----------
    place : str
        Start of a message.
    frequency : DateOffset, int or str
        Distance between time stamps.
    missing : str
        Treatment of missing values.
    inputs : Inputs
        Further columns.
    least : int
        Values that a series needs; shorter ones are left out.
    season : int
        Values per season, for filling.
    collect : bool
        Whether series that cannot be used are left out, too.
    static : DataFrame, optional
        Values of the static covariates, with a row per series.
    """

    place: str
    frequency: Frequency
    missing: str
    inputs: Inputs
    least: int
    season: int
    collect: bool = False
    static: pd.DataFrame | None = None

    def panels(self, frame: pd.DataFrame) -> tuple[Panel, Panel]:
        """Check a frame; return its series, and those that are left out."""
        panel = read_frame(self.place, frame, self.frequency, self.missing, self.inputs, self.static)
        if panel.inputs.static != self.inputs.static:
            listed = ", ".join(f'"{name}"' for name in panel.inputs.static)
            raise UnsupportedError(f"{self.place}: of data in parts, name each category: static_covariates=[{listed}].")
        enough = panel.lengths >= self.least
        kept, short = panel.select(np.flatnonzero(enough)), panel.select(np.flatnonzero(~enough))
        if len(kept):
            check_values(self.place, kept, self.missing, self.least, empty=False)
        return kept, short

    def of_part(self, part: Part) -> tuple[Panel | None, Panel | None, list[DataError]]:
        """Check a part; an error names the place of the row that is wrong.

        Returns
        -------
        kept, short : Panel or None
            As from `panels`; None if no series can be used.
        errors : list of DataError
            One for every series that is left out because it cannot be used.
        """
        every = replace(self, least=1)  # a wrong first value is found in the first row

        def check(frame: pd.DataFrame) -> pd.DataFrame:
            every.panels(frame)
            return frame

        try:
            return *self.panels(part.frame), []
        except DataError as error:
            good, faults = separated(check, part.frame)
            if not faults:
                raise
            faults.sort(key=lambda fault: fault.row)
            errors = [located(fault.error, part.place(fault.row)) for fault in faults]
            if not self.collect:
                raise errors[0] from error
        kept, short = self.panels(pd.concat(good, ignore_index=True)) if good else (None, None)
        return kept, short, errors

    def filled(self, panel: Panel) -> tuple[Panel, npt.NDArray[np.bool_]]:
        """Fill missing values."""
        return filled(panel, self.missing, self.season)


def with_rows(parts: Iterable[Part]) -> Iterator[Part]:
    """Leave out the parts without rows, which engines for clusters may have."""
    return (part for part in parts if len(part.frame))


@dataclass
class Longest:
    """The longest series of the parts seen so far; of equals, the first by name.

    Parameters
    ----------
    rows : DataFrame or None
        Its columns ``unique_id`` and ``ds``.

    Examples
    --------
    >>> frame = pd.DataFrame({"unique_id": ["a", "b", "b", "b"], "ds": pd.date_range("2024-01-01", periods=4)})
    >>> Longest.of("example", [Part(0, frame, str)]).frequency("example", "auto")
    <Day>
    """

    rows: pd.DataFrame | None = None

    @classmethod
    def of(cls, place: str, parts: Iterable[Part]) -> Self:
        """Look through parts.

        Raises
        ------
        DataError
            If none has a row.
        """
        found = cls()
        for part in with_rows(parts):
            found.add(part.frame)
        if found.rows is None:
            raise DataError(f"{place}: there are no rows.")
        return found

    def add(self, frame: pd.DataFrame) -> None:
        """Look through a further part."""
        codes, names = pd.factorize(frame["unique_id"])
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        series = longest(counts, names)
        if self.rows is not None:
            before, now = len(self.rows), int(counts[series])
            name = self.rows["unique_id"].tolist()[0]
            if now < before or (now == before and name_key(name) <= name_key(pd.Index(names).tolist()[series])):
                return
        self.rows = frame.loc[codes == series, ["unique_id", "ds"]]

    def frequency(self, place: str, freq: Any) -> Frequency:
        """Infer its frequency, or check that a given one goes with its times; for errors see `read_panel`."""
        assert self.rows is not None
        times = time_stamps(place, self.rows["ds"].dropna()).unique().sort_values()
        values, ids = np.zeros(len(times)), pd.Index(self.rows["unique_id"].iloc[:1])
        return frequency_of(place, Panel(values, np.array([0, len(times)]), "pandas", ids, times), freq)


@dataclass
class Sample:
    """The series of the lowest `rank` of those seen so far.

    Parameters
    ----------
    panels : list of Panel
        Candidates.
    ranks : list of ndarray
        Their ranks.
    """

    panels: list[Panel] = field(default_factory=list)
    ranks: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    _highest: Any = None  # rank beyond which a series cannot be in the sample

    def add(self, panel: Panel) -> None:
        """Keep the candidates of a further part."""
        assert panel.ids is not None
        ranks = rank(panel.ids.tolist())
        near = np.arange(len(panel)) if self._highest is None else np.flatnonzero(ranks < self._highest)
        self.panels.append(panel.select(near))
        self.ranks.append(ranks[near])
        if sum(map(len, self.ranks)) > 2 * MOST_SAMPLED:
            self._reduce()

    def _reduce(self) -> None:
        ranks = np.concatenate(self.ranks)
        lowest = np.sort(np.argsort(ranks, kind="stable")[:MOST_SAMPLED])
        self.panels, self.ranks = [joined(self.panels).select(lowest)], [ranks[lowest]]
        self._highest = self.ranks[0].max() if len(lowest) == MOST_SAMPLED else None

    def panel(self) -> Panel:
        """Return the sample."""
        self._reduce()
        return self.panels[0]


@dataclass
class Measurements:
    """Measurements of the series, part after part.

    Parameters
    ----------
    reading : Reading
        How parts are read.
    scaled : bool
        Whether to measure scales.
    kept, left_out : list of Panel
        Of every series its newest value; the series that are too short, and left out.
    lengths, smallest, scales, digests : list of ndarray
        Values of each series, the smallest, the mean absolute deviation, a checksum.
    incomplete : bool
        Whether a value is missing.
    longest : Longest
        The longest series.
    errors : list of DataError
        Of the series that are left out because they cannot be used.
    sample : Sample
        The series to choose, tune and calibrate on.
    """

    reading: Reading
    scaled: bool
    kept: list[Panel] = field(default_factory=list)
    left_out: list[Panel] = field(default_factory=list)
    lengths: list[Index] = field(default_factory=list)
    smallest: list[Array] = field(default_factory=list)
    scales: list[Array] = field(default_factory=list)
    digests: list[npt.NDArray[np.uint32]] = field(default_factory=list)
    incomplete: bool = False
    longest: Longest = field(default_factory=Longest)
    errors: list[DataError] = field(default_factory=list)
    sample: Sample = field(default_factory=Sample)

    @classmethod
    def of(cls, reading: Reading, parts: Iterable[Part], scaled: bool) -> Self:
        """Measure all parts; a warning that several give is given once."""
        found = cls(reading, scaled)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for part in with_rows(parts):
                found.longest.add(part.frame)
                kept, short, errors = reading.of_part(part)
                found.errors += errors
                if kept is not None and short is not None:
                    found.add(kept, short)
        for warning in {str(each.message): each for each in caught}.values():
            warnings.warn(warning.message, stacklevel=6)
        return found

    def add(self, panel: Panel, short: Panel) -> None:
        """Measure a part."""
        if len(short):
            self.left_out.append(replace(short, covariates=None))
        if len(panel) == 0:
            return
        whole, unknown = self.reading.filled(panel)
        self.kept.append(replace(panel.tail(1), covariates=None))
        self.lengths.append(panel.lengths)
        self.smallest.append(np.minimum.reduceat(whole.values, whole.offsets[:-1]))
        self.scales.append(np.array([series_scale(values) for values in whole]) if self.scaled else np.ones(len(panel)))
        self.digests.append(_checksums(panel))
        self.incomplete |= bool(unknown.any())
        self.sample.add(panel)


def _checksums(panel: Panel) -> npt.NDArray[np.uint32]:
    """Return a checksum of the values and the covariates of each series."""
    borders = list(zip(panel.offsets[:-1].tolist(), panel.offsets[1:].tolist(), strict=True))
    sums = [crc32(panel.values[start:stop].data) for start, stop in borders]
    if panel.covariates is not None:
        sums = [crc32(panel.covariates[a:b].data, before) for before, (a, b) in zip(sums, borders, strict=True)]
    return np.array(sums, dtype=np.uint32)
