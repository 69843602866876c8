"""Dates in the forms that people and programs write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from elman import DataError
from elman.forecasting.frames import read_panel
from elman.tables.files import Notation
from elman.tables.series import Table, read_series
from elman.tables.zones import zone_of_offsets


def read(tmp_path: Path, times: Sequence[str], name: str = "date", notation: Notation | None = None) -> Table:
    path = tmp_path / "sales.csv"
    path.write_text("\n".join([f"{name};sales", *(f"{time};{row % 7}" for row, time in enumerate(times)), ""]))
    return read_series(path, notation=notation)


def refused(tmp_path: Path, times: Sequence[str], name: str = "date", notation: Notation | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read(tmp_path, times, name, notation)
    return str(caught.value)


@pytest.mark.parametrize(
    ("times", "first", "second"),
    [
        (["2020M09", "2020M10"], "2020-09-01", "2020-10-01"),
        (["2020-Q1", "2020-Q2"], "2020-01-01", "2020-04-01"),
        (["Q4 2019", "Q1 2020"], "2019-10-01", "2020-01-01"),
        (["2020-W53", "2021-W01"], "2020-12-28", "2021-01-04"),
        (["Jan-15", "Feb-15"], "2015-01-01", "2015-02-01"),
        (["Dec-99", "January 2000"], "1999-12-01", "2000-01-01"),
        (["2015 Jan", "2015 Feb"], "2015-01-01", "2015-02-01"),
        (["12/2014", "01/2015"], "2014-12-01", "2015-01-01"),
        (["200101", "200102"], "2001-01-01", "2001-02-01"),
        (["20240131235959", "20240201235959"], "2024-01-31 23:59:59", "2024-02-01 23:59:59"),
        (["1600000000", "1600003600"], "2020-09-13 12:26:40", "2020-09-13 13:26:40"),
        (["1600000000000", "1600003600000"], "2020-09-13 12:26:40", "2020-09-13 13:26:40"),
    ],
)
def test_labels_and_numbers(times: list[str], first: str, second: str, tmp_path: Path) -> None:
    assert read(tmp_path, times).frame["ds"].tolist() == [pd.Timestamp(first), pd.Timestamp(second)]


def test_the_wrong_label_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path, ["2020M01", "2020M02", "2020M13", "2020M04"]).startswith(
        "sales.csv: column 'date' holds '2020M13' in line 4, which is no date like 2020M01."
    )
    assert refused(tmp_path, ["2020M01", "2020M02", "total", "2020M04"]) == (
        "sales.csv: column 'date' holds 'total' in line 4, which is no date like 2020M01. Correct the cell."
    )


def test_epochs_are_said(tmp_path: Path) -> None:
    assert read(tmp_path, ["1600000000", "1600003600"]).notes[-1] == (
        "times such as 1600000000 were read as seconds since 1970 (UTC)"
    )


def test_whole_numbers_that_count(tmp_path: Path) -> None:
    table = read(tmp_path, [str(step) for step in range(8, 13)], "t")
    assert table.frame["ds"].tolist() == [8, 9, 10, 11, 12]
    path = tmp_path / "days.csv"
    path.write_text("day,date,y\n1,2024-01-01,5\n2,2024-01-02,6\n3,2024-01-03,7\n")
    assert read_series(path, target="y").time == "date"


MONTHS = [f"01/{month:02}/{year}" for year in (2015, 2016) for month in range(1, 13)]


@pytest.mark.parametrize("count", [12, 24])
def test_months_written_day_first_are_no_days(count: int, tmp_path: Path) -> None:
    table = read(tmp_path, MONTHS[:count])
    assert table.frame["ds"].tolist() == pd.date_range("2015-01-01", periods=count, freq="MS").tolist()
    assert table.notes[-1] == "dates such as 01/01/2015 were read day first"


def test_the_order_of_day_and_month_can_be_given(tmp_path: Path) -> None:
    table = read(tmp_path, MONTHS[:12], notation=Notation(day_first=False))
    assert table.frame["ds"].iloc[11] == pd.Timestamp("2015-01-12")
    table = read(tmp_path, MONTHS[:12], notation=Notation(date_format="%m/%d/%Y"))
    assert table.frame["ds"].iloc[11] == pd.Timestamp("2015-01-12")
    assert refused(tmp_path, MONTHS[:3], notation=Notation(date_format="%Y-%m-%d")) == (
        "sales.csv: column 'date' holds '01/01/2015' in line 2, which is no date in the form %Y-%m-%d. "
        "Name another with time."
    )


def test_day_and_month_that_nothing_tells_apart(tmp_path: Path) -> None:
    times = ["01/02/2015", "03/07/2015"]
    assert refused(tmp_path, times) == (
        "sales.csv: column 'date': dates such as 01/02/2015 can be read day first and month first. "
        'Pass day_first=True or date_format="%m/%d/%Y".'
    )
    assert read(tmp_path, times, notation=Notation(day_first=True)).frame["ds"].dt.month.tolist() == [2, 7]
    assert read(tmp_path, times, notation=Notation(date_format="%m/%d/%Y")).frame["ds"].dt.month.tolist() == [1, 3]


def test_a_repeated_hour_in_autumn(tmp_path: Path) -> None:
    local = pd.date_range("2021-10-30 20:00", periods=12, freq="h", tz="Europe/Berlin")
    table = read(tmp_path, [time.strftime("%Y-%m-%d %H:%M") for time in local])
    assert table.frame["ds"].tolist() == local.tolist()
    assert table.notes[-1] == (
        "2021-10-31 02:00:00 occurs twice, because clocks are put back to winter time; times were read as in "
        "Europe/Berlin"
    )
    times = [f"2021-06-01 {hour:02}:00" for hour in (1, 2, 2, 3)]
    assert "occurs more than once" in refused(tmp_path, times)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Sydney"])
def test_offsets_that_change_make_a_zone(zone: str, tmp_path: Path) -> None:
    days = pd.date_range("2021-01-01", "2021-12-31", freq="D", tz=zone)
    table = read(tmp_path, [day.isoformat() for day in days])
    assert table.frame["ds"].tolist() == days.tolist()
    assert table.notes[-1] == f"offsets from UTC change between summer and winter, as in {zone}"


def test_a_time_with_two_offsets_is_in_no_zone() -> None:
    texts, notes = pd.Series(["1-01T00:00+01:00", "2024-01-01T01:00:00+00+02:00"]), list[str]()
    utc = pd.Series(pd.to_datetime(["2023-12-31 23:00", "2023-12-31 23:00"], utc=True))
    assert zone_of_offsets(texts, utc, notes) is utc
    assert notes == ["offsets from UTC change, and times are in UTC"]


def test_business_days_are_found_through_holidays(tmp_path: Path) -> None:
    days = pd.bdate_range("2022-01-03", "2022-12-30").difference(pd.DatetimeIndex(["2022-01-17", "2022-07-04"]))
    panel = read_panel("fit", read(tmp_path, [str(day.date()) for day in days]).frame, missing="interpolate")
    assert panel.frequency == pd.offsets.BusinessDay()
    future = panel.future(2)
    assert future is not None and [str(day.date()) for day in future] == ["2023-01-02", "2023-01-03"]


def no_frequency(*times: str) -> str:
    with pytest.raises(DataError) as caught:
        read_panel("fit", pd.DataFrame({"unique_id": "a", "ds": pd.DatetimeIndex(times), "y": 1.0}))
    return str(caught.value).partition("). ")[2] or str(caught.value)


def test_irregular_time_stamps_are_named_as_such() -> None:
    assert no_frequency("2024-01-31", "2024-04-30") == 'Pass it, for example freq="QE-JAN".'
    assert no_frequency("2024-01-01", "2024-01-08") == 'Pass it, for example freq="W-MON".'
    assert no_frequency("2024-01-01", "2024-01-03", "2024-01-09") == (
        "They are 2 days to 6 days apart, and a forecast needs even steps. Average them over even steps first: "
        'data.set_index("ds").groupby("unique_id")["y"].resample("W").mean().reset_index(), '
        "or sum them, with .sum() there, if they add up."
    )
    monthly = ("2024-01-01", "2024-02-01", "2024-05-01", "2024-06-01", "2024-08-01")
    assert no_frequency(*monthly) == (
        "They are 31 days to 90 days apart, and a forecast needs even steps. "
        'Pass freq="MS" and missing="interpolate", which fills 3 gaps.'
    )
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.DatetimeIndex(monthly), "y": 1.0})
    assert read_panel("fit", frame, freq="MS", missing="interpolate").lengths.tolist() == [8]


@pytest.mark.parametrize(
    ("freq", "late", "line"),
    [
        ("h", "9min", 'round("h")'),
        ("15min", "50s", 'round("15min")'),
        ("D", "9h", 'round("D")'),
        ("W-MON", "5D", 'to_period("W").dt.to_timestamp()'),
        ("MS", "20D", 'to_period("M").dt.to_timestamp()'),
        ("QS", "60D", 'to_period("Q").dt.to_timestamp()'),
    ],
)
def test_the_line_for_readings_that_came_late_works_when_followed(freq: str, late: str, line: str) -> None:
    even = pd.date_range("2021-01-04", periods=30, freq=freq)
    times = even + np.random.default_rng(0).integers(0, 10, 30) / 10 * pd.Timedelta(late)
    data = pd.DataFrame({"unique_id": "a", "ds": times, "y": np.arange(30.0)})
    with pytest.raises(DataError) as caught:
        read_panel("fit", data)
    found = str(caught.value).partition("Move each to its step first: ")[2].removesuffix(".")
    assert found == f'data.assign(ds=data["ds"].dt.{line})'
    panel = read_panel("fit", eval(found, {"data": data}))
    assert panel.times is not None and (panel.times == even).all() and panel.values.tolist() == data["y"].tolist()
    with pytest.raises(DataError) as few:
        read_panel("fit", data[:3])
    assert "Move each" not in str(few.value)


@pytest.mark.parametrize(
    ("scale", "alias"), [("3s", "min"), ("10min", "h"), ("3h", "D"), ("1D", "W"), ("4D", "MS"), ("12D", "QS")]
)
def test_the_line_that_resamples_works_when_followed(scale: str, alias: str) -> None:
    rng = np.random.default_rng(0)
    times = pd.Timestamp("2021-01-05 03:00") + np.cumsum(np.clip(rng.exponential(size=90), 0.1, 6)) * pd.Timedelta(
        scale
    )
    data = pd.concat([pd.DataFrame({"unique_id": name, "ds": times, "y": rng.normal(size=90)}) for name in "ab"])
    with pytest.raises(DataError) as caught:
        read_panel("fit", data)
    line = str(caught.value).partition("first: ")[2].partition(", or sum")[0]
    panel = read_panel("fit", eval(line, {"data": data}))
    assert panel.frequency is not None and panel.frequency.freqstr.startswith(alias[:2]) and len(panel) == 2


def test_parts_that_only_some_times_have(tmp_path: Path) -> None:
    times = ["2024-01-01 00:00:00", "2024-01-01 12:00", "2024-01-02", "2024-01-02 12:00:00.000"]
    assert read(tmp_path, times).frame["ds"].tolist() == list(pd.date_range("2024-01-01", periods=4, freq="12h"))
    message = refused(tmp_path, [*times, "2024-01-03Z"])
    assert message.startswith("sales.csv: ")
