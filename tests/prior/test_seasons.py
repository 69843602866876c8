"""Seasonal indices, cleaning and smoothing beside slow versions of the same sentences."""

from __future__ import annotations

import numpy as np
import pytest

from elman.prior.seasons import centred_average, clean, indices, phases
from elman.prior.smoothing import GRID, LEVELS_ONLY, smooth


def series(rows: int, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, n)).cumsum(axis=1)


@pytest.mark.parametrize("m", [2, 3, 4, 7, 12])
def test_centred_average_is_the_mean_of_a_season_around_each_value(m: int) -> None:
    x = series(3, 40)
    half = m // 2
    weights = np.ones(m) / m if m % 2 else np.r_[0.5, np.ones(m - 1), 0.5] / m
    slow = np.stack([np.convolve(row, weights, mode="valid") for row in x])
    np.testing.assert_allclose(centred_average(x, m), slow, atol=1e-12)
    assert slow.shape[1] == 40 - 2 * half


@pytest.mark.parametrize(("m", "n"), [(4, 8), (4, 23), (12, 50), (7, 100)])
def test_indices_are_shrunken_means_by_phase(m: int, n: int) -> None:
    x = series(2, n, seed=m) + 3 * np.sin(2 * np.pi * np.arange(n) / m)
    index, kappa = indices(x, m)
    rest = x[:, m // 2 : n - m // 2] - centred_average(x, m)
    phase = phases(n, m)[m // 2 : n - m // 2]
    for row in range(2):
        means = np.array([rest[row, phase == p].mean() for p in range(m)])
        means -= means.mean()
        counts = np.bincount(phase, minlength=m)
        error = ((rest[row] - means[phase]) ** 2).sum() / max(1, len(phase) - m) * (1 / counts).mean()
        share = max(0.0, 1 - error / (means**2).mean())
        assert kappa[row] == pytest.approx(share)
        np.testing.assert_allclose(index[row], share * means, atol=1e-12)


def test_noise_has_no_season_and_a_clear_season_is_kept() -> None:
    noise = np.random.default_rng(0).normal(size=(200, 48))
    clear = noise * 0.1 + 5 * np.sin(2 * np.pi * np.arange(48) / 12)
    assert indices(noise, 12)[1].mean() < 0.25
    assert indices(clear, 12)[1].min() > 0.99


@pytest.mark.parametrize("n", [16, 17, 19, 20, 31])
def test_usual_value_is_the_median_of_its_phase_around(n: int) -> None:
    m, y = 4, np.random.default_rng(n).uniform(10, 20, (3, n))
    y[0, 5], y[1, n - 1], y[2, 0] = 1000.0, 0.0, 500.0
    cleaned, share = clean(y, m)
    padded = np.pad(y, ((0, 0), (2 * m, 2 * m)), constant_values=np.nan)
    usual = np.nanmedian([padded[:, i * m : i * m + n] for i in range(5)], axis=0)
    np.testing.assert_allclose(cleaned, np.clip(y, 0.15 * usual, 4 * usual))
    np.testing.assert_allclose(share, 1 / n)


def test_series_are_left_alone_where_cleaning_would_change_them() -> None:
    y = np.full((3, 40), 10.0)
    y[0, ::4], y[1, 3] = 1000.0, -5.0  # a quarter of the values; a negative value
    cleaned, share = clean(y, 10)
    np.testing.assert_array_equal(cleaned, y)
    np.testing.assert_array_equal(share, 0.0)
    assert clean(y, 12)[0] is y  # fewer than four cycles


def test_smoothing_keeps_the_grid_point_of_least_one_step_error() -> None:
    z = series(4, 30, seed=3)
    best = smooth(z)
    for row in z:
        results = []
        for alpha, share, phi in GRID:
            level, trend = row[0], (row[4] - row[0]) / 4 if share else 0.0
            errors = 0.0
            for value in row[1:]:
                error = value - level - phi * trend
                level, trend = level + phi * trend + alpha * error, phi * trend + alpha * share * error
                errors += error**2
            results.append((errors, level, trend))
        naive = results[LEVELS_ONLY - 1][0]
        i = int(np.argmin([errors for errors, *_ in results[:LEVELS_ONLY]]))
        j = LEVELS_ONLY + int(np.argmin([errors for errors, *_ in results[LEVELS_ONLY:]]))
        k = int(np.flatnonzero((z == row).all(axis=1))[0])
        assert best.alpha[k] == GRID[i, 0]
        assert best.phi[k] == GRID[j, 2]
        np.testing.assert_allclose(
            [best.level[k], best.level_error[k], best.trend_level[k], best.trend[k], best.trend_error[k]],
            [results[i][1], results[i][0] / naive, results[j][1], results[j][2], results[j][0] / naive],
            rtol=1e-9,
        )
