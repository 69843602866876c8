"""Gradient-flow report of a language model."""

from __future__ import annotations

from dataclasses import replace

from elman.estimators import flow_of
from elman.text.fitted import Fitted
from elman.text.options import carries_state, settings_of
from elman.text.parameters import Parameters
from elman.text.tokenization import Ids
from elman.text.training import Text, batches_of, check_length
from elman.training import GradientFlow

__all__ = ["flow"]

_ROWS = 16  # parts of the text


def flow(place: str, parameters: Parameters, fitted: Fitted, ids: Ids, probes: int) -> GradientFlow:
    """Compute the gradient flow on a batch of a text, cut as for training, from initial states of zero."""
    steps = fitted.size.steps
    check_length(place, "it", len(ids), 2 if carries_state(fitted.network) else steps)
    steps = min(steps, len(ids) - 1) if carries_state(fitted.network) else steps
    size = replace(fitted.size, steps=steps, batch_size=min(_ROWS, max(1, (len(ids) - 1) // steps)))
    batches = batches_of(parameters, Text(fitted.vocabulary, ids, None), size, seed=0)
    loss = settings_of(parameters, 1, 1, 0).loss
    return flow_of(parameters, fitted.network, fitted.history, batches.batch(0), loss, probes)
