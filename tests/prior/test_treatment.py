"""The treatment: what the network reads, and the way back; the same for any neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from elman.prior.features import SCALARS, SIMPLE, STEP_FEATURES
from elman.prior.treatment import PATCH, RECENT, Treated, block_of, treat

FIELDS = ("recent", "scalars", "simple", "spread", "scale", "newest", "season", "divisor", "lowest")
KINDS = [(1, [12]), (2, [1]), (3, [4]), (9, [4]), (40, [1]), (30, [12]), (61, [12]), (300, [7, 90]), (400, [24, 168])]


def walk(rows: int, n: int, seed: int = 0) -> np.ndarray:
    return 100 * np.exp(0.1 * np.random.default_rng(seed).normal(size=(rows, n)).cumsum(axis=1))


@pytest.mark.parametrize(("n", "seasons"), KINDS)
def test_a_series_does_not_depend_on_its_neighbours(n: int, seasons: list[int]) -> None:
    y, ahead = walk(7, n), np.arange(1, 10)
    together = treat(y, seasons, ahead)
    for i in (0, 6):
        alone = treat(y[i : i + 1], seasons, ahead)
        for field in FIELDS:
            np.testing.assert_array_equal(getattr(together, field)[i : i + 1], getattr(alone, field), err_msg=field)
        np.testing.assert_array_equal(together.steps, alone.steps)


@pytest.mark.parametrize(("n", "seasons"), KINDS)
def test_values_come_back_from_units(n: int, seasons: list[int]) -> None:
    for y in (walk(3, n), walk(3, n) - 110):
        treated = treat(y, seasons, [1, 2, 5])
        after = np.abs(y[:, -1:]) * [0.5, 1.0, 3.0]
        back = treated.to_values(treated.to_units(after)[:, :, None])[:, :, 0]
        np.testing.assert_allclose(
            back, np.maximum(after, np.where(treated.logarithm, treated.lowest, -np.inf)[:, None])
        )


HARD = [
    [5.0],
    [0.0] * 30,
    [7.0] * 50,
    [-3.0] * 8,
    [1e300, 1e-300] * 20,
    [1e-300] * 30,
    [*[0.0] * 60, 1e6],
    list(np.arange(60) * 1e200),
    [1.0, -1.0] * 40,
]


@pytest.mark.parametrize("y", HARD, ids=lambda y: f"{y[0]:g} to {y[-1]:g}")
@pytest.mark.parametrize("seasons", [[1], [12], [7, 20]])
def test_hard_series_are_treated_with_finite_numbers(y: list[float], seasons: list[int]) -> None:
    treated = treat(np.array([y]), seasons, np.arange(1, 30))
    assert (treated.scale > 0).all()
    for field in FIELDS:
        values = getattr(treated, field)
        assert np.isfinite(values[..., -1:] if field == "recent" else values).all(), field
    quantiles = treated.to_values(np.sort(np.random.default_rng(0).normal(size=(1, 29, 9)), axis=2))
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=2) >= 0).all()


def test_logarithms_are_taken_of_positive_series_alone() -> None:
    rows = np.array([[1.0, 2, 4, 8, 16], [0.0, 2, 4, 8, 16], [-1.0, 2, 4, 8, 16], [0.001, 2, 4, 8, 16]])
    assert treat(rows, [1], [1]).logarithm.tolist() == [True, False, False, False]


def test_growth_in_per_cent_is_a_line() -> None:
    treated = treat(100 * 1.05 ** np.arange(30.0)[None], [1], [1, 2, 4])
    np.testing.assert_allclose(np.diff(treated.recent[0, -30:]), treated.recent[0, -1] - treated.recent[0, -2])
    drift = treated.simple[0, :, 8:14]
    assert np.isclose(drift, treated.to_units(100 * 1.05 ** np.array([[30.0, 31, 33]]))[0][:, None]).any(axis=1).all()


def test_shapes_and_the_start_of_a_series() -> None:
    treated: Treated = treat(walk(2, 20), [12], [1, 3])
    assert treated.recent.shape == (2, RECENT)
    assert RECENT % PATCH == 0
    assert np.isnan(treated.recent[:, : RECENT - 20]).all()
    assert treated.scalars.shape == (2, SCALARS)
    assert treated.simple.shape == (2, 2, SIMPLE)
    assert treated.steps.shape == (2, STEP_FEATURES)


def test_hours_are_read_three_at_a_time_so_that_a_patch_is_a_day() -> None:
    assert [block_of(season) for season in (1, 7, 12, 24, 48, 52, 1440)] == [1, 1, 1, 3, 6, 1, 180]
    y = walk(1, 24 * 20)
    np.testing.assert_array_equal(np.isnan(treat(y, [24], [1]).recent).sum(), 0)


def test_a_season_of_two_cycles_is_taken_out_and_put_back() -> None:
    season = np.array([0.0, 3.0, -1.0, 2.0])
    y = np.exp(np.tile(season, 10) * 0.1)[None]
    treated = treat(y, [4], np.arange(1, 9))
    np.testing.assert_allclose(treated.recent[0, -40:], 0.0, atol=1e-6)
    np.testing.assert_allclose(treated.to_values(np.zeros((1, 8, 1)))[0, :, 0], np.exp(np.tile(season, 2) * 0.1))


@pytest.mark.parametrize("moved", [3.0, 1e6])
def test_units_do_not_depend_on_the_currency(moved: float) -> None:
    y = walk(2, 50)
    a, b = treat(y, [12], [1, 2]), treat(moved * y, [12], [1, 2])
    np.testing.assert_allclose(a.recent, b.recent, atol=1e-7)
    np.testing.assert_allclose(a.simple, b.simple, atol=1e-7)
    np.testing.assert_allclose(a.scalars, b.scalars, atol=1e-7)
