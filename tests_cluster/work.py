"""Work on an engine in a process of its own: ``python work.py ENGINE levels LOWER RESULT`` or ``ENGINE long``.

``levels`` forecasts with workers of unlike ISA levels, writes the table to a file and prints what was said; ``long``
prints ``begins`` and computes until it is interrupted.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
from engines import ENGINES

from elman import Forecaster


def panel(series: int, length: int) -> pd.DataFrame:
    """Make monthly series."""
    rng = np.random.default_rng(0)
    months = pd.date_range("2015-01-01", periods=length, freq="MS")
    names = np.repeat([f"shop {i}" for i in range(series)], length)
    return pd.DataFrame({"unique_id": names, "ds": np.tile(months, series), "y": 5 + rng.random(series * length)})


def fitted(frame: pd.DataFrame) -> Forecaster:
    """Return a forecaster of the prior."""
    return Forecaster(6, season=12, method="prior", cutoffs=0).fit(frame)


def levels(engine: Any, result: str) -> None:
    """Forecast on workers of unlike levels."""
    frame = panel(40, 40)
    model = fitted(frame)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = model.predict(engine.frame(frame, 6))
    engine.table(found).to_parquet(result)
    print(json.dumps({"said": [str(one.message) for one in caught], "about": engine.about(found)}))


def long(engine: Any) -> None:
    """Forecast many series."""
    frame = panel(30000, 60)
    model = fitted(frame[:600])
    forecast = model.predict(engine.frame(frame, 300))
    print("begins", flush=True)
    engine.table(forecast)
    print("ends", flush=True)


if __name__ == "__main__":
    name, action, *rest = sys.argv[1:]
    warnings.simplefilter("ignore")
    engine = ENGINES[name](rest[0] if rest else None)
    levels(engine, rest[1]) if action == "levels" else long(engine)
    engine.close()
