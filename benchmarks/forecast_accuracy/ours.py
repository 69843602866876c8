"""Elman's forecasts as a user gets them: values, horizon and season are passed, and a seed."""

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
    """What a run of ``accuracy.py`` was asked for."""

    data: Path = DEFAULT_DATA
    sets: tuple[str, ...] = tuple(SETS)
    method: str = "auto"
    seed: int = 0
    threads: int | None = None
    at_most: int | None = None  # series per set, for a trial

    def forecaster(self, horizon: int, season: Any, method: str | None = None) -> Forecaster:
        """Return a forecaster that is told nothing but the horizon and the season."""
        return Forecaster(
            horizon, season=season, method=method or self.method, random_state=self.seed, n_threads=self.threads
        )

    def read(self, each: Set) -> list[Series]:
        """Read a set, or as much of it as was asked for."""
        return read_set(each, self.data, self.at_most)

    def about(self) -> dict[str, Any]:
        """Say for a result file what was passed."""
        return {"method": self.method, "seed": self.seed}


def progress(text: str) -> None:
    """Say on the error stream what is done."""
    print(text, file=sys.stderr, flush=True)


def as_forecast(delivered: Any) -> dict[str, Array]:
    """Return ``mean``, ``lo-80``, … of what `Forecaster.predict` delivers with levels for one series."""
    found = {"mean": np.asarray(delivered["Elman"], dtype=np.float64)}
    for level in LEVELS:
        for edge in ("lo", "hi"):
            found[f"{edge}-{level}"] = np.asarray(delivered[f"Elman-{edge}-{level}"], dtype=np.float64)
    return found


def forecast(model: Forecaster, train: Any) -> Any:
    """Fit and forecast, with intervals."""
    return model.fit(train).predict(level=list(LEVELS))


def forecast_alone(each: Set, series: Series, settings: Settings) -> tuple[dict[str, Array], str]:
    """Forecast one series by itself; also say which method was delivered."""
    model = settings.forecaster(len(series.test), each.seasons)
    found = as_forecast(forecast(model, series.train))
    return found, str(model.method_)


def forecast_panel(
    each: Set, series: Sequence[Series], settings: Settings, method: str | None = None
) -> tuple[list[dict[str, Array]], list[dict[str, Any]]]:
    """Forecast series together, one forecaster per horizon; also say what was delivered at each."""
    found: list[dict[str, Array]] = [{} for _ in series]
    fits = []
    for horizon, places in by_horizon(series).items():
        start = time.process_time()
        model = settings.forecaster(horizon, each.seasons, method)
        for place, delivered in zip(places, forecast(model, [series[p].train for p in places]), strict=True):
            found[place] = as_forecast(delivered)
        fits.append(
            {
                "horizon": horizon,
                "series": len(places),
                "method": str(model.method_),
                "reason": str(getattr(model, "reason_", "")),
                "cpu_seconds": round(time.process_time() - start, 2),
            }
        )
    return found, fits


def alone(each: Set, settings: Settings) -> dict[str, Any]:
    """Score every series of a set, each forecast by itself; fit and forecast are timed together."""
    every = settings.read(each)
    forecast_alone(each, every[0], settings)  # what is loaded once is not timed
    rows, seconds, methods, failures = [], [], [], []
    for place, series in enumerate(every):
        start = time.process_time()
        try:
            found, method = forecast_alone(each, series, settings)
        except Exception as error:  # counted, and has a bar; a long run goes on
            found, method = stand_in(series, each.season), "failed"
            failures.append(f"{place}: {type(error).__name__}: {error}"[:200])
        seconds.append(time.process_time() - start)
        methods.append(method)
        rows.append(scored(each, series, found))
        if (place + 1) % 100 == 0:
            progress(f"alone: {each.name}, {place + 1} of {len(every)}, {sum(seconds):.1f} CPU s")
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
    """Return the means, how many series they are of, and the scores of each."""
    of = len(rows) if settings.at_most is None else len(read_set(each, settings.data))
    return {**mean_scores(rows), "series": len(rows), "of": of, "per_series": compact(rows)}


def batch(settings: Settings, n_series: int = 1000, method: str = "prior") -> dict[str, Any]:
    """Time one call for many series: those of M1 monthly, from the start again when they are used up."""
    each = SETS["m1_monthly"]
    every = settings.read(each)
    trains = [every[place % len(every)].train for place in range(n_series)]
    horizon = len(every[0].test)
    forecast(settings.forecaster(horizon, each.seasons, method), trains[:1])  # what is loaded once is not timed
    start = time.process_time()
    forecast(settings.forecaster(horizon, each.seasons, method), trains)
    seconds = time.process_time() - start
    return {"series": n_series, "method": method, "cpu_ms_per_series": round(1000 * seconds / n_series, 3)}
