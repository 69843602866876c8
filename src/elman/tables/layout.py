"""Find the table in the rows of a file: below titles and comments, with or without a header line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from elman.errors import DataError

__all__ = ["Rows", "is_title", "split_header"]

Rows: TypeAlias = "list[tuple[int, list[str]]]"  # line and fields, without blank rows

_MOST_PAIRS, _LEAST_BELOW = 10, 4  # rows above a table, and fields in its rows
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SENTENCE = re.compile(r"#|[^\W\d].*[^\W\d][\s:]")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?([T ].*)?|\d{4}-?[MQW]\d{1,2}")


def is_title(fields: Sequence[str]) -> bool:
    """Return whether a row is a title or a comment: at most its first field is not empty."""
    given = [field for field in fields if field.strip()]
    return fields[0].lstrip().startswith("#") or (len(given) == 1 and bool(fields[0].strip()))


def split_header(name: str, rows: Rows, notes: list[str]) -> tuple[list[str], Rows]:
    """Separate the header from the rows below; drop titles, comments, footnotes and empty trailing columns.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    rows : list of (int, list of str)
        Line and stripped fields.
    notes : list of str
        Receives a note on skipped lines.

    Returns
    -------
    header : list of str
    rows : list of (int, list of str)
        Each has as many fields as the header.

    Raises
    ------
    DataError
        Naming the first row with another number of fields.

    Examples
    --------
    >>> split_header("a.csv", [(1, ["Report", ""]), (3, ["month", "y", ""]), (4, ["2024-01", "5", ""])], [])
    (['month', 'y'], [(4, ['2024-01', '5'])])
    """
    titles = next((count for count, (_, fields) in enumerate(rows) if not is_title(fields)), 0) or _pairs(rows)
    if titles:
        notes.append(f"line{'s' * (titles > 1)} {_spoken(rows[:titles])} above the table skipped")
    rows = rows[titles:]
    header = list(rows[0][1])
    if len(rows) > 1 and _is_data(header, rows[1][1]):
        header = [f"column {number + 1}" for number in range(len(header))]
        notes.append(f"there is no header line; the columns are called {', '.join(header)}")
    else:
        rows = rows[1:]
    rows = _without_footnotes(rows, notes)
    used = len(header)
    while used > 1 and not header[used - 1] and not any(any(fields[used - 1 :]) for _, fields in rows):
        used -= 1
    widths = {len(fields) for _, fields in rows}
    blank = len(widths) == 1 and not any(
        any(fields[len(header) :]) for _, fields in rows
    )  # every row ends with a delimiter
    for line, fields in rows:
        if len(fields) != len(header) and not (blank and len(fields) > len(header)):
            raise DataError(
                f"{name}: line {line} has {len(fields)} field{'s' * (len(fields) != 1)}, the header has {len(header)}."
            )
    return header[:used], [(line, fields[:used]) for line, fields in rows]


def _pairs(rows: Rows) -> int:
    """Count rows of a name and a value, such as the source of the data, above a table of more columns."""
    given = [sum(map(bool, fields)) for _, fields in rows[: 2 * _MOST_PAIRS]]
    pairs = next((count for count, fields in enumerate(given) if fields > 2), 0)
    return pairs if pairs <= _MOST_PAIRS and min(given[pairs:], default=0) >= _LEAST_BELOW else 0


def _without_footnotes(rows: Rows, notes: list[str]) -> Rows:
    """Drop the sentences below the table; a row that was cut off is none."""
    end = len(rows)
    while end > 1 and len(rows[end - 1][1]) == 1 and _SENTENCE.match(rows[end - 1][1][0]):
        end -= 1
    if end < len(rows):
        notes.append(f"line{'s' * (len(rows) - end > 1)} {_spoken(rows[end:])} below the table skipped")
    return rows[:end]


def _spoken(rows: Rows) -> str:
    return str(rows[0][0]) if len(rows) == 1 else f"{rows[0][0]} to {rows[-1][0]}"


def _is_data(first: Sequence[str], second: Sequence[str]) -> bool:
    """Return whether the first row is data like the second: all numbers, or a date in the same column."""
    if all(map(_NUMBER.fullmatch, first)):
        return len(set(first)) == len(first) and all(map(_NUMBER.fullmatch, second))
    dates = [(_DATE.fullmatch(a), _DATE.fullmatch(b)) for a, b in zip(first, second, strict=False)]
    numbers = [(_NUMBER.fullmatch(a), _NUMBER.fullmatch(b)) for a, b in zip(first, second, strict=False)]
    return any(a and b for a, b in dates) and any(a and b for a, b in numbers)
