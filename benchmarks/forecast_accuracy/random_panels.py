"""Random panels of few series: the method chosen on the training part, compared with the untuned prior."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast_accuracy.ours import Settings, forecast_panel, progress
from forecast_accuracy.published import RELATED_SETS
from forecast_accuracy.scores import mean_scores, scored
from forecast_accuracy.sets import SETS

SIZES = (5, 10, 20, 40, 70)
PANELS = 10
SEED = 70


def drawn(competition: str, names: list[str], size: int, counts: dict[str, int]) -> list[tuple[str, list[int]]]:
    """Draw the panels of one size from each set in turn, series without repetition."""
    words = [SEED, sorted(("m1", "m3")).index(competition), size]
    random = np.random.default_rng(words)
    turns = [names[turn % len(names)] for turn in range(PANELS)]
    return [
        (name, sorted(int(p) for p in random.choice(counts[name], min(size, counts[name]), replace=False)))
        for name in turns
    ]


def compared(name: str, indices: list[int], settings: Settings) -> dict[str, Any]:
    """Forecast one panel with both."""
    each = SETS[name]
    every = settings.read(each)
    series = [every[index] for index in indices]
    errors = {}
    fits: list[dict[str, Any]] = []
    for method in (settings.method, "prior"):
        found, these = forecast_panel(each, series, settings, method)
        errors[method] = mean_scores([scored(each, s, f) for s, f in zip(series, found, strict=True)])["MASE"]
        fits = fits or these
    chosen, prior = errors[settings.method], errors["prior"]
    return {
        "set": name,
        "size": len(indices),
        "series": indices,
        "method": fits[0]["method"],
        "MASE": chosen,
        "prior_MASE": prior,
        "change": round(chosen / prior - 1, 4),
        "cpu_seconds": round(sum(fit["cpu_seconds"] for fit in fits), 2),
    }


def run(settings: Settings) -> dict[str, Any]:
    """Return the mean and the worst change of MASE by competition and size; below 0 is better."""
    found: dict[str, Any] = {}
    for competition in ("m1", "m3"):
        names = [f"{competition}_{kind}" for kind in RELATED_SETS if f"{competition}_{kind}" in settings.sets]
        if not names:
            continue
        counts = {name: len(settings.read(SETS[name])) for name in names}
        found[competition] = {}
        for size in SIZES:
            rows = [compared(name, indices, settings) for name, indices in drawn(competition, names, size, counts)]
            changes = [row["change"] for row in rows]
            found[competition][str(size)] = {
                "mean": round(float(np.mean(changes)), 4),
                "worst": round(max(changes), 4),
                "panels": rows,
            }
            progress(
                f"random: {competition}, panels of {size}: mean {np.mean(changes):+.2%}, worst {max(changes):+.2%}"
            )
    return found
