"""Forecasting: the `Forecaster`, simple baselines, and comparisons on past data."""

from __future__ import annotations

from elman.forecasting.audit import Audit, Check, audit
from elman.forecasting.backtest import backtest, cross_validation
from elman.forecasting.baselines import (
    BASELINES,
    croston,
    croston_sba,
    damped_trend,
    linear_autoregression,
    naive,
    naive_drift,
    optimized_theta,
    seasonal_naive,
    seasonal_naive_drift,
    seasonal_naive_growth,
    simple_exponential_smoothing,
    theta,
    tsb,
    usual_baselines,
    window_mean,
)
from elman.forecasting.each import fit_each
from elman.forecasting.forecaster import Forecaster
from elman.forecasting.importance import Contributions, Importance, contributions, importance
from elman.forecasting.judgement import Backtest

__all__ = [
    "BASELINES",
    "Audit",
    "Backtest",
    "Check",
    "Contributions",
    "Forecaster",
    "Importance",
    "audit",
    "backtest",
    "contributions",
    "cross_validation",
    "croston",
    "croston_sba",
    "damped_trend",
    "fit_each",
    "importance",
    "linear_autoregression",
    "naive",
    "naive_drift",
    "optimized_theta",
    "seasonal_naive",
    "seasonal_naive_drift",
    "seasonal_naive_growth",
    "simple_exponential_smoothing",
    "theta",
    "tsb",
    "usual_baselines",
    "window_mean",
]
