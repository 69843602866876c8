"""The rule of choosing on hand-made errors, and its cut-offs and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman.forecasting.channels import named
from elman.forecasting.choosing import better_by, choose_method
from elman.forecasting.frames import read_panel
from elman.forecasting.judgement import window_frame
from elman.forecasting.metrics import scores
from elman.forecasting.past import Past, most_cut_offs
from forecasting.small import frame_of

NAN = float("nan")
MEAN = "mean of prior and tuned prior"


def lower(base: np.ndarray, by: float, spread: float = 1.0) -> np.ndarray:
    """Lower errors (S, C) so that the mean of the differences by series is ``by`` standard errors."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=len(base))
    noise = spread * (noise - noise.mean()) / noise.std(ddof=1)
    return base - (by * spread / np.sqrt(len(base)) + noise)[:, None]


BASE = 10 + np.random.default_rng(0).normal(size=(25, 2))


def test_standard_errors_of_paired_differences() -> None:
    assert better_by(np.array([3.0, 2.0, 4.0]), np.array([2.0, 2.0, 2.0])) == pytest.approx(
        1.2112, abs=1e-4
    )  # √3 of three pairs
    assert better_by(np.array([3.0, NAN, 3.0]), np.array([2.0, 1.0, NAN])) == 0.0  # one pair has no standard error
    assert better_by(np.array([3.0, 4.0]), np.array([2.0, 3.0])) == np.inf
    assert better_by(np.array([3.0, 4.0]), np.array([3.0, 4.0])) == 0.0
    assert better_by(BASE, lower(BASE, 1.5)) == pytest.approx(1.5 * np.sqrt(2), rel=0.05)  # each difference twice


@pytest.mark.parametrize(
    ("tuned", "mean", "own"),
    [
        (2.2, 0.0, "tuned prior"),
        (2.2, 9.0, "tuned prior"),  # clearly better is enough
        (1.9, 1.1, MEAN),
        (-3.0, 1.1, MEAN),
        (1.9, 0.9, "prior"),
        (-9.0, -9.0, "prior"),
    ],
)
def test_tuning_by_two_standard_errors_else_half_of_it_by_one(tuned: float, mean: float, own: str) -> None:
    errors = {"prior": BASE, "tuned prior": lower(BASE, tuned), MEAN: lower(BASE, mean)}
    assert choose_method(errors, [], "MASE").delivered == own


@pytest.mark.parametrize(
    ("series", "mean", "own"), [(100, 0.0, MEAN), (100, -1.9, MEAN), (100, -2.2, "prior"), (99, 0.9, "prior")]
)
def test_of_many_series_the_mean_stands_first(series: int, mean: float, own: str) -> None:
    base = 10 + np.random.default_rng(0).normal(size=(series, 1))
    errors = {"prior": base, "tuned prior": lower(base, -5.0), MEAN: lower(base, mean)}
    decision = choose_method(errors, [], "MASE")
    assert decision.delivered == own
    assert ("of 100 series or more it is preferred" in decision.reason) == (own == MEAN)


@pytest.mark.parametrize(
    ("series", "before", "longer", "own"),
    [
        (99, "prior", 1.1, "longer tuned prior"),
        (99, "prior", 0.9, "prior"),
        (99, "tuned prior", 1.1, "longer tuned prior"),
        (99, "tuned prior", 0.9, "tuned prior"),  # by much better than the prior, and not than the tuned one
        (100, MEAN, 0.1, "longer tuned prior"),
        (100, MEAN, -0.1, MEAN),
    ],
)
def test_tuning_longer_is_compared_with_the_choice_before(series: int, before: str, longer: float, own: str) -> None:
    base = 10 + np.random.default_rng(0).normal(size=(series, 1))
    errors = {"prior": base, "tuned prior": lower(base, 9.0 if before == "tuned prior" else -9.0), MEAN: base}
    errors["longer tuned prior"] = lower(errors[before], longer)
    decision = choose_method(errors, [], "MASE")
    assert decision.delivered == own
    assert decision.reason.endswith(f" of {before} on the held-out horizon, lower") == (own == "longer tuned prior")


@pytest.mark.parametrize(
    ("network", "half", "quarter", "own"),
    [
        (1.9, 0.9, 0.9, "tuned prior"),
        (2.2, 0.9, 0.9, "network"),
        (1.9, 1.1, 0.9, "mean of network and tuned prior"),
        (2.2, 2.3, 2.2, "mean of network and tuned prior"),  # all are better, this one by most
        (2.3, 2.2, 2.2, "network"),
        (-9.0, 0.9, 1.1, "weighted mean of network and tuned prior"),
        (-9.0, 1.1, 1.2, "weighted mean of network and tuned prior"),
        (-9.0, 1.2, 1.1, "mean of network and tuned prior"),
    ],
)
def test_the_window_network_alone_or_in_a_mean(network: float, half: float, quarter: float, own: str) -> None:
    tuned = lower(BASE, 3.0)
    errors = {"prior": BASE, "tuned prior": tuned, MEAN: BASE, "network": lower(tuned, network)}
    for name in ("prior", "tuned prior", MEAN):
        errors[f"mean of network and {name}"] = lower(errors[name], half)
        errors[f"weighted mean of network and {name}"] = lower(errors[name], quarter)
    decision = choose_method(errors, [], "MASE")
    assert decision.delivered == own
    assert decision.reason.endswith("probably lower") == ("mean of" in own)


