"""What mattered: true drivers first, the same bits for a seed, and changes of one forecast by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from elman import ArgumentError, DataError, Forecaster
from elman.forecasting import contributions, importance
from elman.forecasting.drivers import drivers_of
from elman.forecasting.inputs import Inputs
from elman.forecasting.panel import Panel
from forecasting.small import WAVE, frame_of, small

COVARIATES = {"future_covariates": ["promotion", "nothing"], "past_covariates": ["sky=rain", "sky=sun"]}


def _panel() -> pd.DataFrame:
    """Two series: of the covariates only the promotion has an effect."""
    rng = np.random.default_rng(0)
    frame = frame_of(np.zeros(90), np.zeros(90), freq="D")
    frame["promotion"], frame["nothing"] = rng.integers(0, 2, 180), rng.normal(size=180)
    frame["sky"] = rng.choice(["rain", "sun"], 180)
    return frame.assign(y=10 + 5.0 * frame["promotion"] + 0.1 * rng.normal(size=180))


def _model(**changes: object) -> Forecaster:
    own = {"season": 1, "center": "none", "window": 2, "steps": 6, "updates": 150, "learning_rate": 0.02}
    return small(**own, ensemble_size=1, **COVARIATES, **changes)


def test_the_true_driver_comes_first_whatever_the_order_of_the_rows() -> None:
    frame = _panel()
    result = importance(_model(), frame, cutoffs=2, repeats=2)
    table = result.table
    assert table["input"].iloc[0] == "promotion" and table["kind"].iloc[0] == "known ahead"
    assert table["rise"].iloc[0] > 3 * table["rise"].iloc[1:].max() and table["ratio"].iloc[0] > 5
    assert set(table["input"]) == {"promotion", "nothing", "sky", "lag 1", "lag 2", "lags 3 to 4", "lags from 5"}
    np.testing.assert_allclose(table["rise"], table["error"] - result.error)
    turned = frame.sort_values("unique_id", ascending=False, kind="stable")
    other = importance(_model(), turned, cutoffs=2, repeats=2)
    pd.testing.assert_frame_equal(other.table, table, check_exact=True)
    assert not importance(_model(), frame, cutoffs=2, repeats=2, random_state=1).table.equals(table)
    assert repr(result).startswith(f"Importance(MASE {result.error:.3g}; shuffled: promotion +")
    assert "promotion" in result._repr_html_() and len(result.plot().axes) == 1


def test_what_a_driver_shuffles() -> None:
    columns = np.stack([np.arange(6.0), np.repeat([1.0, 2.0], 3), np.eye(2)[[0, 0, 1, 1, 1, 0]].T[0]], axis=1)
    ahead = np.stack([np.stack([[7.0, s + 1, 0], [8.0, s + 1, 0]]) for s in range(2)])
    panel = Panel(np.arange(6.0), np.array([0, 3, 6]), "list", covariates=columns, ahead=ahead)
    drivers = {driver.name: driver for driver in drivers_of(Inputs(ahead=("price",), static=("size",)), 1, 3)}
    rng = np.random.default_rng(3)
    price = drivers["price"].shuffled(panel, rng)
    assert price.covariates is not None and price.ahead is not None
    first = [*price.covariates[:3, 0], *price.ahead[0][:, 0]]
    assert sorted(first) == [0, 1, 2, 7, 8] != first
    assert np.array_equal(price.covariates[:, 1:], columns[:, 1:]) and np.array_equal(price.values, panel.values)
    sizes = {tuple(drivers["size"].shuffled(panel, rng).covariates[:, 1]) for _ in range(20)}  # type: ignore[index]
    assert sizes == {(1, 1, 1, 2, 2, 2), (2, 2, 2, 1, 1, 1)}
    lag = drivers["lag 1"].shuffled(panel, rng)
    assert (
        lag.values[[0, 1, 3, 4]].tolist() == [0, 1, 3, 4] and lag.values[2] in (0, 1, 2) and lag.values[5] in (3, 4, 5)
    )


def test_typical_values_by_hand() -> None:
    sky, price = np.eye(2)[[0, 1, 1, 0, 1]], np.array([1.0, 1, 9, 2, 8])[:, None]
    ahead = np.array([[[1.0, 0, 5]]])
    panel = Panel(np.arange(5.0), np.array([0, 5]), "list", covariates=np.hstack([sky, price]), ahead=ahead)
    inputs = Inputs(past=("sky=rain", "sky=sun"), ahead=("price",))
    drivers = {driver.name: driver.typical(panel, 5) for driver in drivers_of(inputs, 2, 5)}
    assert drivers["sky"].covariates[:, :2].tolist() == [[0, 1]] * 5  # type: ignore[index]
    assert drivers["price"].ahead.tolist() == [[[1, 0, 2]]]  # type: ignore[union-attr]
    assert np.array_equal(drivers["price"].covariates, panel.covariates)  # type: ignore[arg-type]
    assert drivers["lags 3 to 4"].values.tolist() == [0, 2, 2, 3, 4]  # of 1, 3 the median 2; of 0, 2, 4 as well


def test_why_a_step_is_high() -> None:
    frame = _panel()
    model = _model().fit(frame)
    future = frame.groupby("unique_id").tail(3).copy()
    future["ds"] += pd.Timedelta(days=3)
    future["promotion"] = [1, 0, 0, 0, 0, 1]
    result = contributions(model, future=future)
    table = result.table
    assert np.array_equal(table["Elman"], model.predict(future=future)["Elman"])
    usual = frame.groupby("unique_id")["promotion"].median().loc[table["unique_id"]].to_numpy()
    np.testing.assert_allclose(table["promotion"], 5 * (future["promotion"] - usual), atol=1)
    assert table["nothing"].abs().max() < 1
    assert repr(result) == "Contributions(6 steps: sky, promotion, nothing, lag 1, lag 2, lags 3 to 4, lags from 5)"
    assert "promotion" in result._repr_html_() and result.plot("s1").axes[0].get_title(loc="left") == "s1"
    with pytest.raises(ArgumentError, match=r"^Contributions.plot: there is no series 's2', only 's0', 's1'\.$"):
        result.plot("s2")


def test_the_data_of_the_fit_explain_a_forecast_as_what_is_kept_of_them() -> None:
    frame = _panel()
    frame["nothing"] += frame.groupby("unique_id").cumcount() / 10  # its median depends on how many values are read
    model = _model(calendar=["weekday"]).fit(frame)
    future = frame.groupby("unique_id").tail(3).assign(ds=lambda own: own["ds"] + pd.Timedelta(days=3))
    kept, given = (contributions(model, data, future=future).table for data in (None, frame))
    pd.testing.assert_frame_equal(given, kept, check_exact=True)


def test_lags_of_a_baseline() -> None:
    result = importance(Forecaster(4, season=4, method="seasonal naive"), [WAVE, WAVE + 3], cutoffs=2)
    assert result.table.set_index("input")["rise"].loc[["lags 5 to 8", "lags from 9"]].tolist() == [0, 0]
    assert (result.table["input"].iloc[:2].isin(["lag 1", "lags 2 to 4"])).all()


@pytest.mark.parametrize("name", ["cutoffs", "repeats"])
def test_counts_are_checked(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"^importance: {name} must be an integer of at least 1, got 0"):
        importance(small(), WAVE, **{name: 0})


def test_too_few_values() -> None:
    with pytest.raises(DataError) as caught:
        importance(small(), WAVE[:10], cutoffs=3)
    assert str(caught.value) == (
        "importance: 3 cut-offs of 3 values need a series of 11 values; the longest has "
        "10. Pass fewer cutoffs, or bring more data."
    )


def test_values_without_weight_at_the_end() -> None:
    frame = _panel().assign(w=lambda own: 1.0 * (own.groupby("unique_id").cumcount() < 80))
    with pytest.raises(DataError) as caught:
        importance(_model(weight="w"), frame, cutoffs=2)
    assert str(caught.value) == (
        "importance: none of the newest 6 values, on which forecasts are scored, is known and has a weight. "
        "Pass more cutoffs, or leave the rows at the end out."
    )
    assert np.isfinite(importance(_model(weight="w"), frame, cutoffs=5, repeats=1).error)
