"""One layer in one direction: PyTorch's four parameters in, the engine's kernels, PyTorch's gradients out.

Nothing here knows PyTorch: the arrays are NumPy's, the shapes and the order of gates PyTorch's. Its matrices are
(outputs, inputs) and are transposed on their way in and out; its gates come in our order for all three cells.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.interop.torch.memory import POOL

Array = npt.NDArray[Any]


class Weights(NamedTuple):
    """Parameters of one layer and direction as the kernels take them.

    Attributes
    ----------
    W_x, W_h : ndarray (D, G·H), (H, G·H)
        Matrices.
    b : ndarray (G·H,) or None
        Both biases of PyTorch added up; of a GRU's candidate only the one of the input.
    b_hn : ndarray (H,) or None
        The other one, which sits inside the product with the reset gate.
    """

    W_x: Array
    W_h: Array
    b: Array | None = None
    b_hn: Array | None = None

    @classmethod
    def from_torch(cls, cell: str, parameters: tuple[Array, ...]) -> Weights:
        """Take weight_ih (G·H, D), weight_hh (G·H, H) and perhaps bias_ih and bias_hh (G·H,)."""
        W_x, W_h = (np.ascontiguousarray(weight.T) for weight in parameters[:2])
        if len(parameters) == 2:
            return cls(W_x, W_h)
        b_ih, b_hh = parameters[2:]
        if cell != "gru":
            return cls(W_x, W_h, b_ih + b_hh)
        gates = 2 * len(W_h)
        b = b_ih.copy()
        b[:gates] += b_hh[:gates]
        return cls(W_x, W_h, b, np.ascontiguousarray(b_hh[gates:]))


class States(NamedTuple):
    """What a forward pass leaves.

    Attributes
    ----------
    h : ndarray (T+1, N, H)
        States, the initial one first.
    c : ndarray (T+1, N, H) or None
        Cell states of an LSTM.
    gates : ndarray (T, N, 4H) or None
        What the backward pass of an LSTM or GRU needs besides.
    """

    h: Array
    c: Array | None = None
    gates: Array | None = None


class Gradients(NamedTuple):
    """Gradients of a layer's input, initial states, and weights in PyTorch's shapes."""

    dx: Array | None
    dh_0: Array
    dc_0: Array | None
    parameters: tuple[Array, ...]


def forward(
    cell: str, x: Array, h_0: Array, c_0: Array | None, w: Weights, lengths: Array | None, keep: bool, n_threads: int
) -> States:
    """Run over x (T, N, D); ``cell`` is lstm, gru, or a simple layer's activation. ``keep`` stores the gates."""
    T, N, _ = x.shape
    H = h_0.shape[1]
    h = POOL.empty((T + 1, N, H), x.dtype)
    gates = POOL.empty((T, N, 4 * H), x.dtype) if keep and cell in ("lstm", "gru") else None
    if cell == "lstm":
        c = POOL.empty((T + 1, N, H), x.dtype)
        kernels.lstm_forward(x, h_0, c_0, w.W_x, w.W_h, w.b, lengths, None, h, c, gates, n_threads)
        return States(h, c, gates)
    if cell == "gru":
        kernels.gru_forward(x, h_0, w.W_x, w.W_h, w.b, w.b_hn, lengths, None, h, gates, n_threads)
        return States(h, None, gates)
    kernels.rnn_forward(x, h_0, w.W_x, w.W_h, w.b, cell, lengths, None, h, n_threads)
    return States(h)


def backward(
    cell: str,
    adjoints: tuple[Array | None, Array | None, Array | None],
    x: Array,
    states: States,
    w: Weights,
    lengths: Array | None,
    need_dx: bool,
    n_threads: int,
) -> Gradients:
    """Run backwards from dL/dh (T, N, H), dL/dh_T and dL/dc_T (N, H), of which any may be None for zeros."""
    dh, dh_T, dc_T = adjoints
    h, c, gates = states
    N, H, columns = x.shape[1], h.shape[2], w.W_x.shape[1]

    def empty(*shape: int) -> Array:
        return np.empty(shape, x.dtype)

    dx = POOL.empty(x.shape, x.dtype) if need_dx else None
    dh_0, dc_0 = empty(N, H), empty(N, H) if cell == "lstm" else None
    dW_x, dW_h, db, db_hn = np.empty_like(w.W_x), np.empty_like(w.W_h), empty(columns), empty(H)
    if cell == "lstm":
        given: tuple[Any, ...] = (dh, dh_T, dc_T, x, h, c, gates, w.W_x, w.W_h, lengths, None, False)
        kernels.lstm_backward(*given, dx, dh_0, dc_0, dW_x, dW_h, db, False, n_threads)
    elif cell == "gru":
        given = (dh, dh_T, x, h, gates, w.W_x, w.W_h, lengths, None, False)
        kernels.gru_backward(*given, dx, dh_0, dW_x, dW_h, db, db_hn, False, n_threads)
    else:
        given = (dh, dh_T, x, h, w.W_x, w.W_h, cell, lengths, None, False)
        kernels.rnn_backward(*given, dx, dh_0, dW_x, dW_h, db, False, n_threads)
    d_parameters = [np.ascontiguousarray(dW_x.T), np.ascontiguousarray(dW_h.T)]
    if w.b is not None:
        d_parameters += [db, db.copy()]
        if cell == "gru":
            d_parameters[3][2 * H :] = db_hn
    return Gradients(dx, dh_0, dc_0, tuple(d_parameters))
