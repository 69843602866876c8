"""Frequencies of time stamps: inference, checks and continuation.

Anything from a day upwards counts in local calendar time, so a daily series at 12:00 stays at 12:00 across a change to
daylight saving time; hours and below count in absolute time. Integer time stamps step by an integer. ``Day`` is a
calendar day here with every pandas; pandas 2 itself treats it as 24 hours.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.errors import FileFormatError

__all__ = [
    "OFF_CALENDAR",
    "Frequency",
    "counts_directly",
    "fitting_alias",
    "frequency_text",
    "future_times",
    "gaps_of",
    "infer_frequency",
    "is_clock_time",
    "is_up_to_a_day",
    "months_of",
    "positions",
    "read_frequency",
    "time_range",
    "to_frequency",
]

Frequency: TypeAlias = Any  # a pandas DateOffset, or an int for integer time stamps
Positions: TypeAlias = npt.NDArray[np.int64]
Times: TypeAlias = Any  # a DatetimeIndex, or an Index of integers: pandas' own types do not share the methods used here

_MONTHS = re.compile(r"months:([1-9]\d{0,3})")
OFF_CALENDAR = int(np.iinfo(np.int64).min)  # no time stamp has this position; those before 1970 are negative
_START = pd.Timestamp("2000-01-01").as_unit("ns")
_LONGEST = 2**53  # for integer steps
_PROBES = 50  # stretches tried in a series with gaps


def frequency_text(frequency: Any) -> Any:
    """Write a frequency as an alias, an integer, or ``"months:k"`` for the same day of every k-th month.

    Examples
    --------
    >>> frequency_text(pd.DateOffset(months=3)), frequency_text(pd.Timedelta("15min")), frequency_text(1)
    ('months:3', '15min', 1)
    """
    if isinstance(frequency, pd.Timedelta):
        frequency = pd.tseries.frequencies.to_offset(frequency)
    if not isinstance(frequency, pd.offsets.BaseOffset):
        return frequency
    if type(frequency) is pd.DateOffset:
        return f"months:{frequency.kwds['months'] * frequency.n}"
    return frequency.freqstr


def read_frequency(text: Any) -> Frequency:
    """Undo `frequency_text`.

    Raises
    ------
    FileFormatError
        If there is no such frequency, or it is not positive.

    Examples
    --------
    >>> read_frequency("months:3")
    <DateOffset: months=3>
    """
    if isinstance(text, str) and text.startswith("months:"):
        if (found := _MONTHS.fullmatch(text)) is None:
            raise FileFormatError(f"{text!r:.60} is no frequency")
        return pd.DateOffset(months=int(found[1]))
    if type(text) not in (str, int):
        raise FileFormatError(f"frequency must be text or an integer, got {text!r:.60}")
    try:
        return to_frequency(text)
    except (ValueError, ArithmeticError):
        raise FileFormatError(f"{text!r:.60} is no frequency") from None


def to_frequency(freq: Any) -> Frequency:
    """Turn a pandas alias, offset or integer into a frequency.

    Parameters
    ----------
    freq : str, DateOffset, Timedelta or int
        For example ``"MS"``, ``"15min"`` or 1.

    Returns
    -------
    DateOffset or int

    Raises
    ------
    ValueError
        If pandas does not know it, it is not positive, or it is longer than two centuries.

    Examples
    --------
    >>> to_frequency("MS")
    <MonthBegin>
    """
    if isinstance(freq, (int, np.integer)) and not isinstance(freq, bool):
        if not 1 <= freq <= _LONGEST:
            raise ValueError(f"a step must be between 1 and {_LONGEST}")
        return int(freq)
    days = _whole_days(freq)
    try:
        offset = pd.tseries.frequencies.to_offset(freq) if days is None else pd.offsets.Day(days)
        if offset is not None and offset.n > 0:
            _START + offset  # a step of more than two centuries is out of bounds
    except OverflowError as error:
        raise ValueError("a frequency is too long") from error
    if offset is None or offset.n < 1:
        raise ValueError("a frequency must lead forward")
    return offset


def _whole_days(freq: Any) -> int | None:
    """Return the days of a time difference, which pandas 3 would treat as 24 hours each; None for anything else."""
    if not isinstance(freq, timedelta):
        return None
    days, rest = divmod(pd.Timedelta(freq), pd.Timedelta(days=1))
    return int(days) if rest == pd.Timedelta(0) else None


def is_clock_time(frequency: Frequency) -> bool:
    """Return whether steps are hours or less, which count in absolute time."""
    return isinstance(frequency, pd.offsets.Tick) and not isinstance(frequency, pd.offsets.Day)


def is_up_to_a_day(frequency: Frequency) -> bool:
    """Return whether a step is at most a day; integers are no days.

    Examples
    --------
    >>> [is_up_to_a_day(step) for step in (pd.offsets.Hour(), pd.offsets.BDay(), pd.offsets.Week(), 1)]
    [True, True, False, False]
    """
    return is_clock_time(frequency) or (type(frequency) in (pd.offsets.Day, pd.offsets.BDay) and frequency.n == 1)


def infer_frequency(times: Times) -> Frequency | None:
    """Find the frequency of sorted, distinct time stamps, also through gaps.

    Days without a Saturday or Sunday in two weeks and more are business days.

    Parameters
    ----------
    times : DatetimeIndex or integer Index (n,)
        Time stamps of one series, at least two.

    Returns
    -------
    DateOffset, int or None
        None if no frequency fits a stretch of five time stamps and half of all.

    Examples
    --------
    >>> infer_frequency(pd.DatetimeIndex(["2024-01-01", "2024-02-01", "2024-03-01"]))
    <MonthBegin>
    >>> infer_frequency(pd.Index([10, 20, 40]))
    10
    """
    if not isinstance(times, pd.DatetimeIndex):
        return int(np.diff(times.to_numpy()).min())
    if len(times) < 3:
        return None
    for stretch in _stretches(times):
        if (frequency := _infer_regular(stretch)) is not None:
            if frequency == pd.offsets.Day() and _only_weekdays(times):
                frequency = pd.offsets.BusinessDay()
            if len(stretch) == len(times) or _usual(times, frequency):
                return frequency
    return None


def _usual(times: pd.DatetimeIndex, frequency: Frequency) -> bool:
    """Tell whether half of the time stamps follow one step after another; a stretch may be even by chance."""
    numbers, step = positions(times, frequency)
    known = numbers != OFF_CALENDAR
    follows = (np.diff(numbers) == step) & known[1:] & known[:-1]
    return 2 * int(follows.sum()) >= len(follows)


def _only_weekdays(times: pd.DatetimeIndex) -> bool:
    return bool(times[-1] - times[0] >= pd.Timedelta(days=14) and (times.day_of_week < 5).all())


def gaps_of(times: Times, frequency: Frequency) -> int:
    """Count the time stamps missing between the sorted, distinct ones of one series, plus those off the calendar.

    Examples
    --------
    >>> gaps_of(pd.Index([1, 2, 5]), 1)
    2
    """
    numbers, step = positions(times, frequency)
    off = numbers == OFF_CALENDAR if not isinstance(frequency, int) else np.zeros(len(numbers), dtype=bool)
    known = numbers[~off]
    return int(off.sum() + (np.ptp(known) // step + 1 - len(known) if len(known) else 0))


def fitting_alias(times: pd.DatetimeIndex) -> tuple[str, int]:
    """Return the longest usual frequency whose calendar contains all time stamps, and the number of gaps.

    A frequency without gaps is preferred.

    Parameters
    ----------
    times : DatetimeIndex (n,)
        Sorted and distinct, at least two.

    Examples
    --------
    >>> fitting_alias(pd.DatetimeIndex(["2024-01-01", "2024-02-01", "2024-05-01"]))
    ('MS', 2)
    """
    day, month = times[0].day_name()[:3].upper(), times[0].month_name()[:3].upper()
    yearly = [f"{start}-{month}" for start in ("YS", "YE", "QS", "QE")]
    found = {}
    for alias in (*yearly, "MS", "ME", f"W-{day}", "B", "D", "h", "min", "s"):
        numbers, step = positions(times, to_frequency(alias))
        if OFF_CALENDAR not in numbers and (np.diff(numbers) % step == 0).all() and (np.diff(numbers) > 0).all():
            found[alias] = gaps_of(times, to_frequency(alias))
    even = [alias for alias, gaps in found.items() if gaps == 0]
    alias = next(iter(even or found), "s")
    return alias, found.get(alias, 0)


def _stretches(times: pd.DatetimeIndex) -> Iterator[pd.DatetimeIndex]:
    """Yield all the time stamps, then short stretches of them."""
    yield times
    for start in range(min(_PROBES, max(0, len(times) - 4))):
        yield times[start : start + 5]


def _infer_regular(times: pd.DatetimeIndex) -> Frequency | None:
    """Infer with pandas; pandas has no alias for the same day of every month, which is tested here."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # pandas 3 announces a new return type, which to_offset takes too
        inferred: Any = pd.infer_freq(times)
    if inferred is not None:
        return _first_quarter(pd.tseries.frequencies.to_offset(inferred))
    months = np.diff(times.year.to_numpy() * 12 + times.month.to_numpy())
    same_day = len(set(times.day)) == 1 and len(set(times.time)) == 1 and times.day[0] <= 28
    if same_day and months.min() == months.max() and months.min() > 0:
        return pd.DateOffset(months=int(months[0]))
    return None


