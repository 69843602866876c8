"""Accuracy on public forecasting sets: defaults only, beside seasonal naive and the best published figures.

    python benchmarks/accuracy.py [--data FOLDER] [SET ...]

The folder holds one ``.jsonl`` per set (one object a line: id, h, train, test); these data are not part of the
package, those of ``air_passengers`` and ``sunspots`` are (``rolling.py``). For every set the horizon, the season and
the set's own rule for missing values are passed to the `Forecaster`, nothing else but the seed. The result goes to
``benchmarks/results/accuracy_SET.json``.

These sets were looked at, test parts included, while the recipe was found; the rules that choose window and updates
look at training parts only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rolling

import elman
from elman import Forecaster, engine
from elman.forecasting import seasonal_naive

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
DEFAULT_DATA = HERE.parents[1] / "shared" / "data"

METRICS = ("sMAPE", "MASE", "MAE")

Error = Callable[[np.ndarray, np.ndarray], float]


def smape(forecast: np.ndarray, actual: np.ndarray) -> float:
    """Mean of 200 |F - A| / (|F| + |A|)."""
    return float(np.mean(200 * np.abs(forecast - actual) / (np.abs(forecast) + np.abs(actual))))


def smape_nn5(forecast: np.ndarray, actual: np.ndarray) -> float:
    """The same with the denominator max(|F| + |A| + 0.1, 0.6) of Hewamalage et al. (2021), for days of no business."""
    size = np.maximum(np.abs(forecast) + np.abs(actual) + 0.1, 0.6)
    return float(np.mean(200 * np.abs(forecast - actual) / size))


@dataclass(frozen=True)
class Spec:
    """One set: how it is read and scored, and what others reached."""

    file: str
    season: int | tuple[int, ...]
    published: dict[str, dict[str, float]]
    bars: dict[str, float]
    missing: str = "error"
    smape: Error = smape
    note: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def lag(self) -> int:
        """Season of seasonal naive and of MASE's scale."""
        return self.season if isinstance(self.season, int) else self.season[0]


SPECS = {
    "m4_hourly": Spec(
        file="m4_hourly.jsonl",
        season=(24, 168),
        published={
            "ES-RNN, winner of the M4 competition (Smyl 2020)": {"sMAPE": 9.328, "MASE": 0.893},
            "seasonal naive, as published": {"sMAPE": 13.912, "MASE": 1.193},
            "RNN benchmark of the competition": {"sMAPE": 14.698},
        },
        bars={"sMAPE": 9.2, "MASE": 0.885},
    ),
    "nn5_daily": Spec(
        file="nn5_daily.jsonl",
        season=7,
        missing="seasonal_median",
        smape=smape_nn5,
        published={
            "TBATS (Godahewa et al. 2021)": {"sMAPE": 21.19, "MASE": 0.858},
            "stacked LSTM, Adam (Hewamalage et al. 2021)": {"sMAPE": 21.53},
        },
        bars={"sMAPE": 21.0},
        note="sMAPE with the denominator of Hewamalage et al.; days missing in the test part are not scored",
    ),
    "m3_monthly": Spec(
        file="m3_monthly.jsonl",
        season=12,
        published={
            "Theta (Makridakis & Hibon 2000)": {"sMAPE": 13.89},
            "TBATS (Godahewa et al. 2021)": {"sMAPE": 13.85, "MASE": 0.861},
            "best RNN of Hewamalage et al. (2021)": {"sMAPE": 14.11},
        },
        bars={"sMAPE": 13.85},
    ),
    "cif2016": Spec(
        file="cif2016.jsonl",
        season=12,
        published={
            "S2SD LSTM with STL, best of Hewamalage et al. (2021)": {"sMAPE": 10.23},
            "ETS (Hewamalage et al.; Godahewa et al.)": {"sMAPE": 11.88, "MASE": 0.841},
            "stacked LSTM without STL (Hewamalage et al. 2021)": {"sMAPE": 15.83},
        },
        bars={"sMAPE": 11.6},
        note="one fit per horizon (12 and 6), as published",
    ),
}


SETS = (*rolling.ROLLING, *SPECS)


def read_set(path: Path) -> dict[int, list[tuple[np.ndarray, np.ndarray]]]:
    """Read (train, test) pairs, grouped by horizon."""
    groups: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            pair = np.array(row["train"], dtype=np.float64), np.array(row["test"], dtype=np.float64)
            groups.setdefault(int(row["h"]), []).append(pair)
    return groups


