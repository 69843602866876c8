"""Unusual data: short, constant, huge, tiny, with gaps, of odd types or times; forecast or refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import ArgumentError, DataError, ElmanWarning, Forecaster
from elman.forecasting.frames import read_panel
from elman.prior import load_prior
from forecasting.small import WAVE, frame_of, small


def test_short_series_beside_a_long_one() -> None:
    forecasts = small().fit([WAVE, np.array([5.0, 6.0])]).predict()
    assert [forecast.shape for forecast in forecasts] == [(3,), (3,)]
    assert np.isfinite(forecasts[1]).all()


@pytest.mark.parametrize("value", [0.0, 7.0, -3.5, 1e8, 1e-30])
def test_constant_series_predicts_the_constant(value: float) -> None:
    np.testing.assert_allclose(small().fit(np.full(40, value)).predict(), np.full(3, value), rtol=1e-12)


@pytest.mark.parametrize("spike", [1.0, 1e6, 1e38, -1e38, 1e-310])
def test_zeros_and_one_spike_stay_finite(spike: float) -> None:
    for position in (0, 20, 39):
        series = np.zeros(40)
        series[position] = spike
        assert np.isfinite(small(season=2).fit(series).predict()).all()


def test_subnormal_series_stays_finite() -> None:
    for series in (np.full(40, 5e-324), np.tile([5e-324, 1e-310], 20), np.tile([-1e-315, 1e-310, 0.0, 2e-312], 10)):
        forecast = small().fit(series).predict()
        assert np.isfinite(forecast).all() and np.abs(forecast).max() < 1e-300


def test_hours_go_on_through_a_change_of_clocks() -> None:
    ds = pd.date_range("2024-03-28 00:00", periods=72, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"unique_id": "a", "ds": ds, "y": 20 + np.sin(np.arange(72.0))})
    out = small(window=6).fit(frame).predict()["ds"]
    assert [str(stamp) for stamp in out] == [
        "2024-03-31 00:00:00+01:00",
        "2024-03-31 01:00:00+01:00",
        "2024-03-31 03:00:00+02:00",
    ]


def test_noon_stays_noon() -> None:
    ds = pd.date_range("2024-03-01 12:00", periods=29, freq="D", tz="Europe/Berlin")
    frame = pd.DataFrame({"unique_id": "a", "ds": ds, "y": 20 + np.sin(np.arange(29.0))})
    out = small().fit(frame).predict()["ds"]
    assert [str(stamp) for stamp in out] == [
        f"2024-03-{day} 12:00:00+0{zone}:00" for day, zone in ((30, 1), (31, 2))
    ] + ["2024-04-01 12:00:00+02:00"]


def test_large_level_with_a_small_wave_survives() -> None:
    wave = np.tile([1.0, -1.0], 60)
    options: dict[str, Any] = {"window": 4, "hidden_size": 8, "updates": 150, "ensemble_size": 1, "random_state": 0}
    model = Forecaster(4, method="network", season=2, **options).fit(1e8 + wave)
    assert np.abs(model.predict() - (1e8 + wave[:4])).max() < 0.2


def test_forms_of_the_same_numbers() -> None:
    integers = np.arange(20, 80)
    one = small().fit(integers.astype(float)).predict()
    for other in (
        integers,
        integers.astype(">i4"),
        integers.astype(">f8"),
        np.asfortranarray(np.stack([integers, integers]).astype(float))[0],
        np.frombuffer(integers.astype(float).tobytes()),  # read-only
        integers.astype(np.float16),
        np.repeat(integers, 2)[::2],
        integers.tolist(),
    ):
        assert np.array_equal(small().fit(other).predict(), one)


def test_missing_values_are_filled_and_never_targets() -> None:
    holes = WAVE.copy()
    holes[[10, 11, 30]] = np.nan
    for missing in ("seasonal_median", "interpolate"):
        model = small(missing=missing).fit(holes)
        assert np.isfinite(model.predict()).all()
        assert np.isfinite(model.predict(np.where(np.arange(60) == 58, np.nan, WAVE))).all()
    gap = frame_of(WAVE).drop(index=[20, 21])
    assert np.isfinite(small(missing="interpolate").fit(gap).predict()["Elman"]).all()


def test_scale_belongs_to_the_series() -> None:
    mixed = WAVE - 22
    frame = frame_of(mixed, 1000 * mixed)
    model = small().fit(frame)
    assert model.transform_ == "scale"
    forecast = model.predict()["Elman"].to_numpy().reshape(2, 3)
    np.testing.assert_allclose(forecast[1], 1000 * forecast[0], rtol=1e-9)
    again = model.predict(frame[frame["unique_id"] == "s1"])["Elman"].to_numpy()
    assert np.array_equal(again, forecast[1])
    other = model.predict(frame_of(50 * mixed).assign(unique_id="new"))["Elman"].to_numpy()
    np.testing.assert_allclose(other, 50 * forecast[0], rtol=1e-9)


def test_masked_values_are_missing_values() -> None:
    masked = np.ma.array(WAVE, mask=np.arange(60) % 20 == 7)
    plain = np.where(masked.mask, np.nan, WAVE)
    assert np.array_equal(
        small(missing="interpolate").fit(masked).predict(), small(missing="interpolate").fit(plain).predict()
    )
    with pytest.raises(DataError, match=r"^Forecaster.fit: y is missing \(NaN\) at position 7\."):
        small().fit(masked)


@pytest.mark.filterwarnings("error")
def test_numbers_in_a_column_of_objects_are_numbers() -> None:
    for column in (pd.Series([Decimal("1.5"), Decimal("2")]), pd.Series([1, 2.5], dtype=object)):
        frame = pd.DataFrame({"unique_id": "a", "ds": [1, 2], "y": column})
        assert read_panel("t", frame).values.tolist() == column.astype(float).tolist()


def test_names_are_shown_as_they_are_written() -> None:
    frame = frame_of(WAVE).assign(unique_id=7, y=np.where(np.arange(60) == 2, np.nan, WAVE))
    with pytest.raises(DataError, match=r"y is missing \(NaN\) in series 7 at 2001-07-01 00:00:00\."):
        small().fit(frame)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1.0, [2.0, 3.0]], "y must hold numbers alone, got numbers and sequences mixed."),
        ([[1.0, [2.0]], [2.0, 3.0]], "series 0 must hold numbers alone, got numbers and sequences mixed."),
        (
            WAVE[None],
            "the series has 1 value, at least 2 are needed.\n  Hint: a shape of (1, 60) is one time of many channels.",
        ),
        (pd.concat([frame_of(WAVE), frame_of(WAVE)[["y"]]], axis=1), "there is more than one column 'y'."),
        (pd.concat([frame_of(WAVE), frame_of(WAVE)[["ds"]]], axis=1), "there is more than one column 'ds'."),
        (
            frame_of(WAVE).assign(ds=pd.period_range("2001-01", periods=60, freq="M")),
            "ds holds periods (period[M]). Pass time stamps, such as ds.dt.to_timestamp().",
        ),
    ],
)
def test_forms_that_are_refused(data: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        small().fit(data)
    assert str(caught.value) == f"Forecaster.fit: {message}"


def test_another_frequency_than_that_of_the_fit() -> None:
    with pytest.raises(DataError) as caught:
        small().fit(frame_of(WAVE)).predict(frame_of(WAVE, freq="D"))
    assert str(caught.value) == (
        "Forecaster.predict: ds in series 's0' at 2001-01-02 00:00:00 does not lie on the frequency QS-JAN. "
        "Pass the right freq."
    )


def test_values_far_from_those_of_the_fit_give_finite_forecasts_or_none() -> None:
    frame = frame_of(WAVE, price=np.sin)
    priced = small(past_covariates=["price"]).fit(frame)
    for price in (1e300, -1e300):
        with pytest.warns(ElmanWarning, match="covariate price is -?1e\\+300, and was 0.0323 on average at fit"):
            assert np.isfinite(priced.predict(frame.assign(price=price))["Elman"]).all()
    assert np.isfinite(small(transform="none").fit(WAVE).predict(1e38 * np.cos(np.arange(60.0)))).all()
    unstable = small(cell="rnn", activation="identity", transform="none", center="none").fit(WAVE)
    unstable.networks_[0].theta[:] = 3.0
    with pytest.raises(DataError) as caught:
        unstable.predict(1e30 * WAVE)
    assert str(caught.value) == (
        "Forecaster.predict: the forecast of the series is not finite; its values lie too far from those of the fit."
    )


def test_dates_beyond_the_end_of_nanoseconds() -> None:
    ds = pd.date_range("2202-01-01", periods=60, freq="YS").as_unit("ns")
    out = small().fit(pd.DataFrame({"unique_id": "a", "ds": ds, "y": WAVE})).predict()["ds"]
    assert [stamp.year for stamp in out] == [2262, 2263, 2264]


def test_recursion_goes_farther_than_the_series() -> None:
    model = small(horizon=100, strategy="recursive").fit(WAVE)
    assert model.predict().shape == (100,)
    assert np.array_equal(model.predict()[:3], small(horizon=3, strategy="recursive").fit(WAVE).predict())
    assert small(horizon=100, strategy="recursive", window="auto").fit(WAVE).window_ == 8


def test_absurd_sizes_are_named_with_their_limit() -> None:
    prior = load_prior()
    for act, message in (
        (lambda: small(2**14 + 1, strategy="recursive").fit(WAVE), "Forecaster.fit: horizon must be at most 16384"),
        (lambda: Forecaster(3, season=10**9).fit(WAVE), "Forecaster.fit: season must be at most 1048576"),
        (lambda: Forecaster(3, season=[7, 10**9]).fit(WAVE), r"Forecaster.fit: season\[1\] must be at most 1048576"),
        (lambda: prior.forecast([WAVE], 10**12, [4]), "Prior.forecast: horizon must be at most 1048576"),
        (lambda: prior.forecast([WAVE], 3, [10**30]), "Prior.forecast: seasons must be at most 1048576"),
    ):
        with pytest.raises(ArgumentError, match=message):
            act()
