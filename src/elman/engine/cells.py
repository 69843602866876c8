"""The recurrent layers: one kernel per direction for all cells, and a function for each cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.engine._native import kernels, threads, twin
from elman.errors import UnsupportedError
from elman.reference import (
    GRUGradients,
    GRUStates,
    LayerGradients,
    LayerStates,
    LSTMGradients,
    LSTMStates,
    RNNGradients,
)


def _forward(place: str, n_threads: int | None, checked: _check.ForwardArguments) -> tuple[Array, Any, Any]:
    """Run the kernel on checked arguments; return h, and c and gates if the cell has them."""
    if checked.peepholes is not None:
        raise UnsupportedError(f"{place}: peepholes are not in the engine. elman.reference.{place} has them.")
    kind, (T, N), H, dtype = _check.CELLS[checked.cell], checked.x.shape[:2], len(checked.W_h), checked.W_h.dtype
    # Kernels do not write c and gates past the end of a row.
    allocate = np.empty if checked.lengths is None else np.zeros
    h = np.empty((T + 1, N, H), dtype)
    c = allocate((T + 1, N, H), dtype) if kind.has_c else None
    gates = allocate((T, N, 4 * H), dtype) if kind.has_gates else None
    kernels.layer_forward(*checked[:-1], h, c, gates, threads(place, n_threads))
    return h, c, gates


def _backward(place: str, n_threads: int | None, checked: _check.BackwardArguments) -> LayerGradients:
    """Run the kernel on checked arguments."""
    depth = checked.bptt_depth
    if checked.peepholes is not None:
        raise UnsupportedError(f"{place}: peepholes are not in the engine. elman.reference.{place} has them.")
    refuse_depth(place, depth)
    kind, W_x, W_h = _check.CELLS[checked.cell], checked.W_x, checked.W_h
    T, N, H = len(checked.x), checked.x.shape[1], len(W_h)
    gradients = LayerGradients(
        dx=np.empty((T, N, len(W_x)), W_x.dtype),
        dh_0=np.empty((N, H), W_x.dtype),
        dc_0=np.empty((N, H), W_x.dtype) if kind.has_c else None,
        dW_x=np.empty_like(W_x),
        dW_h=np.empty_like(W_h),
        db=np.empty(W_h.shape[1], W_x.dtype),
        db_hn=np.empty(H, W_x.dtype) if kind.has_b_hn else None,
    )
    kernels.layer_backward(*checked[:-2], depth == 1, *gradients, False, threads(place, n_threads))
    return gradients


def refuse_depth(place: str, depth: int | None) -> None:
    """Refuse other depths than 1 and None."""
    if depth not in (None, 1):
        raise UnsupportedError(
            f"{place}: bptt_depth must be 1 or None here, got {depth}. "
            f"elman.reference.{place} takes any depth; for long streams, carry the state from chunk to chunk."
        )


def _reset_after(place: str, reset: str) -> None:
    if _check.choice(place, "reset", reset, _check.RESETS) != "after":
        raise UnsupportedError(f'{place}: reset="{reset}" is not in the engine. elman.reference.{place} has it.')


@twin
def layer_forward(
    cell: str,
    x: npt.ArrayLike,
    h_0: npt.ArrayLike,
    c_0: npt.ArrayLike | None,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    b: npt.ArrayLike | None = None,
    b_hn: npt.ArrayLike | None = None,
    activation: str = "tanh",
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
    *,
    n_threads: int | None = None,
) -> LayerStates:
    place = "layer_forward"
    checked = _check.layer_forward(place, None, cell, x, h_0, c_0, W_x, W_h, b, b_hn, activation, lengths, h_mask)
    return LayerStates(*_forward(place, n_threads, checked))


@twin
def layer_backward(
    cell: str,
    dh: npt.ArrayLike | None,
    x: npt.ArrayLike,
    h: npt.ArrayLike,
    c: npt.ArrayLike | None,
    gates: npt.ArrayLike | None,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    activation: str = "tanh",
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
    dh_T: npt.ArrayLike | None = None,
    dc_T: npt.ArrayLike | None = None,
    bptt_depth: int | None = None,
    *,
    n_threads: int | None = None,
) -> LayerGradients:
    place = "layer_backward"
    checked = _check.layer_backward(
        place, None, cell, dh, x, h, c, gates, W_x, W_h, activation, lengths, h_mask, dh_T, dc_T, bptt_depth
    )
    return _backward(place, n_threads, checked)


@twin
def rnn_forward(
    x: npt.ArrayLike,
    h_0: npt.ArrayLike,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    b: npt.ArrayLike | None = None,
    activation: str = "tanh",
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
    *,
    n_threads: int | None = None,
) -> Array:
    place = "rnn_forward"
    checked = _check.layer_forward(place, None, "rnn", x, h_0, None, W_x, W_h, b, None, activation, lengths, h_mask)
    return _forward(place, n_threads, checked)[0]


@twin
def rnn_backward(
    dh: npt.ArrayLike | None,
    x: npt.ArrayLike,
    h: npt.ArrayLike,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    activation: str = "tanh",
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
    dh_T: npt.ArrayLike | None = None,
    bptt_depth: int | None = None,
    *,
    n_threads: int | None = None,
) -> RNNGradients:
    place = "rnn_backward"
    checked = _check.layer_backward(
        place, None, "rnn", dh, x, h, None, None, W_x, W_h, activation, lengths, h_mask, dh_T, None, bptt_depth
    )
    g = _backward(place, n_threads, checked)
    return RNNGradients(g.dx, g.dh_0, g.dW_x, g.dW_h, g.db)


@twin
def lstm_forward(
    x: npt.ArrayLike,
    h_0: npt.ArrayLike,
    c_0: npt.ArrayLike,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    b: npt.ArrayLike | None = None,
    peepholes: npt.ArrayLike | None = None,
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
    *,
    n_threads: int | None = None,
) -> LSTMStates:
    place = "lstm_forward"
    checked = _check.layer_forward(
        place, None, "lstm", x, h_0, c_0, W_x, W_h, b, None, "tanh", lengths, h_mask, peepholes
    )
    return LSTMStates(*_forward(place, n_threads, checked))


@twin
def lstm_backward(
    dh: npt.ArrayLike | None,
    x: npt.ArrayLike,
    h: npt.ArrayLike,
    c: npt.ArrayLike,
    gates: npt.ArrayLike,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    peepholes: npt.ArrayLike | None = None,
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
    dh_T: npt.ArrayLike | None = None,
    dc_T: npt.ArrayLike | None = None,
    bptt_depth: int | None = None,
    *,
    n_threads: int | None = None,
) -> LSTMGradients:
    place = "lstm_backward"
    checked = _check.layer_backward(
        place, None, "lstm", dh, x, h, c, gates, W_x, W_h, "tanh", lengths, h_mask, dh_T, dc_T, bptt_depth, peepholes
    )
    g = _backward(place, n_threads, checked)
    assert g.dc_0 is not None
    return LSTMGradients(g.dx, g.dh_0, g.dc_0, g.dW_x, g.dW_h, g.db, dpeepholes=None)


@twin
def gru_forward(
    x: npt.ArrayLike,
    h_0: npt.ArrayLike,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    b: npt.ArrayLike | None = None,
    b_hn: npt.ArrayLike | None = None,
    reset: str = "after",
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
    *,
    n_threads: int | None = None,
) -> GRUStates:
    place = "gru_forward"
    checked = _check.layer_forward(place, None, "gru", x, h_0, None, W_x, W_h, b, b_hn, "tanh", lengths, h_mask)
    _reset_after(place, reset)
    h, _, gates = _forward(place, n_threads, checked)
    return GRUStates(h, gates)


@twin
def gru_backward(
    dh: npt.ArrayLike | None,
    x: npt.ArrayLike,
    h: npt.ArrayLike,
    gates: npt.ArrayLike,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    reset: str = "after",
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
    dh_T: npt.ArrayLike | None = None,
    bptt_depth: int | None = None,
    *,
    n_threads: int | None = None,
) -> GRUGradients:
    place = "gru_backward"
    checked = _check.layer_backward(
        place, None, "gru", dh, x, h, None, gates, W_x, W_h, "tanh", lengths, h_mask, dh_T, None, bptt_depth
    )
    _reset_after(place, reset)
    g = _backward(place, n_threads, checked)
    assert g.db_hn is not None
    return GRUGradients(g.dx, g.dh_0, g.dW_x, g.dW_h, g.db, g.db_hn)
