"""Importance of the inputs on the generated demand panel, whose true effects are known.

    python benchmarks/importance.py

The window network has price, promotion and holiday ahead, the weekday, and noise as a further covariate. The
true drivers must come before the noise. ``benchmarks/results/importance.json`` has the table.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from demand_panel import KNOWN_AHEAD, demand_panel
from forecast_accuracy.results import write

from elman import Forecaster
from elman.forecasting import importance

DRIVERS = {*KNOWN_AHEAD, "weekday"}
HORIZON, CUTOFFS = 14, 3


def main() -> int:
    """Measure, and write the table; exit code 1 if a true driver does not come before the noise."""
    panel = demand_panel(stores=30, days=420).frame
    panel["noise"] = np.random.default_rng(0).normal(size=len(panel))
    settings: dict[str, Any] = {"method": "network", "calendar": ["weekday"], "ensemble_size": 1, "random_state": 0}
    model = Forecaster(HORIZON, future_covariates=[*KNOWN_AHEAD, "noise"], **settings)
    result = importance(model, panel[["unique_id", "ds", "y", *KNOWN_AHEAD, "noise"]], CUTOFFS)
    print(result.table)
    rise = dict(zip(result.table["input"], result.table["rise"], strict=True))
    first = all(rise[name] > rise["noise"] for name in DRIVERS)
    table = result.table.round(5).to_dict("records")
    write("importance", {"drivers first": first, "metric": result.metric, "error": result.error, "inputs": table})
    return 0 if first else 1


if __name__ == "__main__":
    sys.exit(main())
