"""Coverage of sums over the horizon, on generated daily series whose dependence between the days is known.

    python benchmarks/sums.py

The series are the exponentials of a level, a weekday's effect, and independent errors of which a share, the gain, stays
in the level. The untuned prior forecasts each one; for 120 series of every gain, horizon and length the result has the
share of the totals inside the 80 % interval of 500 paths, and the weighted quantile loss of the totals at 0.1, 0.2 …
0.9. ``coarse`` is the same without the gains between 0 and 0.2, which the product had before. The generator was looked
at. Writes ``benchmarks/results/sums.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt

from elman import Forecaster
from elman.forecasting import dependence, paths

Array = npt.NDArray[np.float64]

RESULT = Path(__file__).resolve().parent / "results" / "sums.json"
GAINS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
SIZES = ((700, 56), (400, 28), (200, 14))  # values known, horizon
SERIES, PATHS = 120, 500
SHARES = np.arange(1, 10) / 10
COARSE = ((0.0, 0.05), (0.2, 0.10))  # gains up to 0.2 and their first weights, before


def generated(seed: int, days: int, gain: float) -> Array:
    """Generate series (SERIES, days)."""
    rng = np.random.default_rng(seed)
    season = rng.normal(0, 0.2, (SERIES, 7))
    errors = rng.normal(0, 1, (SERIES, days)) * rng.uniform(0.1, 0.35, (SERIES, 1))
    level = 3 + rng.normal(0, 0.5, (SERIES, 1)) + gain * (errors.cumsum(axis=1) - errors)
    return np.exp(level + season[:, np.arange(days) % 7] + errors)


def coarse() -> Any:
    """Leave out the gains between 0 and 0.2 for a while."""
    larger = [number for number, (gain, _) in enumerate(dependence.GAINS) if gain > COARSE[-1][0]]
    gains = (*((gain, 0.0) for gain, _ in COARSE), *(dependence.GAINS[number] for number in larger))
    first = np.concatenate([[weight for _, weight in COARSE], dependence._FIRST[larger]])
    return mock.patch.multiple(dependence, GAINS=gains, _FIRST=first), mock.patch.object(paths, "GAINS", gains)


def scores(model: Forecaster, totals: Array) -> dict[str, float]:
    """Score the totals of the paths."""
    sums = model.sample(PATHS, seed=0).sum(axis=2)
    quantiles = np.quantile(sums, SHARES, axis=0)
    errors = totals - quantiles
    loss = np.maximum(SHARES[:, None] * errors, (SHARES[:, None] - 1) * errors)
    inside = (quantiles[0] <= totals) & (totals <= quantiles[-1])
    return {
        "in 80 %": round(float(inside.mean()), 3),
        "loss": round(float(2 * loss.mean(axis=0).sum() / totals.sum()), 4),
    }


def main() -> None:
    """Measure, and write the file."""
    rows: dict[str, Any] = {}
    for known, horizon in SIZES:
        for number, gain in enumerate(GAINS):
            made = generated(100 * horizon + number, known + horizon, gain)
            model = Forecaster(horizon, season=7, method="prior", cutoffs=0, random_state=0).fit(list(made[:, :known]))
            totals, row = made[:, known:].sum(axis=1), {}
            row["elman"] = scores(model, totals)
            first, second = coarse()
            with first, second:
                row["coarse"] = scores(model, totals)
            rows[f"{known} days, horizon {horizon}, gain {gain:g}"] = row
            sys.stdout.write(f"{known} {horizon} {gain:g}: {row}\n")
    distance = {
        way: round(float(np.mean([abs(row[way]["in 80 %"] - 0.8) for row in rows.values()])), 3)
        for way in ("elman", "coarse")
    }
    RESULT.write_text(json.dumps({"series": SERIES, "mean distance from 0.8": distance, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
