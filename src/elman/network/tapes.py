"""The tapes of one network, kept by shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.network.architecture import Architecture
from elman.network.binding import Binding
from elman.network.tape import Tape
from elman.network.workspace import Workspace

Array = npt.NDArray[Any]
Key: TypeAlias = tuple[int, int, bool, bool]  # steps, rows, keep, dropout

_MOST = 8


class Tapes:
    """A workspace, and tapes of several shapes bound to it.

    They share the memory: only the last one to run has valid arrays.

    Parameters
    ----------
    architecture : Architecture
        Of the network.
    parameters : mapping of str to ndarray
        Its named parameters, float32 or float64.
    dtype : dtype
        Of the parameters.
    """

    def __init__(self, architecture: Architecture, parameters: Mapping[str, Array], dtype: np.dtype[Any]) -> None:
        self.architecture, self.parameters = architecture, parameters
        self._workspace = Workspace(dtype)
        self._tapes: dict[Key, Tape] = {}

    def tape(self, shape: tuple[int, ...], gradients: Mapping[str, Array] | None, dropout: bool) -> Tape:
        """Return the tape for x of this shape, built at its first use; with ``gradients`` it can run backward."""
        steps, rows = shape[:2]
        key = steps, rows, gradients is not None, dropout
        tape = self._tapes.get(key)
        if tape is None:
            tape = self._tapes[key] = self._build(steps, rows, gradients, dropout)
        return tape

    def _build(self, steps: int, rows: int, gradients: Mapping[str, Array] | None, dropout: bool) -> Tape:
        before = self._workspace.size
        tape = Tape(Binding(self.architecture, self.parameters, gradients, self._workspace, steps, rows, dropout))
        if self._workspace.size > before or len(self._tapes) >= _MOST:
            self._tapes.clear()  # older tapes would keep the smaller pieces of a grown workspace alive
        return tape
