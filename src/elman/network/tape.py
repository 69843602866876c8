"""One shape of one network: every stage bound to its buffers, run forward and backward in order."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.errors import ArgumentError
from elman.network.binding import Binding
from elman.network.dropout import LAYER_OUTPUT, Dropout, site
from elman.network.inputs import input_stage
from elman.network.layer import Layer
from elman.network.readout import READOUT_STAGES
from elman.network.state import State

Array = npt.NDArray[Any]
Key: TypeAlias = tuple[int, int, bool, bool]  # steps, rows, keep, dropout


class Tape:
    """A forward pass and everything its backward pass needs.

    `Network.forward` returns one. Its arrays are reused: they hold until the network's next forward pass.

    Examples
    --------
    >>> from elman.network import Architecture, Network
    >>> network = Network.initialized(Architecture(2, 1, cell="gru", hidden_size=4))
    >>> tape = network.forward(np.ones((5, 3, 2)))                     # T=5, N=3, D=2
    >>> tape.o.shape, tape.state.h.shape
    ((5, 3, 1), (1, 3, 4))
    """

    _has_output = False

    def __init__(self, binding: Binding) -> None:
        architecture = binding.architecture
        self.binding = binding
        self.input = input_stage(binding)
        indices = range(architecture.num_layers)
        self.layers = [Layer(binding, index, need_dx=index > 0 or self.input.need_dx) for index in indices]
        self.passes = [run for layer in self.layers for run in layer.passes]
        self._state_shape = len(self.passes), binding.rows, architecture.hidden_size
        self.readout = READOUT_STAGES[architecture.readout](binding)
        self.output = Output(binding)
        if binding.keep:
            self._bind_initial(*self._state_shape)

    def _bind_initial(self, *shape: int) -> None:
        """Give every pass its part of the gradient of the initial state."""
        take = self.binding.workspace.array
        lstm = self.binding.architecture.cell == "lstm"
        self._d_state = State(take("dh_0", *shape), take("dc_0", *shape) if lstm else None)
        for part, run in enumerate(self.passes):
            run.dh_0 = self._d_state.h[part]
            run.dc_0 = None if self._d_state.c is None else self._d_state.c[part]

    @property
    def rows(self) -> int:
        """N."""
        return self.binding.rows

    @property
    def o(self) -> Array:
        """Output before the output activation, (T, N, K), or (N, K) unless the readout is at every step."""
        if not self._has_output:
            raise ArgumentError("Tape.o: cross_entropy() goes straight to the loss; forward() gives the output.")
        return self.output.o

    def run(self, x: Array, state: State | None, lengths: Array | None, n_threads: int) -> None:
        """Run every stage over checked input, from zeros if ``state`` is None."""
        self.output.forward(self._read_out(x, state, lengths, n_threads), x)
        self._has_output = True

    def run_to_loss(
        self, x: Array, state: State | None, lengths: Array | None, n_threads: int, one_step: bool, *targets: Any
    ) -> float:
        """Run over checked input to the cross-entropy and back, filling the flat gradient, but not ``o``."""
        self._has_output = False
        call = self.binding.call
        call.one_step, call.accumulate = one_step, False
        loss, dr = self.output.cross_entropy(self._read_out(x, state, lengths, n_threads), *targets)
        self._descend(*self.readout.backward(dr), None)
        return loss

    def _read_out(self, x: Array, state: State | None, lengths: Array | None, n_threads: int) -> Array:
        """Run every stage below the output layer."""
        self.binding.timeline.bind(lengths)
        self.binding.call.n_threads = n_threads
        below: Layer | None = None
        y = self.input.forward(x)
        for layer in self.layers:
            layer.forward(y if below is None else below.outputs(), state)
            below = layer
        return self.readout.forward(self.layers[-1])

    def backward(
        self, do: Array | None, d_state: State | None, n_threads: int, one_step: bool, accumulate: bool = False
    ) -> None:
        """Run every stage backwards over checked input, filling the flat gradient.

        ``do`` is None where the output of these steps reached nobody; ``accumulate`` goes on with the sums of the
        gradient that later steps have left.
        """
        call = self.binding.call
        call.n_threads, call.one_step, call.accumulate = n_threads, one_step, accumulate
        dy: Array | None = None
        d_final: Array | None = None
        if do is not None:
            dy, d_final = self.readout.backward(self.output.backward(do))
        self._descend(dy, d_final, d_state)

    def _descend(self, dy: Array | None, d_final: Array | None, d_state: State | None) -> None:
        """Run the stages below the readout backwards."""
        for layer in reversed(self.layers):
            dy, d_final = layer.backward(dy, d_final, d_state), None
        self.input.backward(dy)
        self.output.add_tied()

    def activated(self) -> Array:
        """Return the output after the output activation, in memory of its own."""
        o = self.o
        y, columns = np.empty_like(o), o.shape[-1]
        kernels.activation_forward(o.reshape(-1, columns), self.binding.architecture.output, y.reshape(-1, columns))
        return y

    @property
    def state(self) -> State:
        """The state after each row's last valid step, in memory of its own."""
        timeline = self.binding.timeline
        shape, dtype = self._state_shape, self.binding.workspace.dtype
        h, c = np.empty(shape, dtype), np.empty(shape, dtype)
        for part, run in enumerate(self.passes):
            timeline.last(run.h, h[part])
            if run.c is not None:
                timeline.last(run.c, c[part])
        return State(h, c if self.binding.architecture.cell == "lstm" else None)

    @property
    def d_state(self) -> State:
        """The gradient of the initial state, after a backward pass, in memory of its own."""
        return self._d_state.copy()


