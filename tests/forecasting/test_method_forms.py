"""Every method in every form of data: arrays, lists, frames, channels, unusual series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from elman.forecasting.delivery import fit_and_predict
from forecasting.made import METHODS, PANEL, of
from forecasting.small import WAVE, frame_of


@pytest.mark.parametrize("method", METHODS)
def test_array_list_frame_and_command_say_the_same(method: str) -> None:
    one = of(method).fit(WAVE).predict(level=[80, 95])
    several = of(method).fit([WAVE]).predict(level=[80, 95])[0]
    frame = of(method).fit(frame_of(WAVE)).predict(level=[80, 95])
    polars = of(method).fit(pl.DataFrame(frame_of(WAVE).to_dict("list"))).predict(level=[80, 95])
    command = fit_and_predict("t", of(method), frame_of(WAVE)).frame
    assert isinstance(polars, pl.DataFrame)
    for name, values in one.items():
        for other in (several[name], frame[name], polars[name].to_numpy(), command[name]):
            assert np.array_equal(values, other), name


@pytest.mark.parametrize("method", METHODS[1:])  # "auto" delivers one of them
def test_neighbours_and_threads_change_no_bit(method: str) -> None:
    model = of(method).fit(PANEL)
    together = model.predict(PANEL[:5], level=80)
    for series, forecast in zip(PANEL[:5], together, strict=True):
        alone = model.predict(series if len(together) == 1 else [series], level=80)[0]
        assert all(np.array_equal(alone[name], forecast[name]) for name in alone)
    two = of(method, n_threads=2).fit(PANEL).predict()
    assert all(np.array_equal(a, b) for a, b in zip(model.predict(), two, strict=True))


@pytest.mark.parametrize("method", ["auto", "prior", "seasonal naive"])
def test_channels_are_series_of_their_own(method: str) -> None:
    both = np.stack([WAVE, 1000 * WAVE[::-1]], axis=1)
    model = of(method, cutoffs=2).fit(both)
    forecast = model.predict(level=80)
    for channel in (0, 1):
        alone = of(method, cutoffs=2).fit(both[:, channel]).predict(level=80)
        for name, values in alone.items():
            assert np.array_equal(forecast[name][:, channel], values)
    assert model.check_ is not None
    assert model.check_.verdicts["unique_id"].tolist() == ["channel 0", "channel 1"]
    assert np.array_equal(model.predict([both, both[:30]])[1], of(method, cutoffs=0).fit(both[:30]).predict())


UNUSUAL: dict[str, Any] = {
    "one value": [5.0],
    "one zero": [0.0],
    "two values": [5.0, 7.0],
    "two equal": [3.0, 3.0],
    "constant": [7.0] * 40,
    "zeros": [0.0] * 40,
    "negative": (WAVE - 30).tolist(),
    "a spike of 1e38": [0.0] * 20 + [1e38] + [0.0] * 19,
    "subnormal": [5e-324, 1e-310] * 20,
    "huge": (1e37 * WAVE / 20).tolist(),
    "exploding": (10.0 ** np.arange(0, 38)).tolist(),
    "counts": (np.arange(60) % 7 == 0).astype(float).tolist(),
}


@pytest.mark.filterwarnings("ignore:.*is a median:elman.ElmanWarning")
@pytest.mark.parametrize("season", [1, 4, [4, 8], 50])
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_series_have_finite_forecasts_and_intervals(name: str, season: Any) -> None:
    for method in ("auto", "prior", "window mean"):
        model = of(method, season=season).fit(UNUSUAL[name])
        found = model.predict(level=[1, 80, 95])
        assert all(np.isfinite(values).all() for values in found.values()), (method, found)
        for level in (1, 80, 95):
            lower, upper = found[f"Elman-lo-{level}"], found[f"Elman-hi-{level}"]
            touching = model.method_ == "counts" or not any(UNUSUAL[name])  # both ends may be zero
            apart = lower <= upper if touching else lower < upper
            assert apart.all(), (method, found)
        if min(UNUSUAL[name]) >= 0:
            assert found["Elman-lo-95"].min() >= 0
        assert np.isfinite(model.update([UNUSUAL[name][-1]]).predict()).all()


@pytest.mark.filterwarnings("ignore:.*(is a median|ended long before|left out):elman.ElmanWarning")
def test_a_panel_of_everything() -> None:
    every = [np.array(values) for values in UNUSUAL.values()] + [WAVE, WAVE[:9]]
    frame = frame_of(*every).assign(ds=lambda f: f["ds"] + pd.DateOffset(years=0))
    frame = frame[~((frame["unique_id"] == "s12") & (frame["ds"] > "2010-01-01"))]  # one ends earlier
    holes = frame.assign(y=np.where((frame["unique_id"] == "s6") & (frame.index % 5 == 0), np.nan, frame["y"]))
    for data, options in ((frame, {}), (holes, {"missing": "interpolate"}), (holes, {"missing": "seasonal_median"})):
        model = of(**options).fit(data)
        out = model.predict(level=[80])
        assert np.isfinite(out[["Elman", "Elman-lo-80", "Elman-hi-80"]].to_numpy()).all()
        assert out.groupby("unique_id", sort=False)["ds"].first().loc["s12"] == pd.Timestamp("2010-04-01")
    integers = frame.assign(ds=frame.groupby("unique_id").cumcount() * 2)
    assert of().fit(integers).predict()["ds"].iloc[:2].tolist() == [4, 6]  # of two values; those of one are left out
    with pytest.raises(elman.DataError, match="every value of series 1 is missing"):
        of(missing="interpolate").fit([WAVE, [np.nan, np.nan]])
    with pytest.raises(elman.DataError, match="series 1 has one known value, and a line needs two"):
        of(missing="interpolate").fit([WAVE, [np.nan, 5.0, np.nan]])
    assert of(missing="seasonal_median").fit([WAVE, [np.nan, 5.0, np.nan]]).predict()[1].tolist() == [5.0, 5.0, 5.0]
