"""Features of the time stamps: hour, weekday, month, position in the month, season; holidays of a country."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman._extras import need
from elman._words import called
from elman.errors import ArgumentError, DataError, Remedy
from elman.tables.frequencies import Frequency, Times, is_clock_time

__all__ = [
    "AUTO",
    "FEATURES",
    "Feature",
    "calendar_columns",
    "check_country",
    "features_of",
    "holiday_column",
]

Array = npt.NDArray[np.float64]

AUTO = "auto"  # the features that make sense for the frequency
_DAY = pd.Timedelta(days=1)
_HARMONICS = 2  # of the month and the year
_HARMONICS_OF_A_DAY = 3


@dataclass(frozen=True)
class Feature:
    """Columns made from time stamps.

    Parameters
    ----------
    made : callable
        Takes a DatetimeIndex (n,) in local time; returns ndarray (n, C).
    longest : Timedelta
        Steps from which on the feature does not change, or not in a pattern.
    width : int
        Columns (C).
    """

    made: Callable[[pd.DatetimeIndex], Array]
    longest: pd.Timedelta
    width: int


def _waves(phase: Any, harmonics: int) -> Array:
    """Return the sines and cosines of a phase in [0, 1) and its multiples (n, 2·harmonics)."""
    turns = 2 * np.pi * np.outer(np.asarray(phase, dtype=np.float64), np.arange(1, harmonics + 1))
    return np.concatenate([np.sin(turns), np.cos(turns)], axis=1)


def _one_of(numbers: Any, count: int) -> Array:
    """Return a column of 0 and 1 for each number (n, count)."""
    columns: Array = (np.asarray(numbers)[:, None] == np.arange(count)).astype(np.float64)
    return columns


def _hour(times: pd.DatetimeIndex) -> Array:
    return _waves((times - times.normalize()) / _DAY, _HARMONICS_OF_A_DAY)


def _month_position(times: pd.DatetimeIndex) -> Array:
    return _waves((times.day - 1) / times.days_in_month, _HARMONICS)


def _season(times: pd.DatetimeIndex) -> Array:
    return _waves((times.day_of_year - 1) / (365 + times.is_leap_year), _HARMONICS)


FEATURES = {
    "hour": Feature(_hour, _DAY, 2 * _HARMONICS_OF_A_DAY),
    "weekday": Feature(lambda times: _one_of(times.day_of_week, 7), 7 * _DAY, 7),
    "month_position": Feature(_month_position, 28 * _DAY, 2 * _HARMONICS),
    "month": Feature(lambda times: _one_of(times.month - 1, 12), 365 * _DAY, 12),
    "season": Feature(_season, 365 * _DAY, 2 * _HARMONICS),
}
_USUAL = (  # below a length of step
    (_DAY, ("hour", "weekday")),
    (7 * _DAY, ("weekday", "month_position", "season")),
    (28 * _DAY, ("month_position", "season")),
    (365 * _DAY, ("month",)),
)


def features_of(place: str, asked: tuple[str, ...], frequency: Frequency | None) -> tuple[str, ...]:
    """Return the features for a frequency: those asked for, or with `AUTO` the usual ones.

    Hour and weekday for steps below a day; weekday, position in the month and season below a week; the latter two below
    a month; the month from a month to less than a year.

    Raises
    ------
    DataError
        If the times are integers, or a feature is constant at this frequency.

    Examples
    --------
    >>> features_of("fit", (AUTO,), pd.offsets.Day()), features_of("fit", (AUTO,), pd.offsets.MonthBegin())
    (('weekday', 'month_position', 'season'), ('month',))
    """
    if not asked:
        return ()
    step = _step_of(place, "calendar", frequency)
    if asked == (AUTO,):
        usual = next((names for longest, names in _USUAL if step < longest), None)
        if usual is None:
            raise DataError(f"{place}: the calendar says nothing about steps of {_named(frequency)}; leave it out.")
        return usual
    possible = [name for name, feature in FEATURES.items() if step < feature.longest]
    for name in asked:
        if name not in possible:
            raise DataError(
                f'{place}: the calendar feature "{name}" is the same at every step of {_named(frequency)}; '
                f"{_listed(possible)}"
            )
    return asked


def _listed(possible: list[str]) -> str:
    return f"{', '.join(possible)} would change." if possible else "leave the calendar out."


def calendar_columns(times: Times, features: tuple[str, ...]) -> Array:
    """Make the columns of some features (n, C), in local time.

    Examples
    --------
    >>> calendar_columns(pd.DatetimeIndex(["2024-01-01", "2024-01-07"]), ("weekday",)).argmax(axis=1)
    array([0, 6])
    """
    local = times.tz_localize(None)
    return np.concatenate([FEATURES[name].made(local) for name in features], axis=1)


def check_country(place: str, country: str) -> None:
    """Refuse a country or a part of one that is not in the package ``holidays``.

    Raises
    ------
    ArgumentError, MissingExtraError

    Examples
    --------
    >>> check_country("fit", "DE-BY")
    """
    code, _, part = country.partition("-")
    known = need(place, "holidays").list_supported_countries(include_aliases=True)
    if code not in known:
        raise ArgumentError(
            f'{place}: {called("holidays")} must be the code of a country such as "DE", or of a part of one such as '
            f'"DE-BY", got {country!r}.'
        )
    if part and part not in known[code]:
        listed = f"its parts are {', '.join(known[code])}" if known[code] else "it has no parts"
        raise ArgumentError(f"{place}: {country!r} is no part of {code} in the package holidays; {listed}.")


def holiday_column(place: str, times: Times, frequency: Frequency | None, country: str) -> Array:
    """Return 1 on the holidays of a country, else 0 (n,).

    Raises
    ------
    DataError
        If steps are longer than a day.

    Examples
    --------
    >>> days = pd.date_range("2024-12-24", periods=3)
    >>> holiday_column("fit", days, pd.offsets.Day(), "DE").tolist()
    [0.0, 1.0, 1.0]
    """
    if _step_of(place, "holidays", frequency) > _DAY:
        raise DataError(
            f"{place}: holidays are days, and the step is {_named(frequency)}.",
            Remedy("count them per step in a column, and name it in {}", future_covariates=...),
        )
    code, _, part = country.partition("-")
    days = times.tz_localize(None).normalize()
    years = range(int(days.year.min()), int(days.year.max()) + 1)
    found = need(place, "holidays").country_holidays(code, subdiv=part or None, years=years)
    return np.asarray(days.isin(pd.DatetimeIndex(list(found)).as_unit(days.unit)), dtype=np.float64)


def _step_of(place: str, name: str, frequency: Any) -> pd.Timedelta:
    """Return the usual length of a step."""
    if frequency is None or isinstance(frequency, int):
        what = "arrays have none" if frequency is None else "it holds integers"
        raise DataError(
            f"{place}: {called(name)} needs dates in {called('ds')}, and {what}.",
            Remedy("pass dates, such as pd.date_range(...)", "write dates in the file", frame=...),
            Remedy("leave {} out", **{name: ...}),
        )
    if is_clock_time(frequency):
        return pd.Timedelta(frequency)
    start = pd.Timestamp("2001-01-01")  # a Monday, of no leap year
    first = start + 0 * frequency if not frequency.is_on_offset(start) else start
    usual: pd.Timedelta = (first + 4 * frequency - first) / 4
    return usual


def _named(frequency: Any) -> str:
    return str(getattr(frequency, "freqstr", frequency))
