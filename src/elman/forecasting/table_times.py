"""Texts of a file into time stamps, or the first of them that is none."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd

from elman.data.table_files import Column
from elman.data.table_numbers import PLAIN, Odd
from elman.forecasting.frequencies import infer_frequency

__all__ = ["odd_date", "to_times"]

_ZONE = re.compile(r":\d\d(\.\d+)? ?(Z|[+-]\d\d:?\d\d)$")
_DAY_FIRST = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")


def odd_date(texts: Column) -> Odd:
    """Find the first entry that is no date, or of which it is not known in what time zone, as it is of the others."""
    column = pd.Series(texts, dtype="object")
    wrong = pd.to_datetime(column, errors="coerce", format="mixed", utc=True).isna().to_numpy()
    why = "is no date"
    if not wrong.any():  # all are dates, but not of one kind
        zoned = np.array([bool(_ZONE.search(str(text))) for text in column])
        wrong, why = zoned != zoned[0], f"has {'no' if zoned[0] else 'a'} time zone, unlike the first"
    row = int(np.argmax(wrong))
    return Odd(row, str(column.iloc[row]), 0 < 2 * wrong.sum() < len(column), why)


def to_times(texts: Column, certain: bool, notes: list[str]) -> pd.Series | None:
    """Convert a column to time stamps, or return None. Plain numbers are dates only where the name says so."""
    if isinstance(texts, pd.Series):
        if pd.api.types.is_datetime64_any_dtype(texts):
            return texts if texts.notna().all() else None
        if not pd.api.types.is_integer_dtype(texts):
            return None
        texts = [str(value) for value in texts]
    column = pd.Series(texts, dtype="object")
    if all(PLAIN.fullmatch(text) for text in texts):
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
            warnings.simplefilter("error", FutureWarning)  # pandas 2 announces that it will refuse changing offsets
            try:
                times = parse(column, utc=utc, **how)
            except (ValueError, TypeError, OverflowError, FutureWarning):
                continue
        if pd.api.types.is_datetime64_any_dtype(times) and times.notna().all():
            return pd.Series(times)
    return None
