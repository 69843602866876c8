"""Convert a text column to numbers; report the first entry that is not one.

One rule for a column is inferred from all its values: ``1.084`` is a decimal number or 1,084, but not both in one
column. If the values are ambiguous, the other columns decide; if these are too, the column is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from elman.tables.files import Columns

__all__ = ["PLAIN", "UNKNOWN", "Odd", "to_numbers"]

# Texts of a cell without a value, in lower case.
UNKNOWN = frozenset(["", "na", "n/a", "n.a.", "nan", "null", "none", "#n/a", "-", "--", "?", ":", ".", "..", "..."])
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?inf", re.IGNORECASE)
_CURRENCY = r"[$€£¥₹₽₩₺]|EUR|USD|GBP|CHF|JPY|CNY|INR|BRL|R\$|kr|zł|Kč"
_DRESSED = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+−-])?\s*(?P<before>{_CURRENCY})?\s*(?P<inner>[+−-])?"
    rf"(?P<body>[\d.,][\d.,\u0020\u00a0\u2009\u202f'’]*?([eE][+-]?\d+)?)\s*"
    rf"(?P<after>{_CURRENCY}|%)?(?P<minus>[−-])?(?P<close>\))?"
)
_BARE = re.compile(r"[+-]?[\d.,]+")  # covers most columns
_GAPS = "\u0020\u00a0\u2009\u202f'’"  # spaces of four widths, and apostrophes: always thousands separators
_GROUPED = re.compile(r"[1-9]\d{0,2}([.,]\d{3})+")
_NAMES = {",": "commas", ".": "points"}


class Odd(NamedTuple):
    """An entry of a column that differs in kind from the others.

    Parameters
    ----------
    row : int or None
        Its row; None if the column has no entry at all.
    text : str
        The entry.
    mostly : bool
        Whether more than half of the entries are valid.
    why : str
        The fault, as a clause.
    two_readings : bool
        Whether it is a number with an ambiguous decimal mark.
    """

    row: int | None
    text: str
    mostly: bool = False
    why: str = "is no number"
    two_readings: bool = False

    def said(self, columns: Columns, name: str) -> str:
        """Write column, entry and place."""
        if self.row is None:
            return f"{name!r} holds nothing"
        return f"{name!r} holds {self.text!r} in {columns.place(self.row)}, which {self.why}"


class _Entry(NamedTuple):
    """A number as written: digits and marks, sign, and a currency or ``%``."""

    body: str
    sign: str
    unit: str


class _Marks(NamedTuple):
    """One way to read points and commas."""

    decimal: str
    thousands: str

    def pattern(self) -> re.Pattern[str]:
        """Match a body that can be read this way; thousands are separated by one mark throughout."""
        groups = rf"[1-9]\d{{0,2}}(?P<gap>[{re.escape(self.thousands)}{_GAPS}])\d{{3}}((?P=gap)\d{{3}})*"
        point = re.escape(self.decimal)
        return re.compile(rf"({groups}|\d+)({point}\d*)?([eE][+-]?\d+)?|{point}\d+([eE][+-]?\d+)?")

    def read(self, entry: _Entry) -> float:
        """Convert an entry that matches the pattern."""
        body = entry.body.translate({ord(mark): None for mark in self.thousands + _GAPS})
        value = float(body.replace(self.decimal, "."))
        return -value if entry.sign == "-" else value


_READINGS = (_Marks(".", ","), _Marks(",", "."))


def to_numbers(columns: Columns, name: str, notes: list[str]) -> list[float] | Odd:
    """Convert a column to numbers, NaN where there is none; return the first entry that is no number.

    Parameters
    ----------
    columns : Columns
        Of a file. Its notation may fix the marks.
    name : str
        Of the column.
    notes : list of str
        Receives notes on the marks and on removed signs.

    Returns
    -------
    list of float, or Odd

    Examples
    --------
    >>> notes = []
    >>> to_numbers(Columns({"y": ["906", "1.084", "(12)"]}, ";"), "y", notes), notes
    ([906.0, 1084.0, -12.0], ['points in y separate thousands', 'brackets in y are minus signs'])
    """
    texts = columns[name]
    if isinstance(texts, pd.Series):
        numeric = pd.api.types.is_numeric_dtype(texts) and not pd.api.types.is_bool_dtype(texts)
        return texts.astype("float64").tolist() if numeric else Odd(0, str(texts.iloc[0]))
    known = [row for row, text in enumerate(texts) if text.lower() not in UNKNOWN]
    if not known:
        return Odd(None, "")
    if (plain := _plain(columns, texts)) is not None:
        return plain
    entries = {row: _undressed(texts[row]) for row in known}
    marks = _marks_of(columns, name, texts, entries)
    if isinstance(marks, Odd):
        return marks
    if (odd := _odd_unit(texts, entries)) is not None:
        return odd
    notes += _notes(name, marks, texts, entries)
    return [_value(texts[row], marks, entries.get(row)) for row in range(len(texts))]


def _value(text: str, marks: _Marks, entry: _Entry | None) -> float:
    if entry is not None:
        return marks.read(entry)
    return float(text) if _INFINITE.fullmatch(text) else float("nan")


def _plain(columns: Columns, texts: Sequence[str]) -> list[float] | None:
    """Convert plain numbers; None for other entries, or if every point is followed by three digits."""
    if columns.notation.decimal == "," or columns.notation.thousands == ".":
        return None
    certain, marked = columns.notation.decimal == ".", False
    values = []
    for text in texts:
        if text.lower() in UNKNOWN:
            values.append(float("nan"))
            continue
        if not (PLAIN.fullmatch(text) or _INFINITE.fullmatch(text)):
            return None
        values.append(float(text))
        if "." in text:
            marked, certain = True, certain or not _GROUPED.fullmatch(text.lstrip("+-"))
    return values if certain or not marked else None


def _undressed(text: str) -> _Entry | None:
    """Remove sign, brackets, currency and percent sign; None if the rest is no number."""
    if _BARE.fullmatch(text):
        return _Entry(text.lstrip("+-"), "-" if text[0] == "-" else "", "")
    if not (found := _DRESSED.fullmatch(text)):
        return None
    signs = [sign for sign in (found["sign"], found["inner"], found["minus"]) if sign]
    brackets = [found["open"], found["close"]]
    units = [unit for unit in (found["before"], found["after"]) if unit]
    if brackets.count(None) == 1 or len(signs) + bool(found["open"]) > 1 or len(units) > 1:
        return None
    negative = found["open"] or (signs and signs[0] != "+")
    return _Entry(found["body"], "-" if negative else "", "".join(units))


def _marks_of(columns: Columns, name: str, texts: Sequence[str], entries: dict[int, _Entry | None]) -> _Marks | Odd:
    """Find the one reading of points and commas that fits every entry."""
    odd, possible = _possible(columns, texts, entries)
    if len(possible) == 1:
        return possible[0]
    if not possible:
        return Odd(odd[0], texts[odd[0]], 2 * len(odd) < len(entries))
    marked = {row: entry.body for row, entry in entries.items() if entry and re.search("[.,]", entry.body)}
    if not marked:
        return possible[0]
    settled = _settled(columns, name, marked, [e.body for row, e in entries.items() if e and row not in marked])
    if settled is not None:
        return settled
    row = next(iter(marked))
    one, other = (f"{marks.read(_Entry(marked[row], '', '')):.15g}" for marks in possible)
    return Odd(row, texts[row], True, f"may be {one} or {other}", two_readings=True)


def _possible(
    columns: Columns, texts: Sequence[str], entries: dict[int, _Entry | None]
) -> tuple[list[int], list[_Marks]]:
    """Return the readings that fit every entry, and the rows that the best reading does not fit."""
    notation, odd, possible = columns.notation, [], []
    for marks in _READINGS:
        if notation.decimal not in (None, marks.decimal) or notation.thousands == marks.decimal:
            continue
        pattern = marks.pattern()
        wrong = [
            row
            for row, entry in entries.items()
            if not (pattern.fullmatch(entry.body) if entry else _INFINITE.fullmatch(texts[row]))
        ]
        odd.append(wrong)
        if not wrong:
            possible.append(marks)
    return min(odd, key=len), possible


def _settled(columns: Columns, name: str, marked: dict[int, str], unmarked: Sequence[str]) -> _Marks | None:
    """Decide between two readings that fit, with three digits after every mark; None if undecided."""
    decimal = {marks.decimal: marks for marks in _READINGS}
    thousands = {marks.thousands: marks for marks in _READINGS}
    if columns.notation.thousands in thousands:
        return thousands[columns.notation.thousands]
    elsewhere = _decimals_elsewhere(columns, name)
    if any("e" in body.lower() for body in unmarked):
        elsewhere = {"."}  # 1e5 was written by a program
    if len(elsewhere) == 1:
        return decimal[elsewhere.pop()]
    used = {mark for body in marked.values() for mark in body if mark in decimal}
    if len(used) > 1:
        return None
    mark = used.pop()
    english = columns.delimiter != ";"
    if any(len(body) > 3 for body in unmarked):
        return decimal[mark]  # thousands separators would appear in longer numbers too
    if unmarked:
        return None if mark == "." and columns.delimiter == "," else thousands[mark]
    if mark == ",":
        return thousands[","] if english else decimal[","]
    return decimal["."] if english else None


def _decimals_elsewhere(columns: Columns, name: str) -> set[str]:
    """Find the decimal marks of the other columns, where unambiguous."""
    found = set()
    for other, texts in columns.items():
        if other == name or isinstance(texts, pd.Series):
            continue
        known = [row for row, text in enumerate(texts) if text.lower() not in UNKNOWN]
        entries = {row: _undressed(texts[row]) for row in known}
        if any(entry and re.search("[.,]", entry.body) for entry in entries.values()):
            possible = _possible(columns, texts, entries)[1]
            found |= {marks.decimal for marks in possible if len(possible) == 1}
    return found


def _odd_unit(texts: Sequence[str], entries: dict[int, _Entry | None]) -> Odd | None:
    """Find an entry in another currency, or the first without the percent sign of the others."""
    units = {row: entry.unit for row, entry in entries.items() if entry}
    given = [unit for unit in units.values() if unit]
    for row, unit in units.items():
        if unit and unit != given[0]:
            return Odd(row, texts[row], True, f"has {unit}, unlike {given[0]} before")
        if "%" in given and unit != "%":
            return Odd(row, texts[row], True, "has no percent sign, unlike others")
    return None


def _notes(name: str, marks: _Marks, texts: Sequence[str], entries: dict[int, _Entry | None]) -> list[str]:
    """Return notes on the marks and on removed signs."""
    bodies = [entry.body for entry in entries.values() if entry]
    notes = []
    if any(mark in body for body in bodies for mark in _GAPS):
        notes.append(f"spaces or apostrophes in {name} separate thousands")
    if any(marks.thousands in body for body in bodies):
        notes.append(f"{_NAMES[marks.thousands]} in {name} separate thousands")
    if marks.decimal == "," and any("," in body for body in bodies):
        notes = [f"numbers in {name} have a decimal comma"]
    elif not notes and (body := next((body for body in bodies if _GROUPED.fullmatch(body)), None)):
        notes.append(f"points in {name} are decimal points, as in {body}")
    units = {entry.unit for entry in entries.values() if entry} - {""}
    if units:
        unit = units.pop()
        what = "percent signs" if unit == "%" else f"currency signs ({unit})"
        notes.append(f"{what} in {name} were left out")
    if any(texts[row].startswith("(") for row in entries):
        notes.append(f"brackets in {name} are minus signs")
    return notes
