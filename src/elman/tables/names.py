"""Usual names of columns in lower case, by content; one list for all tasks and commands."""

from __future__ import annotations

from collections.abc import Collection, Iterable

__all__ = [
    "CLOCK_NAMES",
    "DATE_NAMES",
    "ID_NAMES",
    "LABEL_NAMES",
    "MONTH_NAMES",
    "PERIOD_NAMES",
    "TARGET_NAMES",
    "TIME_NAMES",
    "YEAR_NAMES",
    "find_usual",
    "listed",
]

_LISTED = 10

ID_NAMES = ("unique_id", "series_id", "item_id", "case_id", "sequence_id", "series", "case", "sequence", "id")
TARGET_NAMES = ("y", "value", "values", "target", "sales", "demand", "count", "amount", "quantity")
LABEL_NAMES = ("label", "class", "target", "y")

# Names of columns with time stamps or step counts, and names that may hold a part of a date or a measurement.
TIME_NAMES = ("ds", "date", "datetime", "date_time", "time", "timestamp", "time_stamp", "step", "t")
PERIOD_NAMES = (
    *("time_period", "period", "year", "year_month", "yearmonth", "yyyymm", "quarter", "month", "week", "day", "hour"),
    *("datum", "zeit", "jahr", "monat", "tag", "woche", "fecha", "mes", "data", "mois", "jour"),
)

# Names of times in two columns.
DATE_NAMES = ("date", "datum", "fecha", "data", "day", "tag")
CLOCK_NAMES = ("time", "hour", "zeit", "uhrzeit", "stunde", "hora", "heure", "ora")
YEAR_NAMES = ("year", "jahr", "yr", "anno", "annee", "ano")
MONTH_NAMES = ("month", "monat", "mon", "mes", "mois", "mese")


def find_usual(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """Return the column whose name comes first in the list of usual names, ignoring case; None if there is none.

    Examples
    --------
    >>> find_usual(["x", "Step", "DATE"], TIME_NAMES)
    'DATE'
    """
    by_name = {column.lower(): column for column in reversed(list(columns))}
    return next((by_name[name] for name in names if name in by_name), None)


def listed(columns: Collection[str]) -> str:
    """List names in a message, the first ten of many.

    Examples
    --------
    >>> listed("abc"), listed("abcdefghijkl")
    ('a, b, c', 'a, b, c, d, e, f, g, h, i, j, … 12 in all')
    """
    names = ", ".join(list(columns)[:_LISTED])
    return f"{names}, … {len(columns):,} in all" if len(columns) > _LISTED else names
