"""Read a CSV or Parquet file into a frame: what can be misread is refused, what was guessed is said."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from elman.errors import DataError, UnsupportedError

__all__ = ["read_table"]

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def read_table(path: Path, encoding: str = "utf-8", text: Sequence[str] = ()) -> tuple[pd.DataFrame, list[str]]:
    r"""Read a file with a header line, or a Parquet file.

    Parameters
    ----------
    path : Path
        Parquet if its name ends in ``.parquet``, else CSV with commas, semicolons, tabs or bars.
    encoding : str
        Of a CSV file; a byte order mark of UTF-8 is skipped.
    text : sequence of str
        Columns that stay text, such as labels. Others become numbers, or time stamps if written as in ISO 8601, or
        stay text if any entry is neither.

    Returns
    -------
    frame : DataFrame
    notes : list of str
        What was guessed.

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
    ...     frame, notes = read_table(file, text=["id"])
    >>> frame["id"].tolist(), frame["x"].tolist(), notes
    (['01', '01'], [0.5, 1.5], ['columns are separated by semicolons', "column 'x' has decimal commas"])
    """
    if path.suffix.lower() == ".parquet":
        frame = _read_parquet(path)
        return frame.assign(**{name: frame[name].astype(str) for name in text if name in frame}), []
    header, rows, delimiter = _rows_of(path, _decoded(path, encoding))
    notes = [] if delimiter == "," else [f"columns are separated by {_DELIMITERS[delimiter]}"]
    columns: dict[str, Any] = {}
    for i, name in enumerate(header):
        entries = [row[i].strip() for row in rows]
        columns[name] = entries if name in text else _converted(name, entries, delimiter, notes)
    return pd.DataFrame(columns), notes


def _read_parquet(path: Path) -> pd.DataFrame:
    """Read with pandas and pyarrow, or else with polars."""
    with path.open("rb"):
        pass  # a file that cannot be opened is reported as that, whatever is installed
    try:
        return pd.read_parquet(path)
    except ImportError:
        pass
    except (ValueError, OSError) as error:
        raise DataError(f"{path.name}: {error}") from None
    try:
        import polars
    except ImportError:
        raise UnsupportedError(f"{path.name}: reading Parquet needs the package pyarrow or polars.") from None
    try:
        table = polars.read_parquet(path)
    except (polars.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path.name}: {str(error).splitlines()[0]}") from None
    return pd.DataFrame({name: table[name].to_list() for name in table.columns})


def _decoded(path: Path, encoding: str) -> str:
    data = path.read_bytes()
    if not data.strip():
        raise DataError(f"{path.name}: the file is empty.")
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise DataError(f"{path.name}: starts like UTF-16 (bytes {data[:2].hex(' ')}). Pass --encoding utf-16.")
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except LookupError:
        raise DataError(f"{path.name}: there is no encoding {encoding!r}.") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name}: byte {error.start} (0x{data[error.start]:02x}) is not {encoding.removesuffix('-sig')}. "
            "Pass --encoding latin-1 or whichever it is."
        ) from None


def _rows_of(path: Path, text: str) -> tuple[list[str], list[list[str]], str]:
    """Split the text by the delimiter that occurs most often in the header."""
    first = text.lstrip().splitlines()[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header: list[str] = []
    rows = []
    for row in reader:
        if not any(entry.strip() for entry in row):
            continue
        if not header:
            header = [name.strip() for name in row]
        elif len(row) != len(header):
            raise DataError(f"{path.name}, line {reader.line_num}: {len(row)} columns, the header has {len(header)}.")
        else:
            rows.append(row)
    if again := [name for name in header if header.count(name) > 1]:
        raise DataError(f"{path.name}: column {again[0]!r} occurs twice.")
    if not rows:
        raise DataError(f"{path.name}: there is no row after the header.")
    return header, rows, delimiter


def _converted(name: str, entries: list[str], delimiter: str, notes: list[str]) -> Any:
    """Return numbers, time stamps, or the text as it is; empty entries are missing."""
    column = pd.Series([entry or None for entry in entries], dtype=object)
    numbers = pd.to_numeric(column, errors="coerce")
    if delimiter == ";" and numbers.isna().sum() > column.isna().sum():
        with_points = pd.to_numeric(column.str.replace(",", ".", regex=False), errors="coerce")
        if with_points.isna().sum() == column.isna().sum():
            notes.append(f"column {name!r} has decimal commas")
            return with_points
    if numbers.isna().sum() == column.isna().sum():
        return numbers if not numbers.isna().all() else np.full(len(numbers), np.nan)
    stamps = pd.to_datetime(column, format="ISO8601", errors="coerce")
    return stamps if stamps.isna().sum() == column.isna().sum() else entries
