"""A recurrent layer: one or two directions, recurrent dropout, and dropout of its outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman.network.binding import Binding, Call
from elman.network.cells import CellPass
from elman.network.dropout import LAYER_OUTPUT, RECURRENT, Dropout, site
from elman.network.normalized import NormalizedPass
from elman.network.parameters import layer_prefix
from elman.network.state import State

Array = npt.NDArray[Any]


class Layer:
    """All directions of recurrent layer ``index``.

    Parameters
    ----------
    binding : Binding
        Of the tape.
    index : int
        Number of the layer, from 0.
    need_dx : bool
        Whether backward computes the gradient of the input.
    """

    def __init__(self, binding: Binding, index: int, need_dx: bool) -> None:
        architecture = binding.architecture
        self.size = architecture.layer_size(index)
        self.width = architecture.layer_output_size(index)
        self.backwards = architecture.layer_backwards(index)
        self.first = architecture.first_part(index)
        prefixes = [layer_prefix(index, direction) for direction in range(len(self.backwards))]
        kind = NormalizedPass if architecture.layer_norm else CellPass
        self.passes: list[CellPass] = [kind(binding, prefix) for prefix in prefixes]
        self._bind_dropout(binding, index)
        self._bind_buffers(binding, prefixes[0], architecture.layer_input_size(index), need_dx)
        if index == 0 and architecture.one_hot:
            self._x_reversed = np.empty((binding.steps, binding.rows), np.int64)

    def _bind_dropout(self, binding: Binding, index: int) -> None:
        architecture = binding.architecture
        self.masks: list[Dropout] = []
        self.dropout: Dropout | None = None
        if binding.dropout and architecture.recurrent_dropout:
            rate, places = architecture.recurrent_dropout, range(RECURRENT, RECURRENT + len(self.backwards))
            self.masks = [Dropout(binding, site(index, place), rate, self.size, over_time=False) for place in places]
        if binding.dropout and architecture.dropout and index + 1 < architecture.num_layers:
            where = site(index, LAYER_OUTPUT)
            self.dropout = Dropout(binding, where, architecture.dropout, self.width)

    def _bind_buffers(self, binding: Binding, prefix: str, input_size: int, need_dx: bool) -> None:
        def take(name: str, width: int) -> Array:
            return binding.workspace.array(prefix + name, binding.steps, binding.rows, width)

        both, backwards = len(self.passes) == 2, any(self.backwards)
        self._final = binding.workspace.array(prefix + "final", binding.rows, self.size)
        if both or self.dropout is not None:
            self._outputs = take("outputs", self.width)
        if backwards:
            self._x_reversed, self._reversed = take("x_reversed", input_size), take("reversed", self.passes[0].width)
        self._dy = take("dy", self.passes[0].width) if binding.keep and backwards else None
        self._dx = take("dx", input_size) if need_dx and binding.keep else None
        self._dx_reverse = take("dx_reverse", input_size) if need_dx and binding.keep and both else None

    def forward(self, x: Array, state: State | None, call: Call) -> None:
        """Run every direction over x (T, N, D), or indices (T, N), from its part of ``state``; None is zeros."""
        for direction, run in enumerate(self.passes):
            if self.backwards[direction]:
                x = call.timeline.reverse(x, self._x_reversed)
            h_0, c_0 = self._part_of_state(state, direction)
            h_mask = self.masks[direction].draw(call)[0] if self.masks else None
            run.forward(x, h_0, c_0, h_mask, call)

    def outputs(self, call: Call) -> Array:
        """Return the outputs of every step, (T, N, width), with dropout."""
        parts = []
        for run, backwards in zip(self.passes, self.backwards, strict=True):
            own = run.outputs(run.h[1:], call)
            parts.append(call.timeline.reverse(own, self._reversed) if backwards else own)
        y: Array = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2, out=self._outputs)
        return y if self.dropout is None else self.dropout.forward(y, self._outputs, call)

    def final(self, out: Array, call: Call) -> Array:
        """Write the output at the final state of each direction, side by side, to ``out`` (N, width)."""
        for run, part in zip(self.passes, self.parts(out), strict=True):
            part[...] = run.outputs(call.timeline.last(run.h, self._final), call)
        return out

    def backward(self, dy: Array | None, d_final: Array | None, d_state: State | None, call: Call) -> Array | None:
        """Fill gradients; return dL/dx (T, N, D) if needed.

        Parameters
        ----------
        dy : ndarray (T, N, width), optional
            Of `outputs`; overwritten with dropout.
        d_final : ndarray (N, width), optional
            Of `final`.
        d_state : State, optional
            Adjoint of the final state that arrives from later chunks.
        """
        if dy is not None and self.dropout is not None:
            dy = self.dropout.backward(dy)
        for direction, run in enumerate(self.passes):
            run.begin_backward(call)
            dh_T = None
            if d_final is not None:
                part = np.ascontiguousarray(self.parts(d_final)[direction])
                dh_T = run.states(part, call.timeline.last(run.h, self._final), call)
            later, dc_T = self._part_of_state(d_state, direction)
            if later is not None:
                dh_T = later if dh_T is None else dh_T + later
            dh = None if dy is None else run.states(self._part_of(dy, direction, call), run.h[1:], call)
            run.backward(dh, dh_T, dc_T, self._dx_reverse if direction else self._dx, call)
        if self._dx is None or not any(self.backwards):
            return self._dx
        backwards = self._dx if self._dx_reverse is None else self._dx_reverse
        reversed_dx = call.timeline.reverse(backwards, self._x_reversed)  # its x is overwritten
        if self._dx_reverse is None:
            return reversed_dx
        self._dx += reversed_dx
        return self._dx

    def parts(self, both: Array) -> list[Array]:
        """Return each direction's columns of an array (…, width)."""
        size = self.passes[0].width
        return [both[..., k * size : (k + 1) * size] for k in range(len(self.passes))]

    def _part_of_state(self, state: State | None, direction: int) -> tuple[Array | None, Array | None]:
        """Return one direction's h and c (N, H), contiguous."""
        if state is None:
            return None, None
        h, c = state.part(self.first + direction, self.size)
        return np.ascontiguousarray(h), None if c is None else np.ascontiguousarray(c)

    def _part_of(self, dy: Array, direction: int, call: Call) -> Array:
        """Return one direction's part of dy, contiguous and in that direction's order of time."""
        if self._dy is None:
            return dy
        np.copyto(self._dy, self.parts(dy)[direction])
        return call.timeline.reverse(self._dy, self._reversed) if self.backwards[direction] else self._dy
