"""Forecasts of the two shipped series from five past cut-offs, refitted at each, with every baseline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.data.datasets import load_dataset
from elman.forecasting import BASELINES
from forecast_accuracy.ours import Settings, progress
from forecast_accuracy.scores import mase_scale, smape
from forecast_accuracy.sets import Array

CUT_OFFS = 5


@dataclass(frozen=True)
class Rolling:
    """One shipped series, and its season, which is also the horizon."""

    dataset: str
    season: int


ROLLING = {"air_passengers": Rolling("air-passengers", 12), "sunspots": Rolling("sunspots", 11)}


def errors(forecast: Array, actual: Array, train: Array, season: int) -> dict[str, float]:
    """Return sMAPE (0 to 200), MASE and MAE of one forecast."""
    distance = float(np.abs(forecast - actual).mean())
    return {"sMAPE": smape(forecast, actual), "MASE": distance / mase_scale(train, season), "MAE": distance}


def run(name: str, settings: Settings) -> dict[str, Any]:
    """Fit and forecast at every cut-off."""
    spec = ROLLING[name]
    horizon = season = spec.season
    y = load_dataset(spec.dataset)["y"].to_numpy(dtype=np.float64)
    found: dict[str, list[dict[str, float]]] = {each: [] for each in ("Elman", *BASELINES)}
    methods, start = [], time.process_time()
    for left_out in range(CUT_OFFS * horizon, 0, -horizon):
        train, actual = y[:-left_out], y[-left_out:][:horizon]
        model = settings.forecaster(horizon, season).fit(train)
        forecasts = {"Elman": model.predict()}
        forecasts |= {each: baseline(train, horizon, season) for each, baseline in BASELINES.items()}
        for each, forecast in forecasts.items():
            found[each].append(errors(forecast, actual, train, season))
        methods.append(str(model.method_))
        progress(f"rolling: {name}, {len(train)} values known, {model.method_}")
    seconds = time.process_time() - start
    return {
        "scores": {
            each: {metric: round(float(np.mean([row[metric] for row in rows])), 4) for metric in rows[0]}
            for each, rows in found.items()
        },
        "by_cut_off": {each: [round(row["sMAPE"], 3) for row in rows] for each, rows in found.items()},
        "methods": methods,
        "cpu_seconds": round(seconds, 2),
        "note": f"{CUT_OFFS} cut-offs, {horizon} values apart, a fit at each",
    }
