"""Sequences of unequal lengths: the accepted forms, and their conversion to one form for networks.

==========================  =========================================================================
form                        meaning
==========================  =========================================================================
list of (T_i, D) or (T_i,)  one array per sequence, any lengths
array (N, T, D)             N sequences of T steps with D channels; shorter ones end in steps of NaN
array (N, T)                the same with one channel
long frame                  one row per step: a column of ids, one of times, the others are channels
==========================  =========================================================================

``layout="channels_time"`` reads arrays as (D, T_i) and (N, D, T) instead; the axes are never guessed.
"""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman import _check
from elman._words import FILE_ROWS
from elman.errors import ArgumentError, DataError, ElmanWarning, Remedy, ShapeError

__all__ = [
    "LAYOUTS",
    "Ragged",
    "is_long_frame",
    "pad_front",
    "place_of_row",
    "read_frame",
    "read_sequences",
    "refuse_times",
]

Array = npt.NDArray[Any]

LAYOUTS = ("time_channels", "channels_time")
_TIMES = (np.timedelta64, np.datetime64, datetime.timedelta, datetime.date, datetime.time)
_LARGEST = float(np.finfo(np.float32).max)  # networks compute in float32


@dataclass(frozen=True)
class Ragged:
    """Checked sequences.

    Parameters
    ----------
    sequences : list of ndarray (T_i, D), float64
        T_i at least 1, equal D, all values finite.
    channels : list of str, optional
        Names of the D columns of a frame.
    ids : list, optional
        Ids of a frame's sequences, in order of their first row.
    rows : list of ndarray (T_i,) of int, optional
        Row of the frame for each step.
    """

    sequences: list[Array]
    channels: list[str] | None = None
    ids: list[Any] | None = None
    rows: list[Array] | None = None

    def __len__(self) -> int:
        return len(self.sequences)


def is_long_frame(data: Any, id_column: str) -> bool:
    """Whether data are a frame with a column of that name.

    Examples
    --------
    >>> is_long_frame(pd.DataFrame({"unique_id": [1], "ds": [1], "x": [0.5]}), "unique_id")
    True
    """
    return hasattr(data, "columns") and id_column in list(data.columns)


def read_sequences(place: str, data: Any, layout: str = "time_channels") -> Ragged:
    """Check sequences in arrays.

    Parameters
    ----------
    place : str
        Start of every message.
    data : list of array_like (T_i, D) or (T_i,), or array_like (N, T, D) or (N, T)
        The sequences.
    layout : {"time_channels", "channels_time"}
        Order of the axes within a two-dimensional sequence.

    Returns
    -------
    Ragged

    Raises
    ------
    ShapeError
        If sequences have different numbers of channels or more than two axes.
    DataError
        If there is no sequence, one is empty, or a value is not a finite number.

    Examples
    --------
    >>> [s.shape for s in read_sequences("example", [[1, 2, 3], [4, 5]]).sequences]
    [(3, 1), (2, 1)]
    >>> [s.shape for s in read_sequences("example", np.zeros((2, 3, 8)), "channels_time").sequences]
    [(8, 3), (8, 3)]
    """
    _check.choice(place, "layout", layout, LAYOUTS)
    if not hasattr(data, "__len__") or isinstance(data, (str, dict)):
        raise ArgumentError(f"{place}: X must be sequences, got {type(data).__name__}.")
    if isinstance(data, np.ndarray) and data.ndim > 3:
        raise ShapeError(f"{place}: X must have shape (N, T, D) or (N, T), got {data.shape}.")
    if len(data) == 0:
        raise DataError(f"{place}: X has no sequence.")
    padded = isinstance(data, np.ndarray) and data.ndim == 3 and data.dtype.kind == "f"
    given = [_without_padding(sequence, layout) for sequence in data] if padded else data
    sequences = [_one_sequence(place, f"X[{i}]", sequence, layout) for i, sequence in enumerate(given)]
    for i, sequence in enumerate(sequences):
        if sequence.shape[1] != sequences[0].shape[1]:
            alike = all(len(sequence) == len(sequences[0]) for sequence in sequences)
            other = next(name for name in LAYOUTS if name != layout)
            raise ShapeError(
                f"{place}: X[{i}] has {_channels(sequence)}, X[0] has {_channels(sequences[0])}; "
                f"with layout={layout!r} a sequence is ({', '.join(_axes(layout))}).",
                *([Remedy("pass {} if it is the other way round", layout=other)] if alike else []),
            )
    return Ragged(sequences)


