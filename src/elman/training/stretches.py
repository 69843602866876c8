"""Batches of windows from many series, gathered by the engine."""

from __future__ import annotations

from copy import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.engine import kernels
from elman.errors import ShapeError
from elman.training.batches import Batch
from elman.training.draws import BLOCK, Draws, Origins
from elman.training.spans import Spans

Array = npt.NDArray[Any]

_ELEMENTS = 2**18  # of the windows and targets gathered at once, about what the L2 cache holds


class _Windows:
    """Series in one flat array, with the windows and targets around an origin, the index of the newest known value."""

    def __init__(
        self,
        values: npt.ArrayLike,
        offsets: npt.ArrayLike,
        *,
        window: int,
        horizon: int,
        steps: int,
        center: npt.ArrayLike | None,
        weight: npt.ArrayLike | None,
        dtype: npt.DTypeLike,
        kept: Spans | None,
    ) -> None:
        place = type(self).__name__
        s = _check.Shapes(place, np.float64)
        self.values = s.array("values", values, "total", "C")
        self.center = s.array("center", center, "total", "C", optional=True)
        self.weight = s.array("weight", weight, "total", "C", optional=True)
        self.offsets = np.require(s.integers("offsets", offsets, "B"), np.int64, ["C", "A"])
        self.window = _check.positive_integer(place, "window", window)
        self.horizon = _check.positive_integer(place, "horizon", horizon)
        self.dtype = _check.float_dtype(place, "dtype", dtype)
        steps = _check.positive_integer(place, "steps", steps)
        self._check_offsets(place, kept)
        self.origins = Origins(place, self.offsets, self.window, self.horizon, steps)
        self.steps = self.origins.steps
        self._buffers: dict[str, Array] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the memory of the last batch."""
        return {**self.__dict__, "_buffers": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state from another process."""
        self.__dict__ |= {name: _check.received(value) for name, value in state.items()}

    def _check_offsets(self, place: str, kept: Spans | None) -> None:
        sizes, total = np.diff(self.offsets), len(self.values)
        if kept is not None and kept.total == total:
            total = int(self.offsets[-1])
        if len(sizes) == 0 or self.offsets[0] != 0 or self.offsets[-1] != total or (sizes < 0).any():
            raise ShapeError(f"{place}: offsets must rise from 0 to total = {total}, got {self.offsets}.")

    def _pad(self, last_origin: int) -> None:
        """Append zeros if a stretch from the last origin exceeds the end; they are read, never used."""
        missing = last_origin + self.steps + self.horizon - len(self.values)
        if missing > 0:
            rows = ((0, missing), (0, 0))
            self.values = np.pad(self.values, rows)
            self.center = None if self.center is None else np.pad(self.center, rows)
            self.weight = None if self.weight is None else np.pad(self.weight, rows)

    def _gather(self, name: str, source: Array, center: Array | None, origins: Array, first: int, width: int) -> Array:
        """Return windows (…, T, N, width·C) around ``origins`` (…, N)."""
        shape = *origins.shape[:-1], self.steps, origins.shape[-1], width * source.shape[1]
        out = self._buffers.get(name)
        if out is None or out.shape != shape:
            out = self._buffers[name] = np.empty(shape, self.dtype)
        kernels.gather_windows(source, center, origins, first, width, 1, out)
        return out

    def _batch(self, origins: Array, lengths: Array, carry: bool = False) -> Batch:
        """Return the windows, targets and weights of ``steps`` origins from each of ``origins`` (…, N) on."""
        x = self._gather("x", self.values, self.center, origins, 1 - self.window, self.window)
        y = self._gather("y", self.values, self.center, origins, 1, self.horizon)
        weight = None if self.weight is None else self._gather("weight", self.weight, None, origins, 1, self.horizon)
        return Batch(x, y, weight, None if (lengths == self.steps).all() else lengths, carry)


