"""Read Excel files through pandas if its engine is installed; otherwise refuse them by their kind."""

from __future__ import annotations

import io
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pandas as pd

from elman._extras import installed, need
from elman.errors import DataError, UnsupportedError
from elman.tables.layout import Rows

__all__ = ["read_excel"]

_NAMES = (".xlsx", ".xlsm")
_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def read_excel(path: Path, data: bytes) -> Rows | None:
    """Return the rows of the first sheet as texts, or None if it is no Excel file.

    Raises
    ------
    MissingExtraError
        If openpyxl is not installed.
    UnsupportedError
        If it is of another kind than .xlsx.
    DataError
        If the file is damaged.
    """
    if not data.startswith(_STARTS):
        return None
    if data.startswith(_STARTS[1]) or not (installed("openpyxl") or path.suffix.lower() in _NAMES):
        kind = "an Excel file of an old format" if data.startswith(_STARTS[1]) else "a ZIP or Excel file"
        raise UnsupportedError(f"{path.name}: this is {kind}. Save it as CSV or .xlsx.")
    need(path.name, "openpyxl")
    try:
        sheet = pd.read_excel(io.BytesIO(data), header=None, dtype=object, engine="openpyxl")
    except Exception as error:  # openpyxl lets errors of ZIP and XML readers through
        raise DataError(f"{path.name}: this is no Excel file that can be read ({error}).") from error
    rows = [(number + 1, [_text(cell) for cell in row]) for number, row in enumerate(sheet.itertuples(index=False))]
    rows = [(number, fields) for number, fields in rows if any(fields)]
    if not rows:
        raise DataError(f"{path.name}: the file is empty.")
    return rows


def _text(cell: Any) -> str:
    """Write a cell as a CSV file would."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time(0) else cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
