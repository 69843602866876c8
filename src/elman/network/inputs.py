"""First stage of a tape: from the network's input to the input of the first recurrent layer."""

from __future__ import annotations

from typing import Any, Protocol

import numpy.typing as npt

from elman.engine import kernels
from elman.network.binding import Binding, Call
from elman.network.dropout import EMBEDDING, Dropout

Array = npt.NDArray[Any]


class Input(Protocol):
    """First stage of a tape.

    Attributes
    ----------
    need_dx : bool
        Whether backward needs the gradient of the first recurrent layer's input.
    """

    need_dx: bool

    def forward(self, x: Array, call: Call) -> Array:
        """Return the input of the first layer: values (T, N, D), or the indices (T, N) of one-hot rows."""

    def backward(self, dx: Array | None, call: Call) -> None:
        """Fill the gradients of the stage's own parameters."""


class Values:
    """Values or indices of one-hot rows, unchanged."""

    need_dx = False

    def forward(self, x: Array, call: Call) -> Array:
        """Return x itself."""
        return x

    def backward(self, dx: Array | None, call: Call) -> None:
        """Do nothing: the stage has no parameters."""


class Embedding:
    """Index j becomes row j of the embedding, with dropout."""

    need_dx = True

    def __init__(self, binding: Binding) -> None:
        architecture = binding.architecture
        self.width = architecture.layer_input_size(0)
        self.E = binding.parameters["embedding"]
        self.dE = binding.gradient("embedding")
        self.out = binding.workspace.array("embedded", binding.steps, binding.rows, self.width)
        drop = binding.dropout and architecture.dropout
        self.dropout = Dropout(binding, EMBEDDING, architecture.dropout, self.width) if drop else None

    def forward(self, x: Array, call: Call) -> Array:
        """Return the vectors (T, N, D) of the indices x (T, N)."""
        self.indices = x.reshape(-1)
        kernels.embedding_forward(self.indices, self.E, self.out.reshape(-1, self.width))
        return self.out if self.dropout is None else self.dropout.forward(self.out, self.out, call)

    def backward(self, dx: Array | None, call: Call) -> None:
        """Fill the gradient of the embedding."""
        assert dx is not None
        if self.dropout is not None:
            self.dropout.backward(dx)
        kernels.embedding_backward(dx.reshape(-1, self.width), self.indices, self.dE, call.accumulate)


def input_stage(binding: Binding) -> Input:
    """Return the first stage for the architecture."""
    if binding.architecture.embedding_size is not None:
        return Embedding(binding)
    return Values()
