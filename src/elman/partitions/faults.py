"""Series of a part that cannot be used: found one by one, so that the rest is not lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from elman.errors import DataError

__all__ = ["Fault", "located", "separated"]


@dataclass(frozen=True)
class Fault:
    """A series that cannot be used.

    Parameters
    ----------
    series : object
        Its id.
    row : int
        Row of the part at which it goes wrong.
    error : DataError
        What is wrong.
    """

    series: Any
    row: int
    error: DataError


def located(error: DataError, place: str) -> DataError:
    """Add a place in the data to an error, behind the name of the method at its beginning.

    Parameters
    ----------
    error : DataError
        What is wrong.
    place : str
        Where, from `Part.place`.

    Examples
    --------
    >>> print(located(DataError("Forecaster.fit: y is inf."), "a.parquet, row group 1, row 5"))
    Forecaster.fit: a.parquet, row group 1, row 5: y is inf.
    """
    method, _, what = error.text.partition(": ")
    return DataError(f"{method}: {place}: {what}", *error.remedies)


def separated(
    function: Callable[[pd.DataFrame], pd.DataFrame], frame: pd.DataFrame
) -> tuple[list[pd.DataFrame], list[Fault]]:
    """Apply a function to the series that it accepts, and name the others.

    Parameters
    ----------
    function : callable
        Takes a frame of whole series; it treats each alone, and raises DataError for one that it refuses.
    frame : DataFrame
        With a column ``unique_id``.

    Returns
    -------
    results : list of DataFrame
        To be joined; empty if every series is refused.
    faults : list of Fault
        In order of the series.

    Examples
    --------
    >>> def halves(frame):
    ...     if (frame["y"] % 2).any():
    ...         raise DataError("y is odd.")
    ...     return frame.assign(y=frame["y"] // 2)
    >>> frame = pd.DataFrame({"unique_id": ["a", "b", "b", "c"], "y": [2, 4, 5, 6]})
    >>> results, faults = separated(halves, frame)
    >>> pd.concat(results)["y"].tolist(), faults[0].series, faults[0].row
    ([1, 3], 'b', 2)
    """
    try:
        return [function(frame)], []
    except DataError as error:
        codes, ids = pd.factorize(frame["unique_id"], use_na_sentinel=False)
        if len(ids) == 1:
            return [], [Fault(frame["unique_id"].tolist()[0], _first_bad(function, frame, error), error)]
    results, faults = [], []
    for half in _halves(codes, len(ids)):
        good, bad = separated(function, frame.iloc[half].reset_index(drop=True))
        results += good
        faults += [Fault(fault.series, int(half[fault.row]), fault.error) for fault in bad]
    return results, faults


def _halves(codes: Any, count: int) -> Iterator[Any]:
    """Yield the rows of the first half of the series, and those of the second."""
    first = codes < count // 2
    yield np.flatnonzero(first)
    yield np.flatnonzero(~first)


def _first_bad(function: Callable[[pd.DataFrame], pd.DataFrame], frame: pd.DataFrame, error: DataError) -> int:
    """Find the row with which a series begins to be refused for the same reason; 0 if it never was accepted."""
    good, bad = 0, len(frame)  # rows
    while bad - good > 1:
        middle = (good + bad) // 2
        try:
            function(frame.iloc[:middle])
        except DataError as other:
            same = other.text == error.text
        else:
            same = False
        good, bad = (good, middle) if same else (middle, bad)
    return bad - 1
