"""A model of statsforecast for `uncertainty.py`: python uncertainty_peer.py SERIES.npz SEASON HORIZON MODEL.

MODEL is AutoETS or AutoARIMA. Reads the training parts from the file and writes quantiles and ends of intervals to it.
For seasons longer than 12 AutoARIMA compares its models by approximate likelihoods, R's default for them: with
exact ones an hour was too short for twenty hourly series.
Where the model fails, the seasonal naive forecast with its own intervals stands in.
"""

from __future__ import annotations

import sys

import numpy as np
from statsforecast.models import AutoARIMA, AutoETS, SeasonalNaive

SHARES = tuple(round(0.1 * i, 1) for i in range(1, 10))
LEVELS = (20, 40, 60, 80, 95)
MODELS = {"AutoETS": AutoETS, "AutoARIMA": AutoARIMA}


def main() -> None:
    """Forecast every series."""
    path, season, horizon, model = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    with np.load(path) as file:
        series = [file[name] for name in file]
    columns: dict[str, list[np.ndarray]] = {}
    replaced = 0
    for y in series:
        try:
            options = {"approximation": season > 12} if model == "AutoARIMA" else {}
            found = MODELS[model](season_length=season, **options).forecast(y, h=horizon, level=list(LEVELS))
        except Exception as error:  # they raise many kinds, of short and of constant series
            replaced += 1
            print(f"{model} failed, seasonal naive stands in for it: {error}", file=sys.stderr)
            found = SeasonalNaive(season_length=season).forecast(y, h=horizon, level=list(LEVELS))
        ends = {f"{side}-{level}": np.asarray(found[f"{side}-{level}"]) for level in LEVELS for side in ("lo", "hi")}
        ends["point"] = np.asarray(found["mean"])
        for share in SHARES:
            level = round(100 * abs(2 * share - 1))
            name = "point" if level == 0 else f"{'lo' if share < 0.5 else 'hi'}-{level}"
            ends[f"q-{share:g}"] = ends[name]
        for name, values in ends.items():
            columns.setdefault(name, []).append(values)
    print(f"seasonal naive in place of {model}: {replaced} of {len(series)} series", file=sys.stderr)
    np.savez(path, **{name: np.stack(rows) for name, rows in columns.items()})


if __name__ == "__main__":
    main()
