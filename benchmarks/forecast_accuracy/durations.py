"""Durations of the command on air passengers, and of the window network on one series of 300 months."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

from forecast_accuracy.ours import Settings, progress

COMMAND = ("forecast", "air-passengers", "--horizon", "12")
REPEATS = 5
VALUES, HORIZON, SEASON = 300, 12, 12


def command() -> dict[str, Any]:
    """Time the command in wall time, imports included."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "elman", *COMMAND], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        seconds.append(time.perf_counter() - start)
        progress(f"durations: the command took {seconds[-1]:.2f} s")
    return {
        "command": " ".join(("elman", *COMMAND)),
        "median_seconds": round(statistics.median(seconds), 2),
        "seconds": [round(each, 2) for each in seconds],
        "load": round(os.getloadavg()[0], 1),
    }


def months() -> np.ndarray:
    """Return 300 months of a trend, a proportional season, and autocorrelated noise."""
    random, t = np.random.default_rng(300), np.arange(VALUES)
    noise = np.zeros(VALUES)
    for i in range(1, VALUES):
        noise[i] = 0.6 * noise[i - 1] + 0.03 * random.standard_normal()
    season = 0.15 * np.sin(2 * np.pi * t / SEASON) + 0.05 * np.cos(4 * np.pi * t / SEASON)
    return 100 * np.exp(0.003 * t + season + noise)


def network(settings: Settings) -> dict[str, Any]:
    """Fit the window network and forecast; CPU time."""
    start = time.process_time()
    settings.forecaster(HORIZON, SEASON, method="network").fit(months()).predict()
    return {"values": VALUES, "horizon": HORIZON, "cpu_seconds": round(time.process_time() - start, 2)}


def run(settings: Settings) -> dict[str, Any]:
    """Measure both."""
    return {"command": command(), "network": network(settings)}
