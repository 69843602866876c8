"""Convert columns of pandas and polars frames to numbers and time stamps."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman._words import called, column, columns
from elman.errors import DataError, ElmanWarning, Remedy
from elman.tables.frequencies import Times

__all__ = ["as_long", "numbers", "select_columns", "time_stamps", "with_keys", "zone_of"]

Array = npt.NDArray[np.float64]

_EITHER_ORDER = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")  # of day and month
_EXACT = 2**24  # integers up to here are exact in float32


def as_long(place: str, data: Any) -> Any:
    """Convert a frame or a pandas Series with dates in its index to columns unique_id, ds and y, where available.

    Parameters
    ----------
    place : str
        Start of every message.
    data : object
        Anything else, such as an array, is returned unchanged.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=2)
    >>> as_long("example", pd.Series([5.0, 6.0], index=days)).columns.tolist()
    ['ds', 'y', 'unique_id']
    """
    if isinstance(data, pd.Series):
        if not _is_dated(data.index):
            return data
        name: Any = "y" if data.name is None else data.name
        return _dated(data.index, pd.DataFrame({"y": data.to_numpy()})).assign(unique_id=name)
    if not hasattr(data, "columns"):
        return data
    if isinstance(data, pd.DataFrame):
        data = _with_index(place, data)
    return with_keys(data, "y") if {"ds", "y"} <= set(data.columns) else data


def with_keys(data: Any, name: Any) -> Any:
    """Use dates in the index of a frame as ``ds``, and ``name``, if not None, as the missing ``unique_id``.

    Examples
    --------
    >>> with_keys(pd.DataFrame({"price": [2]}, index=pd.DatetimeIndex(["2024-01-01"])), "tea").columns.tolist()
    ['ds', 'price', 'unique_id']
    """
    if isinstance(data, pd.DataFrame) and "ds" not in data.columns and _is_dated(data.index):
        data = _dated(data.index, data.reset_index(drop=True))
    if "unique_id" in data.columns or name is None:
        return data
    if isinstance(data, pd.DataFrame):
        return data.assign(unique_id=name)
    import polars as pl

    return data.with_columns(pl.lit(name).alias("unique_id"))


def _is_dated(index: Any) -> bool:
    return isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex))


def _with_index(place: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Take missing unique_id and ds from the index of a frame, and missing y from its only column."""
    named = [name for name in frame.index.names if name in ("unique_id", "ds") and name not in frame.columns]
    dated = "ds" not in frame.columns and _is_dated(frame.index)
    if named and not dated:
        return frame.reset_index(named)
    if not dated:
        return frame
    if "y" not in frame.columns and len(frame.columns) != 1:
        raise DataError(
            f"{place}: a frame with dates in its index needs a column y, got {', '.join(map(str, frame.columns))}. For "
            'one column per series, pass frame.melt(ignore_index=False, var_name="unique_id", value_name="y").'
        )
    own = frame.reset_index(drop=True)
    if "y" not in own.columns:
        own = own.set_axis(["y"], axis=1).assign(unique_id=frame.columns[0])
    return _dated(frame.index, own)


