"""Dates: inferred, checked and continued across month ends, leap days and daylight saving time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from elman.forecasting.seasons import seasons_of
from elman.tables.frequencies import (
    OFF_CALENDAR,
    future_times,
    infer_frequency,
    positions,
    time_range,
    to_frequency,
)

ALIASES = [
    "h",
    "15min",
    "s",
    "D",
    "2D",
    "B",
    "W-SUN",
    "W-WED",
    "MS",
    "ME",
    "2MS",
    "QS-JAN",
    "QE-DEC",
    "YS-JAN",
    "YE-DEC",
]


def stamps(*texts: str, tz: str | None = None) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(list(texts), tz=tz)


def after(last: str, freq: str, horizon: int, tz: str | None = None) -> list[str]:
    return [str(time) for time in future_times(stamps(last, tz=tz), to_frequency(freq), horizon)]


@pytest.mark.parametrize("alias", ALIASES)
def test_every_frequency_is_found_checked_and_continued(alias: str) -> None:
    whole = pd.date_range("2023-11-04 12:00", periods=40, freq=alias)
    known, rest = whole[:30], whole[30:]
    found = infer_frequency(known)
    assert found == to_frequency(alias)
    numbers, step = positions(known, found)
    assert (np.diff(numbers) == step).all() and (numbers >= 0).all()
    assert future_times(known[-1:], found, 10).equals(pd.DatetimeIndex(rest, freq=None))


def test_month_ends_and_leap_day() -> None:
    assert after("2023-12-31 12:00", "ME", 3) == ["2024-01-31 12:00:00", "2024-02-29 12:00:00", "2024-03-31 12:00:00"]
    assert after("2024-02-28", "D", 2) == ["2024-02-29 00:00:00", "2024-03-01 00:00:00"]


def test_daily_at_noon_stays_at_noon_across_daylight_saving_time() -> None:
    assert after("2024-03-30 12:00", "D", 2, "Europe/Berlin") == [
        "2024-03-31 12:00:00+02:00",
        "2024-04-01 12:00:00+02:00",
    ]
    assert after("2024-10-26 12:00", "D", 2, "Europe/Berlin") == [
        "2024-10-27 12:00:00+01:00",
        "2024-10-28 12:00:00+01:00",
    ]


def test_hours_count_in_absolute_time() -> None:
    spring = ["2024-03-31 01:00:00+01:00", "2024-03-31 03:00:00+02:00"]
    assert after("2024-03-31 00:00", "h", 2, "Europe/Berlin") == spring
    autumn = ["2024-10-27 02:00:00+02:00", "2024-10-27 02:00:00+01:00", "2024-10-27 03:00:00+01:00"]
    assert after("2024-10-27 01:00", "h", 3, "Europe/Berlin") == autumn


def test_times_that_do_not_exist_or_exist_twice() -> None:
    assert after("2024-03-30 02:30", "D", 2, "Europe/Berlin") == [
        "2024-03-31 03:00:00+02:00",
        "2024-04-01 02:30:00+02:00",
    ]
    assert after("2024-10-26 02:30", "D", 1, "Europe/Berlin") == ["2024-10-27 02:30:00+02:00"]
    days = stamps("2024-03-30 02:30", "2024-04-01 02:30", tz="Europe/Berlin").insert(
        1, pd.Timestamp("2024-03-31 03:00", tz="Europe/Berlin")
    )
    numbers, step = positions(days, to_frequency("D"))
    assert (np.diff(numbers) == step).all()


def test_same_day_of_every_month() -> None:
    found = infer_frequency(stamps("2024-01-15", "2024-02-15", "2024-03-15", "2024-04-15"))
    assert found == pd.DateOffset(months=1)
    assert [str(time.date()) for time in future_times(stamps("2024-12-15"), found, 2)] == ["2025-01-15", "2025-02-15"]
    assert seasons_of(found) == (12,)
    assert positions(stamps("2024-11-15", "2024-12-15", "2025-01-15"), found)[0].tolist() == [24299, 24300, 24301]


def test_integers() -> None:
    assert infer_frequency(pd.Index([5, 7, 9])) == 2
    assert future_times(pd.Index([9, 4]), 2, 2).tolist() == [11, 13, 6, 8]
    assert positions(pd.Index([5, 7]), 2)[1] == 2
    assert time_range(pd.Index([5]), 2, 1).tolist() == [5]


def test_through_gaps_and_not_at_all() -> None:
    months = pd.date_range("2020-01-01", periods=60, freq="MS")
    assert infer_frequency(months[:12].delete(9)) == to_frequency("MS")
    assert infer_frequency(months[[*range(15), *range(15, 60, 4)]]) == to_frequency("MS")
    assert infer_frequency(stamps("2024-01-01", "2024-01-02")) is None
    assert infer_frequency(stamps("2024-01-01", "2024-01-02", "2024-01-07", "2024-02-09", "2024-02-10")) is None


@pytest.mark.parametrize("steps", [range(1, 9), (2, 3, 5)])
@pytest.mark.parametrize("seed", range(4))
def test_even_steps_by_chance_are_no_frequency(steps: Sequence[int], seed: int) -> None:
    days = np.cumsum(np.random.default_rng(seed).choice(steps, 90))
    assert infer_frequency(stamps("2022-01-03")[[0] * 90] + pd.to_timedelta(days, "D")) is None


def test_off_the_calendar() -> None:
    numbers, _ = positions(stamps("2024-01-01", "2024-01-15", "2024-02-01"), to_frequency("MS"))
    assert numbers.tolist() == [0, OFF_CALENDAR, 1]


@pytest.mark.parametrize("alias", ["15min", "h", "D", "3D", "W-SUN", "B", "MS", "QS-JAN"])
@pytest.mark.parametrize("start", ["1499-06-01", "1931-03-01", "1969-12-20", "2270-01-01"])
def test_any_century_is_on_the_calendar(alias: str, start: str) -> None:
    times = pd.date_range(np.datetime64(start, "s"), periods=40, freq=alias, unit="s")
    numbers, step = positions(times, to_frequency(alias))
    assert (np.diff(numbers) == step).all() and OFF_CALENDAR not in numbers
    assert future_times(times[:1], to_frequency(alias), 39).equals(pd.DatetimeIndex(times[1:], freq=None))


def test_time_differences_of_whole_days_are_days() -> None:
    for difference in (pd.Timedelta(days=1), timedelta(days=1), pd.Timedelta("24h")):
        assert to_frequency(difference) == pd.offsets.Day()
        assert type(to_frequency(difference)) is pd.offsets.Day
    assert to_frequency(pd.Timedelta("36h")) == pd.offsets.Hour(36)


@pytest.mark.parametrize(
    ("alias", "seasons"),
    [
        ("h", (24, 168)),
        ("30min", (48, 336)),
        ("15min", (96, 672)),
        ("10min", (144,)),
        ("min", (60,)),
        ("s", (1,)),
        ("2h", (12, 84)),
        ("5h", (1,)),
        ("24h", (7,)),
        ("D", (7,)),
        ("2D", (1,)),
        ("B", (5,)),
        ("W", (52,)),
        ("MS", (12,)),
        ("BME", (12,)),
        ("2MS", (6,)),
        ("5MS", (1,)),
        ("QS", (4,)),
        ("YS", (1,)),
    ],
)
def test_usual_seasons(alias: str, seasons: tuple[int, ...]) -> None:
    assert seasons_of(to_frequency(alias)) == seasons


def test_no_frequency_no_season() -> None:
    assert seasons_of(None) == (1,)
    assert seasons_of(3) == (1,)


@pytest.mark.parametrize("freq", ["fortnight", "", None, 0, -1, "-1D"])
def test_what_is_no_frequency(freq: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        to_frequency(freq)


@pytest.mark.parametrize("alias", ["YS", "MS", "B", "W-SUN", "D", "h"])
def test_nanoseconds_end_in_2262_but_forecasts_do_not(alias: str) -> None:
    last = pd.DatetimeIndex([pd.Timestamp("2262-04-01").as_unit("ns")])
    ahead = future_times(last, to_frequency(alias), 300)
    assert len(ahead) == 300 and ahead.is_monotonic_increasing and ahead[0] > last[0]
