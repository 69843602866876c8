"""A hidden dense layer between the readout and the output layer."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from elman.engine import kernels
from elman.network.binding import Binding, Call
from elman.network.parameters import dense_prefix

Array = npt.NDArray[Any]


class Dense:
    """Hidden dense layer ``layer``: ``f(r W + b)`` for M rows, of all steps or of one per sequence.

    Attributes
    ----------
    y, dy : ndarray (M, units)
        Output of the last forward pass; its gradient, which the layer above writes before backward.
    """

    def __init__(self, binding: Binding, layer: int, rows: int) -> None:
        prefix, units, take = dense_prefix(layer), binding.architecture.dense[layer], binding.workspace.array
        self.activation = binding.architecture.dense_activations[layer]
        self.W, self.b = binding.parameters[prefix + "W"], binding.parameters.get(prefix + "b")
        self.y = take(prefix + "y", rows, units)
        if binding.gradients is not None:
            self.dW, self.db = binding.gradients[prefix + "W"], binding.gradients.get(prefix + "b")
            self.dy, self.da = take(prefix + "dy", rows, units), take(prefix + "da", rows, units)

    def forward(self, r: Array, call: Call) -> Array:
        """Return the output for r (M, R)."""
        self.r = r
        kernels.dense_forward(r, self.W, self.b, self.y, False, call.n_threads)
        kernels.activation_forward(self.y, self.activation, self.y)
        return self.y

    def backward(self, dr: Array, call: Call) -> None:
        """Write the gradient of r to ``dr`` (M, R); fill those of the parameters."""
        kernels.activation_backward(self.dy, self.y, self.activation, self.da)
        kernels.dense_backward(self.da, self.r, self.W, dr, self.dW, self.db, False, call.accumulate, call.n_threads)