def _first_quarter(frequency: Any) -> Frequency:
    """Let quarters start in the earliest equivalent month: pandas 2 returns QS-OCT where pandas 3 returns QS-JAN."""
    if not isinstance(frequency, (pd.offsets.QuarterBegin, pd.offsets.BQuarterBegin)):
        return frequency
    quarter: Any = frequency
    return type(quarter)(quarter.n, startingMonth=(quarter.startingMonth - 1) % 3 + 1)


def counts_directly(frequency: Frequency) -> bool:
    """Return whether `positions` needs only the time stamps, without a list of the calendar's days.

    Examples
    --------
    >>> counts_directly(to_frequency("D")), counts_directly(to_frequency("B"))
    (True, False)
    """
    whole = (pd.offsets.Day, pd.offsets.Week)
    return isinstance(frequency, (int, *whole)) or is_clock_time(frequency) or months_of(frequency) > 0


def positions(times: Times, frequency: Frequency) -> tuple[Positions, int]:
    """Assign numbers to time stamps so that neighbours of a regular series differ by a known step.

    Parameters
    ----------
    times : DatetimeIndex or integer Index (n,)
        Any order, of any number of series.
    frequency : DateOffset or int
        Expected distance.

    Returns
    -------
    numbers : ndarray (n,), int64
        Position of each time stamp, negative before 1970; `OFF_CALENDAR` where it does not lie on the calendar of the
        frequency (the 5th, for month starts).
    step : int
        Difference between neighbours.

    Examples
    --------
    >>> positions(pd.DatetimeIndex(["2024-01-31", "2024-02-29", "2024-04-30"]), to_frequency("ME"))
    (array([0, 1, 3]), 1)
    """
    if isinstance(frequency, int):
        return times.to_numpy().astype(np.int64), frequency
    if is_clock_time(frequency):
        return _clock(times, pd.Timedelta(frequency))
    local = times.tz_localize(None)
    if isinstance(frequency, (pd.offsets.Day, pd.offsets.Week)):
        days = 7 * frequency.n if isinstance(frequency, pd.offsets.Week) else frequency.n
        # With a time zone, midnight may not exist on one day of the year: count days, not hours.
        return _clock(local.normalize() if times.tz is not None else local, pd.Timedelta(days=days))
    months = months_of(frequency)
    dates = local.normalize()
    if months:
        return (dates.year.to_numpy().astype(np.int64) * 12 + dates.month.to_numpy()), months
    grid = pd.date_range(dates.min(), dates.max(), freq=frequency.base, unit=dates.unit)
    found = grid.get_indexer(dates).astype(np.int64)
    return np.where(found < 0, OFF_CALENDAR, found), frequency.n


