"""Several updates of a network in one native call, with the bits of one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from elman._check import OPTIMIZERS, CheckedRules, ManyArguments, update_rules
from elman.engine import ManyUpdates, UpdateRules
from elman.engine.many import update_natively
from elman.network import Architecture
from elman.training.batches import Batch, SeveralBatches
from elman.training.losses import Objective
from elman.training.passes import LossPass, NetworkPass
from elman.training.settings import Settings

__all__ = ["Several"]

Array = npt.NDArray[Any]

_OF_THE_NETWORK = ("cell", "activation", "bias", "linear_skip", "dropout", "recurrent_dropout")
_OF_THE_TRAINING = ("loss", "loss_parameter", "reduction", "bptt_depth", "optimizer", "clip_norm", "clip_value")


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
        self.architecture, self.batches = architecture, batches
        self._rules, self._seed = _rules(architecture, settings), settings.seed

    @classmethod
    def of(cls, loss_pass: LossPass, settings: Settings, batches: Any) -> Self | None:
        """Return the updates of a trainer; None if only `Trainer` can make them, one by one."""
        if type(loss_pass) is not NetworkPass or not isinstance(batches, SeveralBatches):
            return None
        architecture = loss_pass.network.architecture
        if not _is_plain(architecture) or settings.average is not None or settings.recompute is not None:
            return None
        objective = Objective(settings.loss, architecture.output)
        return cls(architecture, settings, batches) if objective.activation is None else None

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
        weight = None if batch.weight is None else batch.weight[np.newaxis]
        lengths = None if batch.lengths is None else np.ascontiguousarray(batch.lengths)[np.newaxis]
        arguments = ManyArguments(
            self._rules,
            theta[np.newaxis],
            [vectors[name][np.newaxis] for name in OPTIMIZERS[self._rules.optimizer].vectors],
            batch.x[np.newaxis],
            batch.y[np.newaxis],
            weight,
            lengths,
            np.array(rates)[np.newaxis],
            np.array([self._seed]),
            np.array([update]),
        )
        update_natively(arguments, result, n_threads)


def _rules(architecture: Architecture, settings: Settings) -> CheckedRules:
    """Return what the native call asks of a network and of its training."""
    rules = UpdateRules(
        hidden_sizes=architecture.units,
        options=settings.optimizer_options(),
        **{name: getattr(architecture, name) for name in _OF_THE_NETWORK},
        **{name: getattr(settings, name) for name in _OF_THE_TRAINING},
    )
    return update_rules("Trainer", rules)


def _is_plain(architecture: Architecture) -> bool:
    """Return whether the native call has all parts of the network."""
    parts = architecture.bidirectional or architecture.reverse or architecture.dense or architecture.tied_weights
    parts = parts or architecture.projection_size is not None or architecture.layer_norm
    return architecture.vocabulary_size is None and architecture.readout == "every" and not parts
