"""The methods that a forecaster can deliver, each fitted one a frozen value behind one protocol."""

from __future__ import annotations

from elman.forecasting.methods.baseline import BaselineMethod
from elman.forecasting.methods.counts import CountsMethod
from elman.forecasting.methods.mean import MeanMethod
from elman.forecasting.methods.network import NetworkMethod, Stopped, fit_network
from elman.forecasting.methods.prior import PriorMethod
from elman.forecasting.methods.protocol import Method
from elman.forecasting.methods.spread import Spread

__all__ = [
    "BaselineMethod",
    "CountsMethod",
    "MeanMethod",
    "Method",
    "NetworkMethod",
    "PriorMethod",
    "Spread",
    "Stopped",
    "fit_network",
]
