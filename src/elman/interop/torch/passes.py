"""One layer in one direction: PyTorch's four parameters in, the engine's kernels, PyTorch's gradients out.

Nothing here knows PyTorch: the arrays are NumPy's, the shapes and the order of gates PyTorch's. Its matrices are
(outputs, inputs) and are transposed on their way in and out; its gates come in our order for all three cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.interop.torch.memory import LINE, POOL

Array = npt.NDArray[Any]


class Weights(NamedTuple):
    """Parameters of one layer and direction as the kernels take them.

    Attributes
    ----------
    matrices : ndarray (D+H, G·H)
        W_x, and W_h below it: one piece of memory to keep for the backward pass.
    hidden_size : int
        H.
    b : ndarray (G·H,) or None
        Both biases of PyTorch added up; of a GRU's candidate only the one of the input.
    b_hn : ndarray (H,) or None
        The other one, which sits inside the product with the reset gate.
    """

    matrices: Array
    hidden_size: int
    b: Array | None = None
    b_hn: Array | None = None

    @classmethod
    def from_torch(cls, cell: str, parameters: Sequence[Array]) -> Weights:
        """Copy weight_ih (G·H, D), weight_hh (G·H, H) and perhaps bias_ih and bias_hh (G·H,)."""
        weight_ih, weight_hh = parameters[:2]
        columns, H = weight_hh.shape
        D = weight_ih.shape[1]
        matrices = np.empty((D + H, columns), weight_hh.dtype)
        matrices[:D], matrices[D:] = weight_ih.T, weight_hh.T
        if len(parameters) == 2:
            return cls(matrices, H)
        b_ih, b_hh = parameters[2:]
        if cell != "gru":
            return cls(matrices, H, b_ih + b_hh)
        b = b_ih.copy()
        b[: 2 * H] += b_hh[: 2 * H]
        return cls(matrices, H, b, b_hh[2 * H :].copy())


class States(NamedTuple):
    """What a forward pass leaves.

    Attributes
    ----------
    h : ndarray (T+1, N, H)
        States, the initial one first. By itself: a caller may keep the output long after the rest has gone.
    c : ndarray (T+1, N, H) or None
        Cell states of an LSTM.
    gates : ndarray (T, N, 4H) or None
        What the backward pass of an LSTM or GRU needs besides.
    rest : ndarray or None
        The piece of memory that holds c and gates.
    """

    h: Array
    c: Array | None = None
    gates: Array | None = None
    rest: Array | None = None

    @classmethod
    def empty(cls, cell: str, T: int, N: int, H: int, dtype: np.dtype[Any], keep: bool) -> States:
        """Take memory for a pass; with gates if ``keep``."""
        h = POOL.empty((T + 1, N, H), dtype)
        size = (_cells(h) if cell == "lstm" else 0) + (4 * T * N * H if keep else 0)
        has_rest = cell == "lstm" or (keep and cell == "gru")
        return cls.laid_out(cell, h, POOL.empty((size,), dtype) if has_rest else None, keep)

    @classmethod
    def laid_out(cls, cell: str, h: Array, rest: Array | None, keep: bool = True) -> States:
        """Find c and gates in the memory that holds both."""
        if rest is None:
            return cls(h)
        steps, N, H = h.shape
        first = _cells(h) if cell == "lstm" else 0
        c = rest[: h.size].reshape(h.shape) if cell == "lstm" else None
        return cls(h, c, rest[first:].reshape(steps - 1, N, 4 * H) if keep else None, rest)


def _cells(h: Array) -> int:
    """Return how many numbers an LSTM's cell states take, up to the end of a cache line."""
    line = LINE // h.itemsize
    return -(-h.size // line) * line


class Gradients(NamedTuple):
    """Gradients of a layer's input, initial states, and weights in PyTorch's shapes."""

    dx: Array | None
    dh_0: Array
    dc_0: Array | None
    parameters: tuple[Array, ...]


def forward(
    cell: str,
    x: Array,
    h_0: Array | None,
    c_0: Array | None,
    w: Weights,
    lengths: Array | None,
    keep: bool,
    n_threads: int,
) -> States:
    """Run over x (T, N, D); ``cell`` is lstm, gru, or a simple layer's activation. ``keep`` stores the gates.

    Initial states are (N, H), or (1, N, H), or None for zeros.
    """
    T, N, D = x.shape
    H = w.hidden_size
    states = States.empty(cell, T, N, H, x.dtype, keep)
    h, c, gates, _ = states
    W_x, W_h = w.matrices[:D], w.matrices[D:]
    h_0 = np.zeros((N, H), x.dtype) if h_0 is None else h_0.reshape(N, H)
    if cell == "lstm":
        c_0 = np.zeros((N, H), x.dtype) if c_0 is None else c_0.reshape(N, H)
        kernels.lstm_forward(x, h_0, c_0, W_x, W_h, w.b, lengths, None, h, c, gates, n_threads)
    elif cell == "gru":
        kernels.gru_forward(x, h_0, W_x, W_h, w.b, w.b_hn, lengths, None, h, gates, n_threads)
    else:
        kernels.rnn_forward(x, h_0, W_x, W_h, w.b, cell, lengths, None, h, n_threads)
    return states


def backward(
    cell: str,
    adjoints: tuple[Array | None, Array | None, Array | None],
    x: Array,
    states: States,
    matrices: Array,
    lengths: Array | None,
    need_dx: bool,
    biased: bool,
    n_threads: int,
) -> Gradients:
    """Run backwards from dL/dh (T, N, H), dL/dh_T and dL/dc_T, (N, H) or (1, N, H); any may be None for zeros."""
    h, c, gates, _ = states
    _, N, D = x.shape
    H, columns = h.shape[2], matrices.shape[1]
    dh, dh_T, dc_T = adjoints
    dh_T, dc_T = (None if d is None else d.reshape(N, H) for d in (dh_T, dc_T))
    W_x, W_h = matrices[:D], matrices[D:]
    dx = POOL.empty(x.shape, x.dtype) if need_dx else None
    dh_0, dc_0 = np.empty((N, H), x.dtype), np.empty((N, H), x.dtype) if cell == "lstm" else None
    dW_x, dW_h, db = np.empty_like(W_x), np.empty_like(W_h), np.empty(columns, x.dtype)
    db_h = db
    if cell == "lstm":
        given: tuple[Any, ...] = (dh, dh_T, dc_T, x, h, c, gates, W_x, W_h, lengths, None, False)
        kernels.lstm_backward(*given, dx, dh_0, dc_0, dW_x, dW_h, db, False, n_threads)
    elif cell == "gru":
        db_hn = np.empty(H, x.dtype)
        given = (dh, dh_T, x, h, gates, W_x, W_h, lengths, None, False)
        kernels.gru_backward(*given, dx, dh_0, dW_x, dW_h, db, db_hn, False, n_threads)
        db_h = np.concatenate([db[: 2 * H], db_hn])
    else:
        given = (dh, dh_T, x, h, W_x, W_h, cell, lengths, None, False)
        kernels.rnn_backward(*given, dx, dh_0, dW_x, dW_h, db, False, n_threads)
    transposed = np.ascontiguousarray(dW_x.T), np.ascontiguousarray(dW_h.T)
    biases = (db, db.copy() if db_h is db else db_h) if biased else ()
    return Gradients(dx, dh_0, dc_0, (*transposed, *biases))
