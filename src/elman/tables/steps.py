"""Read a CSV or Parquet file into a frame; refuse ambiguous entries, note guesses."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from elman._words import FILE_ROWS
from elman.errors import DataError
from elman.tables.files import Columns, Notation, read_columns
from elman.tables.numbers import Odd, to_numbers
from elman.tables.times import to_times

__all__ = ["read_steps"]


def read_steps(
    path: Path, encoding: str = "utf-8", text: Sequence[str] = (), notation: Notation | None = None
) -> tuple[pd.DataFrame, list[str]]:
    r"""Read a file with a header line, or a Parquet file.

    Parameters
    ----------
    path : Path
        Parquet if its name ends in ``.parquet`` or ``.pq``, else CSV with commas, semicolons, tabs or bars.
    encoding : str
        Of a CSV file; a byte order mark of UTF-8 is skipped.
    text : sequence of str
        Columns that stay text, such as labels, ignoring case. Others become numbers, or time stamps if written
        as in ISO 8601, or stay text if any entry is neither.
    notation : Notation, optional
        How numbers and dates are written; dates then need not be written as in ISO 8601.

    Returns
    -------
    frame : DataFrame
        Its index has the line of every row, for messages; of a Parquet file the number, from 1.
    notes : list of str
        Guesses about the file.

    Raises
    ------
    DataError
        Naming the line, byte or column.
    UnsupportedError
        If nothing installed reads Parquet.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "steps.csv"
    ...     _ = file.write_text("id;t;x\n01;1;0,5\n01;2;1,5\n")
    ...     frame, notes = read_steps(file, text=["id"])
    >>> frame["id"].tolist(), frame["x"].tolist(), notes
    (['01', '01'], [0.5, 1.5], ['columns are separated by semicolons', 'numbers in x have a decimal comma'])
    """
    notes: list[str] = []
    kept = {name.lower() for name in text}
    columns = read_columns(path, encoding, notes, notation)
    found: dict[str, Any] = {}
    for name, entries in columns.items():
        as_text = entries if isinstance(entries, list) else entries.astype(str)
        found[name] = as_text if name.lower() in kept else _converted(path, columns, name, notes)
    return pd.DataFrame(found).set_axis(_places(columns)), notes


def _places(columns: Columns) -> pd.Index:
    """Return the line of every row, or of a file without lines its number from 1."""
    line, row = FILE_ROWS
    if columns.lines:
        return pd.Index(columns.lines, name=line)
    return pd.RangeIndex(1, 1 + len(next(iter(columns.values()))), name=row)


def _converted(path: Path, columns: Columns, name: str, notes: list[str]) -> Any:
    """Return numbers, time stamps, or the unchanged text; empty entries are missing."""
    entries = columns[name]
    if not isinstance(entries, list):
        return entries
    numbers = to_numbers(columns, name, notes)
    if not isinstance(numbers, Odd):
        values = np.array(numbers)
        return values.astype(np.int64) if (np.abs(values) < 2**53).all() and (values % 1 == 0).all() else values
    if numbers.row is None:
        return np.full(len(entries), np.nan)
    stamps = _stamps(entries, columns.notation, notes)
    if stamps is not None:
        return stamps
    if numbers.mostly:
        raise DataError(f"{path.name}: column {numbers.said(columns, name)}.")
    return entries


def _stamps(entries: list[str], notation: Notation, notes: list[str]) -> Any:
    """Return time stamps; None unless all entries are time stamps, all with a zone or all without."""
    if notation.day_first is not None or notation.date_format is not None:
        return to_times(entries, False, notes, notation)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # pandas 2 warns that changing offsets will be an error
            stamps = pd.to_datetime(pd.Series(entries), format="ISO8601", errors="coerce")
    except (ValueError, OverflowError, FutureWarning):
        return None
    return stamps if stamps.notna().all() else None
