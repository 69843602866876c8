"""Memory that passes of one network write into, kept from call to call."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt


class Workspace:
    """Named pieces of memory that grow to the largest shape asked for.

    Attributes
    ----------
    size : int
        Elements of all pieces.

    Examples
    --------
    >>> workspace = Workspace(np.dtype(np.float32))
    >>> large, small = workspace.array("h", 4, 5), workspace.array("h", 2, 5)
    >>> small.shape, np.shares_memory(large, small), workspace.size
    ((2, 5), True, 20)
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.size = 0
        self._pieces: dict[str, npt.NDArray[Any]] = {}

    def array(self, name: str, *shape: int) -> npt.NDArray[Any]:
        """Return an array of ``shape`` in the piece called ``name``; its values are whatever was there."""
        size = prod(shape)
        piece = self._pieces.get(name)
        if piece is None or piece.size < size:
            self.size += size - (0 if piece is None else piece.size)
            piece = self._pieces[name] = np.empty(size, self.dtype)
        view: npt.NDArray[Any] = piece[:size].reshape(shape)
        return view
