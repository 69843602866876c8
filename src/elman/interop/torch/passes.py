"""One layer in one direction: the engine's kernels for PyTorch's four parameters and their gradients.

This module does not import PyTorch: the arrays are NumPy's, the shapes and the order of gates PyTorch's. PyTorch's
matrices are (outputs, inputs) and are transposed here; its gates are in our order for all three cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.engine import kernels
from elman.interop.torch.memory import LINE, POOL

Array = npt.NDArray[Any]


class States(NamedTuple):
    """Results of a forward pass.

    Attributes
    ----------
    h : ndarray (T+1, N, H)
        States, the initial one first. A separate array, because a caller may keep the output longer than the rest.
    c : ndarray (T+1, N, H) or None
        Cell states of an LSTM.
    gates : ndarray (T, N, 4H) or None
        Gates of an LSTM or GRU, for the backward pass.
    matrices : ndarray (D+H, G·H)
        W_x, and W_h below it, in the kernels' layout.
    rest : ndarray
        The piece of memory that holds c, gates and matrices.
    """

    h: Array
    c: Array | None
    gates: Array | None
    matrices: Array
    rest: Array

    @classmethod
    def empty(cls, cell: str, x: Array, weight_hh: Array, keep: bool) -> States:
        """Allocate memory for a pass over x (T, N, D), with gates if ``keep``."""
        (T, N, D), (columns, H) = x.shape, weight_hh.shape
        h = POOL.empty((T + 1, N, H), x.dtype)
        _, before = _offsets(cell, h, keep)
        return cls.laid_out(cell, h, POOL.empty((before + (D + H) * columns,), x.dtype), columns, keep)

    @classmethod
    def laid_out(cls, cell: str, h: Array, rest: Array, columns: int, keep: bool = True) -> States:
        """Return views of c, gates and matrices of ``columns`` columns in the common memory."""
        steps, N, H = h.shape
        first, second = _offsets(cell, h, keep)
        kind = _kind(cell)
        c, gates = rest[: h.size].reshape(h.shape) if kind.has_c else None, None
        if keep and kind.has_gates:
            gates = rest[first : first + 4 * (steps - 1) * N * H].reshape(steps - 1, N, 4 * H)
        return cls(h, c, gates, rest[second:].reshape(-1, columns), rest)


def _named(cell: str) -> tuple[str, str]:
    """Return cell and activation, from lstm, gru, or the activation of a simple layer."""
    return (cell, "tanh") if cell in _check.CELLS else ("rnn", cell)


def _kind(cell: str) -> _check.CellKind:
    return _check.CELLS[_named(cell)[0]]


def _offsets(cell: str, h: Array, keep: bool) -> tuple[int, int]:
    """Return the offsets of gates and matrices in the common memory, which begins with c; both are aligned."""
    kind, line = _kind(cell), LINE // h.itemsize
    first = -(-h.size // line) * line if kind.has_c else 0
    gates = 4 * (h.size - h[0].size) if keep and kind.has_gates else 0
    return first, first + -(-gates // line) * line


def _biases(cell: str, given: Sequence[Array], H: int) -> tuple[Array | None, Array | None]:
    """Return b (G·H,), the sum of PyTorch's biases, and for a GRU b_hn (H,), the hidden bias of its candidate.

    The reset gate multiplies b_hn, so it is not part of the sum.
    """
    if not given:
        return None, None
    b_ih, b_hh = given
    if not _kind(cell).has_b_hn:
        return b_ih + b_hh, None
    b = b_ih.copy()
    b[: 2 * H] += b_hh[: 2 * H]
    return b, b_hh[2 * H :].copy()


def _transposed(matrix: Array) -> Array:
    result = np.empty(matrix.shape[::-1], matrix.dtype)
    kernels.transpose(matrix, result)
    return result


class Gradients(NamedTuple):
    """Gradients of a layer's input, initial states, and weights in PyTorch's shapes."""

    dx: Array | None
    dh_0: Array | None
    dc_0: Array | None
    parameters: tuple[Array, ...]


def forward(
    cell: str,
    x: Array,
    h_0: Array | None,
    c_0: Array | None,
    parameters: Sequence[Array],
    lengths: Array | None,
    keep: bool,
    n_threads: int,
) -> States:
    """Run over x (T, N, D); ``cell`` is lstm, gru, or a simple layer's activation. ``keep`` stores the gates.

    Initial states are (N, H), (1, N, H), or None for zeros. Parameters are weight_ih (G·H, D), weight_hh (G·H, H) and
    optionally bias_ih and bias_hh (G·H,).
    """
    _, N, D = x.shape
    weight_ih, weight_hh, *biases = parameters
    H = weight_hh.shape[1]
    states = States.empty(cell, x, weight_hh, keep)
    h, c, gates, matrices, _ = states
    W_x, W_h = matrices[:D], matrices[D:]
    kernels.transpose(weight_ih, W_x)
    kernels.transpose(weight_hh, W_h)
    b, b_hn = _biases(cell, biases, H)
    h_0, c_0 = (None if s is None else s.reshape(N, H) for s in (h_0, c_0))
    kernels.layer_forward(*_named(cell), x, h_0, c_0, W_x, W_h, b, b_hn, lengths, None, h, c, gates, n_threads)
    return states


def backward(
    cell: str,
    adjoints: tuple[Array | None, Array | None, Array | None],
    x: Array,
    states: States,
    lengths: Array | None,
    need_dx: bool,
    need_start: bool,
    biased: bool,
    n_threads: int,
) -> Gradients:
    """Run backwards from dL/dh (T, N, H), dL/dh_T and dL/dc_T, (N, H) or (1, N, H); any may be None for zeros."""
    h, c, gates, matrices, _ = states
    _, N, D = x.shape
    kind, H, columns = _kind(cell), h.shape[2], matrices.shape[1]
    dh, dh_T, dc_T = adjoints
    dh_T, dc_T = (None if d is None else d.reshape(N, H) for d in (dh_T, dc_T))
    W_x, W_h = matrices[:D], matrices[D:]
    dx = POOL.empty(x.shape, x.dtype) if need_dx else None
    dh_0 = np.empty((N, H), x.dtype) if need_start else None
    dc_0 = np.empty((N, H), x.dtype) if need_start and kind.has_c else None
    dW_x, dW_h, db = np.empty_like(W_x), np.empty_like(W_h), np.empty(columns, x.dtype)
    db_hn = np.empty(H, x.dtype) if kind.has_b_hn else None
    given = (*_named(cell), dh, dh_T, dc_T, x, h, c, gates, W_x, W_h, lengths, None, False)
    kernels.layer_backward(*given, dx, dh_0, dc_0, dW_x, dW_h, db, db_hn, False, n_threads)
    db_h = db.copy() if db_hn is None else np.concatenate([db[: 2 * H], db_hn])
    biases = (db, db_h) if biased else ()
    return Gradients(dx, dh_0, dc_0, (_transposed(dW_x), _transposed(dW_h), *biases))
