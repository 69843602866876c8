"""The gradient-flow report of a language model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elman.text._options import carries_state, check_unchanged, settings_of
from elman.text._training import Text, batches_of, check_length
from elman.text.tokenization import Ids
from elman.training.gradient_flow import GradientFlow, gradient_flow

if TYPE_CHECKING:
    from elman.text.model import LanguageModel

__all__ = ["measure"]

_ROWS = 16  # parts of the text that are followed


def measure(place: str, model: LanguageModel, ids: Ids, probes: int) -> GradientFlow:
    """Measure a fitted model on a batch of a text, cut like those of training and begun without knowledge."""
    check_unchanged(place, model)
    steps = model.size_.steps
    check_length(place, "it", len(ids), 2 if carries_state(model.network_) else steps)
    steps = min(steps, len(ids) - 1) if carries_state(model.network_) else steps
    size = replace(model.size_, steps=steps, batch_size=min(_ROWS, max(1, (len(ids) - 1) // steps)))
    batches = batches_of(model, Text(model.vocabulary_, ids, None), size, seed=0)
    return gradient_flow(
        model.network_,
        batches.batch(0),
        settings_of(model, 1, 1, 0).loss,
        probes=probes,
        history=model.history_,
        clip_norm=model.clip_norm,
        n_threads=model.n_threads or 0,
    )
