"""The generated demand panel: errors with covariates relative to those of the true model, and planted leakage.

    python benchmarks/demand.py [--stores 60] [--seeds 0 1] [--way NAME]

The newest 14 days of every store are held out. The true model knows all effects and levels, and forecasts the median of
the demand; days of stock-outs are not scored. The size and the learning rate of the network were chosen on the panels
of the seeds 0 and 2, the rule of the default network for its start on those of the seeds 10 and 11, held-out days
included; all else is the default.
Writes ``benchmarks/results/demand.json``: mean absolute errors, their ratios to that of the true model, CPU seconds,
and what `elman.audit` finds in the honest panel and in three with a planted column. ``--way`` measures the errors of
one way alone; all else in the file stays.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from accuracy import RESULTS
from demand_panel import KNOWN_AHEAD, PLANTED, Demand, demand_panel, planted
from speed.machine import describe

from elman import Forecaster, audit

HORIZON = 14
AHEAD = ["log_price", *KNOWN_AHEAD[1:]]  # effects on the logarithm of the demand are linear in that of the price
NETWORK: dict[str, Any] = {"method": "network", "hidden_size": 16, "learning_rate": 0.01, "random_state": 0}
COVARIATES: dict[str, Any] = {
    "future_covariates": AHEAD,
    "static_covariates": ["kind"],
    "calendar": ["weekday"],
    "censored": "out",
}
WAYS: dict[str, dict[str, Any]] = {
    "network with covariates": NETWORK | COVARIATES,
    "default network with covariates": {"method": "network", "random_state": 0} | COVARIATES,
    "network without": NETWORK | {"censored": "out"},
    "default without": {"random_state": 0},
}
ROLES = {"past": "past_covariates", "static": "static_covariates", "ahead": "future_covariates"}
RESULT = RESULTS / "demand.json"


def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hold out the newest days of every store."""
    left = frame.groupby("unique_id").cumcount(ascending=False)
    frame = frame.assign(log_price=np.log(frame["price"]))
    return frame[left >= HORIZON], frame[left < HORIZON]


def errors(demand: Demand, ways: Iterable[str]) -> dict[str, Any]:
    """Forecast the held-out days with and without covariates."""
    known, held = split(demand.frame)
    future = held[["unique_id", "ds", *AHEAD]]
    counted = (held["out"] == 0).to_numpy()
    true = float(np.abs(held["y"] - held["expected"])[counted].mean())
    rows: dict[str, Any] = {"true model": {"MAE": true, "ratio": 1.0}}
    for name in ways:
        started, options = time.process_time(), WAYS[name]
        model = Forecaster(HORIZON, **options)
        covariates = "future_covariates" in options
        model.fit(known, static_df=demand.stores if covariates else None)
        forecast = model.predict(future=future if covariates else None)["Elman"].to_numpy()
        error = float(np.abs(held["y"].to_numpy() - forecast)[counted].mean())
        rows[name] = {"MAE": error, "ratio": error / true, "cpu_s": round(time.process_time() - started, 1)}
        print(name, rows[name], flush=True)
    return rows


def leaks(demand: Demand) -> dict[str, Any]:
    """Audit the honest panel and those with a planted column; return the covariates that each audit names."""
    found = {}
    for way in (None, *PLANTED):
        frame, column = (demand.frame, "") if way is None else planted(demand, way, HORIZON)
        options = NETWORK | COVARIATES | {"ensemble_size": 1}
        if way is not None:
            options[ROLES[way]] = [*options.get(ROLES[way], []), column]
        model = Forecaster(HORIZON, **options)
        frame = frame.assign(log_price=np.log(frame["price"])).merge(demand.stores, on="unique_id")
        check = next(check for check in audit(model, frame).checks if check.name == "covariates")
        found[way or "honest"] = {"planted": column, "holds": check.holds, "detail": check.detail}
        print(way, found[way or "honest"], flush=True)
    return found


def main() -> None:
    """Measure, and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stores", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--way", choices=list(WAYS))
    given = parser.parse_args()
    panels = {f"seed {seed}": demand_panel(given.stores, seed=seed) for seed in given.seeds}
    rows = {name: errors(panel, [given.way] if given.way else WAYS) for name, panel in panels.items()}
    if given.way:
        result = json.loads(RESULT.read_text())
        for name, row in rows.items():
            result["errors"][name] |= row
        RESULT.write_text(json.dumps(result, indent=1) + "\n")
        return
    result = {"machine": describe(), "stores": given.stores, "horizon": HORIZON}
    result |= {"network": NETWORK, "covariates": COVARIATES, "errors": rows}
    result["leaks"] = leaks(next(iter(panels.values())))
    result["cpu_s"] = round(time.process_time(), 1)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
