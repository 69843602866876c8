"""Several updates of a network in one native call, with the bits of one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from elman.engine import ManyUpdates, kernels
from elman.network import Architecture
from elman.training.batches import Batch, SeveralBatches
from elman.training.losses import Objective
from elman.training.optimizers import OPTIMIZERS
from elman.training.passes import LossPass, NetworkPass
from elman.training.settings import Settings

__all__ = ["Several"]

Array = npt.NDArray[Any]


class Several:
    """Whole updates of a network: see `elman.engine.update_many`, here with one model.

    Parameters
    ----------
    architecture : Architecture
        Recurrent layers in one direction that read values, and an output layer at every step.
    settings : Settings
        Without ``average`` and ``recompute``.
    batches : SeveralBatches
        Gathered by the engine.
    """

    def __init__(self, architecture: Architecture, settings: Settings, batches: SeveralBatches) -> None:
        self.architecture, self.settings, self.batches = architecture, settings, batches
        self._objective = Objective(settings.loss, architecture.output, settings.loss_parameter, settings.reduction)

    @classmethod
    def of(cls, loss_pass: LossPass, settings: Settings, batches: Any) -> Self | None:
        """Return the updates of a trainer; None if only `Trainer` can make them, one by one."""
        if type(loss_pass) is not NetworkPass or not isinstance(batches, SeveralBatches):
            return None
        architecture = loss_pass.network.architecture
        if not _is_plain(architecture) or settings.average is not None or settings.recompute is not None:
            return None
        several = cls(architecture, settings, batches)
        return several if several._objective.activation is None else None

    def batches_for(self, theta: Array, update: int, most: int) -> Batch | None:
        """Return the batches of up to ``most`` updates; None if the network must convert or refuse them."""
        batch, sizes = self.batches.several(update, most), (self.architecture.input_size, self.architecture.output_size)
        fit = (batch.x.shape[-1], batch.y.shape[-1]) == sizes and batch.x.dtype == batch.y.dtype == theta.dtype
        return batch if fit else None

    def __call__(
        self,
        theta: Array,
        vectors: Mapping[str, Array],
        batch: Batch,
        update: int,
        rates: Sequence[float],
        n_threads: int,
        result: ManyUpdates,
    ) -> None:
        """Make U updates.

        Parameters
        ----------
        theta, vectors : ndarray (P,)
            Parameters and the optimizer's state, changed in place.
        batch : Batch
            From `batches_for`, U batches.
        update : int
            Updates done before.
        rates : sequence of float
            Learning rate of each update.
        n_threads : int
            0: the engine's default.
        result : ManyUpdates
            Filled; it is also valid after an interrupt.
        """
        settings, architecture = self.settings, self.architecture
        optimizer = OPTIMIZERS[settings.optimizer]
        first, second = [*(vectors[name][np.newaxis] for name in optimizer.vectors), None][:2]
        kernels.update_many(
            architecture.cell,
            architecture.activation,
            architecture.units,
            architecture.bias,
            architecture.linear_skip,
            architecture.dropout,
            architecture.recurrent_dropout,
            theta[np.newaxis],
            first,
            second,
            batch.x[np.newaxis],
            batch.y[np.newaxis],
            None if batch.weight is None else batch.weight[np.newaxis],
            None if batch.lengths is None else np.ascontiguousarray(batch.lengths)[np.newaxis],
            settings.loss,
            self._objective.parameter,
            settings.reduction,
            settings.bptt_depth == 1,
            settings.optimizer,
            settings.optimizer_options(),
            inf if settings.clip_norm is None else settings.clip_norm,
            inf if settings.clip_value is None else settings.clip_value,
            np.array(rates)[np.newaxis],
            np.array([settings.seed]),
            np.array([update]),
            *result,
            n_threads,
        )


def _is_plain(architecture: Architecture) -> bool:
    """Return whether the native call has all parts of the network."""
    parts = architecture.bidirectional or architecture.reverse or architecture.dense or architecture.tied_weights
    return architecture.vocabulary_size is None and architecture.readout == "every" and not parts
