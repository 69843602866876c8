"""Accuracy on generated demand with many zeros: Elman's default, its baselines, and statsforecast.

    python benchmarks/intermittent.py
    python -m venv peers && peers/bin/pip install statsforecast
    peers/bin/python benchmarks/intermittent.py --peers

The 500 series of `forecast_accuracy.demand` are forecast for 12 steps; choices were made on 252 series of another seed
(``--chosen-on`` prints their scores and writes nothing). Elman fits one forecaster with its defaults to all of them.
AutoETS has season 12 and the quantiles of its 20, 40, 60 and 80 % intervals, negative ones raised to zero; Croston's
method, SBA and TSB have smoothing parameters 0.1.

``benchmarks/results/intermittent.json`` has the mean over series of RMSSE, of the bias, and of the pinball loss at 0.1,
0.2, … 0.9, both divided by RMSSE's scale. A method without quantiles has its point at all nine.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
from forecast_accuracy.demand import CHOSEN_ON, HORIZON, KINDS, REPORTED, SEASON, Demand, generate  # noqa: E402
from forecast_accuracy.results import read, write  # noqa: E402

Array = np.typing.NDArray[np.float64]
Forecast = tuple[Array, Array]  # points (K,), and nine quantiles (K, 9)

SHARES = np.arange(1, 10) / 10
LEVELS = (80, 60, 40, 20)
NAME = "intermittent"


def scores_of(series: Demand, points: Array, quantiles: Array) -> tuple[float, float, float]:
    """Return RMSSE, bias and mean pinball loss of one forecast.

    Examples
    --------
    >>> known, future = np.array([0.0, 2, 0]), np.array([1.0, 3.0])               # scale 2
    >>> scores_of(Demand("lumpy", known, future), np.array([1.0, 1.0]), np.ones((2, 9)))
    (0.7071067811865476, -0.5, 0.25)
    """
    scale = float(np.sqrt(np.mean(np.square(np.diff(series.known)))))
    over = series.future[:, None] - quantiles
    pinball = np.mean(np.maximum(SHARES * over, (SHARES - 1) * over))
    error = points - series.future
    return float(np.sqrt(np.mean(error**2)) / scale), float(error.mean() / scale), float(pinball / scale)


def row_of(series: list[Demand], forecasts: list[Forecast], seconds: float) -> dict[str, Any]:
    """Return the mean scores, of all series and of each kind."""
    every = np.array([scores_of(one, *forecast) for one, forecast in zip(series, forecasts, strict=True)])
    kinds = np.array([one.kind for one in series])
    parts = {"all": np.ones(len(kinds), dtype=bool)} | {kind: kinds == kind for kind in KINDS}
    names = ("RMSSE", "bias", "pinball")
    rows = {
        part: dict(zip(names, every[mine].mean(axis=0).round(4).tolist(), strict=True)) for part, mine in parts.items()
    }
    return rows | {"CPU seconds": round(seconds, 2)}


def at_all_levels(points: Array) -> Forecast:
    """Take a point for every quantile."""
    return points, np.repeat(points[:, None], len(SHARES), axis=1)


def elman(series: list[Demand]) -> dict[str, Any]:
    """Forecast with Elman's default, with the untuned prior, and with the baselines."""
    import pandas as pd

    from elman import Forecaster
    from elman.forecasting import BASELINES

    frame = pd.concat(
        pd.DataFrame(
            {"unique_id": i, "ds": pd.date_range(end="2025-12-01", periods=len(one.known), freq="MS"), "y": one.known}
        )
        for i, one in enumerate(series)
    )

    def default(method: str) -> tuple[list[Forecast], str]:
        model = Forecaster(HORIZON, method=method).fit(frame)
        found = model.predict(quantiles=SHARES.tolist())
        columns = ["Elman", *(f"Elman-q-{share:g}" for share in SHARES)]
        rows = found[columns].to_numpy().reshape(len(series), HORIZON, -1)
        return [(row[:, 0], row[:, 1:]) for row in rows], model.method_

    rows: dict[str, Any] = {}
    for name, method in (("Elman", "auto"), ("Elman, method prior", "prior")):
        start = time.process_time()
        forecasts, delivered = default(method)
        rows[name] = {"delivered": delivered} | row_of(series, forecasts, time.process_time() - start)
    for name in ("Croston", "Croston SBA", "TSB", "simple exponential smoothing"):
        rows[f"Elman, {name}"] = timed(series, lambda y, name=name: at_all_levels(BASELINES[name](y, HORIZON, SEASON)))
    return rows


def peers(series: list[Demand]) -> dict[str, Any]:
    """Forecast with statsforecast."""
    from statsforecast.models import TSB, AutoETS, CrostonClassic, CrostonSBA

    ets = AutoETS(season_length=SEASON)

    def by_ets(y: Array) -> Forecast:
        found = ets.forecast(y=y, h=HORIZON, level=sorted(LEVELS))
        names = [*(f"lo-{level}" for level in LEVELS), "mean", *(f"hi-{level}" for level in reversed(LEVELS))]
        return np.asarray(found["mean"]), np.maximum(np.stack([found[name] for name in names], axis=1), 0.0)

    models = {"Croston": CrostonClassic(), "SBA": CrostonSBA(), "TSB": TSB(alpha_d=0.1, alpha_p=0.1)}
    rows = {
        f"statsforecast, {name}": timed(
            series, lambda y, model=model: at_all_levels(np.asarray(model.forecast(y=y, h=HORIZON)["mean"]))
        )
        for name, model in models.items()
    }
    return rows | {"statsforecast, AutoETS": timed(series, by_ets)}


def timed(series: list[Demand], forecast: Callable[[Array], Forecast]) -> dict[str, Any]:
    """Forecast each series alone."""
    start = time.process_time()
    forecasts = [forecast(one.known) for one in series]
    return row_of(series, forecasts, time.process_time() - start)


def main() -> int:
    """Run one side, and write its rows beside those of the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", action="store_true", help="run statsforecast instead of Elman")
    parser.add_argument("--chosen-on", action="store_true", help="print the scores on the series of the choices")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    series = generate(CHOSEN_ON, 63) if args.chosen_on else generate(REPORTED)
    rows = peers(series) if args.peers else elman(series)
    print(json.dumps({name: row["all"] for name, row in rows.items()}, indent=2))
    if not args.chosen_on:
        packages = ("statsforecast", "numpy") if args.peers else ("elman", "numpy")
        about = {"versions": {package: version(package) for package in packages}}
        before: Mapping[str, Any] = read(NAME)
        side = {"peers" if args.peers else "elman": about | {"methods": rows}}
        write(NAME, {"series": len(series), "horizon": HORIZON, "seed": REPORTED} | dict(before) | side)
    return 0


if __name__ == "__main__":
    sys.exit(main())
