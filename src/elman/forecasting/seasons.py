"""Usual seasons of a frequency."""

from __future__ import annotations

from typing import Any

import pandas as pd

from elman.tables.frequencies import Frequency, is_clock_time, months_of

__all__ = ["seasons_of", "with_year", "year_of"]

_DAY = 86_400.0  # seconds
_CYCLES = {"D": 7, "B": 5, "C": 5, "W": 52} | dict.fromkeys(("MS", "ME", "BMS", "BME"), 12)
_CYCLES |= dict.fromkeys(("QS", "QE", "BQS", "BQE"), 4)
_YEARS = {7: 365, 5: 261}  # days in a year, by days in a week


def seasons_of(frequency: Frequency | None) -> tuple[int, ...]:
    """Return the usual seasons of a frequency; baselines and scores use the first.

    Parameters
    ----------
    frequency : DateOffset, int or None
        None and integers have no usual season.

    Returns
    -------
    tuple of int
        ``(1,)`` where no season is usual.

    Examples
    --------
    >>> from elman.tables.frequencies import to_frequency
    >>> [seasons_of(to_frequency(freq)) for freq in ("h", "D", "B", "W", "MS", "QE", "YS")]
    [(24, 168), (7,), (5,), (52,), (12,), (4,), (1,)]
    """
    if frequency is None or isinstance(frequency, int):
        return (1,)
    if is_clock_time(frequency):
        return _seasons_within_a_day(pd.Timedelta(frequency).total_seconds())
    per_cycle = _cycle(frequency)
    length = per_cycle // frequency.n if months_of(frequency) == 0 else per_cycle // months_of(frequency)
    step = months_of(frequency) or frequency.n
    return (length,) if length > 1 and per_cycle % step == 0 else (1,)


def _cycle(frequency: Any) -> int:
    """Return the units in the usual season of a frequency: days per week; weeks, months or quarters per year."""
    if months_of(frequency):
        return 12
    alias = frequency.base.freqstr.split("-")[0]
    return _CYCLES.get(alias, 1)


def _seasons_within_a_day(seconds: float) -> tuple[int, ...]:
    """Return the seasons of steps up to 24 hours: day and week unless too long for a window, else the hour."""
    day, week, hour = (length / seconds for length in (_DAY, 7 * _DAY, 3600.0))
    if day == 1:
        return (7,)
    if day != int(day) or day < 2:
        return (1,)
    if day > 400:
        return (int(hour),) if hour == int(hour) and 1 < hour <= 400 else (1,)
    return (int(day), int(week)) if week <= 700 else (int(day),)


def with_year(seasons: tuple[int, ...]) -> tuple[int, ...]:
    """Return the seasons of days or business days, the week alone, with the year; others unchanged.

    Examples
    --------
    >>> with_year((7,)), with_year((5,)), with_year((12,))
    ((7, 365), (5, 261), (12,))
    """
    return (*seasons, _YEARS[seasons[0]]) if len(seasons) == 1 and seasons[0] in _YEARS else seasons


def year_of(seasons: tuple[int, ...]) -> int | None:
    """Return the days in a year if the seasons are those of days, week and year; else None.

    Examples
    --------
    >>> year_of((7, 365)), year_of((24, 168)), year_of((7,))
    (365, None, None)
    """
    return seasons[1] if len(seasons) > 1 and seasons[:2] == with_year(seasons[:1]) else None