def _clock(times: pd.DatetimeIndex, step: pd.Timedelta) -> tuple[Positions, int]:
    """Count nanoseconds since 1970; microseconds outside the range of nanoseconds (1677 to 2262)."""
    try:
        return times.as_unit("ns").asi8, step // pd.Timedelta(1, "ns")
    except pd.errors.OutOfBoundsDatetime:
        return times.as_unit("us").asi8, step // pd.Timedelta(1, "us")


def months_of(frequency: Any) -> int:
    """Return the months of a plain ``DateOffset(months=k)``, else 0."""
    if type(frequency) is pd.DateOffset and set(frequency.kwds) == {"months"}:
        return int(frequency.kwds["months"]) * int(frequency.n)
    return 0


def _advance(times: Times, frequency: Frequency, count: int) -> Times:
    """Move time stamps ``count`` steps ahead, keeping time of day and time zone."""
    if count == 0:
        return times
    if isinstance(frequency, int):
        return times + count * frequency
    if is_clock_time(frequency):
        return times + count * pd.Timedelta(frequency).as_unit(times.unit)
    local = times.tz_localize(None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.PerformanceWarning)  # business days are added one by one
        moved = local + count * frequency
    if times.tz is None:
        return moved
    # A local time that does not exist moves to the first that does; of two equal ones the first is meant.
    return moved.tz_localize(times.tz, nonexistent="shift_forward", ambiguous=np.ones(len(moved), dtype=bool))


