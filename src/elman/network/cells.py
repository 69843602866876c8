"""One recurrent layer in one direction, bound to its weights, gradients and buffers for one shape."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from elman.engine import kernels
from elman.network.binding import Binding

Array = npt.NDArray[Any]


class RNNPass:
    """A simple recurrent layer: see `elman.engine.rnn_forward`.

    Attributes
    ----------
    h : ndarray (T+1, N, H)
        States of the last forward pass.
    c : ndarray (T+1, N, H) or None
        Cell states of an LSTM.
    h_mask : ndarray (N, H) or None
        Recurrent dropout of the next pass.
    W_x, dW_x : ndarray (D, gates·H)
        Input weights and their gradient.
    dh_0, dc_0 : ndarray (N, H)
        Where backward puts the gradient of the initial state.
    """

    c: Array | None = None
    h_mask: Array | None = None
    dh_0: Array
    dc_0: Array | None = None

    def __init__(self, binding: Binding, prefix: str) -> None:
        architecture, take = binding.architecture, binding.workspace.array
        T, N, H = binding.steps, binding.rows, architecture.hidden_size
        self.call, self.timeline = binding.call, binding.timeline
        self.activation = architecture.activation
        self.W_x, self.W_h = binding.parameters[prefix + "W_x"], binding.parameters[prefix + "W_h"]
        self.b = binding.parameters.get(prefix + "b")
        self.h = take(prefix + "h", T + 1, N, H)
        if binding.keep:
            self.dW_x, self.dW_h = binding.gradients[prefix + "W_x"], binding.gradients[prefix + "W_h"]
            self.db = binding.gradient_of(prefix + "b", architecture.gates * H)

    def forward(self, x: Array, h_0: Array | None, c_0: Array | None) -> None:
        """Run over x (T, N, D) from h_0 and c_0 (N, H); None is zeros."""
        call = self.call
        self.x = x
        # fmt: off
        kernels.rnn_forward(
            x, h_0, self.W_x, self.W_h, self.b, self.activation, self.timeline.lengths, self.h_mask, self.h,
            call.n_threads,
        )
        # fmt: on

    def backward(self, dh: Array | None, dh_T: Array | None, dc_T: Array | None, dx: Array | None) -> None:
        """Take dh (T, N, H) and the adjoint of the final state (N, H); fill gradients, dh_0, dc_0 and dx (T, N, D)."""
        call = self.call
        # fmt: off
        kernels.rnn_backward(
            dh, dh_T, self.x, self.h, self.W_x, self.W_h, self.activation, self.timeline.lengths, self.h_mask,
            call.one_step, dx, self.dh_0, self.dW_x, self.dW_h, self.db, call.accumulate, call.n_threads,
        )
        # fmt: on


class LSTMPass(RNNPass):
    """An LSTM layer: see `elman.engine.lstm_forward`."""

    def __init__(self, binding: Binding, prefix: str) -> None:
        super().__init__(binding, prefix)
        T, N, H = binding.steps, binding.rows, binding.architecture.hidden_size
        self.c = binding.workspace.array(prefix + "c", T + 1, N, H)
        self.gates = binding.workspace.array(prefix + "gates", T, N, 4 * H) if binding.keep else None

    def forward(self, x: Array, h_0: Array | None, c_0: Array | None) -> None:
        """Run over x (T, N, D) from h_0 and c_0 (N, H); None is zeros."""
        call = self.call
        self.x = x
        # fmt: off
        kernels.lstm_forward(
            x, h_0, c_0, self.W_x, self.W_h, self.b, self.timeline.lengths, self.h_mask, self.h, self.c, self.gates,
            call.n_threads,
        )
        # fmt: on

    def backward(self, dh: Array | None, dh_T: Array | None, dc_T: Array | None, dx: Array | None) -> None:
        """Take the adjoints of the outputs and of the final state; fill gradients, dh_0, dc_0 and dx."""
        call = self.call
        # fmt: off
        kernels.lstm_backward(
            dh, dh_T, dc_T, self.x, self.h, self.c, self.gates, self.W_x, self.W_h, self.timeline.lengths, self.h_mask,
            call.one_step, dx, self.dh_0, self.dc_0, self.dW_x, self.dW_h, self.db, call.accumulate, call.n_threads,
        )
        # fmt: on


class GRUPass(RNNPass):
    """A GRU layer, reset after the product: see `elman.engine.gru_forward`."""

    def __init__(self, binding: Binding, prefix: str) -> None:
        super().__init__(binding, prefix)
        T, N, H = binding.steps, binding.rows, binding.architecture.hidden_size
        self.b_hn = binding.parameters.get(prefix + "b_hn")
        self.db_hn = binding.gradient_of(prefix + "b_hn", H) if binding.keep else None
        self.gates = binding.workspace.array(prefix + "gates", T, N, 4 * H) if binding.keep else None

    def forward(self, x: Array, h_0: Array | None, c_0: Array | None) -> None:
        """Run over x (T, N, D) from h_0 and c_0 (N, H); None is zeros."""
        call = self.call
        self.x = x
        # fmt: off
        kernels.gru_forward(
            x, h_0, self.W_x, self.W_h, self.b, self.b_hn, self.timeline.lengths, self.h_mask, self.h, self.gates,
            call.n_threads,
        )
        # fmt: on

    def backward(self, dh: Array | None, dh_T: Array | None, dc_T: Array | None, dx: Array | None) -> None:
        """Take the adjoints of the outputs and of the final state; fill gradients, dh_0, dc_0 and dx."""
        call = self.call
        # fmt: off
        kernels.gru_backward(
            dh, dh_T, self.x, self.h, self.gates, self.W_x, self.W_h, self.timeline.lengths, self.h_mask,
            call.one_step, dx, self.dh_0, self.dW_x, self.dW_h, self.db, self.db_hn, call.accumulate, call.n_threads,
        )
        # fmt: on


CELL_PASSES = {"rnn": RNNPass, "lstm": LSTMPass, "gru": GRUPass}
