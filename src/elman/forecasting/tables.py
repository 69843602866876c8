"""Turn a file of somebody else's making into a long frame, and say what was taken for what."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from elman.errors import DataError
from elman.forecasting.frequencies import infer_frequency
from elman.forecasting.table_files import Column, read_columns

__all__ = ["Table", "read_table"]

_TIME_NAMES = (
    "ds",
    "date",
    "datetime",
    "time",
    "timestamp",
    "month",
    "week",
    "day",
    "year",
    "quarter",
    "period",
    "hour",
)
_TARGET_NAMES = ("y", "value", "values", "target", "sales", "demand", "count", "amount", "quantity")
_ID_NAMES = ("unique_id", "series_id", "item_id", "series", "id")
_UNKNOWN = ("", "na", "n/a", "nan", "null", "none", "-", "?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA_NUMBER = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_DAY_FIRST = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")


@dataclass(frozen=True)
class Table:
    """A long frame and what was made of the file.

    Parameters
    ----------
    frame : DataFrame
        Columns ``unique_id``, ``ds``, ``y``, and the covariates under their own names.
    time, target : str
        Names of the columns taken.
    series : str or None
        Column of the series' names; None for a single series.
    notes : list of str
        Guesses that a reader should know of.
    past, known_ahead : tuple of str
        Covariates of the two kinds.
    future : DataFrame or None
        Columns ``unique_id``, ``ds`` and the covariates known ahead, for times to come.
    """

    frame: pd.DataFrame
    time: str
    target: str
    series: str | None
    notes: list[str] = field(default_factory=list)
    past: tuple[str, ...] = ()
    known_ahead: tuple[str, ...] = ()
    future: pd.DataFrame | None = None


def read_table(
    path: Path,
    time: str | None = None,
    target: str | None = None,
    series: str | None = None,
    encoding: str = "utf-8",
    past: Sequence[str] = (),
    future: Path | None = None,
) -> Table:
    r"""Read a CSV file with a header line, or a Parquet file.

    Parameters
    ----------
    path : Path
        Parquet if its name ends in ``.parquet`` or ``.pq``; else CSV, whose delimiter may be a comma, a semicolon, a
        tab or a bar.
    time, target, series : str, optional
        Columns to take; found by their names and contents if not given.
    encoding : str
        Character encoding of CSV; a byte order mark of UTF-8 is skipped.
    past : sequence of str
        Columns of covariates that are known as long as the target is.
    future : Path, optional
        A file of times to come. Its columns that the first file has too are covariates known ahead.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        Naming the file, the line or column, and what to do.
    UnsupportedError
        If nothing installed reads Parquet.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "sales.csv"
    ...     _ = file.write_text("month,sales\n2024-01,5\n2024-02,7\n")
    ...     table = read_table(file)
    >>> table.time, table.target, table.frame["y"].tolist()
    ('month', 'sales', [5.0, 7.0])
    """
    notes: list[str] = []
    columns = read_columns(path, encoding, notes)
    for option, name in (("time", time), ("target", target), ("id", series), *(("covariates", name) for name in past)):
        if name is not None and name not in columns:
            raise DataError(
                f"{path.name}: there is no column {name!r} for --{option}; the columns are {', '.join(columns)}."
            )
    time, stamps = _find_time(path, columns, time, (target, series), notes)
    series = series or next(
        (name for name in columns if name.lower() in _ID_NAMES and name not in (time, target)), None
    )
    target, values = _find_target(path, columns, target, (time, series), notes)
    names: Any = columns[series] if series is not None else target
    frame = pd.DataFrame({"unique_id": names, "ds": stamps, "y": values})
    if series is None and frame["ds"].duplicated().any():
        again = frame["ds"][frame["ds"].duplicated()].iloc[0]
        raise DataError(
            f"{path.name}: {again} occurs more than once in column {time!r}. If the file holds several series, "
            "name the column that tells them apart with --id."
        )
    if frame["unique_id"].value_counts().max() < 2:
        raise DataError(f"{path.name}: no series has more than one row, at least 2 are needed.")
    taken = (time, target, series)
    ahead, later = _read_future(future, columns, taken, encoding, notes) if future is not None else ((), None)
    covariates = _covariates(path, columns, tuple(dict.fromkeys([*past, *ahead])), taken, notes)
    _mention_unused(columns, (*taken, *covariates), notes)
    only_past = tuple(name for name in past if name not in ahead)
    return Table(frame.assign(**covariates), time, target, series, notes, only_past, ahead, later)


def _covariates(
    path: Path, columns: dict[str, Column], names: Sequence[str], taken: tuple[str | None, ...], notes: list[str]
) -> dict[str, list[float]]:
    """Convert the columns of covariates to numbers."""
    result = {}
    for name in names:
        if name in (*taken, "unique_id", "ds", "y"):
            reason = "it is taken already" if name in taken else "rename it"
            raise DataError(f"{path.name}: column {name!r} cannot be a covariate; {reason}.")
        values = _to_numbers(columns[name], name, notes)
        if isinstance(values, str):
            raise DataError(f"{path.name}: covariate {name!r} holds {values!r}, which is no number.")
        result[name] = values
    return result


def _read_future(
    path: Path, known: dict[str, Column], taken: tuple[str, str, str | None], encoding: str, notes: list[str]
) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Read what is known of times to come: the covariates' names, and a frame."""
    time, target, series = taken
    columns = read_columns(path, encoding, [])
    for name in (time, series):
        if name is not None and name not in columns:
            raise DataError(f"{path.name}: there is no column {name!r}; the columns are {', '.join(columns)}.")
    names = tuple(name for name in columns if name in known and name not in taken)
    if not names:
        raise DataError(f"{path.name}: it has no column of covariates in common with the first file.")
    _, stamps = _find_time(path, columns, time, (target, series), [])
    ids: Any = columns[series] if series is not None else target
    frame = pd.DataFrame({"unique_id": ids, "ds": stamps} | _covariates(path, columns, names, taken, []))
    notes.append(f"known ahead: {', '.join(names)}")
    return names, frame


