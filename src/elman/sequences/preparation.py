"""From checked sequences to standardised windows, and to the outputs of networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.ragged import pad_front
from elman.network import Network
from elman.sequences.slopes import APART, SlopeBatches, slope_factors
from elman.training import Batch, SequenceBatches

__all__ = ["FARTHEST_SIZE", "ROUNDING", "LaterUpdates", "Preparation", "ensemble_mean", "outputs"]

Array = npt.NDArray[Any]

_ROWS, _STEPS = 256, 2**17  # sequences and padded steps per run; limits memory, changes no bit
ROUNDING = 1e-14  # of a mean; a standard deviation below is that of a constant channel
_SAME_SIZE = 1e-6  # of logarithms; sizes that differ less are equal but for rounding
FARTHEST_SIZE = 4.0  # standard deviations of the logarithm
_FARTHEST = 1e30  # standard deviations; keeps wild values finite in float32


@dataclass(frozen=True)
class Preparation:
    """Windows and standardisation of the inputs, from the training part.

    Parameters
    ----------
    window, stride : int
        Values per step, and shift per step.
    center, scale : ndarray (D,)
        Mean and standard deviation of every channel; with ``by_sequence`` of the logarithm of its standard deviations
        within the sequences.
    per_step : bool
        Whether a window ends at every step.
    by_sequence : bool
        Whether each sequence is standardised by its own mean and standard deviation. The logarithm of the latter is one
        more channel for every channel, constant within a sequence.
    slopes : ndarray (D,), optional
        While a network learns: factors of the differences within a window, which it reads beside the values; see
        `elman.sequences.slopes`.
    """

    window: int
    stride: int
    center: Array
    scale: Array
    per_step: bool = False
    by_sequence: bool = False
    slopes: Array | None = None

    @classmethod
    def learned(
        cls,
        sequences: list[Array],
        weight: Array,
        window: int,
        stride: int,
        *,
        standardize: bool | str = True,
        per_step: bool = False,
    ) -> Preparation:
        """Compute mean and standard deviation of each channel over all steps, with weights (n,) per sequence.

        ``standardize="sequence"`` is `by_sequence`.
        """
        if standardize == "sequence":
            center, scale = _log_spreads(sequences, weight)
            return cls(window, stride, center, scale, per_step, by_sequence=True)
        channels = sequences[0].shape[1]
        center, scale = np.zeros(channels), np.ones(channels)
        if standardize:
            total = float(np.sum(weight * [len(sequence) for sequence in sequences]))
            sums = [w * sequence.sum(axis=0) for w, sequence in zip(weight, sequences, strict=True)]
            center = np.sum(sums, axis=0) / total
            squares = [w * ((s - center) ** 2).sum(axis=0) for w, s in zip(weight, sequences, strict=True)]
            spread = np.sqrt(np.sum(squares, axis=0) / total)
            scale = np.where(spread > ROUNDING * np.abs(center), spread, 1.0)  # a constant channel stays constant
        return cls(window, stride, center, scale, per_step)

    def standardised(self, values: Array) -> Array:
        """Return values (..., D) relative to the mean, in standard deviations."""
        with np.errstate(over="ignore"):  # of nearly constant channels; values so far away are clipped
            standard: Array = np.clip((values - self.center) / self.scale, -_FARTHEST, _FARTHEST)
        return standard

    def apply(self, sequences: Sequence[Array]) -> list[Array]:
        """Standardise sequences and pad them in front to complete windows."""
        standard = [self._by_itself(s) if self.by_sequence else self.standardised(s) for s in sequences]
        if self.per_step:
            return [np.concatenate([np.repeat(s[:1], self.window - 1, axis=0), s]) for s in standard]
        return [pad_front(sequence, self.window, self.stride) for sequence in standard]

    def _by_itself(self, sequence: Array) -> Array:
        """Return a sequence in its own standard deviations, and beside it their logarithms (T, 2 D)."""
        mean, spread = _mean_and_spread(sequence)
        with np.errstate(divide="ignore"):  # a constant channel stays constant, its spread is the least
            size = np.clip((np.log(spread) - self.center) / self.scale, -FARTHEST_SIZE, FARTHEST_SIZE)
        shape = (sequence - mean) / np.where(spread > 0, spread, 1.0)
        return np.concatenate([shape, np.broadcast_to(size, shape.shape)], axis=1)

    @property
    def channels(self) -> int:
        """Values that the network sees of one step of a sequence."""
        return len(self.center) * (2 if self.by_sequence else 1)

    @property
    def input_size(self) -> int:
        """Inputs of the network at a step."""
        values = self.window * self.channels
        return values if self.slopes is None else 2 * values - APART * self.channels

    def with_slopes(self, prepared: Sequence[Array], weight: Any) -> Preparation:
        """Return the preparation for a training on windows beside their differences, if windows are long enough."""
        return self if self.window <= APART else replace(self, slopes=slope_factors(prepared, weight))

    def batches(self, prepared: Sequence[Array], targets: Any, *, shift: int = 0, **options: Any) -> SequenceBatches:
        """Return batches of prepared sequences; those beside differences may be shifted in time."""
        options |= {"window": self.window, "stride": self.stride}
        if self.slopes is None:
            return SequenceBatches(prepared, targets, **options)
        return SlopeBatches(prepared, targets, slopes=self.slopes, shift=shift, **options)


def _mean_and_spread(sequence: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of every channel; the latter is 0 if it is rounding alone."""
    mean, spread = sequence.mean(axis=0), sequence.std(axis=0)
    return mean, np.where(spread > ROUNDING * np.abs(mean), spread, 0.0)


