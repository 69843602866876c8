"""The output layer of a network, with dropout before it and the linear skip around the recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.network.binding import Binding, Call
from elman.network.dense import Dense
from elman.network.dropout import LAYER_OUTPUT, Dropout, site
from elman.network.timeline import Timeline

Array = npt.NDArray[Any]


class Output:
    """Dropout, hidden dense layers, output layer and linear skip.

    ``o = r W_y + b_y (+ x W_k)``; with tied weights W_y is the embedding transposed.
    """

    def __init__(self, binding: Binding) -> None:
        architecture, workspace, weights = binding.architecture, binding.workspace, binding.parameters
        every, K = architecture.readout == "every", architecture.output_size
        entering, R = architecture.readout_size, architecture.head_size
        lead = (binding.steps, binding.rows) if every else (binding.rows,)
        self.every, self.skip_steps = every, architecture.skip_steps
        self.o = workspace.array("o", *lead, K)
        self._rows_of_o = self.o.reshape(-1, K)
        self.E = weights["embedding"] if architecture.tied_weights else None
        self.W_y = weights["output.W_y"] if self.E is None else workspace.array("tied.W_y", R, K)
        self.b_y, self.W_k = weights.get("output.b_y"), weights.get("skip.W_k")
        self.dropout: Dropout | None = None
        if binding.dropout and architecture.dropout:
            where = site(architecture.num_layers - 1, LAYER_OUTPUT)
            self.dropout = Dropout(binding, where, architecture.dropout, entering, over_time=every)
            self.dropped = workspace.array("dropped", *lead, entering)
        self.hidden = [Dense(binding, layer, len(self._rows_of_o)) for layer in range(len(architecture.dense))]
        if self.W_k is not None:
            self.skipped = workspace.array("skipped", *lead, len(self.W_k))
        if binding.gradients is not None:
            gradients = binding.gradients
            self.dE = gradients["embedding"] if self.E is not None else None
            self.dW_y = gradients["output.W_y"] if self.E is None else workspace.array("tied.dW_y", R, K)
            self.db_y, self.dW_k = gradients.get("output.b_y"), gradients.get("skip.W_k")
            self.dr = workspace.array("dr", *lead, entering)
            # Gradients of the input of the first hidden layer, of each hidden layer's output, up to the output layer.
            self._between = [self.dr.reshape(-1, entering), *(dense.dy for dense in self.hidden)]

    def forward(self, r: Array, x: Array, call: Call) -> None:
        """Fill o from the readout and, for the skip, the network's input."""
        n_threads, o = call.n_threads, self._rows_of_o
        self._enter(r, call)
        kernels.dense_forward(self.r, self.W_y, self.b_y, o, False, n_threads)
        if self.W_k is not None:
            self.x = self._skipped_input(x, call.timeline).reshape(-1, len(self.W_k))
            kernels.dense_forward(self.x, self.W_k, None, o, True, n_threads)

    def cross_entropy(
        self, r: Array, call: Call, labels: Array, weight: Array | None, reduction: str
    ) -> tuple[float, Array]:
        """Return the loss and the gradient of the readout; fill the gradients, but not o."""
        self._enter(r, call)
        loss = kernels.dense_cross_entropy(
            self.r,
            self.W_y,
            self.b_y,
            labels,
            weight,
            reduction,
            self._between[-1],
            self.dW_y,
            self.db_y,
            call.accumulate,
            call.n_threads,
        )
        return loss, self._leave(call)

    def _enter(self, r: Array, call: Call) -> None:
        """Store the input of the output layer, after dropout and hidden layers, and its weights."""
        if self.dropout is not None:
            r = self.dropout.forward(r, self.dropped, call)
        if self.E is not None:
            kernels.transpose(self.E, self.W_y)
        self.r = r.reshape(-1, r.shape[-1])
        for dense in self.hidden:
            self.r = dense.forward(self.r, call)

    def _leave(self, call: Call) -> Array:
        """Return the gradient of the readout from that of the output layer's input; fill those of hidden layers."""
        for dense, below in zip(reversed(self.hidden), reversed(self._between[:-1]), strict=True):
            dense.backward(below, call)
        return self.dr if self.dropout is None else self.dropout.backward(self.dr)

    def _skipped_input(self, x: Array, timeline: Timeline) -> Array:
        """Return the input of the skip, with padding set to zero."""
        if not self.every:
            return timeline.last_inputs(x, self.skip_steps, self.skipped)
        if timeline.lengths is None:
            return x
        np.copyto(self.skipped, x)
        self.skipped[timeline.padding()] = 0.0
        return self.skipped

    def backward(self, do: Array, call: Call) -> Array:
        """Return the gradient of the readout; fill those of the output layer and the skip."""
        n_threads, accumulate = call.n_threads, call.accumulate
        do = do.reshape(-1, do.shape[-1])
        if self.W_k is not None:
            kernels.dense_backward(do, self.x, self.W_k, None, self.dW_k, None, False, accumulate, n_threads)
        dr, dW_y, db_y = self._between[-1], self.dW_y, self.db_y
        kernels.dense_backward(do, self.r, self.W_y, dr, dW_y, db_y, False, accumulate, n_threads)
        return self._leave(call)

    def add_tied(self) -> None:
        """Add the gradient of tied weights as W_y to that as the embedding, which is already there."""
        if self.dE is not None:
            self.dE += self.dW_y.T
