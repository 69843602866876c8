"""sktime's own checks of the adapters, and what they do not check: that the numbers are those of Elman."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sktime.utils.estimator_checks import check_estimator, parametrize_with_checks

from elman import ArgumentError, DataError, Forecaster, SequenceClassifier
from elman.interop.sktime import ElmanClassifier, ElmanForecaster

pytestmark = pytest.mark.filterwarnings("ignore")  # sktime's suite and base classes warn of their own plans

INDEX = pd.period_range("2020-01", periods=48, freq="M")
SERIES = pd.Series(np.tile([10.0, 20.0, 30.0, 20.0], 12) + np.arange(48), INDEX, name="sales")
QUICK: dict[str, Any] = {
    "method": "network",
    "window": 4,
    "steps": 8,
    "hidden_size": 4,
    "updates": 5,
    "random_state": 0,
}


@parametrize_with_checks([ElmanForecaster, ElmanClassifier])
def test_check(obj: type, test_name: str, record_property: Callable[[str, object], None]) -> None:
    results = check_estimator(obj, tests_to_run=test_name, raise_exceptions=True, verbose=False)
    assert set(results.values()) == {"PASSED"}
    record_property("checks", len(results))


def ours(horizon: int, y: pd.Series = SERIES, **parameters: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"unique_id": "y", "ds": y.index.to_timestamp(), "y": y.to_numpy()})
    return Forecaster(horizon, season=4, method="prior").fit(frame).predict(**parameters)


def test_points_intervals_and_quantiles_are_those_of_the_forecaster() -> None:
    model = ElmanForecaster(season=4, method="prior").fit(SERIES, fh=[1, 3])
    expected = ours(3, level=[80, 90])
    point = model.predict()
    assert point.name == "sales" and point.index.tolist() == [pd.Period("2024-01", "M"), pd.Period("2024-03", "M")]
    np.testing.assert_array_equal(point, expected["Elman"].iloc[[0, 2]])
    interval = model.predict_interval(coverage=0.9)
    np.testing.assert_array_equal(interval[("sales", 0.9, "lower")], expected["Elman-lo-90"].iloc[[0, 2]])
    quantiles = model.predict_quantiles(alpha=[0.1, 0.5, 0.95])["sales"]
    names = {0.1: "Elman-lo-80", 0.5: "Elman", 0.95: "Elman-hi-90"}
    for alpha, name in names.items():
        np.testing.assert_array_equal(quantiles[alpha], expected[name].iloc[[0, 2]])


def test_quantiles_beyond_the_widest_interval_are_refused() -> None:
    model = ElmanForecaster(season=4, method="prior").fit(SERIES, fh=[1])
    with pytest.raises(ArgumentError, match=r"^Forecaster\.predict: the quantile 0\.01 .*level 98 is beyond 95"):
        model.predict_quantiles(alpha=[0.01])


def test_quantiles_next_to_the_median_are_in_order() -> None:
    model = ElmanForecaster(season=4, method="prior").fit(SERIES, fh=[1, 3])
    shares = [0.4999, 0.4975, 0.5, 0.5025, 0.45]
    quantiles = model.predict_quantiles(alpha=shares)["sales"]
    assert quantiles.columns.tolist() == shares
    assert (np.diff(quantiles[sorted(shares)].to_numpy(), axis=1) >= 0).all()
    expected = ours(3, quantiles=shares).iloc[[0, 2]]
    for share in shares:
        np.testing.assert_array_equal(quantiles[share], expected[f"Elman-q-{share:g}"])


def test_the_median_of_counts_is_no_mean() -> None:
    demand = pd.Series(np.random.default_rng(0).poisson(0.4, 48).astype(float), INDEX)
    model = ElmanForecaster(method="counts", season=1).fit(demand, fh=[1, 2])
    assert model.predict_quantiles(alpha=[0.5]).to_numpy().max() == 0 < model.predict().min()


def test_update_takes_in_new_values_and_revised_ones() -> None:
    later = SERIES.iloc[40:].copy()
    later.iloc[0] += 5.0
    revised = SERIES.copy()
    revised.iloc[40] += 5.0
    for update_params in (True, False):
        model = ElmanForecaster(season=4, method="prior").fit(SERIES.iloc[:44], fh=[1, 2])
        model.update(later, update_params=update_params)
        np.testing.assert_array_equal(model.predict(), ours(2, revised)["Elman"])


def test_exogenous_data_reach_the_network() -> None:
    X = pd.DataFrame({"price": np.arange(50.0) % 5, "ds": 1.0}, pd.period_range("2020-01", periods=50, freq="M"))
    model = ElmanForecaster(season=4, **QUICK).fit(SERIES, X=X.iloc[:48], fh=[1, 2])
    assert model.forecaster_.future_covariates == ["x0", "x1"]
    before, after = model.predict(X=X.iloc[48:]), model.predict(X=X.iloc[48:] + 3.0)
    assert (before != after).all()
    with pytest.raises(DataError, match=r"^ElmanForecaster\.predict: X is needed for the steps ahead"):
        model.predict()
    assert ElmanForecaster(method="prior").get_tag("capability:exogenous") is False
    assert ElmanForecaster(**QUICK).get_tag("capability:pred_int") is False
    default = ElmanForecaster(season=4, cutoffs=3).fit(SERIES, X=X.iloc[:48], fh=[1, 2])  # "auto" compares the network
    assert default.predict(X=X.iloc[48:]).notna().all() and default.forecaster_.method_ != ""


def test_parameters_are_those_of_the_estimator() -> None:
    with pytest.raises(ArgumentError, match=r"^ElmanForecaster: horizon cannot be passed; it follows from the largest"):
        ElmanForecaster(horizon=3)
    with pytest.raises(ArgumentError, match=r"Hint: lr: see learning_rate"):
        ElmanForecaster(lr=3)


def test_sequences_of_unequal_length_are_classified_as_by_the_classifier() -> None:
    values = [np.arange(5 + i) % (2 + i % 2) + 0.1 * i for i in range(8)]
    X = [pd.DataFrame({"a": own}) for own in values]
    y = np.array(["odd", "even"] * 4)
    quick: dict[str, Any] = {"updates": 20, "hidden_size": 8, "random_state": 0}
    model, own = ElmanClassifier(**quick).fit(X, y), SequenceClassifier(**quick).fit(values, y)
    np.testing.assert_array_equal(model.predict_proba(X), own.predict_proba(values))
