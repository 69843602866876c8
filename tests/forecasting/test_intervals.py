"""Prediction intervals: quantiles by hand, no leaks into residuals, coverage on series of known distribution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from elman import ArgumentError, DataError, FileFormatError, Forecaster
from elman.estimators import root_seed
from elman.forecasting import backtest, cross_validation
from elman.forecasting.calibration import calibrate, cut_offs
from elman.forecasting.frames import read_panel
from elman.forecasting.intervals import Residuals, check_levels, residuals_needed, take_arrays
from elman.forecasting.methods import NetworkMethod, fit_network
from elman.forecasting.panel import Panel
from elman.forecasting.scaling import Scaling
from elman.forecasting.store import PanelStore

SMALL: dict[str, Any] = {
    "method": "network",
    "season": 4,
    "window": 5,
    "steps": 8,
    "hidden_size": 4,
    "updates": 4,
    "ensemble_size": 2,
}
WAVE = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 15) + np.arange(60) / 10


def small(**changes: Any) -> Forecaster:
    return Forecaster(3, **(SMALL | {"random_state": 1, "intervals": "auto"} | changes))


def test_quantiles_by_hand() -> None:
    residuals = Residuals.pooled([np.array([[5.0, 0.1]] * 5), np.array([[1.0, 0.2], [2, 0.3], [3, 0.4], [4, np.nan]])])
    assert residuals.values.tolist() == [1, 2, 3, 4, 5, 5, 5, 5, 5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.4]
    assert residuals.count == 8
    assert residuals.quantiles(50).tolist() == [5.0, 0.1]  # ⌈10 / 2⌉ = 5th of 9, ⌈9 / 2⌉ = 5th of 8
    assert residuals.quantiles(80).tolist() == [5.0, 0.4]  # ⌈7.2⌉ = 8th of 8
    nineteen = Residuals.pooled([np.arange(1.0, 20.0)[:, None]])
    assert nineteen.quantiles(80).tolist() == [16.0]  # exactly 20 * 0.8
    assert nineteen.quantiles(95).tolist() == [19.0]


def test_residuals_needed() -> None:
    assert [residuals_needed(level) for level in (50, 80, 90, 95, 98, 99, 99.9)] == [2, 5, 10, 20, 50, 100, 1000]


@pytest.mark.parametrize(
    ("transform", "values"),
    [("none", WAVE - 30), ("log", WAVE), ("log1p", np.maximum(WAVE - 20, 0)), ("scale", 1e6 * (WAVE - 30))],
)
def test_half_widths_are_quantiles_times_the_scale_of_the_series(transform: str, values: np.ndarray) -> None:
    forward = {"log": np.log, "log1p": np.log1p}.get(transform, lambda z: z)
    model = small(transform=transform).fit(values)
    forecast = model.predict(level=[80, 95])
    assert list(forecast) == ["Elman", "Elman-lo-80", "Elman-hi-80", "Elman-lo-95", "Elman-hi-95"]
    assert np.array_equal(forecast["Elman"], model.predict())
    newest = forward(values[-12:])  # window + steps - 1 = 12 values
    scale = np.mean(np.abs(newest[4:] - newest[:-4]))
    for level in (80, 95):
        half = model._fitted.network.residuals.quantiles(level) * scale
        np.testing.assert_allclose(forward(forecast[f"Elman-hi-{level}"]), forward(forecast["Elman"]) + half)
        lower = forward(forecast["Elman"]) - half
        np.testing.assert_allclose(
            forward(forecast[f"Elman-lo-{level}"]), np.maximum(lower, 0) if transform == "log1p" else lower, atol=1e-12
        )
    assert (forecast["Elman-lo-95"] <= forecast["Elman-lo-80"]).all()


def test_residuals_are_those_of_a_plain_fit_on_what_came_before() -> None:
    panel = read_panel("t", WAVE)
    model = small(transform="none")

    def fit(before: Panel) -> NetworkMethod:
        return fit_network("t", model, PanelStore.of(before, "error", 4), root_seed(model.random_state))

    residuals = calibrate("t", model, panel, Scaling.of("none"), 3, fit)
    assert cut_offs("t", 3, panel, 3) == [9, 6, 3]
    model = small(transform="none").fit(WAVE[:51])
    expected = []
    for end in (51, 54, 57):
        newest = WAVE[end - 12 : end]
        scale = np.mean(np.abs(newest[4:] - newest[:-4]))
        expected.append(np.abs(WAVE[end : end + 3] - model.predict(WAVE[:end])) / scale)
    assert residuals is not None
    np.testing.assert_array_equal(residuals.values.reshape(3, 3).T, np.sort(expected, axis=0))


def test_forecast_itself_does_not_depend_on_intervals() -> None:
    assert np.array_equal(small().fit(WAVE).predict(), small(intervals=None).fit(WAVE).predict())


def test_automatic_cut_offs() -> None:
    def automatic(*lengths: int) -> list[int]:
        return cut_offs("t", 3, read_panel("t", [np.ones(length) for length in lengths]), "auto")

    assert automatic(60) == list(range(22, 2, -1))  # 20 of them in the newer half
    assert automatic(400) == list(range(62, 2, -1))  # more for longer series
    assert automatic(2000)[:2] == [180, 177]  # at most as far apart as the horizon
    assert automatic(20) == list(range(10, 2, -1))  # as many as the newer half holds
    assert automatic(*[100] * 10) == [18, 15, 12, 9, 6, 3]
    assert automatic(*[16] * 10) == [4, 3]
    assert automatic(*[100] * 60) == [3]
    assert automatic(*[100] * 60, 4) == [3]  # too short to be used


def test_forms() -> None:
    rows = small(intervals=20).fit([WAVE, WAVE[::-1]]).predict(level=80)
    assert [list(row) for row in rows] == [["Elman", "Elman-lo-80", "Elman-hi-80"]] * 2
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2020-01-01", periods=60, freq="QS"), "y": WAVE})
    model = small().fit(frame)
    result = model.predict(level=[80.0])
    assert result.columns.tolist() == ["unique_id", "ds", "Elman", "Elman-lo-80", "Elman-hi-80"]
    columns = {"unique_id": ["a"] * 60, "ds": frame["ds"].to_numpy(), "y": WAVE}
    wide = model.predict(pl.DataFrame(columns), level=[80, 62.5])
    assert isinstance(wide, pl.DataFrame)
    assert wide.columns[5:] == ["Elman-lo-62.5", "Elman-hi-62.5"]
    assert np.array_equal(wide["Elman-hi-80"], result["Elman-hi-80"])


def test_series_of_their_own_sizes() -> None:
    """Intervals follow the size of each series, though residuals are pooled."""
    first, second = small(transform="scale").fit([WAVE, 1e6 * WAVE]).predict(level=80)
    np.testing.assert_allclose(1e6 * first["Elman-hi-80"], second["Elman-hi-80"], rtol=1e-5)


def test_missing_values_leave_no_residual() -> None:
    holes = WAVE.copy()
    holes[[-1, -9]] = np.nan
    model = small(missing="interpolate").fit(holes)
    assert np.diff(model._fitted.network.residuals.offsets).tolist() == [21, 21, 20]
    assert np.isfinite(model.predict(level=95)["Elman-lo-95"]).all()


def test_constant_series_and_series_turned_constant() -> None:
    steady = small(transform="none").fit(np.full(60, 5.0)).predict(level=[80])
    np.testing.assert_allclose(steady["Elman-hi-80"], 5.005, rtol=1e-12)  # the minimum width, a thousandth
    np.testing.assert_allclose(steady["Elman-lo-80"], 4.995, rtol=1e-12)
    rows = small(transform="none").fit([WAVE, np.full(60, 5.0)]).predict(level=80)
    assert all(np.isfinite(values).all() for row in rows for values in row.values())


def test_coverage_of_independent_values() -> None:
    """Values around a constant: intervals of level p hold a share p of them."""
    rng = np.random.default_rng(0)
    series = list(rng.normal(50, 5, size=(300, 40)))
    rows = small(transform="none", updates=20).fit([values[:37] for values in series]).predict(level=[50, 80, 95])
    for level in (50, 80, 95):
        inside = [
            (row[f"Elman-lo-{level}"] <= values[37:]) & (values[37:] <= row[f"Elman-hi-{level}"])
            for row, values in zip(rows, series, strict=True)
        ]
        assert abs(np.mean(inside) - level / 100) < 0.05


def test_saved_and_loaded(tmp_path: Path) -> None:
    model = small().fit(WAVE)
    model.save(tmp_path / "m")
    for loaded in (Forecaster.load(tmp_path / "m"), elman.load(tmp_path / "m")):
        expected, got = model.predict(WAVE, level=[80, 95]), loaded.predict(WAVE, level=[80, 95])
        assert all(np.array_equal(expected[name], got[name]) for name in expected)
    small(intervals=None).fit(WAVE).save(tmp_path / "plain")
    with pytest.raises(ArgumentError):
        Forecaster.load(tmp_path / "plain").predict(level=80)


@pytest.mark.parametrize(
    ("residuals", "offsets"),
    [
        ([1.0, np.nan, 1, 1], [0, 2, 4]),
        ([1.0, 2, 3, 4], [0, 2, 3]),
        ([1.0, 2, 3, 4], [0, 5, 4]),
        ([1.0, 2, 3, 4], [0, 4]),
        ([2.0, 1, 3, 4], [0, 2, 4]),
        ([-1.0, 2, 3, 4], [0, 2, 4]),
    ],
)
def test_residuals_of_a_damaged_file(residuals: list[float], offsets: list[int]) -> None:
    arrays: dict[str, Any] = {"residuals": np.array(residuals), "residual_offsets": np.array(offsets)}
    with pytest.raises(FileFormatError):
        take_arrays(arrays, horizon=2)


def test_residuals_are_replaced_with_the_networks() -> None:
    model = small().fit(WAVE)
    model.set_params(intervals=None).fit(WAVE)
    with pytest.raises(ArgumentError):
        model.predict(level=80)


def refused(kind: type[Exception], call: Any) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_messages() -> None:
    model = small(intervals=8).fit(WAVE)
    assert refused(ArgumentError, lambda: model.predict(level=[80, 95])) == (
        "Forecaster.predict: level 95 needs 20 residuals for each step of the horizon, there are 8. "
        "Pass a larger number of intervals to the Forecaster and fit again, or ask for at most 87.5 %, "
        "or quantiles from 0.0625 to 0.9375."
    )
    one = small(intervals=1).fit(WAVE)
    assert refused(ArgumentError, lambda: one.predict(level=80)) == (
        "Forecaster.predict: level 80 needs 5 residuals for each step of the horizon, there are 1. "
        "Pass a larger number of intervals to the Forecaster and fit again."
    )
    assert refused(ArgumentError, lambda: small(intervals=None).fit(WAVE).predict(level=80)) == (
        'Forecaster.predict: there are no intervals. Pass intervals="auto" to the Forecaster and fit again.'
    )
    assert refused(ArgumentError, lambda: small(intervals=0).fit(WAVE)) == (
        'Forecaster.fit: intervals must be "auto", None or an integer of at least 1, got 0.'
    )
    assert refused(DataError, lambda: small(intervals=40).fit(WAVE)) == (
        "Forecaster.fit: intervals from 40 cut-offs need 84 values, the longest series has 60."
    )
    assert refused(DataError, lambda: small(window=1, season=1).fit(WAVE[:5])) == (
        "Forecaster.fit: the longest series has 5 values, intervals need at least 6, twice the horizon."
    )
    short = Forecaster(1, method="network", window=1, season=1, intervals="auto", updates=1, ensemble_size=1)
    assert refused(DataError, lambda: short.fit(WAVE[:2])) == (
        "Forecaster.fit: the longest series has 2 values, intervals need at least 3: "
        "1 to leave out and 2 to learn from."
    )


@pytest.mark.parametrize(
    ("level", "message"),
    [
        (100, "t: level must be a number in (0, 100), got 100. Pass level=80."),
        ([80, 0], "t: level must be a number in (0, 100), got 0. Pass level=80."),
        (float("nan"), "t: level must be a number in (0, 100), got nan. Pass level=80."),
        ("80", "t: level must be a number in (0, 100), got '80'. Pass level=80."),
        ([], "t: level must name at least one percentage, got an empty list."),
        ([80, 95, 80.0], "t: level names 80, 95, 80, one of them twice. Drop one of them."),
        ([80, 80 + 1e-9], "t: level names 80, 80, one of them twice. Drop one of them."),
        ([99.99999], "t: level must lie between 1 and 99.9999, got 99.99999. Pass level=99.9999."),
        (0.8, "t: level is in percent, got 0.8. Pass level=80."),
        ([0.8, 0.95], "t: level is in percent, got 0.8, 0.95. Pass level=[80, 95]."),
        ([0.8, 80, 99.5], "t: level is in percent, got 0.8, 80, 99.5. Pass level=[80, 99.5]."),
        (np.array([0.125]), "t: level is in percent, got 0.125. Pass level=12.5."),
        (0.005, "t: level is in percent, got 0.005. Pass level=80."),
        (1 - 1e-13, "t: level is in percent, got 1. Pass level=80."),
    ],
)
def test_levels(level: Any, message: str) -> None:
    assert refused(ArgumentError, lambda: check_levels("t", level)) == message


def test_one_percent_is_a_level() -> None:
    assert check_levels("t", [1, 99.9]) == [1.0, 99.9]


@pytest.mark.parametrize(
    ("place", "ask"),
    [
        ("Forecaster.predict", lambda model: model.predict(level=0.8)),
        ("Forecaster.predict", lambda model: model.predict(WAVE, level=0.8)),
        ("backtest", lambda model: backtest(model, WAVE, level=0.8)),
        ("cross_validation", lambda model: cross_validation(model, WAVE, level=0.8)),
    ],
)
def test_a_share_as_a_level_is_refused_everywhere(place: str, ask: Any) -> None:
    model = small(intervals=None).fit(WAVE)
    assert refused(ArgumentError, lambda: ask(model)) == f"{place}: level is in percent, got 0.8. Pass level=80."


def test_several_channels() -> None:
    both = np.stack([WAVE, 1000 * (WAVE[::-1] - 30)], axis=1)
    model = small(transform="scale").fit(both)
    forecast = model.predict(level=[80, 95])
    assert np.diff(model._fitted.network.residuals.offsets).tolist() == [40, 40, 40]  # 20 cut-offs, two channels
    assert [values.shape for values in forecast.values()] == [(3, 2)] * 5
    newest = both[-12:]
    half = model._fitted.network.residuals.quantiles(80)[:, None] * np.mean(np.abs(newest[4:] - newest[:-4]), axis=0)
    np.testing.assert_allclose(forecast["Elman-hi-80"], forecast["Elman"] + half)
    mixed = small().fit(both).predict(level=80)  # log for the first, scale for the second
    assert (mixed["Elman-lo-80"][:, 0] > 0).all() and (mixed["Elman-lo-80"] < mixed["Elman-hi-80"]).all()


def test_covariates_reach_the_calibrating_network() -> None:
    ds = pd.date_range("2020-01-01", periods=60, freq="QS")
    frame = pd.DataFrame({"unique_id": "a", "ds": ds, "y": WAVE, "price": np.arange(60.0) % 3})
    model = small(future_covariates=["price"]).fit(frame)
    future = pd.DataFrame({"unique_id": "a", "ds": pd.date_range(ds[-1], periods=4, freq="QS")[1:], "price": 1.0})
    assert model.predict(level=95, future=future).columns.tolist()[3:] == ["Elman-lo-95", "Elman-hi-95"]
    result = backtest(small(future_covariates=["price"]), frame, n_windows=2)
    altered = frame.assign(price=np.where(frame.index == 58, 9.0, frame["price"]))  # within the second window
    other = backtest(small(future_covariates=["price"]), altered, n_windows=2)
    assert np.array_equal(result.forecasts["Elman"][:3], other.forecasts["Elman"][:3])
    assert not np.array_equal(result.forecasts["Elman"][3:], other.forecasts["Elman"][3:])
