"""Labelled sequences, prepared as in training, and the gradient-flow report on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.ragged import Ragged
from elman.estimators import flow_of
from elman.sequences.fitted import Fitted
from elman.sequences.options import loss_of
from elman.sequences.parameters import Parameters, Task
from elman.sequences.targets import take
from elman.training import Batch, GradientFlow

__all__ = ["Labelled", "flow"]

_ROWS = 64  # sequences; the spread between them is far below the rounding of the report


@dataclass(frozen=True)
class Labelled:
    """Checked sequences and their targets, with a fitted value.

    Parameters
    ----------
    place : str
        Start of a message.
    task : Task
        Of the estimator.
    fitted : Fitted
        Its networks.
    ragged : Ragged
        The sequences.
    y : ndarray (n, ...) or list of ndarray (steps_i, ...)
        Their checked targets.
    weights : list of ndarray (steps_i,), optional
        1 where a step has a tag, 0 where it has none.
    """

    place: str
    task: Task
    fitted: Fitted
    ragged: Ragged
    y: Any
    weights: list[npt.NDArray[Any]] | None = None

    @property
    def loss(self) -> str:
        """Name of the training loss."""
        return loss_of(self.task, self.fitted.target)

    def batch(self, rows: npt.ArrayLike) -> Batch:
        """Return the sequences of ``rows`` with their targets, prepared as in training."""
        rows, fitted = np.asarray(rows), self.fitted
        compared = fitted.target.all_for_training(fitted.encoded(self.place, self.y), self.task.label_smoothing)
        return fitted.preparation.batches(
            fitted.preparation.apply([self.ragged.sequences[i] for i in rows]),
            take(compared, rows),
            batch_size=len(rows),
            shuffle=False,
            weights=None if self.weights is None else take(self.weights, rows),
            dtype=fitted.networks[0].dtype,
        ).batch(0)


def flow(parameters: Parameters, labelled: Labelled, member: int, probes: int) -> GradientFlow:
    """Compute the gradient flow of one network of an ensemble."""
    fitted, count = labelled.fitted, len(labelled.ragged)
    batch = labelled.batch(np.unique(np.linspace(0, count - 1, min(_ROWS, count)).astype(int)))
    return flow_of(parameters, fitted.networks[member], fitted.history[member], batch, labelled.loss, probes)
