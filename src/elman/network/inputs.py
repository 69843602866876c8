"""What turns the network's input into the values that enter the first recurrent layer."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.network.binding import Binding
from elman.network.cells import RNNPass
from elman.network.dropout import EMBEDDING, Dropout

Array = npt.NDArray[Any]


class Input(Protocol):
    """First stage of a tape.

    Attributes
    ----------
    width : int
        Values per step that enter the first recurrent layer, D.
    need_dx : bool
        Whether backward wants the gradient of those values.
    """

    width: int
    need_dx: bool

    def bind(self, passes: list[RNNPass]) -> None:
        """See the first layer's directions, once per tape."""

    def forward(self, x: Array) -> Array:
        """Return the values (T, N, D) that enter the first layer."""

    def backward(self, dx: Array | None) -> None:
        """Fill the gradients of the stage's own parameters."""


class Values:
    """Values go in as they are."""

    need_dx = False

    def __init__(self, binding: Binding) -> None:
        self.width = binding.architecture.layer_input_size(0)

    def bind(self, passes: list[RNNPass]) -> None:
        """Nothing to do."""

    def forward(self, x: Array) -> Array:
        """Return x itself."""
        return x

    def backward(self, dx: Array | None) -> None:
        """Nothing to do."""


class Embedding:
    """Index j becomes row j of the embedding, with dropout."""

    need_dx = True

    def __init__(self, binding: Binding) -> None:
        architecture, self.call = binding.architecture, binding.call
        self.width = architecture.layer_input_size(0)
        self.E = binding.parameters["embedding"]
        self.dE = binding.gradients.get("embedding")
        self.out = binding.workspace.array("embedded", binding.steps, binding.rows, self.width)
        drop = binding.dropout and architecture.dropout
        self.dropout = Dropout(binding, EMBEDDING, architecture.dropout, self.width) if drop else None

    def bind(self, passes: list[RNNPass]) -> None:
        """Nothing to do."""

    def forward(self, x: Array) -> Array:
        """Return the vectors (T, N, D) of the indices x (T, N)."""
        self.indices = x.reshape(-1)
        kernels.embedding_forward(self.indices, self.E, self.out.reshape(-1, self.width))
        return self.out if self.dropout is None else self.dropout.forward(self.out, self.out)

    def backward(self, dx: Array | None) -> None:
        """Fill the gradient of the embedding."""
        assert dx is not None
        if self.dropout is not None:
            self.dropout.backward(dx)
        kernels.embedding_backward(dx.reshape(-1, self.width), self.indices, self.dE, self.call.accumulate)


class OneHot:
    """Index j becomes a row with a single one, so that x W_x is row j of W_x.

    A batch of M = T·N indices meets at most M different rows of W_x. With a vocabulary larger than that, the rows it
    meets are gathered into a matrix of min(V, M) rows, and the one-hot rows are as narrow. Adding 0·w changes no sum,
    so the result has the same bits as with the full width. Memory is M·min(V, M): an embedding is the better choice for
    a large vocabulary.
    """

    need_dx = False

    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        size, count = binding.architecture.layer_input_size(0), binding.steps * binding.rows
        self.compact = size > count
        self.width = max(min(size, count), 1)
        self.out = binding.workspace.array("one_hot", binding.steps, binding.rows, self.width)

    def bind(self, passes: list[RNNPass]) -> None:
        """Give the first layer narrow input weights in place of its own."""
        if not self.compact:
            return
        columns = self.binding.architecture.gates * self.binding.architecture.hidden_size
        take = self.binding.workspace.array
        self.full = [(run.W_x, run.dW_x if self.binding.keep else None) for run in passes]
        self.passes = passes
        for direction, run in enumerate(passes):
            run.W_x = take(f"one_hot.W_x.{direction}", self.width, columns)
            run.dW_x = take(f"one_hot.dW_x.{direction}", self.width, columns)

    def forward(self, x: Array) -> Array:
        """Return rows with a single one, (T, N, D), for the indices x (T, N)."""
        indices = x.reshape(-1)
        if self.compact:
            self.used, indices = np.unique(indices, return_inverse=True)
            for run, (W_x, _) in zip(self.passes, self.full, strict=True):
                run.W_x[: self.used.size] = W_x[self.used]
                run.W_x[self.used.size :] = 0.0
        self.out[...] = 0.0
        self.out.reshape(-1, self.width)[np.arange(indices.size), indices] = 1.0
        return self.out

    def backward(self, dx: Array | None) -> None:
        """Scatter the gradient of the narrow input weights."""
        if not self.compact:
            return
        for run, (_, dW_x) in zip(self.passes, self.full, strict=True):
            assert dW_x is not None
            dW_x[...] = 0.0
            dW_x[self.used] = run.dW_x[: self.used.size]


def input_stage(binding: Binding) -> Input:
    """Return the stage that the architecture asks for."""
    if binding.architecture.embedding_size is not None:
        return Embedding(binding)
    return OneHot(binding) if binding.architecture.takes_indices else Values(binding)
