"""A file with one row per series: columns of numbers, and of text for categories."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from elman.errors import DataError
from elman.tables.files import Columns, Notation, read_columns
from elman.tables.keys import join_series
from elman.tables.names import listed
from elman.tables.numbers import PLAIN, Odd, to_numbers

__all__ = ["read_per_series"]


def read_per_series(
    path: Path,
    series: str | None,
    encoding: str = "utf-8",
    notation: Notation | None = None,
    notes: list[str] | None = None,
) -> pd.DataFrame:
    r"""Read a CSV or Parquet file with one row per series.

    Parameters
    ----------
    path : Path
        The file.
    series : str or None
        Its column of the names of series, as in the file of the values; None where that has one series.
    encoding : str
        Of CSV.
    notation : Notation, optional
        Of numbers.
    notes : list of str, optional
        Receives notes on the marks, and on columns of text of which some entries are numbers.

    Returns
    -------
    DataFrame
        Columns ``unique_id`` and all others, NaN and None where an entry is missing.

    Raises
    ------
    DataError
        Naming the file and the column.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "stores.csv"
    ...     _ = file.write_text("store,kind,size\n1,mall,20\n2,corner,3.5\n")
    ...     read_per_series(file, "store").values.tolist()
    [['1', 'mall', 20.0], ['2', 'corner', 3.5]]
    """
    columns = join_series(read_columns(path, encoding, [], notation), series)
    if series is None:
        raise DataError(f"{path.name}: has rows for several series, and the file of the values has one.")
    if series not in columns:
        raise DataError(f"{path.name}: there is no column {series!r}; the columns are {listed(columns)}.")
    frame = pd.DataFrame({"unique_id": columns[series]})
    for name in columns:
        if name != series:
            values = to_numbers(columns, name, [] if notes is None else notes)
            if notes is not None and isinstance(values, Odd) and _has_numbers(columns, name):
                notes.append(f"{values.said(columns, name)}; the column is read as categories")
            texts = [str(entry) or None for entry in columns[name]]
            frame[name] = pd.Series(texts, dtype=object) if isinstance(values, Odd) else values
    if frame.shape[1] == 1:
        raise DataError(f"{path.name}: has no column besides {series!r}.")
    return frame


def _has_numbers(columns: Columns, name: str) -> bool:
    """Return whether an entry of a column of text is a number."""
    entries = columns[name]
    return not isinstance(entries, pd.Series) and any(PLAIN.fullmatch(entry) for entry in entries)
