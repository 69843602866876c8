"""Memory of training steps, used again and again.

A step leaves the states of all its layers and frees them when it is over. Memory fresh from the system costs a page
fault per 4 kB at its first use, which for small layers takes longer than the arithmetic; so what is freed is kept for
the next step.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SMALLEST = 1 << 16  # bytes below which the allocator of the system keeps memory itself
MOST = 1 << 28  # bytes kept for later
LINE = 64  # bytes of a cache line


class _Bytes(np.ndarray[Any, np.dtype[Any]]):
    """A type of its own: through a plain array below a lease, NumPy would look, and let views stand on that."""


class _Piece:
    """Memory that begins where a cache line does."""

    def __init__(self, size: int) -> None:
        self.memory = _Bytes(size + LINE, np.uint8)
        self.size, self.offset = size, -self.memory.ctypes.data % LINE


class _Lease(np.ndarray[Any, np.dtype[Any]]):
    """What views of leased memory stand on; gives it back when the last of them is gone."""

    pool: Pool
    piece: _Piece

    def __del__(self) -> None:
        self.pool.give(self.piece)


class Pool:
    """Pieces of memory by their size, a few sizes per power of two, so that batches of other lengths find theirs.

    Examples
    --------
    >>> pool = Pool()
    >>> first = pool.empty((64, 1024), np.dtype(np.float32))
    >>> place, row = first.ctypes.data, first[3]
    >>> del first
    >>> pool.empty((64, 1024), np.dtype(np.float32)).ctypes.data == place        # a view is still in use
    False
    >>> del row
    >>> pool.empty((1000, 60), np.dtype(np.float32)).ctypes.data == place
    True
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._free: dict[int, list[_Piece]] = {}

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an array whose values are whatever was there; it begins where a cache line does."""
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
        """Bytes kept for later."""
        return sum(size * len(pieces) for size, pieces in list(self._free.items()))

    def give(self, piece: _Piece) -> None:
        """Keep a piece for later; if that is too much, let go of all that is kept."""
        if self.kept + piece.size > self.most:
            self._free = {}
        if piece.size <= self.most:
            self._free.setdefault(piece.size, []).append(piece)


POOL = Pool()
