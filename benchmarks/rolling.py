"""Forecasts of single series from past cut-offs, a fit at each, beside every baseline: part of ``accuracy.py``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman import Forecaster
from elman.data.datasets import load_dataset
from elman.forecasting import BASELINES, cross_validation

CUT_OFFS = 5
ONCE = "Elman, fitted once, before the first cut-off"


@dataclass(frozen=True)
class Rolling:
    """One shipped series, its season, and what has to be reached: a figure, or a baseline's."""

    dataset: str
    horizon: int
    season: int
    bars: dict[str, float | str]


ROLLING = {
    "air_passengers": Rolling("air-passengers", horizon=12, season=12, bars={"sMAPE": 4.6}),
    "sunspots": Rolling("sunspots", horizon=11, season=11, bars={"MAE": "seasonal naive"}),
}


def errors(forecast: np.ndarray, actual: np.ndarray, train: np.ndarray, season: int) -> dict[str, float]:
    """Return sMAPE (0 to 200), MASE and MAE of one forecast."""
    distance = np.abs(forecast - actual)
    scale = np.mean(np.abs(train[season:] - train[:-season]))
    return {
        "sMAPE": float(np.mean(200 * distance / (np.abs(forecast) + np.abs(actual)))),
        "MASE": float(distance.mean() / scale),
        "MAE": float(distance.mean()),
    }


def run(spec: Rolling, n_seeds: int, seed: int, n_threads: int | None) -> dict[str, Any]:
    """Fit and forecast at every cut-off."""
    y = load_dataset(spec.dataset)["y"].to_numpy(dtype=np.float64)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ("Elman", *BASELINES)}
    fits = []
    start = time.perf_counter()
    for left_out in range(CUT_OFFS * spec.horizon, 0, -spec.horizon):
        train, actual = y[:-left_out], y[-left_out:][: spec.horizon]
        model = Forecaster(spec.horizon, season=spec.season, n_seeds=n_seeds, random_state=seed, n_threads=n_threads)
        forecasts = {"Elman": model.fit(train).predict()}
        forecasts |= {name: baseline(train, spec.horizon, spec.season) for name, baseline in BASELINES.items()}
        for name, forecast in forecasts.items():
            found[name].append(errors(forecast, actual, train, spec.season))
        sizes = {"horizon": spec.horizon, "series": 1, "values": len(train)}
        fits.append(sizes | {"window": model.window_, "updates": model.updates_})
    seconds = time.perf_counter() - start
    found[ONCE] = fitted_once(spec, y, n_seeds, seed, n_threads)
    scores = {
        name: {metric: round(float(np.mean([row[metric] for row in rows])), 4) for metric in rows[0]}
        for name, rows in found.items()
    }
    bars = {metric: scores[bar][metric] if isinstance(bar, str) else bar for metric, bar in spec.bars.items()}
    return {
        "scores": scores,
        "by_cut_off": {name: [round(row["sMAPE"], 3) for row in rows] for name, rows in found.items()},
        "published": {},
        "bars": bars,
        "seconds": round(seconds, 1),
        "settings": {"n_seeds": n_seeds, "random_state": seed, "season": spec.season, "missing": "error"},
        "fits": fits,
        "note": f"{CUT_OFFS} cut-offs, {spec.horizon} values apart, a fit at each but in the row {ONCE!r}",
    }


def fitted_once(spec: Rolling, y: np.ndarray, n_seeds: int, seed: int, n_threads: int | None) -> list[dict[str, float]]:
    """Fit on what precedes the earliest cut-off and forecast from all, as `cross_validation` does by default."""
    model = Forecaster(spec.horizon, season=spec.season, n_seeds=n_seeds, random_state=seed, n_threads=n_threads)
    forecasts = cross_validation(model, y, CUT_OFFS, baselines=[])["Elman"].to_numpy().reshape(CUT_OFFS, spec.horizon)
    rows = []
    for forecast, left_out in zip(forecasts, range(CUT_OFFS * spec.horizon, 0, -spec.horizon), strict=True):
        rows.append(errors(forecast, y[-left_out:][: spec.horizon], y[:-left_out], spec.season))
    return rows