def future_times(last: Times, frequency: Frequency, horizon: int) -> Times:
    """Continue each series by ``horizon`` time stamps.

    Parameters
    ----------
    last : DatetimeIndex or integer Index (S,)
        Newest time stamp of each series.
    frequency : DateOffset or int
        Distance between time stamps.
    horizon : int
        How many to add.

    Returns
    -------
    Index (S * horizon,)
        Series after series.

    Examples
    --------
    >>> future_times(pd.DatetimeIndex(["2024-01-31"]), to_frequency("ME"), 2).strftime("%Y-%m-%d").tolist()
    ['2024-02-29', '2024-03-31']
    """
    try:
        joined = _ahead(last, frequency, horizon)
    except (pd.errors.OutOfBoundsDatetime, OverflowError):  # nanoseconds end in 2262; pandas 2 has two errors for it
        return _ahead(last.as_unit("us"), frequency, horizon)
    if isinstance(frequency, int) or (joined[-1] >= last[-1] and joined.min() >= last.min()):
        return joined
    return _ahead(last.as_unit("us"), frequency, horizon)  # pandas 2 adds weeks beyond 2262 without an error


def _ahead(last: Times, frequency: Frequency, horizon: int) -> Times:
    """Continue each series in the unit that its time stamps have."""
    ahead = [_advance(last, frequency, step) for step in range(1, horizon + 1)]
    order = np.arange(len(last) * horizon).reshape(horizon, len(last)).T.ravel()
    joined = ahead[0].append(ahead[1:])
    return joined[order]


def time_range(start: Times, frequency: Frequency, count: int) -> Times:
    """List ``count`` time stamps beginning with ``start``.

    Parameters
    ----------
    start : Index (1,)
        The first time stamp.
    frequency : DateOffset or int
        Distance between them.
    count : int
        How many, at least one.

    Returns
    -------
    Index (count,)

    Examples
    --------
    >>> time_range(pd.Index([3]), 2, 3).tolist()
    [3, 5, 7]
    """
    return start if count == 1 else start.append(future_times(start, frequency, count - 1))
