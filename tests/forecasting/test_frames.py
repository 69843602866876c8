"""Validation of data: accepted forms, and the message for every other."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from elman import ArgumentError, DataError, ElmanError, ElmanWarning, UnsupportedError
from elman.forecasting.frames import read_panel
from elman.forecasting.inputs import Inputs
from elman.forecasting.panel import Panel

NAN = float("nan")
WAY_OUT = 'Fill it, drop it, or pass missing="seasonal_median" or missing="interpolate".'


def read(data: Any, freq: Any = "auto", missing: str = "error") -> Panel:
    return read_panel("fit", data, freq, missing)


def long(y: Any, ds: Any = None, unique_id: Any = "a") -> pd.DataFrame:
    ds = pd.date_range("2024-01-01", periods=len(y), freq="MS") if ds is None else ds
    return pd.DataFrame({"unique_id": unique_id, "ds": ds, "y": y})


def refused(data: Any, freq: Any = "auto", missing: str = "error", kind: type[ElmanError] = DataError) -> str:
    with pytest.raises(kind) as caught:
        read(data, freq, missing)
    return str(caught.value)


# Accepted


@pytest.mark.parametrize(
    "series",
    [
        [1, 2, 3],
        (1.0, 2.0, 3.0),
        np.array([1, 2, 3], dtype=np.float16),
        np.array([1, 2, 3], dtype=">f8"),
        np.array([1, 0, 2, 0, 3])[::2],
        pd.Series([1, 2, 3], dtype="Int64"),
    ],
    ids=["list", "tuple", "float16", "big-endian", "strided", "nullable"],
)
def test_one_series(series: Any) -> None:
    panel = read(series)
    assert (panel.kind, len(panel)) == ("array", 1)
    assert panel.values.dtype == np.float64 and panel.values.flags.c_contiguous
    assert panel.values.tolist() == [1, 2, 3]


def test_read_only_array_is_left_alone() -> None:
    series = np.arange(1.0, 4.0)
    series.flags.writeable = False
    assert read(series).values.tolist() == [1, 2, 3]


def test_list_of_series_of_unequal_lengths() -> None:
    panel = read([np.array([1, 2, 3]), [4.0, 5.0]])
    assert (panel.kind, panel.lengths.tolist(), panel.values.tolist()) == ("list", [3, 2], [1, 2, 3, 4, 5])


def test_long_frame_in_any_order_of_series() -> None:
    frame = pd.concat([long([1, 2, 3], unique_id="b"), long([4, 5, 6], unique_id="a")]).iloc[[0, 3, 1, 4, 2, 5]]
    panel = read(frame)
    assert panel.ids is not None and panel.times is not None
    assert (panel.ids.tolist(), panel.values.tolist()) == (["b", "a"], [1, 2, 3, 4, 5, 6])
    assert panel.frequency == pd.offsets.MonthBegin()


def test_unsorted_times_are_sorted_with_a_warning() -> None:
    with pytest.warns(ElmanWarning, match=r"^fit: rows were not in order of time and have been sorted\.$"):
        panel = read(long([1, 2, 3]).iloc[[2, 0, 1]])
    assert panel.values.tolist() == [1, 2, 3]


def test_numbers_as_text_are_converted_with_a_warning() -> None:
    with pytest.warns(ElmanWarning, match=r"^fit: y holds numbers written as text; they were converted\.$"):
        assert read(long(["1", "2.5", "1e3"])).values.tolist() == [1, 2.5, 1000]


def test_text_that_would_lose_digits_is_refused() -> None:
    assert refused(long(["1", "9007199254740993"])) == (
        "fit: y is '9007199254740993' in row 1, which float64 would round."
    )
    with pytest.warns(ElmanWarning):
        assert read(long(["1", "9007199254740992", "2"])).values[1] == 2**53


def test_large_integers_get_a_warning() -> None:
    message = "fit: y has integers beyond 2**24; networks compute with 7 digits (float32), on values less their center."
    for large in (2**24 + 1, -(2**40)):
        with pytest.warns(ElmanWarning) as caught:
            assert read(np.array([large, 1])).values.tolist() == [large, 1]
        assert [str(warning.message) for warning in caught] == [message]
    assert read(np.array([2**24, 1])).values[0] == 2**24
    assert read(np.array([2.0**24 + 1, 1])).values[0] == 2**24 + 1  # floats give no warning


def test_dates_as_text_and_integers() -> None:
    assert read(long([1, 2, 3], ["2024-01-31", "2024-02-29", "2024-03-31"])).frequency == pd.offsets.MonthEnd()
    assert read(long([1, 2, 3], [10, 12, 14])).frequency == 2


def test_time_zones_and_time_of_day_stay() -> None:
    ds = pd.date_range("2024-03-20 12:00", periods=20, freq="D", tz="Europe/Berlin")
    panel = read(long(np.arange(20.0), ds))
    assert panel.times is not None
    assert panel.times.equals(ds)
    future = panel.future(1)
    assert future is not None and str(future[0]) == "2024-04-09 12:00:00+02:00"


@pytest.mark.parametrize(("start", "freq"), [("1958-03-29", "W-SAT"), ("1969-12-28", "D"), ("1931-01-01", "h")])
def test_time_stamps_before_1970(start: str, freq: str) -> None:
    ds = pd.date_range(start, periods=30, freq=freq)
    panel = read(long(np.arange(30.0), ds))
    assert panel.frequency == pd.tseries.frequencies.to_offset(freq)
    future = panel.future(1)
    assert future is not None and future[0] == ds[-1] + ds.freq
    assert refused(long(np.arange(29.0), ds.delete(4))).startswith(f"fit: series 'a' has no row for {ds[4]};")
    assert read(long(np.arange(29.0), ds.delete(4)), missing="interpolate").lengths.tolist() == [30]


def test_daily_series_keep_their_hour_across_summer_time() -> None:
    for hour in ("00:00", "12:00"):
        for day in ("2024-03-20", "2024-10-20"):
            ds = pd.date_range(f"{day} {hour}", periods=20, freq="D", tz="Europe/Berlin")
            panel = read(long(np.arange(8.0), ds[:8]))
            assert panel.frequency == pd.offsets.Day() and panel.future(12).equals(pd.DatetimeIndex(ds[8:], freq=None))
            assert read(long(np.arange(20.0), ds)).lengths.tolist() == [20]


def test_polars_in_and_out() -> None:
    ds = pd.date_range("2024-03-20 12:00", periods=5, freq="D", tz="Europe/Berlin")
    frame = pl.DataFrame(
        {
            "unique_id": ["a"] * 5,
            "ds": pl.Series(ds.tz_convert("UTC").tz_localize(None).to_numpy())
            .dt.replace_time_zone("UTC")
            .dt.convert_time_zone("Europe/Berlin"),
            "y": [1, 2, 3, 4, 5],
        }
    )
    panel = read(frame)
    assert panel.times is not None and panel.times.equals(ds)
    out = panel.deliver(np.array([[6.0, 7.0]]))
    assert isinstance(out, pl.DataFrame)
    assert out["ds"].dtype == frame["ds"].dtype
    assert out["ds"].cast(str).to_list()[0].startswith("2024-03-25 12:00:00")
    assert out.drop("ds").rows() == [("a", 6.0), ("a", 7.0)]


def test_gaps_become_missing_values_when_asked_for() -> None:
    frame = pd.concat([long([1, 2, 3, 4, 5]).drop(index=[1, 2]), long([6, 7], unique_id="b")])
    panel = read(frame, freq="MS", missing="interpolate")
    assert panel.lengths.tolist() == [5, 2]
    np.testing.assert_array_equal(panel.values, [1, NAN, NAN, 4, 5, 6, 7])
    assert panel.times is not None
    assert panel.times[:5].equals(pd.date_range("2024-01-01", periods=5, freq="MS"))


def test_calendar_gaps_are_no_gaps() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        business = read(long(np.arange(12.0), pd.date_range("2024-01-01", periods=12, freq="B")))
        hourly = read(
            long(np.arange(30.0), pd.date_range("2024-03-30 12:00", periods=30, freq="h", tz="Europe/Berlin"))
        )
    assert business.frequency == pd.offsets.BusinessDay()
    assert hourly.frequency == pd.offsets.Hour()


def test_weekly_series_may_start_on_different_weekdays() -> None:
    sundays = long([1, 2, 3, 4], pd.date_range("2024-01-07", periods=4, freq="W-SUN"))
    mondays = long([1, 2, 3], pd.date_range("2024-01-01", periods=3, freq="W-MON"), "b")
    panel = read(pd.concat([sundays, mondays]))
    future = panel.future(1)
    assert future is not None
    assert panel.lengths.tolist() == [4, 3]


# Refused


def test_values_that_cannot_be_used() -> None:
    assert refused([1.0, NAN, 3.0]) == f"fit: y is missing (NaN) at position 1. {WAY_OUT}"
    assert refused([[1.0, 2.0], [3.0, NAN]]) == f"fit: y is missing (NaN) in series 1 at position 1. {WAY_OUT}"
    assert refused([1.0, np.inf, 3.0]) == "fit: y is inf at position 1; every value must be finite."
    assert refused([1.0, -np.inf], missing="interpolate") == "fit: y is -inf at position 1; every value must be finite."
    assert refused([1.0, 1e39]) == (
        "fit: y is 1e+39 at position 1; the largest number that can be used is 3.40282e+38 (float32). "
        "Divide the series first."
    )
    assert (
        refused([[NAN, NAN], [1, 2]], missing="interpolate")
        == "fit: every value of series 0 is missing (NaN). Leave the series out."
    )


def test_missing_value_in_a_frame() -> None:
    assert refused(long([1.0, NAN, 2.0])) == (
        f"fit: y is missing (NaN) in series 'a' at 2024-02-01 00:00:00. {WAY_OUT}"
    )


def test_too_little() -> None:
    assert refused([]) == "fit: there is no series in an empty list."
    assert refused(np.array([])) == "fit: there are no rows."
    assert refused(long([])) == "fit: there are no rows."
    assert refused([5.0]) == "fit: the series has 1 value, at least 2 are needed."
    assert refused([[1.0, 2.0], [5.0]]) == "fit: series 1 has 1 value, at least 2 are needed."
    two = pd.concat([long([1, 2, 3]), long([1], unique_id="short")])
    assert refused(two) == "fit: series 'short' has 1 value, at least 2 are needed."


def test_kinds_that_are_no_series() -> None:
    assert refused(np.zeros((5, 2)), kind=UnsupportedError) == (
        "fit: y must be one-dimensional, got shape (5, 2).\n"
        "  Hint: pass several series as a list of arrays or as a long frame with unique_id, ds and y."
    )
    assert refused(np.array([True, False])) == "fit: y must hold numbers, got bool."
    assert refused(np.array([1j, 2j])) == "fit: y must hold numbers, got complex128."
    assert refused(long(["1", "many"])) == "fit: y must hold numbers, got 'many' in row 1."


def test_columns() -> None:
    assert refused(pd.DataFrame({"date": [1], "sales": [2], "y": [1]})) == (
        "fit: a frame needs the columns unique_id, ds and y; unique_id, ds not found among date, sales, y."
    )
    assert refused(long([1, 2], unique_id=["a", None])) == "fit: unique_id is missing in row 1."


MONTHS = pd.date_range("2024-01-01", periods=5, freq="MS")


@pytest.mark.parametrize(
    "data",
    [
        pd.Series(np.arange(5.0), index=MONTHS, name="y"),
        pd.Series(np.arange(5.0), index=MONTHS),
        pd.Series(np.arange(5.0), index=MONTHS.to_period("M")),
        pd.DataFrame({"y": np.arange(5.0)}, index=MONTHS),
        pd.DataFrame({"y": np.arange(5.0)}, index=MONTHS.rename("ds")),
        pd.DataFrame({"ds": MONTHS, "y": np.arange(5.0)}),
        pl.DataFrame({"ds": MONTHS.to_numpy(), "y": np.arange(5.0)}),
        long(np.arange(5.0), unique_id="y").set_index("unique_id"),
        long(np.arange(5.0), unique_id="y").set_index(["unique_id", "ds"]),
    ],
)
def test_one_series_with_dates_wherever_they_are(data: Any) -> None:
    panel = read(data)
    assert panel.ids is not None and panel.times is not None
    assert (panel.ids.tolist(), panel.values.tolist()) == (["y"], [0, 1, 2, 3, 4])
    assert panel.times.tolist() == MONTHS.tolist() and panel.frequency == pd.offsets.MonthBegin()


def test_gaps_in_an_index_are_seen() -> None:
    series = pd.Series(np.arange(5.0), index=MONTHS, name="sales").drop(MONTHS[2])
    assert refused(series, freq="MS").startswith("fit: series 'sales' has no row for 2024-03-01 00:00:00;")
    assert read(pd.DataFrame({"sales": series})[:2], freq="MS").ids.tolist() == ["sales"]  # type: ignore[union-attr]


def test_one_column_per_series_in_a_frame() -> None:
    wide = pd.DataFrame({"north": np.arange(5.0), "south": np.arange(5.0)}, index=MONTHS)
    assert refused(wide) == (
        "fit: a frame with dates in its index needs a column y, got north, south. For one column per series, pass "
        'frame.melt(ignore_index=False, var_name="unique_id", value_name="y").'
    )
    panel = read(wide.melt(ignore_index=False, var_name="unique_id", value_name="y"))
    assert panel.ids is not None and panel.ids.tolist() == ["north", "south"]


def test_what_is_passed_instead_of_series() -> None:
    assert refused(24, kind=ArgumentError) == (
        "fit: data must be series, got 24. The horizon is set when the forecaster is made: Forecaster(horizon=24)."
    )
    assert refused({"a": [1, 2]}, kind=ArgumentError) == (
        "fit: data must be series, got a dict; pass list(data.values())."
    )


def test_several_series_without_their_names() -> None:
    stores = long(np.arange(6.0), pd.date_range("2024-01-01", periods=3).tolist() * 2, ["a"] * 3 + ["b"] * 3)
    for frame, among in (
        (stores.rename(columns={"unique_id": "store"}), "; its other columns are store"),
        (stores.drop(columns="unique_id"), ""),
    ):
        for data in (frame, pl.from_pandas(frame)):
            assert refused(data).endswith(
                f" 00:00:00, and without a column unique_id a frame is one series{among}. Name the column of the "
                "series unique_id, or sum the rows of one time if they are one series."
            )
    assert len(read(stores.set_index("unique_id")).lengths) == 2
    assert len(read(stores[:3].rename(columns={"unique_id": "store"})).lengths) == 1


def test_rows_without_values_at_the_end() -> None:
    stores = [long([1, 2, NAN, 4], unique_id="a"), long([1, 2, 3, NAN, NAN], unique_id="b")]
    assert refused(pd.concat(stores)) == f"fit: y is missing (NaN) in series 'a' at 2024-03-01 00:00:00. {WAY_OUT}"
    assert refused(stores[1]) == (
        "fit: y is missing (NaN) in series 'b' at 2024-04-01 00:00:00 and to the end. Drop these rows if they are to "
        'be forecast, fill them, or pass missing="seasonal_median" or missing="interpolate".'
    )
    assert " and to the end. Drop these rows" in refused([1.0, NAN, NAN])


def test_time_stamps_that_cannot_be_used() -> None:
    assert refused(long([1, 2], [pd.Timestamp("2024-01-01"), pd.NaT])) == "fit: ds is missing in row 1."
    assert refused(long([1, 2], [0.5, 1.5])) == "fit: ds must hold time stamps or integers, got float64."
    assert refused(long([1, 2], ["2024-01-01", "yesterday"])) == (
        "fit: ds must hold time stamps or integers, got 'yesterday' in row 1."
    )
    mixed = [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02", tz="UTC")]
    assert refused(long([1, 2], pd.Series(mixed, dtype=object))) == (
        "fit: ds mixes time stamps with and without a time zone."
    )
    assert refused(long([1, 2, 3], ["2024-01-01", "2024-02-01", "2024-02-01"])) == (
        "fit: two rows in series 'a' at 2024-02-01 00:00:00; a series has one value per time stamp. "
        "Sum the rows of one time, or drop all but one."
    )


def test_text_dates_that_can_be_read_in_two_orders() -> None:
    months = pd.date_range("2024-01-01", periods=6, freq="MS")
    for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%y"):
        shown = months.strftime(form)[0]
        assert refused(long(np.arange(6.0), months.strftime(form))) == (
            f"fit: ds holds {shown!r}, which can be read day first and month first. "
            "Pass time stamps, such as pd.to_datetime(ds, dayfirst=True) or dayfirst=False."
        )
    days = pd.date_range("2024-01-10", periods=6)
    for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d"):
        times = read(long(np.arange(6.0), days.strftime(form))).times
        assert times is not None and times.equals(days.as_unit(times.unit))  # type: ignore[union-attr]
    assert refused(long([1, 2], ["13/01/2024", "14/13/2024"])) == (
        "fit: ds must hold time stamps or integers, got '14/13/2024' in row 1."
    )


def test_text_with_several_offsets_from_utc() -> None:
    hours = pd.date_range("2024-03-31", periods=6, freq="h", tz="Europe/Berlin")
    texts = [time.isoformat() for time in hours]
    assert refused(long(np.arange(6.0), texts)) == (
        "fit: ds must hold time stamps of one form and one time zone, got '2024-03-31T00:00:00+01:00' and others. "
        'Pass time stamps of one zone, such as pd.to_datetime(ds, utc=True, format="mixed").'
    )
    times = read(long(np.arange(6.0), pd.to_datetime(pd.Series(texts), utc=True, format="mixed"))).times
    assert times is not None and (times == hours).all()


@pytest.mark.parametrize(("form", "what"), [("%Y%m", "months"), ("%Y%m%d", "days")])
@pytest.mark.parametrize("kind", ["int64", "Int64"])
def test_dates_written_as_integers(form: str, what: str, kind: str) -> None:
    months = pd.date_range("2023-11-01", periods=6, freq="MS")
    numbers = pd.Series(months.strftime(form)).astype(int).astype(kind)
    for missing in ("error", "interpolate"):
        assert refused(long(np.arange(6.0), numbers), missing=missing) == (
            f"fit: ds holds integers such as {numbers[0]}, which look like {what}. "
            f'Pass time stamps, such as pd.to_datetime(ds.astype(str), format="{form}").'
        )
    assert len(read(long(np.arange(6.0), pd.to_datetime(numbers.astype(str), format=form))).values) == 6
    assert len(read(long(np.arange(20.0), np.arange(202401, 202421))).values) == 20  # no month has number 13


def test_text_without_a_form_leaves_no_warning() -> None:
    assert refused(long([1, 2], ["202401", "202402"])) == (
        "fit: ds must hold time stamps or integers, got '202401' in row 0."
    )


def test_frequency_messages() -> None:
    months = pd.date_range("2024-01-01", periods=12, freq="MS")
    gap = long(np.arange(11.0), months.delete(4))
    assert refused(gap) == (
        "fit: series 'a' has no row for 2024-05-01 00:00:00; the frequency is MS (inferred). "
        'Add the row, or pass missing="seasonal_median" or missing="interpolate".'
    )
    assert refused(long([1, 2], months[:2])) == (
        "fit: the frequency cannot be inferred from ds (2024-01-01 00:00:00, 2024-02-01 00:00:00). "
        'Pass it, for example freq="MS".'
    )
    assert read(long([1, 2], months[:2]), freq="MS").frequency == pd.offsets.MonthBegin()
    assert refused(gap, freq="fortnight", kind=ArgumentError) == (
        "fit: freq must be a pandas frequency such as 'MS', 'D' or '15min', got 'fortnight'."
    )
    assert (
        refused(gap, freq=1, kind=ArgumentError) == "fit: the frequency 1 does not go with ds, which holds time stamps."
    )
    assert refused(long([1, 2], [1, 2]), freq="MS", kind=ArgumentError) == (
        "fit: the frequency MS does not go with ds, which holds integers."
    )
    assert refused(long([1, 2, 3], ["2024-01-01", "2024-01-15", "2024-02-01"]), freq="MS") == (
        "fit: ds in series 'a' at 2024-01-15 00:00:00 does not lie on the frequency MS. Pass the right freq."
    )
    assert refused(long([1, 2, 3], [1, 3, 4]), freq=2) == (
        "fit: ds in series 'a' at 4 does not lie on the frequency 2. Pass the right freq."
    )
    assert refused(long([1, 2, 3], [1, 2, 4])) == (
        "fit: series 'a' has no row for 3; the frequency is 1 (inferred). "
        'Add the row, or pass missing="seasonal_median" or missing="interpolate".'
    )


DURATIONS = np.arange(40).astype("m8[h]")


@pytest.mark.parametrize(
    "data",
    [
        DURATIONS,
        DURATIONS.reshape(20, 2),
        [DURATIONS, np.arange(5.0)],
        list(DURATIONS.astype(object)),
        DURATIONS.astype("m8[us]").astype(object),
        pd.Series(DURATIONS),
        pd.Series(DURATIONS, index=pd.date_range("2024", periods=40)),
        pd.DataFrame({"ds": pd.date_range("2024", periods=40), "y": DURATIONS}),
        pd.DataFrame({"ds": pd.date_range("2024", periods=40), "y": list(pd.to_timedelta(DURATIONS))}, dtype=object),
        pl.DataFrame({"ds": range(40), "y": DURATIONS.astype("m8[us]")}),
    ],
)
def test_time_differences_are_no_numbers(data: Any) -> None:
    with pytest.raises(DataError, match=r"\Afit: (y|series 0) must hold numbers, got [tT]") as caught:
        read_panel("fit", data, channels=True)
    assert str(caught.value).endswith('\n  Hint: divide time differences by a unit, such as np.timedelta64(1, "h").')


def test_time_differences_are_no_covariates() -> None:
    frame = pd.DataFrame({"ds": range(40), "y": 1.0, "late": DURATIONS.astype("m8[ns]")})
    with pytest.raises(DataError, match=r"\Afit: covariate late must hold numbers, got timedelta64\[ns\]\."):
        read_panel("fit", frame, inputs=Inputs(past=("late",)))
