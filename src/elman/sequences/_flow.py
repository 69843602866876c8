"""The gradient-flow report of a sequence estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elman import _check
from elman._check.occupied import changing
from elman.sequences._options import settings_of
from elman.sequences._targets import class_target
from elman.sequences._training import Encoded, take
from elman.training.gradient_flow import GradientFlow, gradient_flow

if TYPE_CHECKING:
    from elman.sequences._estimator import SequenceEstimator

__all__ = ["measure"]

_ROWS = 64  # sequences that are followed; their spread is far smaller than what the report rounds to


def measure(estimator: SequenceEstimator, X: Any, y: Any, member: int, probes: int) -> GradientFlow:
    """Measure one network of a fitted estimator on sequences and their targets."""
    place = estimator._place("gradient_flow")
    estimator._check_fitted("gradient_flow")
    member = _check.integer(place, "member", member, 0, len(estimator.networks_) - 1)
    with changing(place, estimator):  # it uses a network's tape
        return _measured(place, estimator, X, y, member, probes)


def _measured(place: str, estimator: SequenceEstimator, X: Any, y: Any, member: int, probes: int) -> GradientFlow:
    ragged, raw = estimator._read_pair(place, X, y, reset=False)
    target, network = estimator._target, estimator.networks_[member]
    rows = np.unique(np.linspace(0, len(ragged) - 1, min(_ROWS, len(ragged))).astype(int))
    encoded = take(estimator._for_training(target, _encoded(place, estimator, raw)), rows)
    prepared = estimator._preparation.apply([ragged.sequences[i] for i in rows])
    batches = estimator._preparation.batches(
        prepared, encoded, batch_size=len(rows), shuffle=False, dtype=network.dtype
    )
    return gradient_flow(
        network,
        batches.batch(0),
        settings_of(estimator, target, 1, 0).loss,
        probes=probes,
        history=estimator.history_[member],
        clip_norm=estimator.clip_norm,
        n_threads=estimator.n_threads or 0,
    )


def _encoded(place: str, estimator: SequenceEstimator, raw: Any) -> Encoded:
    """Return targets as training has them: classes as codes, all else as it is."""
    target = estimator._target
    joined = np.concatenate(raw) if isinstance(raw, list) else raw
    if target.kind in ("binary", "multiclass"):
        joined = class_target(place, joined, target.classes)[1]
    return np.split(joined, np.cumsum([len(steps) for steps in raw])[:-1]) if isinstance(raw, list) else joined