class StretchBatches(_Windows):
    """Random stretches of consecutive windows, each from a series and an origin drawn at random.

    Step t of a row has an origin o (the index of the newest known value), an input x and a target y::

        x = values[o-window+1 : o+1] - center[o]        oldest first, all channels of one time side by side
        y = values[o+1 : o+horizon+1] - center[o]       likewise

    and the next step has the origin o + 1.

    Parameters
    ----------
    values : array_like (total, C)
        All series one after another, in float64: levels are subtracted before the cast.
    offsets : array_like of int (S+1,)
        Series s is ``values[offsets[s]:offsets[s+1]]``.
    window : int
        Input values per step.
    horizon : int
        Predicted values per step.
    steps : int
        Maximum length of a stretch. Series with fewer origins give shorter rows.
    batch_size : int
        Rows, N.
    seed : int
        Of the random numbers.
    center : array_like (total, C), optional
        Subtracted from the values around an origin.
    weight : array_like (total, C), optional
        Of each value as a target; 0 for filled values.
    dtype : dtype
        Of the batches.
    kept : Spans, optional
        What `values`, `center` and `weight` hold of the series, if not everything: all that the updates to come read.

    Raises
    ------
    ShapeError
        If sizes disagree.
    DataError
        If a series is shorter than window + horizon.

    Examples
    --------
    >>> batches = StretchBatches(np.arange(10.0)[:, None], [0, 10], window=3, horizon=2, steps=2, batch_size=1)
    >>> batch = batches.batch(0)
    >>> batch.x.shape, batch.y.shape
    ((2, 1, 3), (2, 1, 2))
    >>> (batch.y[0, 0] - batch.x[0, 0, -1]).tolist()                      # the two values after the window
    [1.0, 2.0]
    """

    epoch_length = None

    def __init__(
        self,
        values: npt.ArrayLike,
        offsets: npt.ArrayLike,
        *,
        window: int,
        horizon: int,
        steps: int,
        batch_size: int = 32,
        seed: int = 0,
        center: npt.ArrayLike | None = None,
        weight: npt.ArrayLike | None = None,
        dtype: npt.DTypeLike = np.float32,
        kept: Spans | None = None,
    ) -> None:
        geometry: dict[str, Any] = {"window": window, "horizon": horizon, "steps": steps}
        super().__init__(values, offsets, **geometry, center=center, weight=weight, dtype=dtype, kept=kept)
        self.batch_size = _check.positive_integer("StretchBatches", "batch_size", batch_size)
        self.seed = _check.integer("StretchBatches", "seed", seed, 0, 2**63 - 1)
        self.kept = kept
        self._draws = Draws(self.origins, self.batch_size)
        self._pad(len(self.values) - self.horizon - int(self._draws.lengths.min()))
        self._drawn: tuple[int, Array, Array] | None = None

    def with_seed(self, seed: int) -> Self:
        """Return batches of the same arrays with other random numbers, for another member of an ensemble."""
        other = copy(self)
        other.seed = _check.integer("StretchBatches", "seed", seed, 0, 2**63 - 1)
        other._drawn, other._buffers = None, {}
        return other

    def batch(self, update: int) -> Batch:
        """Return the batch of ``update``."""
        origins, lengths = self._drawn_for(update)
        return self._batch(origins[0], lengths[0])

    def several(self, update: int, most: int) -> Batch:
        """Return the batches of ``update`` and of up to ``most - 1`` updates after it, along a new first axis."""
        size = self.steps * self.batch_size * self.values.shape[1] * (self.window + self.horizon)
        origins, lengths = self._drawn_for(update, min(most, max(1, _ELEMENTS // size)))
        return self._batch(origins, lengths)

    def _drawn_for(self, update: int, most: int = 1) -> tuple[Array, Array]:
        """Return the first origins and the lengths (U, N) of the batches from ``update`` on, U at most ``most``."""
        block, place = divmod(update, BLOCK)
        if self._drawn is None or self._drawn[0] != block:
            self._drawn = block, *self._draws.block(self.seed, block)
        origins, lengths = (drawn[place : place + most] for drawn in self._drawn[1:])
        return origins if self.kept is None else self.kept.places(origins), lengths


class OrderedStretches(_Windows):
    """Consecutive stretches of every series in the order of time, the state carried from one to the next.

    Every series is a row of every batch; a row whose series has ended has no valid steps. Parameters and errors are
    those of `StretchBatches`, which draws stretches at random.

    Examples
    --------
    >>> batches = OrderedStretches(np.arange(10.0)[:, None], [0, 10], window=3, horizon=2, steps=4)
    >>> batches.epoch_length
    2
    >>> [(batches.batch(update).carry, batches.batch(update).x[0, 0, 0].item()) for update in range(3)]
    [(False, 0.0), (True, 4.0), (False, 0.0)]
    """

    def __init__(
        self,
        values: npt.ArrayLike,
        offsets: npt.ArrayLike,
        *,
        window: int,
        horizon: int,
        steps: int,
        center: npt.ArrayLike | None = None,
        weight: npt.ArrayLike | None = None,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        geometry: dict[str, Any] = {"window": window, "horizon": horizon, "steps": steps}
        super().__init__(values, offsets, **geometry, center=center, weight=weight, dtype=dtype, kept=None)
        self._pad(len(self.values) - self.horizon)
        self.epoch_length: int | None = -(-int(self.origins.counts.max()) // self.steps)

    def with_seed(self, seed: int) -> Self:
        """Return batches of the same arrays; they are not random, so the seed is ignored."""
        other = copy(self)
        other._buffers = {}
        return other

    def batch(self, update: int) -> Batch:
        """Return the batch of ``update``."""
        assert self.epoch_length is not None
        done = (update % self.epoch_length) * self.steps
        counts = self.origins.counts
        lengths = np.clip(counts - done, 0, self.steps)
        return self._batch(self.origins.first + np.minimum(done, counts), lengths, carry=done > 0)
