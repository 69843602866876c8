"""The window chosen by short fits: candidates, decision, and no use of values outside the training part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import elman
from elman import Forecaster
from elman.forecasting import cross_validation, selection
from elman.forecasting.methods import network as fitted
from elman.forecasting.recipe import rule_updates
from elman.forecasting.selection import HeldOut, _clearly_best, window_candidates

TINY: dict[str, Any] = {
    "method": "network",
    "season": 4,
    "steps": 8,
    "hidden_size": 2,
    "ensemble_size": 1,
    "random_state": 0,
}
WAVE = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 15) + np.random.default_rng(0).normal(size=60)


@pytest.mark.parametrize(
    ("seasons", "lengths", "horizon", "windows"),
    [
        ((12,), [132], 12, [13, 24, 48]),  # a single series does not tell 15 from 13
        ((12,), [600], 12, [13, 24, 48]),  # and no longer ones
        ((12,), [132, 90], 12, [13, 15, 24, 48]),  # 84 would be more than half of what there is
        ((7,), [679, 10], 56, [8, 9, 14, 28, 49, 70]),
        ((24, 168), [700], 48, [25, 48, 96, 168]),  # none beyond the longest of several seasons
        ((24, 168), [300], 48, [25, 48, 96, 126]),  # the rule's own, cut to half
        ((24, 168), [700, 700], 48, [25, 30, 48, 96, 168]),
        ((1,), [300, 300], 10, [2, 4, 7, 8, 10]),
        ((12,), [20], 6, [7]),
    ],
)
def test_candidates(seasons: tuple[int, ...], lengths: list[int], horizon: int, windows: list[int]) -> None:
    assert window_candidates(seasons, np.array(lengths), horizon) == windows


def test_the_rule_holds_unless_another_is_clearly_better() -> None:
    assert _clearly_best({13: 1.0, 15: 0.99, 24: 1.2}, usual=13) == 13
    assert _clearly_best({13: 1.0, 15: 0.97, 24: 1.2}, usual=13) == 15
    assert _clearly_best({13: 1.0, 15: 0.5, 24: 0.5}, usual=13) == 15  # the shorter of equals
    assert _clearly_best({13: 0.0, 15: 0.0}, usual=15) == 15


def test_what_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "SHORT", 4)
    monkeypatch.setattr(selection, "LONG", 8)
    model = Forecaster(3, **TINY).fit(WAVE)
    assert list(model.window_scores_) == [5, 8, 16]
    assert model.window_ in model.window_scores_
    assert list(model.updates_scores_) == [4, 8]
    assert model.updates_scores_[4] == model.window_scores_[model.window_]
    worse = model.updates_scores_[8] > 1.1 * model.updates_scores_[4]
    assert model.updates_ == (4 if worse else rule_updates(model._fitted.network.recipe, np.array([60])))
    again = elman.Forecaster.from_arrays(*model.to_arrays())
    assert (again.window_scores_, again.updates_scores_) == (model.window_scores_, model.updates_scores_)


@pytest.mark.parametrize(("longer", "updates"), [(0.5, 719), (1.09, 719), (1.11, 100)])
def test_training_is_short_where_a_longer_one_is_clearly_worse(
    longer: float, updates: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "train_ensemble", lambda *_, **__: None)
    monkeypatch.setattr(fitted, "train_ensemble", lambda *_, **__: None)
    monkeypatch.setattr(HeldOut, "scores", lambda _, windows, n, seeds: [1.0 if n == 100 else longer] * len(windows))
    model = Forecaster(
        3,
        **TINY,
    ).fit(np.tile(WAVE, 2))
    assert model.updates_ == updates


def test_given_numbers_are_not_measured() -> None:
    fixed = Forecaster(3, **TINY, window=6, updates=3).fit(WAVE)
    assert (fixed.window_, fixed.updates_, fixed.window_scores_, fixed.updates_scores_) == (6, 3, {}, {})
    half = Forecaster(3, **TINY, updates=3).fit(WAVE)
    assert half.updates_ == 3 and len(half.window_scores_) == 3 and half.updates_scores_ == {}


def test_same_choice_whatever_the_threads() -> None:
    one, two = (Forecaster(3, **TINY, updates=5, n_threads=n).fit(WAVE) for n in (1, 2))
    assert one.window_scores_ == two.window_scores_
    assert np.array_equal(one.predict(), two.predict())


def test_a_series_that_needs_a_long_window_gets_one() -> None:
    pattern = np.random.default_rng(1).normal(size=16)  # repeats after four seasons
    model = Forecaster(4, **(TINY | {"hidden_size": 8}), updates=100).fit(np.tile(pattern, 10))
    assert model.window_ >= 16
    assert model.window_scores_[model.window_] == min(model.window_scores_.values())


def test_choice_sees_the_training_part_alone() -> None:
    """Values after a cut-off change neither the choice nor the forecast made before it."""
    forecaster = Forecaster(3, **TINY, updates=3)
    before = cross_validation(forecaster, WAVE)
    later = WAVE.copy()
    later[-3:] = [1e3, 1e-3, 5.0]
    assert cross_validation(forecaster, later)["Elman"].tolist() == before["Elman"].tolist()


@pytest.mark.parametrize("missing", ["seasonal_median", "interpolate"])
def test_filled_values_do_not_count(missing: str) -> None:
    holes = WAVE.copy()
    holes[-2:] = np.nan
    model = Forecaster(3, **TINY, updates=3, missing=missing).fit(holes)
    assert len(model.window_scores_) == 3
    holes[-3] = np.nan
    assert Forecaster(3, **TINY, updates=3, missing=missing).fit(holes).window_scores_ == {}


def test_rule_where_there_is_nothing_to_measure_on() -> None:
    short = Forecaster(6, **TINY, updates=3).fit(WAVE[:15])
    assert (short.window_, short.window_scores_) == (4, {})
    assert np.isfinite(short.predict()).all()
    mixed = Forecaster(6, **TINY, updates=3).fit([WAVE, WAVE[:3]])  # the short series is trained on, not scored
    assert len(mixed.window_scores_) == 3


@pytest.mark.parametrize("transform", ["scale", "none", "log1p", "log"])
@pytest.mark.parametrize("strategy", ["multi_output", "recursive"])
def test_every_transform_and_strategy(transform: str, strategy: str) -> None:
    model = Forecaster(3, **TINY, updates=3, transform=transform, strategy=strategy).fit(WAVE)
    assert all(np.isfinite(score) for score in model.window_scores_.values())


def test_interrupted_choice_leaves_the_forecaster_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    model = Forecaster(3, **TINY, updates=3).fit(WAVE)
    before = model.predict()
    monkeypatch.setattr(selection, "train_ensemble", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(WAVE[:40])
    assert np.array_equal(model.predict(), before)
