"""One pass of a network over a batch: the loss and its gradient."""

from __future__ import annotations

from math import isfinite
from typing import Any, Protocol, TypeAlias

import numpy.typing as npt

from elman.errors import ArgumentError, Remedy, TrainingError
from elman.network import DropoutKey, Network, SegmentedTape, State, Tape
from elman.training.batches import Batch
from elman.training.losses import Objective
from elman.training.settings import Settings

__all__ = ["LossPass", "NetworkPass", "check_finite"]

Array = npt.NDArray[Any]
AnyTape: TypeAlias = Tape | SegmentedTape


class LossPass(Protocol):
    """The protocol between `Trainer` and network: the loss of a batch and its gradient."""

    @property
    def gradient(self) -> Array:
        """The gradient (P,) of the latest call, in an array that the optimizer may change."""

    def __call__(self, batch: Any, start: State | None, update: int, n_threads: int) -> tuple[float, AnyTape | None]:
        """Return the loss of a batch, and a tape with the final state if batches carry one; fill `gradient`."""


class NetworkPass:
    """The pass of a `Network`: forward, the loss of the settings, backward.

    Parameters
    ----------
    network : Network
        Its gradients are filled.
    settings : Settings
        Loss, depth of the backward pass, segments, seed of the dropout masks.
    """

    def __init__(self, network: Network, settings: Settings) -> None:
        self.network, self.settings = network, settings
        architecture = network.architecture
        self._objective = Objective(settings.loss, architecture.output, settings.loss_parameter, settings.reduction)
        self._drops = bool(architecture.dropout or architecture.recurrent_dropout)
        categorical = settings.loss == "categorical_cross_entropy"
        self._may_have_classes = categorical and not architecture.linear_skip and settings.recompute is None

    @property
    def gradient(self) -> Array:
        """The gradient of the latest call (P,)."""
        return self.network.gradients.theta

    def __call__(self, batch: Batch, start: State | None, update: int, n_threads: int) -> tuple[float, AnyTape | None]:
        """Return the loss of a batch and the tape; fill `gradient`."""
        if batch.carry and self.network.architecture.bidirectional:
            raise ArgumentError("Trainer: batches that carry the state need a network with one direction.")
        key = DropoutKey(self.settings.seed, update) if self._drops else None
        one = self._classes if self._has_classes(batch) else self._values
        return one(batch, start, key, update, n_threads)

    def _values(
        self, batch: Batch, start: State | None, key: DropoutKey | None, update: int, n_threads: int
    ) -> tuple[float, AnyTape]:
        """Run forward, compute the loss of the output, run backward."""
        settings, network = self.settings, self.network
        every, arguments = settings.recompute, (start, batch.lengths, key, n_threads)
        tape: AnyTape = (
            network.forward(batch.x, *arguments)
            if every is None
            else network.forward_segments(batch.x, every, *arguments)
        )
        loss, do = self._objective(tape.o, batch.y, batch.weight, batch.lengths)
        check_finite("loss", loss, update + 1)
        network.backward(tape, do, settings.bptt_depth, None, n_threads)
        return loss, tape

    def _has_classes(self, batch: Batch) -> bool:
        """Return whether the loss can be computed without the output of all steps."""
        if not self._may_have_classes or batch.y.dtype.kind not in "iu":
            return False
        return batch.y.ndim == (2 if self.network.architecture.readout == "every" else 1)

    def _classes(
        self, batch: Batch, start: State | None, key: DropoutKey | None, update: int, n_threads: int
    ) -> tuple[float, Tape]:
        """Run forward to the cross-entropy and backward."""
        settings, network = self.settings, self.network
        shape = *batch.y.shape, network.architecture.output_size
        weight = self._objective.weights(shape, batch.weight, batch.lengths)
        options = settings.reduction, start, batch.lengths, key, settings.bptt_depth, n_threads
        loss, tape = network.cross_entropy(batch.x, batch.y, weight, *options)
        check_finite("loss", loss, update + 1)
        return loss, tape


def check_finite(what: str, value: float, update: int) -> None:
    """Refuse a loss, a norm or a score that is not finite.

    Raises
    ------
    TrainingError
        With the update and the usual remedies.
    """
    if not isfinite(value):
        raise TrainingError(
            f"Trainer: the {what} is {value} at update {update}.",
            Remedy("lower {}", learning_rate=...),
            Remedy(clip_norm=1.0),
            Remedy("check the data for extreme values"),
        )
