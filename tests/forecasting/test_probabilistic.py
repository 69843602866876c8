"""Scores of intervals and quantiles in backtests: by hand, against utilsforecast, in parts, in a notebook."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from utilsforecast.losses import quantile_loss, scaled_crps

from elman import Forecaster
from elman.forecasting import backtest
from elman.forecasting.judgement import Backtest, judge
from elman.forecasting.panel import Panel

RNG = np.random.default_rng(13)
SHARES = [0.1, 0.5, 0.9]


def frame_of(count: int) -> pd.DataFrame:
    waves = [50 + 10 * np.sin(np.arange(60) * np.pi / 6) + RNG.normal(0, 2, 60) for _ in range(count)]
    return pd.concat([pd.DataFrame({"unique_id": f"s{i}", "ds": range(60), "y": y}) for i, y in enumerate(waves)])


@pytest.fixture(scope="module")
def result() -> Backtest:
    model = Forecaster(4, season=12, method="prior")
    return backtest(model, frame_of(3), n_windows=2, level=80, quantiles=SHARES, baselines=["naive"])


def test_by_hand() -> None:
    forecasts = pd.DataFrame(
        {
            "unique_id": ["a"] * 4,
            "ds": [3, 4, 4, 5],
            "cutoff": [2, 2, 3, 3],
            "y": [10.0, 20.0, 20.0, np.nan],
            "Elman": [11.0, 20.0, 22.0, 1.0],
            "Elman-lo-80": [9.0, 21.0, 19.0, 0.0],
            "Elman-hi-80": [12.0, 22.0, 24.0, 2.0],
            "Elman-q-0.25": [8.0, 21.0, 20.0, 0.0],
            "Elman-q-0.5": [11.0, 20.0, 22.0, 1.0],
            "naive": [9.0, 10.0, 10.0, 3.0],
        }
    )
    values, times = np.array([9.0, 9.0, 10.0, 20.0, 20.0, 20.0]), pd.Index(range(6))
    found = judge("t", forecasts, Panel(values, np.array([0, 6]), "pandas", pd.Index(["a"]), times, 1), 1)
    # pinball at 0.25: 0.25 · 2, 0.75 · 1, 0; at 0.5: 0.5, 0, 1
    assert found.pinball == {0.25: pytest.approx(1.25 / 3), 0.5: 0.5}
    assert found.table.loc["Elman", "WQL"] == pytest.approx((1.25 + 1.5) / 50)
    assert found.table.loc["naive", "WQL"] == pytest.approx((1 + 10 + 10) / 50)
    assert found.by_step.values.tolist() == [[80.0, 1.0, 1.0, 4.0], [80.0, 2.0, 0.0, 1.0]]
    assert found.coverage == {80.0: pytest.approx(2 / 3)}
    assert found.best == "naive" and list(found.table.index) == ["Elman", "naive"]


def test_scores_are_those_of_utilsforecast(result: Backtest) -> None:
    one = result.forecasts.assign(unique_id="all").drop(columns="cutoff")
    for share in SHARES:
        column = {"Elman": f"Elman-q-{share:g}"}
        theirs = quantile_loss(one, models=column, q=share)["Elman"].item()
        assert result.pinball[share] == pytest.approx(theirs, rel=1e-12)
    columns = {"Elman": [f"Elman-q-{share:g}" for share in SHARES]}
    theirs = scaled_crps(one, models=columns, quantiles=np.array(SHARES))["Elman"].item()
    assert result.table.loc["Elman", "WQL"] == pytest.approx(theirs, rel=1e-6)


def test_steps_average_to_the_coverage(result: Backtest) -> None:
    assert result.by_step["step"].tolist() == [1, 2, 3, 4]
    assert result.by_step["coverage"].mean() == pytest.approx(result.coverage[80.0])
    inside = result.forecasts["y"].between(result.forecasts["Elman-lo-80"], result.forecasts["Elman-hi-80"])
    width = result.forecasts["Elman-hi-80"] - result.forecasts["Elman-lo-80"]
    steps = np.tile([1, 2, 3, 4], 6)
    assert result.by_step["coverage"].tolist() == pytest.approx(inside.groupby(steps).mean().tolist())
    assert result.by_step["width"].tolist() == pytest.approx(width.groupby(steps).mean().tolist())


def test_without_quantiles_the_table_is_the_usual_one_and_a_notebook_shows_the_rest(result: Backtest) -> None:
    plain = backtest(Forecaster(4, season=12, method="prior"), frame_of(1), baselines=["naive"])
    assert list(plain.table.columns) == ["sMAPE", "MASE", "MAE"] and len(plain.by_step) == 0 and plain.pinball == {}
    assert "WQL" in result._repr_html_() and "WQL" not in plain._repr_html_()


def test_in_parts_the_scores_have_the_bits_of_memory(tmp_path: Path) -> None:
    data = frame_of(4)
    for name, part in data.groupby("unique_id"):
        part.to_parquet(tmp_path / f"{name}.parquet", index=False)
    model = Forecaster(4, season=12, method="prior")
    options = {"level": [80], "quantiles": SHARES}
    here, there = backtest(model, data, **options), backtest(model, str(tmp_path), workers=1, **options)
    pd.testing.assert_frame_equal(here.table, there.table, check_exact=True)
    pd.testing.assert_frame_equal(here.by_step, there.by_step, check_exact=True)
    assert here.pinball == there.pinball and here.coverage == there.coverage
    back = backtest(model, data[::-1].sort_values("ds", kind="stable"), **options)
    assert back.pinball == here.pinball
