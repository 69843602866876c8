"""Turn a table with a row per series and a column per time into one with a row per value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from elman.errors import DataError, Remedy
from elman.tables.files import Column, Columns
from elman.tables.names import ID_NAMES, PERIOD_NAMES, TIME_NAMES, listed
from elman.tables.numbers import UNKNOWN, Odd, to_numbers
from elman.tables.times import is_month_name, to_times

__all__ = ["turned"]

_FEWEST = 3  # columns of times
_TIME, _VALUE = "time", "value"  # columns of the result
_YEARS = (
    r".*\d{4}.*",
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2}",
    r"[A-Za-z]{3,9}\.?[-/ ']{0,2}\d{2}",
    r"\d{2}[-/ ][A-Za-z]{3,9}",
)
_WITH_YEAR = re.compile("|".join(_YEARS))  # a generic parser takes "1-2" and "May 3" for days of this year


def turned(
    path: Path, columns: Columns, time: str | None, target: str | None, series: str | None, notes: list[str]
) -> tuple[Columns, str | None]:
    """Give each value a row of its own if the last columns are called by times.

    Parameters
    ----------
    path : Path
        The file, for messages.
    columns : Columns
        Of the file.
    time, target, series : str or None
        Columns named by the user. A table of which one is the column of times or of values is left as it is.
    notes : list of str
        Receives a note on a turned table.

    Returns
    -------
    columns : Columns
        The columns before the times, and ``time`` and ``value``; or the given columns. Blank cells before the first and
        after the last value of a row are left out. A column without a name is called by its place, such as
        ``column 1``.
    series : str or None
        The columns that name the series.

    Raises
    ------
    DataError
        If the names of the columns are dates whose order of day and month is ambiguous, or no cell below them holds a
        value.

    Examples
    --------
    >>> wide = Columns({"shop": ["a", "b"], "2024-01": ["5", ""], "2024-02": ["7", "1"], "2024-03": ["6", "2"]})
    >>> columns, series = turned(Path("sales.csv"), wide, None, None, None, [])
    >>> series, dict(columns)
    ('shop', {'shop': ['a', 'a', 'a', 'b', 'b'], 'time': ['2024-01', '2024-02', '2024-03', '2024-02', '2024-03'], \
'value': ['5', '7', '6', '1', '2']})
    """
    names = list(columns)
    first = next((place + 1 for place in range(len(names) - 1, -1, -1) if not _WITH_YEAR.fullmatch(names[place])), 0)
    own, times = names[:first], names[first:]
    if time in names or target in names or not _may_name_rows(columns, own) or not _are_times(path, columns, times):
        return columns, series
    columns = _all_named(columns)
    own = list(columns)[:first]
    series = series or _named_by(columns, own)
    by = "" if series is None else f", named by {series!r}"
    notes.append(f"columns {times[0]} to {times[-1]} are times, each row is a series{by}")
    long = _turned(columns, own, times, notes)
    if len(long[_VALUE]) == 0:
        raise DataError(f"{path.name}: no cell in columns {times[0]} to {times[-1]} has a value.", Remedy("fill them"))
    return long, series


def _all_named(columns: Columns) -> Columns:
    """Give the column without a name one, such as the index that pandas writes."""
    return columns.like({name or f"column {place}": column for place, (name, column) in enumerate(columns.items(), 1)})


def _may_name_rows(columns: Columns, own: Sequence[str]) -> bool:
    """Return whether columns may stand beside columns of times: their rows are no times themselves."""
    reserved = {*TIME_NAMES, *PERIOD_NAMES, _VALUE}
    return not any(name.lower() in reserved or _holds_times(columns, name) for name in own)


def _holds_times(columns: Columns, name: str) -> bool:
    """Return whether a column holds months or times in order."""
    if all(map(is_month_name, map(str, columns[name]))):
        return True
    try:
        return _in_order(to_times(columns[name], False, [], columns.notation))
    except DataError:  # the order of day and month is ambiguous
        return True


def _are_times(path: Path, columns: Columns, names: list[str]) -> bool:
    """Return whether names of columns are times in order."""
    if len(names) < _FEWEST:
        return False
    try:
        return _in_order(to_times(names, True, [], columns.notation))
    except DataError as error:
        raise DataError(f"{path.name}: the names of the columns: {error.text}", *error.remedies) from None


def _in_order(found: pd.Series | None) -> bool:
    if found is None or pd.api.types.is_integer_dtype(found):
        return False
    return found.is_unique and (found.is_monotonic_increasing or found.is_monotonic_decreasing)


def _named_by(columns: Columns, own: Sequence[str]) -> str | None:
    """Choose the columns that name the rows: one of a usual name, else one of texts, else all of these."""
    usual = [name for name in own if name.lower() in ID_NAMES]
    texts = [name for name in own if isinstance(to_numbers(columns, name, []), Odd)]
    for name in (*usual, *texts):
        entries = set(map(str, columns[name]))
        if len(entries) == len(columns[name]) and "" not in entries:
            return name
    return ",".join(texts) or next(iter(own), None)


def _turned(columns: Columns, own: Sequence[str], times: Sequence[str], notes: list[str]) -> Columns:
    """Put the values of all rows one below the other, from the first to the last value of each."""
    frame = pd.DataFrame(dict(columns)).assign(**{"": range(len(columns[times[0]]))})
    long = frame.melt(["", *own], times, _TIME, _VALUE).sort_values("", kind="stable", ignore_index=True)
    given, rows = long[_VALUE].notna() & ~long[_VALUE].astype(str).str.lower().isin(UNKNOWN), long[""]
    between = given.groupby(rows).cummax() & given[::-1].groupby(rows[::-1]).cummax()
    long = long[between].reset_index(drop=True)
    used = set(long[""])
    if blank := [columns.place(row) for row in frame[""] if row not in used]:
        notes.append(f"without a value, not used: {listed(blank)}")
    kept = {name: _as_read(long[name], columns[name]) for name in own}
    kept |= {_TIME: long[_TIME].tolist(), _VALUE: _as_read(long[_VALUE], columns[times[0]])}
    places = [f"{columns.place(row)}, column {name!r}" for row, name in zip(long[""], long[_TIME], strict=True)]
    return Columns(kept, columns.delimiter, (), columns.notation, places)


def _as_read(column: pd.Series, like: Column) -> Column:
    """Return texts as a list, and values of a type as they are."""
    return column if isinstance(like, pd.Series) else column.tolist()