def score(
    spec: Spec, pairs: list[tuple[np.ndarray, np.ndarray]], forecasts: list[np.ndarray]
) -> list[tuple[float, float]]:
    """Return (sMAPE, MASE) of every series; MASE is NaN where the training part repeats itself or is too short."""
    rows = []
    for (train, test), forecast in zip(pairs, forecasts, strict=True):
        known = ~np.isnan(test)
        error = np.mean(np.abs(forecast[known] - test[known]))
        steps = np.abs(train[spec.lag :] - train[: -spec.lag])
        scale = np.nanmean(steps) if len(steps) else np.nan
        rows.append((spec.smape(forecast[known], test[known]), float(error / scale) if scale > 0 else np.nan))
    return rows


def baseline(spec: Spec, train: np.ndarray, horizon: int) -> np.ndarray:
    """Seasonal naive; a missing value is looked for one more season back."""
    filled = train.copy()
    for t in np.flatnonzero(np.isnan(filled)):
        filled[t] = filled[t - spec.lag] if t >= spec.lag else np.nanmedian(train)
    return seasonal_naive(filled, horizon, spec.lag)


def run(spec: Spec, data: Path, n_seeds: int, seed: int, n_threads: int | None) -> dict[str, Any]:
    """Fit, forecast and score one set."""
    groups = read_set(data / spec.file)
    ours, naive, fits = [], [], []
    start = time.perf_counter()
    for horizon, pairs in sorted(groups.items()):
        model = Forecaster(
            horizon,
            season=spec.season,
            missing=spec.missing,
            n_seeds=n_seeds,
            random_state=seed,
            n_threads=n_threads,
            **spec.settings,
        )
        forecasts = model.fit([train for train, _ in pairs]).predict()
        ours += score(spec, pairs, forecasts)
        naive += score(spec, pairs, [baseline(spec, train, horizon) for train, _ in pairs])
        fits.append({"horizon": horizon, "series": len(pairs), "window": model.window_, "updates": model.updates_})
    seconds = time.perf_counter() - start
    mean = {"Elman": np.nanmean(ours, axis=0), "seasonal naive": np.nanmean(naive, axis=0)}
    return {
        "scores": {name: {"sMAPE": round(float(s), 4), "MASE": round(float(m), 4)} for name, (s, m) in mean.items()},
        "published": spec.published,
        "bars": spec.bars,
        "seconds": round(seconds, 1),
        "settings": {"n_seeds": n_seeds, "random_state": seed, "season": spec.season, "missing": spec.missing}
        | spec.settings,
        "fits": fits,
        "note": spec.note,
    }


def machine(n_threads: int | None) -> dict[str, Any]:
    """Describe where the figures come from."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = [
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ]
        model = names[0] if names else model
    return {
        "cpu": model,
        "cpus": os.cpu_count(),
        "threads": n_threads or engine.num_threads(),
        "isa": engine.isa(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "elman": elman.__version__,
    }


def report(name: str, result: dict[str, Any]) -> bool:
    """Print a table; return whether every bar is reached."""
    rows = {**result["scores"], **result["published"]}
    print(
        f"\n{name}: {result['seconds']:.1f} s wall time, {result['machine']['threads']} threads, fits {result['fits']}"
    )
    print(f"  {'':58s} {' '.join(f'{metric:>8s}' for metric in METRICS)}")
    for label, values in rows.items():
        cells = (f"{values[metric]:8.3f}" if metric in values else f"{'':8s}" for metric in METRICS)
        print(f"  {label:58s} {' '.join(cells)}")
    reached = True
    for metric, bar in result["bars"].items():
        value = result["scores"]["Elman"][metric]
        reached &= value <= bar
        print(f"  {metric} {value:.3f}, bar {bar}: {'reached' if value <= bar else 'NOT reached'}")
    return reached


def main() -> int:
    """Run the sets named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; all if none is named")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the .jsonl files, or its parent")
    parser.add_argument("--n-seeds", type=int, default=Forecaster(1).n_seeds, help="networks per ensemble")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the .json")
    args = parser.parse_args()
    folder = args.data / "forecasting" if (args.data / "forecasting").is_dir() else args.data
    if unknown := [name for name in args.sets if name not in SETS]:
        parser.error(f"there is no set {unknown[0]!r}; choose from {', '.join(SETS)}")
    reached = True
    for name in args.sets or SETS:
        if name in SPECS and not (folder / SPECS[name].file).is_file():
            print(
                f"accuracy: {folder / SPECS[name].file} not found. The benchmark data are not part of the package; "
                "pass their folder with --data.",
                file=sys.stderr,
            )
            if args.sets:
                return 2
            continue
        if name in SPECS:
            result = run(SPECS[name], folder, args.n_seeds, args.seed, args.threads)
        else:
            result = rolling.run(rolling.ROLLING[name], args.n_seeds, args.seed, args.threads)
        result["machine"] = machine(args.threads)
        reached &= report(name, result)
        args.results.mkdir(parents=True, exist_ok=True)
        (args.results / f"accuracy_{name}.json").write_text(json.dumps({"set": name, **result}, indent=2) + "\n")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