def test_a_baseline_needs_three_cut_offs_and_two_standard_errors() -> None:
    base = 10 + np.random.default_rng(3).normal(size=(1, 3))
    flat = np.full((1, 3), 1.0)
    clearly, barely = base - [[1.0, 1.1, 1.2]], base - [[1.0, 0.2, -0.3]]
    worse = base + 1

    def delivered(**errors: Any) -> str:
        return choose_method({"prior": base, **errors}, list(errors), "MASE").delivered

    assert delivered(naive=clearly, theta=worse) == "naive"
    assert delivered(naive=barely) == "prior"  # lower in the mean, by 0.8 standard errors
    assert delivered(naive=base.copy()) == "prior"  # equal
    two = choose_method({"prior": base[:, :2], "naive": clearly[:, :2]}, ["naive"], "MASE")
    assert two.delivered == "prior" and two.reason == "it takes 3 cut-offs to prefer a baseline"
    assert choose_method({"prior": flat, "naive": np.full((1, 3), NAN)}, ["naive"], "MASE").delivered == "prior"
    chosen = choose_method({"prior": flat, "naive": flat / 2}, ["naive"], "MASE")
    assert chosen.reason == "MASE 0.5 against 1 of prior at 3 cut-offs, clearly lower"
    assert chosen.own == "prior"
    assert choose_method({"network": flat, "naive": flat / 2}, ["naive"], "MAE", "network").delivered == "naive"


def test_a_baseline_is_compared_with_what_was_chosen_before() -> None:
    """A baseline clearly better than the prior but not than the tuned prior is not delivered."""
    base = 10 + np.random.default_rng(0).normal(size=(25, 3))
    errors = {"prior": base, "tuned prior": lower(base, 9.0), MEAN: base, "naive": lower(base, 8.9)}
    assert choose_method(errors, ["naive"], "MASE").delivered == "tuned prior"


def test_how_many_cut_offs() -> None:
    def most(*lengths: int, wanted: int = 3) -> int:
        return most_cut_offs(np.array(lengths), 12, 12, wanted)

    assert [most(n) for n in (49, 48, 37, 36, 14, 13)] == [3, 2, 2, 1, 1, 0]
    assert most(200, 20, 20) == 1 and most(200, 200, 20) == 3  # as many as half of the series allow
    assert most(200, wanted=0) == 0 and most(200, wanted=1) == 1
    assert most(*[50] * 20) == 1 and most(*[50] * 19) == 3  # a panel is tuned on all but its newest horizon


def test_cut_offs_are_counted_from_the_end_of_each_series() -> None:
    panel = read_panel("t", [np.arange(10.0), 100 + np.arange(7.0), np.arange(5.0), [1.0] * 8], missing="interpolate")
    values = panel.values.copy()
    values[22:26] = NAN  # the last series has no known value before the earliest cut-off
    past = Past.of(read_panel("t", [values[:10], values[10:17], values[17:22], values[22:]], missing="keep"), 2, 2, 1)
    assert past is not None
    assert past.left_out == (4, 2) and past.rows.tolist() == [0, 1]
    assert past.actual.tolist() == [[[6, 7], [8, 9]], [[103, 104], [105, 106]]]
    assert [series.tolist() for series in past.known(0)] == [[0, 1, 2, 3, 4, 5], [100, 101, 102]]
    assert Past.of(panel, 0, 2, 1) is None and Past.of(panel, 9, 2, 1) is None


def test_errors_are_those_of_a_backtest() -> None:
    """The errors of the rule and those of the table are computed separately, and agree."""
    rng = np.random.default_rng(0)
    series = [rng.normal(size=n) + 5 for n in (20, 31, 25)]
    series[1][[4, 28]] = NAN
    panel = named(read_panel("t", frame_of(*series), missing="interpolate"))
    past = Past.of(panel, 3, 4, 4)
    assert past is not None
    forecasts = {name: rng.normal(size=(3, 3, 4)) for name in ("Elman", "naive")}
    metric, errors = past.errors(forecasts)
    assert metric == "MASE"
    parts = [
        window_frame(past.panel, past.known(c), drop, 4, {name: f[:, c] for name, f in forecasts.items()})
        for c, drop in enumerate(past.left_out)
    ]
    frame = pd.concat(parts)
    history = panel.long_frame({"y": panel.values}, panel.times, panel.lengths)
    table = scores(frame[frame["y"].notna()], history, ["Elman", "naive"], 4)
    table = table[table["metric"] == "MASE"].sort_values(["unique_id", "cutoff"])
    for name in forecasts:
        np.testing.assert_allclose(errors[name].ravel(), table[name], rtol=1e-12)


def test_where_nothing_moves_the_error_is_absolute() -> None:
    past = Past.of(read_panel("t", [[5.0] * 12, [1.0, 2.0] * 6]), 2, 3, 2)
    assert past is not None
    metric, errors = past.errors({"m": past.actual + 1})
    assert (metric, errors["m"].tolist()) == ("MAE", [[1.0, 1.0], [1.0, 1.0]])
    past = Past.of(read_panel("t", [[5.0] * 12, [1.0, 2.0] * 6]), 2, 3, 1)
    assert past is not None
    metric, errors = past.errors({"m": past.actual + 1})
    assert metric == "MASE" and errors["m"][1].tolist() == [1.0, 1.0] and np.isnan(errors["m"][0]).all()
