"""One recurrent layer in one direction, bound to its weights, gradients and buffers for one shape."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from elman.engine import kernels
from elman.network.binding import Binding, Call
from elman.network.projection import Projection

Array = npt.NDArray[Any]


class CellPass:
    """A layer of any cell: see `elman.engine.layer_forward`.

    Attributes
    ----------
    x : ndarray (T, N, D), or of integers (T, N)
        Input of the last forward pass.
    h : ndarray (T+1, N, H)
        States of the last forward pass.
    c : ndarray (T+1, N, H) or None
        Cell states of an LSTM.
    gates : ndarray (T, N, 4H) or None
        Activated gates of an LSTM or GRU, if kept for backward.
    W_x, W_h : ndarray (D, gates·H), (H, gates·H)
        Weights of the kernel; with a projection W_h is its product W_p W_h.
    size, width : int
        Units, H; values per step for the layer above, P with a projection, else H.
    dh_0, dc_0 : ndarray (N, H)
        Gradient of the initial state, written by backward; dc_0 is None without c.
    """

    x: Array
    dh_0: Array
    dc_0: Array | None = None

    def __init__(self, binding: Binding, prefix: str) -> None:
        architecture, take = binding.architecture, binding.workspace.array
        kind, T, N = architecture.kind, binding.steps, binding.rows
        self.cell, self.activation = architecture.cell, architecture.activation
        self.projection = None if architecture.projection_size is None else Projection(binding, prefix)
        self.W_x = binding.parameters[prefix + "W_x"]
        self.W_h = binding.parameters[prefix + "W_h"] if self.projection is None else self.projection.product
        self.size = H = len(self.W_h)
        self.width = architecture.projection_size or H
        self.b, self.b_hn = binding.parameters.get(prefix + "b"), binding.parameters.get(prefix + "b_hn")
        self.h = take(prefix + "h", T + 1, N, H)
        self.c = take(prefix + "c", T + 1, N, H) if kind.has_c else None
        stored = kind.has_gates and binding.keep and not architecture.layer_norm
        self.gates = take(prefix + "gates", T, N, 4 * H) if stored else None
        if binding.gradients is not None:
            self.dW_x = binding.gradients[prefix + "W_x"]
            self.dW_h = binding.gradients[prefix + "W_h"] if self.projection is None else self.projection.d_product
            self.db = binding.written_gradient(prefix + "b", architecture.gates * H)
            self.db_hn = binding.written_gradient(prefix + "b_hn", H) if kind.has_b_hn else None

    def forward(self, x: Array, h_0: Array | None, c_0: Array | None, h_mask: Array | None, call: Call) -> None:
        """Run over x (T, N, D) from h_0 and c_0 (N, H), None is zeros, with recurrent dropout h_mask (N, H)."""
        self.x, self.h_mask = x, h_mask
        if self.projection is not None:
            self.projection.multiply(call)
        # fmt: off
        kernels.layer_forward(
            self.cell, self.activation, x, h_0, c_0, self.W_x, self.W_h, self.b, self.b_hn, call.timeline.lengths,
            h_mask, self.h, self.c, self.gates, call.n_threads,
        )
        # fmt: on

    def outputs(self, h: Array, call: Call) -> Array:
        """Return the values for the layer above, (T, N, width) or (N, width), of states of the last forward pass."""
        return h if self.projection is None else self.projection.forward(h, call)

    def begin_backward(self, call: Call) -> None:
        """Prepare for `states` and `backward`."""
        if self.projection is not None:
            self.projection.begin_backward(call)

    def states(self, dy: Array, h: Array, call: Call) -> Array:
        """Return the gradient of the states from that of their `outputs`; add to that of the projection."""
        return dy if self.projection is None else self.projection.backward(dy, h, call)

    def backward(self, dh: Array | None, dh_T: Array | None, dc_T: Array | None, dx: Array | None, call: Call) -> None:
        """Take dh (T, N, H) and the adjoint of the final state (N, H); fill gradients, dh_0, dc_0 and dx (T, N, D)."""
        # fmt: off
        kernels.layer_backward(
            self.cell, self.activation, dh, dh_T, dc_T, self.x, self.h, self.c, self.gates, self.W_x, self.W_h,
            call.timeline.lengths, self.h_mask, call.one_step, dx, self.dh_0, self.dc_0, self.dW_x, self.dW_h,
            self.db, self.db_hn, call.accumulate, call.n_threads,
        )
        # fmt: on
        if self.projection is not None:
            self.projection.end_backward(call)