def _without_padding(sequence: Array, layout: str) -> Array:
    """Cut the steps at the end that hold NaN alone, with which tslearn and others pad shorter sequences."""
    axis = LAYOUTS.index(layout)  # of time
    if sequence.size == 0:
        return sequence
    known: Array = np.logical_not(np.isnan(sequence).all(axis=1 - axis))
    return sequence.take(range(len(known) - int(np.argmax(known[::-1])) if known.any() else 0), axis)


def _axes(layout: str) -> tuple[str, str]:
    return ("time", "channels") if layout == "time_channels" else ("channels", "time")


def _channels(sequence: Array) -> str:
    return "1 channel" if sequence.shape[1] == 1 else f"{sequence.shape[1]} channels"


def _one_sequence(place: str, name: str, sequence: Any, layout: str) -> Array:
    """Return a sequence as float64 (T, D)."""
    values = numbers(place, name, sequence)
    if values.ndim == 1:
        values = values[:, np.newaxis]
    elif values.ndim == 2 and layout == "channels_time":
        values = np.ascontiguousarray(values.T)
    if values.ndim != 2:
        raise ShapeError(
            f"{place}: {name} must have shape ({', '.join(_axes(layout))}) or (time,), got {values.shape}."
        )
    if values.size == 0:
        raise DataError(f"{place}: {name} has no steps." if len(values) == 0 else f"{place}: {name} has no channels.")
    return values


def refuse_times(place: str, name: str, values: Any) -> None:
    """Refuse time stamps and time differences, which NumPy would convert to numbers in an arbitrary unit.

    Parameters
    ----------
    place, name : str
        Start of the message, and name of the argument.
    values : array_like or frame
        Anything.

    Raises
    ------
    DataError
        If a column or an entry is a time.

    Examples
    --------
    >>> refuse_times("fit", "y", [1.5, 2.0])
    >>> try:
    ...     refuse_times("fit", "y", np.array([1, 2], "m8[h]"))
    ... except DataError as error:
    ...     print(error)
    fit: y must hold numbers, got timedelta64[h].
      Hint: divide time differences by a unit, such as np.timedelta64(1, "h").
    """
    columns = [values[column] for column in values.columns] if hasattr(values, "columns") else [values]
    for array in map(np.asarray, columns):
        kind = str(array.dtype) if array.dtype.kind in "mM" else None
        if array.dtype.kind == "O":
            kind = next((type(entry).__name__ for entry in array.flat if isinstance(entry, _TIMES)), None)
        if kind is not None:
            raise DataError(
                f"{place}: {name} must hold numbers, got {kind}.\n"
                '  Hint: divide time differences by a unit, such as np.timedelta64(1, "h").'
            )


