"""The series that a fit reads: in memory, or in parts that do not fit in memory together.

A fit never reads all series at once. It chooses, tunes and calibrates on a **sample** of at most 2,000 series, and the
window network is trained on the series that its random stretches are drawn from. Which series these are follows from
names and lengths alone, so a fit from parts has the bits of one in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.data.scaling import choose_transform
from elman.forecasting.panel import Panel
from elman.forecasting.scaling import Kind, Scaling
from elman.forecasting.training_set import filled
from elman.tables.frequencies import Frequency
from elman.tables.own_names import OwnNames

__all__ = ["MOST_SAMPLED", "PanelStore", "Piece", "SeriesStore", "rank", "sampled"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

MOST_SAMPLED = 2000  # series to choose, tune and calibrate on; more would hardly change a mean or a quantile
_AT_ONCE = 1000  # series of a piece


class Piece(NamedTuple):
    """Some series, whole.

    Parameters
    ----------
    rows : ndarray (n,), int64
        Their positions in the store.
    panel : Panel
        Their values, filled.
    unknown : ndarray, bool
        Values that were missing.
    """

    rows: Index
    panel: Panel
    unknown: npt.NDArray[np.bool_]


class SeriesStore(Protocol):
    """Series in order of their names."""

    @property
    def lengths(self) -> Index:
        """Values of each series (S,)."""

    @property
    def ids(self) -> pd.Index | None:
        """Names of the series; None for lists and arrays."""

    @property
    def frequency(self) -> Frequency | None:
        """Distance between time stamps."""

    @property
    def incomplete(self) -> bool:
        """Whether any value was missing."""

    @property
    def origin(self) -> Any:
        """The data as they were given, if they are not in memory; else None."""

    @property
    def columns(self) -> OwnNames | None:
        """Columns of these data, unless they have the usual names."""

    @property
    def static(self) -> pd.DataFrame | None:
        """Values of the static covariates by series, if the data are not in memory and do not hold them."""

    @property
    def sample(self) -> PanelStore:
        """The series to choose, tune and calibrate on: all of them, or `MOST_SAMPLED`."""

    def transform(self, asked: str) -> Kind:
        """Name the transform, or that of every channel, for the values of all series."""

    def check(self, place: str, scaling: Scaling) -> None:
        """Refuse values outside the domain of a transform."""

    def holds(self, scaling: Scaling) -> bool:
        """Return whether all values lie in the domain of a transform."""

    def measured(self, scaling: Scaling) -> Array:
        """Measure the scale of every series (S,), or (S, D) of its channels; ones unless the transform divides."""

    def pieces(self, rows: Index) -> Iterator[Piece]:
        """Read some series, a few at a time, each once; ``rows`` are their positions, in order."""

    def newest(self, keep: int) -> Panel:
        """Return the newest values that a forecast without data continues; none where they are not in memory."""


@dataclass(frozen=True)
class PanelStore:
    """Series in memory.

    Parameters
    ----------
    panel : Panel
        Filled.
    unknown : ndarray, bool
        Values that were missing, in the shape of the values.
    rows : ndarray (S,), int64, optional
        Of a sample: positions in the store it was taken from.

    Examples
    --------
    >>> store = PanelStore.of(Panel(np.array([1.0, np.nan, 3.0]), np.array([0, 3]), "array"), "interpolate", 1)
    >>> store.panel.values.tolist(), store.raw.values.tolist()
    ([1.0, 2.0, 3.0], [1.0, nan, 3.0])
    """

    origin: ClassVar[None] = None
    columns: ClassVar[None] = None
    static: ClassVar[None] = None

    panel: Panel
    unknown: npt.NDArray[np.bool_]
    rows: Index = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, panel: Panel, missing: str, season: int) -> PanelStore:
        """Fill a panel in order of names."""
        return cls(*filled(panel, missing, season), np.arange(len(panel)))

    @property
    def lengths(self) -> Index:
        """Values of each series (S,)."""
        return self.panel.lengths

    @property
    def ids(self) -> pd.Index | None:
        """Names of the series."""
        return self.panel.ids

    @property
    def frequency(self) -> Frequency | None:
        """Distance between time stamps."""
        return self.panel.frequency

    @cached_property
    def incomplete(self) -> bool:
        """Whether any value was missing."""
        return bool(self.unknown.any())

    @property
    def raw(self) -> Panel:
        """The panel with NaN where a value was missing."""
        if not self.incomplete:
            return self.panel
        return replace(self.panel, values=np.where(self.unknown, np.nan, self.panel.values))

    @cached_property
    def sample(self) -> PanelStore:
        """At most `MOST_SAMPLED` of the series."""
        if len(self.panel) <= MOST_SAMPLED:
            return self
        rows = sampled(self.panel)
        part = self._piece(rows)
        return PanelStore(part.panel, part.unknown, rows)

    def transform(self, asked: str) -> Kind:
        """Name the transform, or that of every channel."""
        values = self.panel.values
        columns = values.reshape(len(values), -1).T
        kinds = [choose_transform([column]) if asked == "auto" else asked for column in columns]
        return kinds[0] if values.ndim == 1 else tuple(kinds)

    def check(self, place: str, scaling: Scaling) -> None:
        """Refuse values outside the domain of a transform."""
        scaling.check(place, self.panel)

    def holds(self, scaling: Scaling) -> bool:
        """Return whether all values lie in the domain of a transform."""
        return scaling.holds(self.panel)

    def measured(self, scaling: Scaling) -> Array:
        """Measure the scale of every series."""
        return scaling.measured(self.panel)

    def pieces(self, rows: Index) -> Iterator[Piece]:
        """Copy some series, a few at a time."""
        for start in range(0, len(rows), _AT_ONCE):
            yield self._piece(rows[start : start + _AT_ONCE])

    def _piece(self, rows: Index) -> Piece:
        if len(rows) == len(self.panel):
            return Piece(rows, self.panel, self.unknown)
        own = self.panel.positions(rows)
        return Piece(rows, self.panel.select(rows), self.unknown[own])

    def newest(self, keep: int) -> Panel:
        """Return at most the newest ``keep`` values of every series."""
        return self.panel.tail(keep)


def sampled(panel: Panel) -> Index:
    """Choose `MOST_SAMPLED` series of a panel by their `rank`, in order of position."""
    names = range(len(panel)) if panel.ids is None else panel.ids.tolist()
    return np.sort(np.argsort(rank(names), kind="stable")[:MOST_SAMPLED])


def rank(names: Sequence[Any]) -> npt.NDArray[np.uint64]:
    """Draw a number for each name, the same in every run: series of the lowest numbers make the sample.

    References
    ----------
    Aumasson, Neves, Wilcox-O'Hearn & Winnerlein (2013), BLAKE2: simpler, smaller, fast as MD5. ACNS.

    Examples
    --------
    >>> bool(rank(["tea", "milk"])[0] == rank(["sugar", "tea"])[1])
    True
    """
    digests = b"".join(blake2b(repr(name).encode(), digest_size=8, key=b"elman.sample").digest() for name in names)
    return np.frombuffer(digests, dtype="<u8")
