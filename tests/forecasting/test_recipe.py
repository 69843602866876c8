"""The rules of the recipe: seasons, window, updates, batch size; filling; the unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import ArgumentError, DataError
from elman.forecasting.frames import read_panel
from elman.forecasting.methods import network as fitted
from elman.forecasting.missing import fill
from elman.forecasting.recipe import (
    Recipe,
    batch_size,
    check_window,
    different_stretches,
    resolve_seasons,
    rule_updates,
    rule_window,
    training_length,
)
from elman.forecasting.scaling import Scaling
from elman.forecasting.training_set import arrays_of, measure_unit
from elman.training import Trainer
from forecasting.small import WAVE, small

NAN = float("nan")


def recipe(**changes: Any) -> Recipe:
    fields: dict[str, Any] = {
        "horizon": 12,
        "seasons": (12,),
        "window": 13,
        "steps": 96,
        "center": 12,
        "transform": "log",
    }
    return Recipe(**(fields | changes))


def test_seasons() -> None:
    assert resolve_seasons("fit", "auto", pd.offsets.MonthBegin()) == (12,)
    assert resolve_seasons("fit", "auto", None) == (1,)
    assert resolve_seasons("fit", 7, None) == (7,)
    assert resolve_seasons("fit", np.array([24, 168]), None) == (24, 168)
    for wrong, message in {
        0: "fit: season must be an integer of at least 1, got 0.",
        (24, -1): "fit: season[1] must be an integer of at least 1, got -1.",
        (): "fit: season must name at least one length, got an empty list.",
        "yearly": "fit: season must be one of 'auto', got 'yearly'.",
    }.items():
        with pytest.raises(ArgumentError) as caught:
            resolve_seasons("fit", wrong, None)
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("seasons", "lengths", "horizon", "window"),
    [
        ((24, 168), [700, 960], 48, 168),  # the longest of several seasons
        ((24, 168), [200], 24, 88),  # but never more than half of what there is
        ((12,), [132], 12, 13),  # one short series: a season and one
        ((12,), [120, 80], 18, 24),  # several series: two seasons
        ((7,), [735, 735], 56, 14),
        ((1,), [300], 11, 8),  # no season
        ((4,), [60], 4, 8),
        ((1,), [5], 3, 1),
    ],
)
def test_window(seasons: tuple[int, ...], lengths: list[int], horizon: int, window: int) -> None:
    assert rule_window(seasons, np.array(lengths), horizon) == window


def test_window_longer_than_the_data() -> None:
    with pytest.raises(DataError) as one:
        check_window("fit", 13, 12, np.array([20]))
    assert str(one.value) == (
        "fit: the series has 20 values, but window + horizon = 13 + 12 = 25 are needed. "
        "Shorten the horizon or the window, or bring more data."
    )
    with pytest.raises(DataError, match="fit: the longest series has 20 values"):
        check_window("fit", 13, 12, np.array([20, 10]))
    check_window("fit", 13, 12, np.array([3, 25]))  # the short one is padded


def test_updates() -> None:
    assert rule_updates(recipe(), np.array([132])) == 312  # 108 windows, 1.125 stretches
    assert rule_updates(recipe(), np.array([30])) == 300
    assert rule_updates(recipe(), np.full(30, 100)) == 900
    assert rule_updates(recipe(), np.full(8, 30)) == 600
    assert rule_updates(recipe(), np.array([1_000_000])) == 900


@pytest.mark.parametrize(
    ("lengths", "different", "size"),
    [
        ([24], 0, 0),  # no window has all its targets
        ([25], 1, 1),
        ([120], 1, 1),  # 96 windows, one stretch
        ([121], 2, 2),
        ([132], 13, 2),  # two stretches cover the 108 windows
        ([216], 97, 2),
        ([217], 98, 3),  # 193 windows
        ([300], 181, 3),
        ([3000], 2881, 31),
        ([3200], 3081, 32),
        ([60] * 10, 10, 10),
        ([60] * 50, 50, 32),
        ([132, 300, 60], 195, 6),
        ([132] * 8, 104, 16),
    ],
)
def test_batch_size(lengths: list[int], different: int, size: int) -> None:
    assert different_stretches(recipe(), np.array(lengths)) == different
    assert batch_size(recipe(), np.array(lengths), 32) == size


def test_batch_size_where_the_last_step_alone_has_targets() -> None:
    """Overlapping stretches then have different targets: only the number of stretches matters."""
    assert batch_size(recipe(), np.array([132]), 32, last=True) == 13
    assert batch_size(recipe(), np.array([300]), 32, last=True) == 32
    assert batch_size(recipe(), np.array([300]), 500, last=True) == 181


@pytest.mark.parametrize("length", [60, 120, 132, 300, 700])
def test_panels_of_32_series_get_as_many_stretches_as_ever(length: int) -> None:
    lengths = np.full(32, length)
    assert batch_size(recipe(), lengths, 32) == 32


def test_never_more_than_asked_for() -> None:
    assert [batch_size(recipe(), np.array([3000]), limit) for limit in (1, 5, 32, 100)] == [1, 5, 31, 31]


@pytest.mark.parametrize(
    ("loss_at", "lengths", "rows"), [("every", [60], 7), ("last", [60], 32), ("every", [60] * 5, 32)]
)
def test_rows_of_a_fit(loss_at: str, lengths: list[int], rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 values have 53 windows of 5 with 3 targets: 7 stretches of 8."""
    seen: list[int] = []

    def noted(trainers: list[Trainer], **_: Any) -> None:
        seen.extend(trainer.batches.batch(0).x.shape[1] for trainer in trainers)

    monkeypatch.setattr(fitted, "train_ensemble", noted)
    small(loss_at=loss_at).fit([WAVE[:length] for length in lengths])
    assert seen == [rows, rows]


