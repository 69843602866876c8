"""Columns of a caller's table, pandas or polars, as numbers and time stamps."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.errors import DataError, ElmanWarning
from elman.forecasting.frequencies import Times

__all__ = ["numbers", "select_columns", "time_stamps"]

Array = npt.NDArray[np.float64]

_EXACT = 2**24  # integers up to here are exact in float32


def select_columns(place: str, data: Any, names: Sequence[str]) -> pd.DataFrame:
    """Copy some columns of a pandas or polars frame; refuse by name those that it does not have."""
    absent = [name for name in names if name not in data.columns]
    if absent:
        raise DataError(
            f"{place}: the column{'s' * (len(absent) > 1)} {', '.join(absent)} "
            f"{'are' if len(absent) > 1 else 'is'} not found among {', '.join(map(str, data.columns))}."
        )
    if twice := [name for name in names if list(data.columns).count(name) > 1]:
        raise DataError(f"{place}: there is more than one column {twice[0]!r}.")
    if type(data).__module__.split(".")[0] == "polars":
        return _from_polars(data, names)
    frame: pd.DataFrame = data[list(names)].reset_index(drop=True)
    return frame


def _from_polars(data: Any, names: Sequence[str]) -> pd.DataFrame:
    """Copy columns of a polars frame to pandas without further libraries."""
    columns: dict[str, Any] = {}
    for name in names:
        column = data[name]
        zone = getattr(column.dtype, "time_zone", None)
        if zone is not None:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            columns[name] = pd.Series(column.to_numpy()).dt.tz_localize("UTC").dt.tz_convert(zone)
        elif column.dtype.is_numeric() or column.dtype.is_temporal():
            columns[name] = pd.Series(column.to_numpy())
        else:
            columns[name] = pd.Series(column.to_list())
    return pd.DataFrame(columns)


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
                f"{place}: {name} has integers beyond 2**24; networks compute with 7 digits (float32), on values less "
                "their level.",
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
        raise DataError(f"{place}: ds is missing in row {int(np.argmax(column.isna()))}.")
    if pd.api.types.is_integer_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return pd.Index(column.to_numpy(dtype=np.int64))
    if pd.api.types.is_datetime64_any_dtype(column):
        return pd.DatetimeIndex(column)
    if isinstance(column.dtype, pd.PeriodDtype):
        raise DataError(f"{place}: ds holds periods ({column.dtype}); pass time stamps, such as ds.dt.to_timestamp().")
    if pd.api.types.is_numeric_dtype(column):
        raise DataError(f"{place}: ds must hold time stamps or integers, got {column.dtype}.")
    zones = {getattr(value, "tzinfo", None) is not None for value in column if not isinstance(value, str)}
    if len(zones) == 2:
        raise DataError(f"{place}: ds mixes time stamps with and without a time zone.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # pandas 2 announces that it will refuse changing offsets
            return pd.DatetimeIndex(pd.to_datetime(column))
    except (ValueError, TypeError, FutureWarning) as error:
        parsed = pd.to_datetime(column, errors="coerce", utc=True)
        row = int(np.argmax(parsed.isna().to_numpy()))
        shown = (
            f"{column.iloc[row]!r} in row {row}" if parsed.isna().any() else f"different forms ({column.iloc[0]!r}, …)"
        )
        raise DataError(f"{place}: ds must hold time stamps or integers, got {shown}.") from error
