"""Join times and series names that a table spreads over several columns; find or suggest such columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from elman.tables.files import Columns
from elman.tables.names import CLOCK_NAMES, DATE_NAMES, MONTH_NAMES, YEAR_NAMES

__all__ = ["is_row_number", "join_series", "join_times", "nearly_apart", "parts_of", "suggest_series"]

_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?")
_FULL_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{8}")
_HOUR = re.compile(r"[01]?\d|2[0-3]")
_YEAR, _MONTH = re.compile(r"\d{4}"), re.compile(r"0?[1-9]|1[0-2]|[A-Za-z]{3,9}")
_MOST_KEYS = 12  # candidate columns for names of series
_NEARLY = 20  # repeated times for each that a column leaves


def parts_of(columns: Columns, name: str | None) -> list[str]:
    """Split ``store,family`` into columns; an empty list for anything else.

    Examples
    --------
    >>> parts_of(Columns({"a": [], "b": []}), "a, b")
    ['a', 'b']
    """
    if name is None or name in columns or "," not in name:
        return []
    parts = [part.strip() for part in name.split(",")]
    return parts if all(part in columns for part in parts) else []


def join_times(columns: Columns, time: str | None, notes: list[str]) -> tuple[Columns, str | None]:
    """Join date and time, or year and month, into one column if they are separate.

    Parameters
    ----------
    columns : Columns
        Of a file.
    time : str or None
        Column of the times; ``"Date,Time"`` names two; None finds them.
    notes : list of str
        Receives a note on joined columns.

    Returns
    -------
    columns : Columns
        With a further column, ``"Date,Time"``.
    time : str or None

    Examples
    --------
    >>> columns, time = join_times(Columns({"Year": ["2024"], "Month": ["3"], "y": ["5"]}), None, [])
    >>> time, columns[time]
    ('Year,Month', ['2024-03'])
    """
    pair = parts_of(columns, time) if time is not None else _apart(columns)
    if len(pair) != 2:
        return columns, time
    first, second = (_texts(columns, name) for name in pair)
    joined = list(map(_joined, first, second))
    name = ",".join(pair)
    notes.append(f"{pair[0]} and {pair[1]} make one time, such as {joined[0]}")
    return columns.like({**{key: column for key, column in columns.items() if key not in pair}, name: joined}), name


def _texts(columns: Columns, name: str) -> list[str]:
    return [str(entry) for entry in columns[name]]


def _joined(first: str, second: str) -> str:
    if _YEAR.fullmatch(first) and _MONTH.fullmatch(second):
        return f"{first}-{int(second):02}" if second.isdigit() else f"{second} {first}"
    return f"{first} {int(second):02}:00" if second.isdigit() else f"{first} {second}"


def _apart(columns: Columns) -> list[str]:
    """Find a repeated date with times of day, or a year with a month in a table without dates."""
    for clock in (_CLOCK, _HOUR):
        first, second = _find(columns, DATE_NAMES, _FULL_DATE), _find(columns, CLOCK_NAMES, clock)
        if first and second and len(set(_texts(columns, first))) < len(columns[first]):
            return [first, second]
    year, month = _find(columns, YEAR_NAMES, _YEAR), _find(columns, MONTH_NAMES, _MONTH)
    dated = any(_FULL_DATE.fullmatch(str(next(iter(column)))[:10]) for column in columns.values())
    return [year, month] if year and month and not dated else []


def _find(columns: Columns, names: Sequence[str], form: re.Pattern[str]) -> str | None:
    """Find a column by its names; every entry must match a pattern."""
    for name in columns:
        if name.lower() in names and all(map(form.fullmatch, _texts(columns, name))):
            return name
    return None


def join_series(columns: Columns, series: str | None) -> Columns:
    """Add a column ``store,family`` of names such as ``3/dairy`` where several columns name a series."""
    parts = parts_of(columns, series)
    if not parts or series is None:
        return columns
    names = ["/".join(entries) for entries in zip(*(_texts(columns, part) for part in parts), strict=True)]
    return columns.like({**columns, series: names})


def is_row_number(columns: Columns, name: str) -> bool:
    """Return whether a column differs in every row, so that it cannot identify series."""
    texts = _texts(columns, name)
    return len(texts) > 1 and len(set(texts)) == len(texts)


def suggest_series(columns: Columns, times: pd.Series, taken: Sequence[str]) -> str | None:
    """Return the one or two columns that separate repeated times into series of several rows, or None."""
    free = [name for name in columns if name and name not in taken and not is_row_number(columns, name)][:_MOST_KEYS]
    frame = pd.DataFrame({name: _texts(columns, name) for name in free}).assign(**{"": times.to_numpy()})
    for keys in (*((name,) for name in free), *combinations(free, 2)):
        groups = len(frame[list(keys)].drop_duplicates())
        if not frame.duplicated([*keys, ""]).any() and 2 * groups <= len(frame):
            return ",".join(keys)
    return None


def nearly_apart(columns: Columns, times: pd.Series, taken: Sequence[str]) -> tuple[str, int] | None:
    """Return the column that separates nearly all repeated times into series, and the number it leaves, or None.

    Examples
    --------
    >>> days = pd.Series([1, 1, 2, 2] * 20 + [1])
    >>> shop = [f"{i // 4}{'ab'[i % 2]}" for i in range(80)] + ["0a"]
    >>> nearly_apart(Columns({"shop": shop, "y": ["1"] * 81}), days, ["y"])
    ('shop', 1)
    """
    best: tuple[str, int] | None = None
    for name in columns:
        if not name or name in taken or is_row_number(columns, name):
            continue
        frame = pd.DataFrame({name: _texts(columns, name), "": times.to_numpy()})
        left = int(frame.duplicated().sum())
        if 2 * frame[name].nunique() <= len(frame) and (best is None or left < best[1]):
            best = name, left
    return best if best is not None and _NEARLY * best[1] <= int(times.duplicated().sum()) else None
