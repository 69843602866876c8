"""Inputs of a forecast that can be shuffled, or replaced by their typical values: covariates and lags."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from elman.forecasting.calendar import FEATURES
from elman.forecasting.inputs import Inputs
from elman.forecasting.panel import Panel

__all__ = ["Driver", "drivers_of"]

Array = npt.NDArray[np.float64]

PAST, AHEAD, CALENDAR, STATIC, LAGS = "past", "known ahead", "calendar", "static", "lags"  # kinds


@dataclass(frozen=True)
class Driver(ABC):
    """One input.

    Parameters
    ----------
    name, kind : str
        As a table shows them.
    """

    name: str
    kind: str

    @abstractmethod
    def shuffled(self, panel: Panel, rng: np.random.Generator) -> Panel:
        """Return the panel with the input unrelated to what follows, but distributed as before."""

    @abstractmethod
    def typical(self, panel: Panel, newest: int) -> Panel:
        """Return the panel with the input at its typical value among the newest values of each series."""


@dataclass(frozen=True)
class Covariate(Driver):
    """Columns of covariates that come from one column of the data, or from the time stamps.

    Parameters
    ----------
    columns : list of int
        Positions among the covariates: several for the categories of one column.
    """

    columns: list[int]

    @property
    def ahead(self) -> bool:
        """Whether a forecast depends on its values over the horizon."""
        return self.kind == AHEAD

    def shuffled(self, panel: Panel, rng: np.random.Generator) -> Panel:
        """Shuffle it in time within each series; among the series where it never changes in time."""
        known, future = self._of(panel)
        whole = [np.concatenate(pair) for pair in zip(known, future, strict=True)]
        if _constant(whole):
            order = rng.permutation(len(whole))
            changed = [np.broadcast_to(whole[other][0], rows.shape) for other, rows in zip(order, whole, strict=True)]
        else:
            changed = [rng.permutation(rows) for rows in whole]
        return self._with(panel, changed)

    def typical(self, panel: Panel, newest: int) -> Panel:
        """Put the usual value of the past in its place: over the horizon if it is known there, else in the past."""
        known, future = self._of(panel)
        read = [rows[-newest:] for rows in known]
        among = [np.stack([rows[0] for rows in read])] * len(read) if _constant(read) else read
        changed = []
        for past, ahead, rows in zip(known, future, among, strict=True):
            usual = self._usual(rows)
            kept = past if self.ahead else np.broadcast_to(usual, past.shape)
            changed.append(np.concatenate([kept, np.broadcast_to(usual, ahead.shape)]))
        return self._with(panel, changed)

    def _usual(self, rows: Array) -> Array:
        """Return the median of a number, the most frequent category, or the mean of a feature of the calendar."""
        if self.kind == CALENDAR:
            mean: Array = rows.mean(axis=0)
            return mean
        if len(self.columns) == 1:
            median: Array = np.median(rows, axis=0)
            return median
        most_frequent: Array = rows[int(np.argmax((rows * rows.mean(axis=0)).sum(axis=1)))]
        return most_frequent

    def _of(self, panel: Panel) -> tuple[list[Array], list[Array]]:
        """Return the rows of the past, and those ahead if they are known, of each series."""
        assert panel.covariates is not None
        borders = zip(panel.offsets[:-1], panel.offsets[1:], strict=True)
        known = [panel.covariates[a:b, self.columns] for a, b in borders]
        if not self.ahead or panel.ahead is None:
            return known, [rows[:0] for rows in known]
        return known, [rows[:, self.columns] for rows in panel.ahead]

    def _with(self, panel: Panel, changed: Sequence[Array]) -> Panel:
        """Put rows of the past, and ahead, in the place of those of each series."""
        assert panel.covariates is not None
        covariates, ahead = panel.covariates.copy(), None if panel.ahead is None else panel.ahead.copy()
        for series, (start, length, rows) in enumerate(zip(panel.offsets, panel.lengths, changed, strict=False)):
            covariates[start : start + length, self.columns] = rows[:length]
            if self.ahead and ahead is not None:
                ahead[series][:, self.columns] = rows[length:]
        return replace(panel, covariates=covariates, ahead=ahead)


@dataclass(frozen=True)
class Lags(Driver):
    """The values at some lags; 1 is the newest.

    Parameters
    ----------
    nearest, farthest : int
        The lags.
    season : int
        Values per season.
    """

    nearest: int
    farthest: int
    season: int

    def shuffled(self, panel: Panel, rng: np.random.Generator) -> Panel:
        """Put values from any time of the same series in their place."""
        return self._with(panel, lambda values, places: rng.permutation(values)[: len(places)])

    def typical(self, panel: Panel, newest: int) -> Panel:
        """Put the median of the values at the same phase of the season in the place of each."""

        def usual(values: Array, places: npt.NDArray[np.int64]) -> Array:
            first = max(0, len(values) - newest)
            return np.array([self._usual(values[first:], place - first) for place in places])

        return self._with(panel, usual)

    def _usual(self, values: Array, place: int) -> Array:
        usual: Array = np.median(values[place % self.season :: self.season], axis=0)
        return usual

    def _with(self, panel: Panel, change: Callable[[Array, npt.NDArray[np.int64]], Array]) -> Panel:
        """Change the values at the lags of each series."""
        changed = panel.values.copy()
        for start, values in zip(panel.offsets, panel, strict=False):
            n = len(values)
            places = np.arange(max(0, n - self.farthest), max(0, n - self.nearest + 1))
            if len(places):
                changed[start + places] = change(values, places)
        return replace(panel, values=changed)


def drivers_of(inputs: Inputs, season: int, longest: int) -> list[Driver]:
    """List the inputs of a forecast: covariates, and the values at lags.

    Parameters
    ----------
    inputs : Inputs
        What the covariates are; ``"sky=rain"`` and ``"sky=sun"`` are one input, sky.
    season : int
        Values per season. The lags are those of the newest value, of the rest of the newest season, of the season
        before, and all others.
    longest : int
        Values of the longest series.

    Examples
    --------
    >>> inputs = Inputs(past=("heat",), ahead=("sky=rain", "sky=sun"))
    >>> [driver.name for driver in drivers_of(inputs, season=12, longest=30)]
    ['heat', 'sky', 'lag 1', 'lags 2 to 12', 'lags 13 to 24', 'lags from 25']
    """
    calendar = [name for name in inputs.calendar for _ in range(FEATURES[name].width)]
    holidays = [] if inputs.holidays is None else ["holidays"]
    kinds = {PAST: inputs.past, AHEAD: (*inputs.ahead, *holidays), CALENDAR: calendar, STATIC: inputs.static}
    places: dict[tuple[str, str], list[int]] = {}
    for place, (kind, column) in enumerate((kind, column) for kind, columns in kinds.items() for column in columns):
        places.setdefault((column.partition("=")[0], kind), []).append(place)
    covariates = [Covariate(name, kind, columns) for (name, kind), columns in places.items()]
    season = max(season, 2)
    borders = [(1, 1), (2, season), (season + 1, 2 * season), (2 * season + 1, longest)]
    lags = [Lags(_named(*border, longest), LAGS, *border, season) for border in borders if border[0] <= longest]
    return [*covariates, *lags]


def _named(nearest: int, farthest: int, longest: int) -> str:
    if farthest >= longest > nearest:
        return f"lags from {nearest}"
    return f"lag {nearest}" if nearest == farthest else f"lags {nearest} to {farthest}"


def _constant(parts: Sequence[Array]) -> bool:
    """Return whether the rows of every series are alike."""
    return all(len(rows) > 0 and bool((rows == rows[0]).all()) for rows in parts)
