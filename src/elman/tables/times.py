"""Parse a text column as time stamps; report the first entry that is not one."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.errors import DataError, Remedy
from elman.tables.files import Column, Notation
from elman.tables.frequencies import Times, gaps_of, infer_frequency
from elman.tables.numbers import PLAIN, Odd
from elman.tables.zones import zone_of_offsets

__all__ = ["is_month_name", "odd_date", "spoken", "to_times"]

_ZONE = re.compile(r":\d\d(\.\d+)? ?(Z|[+-]\d\d:?\d\d)$")
_DAY_FIRST = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
_MONTHS = {"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * i : 3 * i + 3]: i + 1 for i in range(12)}
_NAMED = r"(?P<name>[A-Za-z]{3})[a-z]*\.?"
_FULL_YEAR = r"(?P<y>\d{4})"
_MONTH = r"(?P<m>1[0-2]|0?[1-9])"
_LABELS = [  # labels of whole months, quarters and weeks; a generic parser takes "Jan-15" for a day of this year
    re.compile(rf"{_FULL_YEAR}[-: ]?M{_MONTH}", re.IGNORECASE),
    re.compile(rf"{_FULL_YEAR}[-:/ ]?Q(?P<q>[1-4])", re.IGNORECASE),
    re.compile(rf"Q(?P<q>[1-4])[-:/ ]?{_FULL_YEAR}", re.IGNORECASE),
    re.compile(rf"{_FULL_YEAR}[-: ]?W(?P<w>0?[1-9]|[1-4]\d|5[0-3])", re.IGNORECASE),
    re.compile(rf"{_NAMED}[-/ ']{{0,2}}(?P<y>\d{{4}}|\d{{2}})"),
    re.compile(rf"(?P<y>\d{{4}}|\d{{2}})[-/ ]{_NAMED}"),
    re.compile(rf"{_MONTH}[-/.]{_FULL_YEAR}"),
]
_DIGITS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}
_WHOLE = re.compile(r"\d+\.0+")  # as pandas writes whole numbers of a column with gaps
_EPOCHS = {10: ("s", "seconds"), 13: ("ms", "milliseconds"), 16: ("us", "microseconds"), 19: ("ns", "nanoseconds")}


def odd_date(texts: Column, notation: Notation | None = None) -> Odd:
    """Find the first entry that is no date, or lacks the time zone that the others have."""
    column = pd.Series([str(text) for text in texts], dtype="object")
    form = (notation or Notation()).date_format
    if form is not None:
        wrong, why = _unreadable(column, format=form), f"is no date in the form {form}"
    else:
        label = max(_LABELS, key=lambda pattern: sum(map(bool, map(pattern.fullmatch, column))))
        labelled = np.array([bool(label.fullmatch(text)) for text in column])
        if 2 * labelled.sum() > len(column):
            wrong, why = ~labelled, f"is no date like {column.iloc[int(np.argmax(labelled))]}"
        else:
            wrong, why = _unreadable(column, format="mixed"), "is no date"
    if not wrong.any():  # all are dates, some with and some without a zone
        zoned = np.array([bool(_ZONE.search(text)) for text in column])
        wrong, why = zoned != zoned[0], f"has {'no' if zoned[0] else 'a'} time zone, unlike the first"
    row = int(np.argmax(wrong))
    return Odd(row, column.iloc[row], 0 < 2 * wrong.sum() < len(column), why)


def _unreadable(column: pd.Series, **how: Any) -> Any:
    parse: Any = pd.to_datetime
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return parse(column, errors="coerce", utc=True, **how).isna().to_numpy()


def to_times(texts: Column, certain: bool, notes: list[str], notation: Notation | None = None) -> pd.Series | None:
    """Convert a column to time stamps or whole numbers that count time, or return None.

    Parameters
    ----------
    texts : list of str, or Series
        Of one column.
    certain : bool
        Whether the column's name is one of times; then plain numbers may be times too.
    notes : list of str
        Receives a note on ambiguous dates.
    notation : Notation, optional
        May fix the order of day and month, or the date format.

    Returns
    -------
    Series or None

    Raises
    ------
    DataError
        If the order of day and month is ambiguous.
    """
    notation = notation or Notation()
    if isinstance(texts, pd.Series):
        if pd.api.types.is_datetime64_any_dtype(texts):
            return texts if texts.notna().all() else None
        if not pd.api.types.is_integer_dtype(texts):
            return None
        texts = [str(value) for value in texts]
    if certain and all(_WHOLE.fullmatch(text) for text in texts):
        texts = [text.partition(".")[0] for text in texts]
    column = pd.Series(texts, dtype="object")
    if notation.date_format is not None:
        return _parse_times(column, format=notation.date_format)
    if all(PLAIN.fullmatch(text) for text in texts):
        return _plain_numbers(texts, column, notes) if certain else None
    for label in _LABELS:
        if label.fullmatch(texts[0]):
            return _periods(texts, label)
    if _DAY_FIRST.match(texts[0]):
        return _day_and_month(texts, column, notes, notation)
    times = _parse_times(column, notes)
    if times is not None or len({bool(_ZONE.search(text)) for text in texts}) > 1:
        return times
    # pandas expects one form; with ISO8601, fractions of a second or times of day may be missing in some entries.
    return _parse_times(column, notes, format="ISO8601")


def is_month_name(text: str) -> bool:
    """Return whether a text is the English name of a month, or its first letters.

    Examples
    --------
    >>> is_month_name("Sept."), is_month_name("March"), is_month_name("May 2024")
    (True, True, False)
    """
    return re.fullmatch(r"[A-Za-z]{3,9}\.?", text) is not None and text[:3].title() in _MONTHS


def _plain_numbers(texts: Sequence[str], column: pd.Series, notes: list[str]) -> pd.Series | None:
    """Read years, 202401, 20240131, time since 1970, or counts of steps."""
    if not all(text.lstrip("-").isdigit() for text in texts):
        return None
    digits = {len(text) for text in texts}
    length = digits.pop() if len(digits) == 1 else 0
    if length in _DIGITS and (times := _parse_times(column, format=_DIGITS[length])) is not None:
        return times
    if length in _EPOCHS:
        unit, name = _EPOCHS[length]
        notes.append(f"times such as {texts[0]} were read as {name} since 1970 (UTC)")
        since = column.astype("int64").to_numpy().astype(f"datetime64[{unit}]")
        return pd.Series(since.astype("datetime64[us]") if unit != "ns" else since)
    if max(map(len, texts)) > 18:
        return None
    counted = column.astype("int64")
    return counted if _counts(counted.to_numpy(dtype=np.int64)) else None


def _counts(numbers: npt.NDArray[Any]) -> bool:
    """Return whether whole numbers count time: increasing, overall or per series, with few gaps."""
    distinct, changes = np.unique(numbers), np.diff(numbers)
    if len(distinct) < 2 or (changes > 0).sum() <= (changes < 0).sum():
        return False
    steps = np.diff(distinct)
    return bool(steps.sum() // np.gcd.reduce(steps) < 2 * len(distinct))


def _periods(texts: Sequence[str], label: re.Pattern[str]) -> pd.Series | None:
    """Read labels of months, quarters and weeks as the first day of each."""
    starts = []
    for text in texts:
        found = label.fullmatch(text)
        if not found:
            return None
        parts = found.groupdict()
        year = int(parts["y"]) + (0 if len(parts["y"]) == 4 else 1900 if int(parts["y"]) >= 69 else 2000)
        month = _MONTHS.get(parts["name"].title()) if parts.get("name") else int(parts.get("m") or 1)
        if parts.get("q"):
            month = 3 * int(parts["q"]) - 2
        try:
            if parts.get("w"):
                starts.append(pd.Timestamp.fromisocalendar(year, int(parts["w"]), 1))
            else:
                starts.append(pd.Timestamp(year=year, month=month or 0, day=1))
        except ValueError:
            return None
    return pd.Series(pd.DatetimeIndex(starts))


def _day_and_month(texts: Sequence[str], column: pd.Series, notes: list[str], notation: Notation) -> pd.Series | None:
    """Read dates such as 1/2/2024: by the notation, or in the order that gives fewer gaps."""
    if notation.day_first is not None:
        return _parse_times(column, notes, dayfirst=notation.day_first)
    readings = [(name, _parse_times(column, [], dayfirst=name == "day first")) for name in ("month first", "day first")]
    possible = [(name, times) for name, times in readings if times is not None]
    if not possible:
        return None
    if len(possible) == 1 or possible[0][1].equals(possible[1][1]):
        return possible[0][1]
    ranks = [_rank(pd.DatetimeIndex(times).unique().sort_values()) for _, times in possible]
    if ranks[0] == ranks[1] and "." not in texts[0]:
        raise DataError(
            f"dates such as {texts[0]} can be read day first and month first.",
            Remedy(day_first=True),
            Remedy(date_format=_month_first_form(texts[0])),
        )
    name, times = possible[0 if ranks[0] < ranks[1] else 1]
    notes.append(f"dates such as {texts[0]} were read {name}")
    return times


def _rank(times: Times) -> tuple[bool, int, bool]:
    """Rank a reading of dates: regular before irregular, then fewer gaps, then months before days."""
    frequency = infer_frequency(times) if len(times) > 2 else None
    if frequency is None:
        return True, 0, False
    return False, gaps_of(times, frequency), len(set(times.day)) > 1


def _month_first_form(text: str) -> str:
    """Return the form of strptime that puts the month first."""
    mark = next(letter for letter in text if not letter.isdigit())
    year = re.split(r"\D", text)[2]
    clock = {0: "", 1: " %H:%M", 2: " %H:%M:%S"}.get(text.count(":"), "")
    return f"%m{mark}%d{mark}{'%Y' if len(year) == 4 else '%y'}{clock}"


def _parse_times(column: pd.Series, notes: list[str] | None = None, **how: Any) -> pd.Series | None:
    """Parse with pandas; None if any entry cannot be parsed. Changing offsets become a time zone, or else UTC."""
    parse: Callable[..., Any] = pd.to_datetime
    for utc in (False, True):
        with warnings.catch_warnings():
            # pandas warns when it parses entry by entry, and when the day comes first: both are intended here.
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("error", FutureWarning)  # pandas 2 warns that changing offsets will be an error
            try:
                times = parse(column, utc=utc, **how)
            except (ValueError, TypeError, OverflowError, FutureWarning):
                continue
        if pd.api.types.is_datetime64_any_dtype(times) and times.notna().all():
            if not utc:
                return pd.Series(times)
            return zone_of_offsets(column, pd.Series(times), [] if notes is None else notes)
    return None


def spoken(distance: pd.Timedelta) -> str:
    """Write the distance between two time stamps in its largest unit.

    Examples
    --------
    >>> spoken(pd.Timedelta("36h")), spoken(pd.Timedelta("1h"))
    ('1.5 days', '1 hour')
    """
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if (count := distance.total_seconds() / length) >= 1:
            return f"{count:.4g} {unit}{'s' * (count != 1)}"
    return f"{distance.total_seconds():.4g} s"
