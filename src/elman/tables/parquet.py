"""Read and write Parquet files with polars or pyarrow; check the unpacked size before unpacking."""

from __future__ import annotations

import io
import mmap
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from elman._extras import need
from elman.errors import DataError
from elman.tables.parquet_pages import unpacked_size

__all__ = ["MOST_BYTES", "MOST_COLUMNS", "Column", "parquet_bytes", "read_parquet"]

MOST_BYTES = 2**30  # of an unpacked file
MOST_COLUMNS = 4096

Column: TypeAlias = "list[str] | pd.Series"  # texts of a CSV file, or values of the types of a Parquet file


def read_parquet(path: Path) -> dict[str, Column]:
    """Read with polars, or else with pyarrow through pandas; columns of texts become lists.

    Raises
    ------
    DataError
        If the file is damaged, or has too many columns or too much in them.
    MissingExtraError
        If neither is installed.
    """
    if path.stat().st_size == 0:
        raise DataError(f"{path.name}: the file is empty.")
    library = need(path.name, "polars", "pyarrow").__name__
    try:
        _check_unpacked(path)
        if library == "polars":
            return {name: _texts(column) for name, column in _from_polars(path).items()}
        frame = pd.read_parquet(path, engine="pyarrow").reset_index()
        return {str(name): _texts(frame[name]) for name in frame.columns if name != "index"}
    except (OSError, DataError):
        raise
    except Exception as error:  # the errors of the libraries have no common base
        raise DataError(f"{path.name}: this is no Parquet file that can be read ({_first_line(error)}).") from error


def _check_unpacked(path: Path) -> None:
    """Refuse a file by the sizes in its headers."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        columns, size = unpacked_size(data)
    if columns > MOST_COLUMNS:
        raise DataError(f"{path.name}: there are {columns:,} columns, at most {MOST_COLUMNS:,} can be read.")
    if size > MOST_BYTES:
        raise _too_large(path)


def _too_large(path: Path) -> DataError:
    return DataError(
        f"{path.name}: unpacks to more than {MOST_BYTES:,} bytes. Keep the columns and rows that are needed."
    )


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """Write a frame as Parquet, with pyarrow through pandas or else with polars.

    Raises
    ------
    MissingExtraError
        If neither is installed.
    """
    buffer = io.BytesIO()
    if need("Parquet", "pyarrow", "polars").__name__ == "pyarrow":
        frame.to_parquet(buffer, engine="pyarrow", index=False)
    else:
        _to_polars(frame).write_parquet(buffer)
    return buffer.getvalue()


def _to_polars(frame: pd.DataFrame) -> Any:
    import polars as pl

    columns: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            utc = pl.Series(column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
            columns[str(name)] = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(str(column.dt.tz))
        else:
            plain = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
            columns[str(name)] = column.to_numpy() if plain else column.to_list()
    return pl.DataFrame(columns)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _from_polars(path: Path) -> dict[str, Column]:
    import polars as pl

    columns: dict[str, Column] = {}
    try:
        frame = pl.read_parquet(path)
    except pl.exceptions.PanicException as error:  # on damage; it is no subclass of Exception
        raise ValueError(str(error)) from None
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]  # polars stores a repeated text once
    if sum(frame[name].str.len_bytes().sum() for name in texts) > MOST_BYTES:
        raise _too_large(path)
    for column in frame.get_columns():
        zone = getattr(column.dtype, "time_zone", None)
        if zone is not None:
            utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            columns[column.name] = pd.Series(utc.to_numpy()).dt.tz_localize("UTC").dt.tz_convert(zone)
        elif column.dtype.is_numeric() or column.dtype in (pl.Date, pl.Datetime):
            columns[column.name] = pd.Series(column.to_numpy())
        else:
            columns[column.name] = pd.Series(column.to_list(), dtype="object")
    return columns


def _texts(column: Any) -> Column:
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return pd.Series(column)
    return ["" if value is None or value != value else str(value).strip() for value in column]
