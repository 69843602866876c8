"""The stages of one network for one shape, bound to their buffers, run forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.errors import ArgumentError
from elman.network.binding import Binding, Call, DropoutKey
from elman.network.inputs import input_stage
from elman.network.layer import Layer
from elman.network.output import Output
from elman.network.readout import READOUT_STAGES
from elman.network.state import State
from elman.network.timeline import Timeline

Array = npt.NDArray[Any]


class Tape:
    """A forward pass with the arrays for its backward pass.

    `Network.forward` returns one. Its arrays are reused by the network's next forward pass.

    Examples
    --------
    >>> from elman.network import Architecture, Network
    >>> network = Network.initialized(Architecture(2, 1, cell="gru", hidden_size=4))
    >>> tape = network.forward(np.ones((5, 3, 2)))                     # T=5, N=3, D=2
    >>> tape.o.shape, tape.state.h.shape
    ((5, 3, 1), (1, 3, 4))
    """

    call: Call  # of the latest forward pass
    _has_output = False

    def __init__(self, binding: Binding) -> None:
        self.architecture = architecture = binding.architecture
        self.steps, self.rows = binding.steps, binding.rows
        self._dtype = binding.workspace.dtype
        self.input = input_stage(binding)
        indices = range(architecture.num_layers)
        self.layers = [Layer(binding, index, need_dx=index > 0 or self.input.need_dx) for index in indices]
        self.passes = [run for layer in self.layers for run in layer.passes]
        self._state_shape = State.shape_of(architecture, binding.rows)
        self.readout = READOUT_STAGES[architecture.readout](binding)
        self.output = Output(binding)
        if binding.keep:
            self._bind_initial(binding)

    def _bind_initial(self, binding: Binding) -> None:
        """Bind each direction to its memory for the gradient of the initial state."""
        take = binding.workspace.array
        for part, run in enumerate(self.passes):
            run.dh_0 = take(f"dh_0.{part}", binding.rows, run.size)
            run.dc_0 = take(f"dc_0.{part}", binding.rows, run.size) if self.architecture.kind.has_c else None

    @property
    def o(self) -> Array:
        """Output before the output activation, (T, N, K), or (N, K) unless the readout is at every step."""
        if not self._has_output:
            raise ArgumentError("Tape.o: cross_entropy() goes straight to the loss; forward() gives the output.")
        return self.output.o

    def run(
        self,
        x: Array,
        state: State | None,
        lengths: Array | None,
        n_threads: int,
        dropout_key: DropoutKey | None = None,
    ) -> None:
        """Run every stage over checked input, from zeros if ``state`` is None."""
        self.call = call = Call(Timeline(self.steps, self.rows, lengths), n_threads, dropout_key)
        self.output.forward(self._read_out(x, state, call), x, call)
        self._has_output = True

    def run_to_loss(
        self,
        x: Array,
        state: State | None,
        lengths: Array | None,
        n_threads: int,
        dropout_key: DropoutKey | None,
        one_step: bool,
        *targets: Any,
    ) -> float:
        """Run over checked input to the cross-entropy and back, filling the flat gradient, but not ``o``."""
        self._has_output = False
        self.call = call = Call(Timeline(self.steps, self.rows, lengths), n_threads, dropout_key, one_step)
        loss, dr = self.output.cross_entropy(self._read_out(x, state, call), call, *targets)
        self._descend(*self.readout.backward(dr, call), None, call)
        return loss

    def _read_out(self, x: Array, state: State | None, call: Call) -> Array:
        """Run every stage below the output layer."""
        below: Layer | None = None
        y = self.input.forward(x, call)
        for layer in self.layers:
            layer.forward(y if below is None else below.outputs(call), state, call)
            below = layer
        return self.readout.forward(self.layers[-1], call)

    def backward(
        self,
        do: Array | None,
        d_state: State | None,
        n_threads: int,
        one_step: bool,
        accumulate: bool = False,
        more: bool = False,
    ) -> None:
        """Run every stage backwards over checked input, filling the flat gradient.

        ``do`` is None if the output of these steps is unused; ``accumulate`` continues the sums of the
        gradient that later steps have left, and with ``more`` earlier steps will continue them.
        """
        call = Call(self.call.timeline, n_threads, self.call.dropout_key, one_step, accumulate, more)
        dy: Array | None = None
        d_final: Array | None = None
        if do is not None:
            dy, d_final = self.readout.backward(self.output.backward(do, call), call)
        self._descend(dy, d_final, d_state, call)

    def _descend(self, dy: Array | None, d_final: Array | None, d_state: State | None, call: Call) -> None:
        """Run the stages below the readout backwards."""
        for layer in reversed(self.layers):
            dy, d_final = layer.backward(dy, d_final, d_state, call), None
        self.input.backward(dy, call)
        self.output.add_tied()

    def activated(self) -> Array:
        """Return a copy of the output after the output activation."""
        o = self.o
        y, columns = np.empty_like(o), o.shape[-1]
        kernels.activation_forward(o.reshape(-1, columns), self.architecture.output, y.reshape(-1, columns))
        return y

    @property
    def state(self) -> State:
        """A copy of the state after each row's last valid step."""
        last, whole = self.call.timeline.last, State.zeros(self.architecture, self.rows, self._dtype)
        for part, run in enumerate(self.passes):
            h, c = whole.part(part, run.size)
            last(run.h, h)
            if c is not None and run.c is not None:
                last(run.c, c)
        return whole

    @property
    def d_state(self) -> State:
        """A copy of the gradient of the initial state, after a backward pass."""
        whole = State.zeros(self.architecture, self.rows, self._dtype)
        for part, run in enumerate(self.passes):
            whole.put(part, run.dh_0, run.dc_0)
        return whole
