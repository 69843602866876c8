"""Missing values as an input: what the network sees in their place, and that nothing filled counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import elman
from elman import ArgumentError, Forecaster
from elman.forecasting import cross_validation, training_set
from elman.forecasting.candidates import Candidates
from elman.forecasting.fitting import make_recipe, prepare
from elman.forecasting.frames import read_panel
from elman.forecasting.masking import known_center
from elman.forecasting.prediction import warm_up
from elman.forecasting.store import PanelStore
from forecasting.small import WAVE, frame_of, small

HOLES = WAVE.copy()
HOLES[[7, 20, 21, 22, 23, 24, 40, 58]] = np.nan
MASK: dict[str, Any] = {"missing": "mask"}
INTO_WHICH: list[dict[str, Any]] = [
    {},
    {"transform": "scale"},
    {"center": "last"},
    {"strategy": "recursive"},
    {"carry_state": True},
    {"loss_at": "last"},
    {"past_covariates": ["p"], "calendar": ["weekday"]},
]


def holes(**columns: Any) -> pd.DataFrame:
    return frame_of(HOLES, 60 - HOLES, WAVE, freq="D", **columns)


def test_the_center_is_of_known_values() -> None:
    rng = np.random.default_rng(0)
    values, hidden = 1e8 + rng.normal(size=50), rng.random(50) < 0.4
    center = known_center(values, hidden, 3, 6)
    for t in range(50):
        for width in (3, 6):
            near = slice(max(0, t - width + 1), t + 1)
            if not hidden[near].all():
                assert center[t] == pytest.approx(values[near][~hidden[near]].mean(), abs=1e-6, rel=0)
                break
    none = np.zeros(50, dtype=bool)
    np.testing.assert_allclose(known_center(values, none, 4, 9), training_set.trailing_mean(values, 4), rtol=1e-15)


def test_windows_show_0_and_a_flag() -> None:
    model = small(transform="none", center="none", **MASK)
    panel, _ = training_set.filled(read_panel("fit", HOLES, missing="mask"), "mask", 4)
    store = PanelStore.of(read_panel("fit", HOLES, missing="mask"), "mask", 4)
    recipe = make_recipe("fit", model, store, (4,), 5)
    x = warm_up(recipe, 1.0, panel, np.ones(1)).x[-1, 0]
    assert recipe.input_size == 10
    np.testing.assert_allclose(x, [*WAVE[55:58], 0, WAVE[59], 0, 0, 0, 1, 0], rtol=1e-6)
    weight = prepare(store, recipe).arrays(None).weight
    assert weight is not None and np.array_equal(weight[:, 0] == 0, np.isnan(HOLES))


@pytest.mark.parametrize("change", INTO_WHICH)
def test_no_bit_depends_on_what_is_filled_in(change: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The fill could be anything in the domain of the transform."""
    frame = holes(p=lambda rows: rows % 5 * 1.0)
    model = small(**MASK, **change)
    usual = model.fit(frame).predict()
    assert np.isfinite(usual["Elman"]).all()

    def other(values: np.ndarray, how: str, season: int) -> np.ndarray:
        return np.where(np.isnan(values), 3.0 + np.arange(len(values)) % 11, values)

    monkeypatch.setattr(training_set, "fill", other)
    assert small(**MASK, **change).fit(frame).predict().equals(usual)


@pytest.mark.parametrize("change", INTO_WHICH)
def test_bits(change: dict[str, Any], tmp_path: Path) -> None:
    frame = holes(p=lambda rows: rows % 5 * 1.0)
    change = {"steps": 64, **change}  # every warm-up begins with the series
    model = small(**MASK, **change).fit(frame)
    forecast = model.predict()
    assert forecast.equals(model.predict(frame))
    model.save(tmp_path / "model")
    assert elman.load(tmp_path / "model").predict().equals(forecast)
    number = frame.groupby("unique_id").cumcount()
    first = small(**MASK, **change).fit(frame[number < 55]).update(frame[number >= 55])
    assert first.predict().equals(first.predict(frame))


def test_gaps_in_time_are_masked_in_every_form(tmp_path: Path) -> None:
    frame = holes()
    expected = small(**MASK).fit(frame).predict()
    assert small(**MASK).fit(frame.dropna()).predict().equals(expected)
    frame.to_parquet(tmp_path / "part.parquet")
    assert small(**MASK).fit(tmp_path).predict(frame).equals(expected)
    alone = small(**MASK).fit(HOLES)
    assert np.array_equal(alone.predict(), alone.predict(HOLES))
    both = np.stack([HOLES, WAVE], axis=1)
    assert small(**MASK).fit(both).predict().shape == (3, 2)
    short = small(**MASK).fit([HOLES, np.array([np.nan, 5.0, np.nan, 6.0])])
    assert all(np.isfinite(own).all() for own in short.predict())


def test_backtests_and_intervals() -> None:
    frame = holes()
    past = cross_validation(small(**MASK), frame, n_windows=2)
    assert past["y"].isna().sum() == 2
    early = frame[frame.groupby("unique_id").cumcount() < 54]
    mine = past[past["cutoff"] == past["cutoff"].min()]["Elman"].tolist()
    assert small(**MASK).fit(early).predict()["Elman"].tolist() == mine
    out = small(**MASK, intervals=4).fit(frame).predict(level=60)
    assert (out["Elman-lo-60"] <= out["Elman-hi-60"]).all()


def test_it_is_of_the_network() -> None:
    with pytest.raises(
        ArgumentError, match=r'the method "prior" forecasts each series alone.*covariates mask of missing values'
    ):
        Forecaster(3, method="prior", **MASK).fit(HOLES)
    assert Candidates("t", Forecaster(3, **MASK), (4,), 0).start == "network"


def test_a_flag_can_be_learned() -> None:
    """After a missing value comes 9, else 1: without the flag nothing tells."""
    rng = np.random.default_rng(0)
    gone = rng.random(300) < 0.3
    y = np.where(gone, np.nan, np.where(np.roll(gone, 1), 9.0, 1.0))
    options: dict[str, Any] = {"season": 1, "center": "none", "transform": "none", "window": 2, "updates": 200}
    options |= {"learning_rate": 0.02, "ensemble_size": 1, "hidden_size": 8}
    model = small(1, **options, **MASK).fit(y)
    after = [model.predict(np.append(y[:250], newest))[0] for newest in (np.nan, 1.0)]
    assert after[0] > 7 and after[1] < 3
