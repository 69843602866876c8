"""Read files into columns: CSV of any encoding and delimiter, or Parquet; errors name the line or byte."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import sys
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elman.errors import DataError, Remedy, UnsupportedError
from elman.tables.excel import read_excel
from elman.tables.layout import Rows, is_title, split_header
from elman.tables.parquet import MOST_BYTES, MOST_COLUMNS, Column, read_parquet

__all__ = ["Column", "Columns", "Notation", "read_columns"]

_LINES_LOOKED_AT = 50  # in search of the header
_NOT_OF_FILES = {
    "idna",
    "punycode",
    "raw-unicode-escape",
    "unicode-escape",
    "undefined",
}  # encodings of host names and of source code


@dataclass(frozen=True)
class Notation:
    """Notation of numbers and dates in a file; None is inferred from the values.

    Parameters
    ----------
    decimal : {".", ","}, optional
        Mark before the fraction of a number.
    thousands : {".", ",", " ", "'"}, optional
        Mark between thousands; spaces and apostrophes always are such marks.
    day_first : bool, optional
        Whether 1/2/2024 is in February.
    date_format : str, optional
        Form of all dates, as for ``strptime``.
    """

    decimal: str | None = None
    thousands: str | None = None
    day_first: bool | None = None
    date_format: str | None = None


class Columns(dict[str, Column]):
    """The columns of a file by name.

    Parameters
    ----------
    columns : dict
        At least two.
    delimiter : str
        Of a CSV file, otherwise empty.
    lines : list of int
        Line of a CSV file on which each row ends, else empty.
    notation : Notation
        Notation of numbers and dates.
    places : list of str
        Places of the rows in the file, if a row is not a row of the file; else empty.
    """

    def __init__(
        self,
        columns: dict[str, Column],
        delimiter: str = "",
        lines: Sequence[int] = (),
        notation: Notation | None = None,
        places: Sequence[str] = (),
    ) -> None:
        super().__init__(columns)
        self.delimiter = delimiter
        self.lines = lines
        self.notation = notation or Notation()
        self.places = places

    def like(self, columns: dict[str, Column]) -> Columns:
        """Return other columns of the same file."""
        return Columns(columns, self.delimiter, self.lines, self.notation, self.places)

    def place(self, row: int) -> str:
        """Name the place of a row; rows of Parquet files count from 1."""
        if self.places:
            return self.places[row]
        return f"line {self.lines[row]}" if self.lines else f"row {row + 1}"


def read_columns(path: Path, encoding: str, notes: list[str], notation: Notation | None = None) -> Columns:
    r"""Read a file; add guesses to the notes.

    Parameters
    ----------
    path : Path
        Parquet if its name ends in ``.parquet`` or ``.pq``; Excel if it begins like it; else CSV, which may be packed
        with gzip. ``-`` is the standard input.
    encoding : str
        Of a CSV file.
    notes : list of str
        Added to.
    notation : Notation, optional
        Notation of numbers and dates.

    Returns
    -------
    Columns
        At least two of at least one row.

    Raises
    ------
    DataError
        Naming the byte or the line.
    UnsupportedError
        If nothing installed reads Parquet, or the file is JSON, HTML or of another kind that is not read.
    OSError
        If the file cannot be read.
    """
    if path.suffix.lower() in (".parquet", ".pq"):
        columns = Columns(read_parquet(path), notation=notation)
        _check_size(path.name, list(columns), len(next(iter(columns.values()), ())))
        return columns
    data = _content(path)
    if (rows := read_excel(path, data)) is not None:
        columns = _columns(path.name, rows, "", notes)
    else:
        columns = _parse(path, _decode(path, data, encoding), notes)
    columns.notation = notation or Notation()
    if columns.delimiter not in (",", ""):
        notes.append(f"columns are separated by {_DELIMITER_NAMES[columns.delimiter]}")
    return columns


def _content(path: Path) -> bytes:
    """Read a file or the standard input; decompress gzip."""
    data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            data = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name}: cannot be unpacked ({error}).") from error
    if len(data) > MOST_BYTES:
        raise DataError(f"{path.name}: unpacks to more than {MOST_BYTES:,} bytes. Unpack it first.")
    return data


def _decode(path: Path, data: bytes, encoding: str) -> str:
    """Turn the bytes of a file into text."""
    if not data.strip():
        raise DataError(f"{path.name}: the file is empty.")
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise DataError(
                f"{path.name}: the file starts like UTF-16 (bytes {data[:2].hex(' ')}).", Remedy(encoding="utf-16")
            )
        encoding = "utf-8-sig"
    try:
        if codecs.lookup(encoding).name.replace("_", "-") in _NOT_OF_FILES:
            raise LookupError
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name}: byte {error.start} (0x{data[error.start]:02x}) is not {encoding.removesuffix('-sig')}.",
            Remedy("pass {} or whichever it is", encoding="latin-1"),
        ) from error
    except (LookupError, ValueError) as error:
        raise DataError(f"{path.name}: there is no encoding {encoding!r}.") from error
    if "\0" in text:
        name = encoding.removesuffix("-sig")
        raise DataError(f"{path.name}: the file holds NUL characters; it is not a CSV file, or not in {name}.")
    return text


_DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def _parse(path: Path, text: str, notes: list[str]) -> Columns:
    """Split into columns below a header; every row must have as many fields as the header."""
    lines = [line for line in text.splitlines()[:_LINES_LOOKED_AT] if line.strip()]
    first = lines[0] if lines else ""
    if (kind := _other_kind(first, text)) is not None:
        raise UnsupportedError(f"{path.name}: this is {kind}. Save it as CSV, Parquet or Excel.")
    if len(first) > csv.field_size_limit():
        raise DataError(f"{path.name}: the first line has {len(first):,} characters; it is not a CSV file.")
    header = next((line for line in lines if not all(is_title(line.split(mark)) for mark in _DELIMITER_NAMES)), first)
    delimiter = max(_DELIMITER_NAMES, key=lambda mark: len(next(csv.reader([header[:10_000]], delimiter=mark))))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        rows = [
            (reader.line_num, [field.strip() for field in fields]) for fields in reader if any(map(str.strip, fields))
        ]
    except csv.Error as error:
        raise DataError(f"{path.name}: line {reader.line_num}: {error}.") from error
    if not rows:
        raise DataError(f"{path.name}: the file is empty.")
    return _columns(path.name, rows, delimiter, notes)


def _other_kind(first: str, text: str) -> str | None:
    """Name the kind of a file of text that is no table."""
    start = first.strip().lower()
    if start.startswith(("<!doctype", "<html", "<?xml", "<table")):
        return "HTML or XML"
    if start.startswith("@") or (start.startswith("#") and "\n@data" in text.lower()):
        return "a file of the kind .ts, .tsf or .arff"
    if start.startswith(("{", "[")) and any(map(_is_json, (first, text))):
        return "JSON"
    return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _columns(name: str, rows: Rows, delimiter: str, notes: list[str]) -> Columns:
    """Turn rows into columns below a header."""
    header, rows = split_header(name, rows, notes)
    _check_size(name, header, len(rows))
    texts = zip(*(fields for _, fields in rows), strict=True)
    return Columns(dict(zip(header, map(list, texts), strict=True)), delimiter, [line for line, _ in rows])


def _check_size(name: str, header: Sequence[str], rows: int) -> None:
    """Refuse tables without rows, and of fewer columns than two, too many, or two of one name."""
    if len(header) < 2:
        raise DataError(f"{name}: there is only one column, {next(iter(header), '')!r}; at least two are needed.")
    if len(header) > MOST_COLUMNS:
        raise DataError(f"{name}: there are {len(header):,} columns, at most {MOST_COLUMNS:,} can be read.")
    counts = Counter(header)
    if len(counts) < len(header):
        again = next(column for column in header if counts[column] > 1)
        raise DataError(f"{name}: two columns are called {again!r}.")
    if rows == 0:
        raise DataError(f"{name}: there is a header, but no rows.")
