"""Spans of a long array: the parts that random stretches read, and their places when only they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

__all__ = ["Spans"]

Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spans:
    """Disjoint spans of an array, in order; kept without the rest, they lie end to end.

    Parameters
    ----------
    starts, stops : ndarray (G,), int64
        Span g is ``array[starts[g] : stops[g]]``.

    Examples
    --------
    >>> spans = Spans.covering(np.array([20, 2, 4]), np.array([23, 6, 8]))
    >>> spans.starts.tolist(), spans.stops.tolist(), spans.total
    ([2, 20], [8, 23], 9)
    >>> spans.places(np.array([2, 7, 21])).tolist()                    # positions among the kept values
    [0, 5, 7]
    """

    starts: Index
    stops: Index

    @classmethod
    def covering(cls, starts: Index, stops: Index) -> Self:
        """Cover intervals (N,) by as few spans as possible; intervals that only touch remain apart."""
        if len(starts) == 0:
            return cls(starts, stops)
        order = np.argsort(starts, kind="stable")
        starts, farthest = starts[order], np.maximum.accumulate(stops[order])
        first = np.concatenate([[True], starts[1:] >= farthest[:-1]])
        last = np.append(np.flatnonzero(first)[1:] - 1, len(starts) - 1)
        return cls(starts[first], farthest[last])

    @cached_property
    def offsets(self) -> Index:
        """Borders of the spans among the kept values (G+1,)."""
        return np.concatenate([[0], np.cumsum(self.stops - self.starts)]).astype(np.int64)

    @property
    def total(self) -> int:
        """Number of kept values."""
        return int(self.offsets[-1])

    def places(self, positions: Index) -> Index:
        """Convert positions in the array, each in a span, to positions among the kept values."""
        span = np.searchsorted(self.starts, positions, side="right") - 1
        moved: Index = positions - self.starts[span] + self.offsets[span]
        return moved
