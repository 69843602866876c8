"""The prior tuned for longer on few and on many past origins of each series, on generated hourly and daily panels.

    python benchmarks/longer_tuning.py

Each panel is forecast one horizon ahead by the untuned prior, by the prior of the usual tuning (100 updates, 6 random
origins a series), and by pairs of priors of 1,000 updates on 6 and on 120 origins. The result has the quantile loss at
nine levels, in units of the mean change over a season, relative to that of the untuned prior, and the share of the
values inside the 80 % interval; of each panel, and their means. The generator was looked at. Writes
``benchmarks/results/longer_tuning.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.prior import LEVELS, Prior, load_prior
from elman.prior.tuning import ORIGINS, UPDATES

Array = npt.NDArray[np.float64]

RESULT = Path(__file__).resolve().parent / "results" / "longer_tuning.json"
PANELS = 4
WAYS = {  # updates, origins, members
    "100 updates, 6 origins": (UPDATES, ORIGINS, 1),
    "1,000 updates, 6 origins": (10 * UPDATES, ORIGINS, 2),
    "1,000 updates, 120 origins": (10 * UPDATES, 20 * ORIGINS, 2),
}
UNTUNED = "untuned"


def autoregression(rng: np.random.Generator, memory: Array, steps: int) -> Array:
    """Generate autoregressions of unit deviation with heavy tails, one for each memory (S, steps)."""
    state, made = np.zeros(len(memory)), []
    for _ in range(steps + 200):
        state = memory * state + rng.standard_t(5, len(memory))
        made.append(state)
    kept = np.array(made[200:]).T
    return kept / kept.std(axis=1, keepdims=True)


def hourly(rng: np.random.Generator) -> tuple[Array, int, list[int]]:
    """Generate 150 series of 700 hours and a horizon of 48: profiles of the day that series share in parts."""
    series, hours, horizon = 150, 700, 48
    t = np.arange(hours + horizon)
    hour, day = t % 24, t // 24 % 7
    profiles = np.array([np.convolve(rng.normal(size=30), np.ones(7) / 7, "valid") for _ in range(4)])
    profiles -= profiles.mean(axis=1, keepdims=True)
    profiles = rng.dirichlet(np.ones(4), series) @ (profiles / profiles.std(axis=1, keepdims=True))
    weekend = np.where(day >= 5, rng.uniform(0.2, 1.0, (series, 1)), 1.0)
    x = rng.uniform(0.1, 0.6, (series, 1)) * profiles[:, hour] * weekend
    x += (rng.dirichlet(np.ones(3), series) @ rng.normal(0, 0.3, (3, 7)))[:, day]
    x += rng.uniform(0.05, 0.2, (series, 1)) * autoregression(rng, rng.uniform(0.95, 0.995, series), len(t))
    size = rng.uniform(0.02, 0.15, (series, 1)) * np.exp(rng.uniform(0.1, 0.8, (series, 1)) * profiles[:, hour])
    x += size * autoregression(rng, rng.uniform(0.2, 0.9, series), len(t))
    return np.exp(6 + x), horizon, [24, 168]


def daily(rng: np.random.Generator) -> tuple[Array, int, list[int]]:
    """Generate 120 series of 735 days and a horizon of 56: weeks and noise that series share in parts, and days off."""
    series, days, horizon = 120, 735, 56
    t = np.arange(days + horizon)
    kinds = rng.dirichlet(np.full(3, 0.7), series)
    x = (kinds @ rng.normal(0, 0.35, (3, 7)))[:, t % 7]
    size = rng.uniform(0.1, 0.35, (series, 1)) * np.exp((kinds @ rng.normal(0, 0.35, (3, 7)))[:, t % 7])
    x += size * autoregression(rng, rng.uniform(0.1, 0.7, series), len(t))
    for start in rng.integers(0, 365, 10):
        off = (t - start) % 365 < rng.integers(1, 4)
        x += rng.uniform(0.3, 1.0, (series, 1)) * rng.normal(0, 0.4) * off
    x += rng.uniform(0, 0.01, (series, 1)) * rng.normal(size=(series, len(t))).cumsum(axis=1)
    return np.exp(3 + x), horizon, [7]


KINDS = {"hourly": hourly, "daily": daily}


def scores(prior: Prior, known: list[Array], actual: Array, seasons: list[int]) -> tuple[float, float]:
    """Return the mean quantile loss in units of the change over a season, and the share inside the 80 % interval."""
    quantiles = prior.forecast(known, actual.shape[1], seasons)
    units = np.array([np.abs(y[seasons[0] :] - y[: -seasons[0]]).mean() for y in known])[:, None, None]
    levels, error = np.array(LEVELS), (actual[..., None] - quantiles) / units
    inside = (quantiles[..., LEVELS.index(0.1)] <= actual) & (actual <= quantiles[..., LEVELS.index(0.9)])
    return float(2 * np.maximum(levels * error, (levels - 1) * error).mean()), float(inside.mean())


def measure(kind: str, panel: int) -> dict[str, dict[str, float]]:
    """Tune and score on one panel."""
    values, horizon, seasons = KINDS[kind](np.random.default_rng([panel, list(KINDS).index(kind)]))
    known, actual = list(values[:, :-horizon]), values[:, -horizon:]
    before, covered = scores(load_prior(), known, actual, seasons)
    found = {UNTUNED: {"loss": 1.0, "inside_80": round(covered, 4)}}
    for way, (updates, origins, members) in WAYS.items():
        tuned = load_prior().tuned(known, horizon, seasons, updates=updates, origins=origins, members=members)
        loss, covered = scores(tuned, known, actual, seasons)
        found[way] = {"loss": round(loss / before, 4), "inside_80": round(covered, 4)}
        sys.stdout.write(f"{kind} {panel}, {way}: {json.dumps(found[way])}\n")
    return found


def main() -> None:
    """Measure all panels and write the result."""
    result: dict[str, Any] = {}
    for kind in KINDS:
        panels = [measure(kind, panel) for panel in range(PANELS)]
        means = {
            way: {name: round(float(np.mean([each[way][name] for each in panels])), 4) for name in panels[0][way]}
            for way in (UNTUNED, *WAYS)
        }
        result[kind] = {"means": means, "panels": panels}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
