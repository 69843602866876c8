"""Synthetic series like those of users: a family, growth, seasons, shifts and outliers, on the scale of values.

All random numbers come from the generator passed in. See `elman.prior.families` and `elman.prior.components`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elman.prior import components
from elman.prior.families import FAMILIES, random_walk
from elman.prior.noise import log_uniform, noise, sometimes

__all__ = ["FREQUENCIES", "Frequency", "draw_frequency", "synthetic_series"]

Array = npt.NDArray[np.float64]
Generator: TypeAlias = np.random.Generator


@dataclass(frozen=True)
class Frequency:
    """A frequency of series: hourly, daily, monthly and so on.

    Parameters
    ----------
    share : float
        Share of all series.
    seasons : tuple of int
        Values per season, given to the network.
    lengths : tuple of int
        Least and greatest number of values before the forecast; the logarithm of the length is uniform.
    horizon : int
        Farthest step ahead.
    per_year : int
        Values in a year.
    """

    share: float
    seasons: tuple[int, ...]
    lengths: tuple[int, int]
    horizon: int
    per_year: int


FREQUENCIES = (
    Frequency(0.21, (1,), (7, 60), 8, 1),
    Frequency(0.04, (1,), (50, 400), 20, 52),
    Frequency(0.19, (4,), (9, 120), 12, 4),
    Frequency(0.26, (12,), (20, 330), 24, 12),
    Frequency(0.02, (6,), (14, 150), 12, 6),
    Frequency(0.02, (5,), (30, 700), 20, 260),
    Frequency(0.06, (52,), (50, 700), 26, 52),
    Frequency(0.06, (7,), (30, 900), 56, 365),
    Frequency(0.04, (7, 365), (400, 1200), 56, 365),
    Frequency(0.08, (24, 168), (100, 1000), 48, 8760),
    Frequency(0.02, (48, 336), (200, 1400), 96, 17520),
    Frequency(0.01, (96, 672), (400, 2000), 96, 35040),
)


def draw_frequency(rng: Generator) -> Frequency:
    """Draw one of `FREQUENCIES` by its share."""
    shares = np.array([frequency.share for frequency in FREQUENCIES])
    return FREQUENCIES[int(rng.choice(len(FREQUENCIES), p=shares / shares.sum()))]


def synthetic_series(rng: Generator, rows: int, n: int, frequency: Frequency) -> Array:
    """Draw B series of n values of one frequency.

    Parameters
    ----------
    rng : Generator
        Source of all random numbers.
    rows, n : int
        Number of series, and values of each.
    frequency : Frequency
        Seasons, and values in a year.

    Returns
    -------
    ndarray (B, n), float64
        Most are positive; some contain zeros, some are counts.

    Examples
    --------
    >>> series = synthetic_series(np.random.default_rng(0), 4, 60, FREQUENCIES[3])
    >>> series.shape, bool(np.isfinite(series).all())
    ((4, 60), True)
    """
    yearly, per_year = frequency.per_year == 1, frequency.per_year
    x = _irregular(rng, rows, n, per_year)
    if rng.random() < 0.35:
        x = x[:, ::-1]  # time reversed
    rises = x[:, -1:] > x[:, :1]
    kept = rng.random((rows, 1)) < (0.62 if yearly else 0.58)  # of the falling series: business grows more often
    x = np.where(rises | kept, x, -x)
    white = sometimes(rng, 0.45, log_uniform(rng, 0.1, 4.0, (rows, 1)))
    x = (x + white * noise(rng, rows, n)) / np.sqrt(1 + white**2)
    unit = log_uniform(rng, 0.006, 0.3, (rows, 1))
    grows = rng.random((rows, 1)) < 0.25
    x = unit * x + np.where(
        grows,
        components.wandering_growth(rng, rows, n, per_year),
        components.steady_growth(rng, rows, n, per_year),
    )
    for i, m in enumerate(frequency.seasons):
        x = x + _season(rng, rows, n, m, i)
    if rng.random() < 0.3:
        x = x + unit * components.level_shifts(rng, rows, n)
    if rng.random() < 0.35:
        x = x + unit * components.outliers(rng, rows, n)
    return _to_values(rng, x)


def _unit_changes(x: Array) -> Array:
    """Center each series, and scale it to changes of mean size 1."""
    centred: Array = (x - x.mean(axis=1, keepdims=True)) / (
        np.abs(np.diff(x, axis=1)).mean(axis=1, keepdims=True) + 1e-6
    )
    return centred


def _irregular(rng: Generator, rows: int, n: int, per_year: int) -> Array:
    """Draw from one family, or from a mixture of three."""
    if per_year == 1 and rng.random() < 0.6:
        return _unit_changes(random_walk(rng, rows, n, per_year))
    families = [family for family, _ in FAMILIES.values()]
    shares = np.array([share for _, share in FAMILIES.values()])
    drawn = int(rng.choice(len(families) + 1, p=[*shares, 1 - shares.sum()]))
    if drawn < len(families):
        return _unit_changes(families[drawn](rng, rows, n, per_year))
    weights, mixture = rng.dirichlet([1.0] * 3, rows), np.zeros((rows, n))
    for i in range(3):
        family = families[int(rng.choice(len(families), p=shares / shares.sum()))]
        mixture += weights[:, i : i + 1] * _unit_changes(family(rng, rows, n, per_year))
    return mixture


def _season(rng: Generator, rows: int, n: int, m: int, number: int) -> Array:
    """Draw the component of season ``number`` (0 is the shortest); it is zero in some rows."""
    if m == 1:
        return np.zeros((rows, n))
    profile = number == 0 and (m == 7 or m % 24 == 0) and rng.random() < 0.6
    component = (components.daily_profile if profile else components.season)(rng, rows, n, m)
    return component * sometimes(rng, 0.8 if number == 0 else 0.6, log_uniform(rng, 0.01, 0.5, (rows, 1)))


def _to_values(rng: Generator, x: Array) -> Array:
    """Convert to values: multiplicative or additive, rounded, with closed days, or as counts."""
    rows, n = x.shape
    x = np.clip(x - np.median(x, axis=1, keepdims=True), -12, 12)
    steepness = np.minimum(1, log_uniform(rng, 0.1, 1.0, (rows, 1)) / (x.std(axis=1, keepdims=True) + 1e-9) / 2)
    multiplicative = rng.random((rows, 1)) < 0.72
    y = np.where(multiplicative, np.exp(x), 1 + x * steepness) * log_uniform(rng, 3.0, 1e4, (rows, 1))
    if rng.random() < 0.25:
        y = np.round(y)
    if rng.random() < 0.12:
        rest = 0.1 if rng.random() < 0.3 else 0.0
        y = np.where(rng.random((rows, n)) < log_uniform(rng, 0.003, 0.05, (rows, 1)), rest * y, y)
    if rng.random() < 0.05:
        rate = np.exp(np.clip(x, -4, 4)) * log_uniform(rng, 0.2, 5.0, (rows, 1))
        lots = np.where(rng.random((rows, 1)) < 0.5, 1, rng.integers(1, 20, (rows, n)))
        y = (rng.poisson(rate) * lots).astype(np.float64)
    return y
