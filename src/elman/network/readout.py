"""Readout: from the states of the top layer to the input of the output layer."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from elman.network.binding import Binding, Call
from elman.network.layer import Layer

Array = npt.NDArray[Any]
Gradients = tuple[Array | None, Array | None]


class Readout(Protocol):
    """Last stage before the output layer; ``top`` is the uppermost recurrent layer, R = directions·H."""

    def forward(self, top: Layer, call: Call) -> Array:
        """Return r: (T, N, R) at every step, else (N, R)."""

    def backward(self, dr: Array, call: Call) -> Gradients:
        """Return the gradients of the top layer's outputs (T, N, R) and of its final states (N, R), or None."""


class Every:
    """The outputs of every step."""

    def __init__(self, binding: Binding) -> None:
        pass

    def forward(self, top: Layer, call: Call) -> Array:
        """Return the input of the output layer."""
        return top.outputs(call)

    def backward(self, dr: Array, call: Call) -> Gradients:
        """Return the gradients of the top layer's outputs and of its final states."""
        return dr, None


class Last:
    """The final state of every direction."""

    def __init__(self, binding: Binding) -> None:
        self.out = binding.workspace.array("read", binding.rows, binding.architecture.readout_size)

    def forward(self, top: Layer, call: Call) -> Array:
        """Return the input of the output layer."""
        return top.final(self.out, call)

    def backward(self, dr: Array, call: Call) -> Gradients:
        """Return the gradients of the top layer's outputs and of its final states."""
        return None, dr


class Mean:
    """The mean over the valid steps of each row; zeros for a row without any."""

    def __init__(self, binding: Binding) -> None:
        size = binding.architecture.readout_size
        self.out = binding.workspace.array("read", binding.rows, size)
        self.dy = binding.workspace.array("d_read", binding.steps, binding.rows, size) if binding.keep else None

    def forward(self, top: Layer, call: Call) -> Array:
        """Return the input of the output layer."""
        y = top.outputs(call)  # zeros past the end of a row
        if self.out.size == 1 and len(y):
            # NumPy sums a single column pairwise but several columns in order; a row's bits must not depend on that.
            self.out[...] = np.add.accumulate(y, axis=0)[-1]
        else:
            np.add.reduce(y, axis=0, out=self.out)
        self.out /= call.timeline.counts().astype(self.out.dtype)
        return self.out

    def backward(self, dr: Array, call: Call) -> Gradients:
        """Return the gradients of the top layer's outputs and of its final states."""
        assert self.dy is not None
        self.dy[...] = dr / call.timeline.counts().astype(dr.dtype)
        return self.dy, None


class Max:
    """The maximum of each unit over the valid steps of each row; zeros for a row without any."""

    def __init__(self, binding: Binding) -> None:
        size = binding.architecture.readout_size
        self.out = binding.workspace.array("read", binding.rows, size)
        self.dy = binding.workspace.array("d_read", binding.steps, binding.rows, size) if binding.keep else None

    def forward(self, top: Layer, call: Call) -> Array:
        """Return the input of the output layer."""
        y = top.outputs(call)
        if len(y) == 0:
            self.out[...] = 0.0
            return self.out
        padding = call.timeline.padding()[:, :, np.newaxis]
        self.where = np.argmax(np.where(padding, -np.inf, y), axis=0)[np.newaxis]  # the first of equal values
        self.out[...] = np.take_along_axis(y, self.where, axis=0)[0]  # y is zero at step 0 of a row without steps
        return self.out

    def backward(self, dr: Array, call: Call) -> Gradients:
        """Return the gradients of the top layer's outputs and of its final states."""
        assert self.dy is not None
        self.dy[...] = 0.0
        if len(self.dy):
            np.put_along_axis(self.dy, self.where, dr[np.newaxis], axis=0)
        return self.dy, None


READOUT_STAGES: dict[str, type[Every | Last | Mean | Max]] = {"every": Every, "last": Last, "mean": Mean, "max": Max}
