"""Random stretches of series: the positions that every update reads, from lengths and a seed alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import DataError
from elman.training.batches import generator
from elman.training.spans import Spans

__all__ = ["BLOCK", "Draws", "Origins"]

Array = npt.NDArray[Any]

BLOCK = 64  # updates per generator: making one takes as long as a step of a small network
_FEW = 32  # stretches per update whose random numbers are kept, 2 MB in all at most
_MERGED = 2**20  # stretches whose spans are merged at once, at most


class Origins:
    """Positions in series that lie end to end, with a whole window before and a whole horizon after each.

    Parameters
    ----------
    place : str
        Start of a message.
    offsets : ndarray (S+1,), int64
        Series s has the positions ``offsets[s]`` to ``offsets[s+1] - 1``.
    window, horizon, steps : int
        Values before an origin, values after it, origins of a stretch at most.

    Attributes
    ----------
    counts : ndarray (S,)
        Origins of each series.
    first : ndarray (S,)
        Position of the first.
    steps : int
        Origins of the longest stretch.

    Raises
    ------
    DataError
        If a series is shorter than window + horizon.

    Examples
    --------
    >>> origins = Origins("example", np.array([0, 10, 18]), window=3, horizon=2, steps=96)
    >>> origins.first.tolist(), origins.counts.tolist(), origins.steps
    ([2, 12], [6, 4], 6)
    """

    def __init__(self, place: str, offsets: npt.NDArray[np.int64], window: int, horizon: int, steps: int) -> None:
        sizes = np.diff(offsets)
        self.counts: Array = sizes - window - horizon + 1
        if (self.counts < 1).any():
            series = int(np.argmax(self.counts < 1))
            raise DataError(
                f"{place}: series {series} has {sizes[series]} values, but window + horizon = "
                f"{window} + {horizon} needs at least {window + horizon}."
            )
        self.window, self.horizon, self.steps = window, horizon, min(steps, int(self.counts.max()))
        self.first: Array = offsets[:-1] + window - 1


def _uniform(seed: int, number: int, batch_size: int) -> Array:
    """Return the numbers in [0, 1) of a block (updates, 2, N)."""
    return generator(seed, number).random((BLOCK, 2, batch_size))


@lru_cache(maxsize=64)
def _kept(seed: int, number: int, batch_size: int) -> Array:
    """Draw once for all fits with the same seed, and for the spans and the batches of one."""
    return _uniform(seed, number, batch_size)


class Draws:
    """Random stretches by number of the update; they depend on the lengths of the series and a seed, not on values.

    Parameters
    ----------
    origins : Origins
        Of the series.
    batch_size : int
        Stretches per update, N.

    Examples
    --------
    >>> draws = Draws(Origins("example", np.array([0, 1000, 2000]), window=3, horizon=2, steps=4), batch_size=1)
    >>> draws.spans(seeds=[0], updates=2).total                         # of 2000 values, two stretches of 8
    16
    """

    def __init__(self, origins: Origins, batch_size: int) -> None:
        self.origins, self.batch_size = origins, batch_size
        self.lengths = np.minimum(origins.counts, origins.steps)

    def block(self, seed: int, number: int) -> tuple[Array, Array]:
        """Return the first origins and the lengths (updates, N) of a block of updates."""
        draw = _kept if self.batch_size <= _FEW else _uniform
        which, where = draw(seed, number, self.batch_size).transpose(1, 0, 2)
        series = (which * len(self.lengths)).astype(np.int64)
        lengths = self.lengths[series]
        starts = self.origins.counts[series] - lengths + 1
        return self.origins.first[series] + (where * starts).astype(np.int64), lengths

    def spans(self, seeds: Sequence[int], updates: int) -> Spans:
        """Return the spans that the first ``updates`` updates of every seed read; no more are drawn once all are."""
        whole = int((self.origins.counts + self.origins.window + self.origins.horizon - 1).sum())
        found, pending = Spans.covering(np.zeros(0, np.int64), np.zeros(0, np.int64)), []
        blocks = [(seed, number) for seed in seeds for number in range(-(-updates // BLOCK))]
        for seed, number in blocks:
            origins, lengths = (drawn[: updates - number * BLOCK].ravel() for drawn in self.block(seed, number))
            pending.append((origins - self.origins.window + 1, origins + lengths + self.origins.horizon))
            if (seed, number) == blocks[-1] or len(pending) * len(origins) > min(_MERGED, 4 * whole):
                starts, stops = zip((found.starts, found.stops), *pending, strict=True)
                found, pending = Spans.covering(np.concatenate(starts), np.concatenate(stops)), []
            if found.total == whole:
                break
        return found
