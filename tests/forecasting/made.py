"""Forecasters of every method for the tests, and a panel that is large enough for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import Forecaster
from forecasting.small import WAVE

METHODS = ["auto", "prior", "tuned", "seasonal naive", "linear autoregression"]
PANEL = [WAVE[: 40 + i % 21] * (1 + i) + np.sin(np.arange(40 + i % 21) * i) for i in range(100)]


def of(method: str = "auto", horizon: int = 3, **parameters: Any) -> Forecaster:
    return Forecaster(horizon, **({"method": method, "season": 4, "random_state": 0} | parameters))
