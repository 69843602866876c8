"""Components added to a family's series: growth, seasons, shifts, outliers, closed days, rounding."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elman.prior.noise import first_order, log_uniform, sometimes

__all__ = ["daily_profile", "level_shifts", "outliers", "season", "steady_growth", "wandering_growth"]

Array = npt.NDArray[np.float64]
Generator: TypeAlias = np.random.Generator


def pattern(rng: Generator, rows: int, m: int) -> Array:
    """Draw seasonal patterns (B, m) of unit deviation: smooth, ragged, spiky, or smooth plus ragged."""
    kind = rng.integers(0, 4, (rows, 1))
    t = np.arange(m)
    smooth = np.zeros((rows, m))
    for order in range(1, min(3, max(1, m // 2)) + 1):
        size = rng.normal(size=(rows, 1)) / order ** rng.uniform(0.3, 1.5, (rows, 1))
        smooth += size * np.cos(2 * np.pi * order * t / m + rng.uniform(0, 2 * np.pi, (rows, 1)))
    ragged = rng.normal(size=(rows, m))
    spikes = rng.random((rows, m)) < max(1.2 / m, 0.08)
    spiky = np.where(
        spikes, rng.exponential(1.0, (rows, m)) * rng.choice([-1, 1, 1], (rows, 1)), 0.1 * rng.normal(size=(rows, m))
    )
    both = smooth + 0.4 * rng.normal(size=(rows, m))
    drawn = np.select([kind == 0, kind == 1, kind == 2], [smooth, ragged, spiky], both)
    drawn = drawn - drawn.mean(axis=1, keepdims=True)
    unit: Array = drawn / (drawn.std(axis=1, keepdims=True) + 1e-6)
    return unit


def season(rng: Generator, rows: int, n: int, m: int) -> Array:
    """Draw a seasonal component (B, n) of unit size; some rows change shape, some grow or fade."""
    first, cycles = int(rng.integers(0, m)), -(-n // m) + 1
    shape = pattern(rng, rows, m)
    phase = (np.arange(n) + first) % m
    component = shape[:, phase]
    evolves = np.flatnonzero(rng.random(rows) < 0.35)
    steps = np.cumsum(rng.normal(size=(len(evolves), cycles, m)), axis=1).reshape(len(evolves), cycles * m)
    component[evolves] += log_uniform(rng, 0.02, 0.5, (len(evolves), 1)) * steps[:, first : first + n]
    fading = sometimes(rng, 0.2, rng.normal(0, 0.8, (rows, 1)))
    return component * (1 + fading * np.linspace(-0.5, 0.5, n))


def daily_profile(rng: Generator, rows: int, n: int, m: int) -> Array:
    """Draw cycles of two kinds, such as working days and weekends, with wandering amplitude and mean.

    For m = 7 a cycle is a week, and some weeks of the year are of the second kind. Otherwise a cycle is a day, and
    some days of the week are of the second kind.
    """
    cycles, first = -(-n // m) + 1, int(rng.integers(0, m))
    days = m != 7
    usual = pattern(rng, rows, m)
    other = usual + sometimes(rng, 0.5, log_uniform(rng, 0.1, 1.2, (rows, 1))) * pattern(rng, rows, m)
    special = _special(rng, cycles, days)
    amplitude = sometimes(rng, 0.6, log_uniform(rng, 0.05, 0.8, (rows, 1))) * _wander(rng, rows, cycles, 20.0)
    amplitude = amplitude + np.where(special, rng.normal(-0.2, 0.4, (rows, 1)), 0.0)
    level = np.where(special, sometimes(rng, 0.6, rng.normal(0, 0.6, (rows, 1))), 0.0)
    if days:
        level = level + sometimes(rng, 0.6, log_uniform(rng, 0.05, 1.5, (rows, 1))) * _wander(rng, rows, cycles, 10.0)
    shape = np.where(special[:, None], other[:, None, :], usual[:, None, :])
    x = shape * np.exp(np.clip(amplitude, -3, 2))[:, :, None] + level[:, :, None]
    evolves = np.flatnonzero(rng.random(rows) < 0.25)
    steps = np.cumsum(rng.normal(size=(len(evolves), cycles, m)), axis=1)
    x[evolves] += log_uniform(rng, 0.02, 0.3, (len(evolves), 1, 1)) * steps
    return x.reshape(rows, -1)[:, first : first + n]


def _special(rng: Generator, cycles: int, days: bool) -> npt.NDArray[np.bool_]:
    """Mark the cycles of the second kind (cycles,)."""
    if not days:
        return np.isin((np.arange(cycles) + rng.integers(0, 52)) % 52, rng.permutation(52)[:6])
    week, drawn = (np.arange(cycles) + rng.integers(0, 7)) % 7, rng.random()
    if drawn < 0.6:
        return np.isin(week, [5, 6])
    return np.isin(week, [6] if drawn < 0.8 else rng.permutation(7)[:2])


def _wander(rng: Generator, rows: int, cycles: int, longest: float) -> Array:
    """Draw a path of unit deviation per row with a half-life of up to ``longest`` cycles."""
    return first_order(rng, 0.5 ** (1 / log_uniform(rng, 0.5, longest, (rows, 1))), cycles)


def wandering_growth(rng: Generator, rows: int, n: int, per_year: int) -> Array:
    """Draw paths (B, n) whose growth reverts to about 1.5 % a year, with a half-life of 1.5 to 15 years."""
    rho = 0.5 ** (1 / (log_uniform(rng, 1.5, 15.0, (rows, 1)) * per_year))
    size, mean = np.abs(rng.normal(0, 0.07, (rows, 1))), rng.normal(0.015, 0.02, (rows, 1))
    return np.cumsum(size * first_order(rng, rho, n) + mean, axis=1) / per_year


def steady_growth(rng: Generator, rows: int, n: int, per_year: int) -> Array:
    """Draw straight lines (B, n) of about 2 % a year; half of the rows vary more."""
    rate = rng.normal(0.02, 0.03, (rows, 1)) + sometimes(rng, 0.5, rng.normal(0.0, 0.06, (rows, 1)))
    return rate / per_year * np.arange(n)


def level_shifts(rng: Generator, rows: int, n: int) -> Array:
    """Draw step functions (B, n) with about one jump per series, of up to 10 units."""
    jumps = np.where(rng.random((rows, n)) < 1 / n, rng.normal(size=(rows, n)), 0.0)
    shifts: Array = log_uniform(rng, 0.5, 10.0, (rows, 1)) * np.cumsum(jumps, axis=1)
    return shifts


def outliers(rng: Generator, rows: int, n: int) -> Array:
    """Draw isolated deviations (B, n) of some units, at one value in fifty."""
    return np.where(rng.random((rows, n)) < 0.02, rng.normal(0, 6, (rows, n)), 0.0)
