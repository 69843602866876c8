"""Scores of a forecast and of its intervals, and their means over a set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forecast_accuracy.sets import Array, Series, Set

LEVELS = (80, 95)
THIRDS = ("first", "middle", "last")


def mase_scale(train: Array, season: int) -> float:
    """Return the mean absolute error of seasonal naive on the training part, or of naive if it is too short."""
    lag = season if len(train) > season else 1
    steps = np.abs(train[lag:] - train[:-lag])
    return float(steps.mean()) if len(steps) and steps.mean() > 0 else float("nan")


def smape(forecast: Array, actual: Array, floor: float = 0.0) -> float:
    """Mean of 200 |F - A| / (|F| + |A|); with a floor the denominator is max(|F| + |A| + 0.1, floor)."""
    size = np.abs(forecast) + np.abs(actual)
    size = np.maximum(size + 0.1, floor) if floor else np.where(size > 0, size, 1.0)
    return float(np.mean(200 * np.abs(forecast - actual) / size))


def scored(each: Set, series: Series, forecast: Mapping[str, Array]) -> dict[str, Any]:
    """Score one forecast: ``mean``, and ``lo-80``, ``hi-80``, … if it has intervals.

    Missing test values are not scored. Returns sMAPE, MASE and, by level, the coverage of the whole horizon and of its
    thirds, and the mean width in MASE scales.
    """
    known = ~np.isnan(series.test)
    scale = mase_scale(series.train, each.season)
    point, actual = forecast["mean"][known], series.test[known]
    row: dict[str, Any] = {
        "sMAPE": smape(point, actual, each.floor),
        "MASE": float(np.mean(np.abs(point - actual)) / scale),
    }
    for level in LEVELS:
        if f"lo-{level}" not in forecast:
            continue
        low, high = forecast[f"lo-{level}"], forecast[f"hi-{level}"]
        inside = np.where(known, (low <= series.test) & (series.test <= high), np.nan)
        parts = (inside, *np.array_split(inside, 3))
        row[f"inside-{level}"] = [float(np.nanmean(part)) if not np.isnan(part).all() else np.nan for part in parts]
        row[f"width-{level}"] = float(np.mean(high - low) / scale)
    return row


def stand_in(series: Series, season: int) -> dict[str, Array]:
    """Return seasonal naive without intervals, in place of a failed method."""
    lag = season if len(series.train) >= season else 1
    return {"mean": np.resize(series.train[-lag:], len(series.test))}


def mean_scores(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the means over series; a MASE without scale does not count."""
    found: dict[str, Any] = {
        metric: round(float(np.nanmean([row[metric] for row in rows])), 4) for metric in ("sMAPE", "MASE")
    }
    intervals = {}
    for level in LEVELS:
        inside = [row[f"inside-{level}"] for row in rows if f"inside-{level}" in row]
        if inside:
            coverage, *thirds = (round(float(share), 4) for share in np.nanmean(inside, axis=0))
            widths = [row[f"width-{level}"] for row in rows if f"width-{level}" in row]
            intervals[str(level)] = {
                "coverage": coverage,
                "thirds": thirds,
                "width": round(float(np.nanmean(widths)), 3),
            }
    return found | ({"intervals": intervals} if intervals else {})


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean."""
    return float(np.exp(np.mean(np.log(values))))


def compact(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[float | None]]:
    """Return sMAPE and MASE per series as two lists of five significant digits, for a file."""
    return {
        metric: [float(f"{row[metric]:.5g}") if np.isfinite(row[metric]) else None for row in rows]
        for metric in ("sMAPE", "MASE")
    }
