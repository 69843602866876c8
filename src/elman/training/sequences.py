"""Batches of whole sequences of unequal lengths, shuffled in every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.engine import kernels
from elman.errors import DataError, ShapeError
from elman.training.batches import Batch, generator

Array = npt.NDArray[Any]

_PLACE = "SequenceBatches"


class SequenceBatches:
    """Whole sequences in batches; seed and epoch determine their order.

    Step t of a row reads ``window`` consecutive values of all channels from t·``stride`` on, so a sequence of L
    values has (L - window) // stride + 1 steps. Rows shorter than the longest of their batch come with lengths.

    Parameters
    ----------
    sequences : sequence of array_like (L_i, D) or (L_i,)
        Values; with ``indices=True`` integers (L_i,).
    targets : ndarray (n,) or (n, K), or sequence of array_like (steps_i,) or (steps_i, K)
        An array holds one target per sequence; a list of arrays holds one per step. Integers are classes, other numbers
        values; (n,) values become (n, 1).
    batch_size : int
        Rows of a batch, N; the last of an epoch may have fewer.
    seed : int
        Of the order.
    window, stride : int
        Of the window vectors; both 1 for indices.
    weights : array_like (n,), or sequence of array_like (steps_i,), optional
        Of each sequence, or with targets per step of each step.
    shuffle : bool
        False keeps the given order.
    group_lengths : bool
        Whether a batch holds sequences of similar lengths: all are sorted by their lengths times random factors between
        0.8 and 1.25, and the batches are shuffled. Faster if lengths differ much.
    indices : bool
        Whether sequences are indices of a vocabulary.
    dtype : dtype
        Of values and targets in batches.

    Raises
    ------
    ShapeError
        If sequences and targets do not fit together.
    DataError
        If a sequence has no complete window.

    Examples
    --------
    >>> batches = SequenceBatches([[1.0, 2.0, 3.0], [4.0, 5.0]], np.array([0, 1]), batch_size=2, shuffle=False)
    >>> batch = batches.batch(0)
    >>> batch.x.shape, batch.y, batch.lengths
    ((3, 2, 1), array([0, 1]), array([3, 2]))
    """

    def __init__(
        self,
        sequences: Sequence[npt.ArrayLike],
        targets: Array | Sequence[npt.ArrayLike],
        *,
        batch_size: int = 32,
        seed: int = 0,
        window: int = 1,
        stride: int = 1,
        weights: npt.ArrayLike | Sequence[npt.ArrayLike] | None = None,
        shuffle: bool = True,
        group_lengths: bool = False,
        indices: bool = False,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        self.batch_size = _check.positive_integer(_PLACE, "batch_size", batch_size)
        self.seed = _check.integer(_PLACE, "seed", seed, 0, 2**63 - 1)
        self.window = _check.positive_integer(_PLACE, "window", window)
        self.stride = _check.positive_integer(_PLACE, "stride", stride)
        self.shuffle = _check.boolean(_PLACE, "shuffle", shuffle)
        self.group_lengths = _check.boolean(_PLACE, "group_lengths", group_lengths)
        self.dtype = _check.float_dtype(_PLACE, "dtype", dtype)
        self.indices = indices
        arrays = [_columns(number, sequence, indices) for number, sequence in enumerate(sequences)]
        self._take_values(arrays)
        self._take_targets(targets)
        self.weights: Array | None = None
        self.step_weights: Array | None = None
        if isinstance(weights, Sequence) and len(weights) and np.ndim(weights[0]) > 0:
            self.step_weights = self._end_to_end("weights", [np.asarray(part, self.dtype) for part in weights])
        elif weights is not None:
            self.weights = _check.Shapes(_PLACE, self.dtype).array("weights", weights, len(arrays))
        self._order: tuple[int, Array] | None = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state from another process."""
        self.__dict__ |= {name: _check.received(value) for name, value in state.items()}

    def _take_values(self, arrays: list[Array]) -> None:
        """Concatenate all sequences into one array, padded so that the longest row can be read from any start."""
        sizes = np.array([len(array) for array in arrays])
        self.lengths = (sizes - self.window) // self.stride + 1
        if len(arrays) == 0 or (self.lengths < 1).any():
            what = f"sequence {int(np.argmin(self.lengths))} has no complete" if arrays else "there is no"
            raise DataError(f"{_PLACE}: {what} window of {self.window} values.")
        if len({array.shape[1] for array in arrays}) > 1:
            raise ShapeError(f"{_PLACE}: sequences have different numbers of channels.")
        self.begins = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        room = int(self.lengths.max()) * self.stride + self.window
        padding = np.zeros((room, arrays[0].shape[1]), arrays[0].dtype)
        self.values = np.concatenate([*arrays, padding])

    def _take_targets(self, targets: Array | Sequence[npt.ArrayLike]) -> None:
        """Keep targets per sequence; concatenate targets per step like the values."""
        self.per_step = not isinstance(targets, np.ndarray)
        if len(targets) != len(self.lengths):
            raise ShapeError(f"{_PLACE}: there are {len(self.lengths)} sequences, but {len(targets)} targets.")
        joined = np.asarray(targets) if isinstance(targets, np.ndarray) else self._end_to_end("targets", targets)
        if joined.dtype.kind in "iub" and joined.ndim == 1:
            self.targets = joined.astype(np.int64)
        else:
            self.targets = joined.astype(self.dtype)
            if joined.ndim == 1:
                self.targets = self.targets[:, np.newaxis]

    def _end_to_end(self, name: str, parts: Sequence[npt.ArrayLike]) -> Array:
        """Concatenate arrays per step, padded so that the longest row can be read from any start."""
        arrays = [np.asarray(part) for part in parts]
        if not self.per_step or len(arrays) != len(self.lengths):
            raise ShapeError(f"{_PLACE}: {name} per step need targets per step, one array for each sequence.")
        for number, (array, steps) in enumerate(zip(arrays, self.lengths, strict=True)):
            if len(array) != steps:
                raise ShapeError(f"{_PLACE}: {name}[{number}] must have {steps} steps, got {len(array)}.")
        self.target_begins = np.concatenate(([0], np.cumsum(self.lengths)[:-1]))
        room = np.zeros((int(self.lengths.max()), *arrays[0].shape[1:]), arrays[0].dtype)
        return np.concatenate([*arrays, room])

    @property
    def epoch_length(self) -> int:
        """Batches per epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def with_seed(self, seed: int) -> Self:
        """Return batches of the same arrays in another order, for another member of an ensemble."""
        other = copy(self)
        other.seed, other._order = _check.integer(_PLACE, "seed", seed, 0, 2**63 - 1), None
        return other

    def batch(self, update: int) -> Batch:
        """Return the batch of ``update``."""
        epoch, place = divmod(update, self.epoch_length)
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, self._new_order(epoch)
        rows = self._order[1][place * self.batch_size : (place + 1) * self.batch_size]
        lengths = self.lengths[rows]
        steps = int(lengths.max())
        weight = None if self.weights is None else self.weights[rows]
        if self.per_step:
            step = np.arange(steps)[:, np.newaxis]
            places = self.target_begins[rows] + step
            y = self.targets[places]
            if self.step_weights is not None:
                weight = self.step_weights[places]
            weight = None if weight is None else np.broadcast_to(weight, (steps, len(rows)))
        else:
            y = self.targets[rows]
        return Batch(self._gather(rows, steps), y, weight, None if (lengths == steps).all() else lengths)

    def _new_order(self, epoch: int) -> Array:
        """Return all sequences in the order of an epoch (n,)."""
        count, rng = len(self.lengths), generator(self.seed, epoch)
        order = rng.permutation(count) if self.shuffle else np.arange(count)
        if not self.group_lengths:
            return order
        factors = rng.uniform(0.8, 1.25, count) if self.shuffle else np.ones(count)
        order = order[np.argsort(self.lengths[order] * factors, kind="stable")]
        whole = count // self.batch_size * self.batch_size  # an incomplete batch stays the last
        batches = order[:whole].reshape(-1, self.batch_size)
        if self.shuffle:
            batches = batches[rng.permutation(len(batches))]
        return np.concatenate([batches.ravel(), order[whole:]])

    def _begins(self, rows: Array) -> Array:
        """Return where each row starts in the values of all sequences."""
        begins: Array = self.begins[rows]
        return begins

    def _gather(self, rows: Array, steps: int) -> Array:
        begins = self._begins(rows)
        if self.indices:
            gathered: Array = self.values[begins + np.arange(steps)[:, np.newaxis], 0]
            return gathered
        out = np.empty((steps, len(rows), self.window * self.values.shape[1]), self.dtype)
        kernels.gather_windows(self.values, None, begins, 0, self.window, self.stride, out)
        return out


def _columns(number: int, sequence: npt.ArrayLike, indices: bool) -> Array:
    """Return a sequence as float64 (L, D), or as int64 (L, 1) if it holds indices."""
    s = _check.Shapes(_PLACE, np.float64)
    name = f"sequences[{number}]"
    if indices:
        return np.asarray(s.integers(name, sequence, "L"), np.int64)[:, np.newaxis]
    if np.ndim(sequence) == 1:
        return s.array(name, sequence, "L")[:, np.newaxis]
    return s.array(name, sequence, "L", "D")
