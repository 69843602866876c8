"""Random components shared by the synthetic families."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["first_order", "log_uniform", "noise", "sometimes"]

Array = npt.NDArray[np.float64]
Generator: TypeAlias = np.random.Generator


def log_uniform(rng: Generator, low: float, high: float, shape: tuple[int, ...]) -> Array:
    """Draw numbers whose logarithms are uniform."""
    drawn: Array = np.exp(rng.uniform(np.log(low), np.log(high), shape))
    return drawn


def sometimes(rng: Generator, share: float, values: Array) -> Array:
    """Keep the values (B, 1) of a random ``share`` of the rows; set the others to 0."""
    kept: Array = np.where(rng.random(values.shape) < share, values, 0.0)
    return kept


def noise(rng: Generator, rows: int, n: int) -> Array:
    """Draw white noise (B, n): normal or Student's t; some rows have a wandering variance."""
    errors = rng.normal(size=(rows, n))
    freedom = rng.choice([3.0, 5.0, np.inf], rows, p=[0.15, 0.25, 0.6])
    heavy = np.flatnonzero(np.isfinite(freedom))
    degrees = np.repeat(freedom[heavy, None], n, axis=1)
    errors[heavy] /= np.sqrt(rng.chisquare(degrees) / degrees)
    wandering = np.flatnonzero(rng.random(rows) < 0.2)
    path = np.cumsum(rng.normal(size=(len(wandering), n)), axis=1) / np.sqrt(n)
    errors[wandering] *= np.exp(rng.uniform(0, 0.8, (len(wandering), 1)) * path)
    return errors


def first_order(rng: Generator, rho: Array, n: int) -> Array:
    """Draw stationary first-order autoregressions of unit deviation (B, n); ``rho`` (B, 1)."""
    errors = (rng.normal(size=(len(rho), n)) * np.sqrt(1 - rho**2)).T
    state = rng.normal(size=len(rho))
    path = np.empty((n, len(rho)))
    for t in range(n):
        state = rho[:, 0] * state + errors[t]
        path[t] = state
    return path.T