def _dated(index: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """Put the dates of an index into a column; periods become their first moments."""
    frame.insert(0, "ds", index.to_timestamp() if isinstance(index, pd.PeriodIndex) else index)
    return frame


def select_columns(place: str, data: Any, names: Sequence[str]) -> pd.DataFrame:
    """Copy some columns of a pandas or polars frame; refuse missing ones by name."""
    absent = [name for name in names if name not in data.columns]
    if absent:
        raise DataError(
            f"{place}: the column{'s' * (len(absent) > 1)} {columns(absent)} "
            f"{'are' if len(absent) > 1 else 'is'} not found among {columns(data.columns)}."
        )
    if twice := [name for name in names if list(data.columns).count(name) > 1]:
        raise DataError(f"{place}: there is more than one column {column(twice[0])!r}.")
    if type(data).__module__.split(".")[0] == "polars":
        return _from_polars(data, names)
    frame: pd.DataFrame = data[list(names)].reset_index(drop=True)
    return frame


def _from_polars(data: Any, names: Sequence[str]) -> pd.DataFrame:
    """Copy columns of a polars frame to pandas without further libraries."""
    found: dict[str, Any] = {}
    for name in names:
        values = data[name]
        zone = getattr(values.dtype, "time_zone", None)
        if zone is not None:
            values = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            found[name] = pd.Series(values.to_numpy()).dt.tz_localize("UTC").dt.tz_convert(zone)
        elif values.dtype.is_numeric() or values.dtype.is_temporal():
            found[name] = pd.Series(values.to_numpy())
        else:
            found[name] = pd.Series(values.to_list())
    return pd.DataFrame(found)


def numbers(place: str, name: str, column: pd.Series) -> Array:
    """Convert a column to float64: numbers as they are, text only if every entry is a number."""
    if (
        pd.api.types.is_bool_dtype(column)
        or pd.api.types.is_complex_dtype(column)
        or pd.api.types.is_datetime64_any_dtype(column)
    ):
        raise DataError(f"{place}: {name} must hold numbers, got {column.dtype}.")
    if pd.api.types.is_numeric_dtype(column):
        if pd.api.types.is_integer_dtype(column) and len(column) and column.abs().max() > _EXACT:
            warnings.warn(
                f"{place}: {name} has integers beyond 2**24; networks compute with 7 digits (float32), on values "
                "less their center.",
                ElmanWarning,
                stacklevel=6,
            )
        return np.ascontiguousarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    converted = pd.to_numeric(column, errors="coerce").astype(np.float64)
    wrong = converted.isna() & ~column.isna()
    if wrong.any():
        row = int(np.argmax(wrong.to_numpy()))
        raise DataError(f"{place}: {name} must hold numbers, got {column.iloc[row]!r} in row {row}.")
    _refuse_lost_digits(place, name, column, converted)
    if any(isinstance(value, str) for value in column):
        warnings.warn(
            f"{place}: {name} holds numbers written as text; they were converted.", ElmanWarning, stacklevel=6
        )
    return np.ascontiguousarray(converted.to_numpy(na_value=np.nan))


def _refuse_lost_digits(place: str, name: str, column: pd.Series, converted: pd.Series) -> None:
    """Refuse whole numbers written as text that float64 would round: an identifier rather than a measurement."""
    for row in np.flatnonzero((converted.abs() >= 2**53).to_numpy()):
        text = str(column.iloc[row]).strip()
        if text.lstrip("+-").isdigit() and int(text) != int(converted.iloc[row]):
            raise DataError(f"{place}: {name} is {text!r} in row {row}, which float64 would round.")


def time_stamps(place: str, column: pd.Series) -> Times:
    """Convert ``ds`` to a DatetimeIndex or an integer Index."""
    if column.isna().any():
        raise DataError(f"{place}: {called('ds')} is missing in row {int(np.argmax(column.isna()))}.")
    if pd.api.types.is_integer_dtype(column) and not pd.api.types.is_bool_dtype(column):
        counted = column.to_numpy(dtype=np.int64)
        _refuse_dates_as_integers(place, counted)
        return pd.Index(counted)
    if pd.api.types.is_datetime64_any_dtype(column):
        return pd.DatetimeIndex(column)
    if isinstance(column.dtype, pd.PeriodDtype):
        raise DataError(
            f"{place}: {called('ds')} holds periods ({column.dtype}).",
            Remedy("pass time stamps, such as ds.dt.to_timestamp()", "write dates in the file", frame=...),
        )
    if pd.api.types.is_numeric_dtype(column):
        raise DataError(f"{place}: {called('ds')} must hold time stamps or integers, got {column.dtype}.")
    zones = {getattr(value, "tzinfo", None) is not None for value in column if not isinstance(value, str)}
    if len(zones) == 2:
        raise DataError(f"{place}: {called('ds')} mixes time stamps with and without a time zone.")
    if (first := next(iter(column), None)) is not None and _EITHER_ORDER.match(str(first)):
        return _day_and_month(place, column)
    try:
        return _parsed(column)
    except (ValueError, TypeError, FutureWarning) as error:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            parsed = pd.to_datetime(column, errors="coerce", utc=True)
        if not parsed.isna().any():
            raise DataError(
                f"{place}: {called('ds')} must hold time stamps of one form and one time zone, got {column.iloc[0]!r} "
                "and others.",
                Remedy('pass time stamps of one zone, such as pd.to_datetime(ds, utc=True, format="mixed")', frame=...),
            ) from error
        raise _no_time(place, column, parsed) from error


def zone_of(times: Any) -> str:
    """Return the name of the time zone of time stamps; empty for none, and for integers.

    Examples
    --------
    >>> zone_of(pd.date_range("2024-01-01", periods=2, tz="Europe/Berlin")), zone_of(pd.Index([1, 2]))
    ('Europe/Berlin', '')
    """
    zone = getattr(times, "tz", None)
    return "" if zone is None else str(zone)


def _parsed(column: pd.Series, **how: Any) -> pd.DatetimeIndex:
    """Parse text; an error for entries of another form than the first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pandas warns when it parses entry by entry
        warnings.simplefilter("error", FutureWarning)  # pandas 2 warns that changing offsets will be an error
        return pd.DatetimeIndex(pd.to_datetime(column, **how))


def _no_time(place: str, column: pd.Series, parsed: pd.Series) -> DataError:
    """Return the error for a text that is no time stamp."""
    row = int(np.argmax(parsed.isna().to_numpy()))
    found = f"{place}: {called('ds')} must hold time stamps or integers, got {column.iloc[row]!r} in row {row}."
    return DataError(found)


def _day_and_month(place: str, column: pd.Series) -> pd.DatetimeIndex:
    """Parse dates such as 1/2/2024 if they can be read in one order alone."""
    readings: list[pd.DatetimeIndex] = []
    for day_first in (True, False):
        try:
            readings.append(_parsed(column, dayfirst=day_first))
        except (ValueError, TypeError, FutureWarning):
            continue
    if not readings:
        raise _no_time(place, column, pd.Series(pd.to_datetime(column, errors="coerce", format="mixed")))
    if not readings[0].equals(readings[-1]):
        raise DataError(
            f"{place}: {called('ds')} holds {column.iloc[0]!r}, which can be read day first and month first.",
            Remedy("pass time stamps, such as pd.to_datetime(ds, dayfirst=True) or dayfirst=False", frame=...),
        )
    return readings[0]


def _refuse_dates_as_integers(place: str, counted: npt.NDArray[np.int64]) -> None:
    """Refuse months such as 202401 and days such as 20240131: as integers, December is followed by month 13.

    Examples
    --------
    >>> try:
    ...     _refuse_dates_as_integers("fit", np.array([202411, 202412, 202501]))
    ... except DataError as error:
    ...     print(error)
    fit: ds holds integers such as 202411, which look like months. Pass time stamps, such as pd.to_datetime(ds.\
astype(str), format="%Y%m").
    """
    if len(counted) < 2 or counted[0] == counted[-1]:
        return
    for form, base, what in (("%Y%m", 1, "months"), ("%Y%m%d", 100, "days")):
        year_and_month = counted // base
        year, month = year_and_month // 100, year_and_month % 100
        possible = (year >= 1800) & (year <= 2200) & (month >= 1) & (month <= 12)
        if base == 100:
            possible &= (counted % 100 >= 1) & (counted % 100 <= 31)
        if possible.all():
            raise DataError(
                f"{place}: {called('ds')} holds integers such as {counted[0]}, which look like {what}.",
                Remedy(f'pass time stamps, such as pd.to_datetime(ds.astype(str), format="{form}")', frame=...),
            )
