"""Texts of a file into numbers, or the first of them that is none, with its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from elman.data.table_files import Columns

__all__ = ["PLAIN", "Odd", "to_numbers"]

_UNKNOWN = ("", "na", "n/a", "nan", "null", "none", "-", "?")
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NUMBER = re.compile(rf"{PLAIN.pattern}|[+-]?inf", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})*(\.\d+)?")
_COMMA_NUMBER = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")


class Odd(NamedTuple):
    """An entry of a column that is not what the others are.

    Parameters
    ----------
    row : int or None
        Its row; None if the column has no entry at all.
    text : str
        What it says.
    mostly : bool
        Whether more than half of the entries are what they should be.
    why : str
        What is odd about it.
    """

    row: int | None
    text: str
    mostly: bool = False
    why: str = "is no number"

    def said(self, columns: Columns, name: str) -> str:
        """Name column, entry and place."""
        if self.row is None:
            return f"{name!r} holds nothing"
        return f"{name!r} holds {self.text!r} in {columns.place(self.row)}, which {self.why}"


def to_numbers(columns: Columns, name: str, notes: list[str]) -> list[float] | Odd:
    """Convert a column to numbers, NaN where there is none; return the first entry that is no number.

    Parameters
    ----------
    columns : Columns
        Of a file.
    name : str
        Which of them.
    notes : list of str
        Says how commas were read.

    Returns
    -------
    list of float, or Odd
    """
    texts = columns[name]
    if isinstance(texts, pd.Series):
        numeric = pd.api.types.is_numeric_dtype(texts) and not pd.api.types.is_bool_dtype(texts)
        return texts.astype("float64").tolist() if numeric else Odd(0, str(texts.iloc[0]))
    known = [row for row, text in enumerate(texts) if text.lower() not in _UNKNOWN]
    if not known:
        return Odd(None, "")
    readings: list[tuple[re.Pattern[str], Callable[[str], float], str]] = [
        (_NUMBER, float, ""),
        (_COMMA_NUMBER, _read_decimal_comma, f"numbers in {name} have a decimal comma"),
    ]
    if columns.delimiter == ",":  # whoever separates columns by commas does not mean a decimal comma by 1,234
        readings.insert(1, (_THOUSANDS, _read_thousands, f"commas in {name} separate thousands"))
    odd = []
    for pattern, read, note in readings:
        wrong = [row for row in known if not pattern.fullmatch(texts[row])]
        if not wrong:
            notes += [note] * bool(note)
            return [float("nan") if text.lower() in _UNKNOWN else read(text) for text in texts]
        odd.append(wrong)
    fewest = min(odd, key=len)
    return Odd(fewest[0], texts[fewest[0]], 2 * len(fewest) < len(known))


def _read_decimal_comma(text: str) -> float:
    return float(text.replace(".", "").replace(",", "."))


def _read_thousands(text: str) -> float:
    return float(text.replace(",", ""))
