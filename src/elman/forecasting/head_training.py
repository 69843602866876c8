"""Training of networks with a head: the loss of a batch, and batches whose targets are counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman.forecasting.recipe import Recipe
from elman.network import DropoutKey, Network, State, Tape
from elman.training import Batch, Settings
from elman.training.losses import Objective
from elman.training.passes import check_finite

__all__ = ["HeadPass", "WithCounts"]

Array = npt.NDArray[Any]


class HeadPass:
    """The pass of a network with a head: forward, the loss of the head, backward.

    Parameters
    ----------
    network : Network
        Its gradients are filled.
    settings : Settings
        Seed of the dropout masks, depth of the backward pass.
    recipe : Recipe
        With a head. An output of the network is (K, D, P): raw outputs of every value.
    """

    def __init__(self, network: Network, settings: Settings, recipe: Recipe) -> None:
        assert recipe.head is not None
        self.network, self.settings, self.head = network, settings, recipe.head
        self.values = recipe.horizon, recipe.channels

    @property
    def gradient(self) -> Array:
        """The gradient of the latest call (P,)."""
        return self.network.gradients.theta

    def __call__(self, batch: Batch, start: State | None, update: int, n_threads: int) -> tuple[float, Tape]:
        """Return the loss of a batch and the tape; fill `gradient`."""
        key = DropoutKey(self.settings.seed, update) if self.network.architecture.dropout else None
        tape = self.network.forward(batch.x, start, batch.lengths, key, n_threads)
        lead, of_values = tape.o.shape[:-1], int(np.prod(self.values))
        raw = tape.o.reshape(*lead, *self.values, -1)
        if self.head.counts:  # the targets are followed by the logarithm of the mean that the window suggests
            raw = raw.copy()
            raw[..., 0] += batch.y[..., None, of_values:]
        weight = Objective.weights((*lead, of_values), batch.weight, batch.lengths)
        if weight is not None:
            weight = np.broadcast_to(weight if weight.ndim == batch.y.ndim else weight[..., None], (*lead, of_values))
        rows = None if weight is None else weight.reshape(-1)
        y = batch.y[..., :of_values].reshape(-1)
        loss, d_raw = self.head.loss(raw.reshape(len(y), -1), y, rows, n_threads)
        check_finite("loss", loss, update + 1)
        self.network.backward(tape, d_raw.reshape(tape.o.shape), self.settings.bptt_depth, None, n_threads)
        return loss, tape


class WithCounts:
    """Stretches whose targets are counts, each step's followed by what `log_offset` gives for its window.

    Parameters
    ----------
    values : StretchBatches, OrderedStretches or WithCovariates
        The windows and weights.
    counts : StretchBatches or OrderedStretches
        Of counts and offsets (2 D columns), of the same geometry, so that equal seeds draw equal stretches.
    channels : int
        Values per time (D).
    """

    def __init__(self, values: Any, counts: Any, channels: int) -> None:
        self.values, self.counts, self.channels = values, counts, channels
        self.epoch_length: int | None = values.epoch_length

    def with_seed(self, seed: int) -> WithCounts:
        """Return the same stretches in another random order."""
        return WithCounts(self.values.with_seed(seed), self.counts.with_seed(seed), self.channels)

    def batch(self, update: int) -> Batch:
        """Return the batch of ``update``."""
        batch: Batch = self.values.batch(update)
        others: Batch = self.counts.batch(update)
        ahead = others.y.reshape(*others.y.shape[:2], -1, 2, self.channels)[..., 0, :]
        counts = ahead.reshape(*others.y.shape[:2], -1)
        return batch._replace(y=np.concatenate([counts, others.x[..., -self.channels :]], axis=2))
