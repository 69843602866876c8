"""The gradient-flow report of a forecaster."""

from __future__ import annotations

import numpy as np

from elman import _check
from elman.estimators import flow_of
from elman.forecasting.methods import NetworkMethod
from elman.forecasting.options import settings_of
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.recipe import different_stretches
from elman.forecasting.training_set import arrays_of, filled, stretches
from elman.training import GradientFlow

__all__ = ["measure"]

_ROWS = 64  # stretches measured


def measure(
    place: str, parameters: Parameters, network: NetworkMethod, panel: Panel, member: int, probes: int
) -> GradientFlow:
    """Measure the gradient flow of one network of the ensemble on random stretches, drawn as in training."""
    member = _check.integer(place, "member", member, 0, len(network.networks) - 1)
    network.need_points(place)
    recipe = network.recipe
    panel, unknown = filled(panel, parameters.missing, recipe.seasons[0])
    network.scaling.check(place, panel)
    scales = network.scales_for(panel)
    arrays = arrays_of(panel, recipe, scales, network.unit, recipe.shortest, unknown)
    rows = min(_ROWS, different_stretches(recipe, np.diff(arrays.offsets)))
    batch = stretches(arrays, recipe, rows, parameters.loss_at == "last").batch(0)
    loss = settings_of(parameters, 1, 0).loss
    return flow_of(parameters, network.networks[member], network.history[member], batch, loss, probes)