def _log_spreads(sequences: list[Array], weight: Array) -> tuple[Array, Array]:
    """Return weighted mean and spread, over sequences, of the logarithm of every channel's standard deviation."""
    spreads = np.stack([_mean_and_spread(sequence)[1] for sequence in sequences])
    center, scale = np.zeros(spreads.shape[1]), np.ones(spreads.shape[1])
    for channel, own in enumerate(spreads.T):
        size, w = np.log(own[own > 0]), weight[own > 0]
        if len(size):
            center[channel] = w @ size / w.sum()
            differ = np.sqrt(w @ (size - center[channel]) ** 2 / w.sum())
            scale[channel] = differ if differ > _SAME_SIZE else 1.0
    return center, scale


class LaterUpdates:
    """Batches whose numbering starts at a later update, for a run that continues with new data.

    Parameters
    ----------
    batches : SequenceBatches
        Source of the batches.
    first : int
        Update of batch 0.
    """

    def __init__(self, batches: SequenceBatches, first: int) -> None:
        self.batches = batches
        self.first = first
        self.epoch_length = batches.epoch_length

    def batch(self, update: int) -> Batch:
        """Return the batch of ``update``."""
        return self.batches.batch(update - self.first)


def ensemble_mean(runs: Sequence[Array]) -> Array:
    """Return the mean of arrays of equal shape, summed in order.

    `numpy.mean` sums a single number of more than seven networks pairwise, but several numbers in order; the bits of a
    row must not depend on its neighbours.
    """
    total = runs[0]
    for run in runs[1:]:
        total = total + run
    mean: Array = total / len(runs)
    return mean


def outputs(networks: Sequence[Network], preparation: Preparation, prepared: list[Array], n_threads: int) -> Any:
    """Run sequences through an ensemble and average its outputs before their activation.

    Parameters
    ----------
    networks : sequence of Network
        All of one architecture.
    preparation : Preparation
        That prepared the sequences.
    prepared : list of ndarray (L_i, D)
        From `Preparation.apply`.
    n_threads : int
        0: the engine's default.

    Returns
    -------
    ndarray (n, K), or list of ndarray (steps_i, K)
        float64; one output per sequence, or with readout ``"every"`` one per step.
    """
    plain = [network.with_output("identity") for network in networks]
    order = np.argsort([len(sequence) for sequence in prepared], kind="stable")
    rows = max(1, min(_ROWS, _STEPS // len(prepared[order[-1]])))
    batches = preparation.batches(
        [prepared[i] for i in order],
        np.zeros(len(prepared)),
        batch_size=rows,
        shuffle=False,
        dtype=networks[0].dtype,
    )
    every = networks[0].architecture.readout == "every"
    found: list[Any] = [None] * len(prepared)
    for number in range(batches.epoch_length):
        x, _, _, lengths, _ = batches.batch(number)
        runs = [network.predict(x, lengths=lengths, n_threads=n_threads).astype(np.float64) for network in plain]
        mean = ensemble_mean(runs)
        for place, i in enumerate(order[number * rows : number * rows + mean.shape[-2]]):
            found[i] = mean[: x.shape[0] if lengths is None else lengths[place], place] if every else mean[place]
    return found if every else np.stack(found)
