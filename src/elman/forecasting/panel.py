"""The panel: a validated set of series, on which all parts of forecasting work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.forecasting.inputs import Inputs
from elman.tables.frequencies import Frequency, Times, future_times

__all__ = ["LARGEST", "Panel", "joined", "longest", "name_key", "names_of", "spanned"]

Array = npt.NDArray[np.float64]

LARGEST = float(np.finfo(np.float32).max)  # a value's size at most: networks compute in float32


@dataclass(frozen=True)
class Panel:
    """Series of unequal lengths, end to end in one array, with their names and time stamps.

    Parameters
    ----------
    values : ndarray (total,) or (total, D), float64
        Series after series; NaN where a value is missing. The second form has D channels per time.
    offsets : ndarray (S+1,), int64
        Series s is ``values[offsets[s] : offsets[s+1]]``.
    kind : str
        Form of the caller's data and of the results: ``"array"``, ``"list"``, ``"pandas"`` or ``"polars"``.
    ids : Index (S,), optional
        Names of the series (frames only).
    times : Index (total,), optional
        Time stamp of each value (frames only).
    frequency : DateOffset or int, optional
        Distance between time stamps (frames only).
    covariates : ndarray (total, C), optional
        Further columns at the same times, none missing.
    ahead : ndarray (S, k, C), optional
        The covariates of the k steps after each series' newest value, NaN where unknown.
    weight : ndarray (total,), optional
        Weight of each value in training; 0: it is neither learned nor scored.
    inputs : Inputs
        What the covariates are.
    masked : ndarray (total,) or (total, D), bool, optional
        With ``missing="mask"``: which values are filled.

    Examples
    --------
    >>> panel = Panel(np.array([1.0, 2.0, 3.0]), np.array([0, 2, 3]), "list")
    >>> [series.tolist() for series in panel]
    [[1.0, 2.0], [3.0]]
    """

    values: Array
    offsets: npt.NDArray[np.int64]
    kind: str
    ids: pd.Index | None = None
    times: Times | None = None
    frequency: Frequency | None = None
    covariates: Array | None = None
    ahead: Array | None = None
    weight: Array | None = None
    inputs: Inputs = field(default_factory=Inputs)
    masked: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Count the series."""
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Array]:
        """Go through the series' values."""
        for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield self.values[start:stop]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Values of each series (S,)."""
        return np.diff(self.offsets)

    @property
    def scored(self) -> Array:
        """The values, NaN where the weight is 0."""
        if self.weight is None:
            return self.values
        return np.where(self.weight > 0, self.values.T, np.nan).T

    @property
    def unmasked(self) -> Panel:
        """The same with NaN where a value is masked."""
        if self.masked is None:
            return self
        return replace(self, values=np.where(self.masked, np.nan, self.values), masked=None)

    def name(self, series: int) -> str:
        """Name one series in a message."""
        return f"series {series}" if self.ids is None else f"series {self.ids[series : series + 1].tolist()[0]!r}"

    def place(self, index: int) -> str:
        """Name one value in a message: its series and time stamp, or its position."""
        series = int(np.searchsorted(self.offsets, index, side="right")) - 1
        position = index - int(self.offsets[series])
        if self.times is not None:
            return f"in {self.name(series)} at {self.times[index]}"
        return f"at position {position}" if self.kind == "array" else f"in {self.name(series)} at position {position}"

    def take(self, rows: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]) -> Panel:
        """Keep some values; ``rows`` are positions in `values`, ``offsets`` the new borders of all series."""
        times = None if self.times is None else self.times[rows]
        covariates = None if self.covariates is None else self.covariates[rows]
        weight = None if self.weight is None else self.weight[rows]
        masked = None if self.masked is None else self.masked[rows]
        own: dict[str, Any] = {"times": times, "covariates": covariates, "weight": weight, "masked": masked}
        return replace(self, values=self.values[rows], offsets=offsets, **own)

    def head(self, drop: int) -> Panel:
        """Leave out the newest ``drop`` values of every series; their covariates remain as those of the steps ahead."""
        shorter = self._slice(self.offsets[:-1], self.offsets[1:] - drop)
        if self.covariates is None:
            return shorter
        rows = np.maximum(self.offsets[1:, None] - drop + np.arange(drop), self.offsets[:-1, None])
        return replace(shorter, ahead=self.covariates[rows])

    def tail(self, keep: int) -> Panel:
        """Keep at most the newest ``keep`` values of every series."""
        return self._slice(np.maximum(self.offsets[:-1], self.offsets[1:] - keep), self.offsets[1:])

    def extended(self, values: Array) -> Panel:
        """Append values (S, k) and their covariates to every series; time stamps are dropped."""
        added = values.shape[1]
        offsets = self.offsets + np.arange(len(self.offsets)) * added
        longer = np.concatenate([part for pair in zip(self, values, strict=True) for part in pair])
        covariates, ahead, masked = self.covariates, self.ahead, self.masked
        if masked is not None:
            known, pairs = np.zeros(values.shape[1:], dtype=bool), zip(self.offsets[:-1], self.offsets[1:], strict=True)
            masked = np.concatenate([part for a, b in pairs for part in (masked[a:b], known)])
        if covariates is not None and ahead is not None:
            borders = zip(self.offsets[:-1], self.offsets[1:], ahead, strict=True)
            covariates = np.concatenate([part for a, b, new in borders for part in (covariates[a:b], new[:added])])
            ahead = ahead[:, added:]
        own: dict[str, Any] = {"times": None, "covariates": covariates, "ahead": ahead, "weight": None}
        return replace(self, values=longer, offsets=offsets, masked=masked, **own)

    def appended(self, new: Panel) -> Panel:
        """Append the values of another panel to the same series, with time stamps and covariates."""
        rows = [np.arange(a, b) for a, b in zip(self.offsets[:-1], self.offsets[1:], strict=True)]
        shift = len(self.values)
        behind = [shift + np.arange(a, b) for a, b in zip(new.offsets[:-1], new.offsets[1:], strict=True)]
        both = replace(
            self,
            values=np.concatenate([self.values, new.values]),
            times=None if self.times is None or new.times is None else self.times.append(new.times),
            covariates=None
            if self.covariates is None or new.covariates is None
            else np.concatenate([self.covariates, new.covariates]),
            ahead=None,
            weight=None,
            masked=None if self.masked is None else np.concatenate([self.masked, np.isnan(new.values)]),
        )
        order = np.concatenate([part for pair in zip(rows, behind, strict=True) for part in pair])
        return both.take(order, self.offsets + new.offsets)

    def select(self, series: Sequence[int] | npt.NDArray[np.int64]) -> Panel:
        """Keep some series, in the order given."""
        chosen = np.asarray(series, dtype=np.int64)
        panel = self if self.ids is None else replace(self, ids=self.ids[chosen])
        if self.ahead is not None:
            panel = replace(panel, ahead=self.ahead[chosen])
        return panel._slice(self.offsets[:-1][chosen], self.offsets[1:][chosen])

    def sorted_by_name(self) -> npt.NDArray[np.int64] | None:
        """Return the order (S,) that `select` takes to sort the series by name; None without names.

        Examples
        --------
        >>> Panel(np.arange(3.0), np.arange(4), "pandas", pd.Index(["b", "a", "c"])).sorted_by_name()
        array([1, 0, 2])
        """
        if self.ids is None:
            return None
        keys = [name_key(name) for name in self.ids.tolist()]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)

    def positions(self, series: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the positions in `values` of some series, one after another."""
        return spanned(self.offsets[:-1][series], self.offsets[1:][series])

    def _slice(self, starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> Panel:
        stops = np.maximum(starts, stops)
        offsets = np.concatenate([[0], np.cumsum(stops - starts)]).astype(np.int64)
        return self.take(spanned(starts, stops), offsets)

    def future(self, horizon: int) -> Times | None:
        """Continue the time stamps of every series (S * horizon,), series after series; None without time stamps."""
        if self.times is None:
            return None
        return future_times(self.times[self.offsets[1:] - 1], self.frequency, horizon)

    def long_frame(self, columns: dict[str, Any], times: Times, repeats: int | npt.NDArray[np.int64]) -> pd.DataFrame:
        """Build a long frame: ``unique_id`` repeated, ``ds`` and further columns."""
        if self.ids is None:
            raise AssertionError("only a panel with names has a long frame")
        return pd.DataFrame({"unique_id": self.ids.repeat(repeats), "ds": times, **columns})

    def deliver(self, forecasts: Array, column: str = "Elman") -> Any:
        """Return forecasts (S, K) in the form of the data: an array (K,), a list of arrays or a long frame.

        Forecasts of D channels (S, K, D) become arrays (K, D).
        """
        if self.kind == "array":
            return forecasts[0].copy()
        if self.kind == "list":
            return [row.copy() for row in forecasts]
        horizon = forecasts.shape[1]
        times = self.future(horizon)
        if times is None:
            raise AssertionError("a panel of a frame has time stamps")
        return self.native(self.long_frame({column: forecasts.ravel()}, times, horizon))

    def native(self, frame: pd.DataFrame) -> Any:
        """Convert a pandas frame to the library of the data."""
        if self.kind != "polars":
            return frame
        import polars as pl

        columns: dict[str, Any] = {}
        for name in frame.columns:
            column = frame[name]
            if isinstance(column.dtype, pd.DatetimeTZDtype):
                zone = str(column.dt.tz)
                utc = pl.Series(column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
                columns[name] = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
            else:
                columns[name] = (
                    column.to_list()
                    if column.dtype == object or isinstance(column.dtype, pd.StringDtype)
                    else column.to_numpy()
                )
        return pl.DataFrame(columns)


def name_key(name: Any) -> tuple[int, int, str]:
    """Return the sort key of a name: integers first, by size.

    Examples
    --------
    >>> sorted(["b", 10, "a", 2], key=name_key)
    [2, 10, 'a', 'b']
    """
    return (0, name, "") if type(name) is int else (1, 0, repr(name))


def longest(lengths: npt.NDArray[np.int64], ids: Any) -> int:
    """Return the position of the longest series; of equals, of the first by name, whatever the order of the rows.

    Examples
    --------
    >>> longest(np.array([3, 5, 5]), ["tea", "rum", "milk"])
    2
    """
    most = np.flatnonzero(lengths == lengths.max())
    keys = [name_key(name) for name in pd.Index(ids)[most].tolist()]
    return int(most[min(range(len(keys)), key=keys.__getitem__)])


def joined(panels: Sequence[Panel]) -> Panel:
    """Put the series of several panels of frames into one.

    Examples
    --------
    >>> one = Panel(np.array([1.0, 2.0]), np.array([0, 2]), "pandas", pd.Index(["tea"]), pd.Index([1, 2]), 1)
    >>> joined([one, one]).values.tolist()
    [1.0, 2.0, 1.0, 2.0]
    """
    first, offsets = panels[0], np.concatenate([[0], *(panel.lengths for panel in panels)]).cumsum()
    every: dict[str, list[Any]] = {
        name: [getattr(panel, name) for panel in panels] for name in ("values", "ids", "times", "covariates")
    }
    covariates = None if first.covariates is None else np.concatenate(every["covariates"])
    ids, times = (every[name][0].append(every[name][1:]) for name in ("ids", "times"))
    return replace(
        first, values=np.concatenate(every["values"]), offsets=offsets, ids=ids, times=times, covariates=covariates
    )


def spanned(starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """List the positions ``starts[i] … stops[i] - 1``, for one i after another.

    Examples
    --------
    >>> spanned(np.array([5, 0]), np.array([8, 2])).tolist()
    [5, 6, 7, 0, 1]
    """
    sizes = stops - starts
    shift = starts - np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    return np.arange(int(sizes.sum())) + np.repeat(shift, sizes)


def names_of(panel: Panel, some: Sequence[int] | npt.NDArray[np.int64], most: int = 5) -> str:
    """List the names of some series; of many, the first few.

    Examples
    --------
    >>> panel = Panel(np.arange(4.0), np.arange(5), "pandas", pd.Index(["a", "b", "c", "d"]))
    >>> names_of(panel, [0, 2, 3], most=2)
    "'a', 'c', …"
    """
    names = [panel.name(int(series)).removeprefix("series ") for series in some[:most]]
    return ", ".join(names + ["…"] * (len(some) > most))
