"""Small series and small networks for the tests of the Forecaster."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from elman import Forecaster, Network

NETWORK: dict[str, Any] = {"window": 5, "steps": 8, "hidden_size": 4, "updates": 6, "ensemble_size": 2}
SMALL: dict[str, Any] = {"method": "network", "season": 4, **NETWORK}
WAVE = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 15) + np.arange(60) / 10


def small(horizon: int = 3, **changes: Any) -> Forecaster:
    return Forecaster(horizon, **(SMALL | {"random_state": 1} | changes))


def with_networks(model: Forecaster, *networks: Network) -> Forecaster:
    """Copy a fitted forecaster with other networks in its ensemble."""
    copied, fitted = copy.copy(model), model._fitted
    assert fitted.network is not None
    copied._fitted = replace(fitted, method=replace(fitted.network, networks=networks))
    return copied


def frame_of(*series: np.ndarray, freq: str = "QS", **columns: Any) -> pd.DataFrame:
    """Series s0, s1, … from 2001 on; further columns are functions of the row number."""
    parts = []
    for i, y in enumerate(series):
        rows = np.arange(len(y))
        ds = pd.date_range("2001-01-01", periods=len(y), freq=freq)
        further = {name: column(rows) for name, column in columns.items()}
        parts.append(pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": y} | further))
    return pd.concat(parts, ignore_index=True)
