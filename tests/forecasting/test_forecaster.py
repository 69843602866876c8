"""The Forecaster: promises about bits, data, parameters and files. Small networks; accuracy is benchmarked."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from elman import ArgumentError, DataError, Forecaster, TrainingError, UnsupportedError
from elman.data.windows import sliding_windows
from elman.forecasting import prediction
from elman.forecasting.methods import network as module
from elman.training import Trainer
from forecasting.small import WAVE, frame_of, small, with_networks

SHORTEN = "Shorten the horizon or the window, or bring more data."


# Bits


def test_same_seed_same_bits_whatever_the_threads() -> None:
    one = small(n_threads=1).fit(WAVE).predict()
    assert np.array_equal(small(n_threads=2).fit(WAVE).predict(), one)
    assert np.array_equal(small(n_threads=1).fit(WAVE).predict(), one)
    assert not np.array_equal(small(random_state=2).fit(WAVE).predict(), one)


def test_array_list_and_frame_are_the_same_series() -> None:
    one = small().fit(WAVE).predict()
    assert np.array_equal(small().fit([WAVE]).predict()[0], one)
    assert np.array_equal(small().fit(frame_of(WAVE)).predict()["Elman"], one)


def test_series_do_not_see_each_other_in_a_forecast() -> None:
    model = small().fit([WAVE, WAVE[::-1], WAVE[:20] * 2])
    three = model.predict([WAVE, WAVE[::-1], WAVE[:20] * 2])
    for series, forecast in zip([WAVE, WAVE[::-1], WAVE[:20] * 2], three, strict=True):
        assert np.array_equal(model.predict(series), forecast)
    changed = model.predict([WAVE, WAVE[::-1] + 5.0, WAVE[:20] * 2])
    assert np.array_equal(changed[0], three[0]) and np.array_equal(changed[2], three[2])
    assert (changed[1] != three[1]).all()


def test_rows_are_forecast_in_chunks_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small().fit([WAVE, WAVE[::-1], WAVE[:20], WAVE[5:], WAVE[:33]])
    whole = np.stack(model.predict())
    monkeypatch.setattr(prediction, "_ROWS", 2)
    assert np.array_equal(np.stack(model.predict()), whole)


def test_newest_value_moves_every_horizon_and_older_than_the_warm_up_none() -> None:
    model = small().fit(WAVE)
    before = model.predict(WAVE)
    assert np.array_equal(before, model.predict())
    newest, old = WAVE.copy(), WAVE.copy()
    newest[-1] += 1.0
    old[: 60 - (5 + 8 - 1)] += 1.0
    assert (model.predict(newest) != before).all()
    assert np.array_equal(model.predict(old), before)
    old[60 - (5 + 8 - 1)] += 1.0
    assert (model.predict(old) != before).any()


def test_shifted_dates_give_the_same_values() -> None:
    frame = frame_of(WAVE)
    later = frame.assign(ds=frame["ds"] + pd.DateOffset(years=3))
    assert np.array_equal(small().fit(frame).predict()["Elman"], small().fit(later).predict()["Elman"])


# The recipe, on a network with known weights


def test_forecast_of_a_known_network() -> None:
    """All weights zero but the skip: a linear autoregression worked by hand."""
    model = small(horizon=2, window=2, season=2, transform="none", ensemble_size=1).fit(WAVE)
    network = model.networks_[0]
    network.theta[:] = 0.0
    network.parameters["output.b_y"][:] = [0.25, 0.5]
    network.parameters["skip.W_k"][:] = [[1.0, 0.0], [0.0, 2.0]]
    center = (WAVE[-2] + WAVE[-1]) / 2
    expected = center + np.array([0.25 + (WAVE[-2] - center), 0.5 + 2 * (WAVE[-1] - center)])
    np.testing.assert_allclose(model.predict(), expected, rtol=1e-6)


def test_forecast_is_the_median_of_the_networks() -> None:
    model = small(ensemble_size=3, transform="none").fit(WAVE)
    alone = [with_networks(model, network).predict() for network in model.networks_]
    np.testing.assert_allclose(model.predict(), np.median(alone, axis=0), rtol=1e-12)


def test_zero_network_forecasts_the_level() -> None:
    for transform, expected in (("none", WAVE[-4:].mean()), ("log", np.exp(np.log(WAVE[-4:]).mean()))):
        model = small(transform=transform).fit(WAVE)
        for network in model.networks_:
            network.theta[:] = 0.0
        np.testing.assert_allclose(model.predict(), np.full(3, expected), rtol=1e-12)
    model = small(transform="none", center="last").fit(WAVE)
    for network in model.networks_:
        network.theta[:] = 0.0
    assert model.predict().tolist() == [WAVE[-1]] * 3


def test_loss_at_last_uses_the_lags() -> None:
    model = small(horizon=1, window=1, steps=3, loss_at="last", center="none", transform="none", ensemble_size=1).fit(
        WAVE
    )
    network = model.networks_[0]
    assert network.architecture.readout == "last"
    assert network.parameters["skip.W_k"].shape == (3, 1)
    network.theta[:] = 0.0
    network.parameters["skip.W_k"][:, 0] = [100.0, 10.0, 1.0]
    assert model.predict()[0] == pytest.approx(100 * WAVE[-3] + 10 * WAVE[-2] + WAVE[-1], rel=1e-6)


def test_training_lowers_the_loss_and_learns_a_wave() -> None:
    wave = 50 + 10 * np.sin(np.arange(240) * 2 * np.pi / 12)
    options: dict[str, Any] = {
        "hidden_size": 8,
        "updates": 150,
        "ensemble_size": 1,
        "random_state": 0,
        "transform": "none",
    }
    model = Forecaster(12, method="network", season=12, **options).fit(wave[:228])
    assert model.history_[0].loss[-1] < 0.1 * model.history_[0].loss[0]
    assert np.abs(model.predict() - wave[228:]).max() < 1.0


def test_recursive_is_one_step_ahead_again_and_again() -> None:
    for change in ({}, {"loss_at": "last", "window": 1, "center": "none"}, {"carry_state": True}):
        model = small(horizon=4, strategy="recursive", **change).fit([WAVE, WAVE[:20] * 2])
        assert model.networks_[0].architecture.output_size == 1
        forecasts = model.predict()
        known = [WAVE, WAVE[:20] * 2]
        first = small(horizon=1, strategy="recursive", **change).fit([WAVE, WAVE[:20] * 2])
        for step in range(4):
            one = first.predict(known)
            assert [value[0] for value in one] == [forecast[step] for forecast in forecasts]
            known = [np.append(series, value) for series, value in zip(known, one, strict=True)]


def test_carried_state_remembers_the_whole_series() -> None:
    model = small(carry_state=True, ensemble_size=1, center="none", transform="none").fit(WAVE)
    assert np.array_equal(model.predict(WAVE), model.predict())
    windows, _ = sliding_windows(np.append(WAVE, 0.0), 5, 1)
    outputs = model.networks_[0].predict(windows[:, None, :].astype(np.float32))
    assert np.array_equal(model.predict(), outputs[-1, 0].astype(np.float64))


# Data


def test_frame_in_frame_out() -> None:
    frame = frame_of(WAVE, WAVE[:50] * 3)
    out = small().fit(frame).predict()
    assert out.columns.tolist() == ["unique_id", "ds", "Elman"]
    assert out["unique_id"].tolist() == ["s0"] * 3 + ["s1"] * 3
    assert out["ds"].astype(str).tolist()[:4] == ["2016-01-01", "2016-04-01", "2016-07-01", "2013-07-01"]
    polars = small().fit(
        pl.DataFrame(
            {name: frame[name].to_numpy() for name in ("ds", "y")} | {"unique_id": frame["unique_id"].tolist()}
        )
    )
    result = polars.predict()
    assert isinstance(result, pl.DataFrame)
    assert np.array_equal(result["Elman"].to_numpy(), out["Elman"])


def test_what_the_rules_chose() -> None:
    tiny: dict[str, Any] = {"method": "network", "updates": 2, "ensemble_size": 1, "hidden_size": 2, "window": 9}
    monthly = Forecaster(12, **tiny).fit(frame_of(20 + np.arange(100.0) % 12, freq="MS"))
    assert (monthly.seasons_, monthly.window_, monthly.transform_, monthly.freq_.freqstr) == ((12,), 9, "log", "MS")
    hourly = Forecaster(24, **tiny).fit(frame_of(np.arange(500.0) % 24, freq="h"))
    assert (hourly.seasons_, hourly.window_, hourly.transform_) == ((24, 168), 9, "log1p")
    assert hourly.updates_ == 2 and len(hourly.history_[0].loss) == 2


# Errors


def test_data_errors_name_the_way_out() -> None:
    for data, message in (
        (WAVE[:7], f"Forecaster.fit: the series has 7 values, but window + horizon = 5 + 3 = 8 are needed. {SHORTEN}"),
        ([], "Forecaster.fit: there is no series in an empty list."),
        ([1.0], "Forecaster.fit: the series has 1 value, at least 2 are needed."),
    ):  # fmt: skip
        with pytest.raises(DataError) as caught:
            small().fit(data)
        assert str(caught.value) == message
    with pytest.raises(DataError) as log:
        small(transform="log").fit(WAVE - 50)
    assert str(log.value) == (
        'Forecaster.fit: y is -30 at position 0, but the transform "log" needs values above 0. '
        'Pass transform="scale" to the Forecaster and fit again.'
    )
    with pytest.raises(DataError) as later:
        small().fit(WAVE).predict(np.append(WAVE, 0.0))
    assert str(later.value) == (
        'Forecaster.predict: y is 0 at position 60, but the transform "log" needs values above 0. '
        'Pass transform="log1p" to the Forecaster and fit again.'
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"horizon": 0}, "horizon must be an integer of at least 1, got 0."),
        ({"horizon": 2.5}, "horizon must be an integer of at least 1, got 2.5."),
        ({"window": "big"}, "window must be \"auto\" or an integer of at least 1, got 'big'."),
        ({"updates": 0}, 'updates must be "auto" or an integer of at least 1, got 0.'),
        ({"cell": "ltsm"}, "cell must be one of 'rnn', 'lstm', 'gru', got 'ltsm'.\n  Hint: did you mean 'lstm'?"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number in (0, inf), got nan."),
        ({"dropout": 1.0}, "dropout must be a number in [0, 1), got 1."),
        ({"linear_skip": "yes"}, "linear_skip must be True or False, got 'yes'."),
        ({"clip_norm": -1.0}, "clip_norm must be a number in (0, inf), got -1."),
        ({"n_threads": 0}, "n_threads must be an integer of at least 1, got 0."),
        ({"missing": "drop"}, "missing must be one of 'error', 'seasonal_median', 'interpolate', 'mask', got 'drop'."),
    ],
)
def test_parameters_are_checked_before_any_work(parameters: dict[str, Any], message: str) -> None:
    model = small(**parameters)
    with pytest.raises(ArgumentError) as caught:
        model.fit(WAVE)
    assert str(caught.value) == f"Forecaster.fit: {message}"
    assert not hasattr(model, "method_")


def test_parameters_that_do_not_go_together() -> None:
    with pytest.raises(ArgumentError) as caught:
        small(carry_state=True, loss_at="last").fit(WAVE)
    assert str(caught.value) == 'Forecaster.fit: carry_state=True goes with loss_at="every" alone.'


def test_depths_that_only_the_reference_has() -> None:
    with pytest.raises(UnsupportedError) as caught:
        small(bptt_depth=3).fit(WAVE)
    assert str(caught.value) == "Forecaster.fit: bptt_depth must be None or 1, got 3."


def test_names_of_other_libraries_get_a_hint() -> None:
    for name, hint in {
        "input_chunk_length": "input_chunk_length: see window and steps.",
        "season_length": "season_length: see season.",
        "lr": "lr: see learning_rate.",
        "windw": "did you mean 'window'?",
        "num_units": "num_units: see hidden_size.",
        "n_steps": "did you mean 'steps'?",
    }.items():
        with pytest.raises(ArgumentError) as made:
            Forecaster(12, **{name: 3})
        with pytest.raises(ArgumentError) as changed:
            small().set_params(window=3, **{name: 3})
        assert str(made.value) == str(changed.value) == f"Forecaster: there is no argument {name!r}.\n  Hint: {hint}"
    for name in ("colour", "n_seeds", "shuffle", "country"):  # alike in letters alone, if at all
        with pytest.raises(ArgumentError) as unknown:
            Forecaster(12, **{name: 3})
        assert str(unknown.value) == f"Forecaster: there is no argument {name!r}."
    with pytest.raises(ArgumentError, match=r"got 'tsb'\.\n  Hint: did you mean 'TSB'\?$"):
        small(method="tsb").fit(WAVE)


def test_predict_before_fit() -> None:
    for act in (lambda m: m.predict(), lambda m: m.save("nowhere"), lambda m: m.to_arrays()):
        with pytest.raises(NotFittedError, match="this Forecaster is not fitted yet; call fit first"):
            act(small())


# An estimator


def test_constructor_only_stores() -> None:
    odd = object()
    names = [name for name in inspect.signature(Forecaster).parameters if name != "horizon"]
    model = Forecaster(odd, **dict.fromkeys(names, odd))  # type: ignore[arg-type]
    assert all(value is odd for value in model.get_params().values())
    assert set(vars(model)) == {"horizon", *names}


def test_clone_and_parameters() -> None:
    model = small().fit(WAVE)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "method_")
    assert copy.set_params(horizon=2, window=6).fit(WAVE).predict().shape == (2,)
    assert np.array_equal(clone(model).fit(WAVE).predict(), model.predict())


def test_random_state_object_moves_on() -> None:
    state = np.random.RandomState(0)
    first = small(random_state=state).fit(WAVE).predict()
    assert not np.array_equal(small(random_state=state).fit(WAVE).predict(), first)
    assert np.array_equal(small(random_state=np.random.RandomState(0)).fit(WAVE).predict(), first)


def test_every_documented_choice_runs() -> None:
    for change in (
        {"cell": "gru"},
        {"cell": "rnn", "activation": "sigmoid", "bias": False, "linear_skip": False},
        {"num_layers": 2, "dropout": 0.2},
        {"loss": "mse"},
        {"loss": "huber"},
        {"loss": "half_squared_error", "optimizer": "sgd", "learning_rate": 1e-3, "schedule": "constant"},
        {"optimizer": "rmsprop", "clip_norm": None},
        {"bptt_depth": 1},
        {"init": "torch"},
        {"loss_at": "last", "linear_skip": False},
    ):
        assert np.isfinite(small(**change, ensemble_size=1, updates=2).fit(WAVE).predict()).all(), change


# Interruptions


def test_interrupted_training_leaves_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(trainers: list[Trainer], **_: Any) -> None:
        trainers[0].run(until=2)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "train_ensemble", interrupted)
    model = small()
    with pytest.raises(KeyboardInterrupt):
        model.fit(WAVE)
    assert len(model.networks_) == 1
    assert model.predict().shape == (3,)


def test_failed_training_leaves_the_forecaster_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(trainers: list[Trainer], **_: Any) -> None:
        trainers[0].run(until=2)
        raise TrainingError("update 3: the loss is nan")

    model = small().fit(WAVE)
    before = model.predict()
    monkeypatch.setattr(module, "train_ensemble", failing)
    with pytest.raises(TrainingError):
        model.fit(WAVE[:40])
    assert np.array_equal(model.predict(), before)
