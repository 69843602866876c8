"""The columns of a file: times, values and series, by their names and contents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from elman.errors import DataError, Remedy
from elman.tables.files import Columns
from elman.tables.keys import is_row_number, parts_of
from elman.tables.names import ID_NAMES, PERIOD_NAMES, TARGET_NAMES, TIME_NAMES, listed
from elman.tables.numbers import Odd, to_numbers
from elman.tables.own_names import OwnNames
from elman.tables.times import odd_date, to_times

__all__ = ["check_named", "find_series", "find_target", "find_time", "or_known", "settled"]

_MOST_IN_A_LINE = 20  # targets listed in a remedy


def or_known(
    columns: Columns, known: OwnNames | None, time: str | None, target: str | None, series: str | None
) -> tuple[str | None, str | None, str | None]:
    """Use the columns of an earlier file, if this file has them and no others are named."""
    if known is None:
        return time, target, series
    earlier = (known.time, ",".join(known.targets), ",".join(known.ids) or None)
    there = [name is not None and (name in columns or bool(parts_of(columns, name))) for name in earlier]
    chosen = [
        own or (name if has else None) for own, name, has in zip((time, target, series), earlier, there, strict=True)
    ]
    return chosen[0], chosen[1], chosen[2]


def check_named(path: Path, columns: Columns, named: Sequence[tuple[str, str | None]]) -> None:
    """Refuse names of missing columns, each with the parameter that names it."""
    for parameter, name in named:
        if name is not None and name not in columns:
            raise DataError(
                f"{path.name}: there is no column {name!r}; the columns are {listed(columns)}.",
                Remedy("name one of them with {}", **{parameter: ...}),
            )


def find_series(columns: Columns, taken: tuple[str | None, ...], numbered: list[str]) -> str | None:
    """Find the column of series by its name; a column that differs in every row is none."""
    for name in columns:
        if name.lower() in ID_NAMES and name not in taken:
            if not is_row_number(columns, name):
                return name
            numbered.append(name)
    return None


def find_time(
    path: Path, columns: Columns, name: str | None, taken: tuple[str | None, ...], notes: list[str]
) -> tuple[str, pd.Series]:
    """Find the column of time stamps; usual names come first."""
    if name is not None:
        stamps = _times(path, columns, name, True, notes)
        if stamps is None:
            raise _wrong_date(path, columns, name, odd_date(columns[name], columns.notation))
        return name, stamps
    free = [column for column in columns if column not in taken]
    known = [column for column in free if column.lower() in (*TIME_NAMES, *PERIOD_NAMES)]
    counted: tuple[str, pd.Series] | None = None
    for column in [*known, *(column for column in free if column not in known)]:
        stamps = _times(path, columns, column, column in known, notes)
        if stamps is not None and not pd.api.types.is_integer_dtype(stamps):
            return column, stamps
        if stamps is not None:
            counted = counted or (column, stamps)
            continue
        if column in known and (odd := odd_date(columns[column], columns.notation)).mostly:
            raise _wrong_date(path, columns, column, odd)
    if counted is not None:
        return counted
    if known:
        odd = odd_date(columns[known[0]], columns.notation)
        raise _wrong_date(path, columns, known[0], odd)
    raise DataError(
        f"{path.name}: no column holds dates throughout (columns: {listed(columns)}).",
        Remedy("name it with {}", time=...),
        Remedy("call the last columns by their times, such as 2024-01, if each row is a series"),
    )


def _wrong_date(path: Path, columns: Columns, name: str, odd: Odd) -> DataError:
    """Return the error of a column of dates with an entry that is none; the way out depends on the entry."""
    correct = odd.mostly and not isinstance(columns[name], pd.Series)
    ways = [Remedy("correct the cell") if correct else Remedy("name another with {}", time=...)]
    if odd.mostly and odd.row == len(columns[name]) - 1:
        ways.append(Remedy("remove this line if it is no row of the table, such as a sum"))
    elif isinstance(columns[name], pd.Series):
        ways.append(Remedy("fill it"))
    elif not odd.mostly and columns.notation.date_format is None:
        ways.append(Remedy("give its form with {}", date_format=...))
    return DataError(f"{path.name}: column {odd.said(columns, name)}.", *ways)


def _times(path: Path, columns: Columns, name: str, certain: bool, notes: list[str]) -> pd.Series | None:
    """Convert a column to time stamps, or return None."""
    try:
        return to_times(columns[name], certain, notes, columns.notation)
    except DataError as error:
        raise DataError(f"{path.name}: column {name!r}: {error.text}", *error.remedies) from None


def find_target(
    path: Path, columns: Columns, name: str | None, taken: tuple[str | None, ...], notes: list[str]
) -> tuple[str, list[float]]:
    """Find the column to forecast: by its name, or as the only column of numbers."""
    if name is not None:
        values = to_numbers(columns, name, notes)
        if isinstance(values, Odd):
            raise DataError(f"{path.name}: column {values.said(columns, name)}.", *settled(values))
        return name, values
    numeric: dict[str, tuple[list[float], list[str]]] = {}
    odd: dict[str, Odd] = {}
    for column in columns:
        if column not in taken:
            found: list[str] = []
            values = to_numbers(columns, column, found)
            if isinstance(values, Odd):
                odd[column] = values
            else:
                numeric[column] = values, found
    for column, entry in odd.items():
        if entry.mostly and (column.lower() in TARGET_NAMES or not numeric):
            remedies = settled(entry) or [Remedy("correct the cell")]
            raise DataError(f"{path.name}: column {entry.said(columns, column)}.", *remedies)
    named = [column for column in numeric if column.lower() in TARGET_NAMES]
    chosen = named if len(named) == 1 else list(numeric)
    if len(chosen) != 1:
        reason = (
            f"several columns hold numbers ({listed(chosen)})"
            if chosen
            else "no column besides the dates holds numbers throughout"
        )
        remedies = [Remedy("name the one to forecast with {}", target=...)]
        if chosen:
            few = len(chosen) <= _MOST_IN_A_LINE
            names = ",".join(chosen if few else chosen[:2])
            several = "pass {} if each is a series of its own"
            all_of_many = "pass all their names, as in {}, if each is a series of its own"
            remedies.append(Remedy(several if few else all_of_many, target=names))
        raise DataError(f"{path.name}: {reason}.", *remedies)
    notes += numeric[chosen[0]][1]
    return chosen[0], numeric[chosen[0]][0]


def settled(odd: Odd) -> list[Remedy]:
    """Return remedies for an ambiguous decimal mark."""
    mark = "," if "," in odd.text else "."
    return [Remedy(decimal=mark), Remedy(thousands=mark)] if odd.two_readings else []