def _mention_unused(columns: dict[str, Column], used: tuple[str | None, ...], notes: list[str]) -> None:
    """Say which columns of numbers are left aside."""
    unused = [
        name
        for name in columns
        if name and name not in used and not isinstance(_to_numbers(columns[name], name, []), str)
    ]
    if unused:
        notes.append(f"not used: {', '.join(unused)} (--covariates takes columns)")


def _find_time(
    path: Path, columns: dict[str, Column], name: str | None, taken: tuple[str | None, ...], notes: list[str]
) -> tuple[str, pd.Series]:
    """Find the column of time stamps, the well-known names first."""
    if name is not None:
        stamps = _to_times(columns[name], certain=True, notes=notes)
        if stamps is None:
            raise DataError(f"{path.name}: column {name!r} does not hold dates ({_first_odd_date(columns[name])!r}).")
        return name, stamps
    free = [column for column in columns if column not in taken]
    known = [column for column in free if column.lower() in _TIME_NAMES]
    for column in [*known, *(column for column in free if column not in known)]:
        stamps = _to_times(columns[column], certain=column in known, notes=notes)
        if stamps is not None:
            return column, stamps
    raise DataError(
        f"{path.name}: no column holds dates throughout; name it with --time (columns: {', '.join(columns)})."
    )


def _first_odd_date(texts: Column) -> str:
    parsed = pd.to_datetime(pd.Series(texts, dtype="object"), errors="coerce", format="mixed", utc=True)
    return str(texts[int(np.argmax(parsed.isna().to_numpy()))])


