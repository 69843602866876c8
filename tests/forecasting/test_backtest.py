"""Backtests: nothing after a cut-off is seen, errors by hand, verdicts word for word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from elman import ArgumentError, DataError, ElmanWarning, Forecaster
from elman.forecasting import backtest, cross_validation, usual_baselines
from elman.forecasting.channels import named
from elman.forecasting.frames import read_panel
from elman.forecasting.judgement import judge
from elman.forecasting.metrics import mean_scores, scores

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
    return Forecaster(3, **(SMALL | {"random_state": 1} | changes))


def test_scores_by_hand() -> None:
    history = pd.DataFrame(
        {"unique_id": ["a"] * 4 + ["b"] * 4, "ds": [1, 2, 3, 4] * 2, "y": [1.0, 2, 4, 7, 5, 5, 5, 5]}
    )
    forecasts = pd.DataFrame(
        {"unique_id": ["a", "a", "b"], "ds": [5, 6, 5], "y": [10.0, 0.0, 5.0], "m": [30.0, 0.0, 4.0]}
    )
    table = scores(forecasts, history, ["m"], season=2)
    rows = {(row.unique_id, row.metric): row.m for row in table.itertuples()}
    assert rows["a", "sMAPE"] == pytest.approx(50.0)  # 200 * 20 / 40, and 0 where both are 0
    assert rows["a", "MAE"] == 10.0
    assert rows["a", "MASE"] == 2.5  # over (|4 - 1| + |7 - 2|) / 2 = 4
    assert np.isnan(rows["b", "MASE"])  # a periodic history has no scale
    assert mean_scores(table, ["m"]).loc["m"].round(4).tolist() == [36.1111, 2.5, 5.5]


def test_cut_offs_on_1_to_20() -> None:
    frame = cross_validation(small(), np.arange(1.0, 21.0), n_windows=3, step_size=2)
    assert frame["cutoff"].tolist() == [12] * 3 + [14] * 3 + [16] * 3  # positions of the newest known value
    assert frame["ds"].tolist() == [13, 14, 15, 15, 16, 17, 17, 18, 19]
    assert frame["y"].tolist() == [14, 15, 16, 16, 17, 18, 18, 19, 20]
    assert frame["naive"].tolist() == [13] * 3 + [15] * 3 + [17] * 3
    assert frame["seasonal naive"].tolist() == [10, 11, 12, 12, 13, 14, 14, 15, 16]
    np.testing.assert_allclose(frame["linear autoregression"], frame["y"])
    assert frame["seasonal naive with drift"].tolist() == [14, 15, 16, 16, 17, 18, 18, 19, 20]


def frame_models(frame: pd.DataFrame) -> list[str]:
    models = [name for name in frame.columns if name not in ("unique_id", "ds", "cutoff", "y")]
    assert len(models) == 1 + len(usual_baselines(6))
    return models


@pytest.mark.parametrize("refit", [False, True])
def test_nothing_after_a_cut_off_is_seen(refit: bool) -> None:
    """Changing values after the earliest cut-off, even to negative ones, changes no bit of its forecasts."""
    before = cross_validation(small(), WAVE, n_windows=2, refit=refit)
    for length, change in ((3, -500.0), (6, 1e6)):
        altered = WAVE.copy()
        altered[-length:] += change
        after = cross_validation(small(), altered, n_windows=2, refit=refit)
        known = before["cutoff"] < 60 - length
        assert known.any()
        for column in frame_models(before):
            assert np.array_equal(before[column][known], after[column][known])


def test_first_cut_off_is_a_plain_fit_and_predict() -> None:
    frame = cross_validation(small(), WAVE, n_windows=2)
    model = small().fit(WAVE[:54])
    assert np.array_equal(frame["Elman"][:3], model.predict())
    assert np.array_equal(frame["Elman"][3:], model.predict(WAVE[:57]))
    refitted = cross_validation(small(), WAVE, n_windows=2, refit=True)
    assert np.array_equal(refitted["Elman"][3:], small().fit(WAVE[:57]).predict())


def test_intervals_of_a_cut_off_are_those_of_a_plain_fit_before_it() -> None:
    frame = cross_validation(small(), WAVE, n_windows=2, level=[80, 95])
    assert [name for name in frame.columns if name.startswith("Elman-")] == [
        "Elman-lo-80",
        "Elman-hi-80",
        "Elman-lo-95",
        "Elman-hi-95",
    ]
    model = small(intervals="auto").fit(WAVE[:54])
    for data, rows in ((WAVE[:54], slice(0, 3)), (WAVE[:57], slice(3, 6))):
        for name, values in model.predict(data, level=[80, 95]).items():
            assert np.array_equal(frame[name][rows], values)
    refitted = cross_validation(small(intervals=8), WAVE, n_windows=2, refit=True, level=80)
    model = small(intervals=8).fit(WAVE[:57])
    assert np.array_equal(refitted["Elman-hi-80"][3:], model.predict(level=80)["Elman-hi-80"])


@pytest.mark.parametrize("refit", [False, True])
def test_intervals_see_nothing_after_their_cut_off(refit: bool) -> None:
    """Negative values after a cut-off would change the transform; intervals before them keep their bits."""
    before = cross_validation(small(), WAVE, n_windows=2, refit=refit, level=80)
    altered = WAVE.copy()
    altered[-3:] -= 500
    after = cross_validation(small(), altered, n_windows=2, refit=refit, level=80)
    for column in ("Elman-lo-80", "Elman-hi-80"):
        assert np.array_equal(before[column][:3], after[column][:3])


def test_coverage_counts_the_values_inside() -> None:
    result = backtest(small(), WAVE, n_windows=4, level=[50, 90])
    frame = result.forecasts
    assert list(result.coverage) == [50.0, 90.0]
    for level, share in result.coverage.items():
        inside = (frame[f"Elman-lo-{level:g}"] <= frame["y"]) & (frame["y"] <= frame[f"Elman-hi-{level:g}"])
        assert share == inside.sum() / 12
    assert backtest(small(), WAVE).coverage == {}
    assert not any(name.startswith("Elman-") for name in result.by_series.columns)


def test_levels_that_a_cut_off_has_too_few_errors_for() -> None:
    with pytest.raises(ArgumentError, match=r"^cross_validation: level 99 needs 100 residuals for each step"):
        cross_validation(small(), WAVE, level=99)
    with pytest.raises(ArgumentError, match=r"^cross_validation: level must be a number in \(0, 100\), got 100"):
        cross_validation(small(), WAVE, level=100)


def test_forecaster_itself_is_not_touched() -> None:
    model = small()
    backtest(model, WAVE)
    assert not hasattr(model, "method_")


def test_series_too_short_for_a_cut_off_are_left_out() -> None:
    with pytest.warns(
        ElmanWarning, match=r"^cross_validation: 1 of 2 series are left out, having fewer than 5 values\.$"
    ):
        frame = cross_validation(small(), [WAVE, WAVE[:4]])
    assert frame["unique_id"].unique().tolist() == [0]
    with pytest.raises(DataError) as caught:
        cross_validation(small(), WAVE[:10], n_windows=4)
    assert str(caught.value) == (
        "cross_validation: the longest series has 10 values, at least 14 are needed: "
        "12 to leave out and 2 to learn from."
    )


def test_dates_of_a_frame() -> None:
    ds = pd.date_range("2024-01-31", periods=60, freq="ME")
    frame = cross_validation(small(), pd.DataFrame({"unique_id": "a", "ds": ds, "y": WAVE}))
    assert frame["ds"].tolist() == ds[-3:].tolist()
    assert frame["cutoff"].tolist() == [ds[-4]] * 3


def test_polars_stays_polars() -> None:
    frame = cross_validation(small(), pl.DataFrame({"unique_id": ["a"] * 60, "ds": np.arange(60), "y": WAVE}))
    assert isinstance(frame, pl.DataFrame)
    assert frame["cutoff"].to_list() == [56] * 3


def test_missing_values_are_not_scored() -> None:
    holes = WAVE.copy()
    holes[[20, 58]] = np.nan
    result = backtest(small(missing="interpolate"), holes)
    assert np.isnan(result.forecasts["y"].iloc[1])
    assert np.isfinite(result.table.to_numpy()).all()


def test_nothing_known_to_score() -> None:
    values = np.where(np.arange(60) >= 57, np.nan, WAVE)
    with pytest.raises(DataError) as caught:
        backtest(small(missing="interpolate"), values)
    assert str(caught.value) == (
        "backtest: every value after the cut-offs is missing (NaN) or has the weight 0; there is nothing to score."
    )


def test_arguments() -> None:
    with pytest.raises(ArgumentError, match="cross_validation: n_windows must be an integer of at least 1, got 0"):
        cross_validation(small(), WAVE, n_windows=0)
    with pytest.raises(ArgumentError, match="cross_validation: step_size must be an integer of at least 1, got 0"):
        cross_validation(small(), WAVE, step_size=0)
    with pytest.raises(ArgumentError, match=r"cross_validation: baselines must be one of 'naive', .*, got 'ets'"):
        cross_validation(small(), WAVE, baselines=["ets"])


def verdict(
    ours: list[float], naive: list[float], seasonal: list[float], history: np.ndarray = WAVE
) -> tuple[bool, str]:
    """Judge forecasts of the value 0 at one position each, so that a forecast is its own error."""
    cutoffs = [40 + i for i in range(len(ours))]
    forecasts = pd.DataFrame(
        {
            "unique_id": 0,
            "ds": [cutoff + 1 for cutoff in cutoffs],
            "cutoff": cutoffs,
            "y": 0.0,
            "Elman": ours,
            "naive": naive,
            "seasonal naive": seasonal,
        }
    )
    result = judge("t", forecasts, named(read_panel("t", history)), 4)
    return result.beats, result.verdict


def test_verdicts() -> None:
    ramp = np.arange(60.0)  # the scale of MASE is 4 everywhere
    assert verdict([3.0], [8.0], [4.0], ramp) == (
        True,
        "Elman beats seasonal naive, the best baseline, by 25 % in MASE. One cut-off is little evidence.",
    )
    assert verdict([4.0], [8.0], [3.0], ramp) == (
        False,
        "Elman is not better than seasonal naive (MASE 1 against 0.75). One cut-off is little evidence.",
    )
    assert verdict([1.0, 1.0, 4.0], [9.0, 9.0, 9.0], [2.0, 2.0, 5.0], ramp) == (
        True,
        "Elman beats seasonal naive, the best baseline, by 33 % in MASE, better at 3 of 3 cut-offs.",
    )
    unclear = (
        "Elman's mean error is lower than that of seasonal naive (MASE 0.917 against 1.33), "
        "but it is better at only 1 of 3 cut-offs: not a clear win."
    )
    assert verdict([5.0, 5.0, 1.0], [9.0, 9.0, 9.0], [4.0, 4.0, 8.0], ramp) == (False, unclear)
    assert verdict([5.0, 5.0, 9.0], [9.0, 9.0, 9.0], [6.0, 4.0, 8.0], ramp) == (
        False,
        "Elman is not better than seasonal naive (MASE 1.58 against 1.5, better at 1 of 3 cut-offs).",
    )
    assert verdict([2.0], [4.0], [4.0], np.ones(60)) == (
        True,
        "Elman beats naive, the best baseline, by 50 % in MAE. One cut-off is little evidence.",
    )
    equal = "Elman and naive, the best baseline, are equal (MASE 1). One cut-off is little evidence."
    assert verdict([4.0], [4.0], [4.0], ramp) == (False, equal)
    almost = [4.0 - 1e-9] * 3
    assert verdict(almost, [4.0] * 3, [5.0] * 3, ramp) == (
        False,
        "Elman and naive, the best baseline, are equal (MASE 1, better at 3 of 3 cut-offs).",
    )


def test_series_that_end_at_different_times_share_their_cut_offs() -> None:
    result = backtest(small(updates=1), [WAVE, WAVE[:50], WAVE[:41]], n_windows=2)
    assert result.cut_offs == 2 and "of 2 cut-offs" in result.verdict
    assert result.forecasts["cutoff"].nunique() == 6
    assert "One cut-off" in backtest(small(updates=1), [WAVE, WAVE[:50], WAVE[:41]]).verdict


def test_verdict_of_each_series() -> None:
    """Three series: one won, one lost, and one scored by MAE because MASE has no scale."""
    cutoffs = [40, 41, 42]
    errors = {"a": ([2.0, 2.0, 2.0], [4.0, 4.0, 4.0]), "b": ([4.0] * 3, [2.0] * 3), "c": ([1.0, 1.0, 9.0], [5.0] * 3)}
    forecasts = pd.concat(
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": [cutoff + 1 for cutoff in cutoffs],
                "cutoff": cutoffs,
                "y": 0.0,
                "Elman": ours,
                "naive": theirs,
                "seasonal naive": 10.0,
            }
        )
        for name, (ours, theirs) in errors.items()
    )
    history = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": np.arange(60), "y": values})
        for name, values in {"a": np.arange(60.0), "b": np.arange(60.0), "c": np.ones(60)}.items()
    )
    result = judge("t", forecasts, named(read_panel("t", history)), 4)
    assert result.verdicts["unique_id"].tolist() == ["a", "b", "c"]
    assert result.verdicts["beats"].tolist() == [True, False, True]
    assert result.verdicts["won"].tolist() == [3, 0, 2]
    assert result.verdicts["verdict"].tolist() == [
        "a: Elman beats naive, the best baseline, by 50 % in MASE, better at 3 of 3 cut-offs.",
        "b: Elman is not better than naive (MASE 1 against 0.5, better at 0 of 3 cut-offs).",
        "c: Elman beats naive, the best baseline, by 27 % in MAE, better at 2 of 3 cut-offs.",
    ]
    assert result.verdict == (  # c has no MASE and does not count
        "Elman and naive, the best baseline, are equal (MASE 0.75, better at 0 of 3 cut-offs)."
    )


def test_one_series_has_the_overall_verdict() -> None:
    result = backtest(small(), WAVE, n_windows=3)
    assert result.verdicts["verdict"].tolist() == [result.verdict]
    assert result.verdicts[["best", "metric", "cutoffs"]].values.tolist() == [[result.best, result.metric, 3]]
