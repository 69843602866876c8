"""The gradient-flow report of a forecaster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from elman import _check
from elman.forecasting.options import settings_of
from elman.forecasting.panel import Panel
from elman.forecasting.recipe import different_stretches
from elman.forecasting.training_set import arrays_of, check_domain, filled, stretches
from elman.training.gradient_flow import GradientFlow, gradient_flow

if TYPE_CHECKING:
    from elman.forecasting.forecaster import Forecaster

__all__ = ["measure"]

_ROWS = 64  # stretches that are followed


def measure(place: str, forecaster: Forecaster, panel: Panel, member: int, probes: int) -> GradientFlow:
    """Measure one network of a fitted forecaster on stretches drawn like those of training."""
    member = _check.integer(place, "member", member, 0, len(forecaster.networks_) - 1)
    recipe = forecaster._recipe
    panel, unknown = filled(panel, forecaster.missing, recipe.seasons[0])
    check_domain(place, recipe.transform, panel)
    scales = forecaster._scales_for(panel)
    arrays = arrays_of(panel, recipe, scales, forecaster._unit, recipe.shortest, unknown)
    rows = min(_ROWS, different_stretches(recipe, np.diff(arrays.offsets)))
    return gradient_flow(
        forecaster.networks_[member],
        stretches(arrays, recipe, rows, forecaster.loss_at == "last").batch(0),
        settings_of(forecaster, 1, 0).loss,
        probes=probes,
        history=forecaster.history_[member],
        clip_norm=forecaster.clip_norm,
        n_threads=forecaster.n_threads or 0,
    )
