"""The yearly season of daily data: the default beside the week alone, on generated series and one horizon ahead.

    python benchmarks/yearly.py

Every series is fitted alone with ``season="auto"`` and with ``season=7``. The result has, for every kind, length and
horizon, the mean absolute error of both relative to the mean change over a week, and the share of the series for which
the default found a year. ``ratio`` is the geometric mean of the default's error over that of the week, over the kinds
with a yearly pattern and over those without. The generator was looked at. Writes ``benchmarks/results/yearly.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman import Forecaster

Array = npt.NDArray[np.float64]

RESULT = Path(__file__).resolve().parent / "results" / "yearly.json"
SERIES = 12
SIZES = ((740, 28), (740, 56), (800, 14), (800, 56), (1461, 14), (1461, 56))  # values known, horizon
YEARLY = ("year", "year and trend", "year and shifts", "year, weak", "season of a month", "fixed holidays")
KINDS = (*YEARLY, "week", "trend", "shifts", "walk", "slow autoregression", "counts with zeros")


def autoregression(rng: np.random.Generator, days: int, memory: float) -> Array:
    """Generate an autoregression of unit deviation (SERIES, days)."""
    x = np.empty((SERIES, days))
    state = rng.normal(size=SERIES)
    for day in range(days):
        x[:, day] = state
        state = memory * state + np.sqrt(1 - memory**2) * rng.normal(size=SERIES)
    return x


def shifts(rng: np.random.Generator, days: int) -> Array:
    """Generate two changes of the level of each series."""
    day = np.arange(days)
    return sum(rng.normal(0, 0.4, (SERIES, 1)) * (day >= rng.integers(0, days, (SERIES, 1))) for _ in range(2))


def waves(rng: np.random.Generator, days: int, least: float, most: float) -> Array:
    """Generate yearly patterns of three waves."""
    phase = 2 * np.pi * np.arange(days) / 365.25
    made = np.zeros((SERIES, days))
    for order in (1, 2, 3):
        made += rng.normal(0, 1 / order, (SERIES, 1)) * np.cos(order * phase + rng.uniform(0, 2 * np.pi, (SERIES, 1)))
    return rng.uniform(least, most, (SERIES, 1)) * made


def generated(seed: int, days: int, kind: str) -> Array:
    """Generate series (SERIES, days)."""
    rng, day = np.random.default_rng([seed, KINDS.index(kind)]), np.arange(days)
    x = 4 + rng.normal(0, 0.7, (SERIES, 1)) + rng.normal(0, 0.15, (SERIES, 7))[:, day % 7]
    x = x + rng.uniform(0.05, 0.25, (SERIES, 1)) * autoregression(rng, days, rng.uniform(0, 0.8))
    if kind.startswith("year"):
        x = x + waves(rng, days, *((0.02, 0.08) if kind == "year, weak" else (0.1, 0.4)))
    if "trend" in kind:
        x = x + rng.normal(0, 0.15, (SERIES, 1)) * day / 365
    if "shifts" in kind:
        x = x + shifts(rng, days)
    if kind == "season of a month":
        distance = (day - rng.integers(0, 365, (SERIES, 1))) % 365 - 180
        x = x + rng.uniform(0.3, 1, (SERIES, 1)) * np.exp(-((distance / 15) ** 2))
    if kind == "fixed holidays":
        for start in rng.integers(0, 365, 8):
            x = x + rng.normal(0, 0.6, (SERIES, 1)) * ((day - start) % 365 < rng.integers(1, 4))
    if kind == "walk":
        x = x + rng.uniform(0.005, 0.03, (SERIES, 1)) * rng.normal(size=(SERIES, days)).cumsum(axis=1)
    if kind == "slow autoregression":
        x = x + 0.25 * autoregression(rng, days, 0.985)
    if kind == "counts with zeros":
        return rng.poisson(np.exp(np.clip(x - 4, -3, 3))).astype(np.float64)
    return np.exp(x)


def scores(series: Array, known: int, horizon: int) -> dict[str, float]:
    """Score both settings on the horizon after the known values."""
    days = pd.date_range("2019-01-01", periods=known)
    errors: dict[str, list[float]] = {"default": [], "week": []}
    found = []
    for y in series:
        frame = pd.DataFrame({"unique_id": "y", "ds": days, "y": y[:known]})
        unit = np.abs(y[7:known] - y[: known - 7]).mean()
        for name, season in (("default", "auto"), ("week", 7)):
            settings: dict[str, Any] = {"season": season, "random_state": 0}
            model = Forecaster(horizon, **settings).fit(frame)
            distance = np.abs(model.predict()["Elman"].to_numpy() - y[known:])
            errors[name].append(float(distance.mean() / unit))
            if name == "default":
                found.append(len(model.seasons_) > 1)
    means = {name: round(float(np.mean(each)), 3) for name, each in errors.items()}
    return means | {"found": round(float(np.mean(found)), 2)}


def ratio(rows: dict[str, Any], yearly: bool) -> float:
    """Return the geometric mean of the ratios of both errors."""
    of = [row for name, row in rows.items() if (name.rsplit(", ", 2)[0] in YEARLY) == yearly]
    return round(float(np.exp(np.mean([np.log(row["default"] / row["week"]) for row in of]))), 3)


def main() -> None:
    """Measure, and write the file."""
    rows: dict[str, Any] = {}
    for known, horizon in SIZES:
        for kind in KINDS:
            row = scores(generated(known + horizon, known + horizon, kind), known, horizon)
            rows[f"{kind}, {known} days, horizon {horizon}"] = row
            sys.stdout.write(f"{kind} {known} {horizon}: {row}\n")
            sys.stdout.flush()
    ratios = {"with a year": ratio(rows, yearly=True), "without": ratio(rows, yearly=False)}
    RESULT.write_text(json.dumps({"series": SERIES, "ratio": ratios, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
