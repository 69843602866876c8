"""Memory that passes of one network write into, kept from call to call."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from elman.network.tape import Key, Tape

_MOST_TAPES = 8


class Workspace:
    """Named pieces of memory that grow to the largest shape asked for, and the tapes that are bound to them.

    Tapes of different shapes share the memory, so only the one that ran last holds anything.

    Examples
    --------
    >>> workspace = Workspace(np.dtype(np.float32))
    >>> large, small = workspace.array("h", 4, 5), workspace.array("h", 2, 5)
    >>> small.shape, np.shares_memory(large, small)
    ((2, 5), True)
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.tapes: dict[Key, Tape] = {}
        self._memory: dict[str, npt.NDArray[Any]] = {}

    def array(self, name: str, *shape: int) -> npt.NDArray[Any]:
        """Return an array of ``shape`` in the memory called ``name``; its values are whatever was there."""
        size = prod(shape)
        memory = self._memory.get(name)
        if memory is None or memory.size < size:
            self.tapes.clear()  # they would keep the smaller piece alive
            memory = self._memory[name] = np.empty(size, self.dtype)
        view: npt.NDArray[Any] = memory[:size].reshape(shape)
        return view

    def keep(self, key: Key, tape: Tape) -> None:
        """Remember ``tape`` for calls of the same shape."""
        if len(self.tapes) >= _MOST_TAPES:
            self.tapes.clear()
        self.tapes[key] = tape