class Output:
    """Dropout, output layer and linear skip.

    ``o = r W_y + b_y (+ x W_k)``; with tied weights W_y is the embedding transposed.
    """

    def __init__(self, binding: Binding) -> None:
        architecture, workspace, self.call = binding.architecture, binding.workspace, binding.call
        weights, gradients = binding.parameters, binding.gradients
        every, R, K = architecture.readout == "every", architecture.readout_size, architecture.output_size
        lead = (binding.steps, binding.rows) if every else (binding.rows,)
        self.timeline = binding.timeline
        self.every, self.skip_steps = every, architecture.skip_steps
        self.o = workspace.array("o", *lead, K)
        self._rows_of_o = self.o.reshape(-1, K)
        self.E = weights["embedding"] if architecture.tied_weights else None
        self.W_y = weights["output.W_y"] if self.E is None else workspace.array("tied.W_y", R, K)
        self.b_y, self.W_k = weights.get("output.b_y"), weights.get("skip.W_k")
        self.dropout: Dropout | None = None
        if binding.dropout and architecture.dropout:
            where = site(architecture.num_layers - 1, LAYER_OUTPUT)
            self.dropout = Dropout(binding, where, architecture.dropout, R, over_time=every)
            self.dropped = workspace.array("dropped", *lead, R)
        if self.W_k is not None:
            self.skipped = workspace.array("skipped", *lead, len(self.W_k))
        if binding.keep:
            self.dE = gradients["embedding"] if self.E is not None else None
            self.dW_y = gradients["output.W_y"] if self.E is None else workspace.array("tied.dW_y", R, K)
            self.db_y, self.dW_k = gradients.get("output.b_y"), gradients.get("skip.W_k")
            self.dr = workspace.array("dr", *lead, R)
            self._rows_of_dr = self.dr.reshape(-1, R)

    def forward(self, r: Array, x: Array) -> None:
        """Fill o from what was read out and, for the skip, the network's input."""
        n_threads, o = self.call.n_threads, self._rows_of_o
        self._enter(r)
        kernels.dense_forward(self.r, self.W_y, self.b_y, o, False, n_threads)
        if self.W_k is not None:
            self.x = self._skipped_input(x).reshape(-1, len(self.W_k))
            kernels.dense_forward(self.x, self.W_k, None, o, True, n_threads)

    def cross_entropy(self, r: Array, labels: Array, weight: Array | None, reduction: str) -> tuple[float, Array]:
        """Return the loss and the gradient of what was read out; fill the gradients, but not o."""
        self._enter(r)
        loss = kernels.dense_cross_entropy(
            self.r,
            self.W_y,
            self.b_y,
            labels,
            weight,
            reduction,
            self._rows_of_dr,
            self.dW_y,
            self.db_y,
            self.call.accumulate,
            self.call.n_threads,
        )
        return loss, self.dr if self.dropout is None else self.dropout.backward(self.dr)

    def _enter(self, r: Array) -> None:
        """Keep what meets the output layer, dropout applied, and the weights it meets."""
        if self.dropout is not None:
            r = self.dropout.forward(r, self.dropped)
        if self.E is not None:
            kernels.transpose(self.E, self.W_y)
        self.r = r.reshape(-1, r.shape[-1])

    def _skipped_input(self, x: Array) -> Array:
        """Return what the skip sees: padding must not reach W_k, whatever it holds."""
        if not self.every:
            return self.timeline.last_inputs(x, self.skip_steps, self.skipped)
        if self.timeline.lengths is None:
            return x
        np.copyto(self.skipped, x)
        self.skipped[self.timeline.padding()] = 0.0
        return self.skipped

    def backward(self, do: Array) -> Array:
        """Return the gradient of what was read out; fill those of the output layer and the skip."""
        n_threads, accumulate = self.call.n_threads, self.call.accumulate
        do = do.reshape(-1, do.shape[-1])
        if self.W_k is not None:
            kernels.dense_backward(do, self.x, self.W_k, None, self.dW_k, None, False, accumulate, n_threads)
        dr, dW_y, db_y = self._rows_of_dr, self.dW_y, self.db_y
        kernels.dense_backward(do, self.r, self.W_y, dr, dW_y, db_y, False, accumulate, n_threads)
        return self.dr if self.dropout is None else self.dropout.backward(self.dr)

    def add_tied(self) -> None:
        """Add what tied weights owe to their use as W_y; the embedding's own gradient is there by then."""
        if self.dE is not None:
            self.dE += self.dW_y.T
