"""Small forecasters, series and results for tests of the audit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from elman import Forecaster
from elman.forecasting import Audit

SMALL: dict[str, Any] = {
    "method": "network",
    "season": 4,
    "window": 5,
    "steps": 8,
    "hidden_size": 4,
    "updates": 3,
    "ensemble_size": 1,
}
WAVE = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 12) + np.arange(48) / 10
SERIES = [WAVE, WAVE[::-1] * 3, WAVE[:30] + 5]


def small(horizon: int = 3, **changes: Any) -> Forecaster:
    return Forecaster(horizon, **(SMALL | {"random_state": 1} | changes))


def frame_of(*series: np.ndarray) -> pd.DataFrame:
    dates = [pd.date_range(end="2004-12-01", periods=len(y), freq="MS") for y in series]
    parts = [pd.DataFrame({"unique_id": f"s{i}", "ds": dates[i], "y": y}) for i, y in enumerate(series)]
    return pd.concat(parts, ignore_index=True)


def outcome(result: Audit) -> dict[str, bool | None]:
    return {check.name: check.holds for check in result.checks}


def numbers(result: Audit, name: str) -> tuple[float, ...]:
    return next(check.numbers for check in result.checks if check.name == name)


def with_covariates(*series: np.ndarray) -> pd.DataFrame:
    frame = frame_of(*series)
    position = frame.groupby("unique_id").cumcount()
    return frame.assign(price=np.sin(position), stock=np.cos(position))
