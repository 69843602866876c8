"""Demand with many zeros: its distribution by hand, what is delivered, and the way out that a notice names."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import ArgumentError, DataError, ElmanWarning, Forecaster, load
from elman.forecasting import backtest, croston, croston_sba, tsb
from elman.forecasting.choosing import choose_method
from elman.forecasting.methods.counts import Demand, has_memory
from forecasting.small import WAVE, frame_of

DEMAND = np.random.default_rng(0).poisson(0.3, 96) * 5.0
CONSTANT = np.full(60, 3.0)


def test_a_distribution_by_hand() -> None:
    demand = Demand.of(np.array([6.0, 0, 2]))
    steps = (1 / 3 + np.array([0.81, 0.9, 1]) / 2.71) / 2
    probability, sizes = steps[0] + steps[2], (0.5 + np.array([0.9, 1]) / 1.9) / 2
    assert demand.outcomes.tolist() == [0, 2, 6]
    np.testing.assert_allclose(demand.weights, [steps[1], probability * sizes[1], probability * sizes[0]], rtol=1e-15)
    assert demand.mean == pytest.approx(probability * (6 * sizes[0] + 2 * sizes[1]))
    assert demand.quantiles([0.01, 0.33, 0.34, 0.67, 0.68, 0.999]).tolist() == [0, 0, 2, 2, 6, 6]


@pytest.mark.parametrize("values", [[0.0], [7.0], [0.0, 0.0], [-1.0, 0.0, 2.0], [1e308, 0.0, 1e308]])
def test_a_distribution_of_few_or_odd_values(values: list[float]) -> None:
    demand = Demand.of(np.array(values))
    assert min(values) <= demand.mean <= max(values) and demand.weights.sum() == pytest.approx(1)
    assert set(demand.quantiles([0.01, 0.5, 0.99]).tolist()) <= set(values) | {0.0}


def test_what_has_a_memory() -> None:
    assert not has_memory(DEMAND, 12) and has_memory(WAVE, 12) and not has_memory(CONSTANT, 12)
    assert has_memory(np.arange(20.0), 1) and not has_memory(np.array([0.0, 1]), 1)


def test_every_series_is_forecast_alone() -> None:
    model = Forecaster(3, season=12, method="counts").fit([DEMAND, WAVE, CONSTANT])
    prior = Forecaster(3, season=12, method="prior").fit([WAVE])
    found, by_prior = model.predict(level=[50, 90]), prior.predict(level=[50, 90])
    demand = Demand.of(DEMAND)
    assert found[0]["Elman"].tolist() == [demand.mean] * 3
    assert found[0]["Elman-lo-90"].tolist() == [demand.quantiles([0.05])[0]] * 3
    assert found[0]["Elman-hi-90"].tolist() == [demand.quantiles([0.95])[0]] * 3
    quantiles = model.predict(quantiles=[0.9, 0.5])
    assert quantiles[0]["Elman-q-0.9"].tolist() == [demand.quantiles([0.9])[0]] * 3
    assert quantiles[0]["Elman-q-0.5"].tolist() == [demand.quantiles([0.5])[0]] * 3 != found[0]["Elman"].tolist()
    assert np.array_equal(quantiles[1]["Elman-q-0.5"], found[1]["Elman"])
    assert model.predict(quantiles=0.5)[0]["Elman-q-0.5"].tolist() == quantiles[0]["Elman-q-0.5"].tolist()
    assert all(np.array_equal(found[1][name], by_prior[0][name]) for name in by_prior[0])
    assert all(values.tolist() == [3.0] * 3 for values in found[2].values())


@pytest.mark.parametrize("value", [1.0, 0.1, 3e7])
def test_a_constant_count_is_forecast_by_itself(value: float) -> None:
    for values in ([value], [value] * 7):
        model = Forecaster(2, season=1, method="counts").fit(values)
        found = model.predict(level=[80, 99], quantiles=[0.3])
        assert all(forecast.tolist() == [value] * 2 for forecast in found.values())
        assert np.unique(model.sample(50)).tolist() == [value]


RETURNS = np.where(np.arange(96) == 50, -2.0, DEMAND)
ONE_RETURN = "is for counts of demand, and y is -2 {}. Set negative values to 0 if they are returns, or "


@pytest.mark.parametrize("method", ["counts", "Croston", "Croston SBA", "TSB"])
def test_negative_values_are_no_counts(method: str) -> None:
    text = f'{{}}: {method} {ONE_RETURN}fit with method="prior", which takes any numbers.'
    with pytest.raises(DataError) as caught:
        Forecaster(3, season=12, method=method).fit([DEMAND, RETURNS])
    assert str(caught.value) == text.format("Forecaster.fit", "in series 1 at position 50")
    model = Forecaster(3, season=12, method=method).fit(DEMAND)
    with pytest.raises(DataError) as caught:
        model.predict(RETURNS)
    assert str(caught.value) == text.format("Forecaster.predict", "at position 50")
    before = model.predict()
    with pytest.raises(DataError) as caught:
        model.update([0.0, -2.0])
    assert str(caught.value) == text.format("Forecaster.update", "at position 97")
    assert np.array_equal(model.predict(), before)
    assert np.isfinite(Forecaster(3, season=12, method="prior").fit(RETURNS).predict()).all()  # the way out
    assert (Forecaster(3, season=12, method=method).fit(np.maximum(RETURNS, 0)).predict() >= 0).all()


def test_methods_of_counts_are_left_out_where_a_value_is_negative() -> None:
    panel = [DEMAND, DEMAND[::-1], RETURNS]
    notice = (
        "{}: many values are 0, and y is -2 {}; counts, Croston, Croston SBA and TSB are left out: they are for counts "
        "of demand. Set negative values to 0 if they are returns, or leave such series out."
    )
    with pytest.warns(ElmanWarning, match="many values are 0") as caught:
        model = Forecaster(3, season=12).fit(panel)
    assert [str(each.message) for each in caught] == [notice.format("Forecaster.fit", "in series 2 at position 50")]
    assert model.check_ is not None and model.check_.table.index.intersection(["counts", "TSB", "Croston"]).empty
    assert model.method_ != "counts"
    assert Forecaster(3, season=12).fit(panel[:2]).method_ == "counts"  # the way out


def test_a_backtest_leaves_them_out_too() -> None:
    late = DEMAND.copy()
    late[-1] = -1.0  # after the cut-off: no fit sees it
    prior = Forecaster(3, season=12, method="prior", cutoffs=0)
    with pytest.warns(ElmanWarning, match=r"^backtest: many values are 0, and y is -1 in series 1 at 95; ") as seen:
        result = backtest(prior, [DEMAND, late])
    assert len(seen) == 1 and "TSB" not in result.table.index and result.metric == "MASE"
    assert "TSB" in backtest(prior, [DEMAND, DEMAND[::-1]]).table.index
    with pytest.raises(
        DataError,
        match=r"^backtest: TSB is for counts .* y is -1 in series 0 at 95\. .* leave it out of baselines\.$",
    ):
        backtest(prior, late, baselines=["naive", "TSB"])


@pytest.mark.parametrize("function", [croston, croston_sba, tsb])
def test_the_functions_refuse_negative_values(function: Any) -> None:
    with pytest.raises(DataError) as caught:
        function([0, 3, -1.5], 2)
    assert str(caught.value) == (
        f"{function.__name__}: values are counts of demand, and values[2] is -1.5. Set negative values to 0 if they "
        "are returns, or take another baseline, such as simple_exponential_smoothing."
    )


def test_demand_is_forecast_by_counts_without_a_notice(tmp_path: Path) -> None:
    frame = frame_of(DEMAND, DEMAND[::-1], freq="MS")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = Forecaster(3).fit(frame)
        forecast = model.predict(level=99)
    assert model.method_ == "counts" and "no baseline is clearly better" in model.reason_
    model.save(tmp_path / "model.elman")
    assert load(tmp_path / "model.elman").predict(level=99).equals(forecast)
    later = Forecaster(3, season=12).fit(DEMAND[:90]).update(DEMAND[90:])
    assert later.predict().tolist() == [Demand.of(DEMAND).mean] * 3


def test_the_way_out_of_the_notice() -> None:
    frame = frame_of(DEMAND, np.resize(WAVE, 96), np.resize(WAVE, 96), freq="MS")
    model = Forecaster(3, cutoffs=0).fit(frame)
    with pytest.warns(ElmanWarning, match=r'"counts"') as caught:
        model.predict()
    assert model.method_ == "prior"
    name, value = caught[0].message.remedies[0].parameters[0]  # type: ignore[union-attr]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other = Forecaster(3, **{name: value}).fit(frame[frame["unique_id"] == "s0"]).predict()
    assert other["Elman"].tolist() == [Demand.of(DEMAND).mean] * 3


def test_a_level_that_the_prior_does_not_have() -> None:
    model = Forecaster(3, season=12, method="counts").fit([DEMAND, WAVE])
    with pytest.raises(ArgumentError) as caught:
        model.predict(level=98)
    assert str(caught.value) == (
        "Forecaster.predict: level 98 is beyond 95, the widest for series 1, whose values depend on those before. "
        "Ask for at most 95 %, or quantiles from 0.025 to 0.975, or leave such series out."
    )


def test_the_prior_replaces_counts_only_if_it_is_clearly_better() -> None:
    counts = np.random.default_rng(0).uniform(1, 2, (20, 1))
    for better, delivered in ((0.5, "prior"), (-0.5, "counts"), (0.0, "counts")):
        errors = {"counts": counts, "prior": counts - better * np.linspace(0.5, 1, 20)[:, None]}
        assert choose_method(errors, (), "RMSSE", start="counts").delivered == delivered


def test_sample_paths_have_the_distribution_itself() -> None:
    paths = Forecaster(4, season=1, method="counts", random_state=0).fit(DEMAND).sample(4000)
    demand = Demand.of(DEMAND)
    assert set(np.unique(paths)) <= set(demand.outcomes)
    assert paths.mean() == pytest.approx(demand.mean, rel=0.05)
    assert np.mean(paths == 0) == pytest.approx(demand.weights[demand.outcomes == 0].sum(), abs=0.02)


def test_scores_by_hand() -> None:
    demand = Demand(np.array([0.0, 2.0]), np.array([0.6, 0.4]))
    scores = demand.scores_of(np.array([-1.0, 0.0, 1.0, 2.0, 3.0, np.nan]))
    expected = [-8, -0.5244005127, 0.2533471031, 0.8416212336, 8, np.nan]  # of 0, 0.3, 0.6, 0.8, 1
    np.testing.assert_allclose(scores, expected, atol=1e-9)
    assert demand.at_scores(np.array([0.25, 0.26])).tolist() == [0, 2]