def _to_times(texts: Column, certain: bool, notes: list[str]) -> pd.Series | None:
    """Convert a column to time stamps, or return None. Plain numbers are dates only where the name says so."""
    if isinstance(texts, pd.Series):
        if pd.api.types.is_datetime64_any_dtype(texts):
            return texts if texts.notna().all() else None
        if not pd.api.types.is_integer_dtype(texts):
            return None
        texts = [str(value) for value in texts]
    column = pd.Series(texts, dtype="object")
    if all(_NUMBER.fullmatch(text) for text in texts):
        if not certain:
            return None
        digits = {len(text) for text in texts}
        form = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d"}.get(digits.pop() if len(digits) == 1 else 0)
        return None if form is None else _parse_times(column, format=form)
    if not _DAY_FIRST.match(texts[0]):
        return _parse_times(column)
    first, second = (True, False) if "." in texts[0] else (False, True)
    names = {True: "day first", False: "month first"}
    readings = [(_parse_times(column, dayfirst=order), names[order]) for order in (first, second)]
    possible = [(times, name) for times, name in readings if times is not None]
    if len(possible) == 2 and not possible[0][0].equals(possible[1][0]):
        # Both can be read: the one that makes an even series is meant.
        even = [
            reading
            for reading in possible
            if infer_frequency(pd.DatetimeIndex(reading[0]).unique().sort_values()) is not None
        ]
        possible = even or possible
        notes.append(f"dates such as {texts[0]} were read {possible[0][1]}")
    return possible[0][0] if possible else None


def _parse_times(column: pd.Series, **how: Any) -> pd.Series | None:
    """Parse with pandas; None if any entry cannot be parsed. Changing offsets from UTC are brought to UTC."""
    parse: Any = pd.to_datetime
    for utc in (False, True):
        with warnings.catch_warnings():
            # pandas warns where it goes entry by entry, and where the day comes first: both are meant here.
            warnings.simplefilter("ignore", UserWarning)
            try:
                times = parse(column, utc=utc, **how)
            except (ValueError, TypeError, OverflowError):
                continue
        if pd.api.types.is_datetime64_any_dtype(times) and times.notna().all():
            return pd.Series(times)
    return None


def _find_target(
    path: Path, columns: dict[str, Column], name: str | None, taken: tuple[str | None, ...], notes: list[str]
) -> tuple[str, list[float]]:
    """Find the column to forecast: by its name, or because no other column holds numbers."""
    if name is not None:
        values = _to_numbers(columns[name], name, notes)
        if isinstance(values, str):
            raise DataError(f"{path.name}: column {name!r} holds {values!r}, which is no number.")
        return name, values
    numeric = {}
    for column in columns:
        if column not in taken:
            found: list[str] = []
            values = _to_numbers(columns[column], column, found)
            if not isinstance(values, str):
                numeric[column] = values, found
    named = [column for column in numeric if column.lower() in _TARGET_NAMES]
    chosen = named if len(named) == 1 else list(numeric)
    if len(chosen) != 1:
        reason = (
            f"several columns hold numbers ({', '.join(chosen)})"
            if chosen
            else "no column besides the dates holds numbers throughout"
        )
        raise DataError(f"{path.name}: {reason}; name the one to forecast with --target.")
    notes += numeric[chosen[0]][1]
    return chosen[0], numeric[chosen[0]][0]


def _to_numbers(texts: Column, name: str, notes: list[str]) -> list[float] | str:
    """Convert a column to numbers, NaN where there is none; return the first text that is no number."""
    if isinstance(texts, pd.Series):
        numeric = pd.api.types.is_numeric_dtype(texts) and not pd.api.types.is_bool_dtype(texts)
        return texts.astype("float64").tolist() if numeric else str(texts.iloc[0])
    known = [text for text in texts if text.lower() not in _UNKNOWN]
    odd = next((text for text in known if not _NUMBER.fullmatch(text) and text.lower() not in ("inf", "-inf")), None)
    if odd is None:
        return [float("nan") if text.lower() in _UNKNOWN else float(text) for text in texts] if known else "nothing"
    if not all(_COMMA_NUMBER.fullmatch(text) for text in known):
        return odd
    notes.append(f"numbers in {name} have a decimal comma")
    return [
        float("nan") if text.lower() in _UNKNOWN else float(text.replace(".", "").replace(",", ".")) for text in texts
    ]
