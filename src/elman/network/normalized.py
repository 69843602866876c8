"""One recurrent layer with layer normalization in one direction, bound like `CellPass`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.engine import normalized
from elman.network.binding import Binding, Call
from elman.network.cells import CellPass

Array = npt.NDArray[Any]

_PARAMETERS = ("gain_h", "gain_x", "gain_c", "b", "b_hn", "b_c")


class NormalizedPass(CellPass):
    """A layer of any cell with layer normalization: see `elman.engine.normalized_layer_forward`."""

    def __init__(self, binding: Binding, prefix: str) -> None:
        super().__init__(binding, prefix)
        self._parameters: dict[str, Any] = {name: binding.parameters.get(prefix + name) for name in _PARAMETERS}
        self._gradients = {name: binding.gradient(prefix + name) for name in _PARAMETERS}

    def forward(self, x: Array, h_0: Array | None, c_0: Array | None, h_mask: Array | None, call: Call) -> None:
        """Run over x (T, N, D) from h_0 and c_0 (N, H), None is zeros, with recurrent dropout h_mask (N, H)."""
        self.x, self.h_mask = x, h_mask
        if self.projection is not None:
            self.projection.multiply(call)
        zeros = np.zeros(self.h.shape[1:], self.h.dtype)
        given = _check.NormalizedArguments(
            cell=self.cell,
            x=x,
            h_0=zeros if h_0 is None else h_0,
            c_0=zeros if c_0 is None and self.c is not None else c_0,
            W_x=self.W_x,
            W_h=self.W_h,
            **self._parameters,
            activation=self.activation,
            lengths=call.timeline.lengths,
            h_mask=h_mask,
        )
        states = normalized.forward(given, call.n_threads)
        self.h[...] = states.h
        if self.c is not None:
            self.c[...] = states.c

    def backward(self, dh: Array | None, dh_T: Array | None, dc_T: Array | None, dx: Array | None, call: Call) -> None:
        """Take dh (T, N, H) and the adjoint of the final state (N, H); fill gradients, dh_0, dc_0 and dx (T, N, D)."""
        given = _check.NormalizedBackwardArguments(
            cell=self.cell,
            dh=dh,
            x=self.x,
            h=self.h,
            c=self.c,
            W_x=self.W_x,
            W_h=self.W_h,
            **self._parameters,
            activation=self.activation,
            lengths=call.timeline.lengths,
            h_mask=self.h_mask,
            dh_T=dh_T,
            dc_T=dc_T,
            bptt_depth=1 if call.one_step else None,
        )
        found = normalized.backward(given, call.n_threads, need_dx=dx is not None)
        self.dh_0[...], self.dW_x[...], self.dW_h[...] = found.dh_0, found.dW_x, found.dW_h
        if self.dc_0 is not None:
            self.dc_0[...] = found.dc_0
        if dx is not None:
            dx[...] = found.dx
        for name, gradient in self._gradients.items():
            if gradient is not None:
                gradient[...] = getattr(found, "d" + name)
        if self.projection is not None:
            self.projection.end_backward(call)
