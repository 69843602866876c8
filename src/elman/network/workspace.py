"""Memory for the passes of one network, reused from call to call."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt


class Workspace:
    """Named pieces of memory that grow to the largest requested shape.

    Attributes
    ----------
    size : int
        Number of elements of all pieces.

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
        """Return an uninitialized array of ``shape`` in the piece ``name``."""
        size = prod(shape)
        piece = self._pieces.get(name)
        if piece is None or piece.size < size:
            self.size += size - (0 if piece is None else piece.size)
            piece = self._pieces[name] = np.empty(size, self.dtype)
        view: npt.NDArray[Any] = piece[:size].reshape(shape)
        return view