def numbers(place: str, name: str, values: Any, where: Callable[[int], str] | None = None) -> Array:
    """Return finite numbers as float64; convert text if every entry is a number, with a warning.

    Parameters
    ----------
    place, name : str
        Start of a message, and name of the values.
    values : array_like
        Numbers.
    where : callable, optional
        Describes an entry of a column by its number; by default with an index.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError(f"{place}: {name} must be a rectangular array, got rows of unequal lengths.") from None
    refuse_times(place, name, array)
    if array.dtype.kind in "OUST":
        is_text = array.size > 0 and isinstance(array.flat[0], str)
        try:
            array = np.array(array.tolist(), dtype=np.float64)
        except (TypeError, ValueError) as error:
            if where is not None and (row := _first_text(array)) is not None:
                raise DataError(f"{place}: {name} holds {array[row]!r} {where(row)}, which is no number.") from None
            raise DataError(f"{place}: {name} must hold numbers: {error}.") from None
        if is_text:
            warnings.warn(
                f"{place}: {name} holds numbers written as text; they were converted.", ElmanWarning, stacklevel=2
            )
    if array.dtype.kind not in "fiub":
        raise DataError(f"{place}: {name} must hold numbers, got {array.dtype}.")
    array = np.asarray(array, np.float64, order="C")
    wrong = ~(np.abs(array) <= _LARGEST)  # also true of NaN
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        if where is not None:
            raise _unusable(f"{place}: {name}", array[at], where(at[0]))
        raise DataError(
            f"{place}: {name}[{', '.join(map(str, at))}] is {array[at]:g}; every value must be finite and within "
            "float32. Fill or drop missing values first."
        )
    return array


def _first_text(column: Array) -> int | None:
    """Return the number of the first entry of a column that is text and no number."""
    return next((row for row, entry in enumerate(column) if isinstance(entry, str) and not _is_written(entry)), None)


def _is_written(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unusable(column: str, value: float, where: str) -> DataError:
    """Return the error about a value of a column that is missing, infinite or too large."""
    if np.isnan(value):
        return DataError(f"{column} is missing (NaN) {where}.", Remedy("fill it"), Remedy("drop the row"))
    limit = "every value must be finite" if np.isinf(value) else f"the largest number is {_LARGEST:.2g}"
    return DataError(f"{column} is {value:g} {where}; {limit}.", Remedy("correct it"), Remedy("drop the row"))


def read_frame(
    place: str,
    frame: Any,
    id_column: str,
    time_column: str | None,
    channels: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
) -> Ragged:
    """Check sequences in a long frame, with one row per step.

    Parameters
    ----------
    place : str
        Start of every message.
    frame : pandas or polars frame
        Rows may have any order; the steps of a sequence are sorted by time.
    id_column : str
        Column of the sequences' ids.
    time_column : str or None
        Column of numbers or time stamps; None keeps the order of the rows.
    channels : sequence of str, optional
        Columns to use; by default all others that are not excluded.
    exclude : sequence of str
        Columns that are not channels, such as labels.

    Returns
    -------
    Ragged

    Raises
    ------
    DataError
        If a column is missing, a value cannot be used, or a time occurs twice in a sequence.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["a", "b", "a"], "t": [1, 1, 2], "x": [0.1, 0.2, 0.3]})
    >>> ragged = read_frame("example", frame, "id", "t")
    >>> ragged.ids, [s[:, 0].tolist() for s in ragged.sequences]
    (['a', 'b'], [[0.1, 0.3], [0.2]])
    """
    columns = [str(name) for name in frame.columns]
    special = [id_column, *([] if time_column is None else [time_column]), *exclude]
    if channels is None:
        channels = [name for name in columns if name not in special]
    for name in [*special, *channels]:
        if name not in columns:
            raise DataError(f"{place}: there is no column {name!r}; the columns are {', '.join(columns)}.")
    if len(frame) == 0:
        raise DataError(f"{place}: the frame has no rows.")
    if not channels:
        raise DataError(f"{place}: there are no channels beside {', '.join(map(repr, special))}.")
    codes, ids = pd.factorize(np.asarray(frame[id_column]))
    if (codes < 0).any():
        raise _empty(place, id_column, frame, int(np.argmin(codes)))

    def where(row: int) -> str:
        return f"in {place_of_row(frame, row)} ({id_column} {ids.tolist()[codes[row]]!r})"

    values = np.stack([numbers(place, f"column {name!r}", frame[name], where) for name in channels], axis=1)
    order = _order(place, codes, ids, id_column, frame, time_column)
    rows = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return Ragged([values[row] for row in rows], list(channels), ids.tolist(), rows)


def place_of_row(frame: Any, row: int) -> str:
    """Name a row of a frame: by its line if the frame has the lines of a file as its index, else by its number.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1.0, 2.0]})
    >>> place_of_row(frame, 1), place_of_row(frame.set_axis(pd.Index([2, 3], name="line")), 1)
    ('row 1', 'line 3')
    """
    if getattr(getattr(frame, "index", None), "name", None) not in FILE_ROWS:
        return f"row {row}"
    return f"{frame.index.name} {frame.index[row]}"


def _empty(place: str, column: str, frame: Any, row: int) -> DataError:
    return DataError(f"{place}: column {column!r} is empty in {place_of_row(frame, row)}.", Remedy("fill it"))


def _order(place: str, codes: Array, ids: Any, id_column: str, frame: Any, time_column: str | None) -> Array:
    """Return the rows by sequence, each sequence in order of time."""
    as_given: Array = np.argsort(codes, kind="stable")
    if time_column is None:
        return as_given
    times = _times(frame[time_column])
    if times.dtype.kind not in "iufM":
        raise DataError(
            f"{place}: column {time_column!r} must hold numbers or time stamps, and it holds {str(times[0])!r}.",
            Remedy("convert text with pandas.to_datetime", frame=...),
            Remedy("keep the order of the rows with {}", time_column=None),
            Remedy("name another column with {}", time_column=...),
        )
    if pd.isna(times).any():
        raise _empty(place, time_column, frame, int(np.argmax(pd.isna(times))))
    order: Array = np.lexsort((times, codes))
    again = (np.diff(codes[order]) == 0) & (times[order][1:] == times[order][:-1])
    if again.any():
        row = order[int(np.argmax(again)) + 1]
        name = ids.tolist()[codes[row]]
        raise DataError(
            f"{place}: {time_column} {times[row]} occurs twice in the sequence with {id_column} {name!r}.",
            Remedy("drop one of the rows"),
            Remedy("name another column with {}", time_column=...),
        )
    if (order != as_given).any():
        name = ids.tolist()[codes[as_given[int(np.argmax(order != as_given))]]]
        warnings.warn(
            f"{place}: rows of {id_column} {name!r} are not in order of {time_column}; they were sorted.",
            ElmanWarning,
            stacklevel=2,
        )
    return order


def _times(column: Any) -> Array:
    """Return numbers or time stamps that can be sorted; those with a zone in UTC, periods as their starts."""
    if isinstance(column.dtype, pd.PeriodDtype):
        return np.asarray(column.dt.start_time)
    zones = {getattr(entry, "tzinfo", entry) is not None for entry in column} if column.dtype == object else set()
    if len(zones) == 1 and all(hasattr(entry, "tzinfo") for entry in column):
        column = pd.Series(pd.to_datetime(column, utc=zones == {True}))
    zoned = isinstance(column.dtype, pd.DatetimeTZDtype)
    return np.asarray(column.dt.tz_convert(None) if zoned else column)


def pad_front(sequence: Array, window: int, stride: int) -> Array:
    """Pad a sequence in front with its first value, so that the last of its windows ends at the last value.

    Parameters
    ----------
    sequence : ndarray (T, D)
        At least one step.
    window, stride : int
        Length of a window, and distance between windows.

    Returns
    -------
    padded : ndarray (window + k·stride, D)
        With the smallest k ≥ 0 that fits the sequence; the sequence itself if it needs no padding.

    Examples
    --------
    >>> pad_front(np.array([[1.0], [2.0], [3.0], [4.0]]), window=3, stride=2)[:, 0]
    array([1., 1., 2., 3., 4.])
    """
    length = window + max(0, -(-(len(sequence) - window) // stride)) * stride
    missing = length - len(sequence)
    return sequence if missing == 0 else np.concatenate([np.repeat(sequence[:1], missing, axis=0), sequence])
