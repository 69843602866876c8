"""A pool of memory for training steps.

A training step allocates the states of all its layers and frees them at its end. New memory from the system costs a
page fault per 4 kB at its first use, which for small layers takes longer than the arithmetic; therefore the pool keeps
freed memory for the next step.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SMALLEST = 1 << 16  # bytes; below, the system's allocator reuses memory itself
MOST = 1 << 28  # bytes kept for later
LINE = 64  # bytes of a cache line


class _Bytes(np.ndarray[Any, np.dtype[Any]]):
    """An own type as base of a lease: NumPy would skip a lease on a plain array and base views on that array."""


class _Piece:
    """Memory aligned to a cache line."""

    def __init__(self, size: int) -> None:
        self.memory = _Bytes(size + LINE, np.uint8)
        self.size, self.offset = size, -self.memory.ctypes.data % LINE


class _Lease(np.ndarray[Any, np.dtype[Any]]):
    """The base of views of leased memory; returns the memory when the last view is deleted."""

    pool: Pool
    piece: _Piece

    def __del__(self) -> None:
        self.pool.give(self.piece)


class Pool:
    """Pieces of memory by size, with a few sizes per power of two, so that batches of similar length share pieces.

    Examples
    --------
    >>> pool = Pool()
    >>> first = pool.empty((64, 1024), np.dtype(np.float32))
    >>> address, row = first.ctypes.data, first[3]
    >>> del first
    >>> pool.empty((64, 1024), np.dtype(np.float32)).ctypes.data == address      # a view is still in use
    False
    >>> del row
    >>> pool.empty((1000, 60), np.dtype(np.float32)).ctypes.data == address
    True
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._free: dict[int, list[_Piece]] = {}

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an uninitialized array, aligned to a cache line."""
        size = prod(shape) * dtype.itemsize
        if size < SMALLEST:
            return np.empty(shape, dtype)
        step = 1 << (size.bit_length() - 3)
        size = -(-size // step) * step
        try:
            piece = self._free[size].pop()
        except LookupError:
            piece = _Piece(size)
        lease = _Lease(shape, dtype, piece.memory, piece.offset)
        lease.pool, lease.piece = self, piece
        return lease.view(np.ndarray)

    @property
    def kept(self) -> int:
        """Number of kept bytes."""
        return sum(size * len(pieces) for size, pieces in list(self._free.items()))

    def give(self, piece: _Piece) -> None:
        """Keep a piece for later; if the limit is exceeded, free all kept pieces."""
        if self.kept + piece.size > self.most:
            self._free = {}
        if piece.size <= self.most:
            self._free.setdefault(piece.size, []).append(piece)


POOL = Pool()