def test_fill_by_hand() -> None:
    series = np.array([NAN, 1.0, 10.0, NAN, 3.0, 30.0, 5.0, NAN, NAN])
    assert fill(series, "seasonal_median", 3).tolist() == [5, 1, 10, 5, 3, 30, 5, 2, 20]
    assert fill(series, "interpolate", 3).tolist() == [1, 1, 10, 6.5, 3, 30, 5, 5, 5]
    assert fill(np.array([NAN, 4.0, 6.0]), "seasonal_median", 3).tolist() == [5, 4, 6]  # no value at that phase
    assert np.isnan(series[0])


def test_arrays_by_hand() -> None:
    panel = read_panel("fit", [[1.0, 3.0, 5.0, 7.0], [2.0, 4.0]])
    arrays = arrays_of(panel, recipe(horizon=1, seasons=(2,), window=2, center=2, transform="none"), np.ones(2), 2.0, 4)
    assert arrays.offsets.tolist() == [0, 4, 8]
    assert arrays.values.ravel().tolist() == [0.5, 1.5, 2.5, 3.5, 1, 1, 1, 2]
    assert arrays.center.ravel().tolist() == [0.5, 1, 2, 3, 1, 1, 1, 1.5]
    assert arrays.weight is not None
    assert arrays.weight.ravel().tolist() == [1, 1, 1, 1, 0, 0, 1, 1]
    unknown = np.array([False, True, False, False, False, True])
    weighted = arrays_of(panel, recipe(horizon=1, transform="none"), np.ones(2), 1.0, 4, unknown)
    assert weighted.weight is not None
    assert weighted.weight.ravel().tolist() == [1, 0, 1, 1, 0, 0, 1, 0]
    assert arrays_of(panel, recipe(transform="none"), np.ones(2), 1.0, 2).weight is None


def test_padding_leaves_a_season_of_steps() -> None:
    assert training_length(window=13, horizon=12, season=12) == recipe().shortest == 36


def unit(values: np.ndarray, transform: str = "log") -> float:
    plain = recipe(horizon=4, seasons=(4,), window=4, center=4, transform=transform)
    return measure_unit(read_panel("fit", values), plain, np.ones(1))


def test_unit_makes_different_scales_look_alike() -> None:
    wave = np.tile([0.0, 1.0, 0.0, -1.0], 30)  # mean distance 0.5 from the center
    assert unit(np.exp(wave)) == pytest.approx(1.0)
    assert unit(np.exp(18 + wave)) == pytest.approx(1.0)
    assert unit(np.exp(1e-6 * wave)) == pytest.approx(1e-6)
    assert unit(wave, "scale") == pytest.approx(1.0)
    assert unit(np.full(50, 3.0)) == 1.0
    assert unit(100 * wave, "none") == 1.0  # asked to leave values as they are


def test_values_outside_the_transform() -> None:
    for values, kind, message in (
        (
            [3.0, 0.0],
            "log",
            'y is 0 at position 1, but the transform "log" needs values above 0. Pass transform="log1p"',
        ),
        (
            [3.0, -5.0],
            "log",
            'y is -5 at position 1, but the transform "log" needs values above 0. Pass transform="scale"',
        ),
        (
            [3.0, -0.5],
            "log1p",
            'y is -0.5 at position 1, but the transform "log1p" needs values of at least 0. Pass transform="scale"',
        ),
    ):
        with pytest.raises(DataError) as caught:
            Scaling.of(kind).check("fit", read_panel("fit", values))
        assert str(caught.value) == f"fit: {message} to the Forecaster and fit again."
