"""How much of the width factor that a panel's held-out horizon asks for is found again on the next horizon.

    python benchmarks/width_factors.py [--data FOLDER]

Elman's defaults, seed 0, on panels that may be looked at: the M1 competition, whole and without its newest one to three
horizons, and generated monthly panels with and without shocks that their series share. For 80 and 95 % the result has
the factor that the held-out horizon of the fit asks for, the factor that the horizon after the fit would have needed,
and the coverage there by thirds with three rules: no factor, its square root (Elman's), the whole factor; and the slope
of the logarithm of the second factor on that of the first. Writes ``benchmarks/results/width_factors.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from forecast_accuracy.sets import DEFAULT_DATA, SETS, by_horizon, read_set

from elman import Forecaster
from elman.estimators import fitted_value
from elman.forecasting.methods import MeanMethod

Array = npt.NDArray[np.float64]

RESULT = Path(__file__).resolve().parent / "results" / "width_factors.json"
LEVELS = (80.0, 95.0)
RULES = {"none": 0.0, "square root": 1.0, "whole": 2.0}  # powers of the factors that the fit stores
BACK = {"m1_monthly": 4, "m1_quarterly": 4, "m1_yearly": 3}  # horizons, the first of which is the test part
PANELS = 10
SERIES, MONTHS, HORIZON = 300, 84, 12


def panels(data: Path) -> Iterator[tuple[str, list[Array], Array, Any]]:
    """Yield the name, the values known, those that follow (S, K) and the seasons of every panel."""
    for name, count in BACK.items():
        each = SETS[name]
        for back in range(count):
            for rows in by_horizon(series := read_set(each, data)).values():
                horizon = len(series[rows[0]].test)
                whole = [np.concatenate([series[i].train, series[i].test]) for i in rows]
                least = (back + 1) * horizon + 2 * each.season + 8
                whole = [y[: len(y) - back * horizon] for y in whole if len(y) >= least or back == 0]
                yield (
                    f"{name}, {back} back",
                    [y[:-horizon] for y in whole],
                    np.stack([y[-horizon:] for y in whole]),
                    (each.seasons),
                )
    for seed in range(PANELS):
        made = generated(seed, shocks=seed % 2)
        yield f"generated {seed}", list(made[:, :MONTHS]), made[:, MONTHS:], 12


def generated(seed: int, shocks: float) -> Array:
    """Generate series with a season, a random walk, noise with heavy tails, and a random walk that all share."""
    rng = np.random.default_rng(seed)
    months = np.arange(MONTHS + HORIZON)
    common, series = shocks * rng.normal(0, 1, len(months)).cumsum(), []
    for _ in range(SERIES):
        season = rng.normal(size=12).cumsum()
        season = (season - season.mean()) / season.std() * rng.uniform(0, 8)
        level = 100 + rng.normal(0, rng.uniform(0, 4), len(months)).cumsum() + rng.normal(0, 0.3) * months
        noise = rng.standard_t(4, len(months)) * rng.uniform(1, 6)
        series.append(np.maximum(level + rng.uniform(0.5, 3) * common + season[months % 12] + noise, 1.0))
    return np.array(series)


def measure(known: list[Array], actual: Array, seasons: Any) -> dict[str, Any] | None:
    """Fit, and score the intervals of the horizon that follows with every rule; None where nothing was measured."""
    model = Forecaster(actual.shape[1], season=seasons, random_state=0).fit(known)
    fitted = fitted_value("width_factors", model)
    method: Any = fitted.method
    stored = getattr(getattr(method, "spread", None), "widths", (1.0, 1.0))
    found: dict[str, Any] = {"series": len(known), "method": model.method_}
    ends = {}
    for rule, power in RULES.items():
        widths = tuple(width**power for width in stored)
        forecasts, ends[rule] = with_widths(method, widths).outlook("width_factors", fitted.newest, LEVELS, 0)
    for number, level in enumerate(LEVELS):
        lower, upper = (ends["none"][f"{side}-{level:g}"] for side in ("lo", "hi"))
        room = np.where(actual > forecasts, upper - forecasts, forecasts - lower)
        needed = float(np.quantile(np.abs(actual - forecasts) / room, level / 100))
        row: dict[str, Any] = {"held_out": round(stored[number] ** 2, 3), "needed": round(needed, 3), "thirds": {}}
        for rule, edges in ends.items():
            inside = (edges[f"lo-{level:g}"] <= actual) & (actual <= edges[f"hi-{level:g}"])
            row["thirds"][rule] = [round(float(part.mean()), 3) for part in np.array_split(inside, 3, axis=1)]
        found[f"{level:g}"] = row
    return found


def with_widths(method: Any, widths: tuple[float, ...]) -> Any:
    """Return a method with other width factors, those of its prior if it is a mean."""
    if isinstance(method, MeanMethod):
        return replace(method, prior=with_widths(method.prior, widths))
    return replace(method, spread=replace(method.spread, widths=widths))


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the slopes, and the mean distance of the coverage of a third from its level."""
    found: dict[str, Any] = {}
    for level in ("80", "95"):
        held, needed = (np.log([row[level][name] for row in rows]) for name in ("held_out", "needed"))
        off = {
            rule: round(
                float(np.mean([np.abs(np.array(row[level]["thirds"][rule]) - int(level) / 100) for row in rows])), 4
            )
            for rule in RULES
        }
        found[level] = {"slope": round(float(held @ needed / (held @ held)), 2), "mean_distance": off}
    return found


def main() -> None:
    """Measure every panel, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    arguments = parser.parse_args()
    result: dict[str, Any] = {"panels": {}}
    for name, known, actual, seasons in panels(arguments.data):
        result["panels"][name] = measure(known, actual, seasons)
        sys.stdout.write(f"{name}: {json.dumps(result['panels'][name])}\n")
        sys.stdout.flush()
    result["summary"] = summary(list(result["panels"].values()))
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
