"""Series with many zeros: the rule that finds them, their baselines, and the scores that suit them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from elman import Forecaster
from elman.forecasting import backtest, croston, croston_sba, tsb
from elman.forecasting.intermittent import is_intermittent
from elman.forecasting.metrics import scores
from elman.forecasting.panel import Panel
from forecasting.small import WAVE, frame_of

PARTS = [0.0, 0, 3, 0, 5, 0, 0, 0, 2, 4, 0, 1, 0, 0, 0, 0, 7, 0, 0.5, 0]
DEMAND = np.array(PARTS * 3)


@pytest.mark.parametrize(
    ("values", "by_croston", "by_sba", "by_tsb"),
    [  # statsforecast 2.1.1: CrostonClassic, CrostonSBA, TSB(0.1, 0.1)
        (PARTS, 1.0747009977407203, 1.020965947853684, 0.9510965499347251),
        ([2, 0, 0, 1], 1.5833333333333333, 1.5041666666666664, 1.5751000000000002),
        ([0, 0, 0, 9], 2.25, 2.1375, 0.9),
        ([0, 0, 0], 0, 0, 0),
    ],
)
def test_the_numbers_of_another_library(values: list[float], by_croston: float, by_sba: float, by_tsb: float) -> None:
    found = [function(values, 2) for function in (croston, croston_sba, tsb)]
    np.testing.assert_allclose(found, np.repeat([[by_croston], [by_sba], [by_tsb]], 2, axis=1), rtol=1e-14)


def _panel(*series: np.ndarray) -> Panel:
    return Panel(np.concatenate(series), np.cumsum([0, *map(len, series)]), "list")


def test_which_panels_are_intermittent() -> None:
    closed = np.tile([0.0, 0, 9, 8, 7, 9, 8], 10)
    irregular = np.random.default_rng(0).permutation(DEMAND)
    assert is_intermittent(_panel(irregular), 12) and is_intermittent(_panel(irregular, WAVE), 12)
    assert not is_intermittent(_panel(DEMAND - 1), 1) and not is_intermittent(_panel(DEMAND, WAVE, WAVE), 1)
    assert not is_intermittent(_panel(closed), 7) and is_intermittent(_panel(closed), 1)
    assert not is_intermittent(_panel(WAVE), 12)
    spike = np.append(np.zeros(37), [9.0, 9, 9])
    assert not is_intermittent(_panel(spike), 1) and is_intermittent(_panel(np.append(spike, 9.0)), 1)
    quarter = np.array([0.0, 1, 1, 1] * 10)
    assert is_intermittent(_panel(quarter), 1) and not is_intermittent(_panel(np.append(quarter, [1.0, 1])), 1)


def test_rmsse_and_bias_by_hand() -> None:
    history = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3, 4], "y": [0.0, 0.0, 2.0, 0.0]})
    forecasts = pd.DataFrame({"unique_id": "a", "ds": [5, 6], "y": [3.0, 0.0], "mean": [1.0, 1.0]})
    table = scores(forecasts, history, ["mean"], season=1, of_means=True).set_index("metric")["mean"]
    scale = np.sqrt((0 + 4 + 4) / 3)
    assert table["RMSSE"] == pytest.approx(np.sqrt((4 + 1) / 2) / scale)
    assert table["bias"] == pytest.approx((-2 + 1) / 2 / scale)
    assert table.index.tolist() == ["sMAPE", "MASE", "MAE", "RMSSE", "bias"]


def test_a_check_of_demand_compares_methods_for_demand_by_a_score_of_means() -> None:
    frame = frame_of(DEMAND, DEMAND[::-1], freq="MS")
    check = Forecaster(3, method="TSB", cutoffs=2).fit(frame).check_
    result = backtest(Forecaster(3, method="TSB"), frame, n_windows=2)
    assert check is not None
    for each in (check, result):
        assert each.metric == "RMSSE" and list(each.table.columns) == ["sMAPE", "MASE", "MAE", "RMSSE", "bias"]
        assert {"Croston", "Croston SBA", "TSB"} < set(each.table.index)
        assert each.table.loc["Elman"].tolist() == each.table.loc["TSB"].tolist()
    ordinary = Forecaster(3, method="naive", cutoffs=2).fit(frame_of(WAVE, DEMAND[:60] + 1, freq="MS")).check_
    assert ordinary is not None and ordinary.metric == "MASE" and "TSB" not in ordinary.table.index


def test_the_rule_and_the_table_measure_the_same() -> None:
    model = Forecaster(3, method="TSB", cutoffs=2).fit(frame_of(DEMAND, DEMAND[::-1], freq="MS"))
    comparison = model._fitted.comparison
    assert comparison is not None and model.check_ is not None and comparison.metric == "RMSSE"
    for name in comparison.baselines:
        assert np.mean(comparison.errors[name]) == pytest.approx(model.check_.table.loc[name, "RMSSE"])
