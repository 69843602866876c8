"""Forecasting: the `Forecaster`, the baselines it has to beat, and honest comparisons between them."""

from __future__ import annotations

from elman.forecasting.backtest import Backtest, backtest, cross_validation
from elman.forecasting.baselines import (
    BASELINES,
    naive,
    naive_drift,
    seasonal_naive,
    seasonal_naive_drift,
    seasonal_naive_growth,
    usual_baselines,
    window_mean,
)
from elman.forecasting.forecaster import Forecaster

__all__ = [
    "BASELINES",
    "Backtest",
    "Forecaster",
    "backtest",
    "cross_validation",
    "naive",
    "naive_drift",
    "seasonal_naive",
    "seasonal_naive_drift",
    "seasonal_naive_growth",
    "usual_baselines",
    "window_mean",
]
