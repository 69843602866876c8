"""Elman's forecasts as for a user: from values, horizon, season and seed."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elman import Forecaster
from forecast_accuracy.scores import LEVELS, compact, mean_scores, scored, stand_in
from forecast_accuracy.sets import DEFAULT_DATA, SETS, Array, Series, Set, by_horizon, read_set


@dataclass(frozen=True)
class Settings:
    """Settings of a run of ``accuracy.py``."""

    data: Path = DEFAULT_DATA
    sets: tuple[str, ...] = tuple(SETS)
    method: str = "auto"
    seed: int = 0
    threads: int | None = None
    at_most: int | None = None  # series per set, for a trial

    def forecaster(self, horizon: int, season: Any, method: str | None = None) -> Forecaster:
        """Return a forecaster with defaults except horizon, season and seed."""
        return Forecaster(
            horizon, season=season, method=method or self.method, random_state=self.seed, n_threads=self.threads
        )

    def read(self, each: Set) -> list[Series]:
        """Read a set, or its first series."""
        return read_set(each, self.data, self.at_most)

    def about(self) -> dict[str, Any]:
        """Return the settings for a result file."""
        return {"method": self.method, "seed": self.seed}


def progress(text: str) -> None:
    """Print progress on the error stream."""
    print(text, file=sys.stderr, flush=True)


def as_forecast(delivered: Any) -> dict[str, Array]:
    """Return ``mean``, ``lo-80``, … from the output of `Forecaster.predict` with levels for one series."""
    found = {"mean": np.asarray(delivered["Elman"], dtype=np.float64)}
    for level in LEVELS:
        for edge in ("lo", "hi"):
            found[f"{edge}-{level}"] = np.asarray(delivered[f"Elman-{edge}-{level}"], dtype=np.float64)
    return found


def forecast(model: Forecaster, train: Any) -> Any:
    """Fit and forecast, with intervals."""
    return model.fit(train).predict(level=list(LEVELS))


def forecast_alone(each: Set, series: Series, settings: Settings) -> tuple[dict[str, Array], str]:
    """Forecast one series alone; return the forecast and the method."""
    model = settings.forecaster(len(series.test), each.seasons)
    found = as_forecast(forecast(model, series.train))
    return found, str(model.method_)


def forecast_panel(
    each: Set, series: Sequence[Series], settings: Settings, method: str | None = None
) -> tuple[list[dict[str, Array]], list[dict[str, Any]]]:
    """Forecast series together, one forecaster per horizon; return the forecasts and the methods."""
    found: list[dict[str, Array]] = [{} for _ in series]
    fits = []
    for horizon, indices in by_horizon(series).items():
        start = time.process_time()
        model = settings.forecaster(horizon, each.seasons, method)
        for index, delivered in zip(indices, forecast(model, [series[p].train for p in indices]), strict=True):
            found[index] = as_forecast(delivered)
        fits.append(
            {
                "horizon": horizon,
                "series": len(indices),
                "method": str(model.method_),
                "reason": str(getattr(model, "reason_", "")),
                "cpu_seconds": round(time.process_time() - start, 2),
            }
        )
    return found, fits


def alone(each: Set, settings: Settings) -> dict[str, Any]:
    """Score every series of a set, each forecast alone; fit and forecast are timed together."""
    every = settings.read(each)
    forecast_alone(each, every[0], settings)  # loading is not timed
    rows, seconds, methods, failures = [], [], [], []
    for index, series in enumerate(every):
        start = time.process_time()
        try:
            found, method = forecast_alone(each, series, settings)
        except Exception as error:  # counted, with a bar; a long run continues
            found, method = stand_in(series, each.season), "failed"
            failures.append(f"{index}: {type(error).__name__}: {error}"[:200])
        seconds.append(time.process_time() - start)
        methods.append(method)
        rows.append(scored(each, series, found))
        if (index + 1) % 100 == 0:
            progress(f"alone: {each.name}, {index + 1} of {len(every)}, {sum(seconds):.1f} CPU s")
    return {
        **summary(rows, each, settings),
        "cpu_seconds_per_series": round(float(np.mean(seconds)), 4),
        "cpu_seconds_per_series_median": round(float(np.median(seconds)), 4),
        "methods": dict(Counter(methods).most_common()),
        "failures": failures,
    }


def panel(each: Set, settings: Settings) -> dict[str, Any]:
    """Score the series of a set, forecast together."""
    every = settings.read(each)
    start = time.process_time()
    found, fits = forecast_panel(each, every, settings)
    seconds = time.process_time() - start
    rows = [scored(each, series, row) for series, row in zip(every, found, strict=True)]
    return {**summary(rows, each, settings), "cpu_seconds": round(seconds, 2), "fits": fits}


def summary(rows: list[dict[str, Any]], each: Set, settings: Settings) -> dict[str, Any]:
    """Return the means, the number of series, and the scores of each."""
    of = len(rows) if settings.at_most is None else len(read_set(each, settings.data))
    return {**mean_scores(rows), "series": len(rows), "of": of, "per_series": compact(rows)}


def batch(settings: Settings, n_series: int = 1000, method: str = "prior") -> dict[str, Any]:
    """Time one call for many series: those of M1 monthly, repeated if necessary."""
    each = SETS["m1_monthly"]
    every = settings.read(each)
    trains = [every[index % len(every)].train for index in range(n_series)]
    horizon = len(every[0].test)
    forecast(settings.forecaster(horizon, each.seasons, method), trains[:1])  # loading is not timed
    start = time.process_time()
    forecast(settings.forecaster(horizon, each.seasons, method), trains)
    seconds = time.process_time() - start
    return {"series": n_series, "method": method, "cpu_ms_per_series": round(1000 * seconds / n_series, 3)}
