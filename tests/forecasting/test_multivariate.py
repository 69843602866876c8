"""Series of several values per time: each channel has its transform, center and unit; a step reads all channels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman import DataError, UnsupportedError
from elman.forecasting import backtest, cross_validation
from elman.forecasting.frames import read_panel
from elman.forecasting.training_set import arrays_of
from forecasting.small import WAVE, small

TWO = np.stack([WAVE, 1000 * np.roll(WAVE, 2)], axis=1)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"strategy": "recursive"},
        {"loss_at": "last", "window": 2},
        {"carry_state": True},
        {"transform": "scale"},
        {"window": "auto"},
        {"cell": "gru", "center": "last"},
    ],
)
def test_shapes_and_bits(change: dict[str, Any], tmp_path: Path) -> None:
    model = small(**change).fit(TWO)
    forecast = model.predict()
    assert forecast.shape == (3, 2) and np.isfinite(forecast).all()
    assert np.array_equal(model.predict(TWO), forecast)
    assert np.array_equal(small(**change).fit([TWO]).predict()[0], forecast)
    model.save(tmp_path / "model")
    again = elman.load(tmp_path / "model")
    assert np.array_equal(again.predict(), forecast) and np.array_equal(again.predict(TWO), forecast)


def test_a_step_sees_window_times_channels() -> None:
    architecture = small().fit(np.column_stack([TWO, WAVE])).networks_[0].architecture
    assert (architecture.input_size, architecture.output_size) == (5 * 3, 3 * 3)


def test_one_channel_is_a_series() -> None:
    for transform in ("auto", "scale", "none"):
        one = small(transform=transform).fit(WAVE[:, None])
        assert np.array_equal(one.predict()[:, 0], small(transform=transform).fit(WAVE).predict())


def test_every_channel_has_its_own_transform_and_size() -> None:
    mixed = np.stack([WAVE, WAVE - 22, np.maximum(WAVE - 20, 0)], axis=1)
    model = small().fit(mixed)
    assert model.transform_ == ("log", "scale", "log1p")
    other = small().fit(mixed * [1.0, 1000.0, 1.0])
    np.testing.assert_allclose(other.predict(), model.predict() * [1.0, 1000.0, 1.0], rtol=1e-4)


def test_forecast_of_a_known_network() -> None:
    """All weights zero but the skip: the second channel repeats the newest value of the first."""
    model = small(horizon=2, window=2, season=2, transform="none", ensemble_size=1).fit(TWO)
    network = model.networks_[0]
    network.theta[:] = 0.0
    network.parameters["skip.W_k"][2, [1, 3]] = 1.0  # input: (t-1, 0), (t-1, 1), (t, 0), (t, 1); output likewise
    center = TWO[-2:].mean(axis=0)
    expected = np.tile(center, (2, 1))
    expected[:, 1] += TWO[-1, 0] - center[0]
    np.testing.assert_allclose(model.predict(), expected, rtol=1e-6)


def test_arrays_by_hand() -> None:
    model = small(season=2, window=2, transform="none", horizon=1).fit(TWO)
    panel = read_panel("fit", np.array([[1.0, 10.0], [3.0, 30.0]]), channels=True)
    arrays = arrays_of(panel, model._fitted.network.recipe, np.ones((1, 2)), np.array([1.0, 10.0]), 3)
    assert arrays.values.tolist() == [[1, 1], [1, 1], [3, 3]]
    assert arrays.center.tolist() == [[1, 1], [1, 1], [2, 2]]
    assert arrays.weight is not None and arrays.weight.tolist() == [[0, 0], [1, 1], [1, 1]]


def test_the_other_channel_helps() -> None:
    """The next value of the second channel is in the first."""
    noise = np.random.default_rng(0).normal(size=300)
    led = np.stack([noise, np.roll(noise, 1)], axis=1)
    options: dict[str, Any] = {
        "season": 1,
        "center": "none",
        "transform": "none",
        "hidden_size": 8,
        "updates": 150,
        "learning_rate": 0.01,
    }
    model = small(horizon=1, **options).fit(led[1:250])
    errors = [model.predict(led[1:end])[0, 1] - led[end, 1] for end in range(250, 300)]
    assert np.abs(errors).mean() < 0.2


def test_many_series_of_unequal_lengths() -> None:
    forecasts = small().fit([TWO, TWO[:30] * 2, TWO[:4]]).predict()
    assert [forecast.shape for forecast in forecasts] == [(3, 2)] * 3


def test_missing_values_by_channel() -> None:
    holes = TWO.copy()
    holes[[5, 6, 30], 1] = np.nan
    for missing in ("seasonal_median", "interpolate"):
        assert np.isfinite(small(missing=missing).fit(holes).predict()).all()


def test_update_goes_on() -> None:
    model = small(carry_state=True).fit(TWO[:50])
    for row in TWO[50:]:
        model.update(row[None])
    assert np.array_equal(model.predict(), model.predict(TWO))


def test_what_does_not_fit() -> None:
    for data, message in {
        "nan": "Forecaster.fit: y is missing (NaN) at position 7, channel 1. ",
        "inf": "Forecaster.fit: y is inf at position 7, channel 1; every value must be finite.",
    }.items():
        wrong = TWO.copy()
        wrong[7, 1] = float(data)
        with pytest.raises(DataError) as caught:
            small().fit(wrong)
        assert str(caught.value).startswith(message)
    with pytest.raises(DataError) as domain:
        small(transform="log").fit(TWO - [0.0, 17000.5])
    assert str(domain.value) == (
        'Forecaster.fit: channel 1 is -700.5 at position 5, but the transform "log" needs values above 0. '
        'Pass transform="scale" to the Forecaster and fit again.'
    )
    with pytest.raises(DataError) as channels:
        small().fit([TWO, WAVE])
    assert str(channels.value) == (
        "Forecaster.fit: every series must have the same channels, got shape (60, 2) in series 0 and (60,) in series 1."
    )
    for trained, asked, message in ((TWO, WAVE, "(n, 2), got shape (n,)"), (WAVE, TWO, "(n,), got shape (n, 2)")):
        with pytest.raises(DataError) as later:
            small().fit(trained).predict(asked)
        assert str(later.value) == f"Forecaster.predict: fitted on series of shape {message}."
    with pytest.raises(UnsupportedError, match=r"y must be one-dimensional, got shape \(2, 2, 2\)"):
        small().fit(np.ones((2, 2, 2)))


def test_backtests_judge_every_channel_as_a_series() -> None:
    result = backtest(small(), TWO, n_windows=2, level=[80])
    frame = result.forecasts
    assert frame["unique_id"].tolist() == (["channel 0"] * 3 + ["channel 1"] * 3) * 2
    assert frame["ds"].tolist() == [54, 55, 56] * 2 + [57, 58, 59] * 2
    assert frame["cutoff"].tolist() == [53] * 6 + [56] * 6
    np.testing.assert_array_equal(frame["y"], [*TWO[54:57].T.ravel(), *TWO[57:].T.ravel()])
    model = small(intervals="auto").fit(TWO[:54])
    first = model.predict(level=80)
    np.testing.assert_array_equal(frame["Elman"][:6], first["Elman"].T.ravel())
    np.testing.assert_array_equal(frame["Elman-lo-80"][:6], first["Elman-lo-80"].T.ravel())
    np.testing.assert_array_equal(frame["Elman-hi-80"][6:], model.predict(TWO[:57], level=80)["Elman-hi-80"].T.ravel())
    for channel in (0, 1):
        one = cross_validation(small(), TWO[:, channel], n_windows=2)["seasonal naive"]
        mine = frame.loc[frame["unique_id"] == f"channel {channel}", "seasonal naive"]
        np.testing.assert_array_equal(mine, one)
    assert result.verdicts["unique_id"].tolist() == ["channel 0", "channel 1"]
    assert list(result.coverage) == [80.0]
    several = cross_validation(small(), [TWO, TWO[:30]], baselines=[])
    names = [f"series {i}, channel {c}" for i in (0, 1) for c in (0, 1)]
    assert several["unique_id"].unique().tolist() == names
    ordered = backtest(small(), [TWO, TWO[:30]]).verdicts  # of the shorter series the cut-off comes earlier
    assert ordered["unique_id"].tolist() == names


def test_the_place_in_a_list_gives_no_scale() -> None:
    small, large = np.sin(np.arange(60.0)), 1000 * np.cos(np.arange(60.0))
    model = elman.Forecaster(
        3, method="network", season=6, window=7, steps=8, hidden_size=4, updates=3, ensemble_size=1, random_state=0
    )
    model.fit([small, large])
    swapped = model.predict([large, small])
    np.testing.assert_array_equal(swapped[1], model.predict([small, large])[0], strict=True)
