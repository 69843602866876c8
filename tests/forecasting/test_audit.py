"""The audit: green on the shipped forecaster in all configurations, its result, objects of other libraries."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from elman import ArgumentError, DataError
from elman.forecasting import audit
from elman.forecasting.audit_subject import Subject, later
from forecasting.audited import SERIES, WAVE, frame_of, outcome, small, with_covariates

NAMES = ("future", "newest", "alignment", "neighbours", "dates", "repeat", "threads", "update")


CONFIGURATIONS: dict[str, dict[str, Any]] = {  # the default is audited below, in every form of data
    "gru_scaled": {"cell": "gru", "transform": "scale"},
    "rnn_center_last": {"cell": "rnn", "center": "last"},
    "two_layers_dropout_ensemble": {"num_layers": 2, "dropout": 0.2, "ensemble_size": 2},
    "recursive_no_skip": {"strategy": "recursive", "linear_skip": False},
    "recursive_lags": {"strategy": "recursive", "window": 1, "loss_at": "last", "center": "none"},
    "loss_at_last": {"loss_at": "last"},
    "lags_of_a_tanh_network": {"window": 1, "loss_at": "last", "cell": "rnn", "loss": "mse", "center": "none"},
    "carried_state_untransformed": {"carry_state": True, "transform": "none", "center": "none"},
    "carried_state_recursive": {"carry_state": True, "strategy": "recursive"},
    "one_step_gradients": {"carry_state": True, "bptt_depth": 1, "cell": "rnn", "activation": "sigmoid", "bias": False},
    "window_and_season_found": {"window": "auto", "season": "auto"},
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_keeps_every_promise(name: str) -> None:
    frame = frame_of(*SERIES)
    result = audit(small(**CONFIGURATIONS[name]).fit(frame), frame)
    assert result.passed, str(result)
    assert tuple(outcome(result)) == NAMES
    assert [check for check, holds in outcome(result).items() if holds is None] in ([], ["alignment"]), str(result)


@pytest.mark.parametrize(
    "changes",
    [{}, {"cell": "gru"}, {"cell": "rnn"}, {"strategy": "recursive"}, {"loss_at": "last"}, {"center": "last"}],
    ids=repr,
)
def test_alignment_is_really_checked_where_the_pattern_can_be_learned(changes: dict[str, Any]) -> None:
    model = small(hidden_size=8, learning_rate=0.01, **changes)
    assert outcome(audit(model, WAVE))["alignment"] is True


@pytest.mark.parametrize("form", ["array", "integers", "list of numbers", "list", "pandas", "polars", "integer dates"])
def test_every_form_of_data(form: str) -> None:
    data: Any = {
        "array": lambda: WAVE,
        "integers": lambda: np.arange(1, 49),
        "list of numbers": WAVE.tolist,
        "list": lambda: SERIES,
        "pandas": lambda: frame_of(*SERIES),
        "polars": lambda: pl.DataFrame(frame_of(*SERIES).to_dict("list")),
        "integer dates": lambda: pd.DataFrame({"unique_id": 7, "ds": np.arange(48), "y": WAVE}),
    }[form]()
    result = audit(small().fit(data), data)
    dates = None if form in ("array", "integers", "list of numbers", "list") else True
    assert result.passed, str(result)
    assert outcome(result)["dates"] is dates
    assert [holds for name, holds in outcome(result).items() if name not in ("dates", "alignment")] == [True] * 6


@pytest.mark.parametrize(
    "changes",
    [
        {"past_covariates": ["stock"]},
        {"future_covariates": ["price"]},
        {"past_covariates": ["stock"], "future_covariates": ["price"], "cell": "gru"},
        {"future_covariates": ["price"], "strategy": "recursive"},
    ],
)
def test_covariates(changes: dict[str, Any]) -> None:
    frame = with_covariates(*SERIES)
    both = "past_covariates" in changes and "future_covariates" in changes
    data = pl.DataFrame(frame.to_dict("list")) if both else frame
    result = audit(small(**changes).fit(data), data)
    assert result.passed, str(result)
    assert [check.holds for check in result.checks if check.name != "alignment"] == [True] * 8


def test_with_covariates_known_ahead_the_newest_values_stand_for_the_future() -> None:
    model = small(future_covariates=["price"])
    with pytest.raises(
        DataError, match=r"^audit: with covariates known ahead 5 values are needed, the longest series has 4"
    ):
        audit(model, with_covariates(WAVE[:4]))


def test_several_values_per_time() -> None:
    values = np.stack([WAVE, WAVE[::-1] * 1000], axis=1)
    for data in (values, [values, values[:30] * 2]):
        result = audit(small(hidden_size=8, learning_rate=0.01), data)
        assert result.passed, str(result)
        assert [len(check.numbers) for check in result.checks if check.name != "dates"] == [3] * 7


def test_missing_values_and_zeros() -> None:
    values = np.where(np.arange(48) % 7 == 3, np.nan, WAVE)
    values[-1] = np.nan
    assert audit(small(missing="seasonal_median"), frame_of(values, np.zeros(40))).passed
    ended = np.where(np.arange(48) < 30, WAVE, np.nan)  # all values that a forecast uses are missing
    assert audit(small(missing="seasonal_median"), frame_of(ended, WAVE)).passed


def test_forecasts_on_the_bound_of_the_transform_are_moved_from_elsewhere() -> None:
    rng = np.random.default_rng(0)
    assert outcome(audit(small(season=12), [rng.poisson(0.3, 60) for _ in range(12)]))["newest"] is True


@pytest.mark.parametrize("distribution", ["poisson", "negative_binomial"])
def test_changed_counts_stay_counts(distribution: str) -> None:
    demand = [np.round(values) for values in SERIES]
    model = small(hidden_size=8, learning_rate=0.01, distribution=distribution)
    result = audit(model.fit(frame_of(*demand)), frame_of(*demand))
    assert result.passed, str(result)
    found = outcome(result)
    assert [check for check, holds in found.items() if holds is None] in ([], ["alignment"]), str(result)
    assert audit(model.fit(frame_of(np.ones(40))), frame_of(np.ones(40))).passed


def test_medians_of_counts_may_stay() -> None:
    demand = frame_of(*np.random.default_rng(0).poisson(0.3, (4, 36)).astype(float))
    model = small(distribution="poisson", linear_skip=False, center="none").fit(demand)  # moves by less than one
    result = audit(model, demand)
    assert result.passed and outcome(result)["newest"] is None, str(result)
    detail = next(check.detail for check in result.checks if check.name == "newest")
    assert detail.endswith(" does not move, nor need it: a median of counts is a whole number")


def test_many_series_of_which_some_are_forecast_alone() -> None:
    series = [WAVE * (1 + i) for i in range(20)]
    assert audit(small(), series).passed


def test_an_unfitted_forecaster_stays_unfitted_and_a_fitted_one_as_it_is() -> None:
    model = small()
    assert audit(model, WAVE).passed
    assert not hasattr(model, "networks_")
    thetas = [network.theta.copy() for network in model.fit(WAVE).networks_]
    forecast, parameters = model.predict(), model.get_params()
    assert audit(model, WAVE).passed
    assert np.array_equal(model.predict(), forecast)
    assert model.get_params() == parameters
    assert all(np.array_equal(network.theta, theta) for network, theta in zip(model.networks_, thetas, strict=True))


def test_the_data_stay_as_they_are() -> None:
    frame = frame_of(*SERIES)
    copy = frame.copy()
    audit(small(), frame)
    pd.testing.assert_frame_equal(frame, copy)


def test_without_a_seed_copies_get_one() -> None:
    assert audit(small(random_state=None), WAVE).passed
    assert audit(small(random_state=np.random.RandomState(3)), WAVE).passed


def test_short_series_are_checked_as_far_as_they_go() -> None:
    result = audit(small(window="auto", season=1, steps=2), WAVE[:7])  # one cut-off, not two
    assert outcome(result)["future"] is True
    assert outcome(audit(small(window=2, season=1), WAVE[:5]))["future"] is None  # no room for window and horizon


# Objects of other libraries


class Persistence:
    """Not a Forecaster: repeats the last value and adds `extra` of the data."""

    def __init__(self, horizon: int, wrong: bool = False) -> None:
        self.horizon = horizon
        self.wrong = wrong

    def fit(self, data: Any) -> None:
        self.largest = max(getattr(self, "largest", -np.inf), float(np.max(data))) if self.wrong else 0.0

    def predict(self, data: Any) -> Any:
        if isinstance(data, list):
            return [self.predict(series) for series in data]
        return np.full(self.horizon, data[-1]) + self.largest


def test_forecasters_of_others_are_asked_what_they_can_answer() -> None:
    result = audit(Persistence(2), WAVE)
    assert result.passed, str(result)
    assert outcome(result) == {
        "future": True, "newest": True, "alignment": None, "neighbours": True, "dates": None, "repeat": True,
        "threads": None, "update": None,
    }  # fmt: skip
    assert audit(Persistence(2, wrong=True), WAVE).broken == ("future",)


def test_what_cannot_be_audited() -> None:
    with pytest.raises(ArgumentError, match=r"^audit: a forecaster needs horizon, dict has none\.$"):
        audit({}, WAVE)
    with pytest.raises(DataError, match=r"^audit: y is missing \(NaN\) at position 1\."):
        audit(small(), [1.0, np.nan, 2.0, 3.0])


# The result


def test_result_is_a_frozen_table() -> None:
    result = elman.audit(small(2), WAVE)
    frame = result.to_frame()
    assert frame.columns.tolist() == ["check", "promise", "holds", "measure", "step", "number", "detail"]
    assert frame["check"].unique().tolist() == list(NAMES)
    assert frame.loc[frame["check"] == "newest", "step"].tolist() == [1, 2]
    assert (frame.loc[frame["check"] == "newest", "number"] > 0).all()
    assert frame.loc[frame["check"] == "future", "number"].tolist() == [0.0, 0.0]
    assert frame.loc[frame["check"] == "dates", "holds"].tolist() == [None]
    with pytest.raises(FrozenInstanceError):
        result.checks = ()


def test_later_moves_every_series_along_its_own_dates() -> None:
    subject = Subject(small(), frame_of(WAVE, WAVE[:30]))
    moved = later(subject.panel, 5)
    assert moved.times is not None and subject.panel.times is not None
    assert moved.times[0] == pd.Timestamp("2001-06-01") and moved.times[48] == pd.Timestamp("2002-12-01")
    assert moved.times[47] == pd.Timestamp("2005-05-01") and moved.times[-1] == pd.Timestamp("2005-05-01")
    assert np.array_equal(moved.values, subject.panel.values)
