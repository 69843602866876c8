"""Series whose forecasts are easily misread: one warning that names them, and a forecast of all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import ConvergenceWarning, DataError, ElmanWarning, Forecaster
from forecasting.small import WAVE, frame_of, small

MONTHS = frame_of(WAVE, WAVE, WAVE, freq="MS")
DEMAND = np.random.default_rng(0).poisson(0.2, 96) * 5.0


def _with_rows(lengths: list[int], frame: pd.DataFrame = MONTHS) -> pd.DataFrame:
    parts = [frame[frame["unique_id"] == f"s{i}"].head(count) for i, count in enumerate(lengths)]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("method", ["auto", "network", "naive"])
def test_a_series_of_one_row_is_left_out_and_named(method: str) -> None:
    model = small() if method == "network" else Forecaster(3, method=method)
    with pytest.warns(ElmanWarning) as caught:
        forecast = model.fit(_with_rows([60, 1, 55])).predict()
    assert [str(warning.message) for warning in caught] == [
        "Forecaster.fit: 1 of 3 series left out, at least 2 values of each are needed: 's1'."
    ]
    assert forecast["unique_id"].unique().tolist() == ["s0", "s2"]


def test_a_network_leaves_out_what_is_too_short_to_forecast() -> None:
    model = small().fit(MONTHS)
    with pytest.warns(
        ElmanWarning, match=r"^Forecaster.predict: 1 of 3 series left out, at least 2 values .*: 's2'\.$"
    ):
        assert len(model.predict(_with_rows([60, 30, 1]))) == 6


def test_one_row_alone() -> None:
    assert Forecaster(2, freq="MS").fit(_with_rows([1])).predict()["Elman"].tolist() == [20.0, 20.0]
    with pytest.raises(DataError, match="series 's0' has 1 value, at least 2 are needed"):
        small(freq="MS").fit(_with_rows([1]))


def test_series_that_ended_long_ago_are_named() -> None:
    with pytest.warns(ElmanWarning) as caught:
        forecast = Forecaster(3, method="naive").fit(_with_rows([60, 20, 30])).predict()
    assert " ".join(str(warning.message) for warning in caught) == (
        "Forecaster.fit: 1 of 3 series ended long before the newest time stamp, 2005-12-01, the last of them at "
        "2002-08-01: 's1'. Each is forecast from its own end; leave out discontinued series."
    )
    assert len(forecast) == 9


@pytest.mark.parametrize("missing", ["seasonal_median", "interpolate", "mask"])
def test_rows_to_come_among_the_known_ones_are_named(missing: str) -> None:
    frame = _with_rows([60, 58, 57])
    ahead = frame_of(*3 * [np.full(63, np.nan)], freq="MS").groupby("unique_id").tail(3)
    model = small(missing=missing)
    with pytest.warns(ElmanWarning) as caught:
        model.fit(pd.concat([frame, ahead[:3]]).sort_values(["unique_id", "ds"]))
    message = (
        "the newest 3 time stamps, from 2006-01-01 on, have no value in any series. They count as missing, and the "
        "forecast starts after them. Drop these rows if they are to be forecast."
    )
    assert [str(warning.message) for warning in caught] == [f"Forecaster.fit: {message}"]
    with pytest.warns(ElmanWarning) as caught:
        model.predict(pd.concat([frame, ahead[:3]]).sort_values(["unique_id", "ds"]))
    assert [str(warning.message) for warning in caught] == [f"Forecaster.predict: {message}"]
    model.fit(pd.concat([frame, ahead[:2]]).sort_values(["unique_id", "ds"]))  # fewer than the horizon: an outage
    held_back = frame.assign(y=frame["y"].where((frame["unique_id"] != "s0") | (frame["ds"] < "2005-06-01")))
    model.fit(held_back[held_back["ds"] < "2005-10-01"])  # the others have values


def test_a_covariate_in_another_unit_is_named() -> None:
    price = {"price": lambda rows: 10 + np.sin(rows), "event": lambda rows: 1.0 * (rows % 7 == 0)}
    frame = frame_of(WAVE, **price)
    known, future = frame[:57], frame[57:].drop(columns="y")
    message = (
        "Forecaster.predict: covariate price is 1200, and was 10 on average at fit; it changed far less there, and the "
        "network has not learned such values. Check the unit of the column."
    )
    ahead = small(future_covariates=["price", "event"]).fit(known)
    ahead.predict(future=future.assign(price=20.0, event=1.0))  # far, but in no other unit; events may be rare
    past = small(past_covariates=["price"]).fit(known)
    past.predict(known)
    for call in (
        lambda: ahead.predict(future=future.assign(price=[1000.0, 1200.0, 1100.0])),
        lambda: past.predict(known.assign(price=np.where(np.arange(57) < 56, 1100.0, 1200.0))),
    ):
        with pytest.warns(ElmanWarning) as caught:
            call()
        assert [str(warning.message) for warning in caught] == [message]


@pytest.mark.filterwarnings("ignore:.*the history has 1 day with event:elman.ElmanWarning")
def test_a_rare_event_is_in_no_other_unit() -> None:
    frame = frame_of(np.resize(WAVE, 300), freq="D", event=lambda rows: 1.0 * (rows == 7))
    model = small(future_covariates=["event"]).fit(frame[:297])
    assert len(model.predict(future=frame[297:].drop(columns="y").assign(event=1.0))) == 3


@pytest.mark.parametrize("method", ["prior", "network"])
def test_a_median_near_zero_is_called_one(method: str) -> None:
    frame = frame_of(DEMAND, np.resize(WAVE, 96), freq="MS")
    model = small(season=12, window=13, updates=300) if method == "network" else Forecaster(3, method="prior")
    model.fit(frame)
    every: list[dict[str, object]] = [{}, {"data": frame}, *([{"level": [50]}] if method == "prior" else [])]
    for arguments in every:
        with pytest.warns(ElmanWarning) as caught:
            model.predict(**arguments)
        assert " ".join(str(warning.message) for warning in caught) == (
            "Forecaster.predict: the forecast of 1 of 2 series ('s0') is a median, near 0 because most values are 0; "
            'it is not a mean, and its sum is not a total. Fit these series with method="counts", whose forecasts are '
            "means, with quantiles to order by, sum the values over longer periods before forecasting, or use the "
            "upper ends of the intervals."
        )


def test_means_and_single_spikes_are_not_called_medians() -> None:
    """No warning is given; one would be an error."""
    spike = np.zeros(40)
    spike[20] = 7.0
    Forecaster(3, season=1, method="simple exponential smoothing").fit(DEMAND).predict()
    Forecaster(3, season=1, method="prior").fit(spike).predict()


@pytest.mark.parametrize("season", [1, 12])
def test_a_constant_goes_on_to_the_last_bit(season: int) -> None:
    for constant in (147.6, -3.7e-5):
        found = Forecaster(3, season=season, method="prior").fit(np.full(40, constant)).predict(level=[80])
        assert found["Elman"].tolist() == [constant] * 3
        assert (found["Elman-lo-80"] <= constant).all() and (found["Elman-hi-80"] > constant).all()


@pytest.mark.parametrize("method", ["auto", "prior", "counts", "naive", "Croston", "TSB", "Theta"])
@pytest.mark.parametrize("data", [np.zeros(40), np.zeros(1), [np.zeros(40), WAVE], np.stack([0 * WAVE, WAVE], 1)])
def test_zeros_go_on_without_a_width(method: str, data: Any) -> None:
    model = Forecaster(3, season=4, method=method, cutoffs=0).fit(data)
    found, paths = model.predict(level=[50, 95], quantiles=[0.1, 0.9]), model.sample(20)
    first = found[0] if isinstance(data, list) else found
    zeros = [values if values.ndim == 1 else values[:, 0] for values in first.values()]
    assert [values.tolist() for values in zeros] == [[0.0] * 3] * 7
    drawn = paths[:, 0] if isinstance(data, list) else paths
    assert np.array_equal(drawn if drawn.ndim == 2 else drawn[..., 0], np.zeros((20, 3)))


def test_a_learning_rate_that_is_too_high_is_named() -> None:
    model = small(updates=120, learning_rate=10.0)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(WAVE)
    assert len(caught) == 1
    assert str(caught[0].message).startswith("Forecaster.fit: the loss rose from ")
    assert str(caught[0].message).endswith("Lower learning_rate.")
