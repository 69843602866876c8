"""Generated demand of four kinds, for benchmarks of intermittent series; fixed before any method was tried on it.

The kinds are those of Syntetos, Boylan and Croston (2005), by the mean interval between demands and the squared
coefficient of variation of their sizes, measured on the known part of a series:

    smooth         interval below 1.32, variation below 0.49
    erratic        interval below 1.32, variation of 0.49 or more
    intermittent   interval of 1.32 or more, variation below 0.49
    lumpy          interval of 1.32 or more, variation of 0.49 or more

A period has a demand or none: independently, in runs (a chain of two states), or after gaps of like length. Sizes are
whole numbers: shifted Poisson, negative binomial, rounded gamma or log-normal. The probability of a demand and the mean
size are constant, walk at random, have a season of 12, or change once; each by its own draw.

References
----------
Syntetos, Boylan and Croston (2005), On the categorization of demand patterns. Journal of the Operational Research
Society 56(5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["CHOSEN_ON", "HORIZON", "KINDS", "REPORTED", "SEASON", "Demand", "generate", "kind_of"]

Array = npt.NDArray[np.float64]

KINDS = ("smooth", "erratic", "intermittent", "lumpy")
HORIZON, SEASON = 12, 12
REPORTED, CHOSEN_ON = 1, 2  # seeds: of the 500 series of the report, and of those that choices may be made on
_INTERVAL, _VARIATION = 1.32, 0.49
_KNOWN = (36, 120)  # least and most known values
_FEWEST = 4  # demands in the known part
_PATHS = ("constant", "walk", "season", "change")
_PATH_SHARES = (0.5, 0.25, 0.15, 0.1)


@dataclass(frozen=True)
class Demand:
    """One series.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    known, future : ndarray (n,), (HORIZON,), float64
        Whole numbers of at least 0.
    """

    kind: str
    known: Array
    future: Array


def kind_of(values: Array) -> str | None:
    """Return the kind of a series; None with fewer than four demands.

    Examples
    --------
    >>> kind_of(np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 1.0]))         # interval 2, variation 0.12
    'intermittent'
    """
    sizes = values[values > 0]
    if len(sizes) < _FEWEST:
        return None
    rare, varied = len(values) / len(sizes) >= _INTERVAL, np.var(sizes) / np.mean(sizes) ** 2 >= _VARIATION
    return KINDS[2 * int(rare) + int(varied)]


def generate(seed: int, per_kind: int = 125) -> list[Demand]:
    """Generate so many series of each kind; the same seed gives the same series."""
    series = []
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng([seed, number])
        while len(series) < (number + 1) * per_kind:
            values = _draw(kind, rng)
            if kind_of(values[:-HORIZON]) == kind:
                series.append(Demand(kind, values[:-HORIZON], values[-HORIZON:]))
    return series


def _draw(kind: str, rng: np.random.Generator) -> Array:
    """Draw a series that may be of this kind."""
    n = int(rng.integers(_KNOWN[0], _KNOWN[1] + 1)) + HORIZON
    rare = kind in ("intermittent", "lumpy")
    probability = rng.uniform(0.08, 0.7) if rare else rng.uniform(0.8, 1.0)
    odds = np.log(probability / (1 - probability)) + _path(n, rng)
    occurs = _occurrences(1 / (1 + np.exp(-odds)), rng)
    mean = np.exp(rng.uniform(np.log(1.5), np.log(40)) + 0.5 * _path(n, rng))
    variation = rng.uniform(0.8, 2.0) if kind in ("erratic", "lumpy") else rng.uniform(0.2, 0.65)
    return occurs * _sizes(mean, variation, rng)


def _path(n: int, rng: np.random.Generator) -> Array:
    """Return how the log odds of a demand, or the log mean of its size, move over time."""
    kind = rng.choice(_PATHS, p=_PATH_SHARES)
    if kind == "walk":
        return np.cumsum(rng.normal(0, 0.08, n))
    if kind == "season":
        return rng.uniform(0.3, 1.2) * np.sin(2 * np.pi * (np.arange(n) + rng.uniform(0, SEASON)) / SEASON)
    if kind == "change":
        return np.where(np.arange(n) < rng.integers(n // 4, n), 0.0, rng.uniform(-1.2, 1.2))
    return np.zeros(n)


def _occurrences(probability: Array, rng: np.random.Generator) -> Array:
    """Draw which periods have a demand."""
    kind, n = rng.choice(["independent", "runs", "gaps"], p=[0.5, 0.25, 0.25]), len(probability)
    if kind == "gaps":  # a demand whenever the sum of probabilities, each times a factor of mean 1, passes one more
        passed = np.floor(rng.random() + np.cumsum(probability * rng.gamma(4, 0.25, n)))
        return np.minimum(np.diff(passed, prepend=0.0), 1.0)
    occurs = (rng.random(n) < probability).astype(np.float64)
    if kind == "runs":  # a period repeats the one before with this probability
        stays = rng.random(n) < rng.uniform(0.2, 0.6)
        occurs = occurs[np.maximum.accumulate(np.where(stays, 0, np.arange(n)))]
    return occurs


def _sizes(mean: Array, variation: float, rng: np.random.Generator) -> Array:
    """Draw whole numbers of at least 1 with about these means and this coefficient of variation."""
    kind = rng.choice(["counts", "gamma", "log-normal"])
    if kind == "counts":  # 1 + Poisson, or 1 + negative binomial: Poisson of a mean that has a gamma distribution
        rest = np.maximum(mean - 1, 0.05)
        extra = (variation * mean) ** 2 - rest
        shape = np.where(extra > 0, rest**2 / np.maximum(extra, 1e-9), np.inf)
        spread = np.where(np.isfinite(shape), rng.gamma(np.minimum(shape, 1e6)) / np.minimum(shape, 1e6), 1.0)
        return 1.0 + rng.poisson(rest * spread)
    if kind == "gamma":
        return np.maximum(1.0, np.round(mean * rng.gamma(variation**-2, variation**2, len(mean))))
    sigma = np.sqrt(np.log1p(variation**2))
    return np.maximum(1.0, np.round(mean * np.exp(sigma * rng.normal(size=len(mean)) - sigma**2 / 2)))
