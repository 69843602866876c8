"""Coverage of the prediction intervals on public sets: how many values to come lie inside the 80 % and the 95 %.

    python benchmarks/coverage.py [--data FOLDER] [SET ...]

Horizon and season are passed to the `Forecaster`, and ``intervals="auto"``; everything else is as it comes. The data
are those of `accuracy.py`. The result goes to ``benchmarks/results/coverage.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import DEFAULT_DATA, RESULTS, SPECS, machine, read_set

from elman import Forecaster

BARS = {80: (0.75, 0.85), 95: (0.90, 0.98)}
SETS = ("m4_hourly", "m3_monthly")


def run(name: str, folder: Path, n_seeds: int, threads: int | None) -> dict[str, Any]:
    """Fit one set and count the values inside."""
    spec = SPECS[name]
    ((horizon, pairs),) = read_set(folder / spec.file).items()
    model = Forecaster(
        horizon,
        season=spec.season,
        missing=spec.missing,
        intervals="auto",
        n_seeds=n_seeds,
        random_state=0,
        n_threads=threads,
    )
    start = time.perf_counter()
    forecasts = model.fit([train for train, _ in pairs]).predict(level=list(BARS))
    seconds = time.perf_counter() - start
    scales = np.array([np.mean(np.abs(train[spec.lag :] - train[: -spec.lag])) for train, _ in pairs])
    actual = np.array([test for _, test in pairs])
    levels = {}
    for level, (low, high) in BARS.items():
        lower, upper = (np.array([each[f"Elman-{edge}-{level}"] for each in forecasts]) for edge in ("lo", "hi"))
        inside = (lower <= actual) & (actual <= upper)
        width = np.nanmean(np.where(scales > 0, np.mean(upper - lower, axis=1) / scales, np.nan))
        levels[str(level)] = {
            "coverage": round(float(inside.mean()), 4),
            "bar": [low, high],
            "reached": bool(low <= inside.mean() <= high),
            "first_step": round(float(inside[:, 0].mean()), 4),
            "last_step": round(float(inside[:, -1].mean()), 4),
            "mean_width_in_mase_scales": round(float(width), 3),
        }
    return {
        "series": len(pairs),
        "horizon": horizon,
        "levels": levels,
        "residuals_per_step": model._residuals.count,
        "seconds_for_both_fits": round(seconds, 1),
        "n_seeds": n_seeds,
    }


def main() -> int:
    """Run the sets named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; all if none is named")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the .jsonl files, or its parent")
    parser.add_argument("--n-seeds", type=int, default=5, help="networks per ensemble")
    parser.add_argument("--threads", type=int, default=None)
    args = parser.parse_args()
    folder = args.data / "forecasting" if (args.data / "forecasting").is_dir() else args.data
    path = RESULTS / "coverage.json"
    results = json.loads(path.read_text()) if path.exists() else {"sets": {}}
    results["machine"] = machine(args.threads)
    reached = True
    for name in args.sets or SETS:
        if name not in SETS:
            parser.error(f"there is no set {name!r}; choose from {', '.join(SETS)}")
        if not (folder / SPECS[name].file).is_file():
            print(f"coverage: {folder / SPECS[name].file} not found; pass its folder with --data.", file=sys.stderr)
            return 2
        results["sets"][name] = result = run(name, folder, args.n_seeds, args.threads)
        print(f"{name}: {result['seconds_for_both_fits']} s, {result['residuals_per_step']} residuals a step")
        for level, row in result["levels"].items():
            width = row["mean_width_in_mase_scales"]
            print(f"  {level} %: {100 * row['coverage']:.1f} % inside, bar {row['bar']}, width {width}")
            reached &= row["reached"]
        path.write_text(json.dumps(results, indent=2) + "\n")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
