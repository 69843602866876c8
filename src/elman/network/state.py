"""The recurrent state between two calls of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError
from elman.network.architecture import Architecture


class State:
    """Hidden and cell states of every layer and direction for N rows.

    Parameters
    ----------
    h : ndarray (layers × directions, N, H)
        Hidden states, the directions of the lowest layer first: those of `Architecture.parts`. H is that of the largest
        layer: a layer of fewer units has its state in the first columns; the others are zero and have no influence.
        With projections these are the states before them.
    c : ndarray (layers × directions, N, H), optional
        Cell states of LSTM layers.

    Examples
    --------
    >>> state = State.zeros(Architecture(1, 1, hidden_size=4, num_layers=2), rows=3)
    >>> state.h.shape, state.c.shape, state.rows
    ((2, 3, 4), (2, 3, 4), 3)
    """

    __slots__ = ("c", "h")

    def __init__(self, h: npt.NDArray[Any], c: npt.NDArray[Any] | None = None) -> None:
        self.h = h
        self.c = c

    @classmethod
    def zeros(cls, architecture: Architecture, rows: int, dtype: npt.DTypeLike = np.float32) -> State:
        """Return the initial state of zeros."""
        shape = cls.shape_of(architecture, rows)
        return cls(np.zeros(shape, dtype), np.zeros(shape, dtype) if architecture.kind.has_c else None)

    @staticmethod
    def shape_of(architecture: Architecture, rows: int) -> tuple[int, int, int]:
        """Return the shape of h and c.

        Examples
        --------
        >>> State.shape_of(Architecture(1, 1, hidden_size=(4, 2), bidirectional=True), rows=3)
        (4, 3, 4)
        """
        return len(architecture.parts), rows, architecture.state_size

    @property
    def rows(self) -> int:
        """Number of rows, N."""
        return int(self.h.shape[1])

    def part(self, index: int, size: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
        """Return views of h and c (N, size) of one layer and direction with that many units."""
        return self.h[index, :, :size], None if self.c is None else self.c[index, :, :size]

    def put(self, index: int, h: npt.NDArray[Any], c: npt.NDArray[Any] | None) -> None:
        """Write h and c (N, size) of one layer and direction."""
        self.h[index, :, : h.shape[1]] = h
        if self.c is not None:
            self.c[index, :, : h.shape[1]] = c

    def copy(self) -> State:
        """Return a copy that shares no memory with this state."""
        return State(self.h.copy(), None if self.c is None else self.c.copy())

    def select(self, rows: npt.ArrayLike | slice) -> State:
        """Return a copy of some rows: an index array, a boolean mask or a slice.

        Examples
        --------
        >>> State(np.arange(3.0).reshape(1, 3, 1)).select([2, 0]).h.ravel()
        array([2., 0.])
        """
        index = rows if isinstance(rows, slice) else np.asarray(rows)
        return State(self.h[:, index].copy(), None if self.c is None else self.c[:, index].copy())

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays by name, for a file."""
        return {"h": self.h} if self.c is None else {"h": self.h, "c": self.c}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> State:
        """Rebuild a state from the values of `to_arrays`.

        Raises
        ------
        ArgumentError
            If ``h`` is missing or there are other arrays than ``h`` and ``c``.
        """
        if "h" not in arrays or set(arrays) - {"h", "c"}:
            raise ArgumentError(f"State: needs the array 'h' and perhaps 'c', got {sorted(arrays)}.")
        return cls(arrays["h"], arrays.get("c"))
