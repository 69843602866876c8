"""What a worker of an engine does with one part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman._words import Words, in_use, speaking
from elman.partitions.faults import separated

__all__ = ["ERROR", "Function", "Task", "hashes_of", "sorted_rows"]

ERROR = "error"  # column of messages

Function = Callable[..., pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Task:
    """A function with all that a worker needs to apply it.

    Parameters
    ----------
    function : callable
        See `elman.partitions.Partitioned.map`.
    empty : DataFrame
        A result without rows; its first column has the ids.
    usual : mapping of str to str
        Columns of the data to the names that parts have.
    moved : bool
        Whether the engine has moved the rows; they are then sorted by series and time, else left as they are.
    collect : bool
        Whether a series that is refused becomes a row with a message in the column ``error``, instead of an error.
    about : mapping of str to plain values
        Kept as ``attrs["elman"]`` of the result.
    future : DataFrame, optional
        Further rows of all series, given to the function with those of the part.
    words : Words or None
        Words of the command that runs, for the messages.

    Examples
    --------
    >>> def last(frame): return frame.groupby("unique_id", as_index=False)["y"].last()
    >>> empty = pd.DataFrame({"unique_id": pd.Series(dtype="int64"), "y": pd.Series(dtype="float64")})
    >>> Task(last, empty, {"shop": "unique_id"})(pd.DataFrame({"shop": [7, 7], "ds": [1, 2], "y": [3.0, 4.0]}))
       unique_id    y
    0          7  4.0
    """

    function: Function
    empty: pd.DataFrame
    usual: Mapping[str, str]
    moved: bool = False
    collect: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)
    future: pd.DataFrame | None = None
    words: Words | None = field(default_factory=in_use)

    @property
    def result(self) -> pd.DataFrame:
        """A result without rows."""
        return self.empty.assign(**{ERROR: pd.Series(dtype=str)}) if self.collect else self.empty

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Apply the function to one part."""
        if len(frame) == 0:
            return self.result
        frame = frame.rename(columns=self.usual).reset_index(drop=True)
        if self.moved:
            frame = sorted_rows(frame)
        with speaking(self.words):
            result = self._collected(frame) if self.collect else self._applied(frame)
        result.attrs = {"elman": dict(self.about)}
        return result

    def _applied(self, frame: pd.DataFrame) -> pd.DataFrame:
        if self.future is None:
            return self.function(frame)
        return self.function(frame, future=self.future[self.future["unique_id"].isin(frame["unique_id"].unique())])

    def _collected(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the results of the series that are accepted, and a row for each of the others."""
        results, faults = separated(self._applied, frame)
        good = [result.assign(**{ERROR: pd.Series([None] * len(result), dtype=str)}) for result in results]
        ids = frame["unique_id"].iloc[[fault.row for fault in faults]].reset_index(drop=True)
        known = {self.empty.columns[0]: ids, ERROR: pd.Series([str(fault.error) for fault in faults], dtype=str)}
        others = {name: _without_value(column.dtype, len(ids)) for name, column in self.result.items()}
        rows = others | known
        return pd.concat([*good, pd.DataFrame(rows)] if faults else good, ignore_index=True)


def _without_value(dtype: Any, count: int) -> pd.Series:
    """Make a column (count,) of missing values, or of zeros if its dtype has none."""
    return pd.Series([0 if pd.api.types.is_integer_dtype(dtype) else None] * count, dtype=dtype)


def sorted_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort rows that an engine has moved, by series and time.

    Examples
    --------
    >>> sorted_rows(pd.DataFrame({"unique_id": ["tea", "rum"], "ds": [1, 2]}))["ds"].tolist()
    [2, 1]
    """
    return frame.sort_values(["unique_id", "ds"], kind="stable", ignore_index=True)


def hashes_of(ids: pd.Series) -> npt.NDArray[np.uint64]:
    """Hash every id of a part once; equal ids have equal hashes in every process.

    Examples
    --------
    >>> len(hashes_of(pd.Series(["tea", "rum", "tea"])))
    2
    """
    return np.asarray(pd.util.hash_pandas_object(ids.drop_duplicates(), index=False), dtype=np.uint64)
