"""The recurrent layers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.engine._native import kernels, threads, twin
from elman.errors import UnsupportedError
from elman.reference import GRUGradients, GRUStates, LSTMGradients, LSTMStates, RNNGradients


def _one_step(place: str, bptt_depth: int | None) -> bool:
    if bptt_depth not in (None, 1):
        raise UnsupportedError(
            f"{place}: bptt_depth must be 1 or None here, got {bptt_depth}. "
            f"elman.reference.{place} takes any depth; for long streams, carry the state from chunk to chunk."
        )
    return bptt_depth == 1


def _no_peepholes(place: str, peepholes: Array | None) -> None:
    if peepholes is not None:
        raise UnsupportedError(f"{place}: peepholes are not in the engine. elman.reference.{place} has them.")


def _reset_after(place: str, reset: str) -> None:
    if reset != "after":
        raise UnsupportedError(f'{place}: reset="{reset}" is not in the engine. elman.reference.{place} has it.')


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
    checked = _check.rnn_forward(place, None, x, h_0, W_x, W_h, b, activation, lengths, h_mask)
    (T, N), H = checked[0].shape[:2], len(checked[3])
    h = np.empty((T + 1, N, H), checked[3].dtype)
    kernels.rnn_forward(*checked, h, threads(place, n_threads))
    return h


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
    dh, x, h, W_x, W_h, activation, lengths, h_mask, dh_T, depth = _check.rnn_backward(
        place, None, dh, x, h, W_x, W_h, activation, lengths, h_mask, dh_T, bptt_depth
    )
    one_step = _one_step(place, depth)
    N, H = x.shape[1], len(W_h)
    gradients = RNNGradients(
        dx=np.empty((len(x), N, len(W_x)), W_x.dtype),
        dh_0=np.empty((N, H), W_x.dtype),
        dW_x=np.empty_like(W_x),
        dW_h=np.empty_like(W_h),
        db=np.empty(H, W_x.dtype),
    )
    states = (dh, dh_T, x, h, W_x, W_h, activation, lengths, h_mask, one_step)
    kernels.rnn_backward(*states, *gradients, False, threads(place, n_threads))
    return gradients


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
    x, h_0, c_0, W_x, W_h, b, peepholes, lengths, h_mask = _check.lstm_forward(
        place, None, x, h_0, c_0, W_x, W_h, b, peepholes, lengths, h_mask
    )
    _no_peepholes(place, peepholes)
    (T, N), H = x.shape[:2], len(W_h)
    # Kernels do not write c and gates past the end of a row.
    allocate = np.empty if lengths is None else np.zeros
    h = np.empty((T + 1, N, H), W_x.dtype)
    c, gates = allocate((T + 1, N, H), W_x.dtype), allocate((T, N, 4 * H), W_x.dtype)
    kernels.lstm_forward(x, h_0, c_0, W_x, W_h, b, lengths, h_mask, h, c, gates, threads(place, n_threads))
    return LSTMStates(h, c, gates)


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
    dh, x, h, c, gates, W_x, W_h, peepholes, lengths, h_mask, dh_T, dc_T, depth = _check.lstm_backward(
        place, None, dh, x, h, c, gates, W_x, W_h, peepholes, lengths, h_mask, dh_T, dc_T, bptt_depth
    )
    _no_peepholes(place, peepholes)
    one_step = _one_step(place, depth)
    N, H = x.shape[1], len(W_h)
    dx, dh_0, dc_0 = (np.empty(shape, W_x.dtype) for shape in ((len(x), N, len(W_x)), (N, H), (N, H)))
    gradients = (dx, dh_0, dc_0, np.empty_like(W_x), np.empty_like(W_h), np.empty(4 * H, W_x.dtype))
    states = (dh, dh_T, dc_T, x, h, c, gates, W_x, W_h, lengths, h_mask, one_step)
    kernels.lstm_backward(*states, *gradients, False, threads(place, n_threads))
    return LSTMGradients(*gradients, dpeepholes=None)


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
    x, h_0, W_x, W_h, b, b_hn, reset, lengths, h_mask = _check.gru_forward(
        place, None, x, h_0, W_x, W_h, b, b_hn, reset, lengths, h_mask
    )
    _reset_after(place, reset)
    (T, N), H = x.shape[:2], len(W_h)
    allocate = np.empty if lengths is None else np.zeros  # the kernel does not write gates past the end of a row
    states = GRUStates(np.empty((T + 1, N, H), W_x.dtype), allocate((T, N, 4 * H), W_x.dtype))
    kernels.gru_forward(x, h_0, W_x, W_h, b, b_hn, lengths, h_mask, *states, threads(place, n_threads))
    return states


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
    dh, x, h, gates, W_x, W_h, reset, lengths, h_mask, dh_T, depth = _check.gru_backward(
        place, None, dh, x, h, gates, W_x, W_h, reset, lengths, h_mask, dh_T, bptt_depth
    )
    _reset_after(place, reset)
    one_step = _one_step(place, depth)
    N, H = x.shape[1], len(W_h)
    gradients = GRUGradients(
        dx=np.empty((len(x), N, len(W_x)), W_x.dtype),
        dh_0=np.empty((N, H), W_x.dtype),
        dW_x=np.empty_like(W_x),
        dW_h=np.empty_like(W_h),
        db=np.empty(3 * H, W_x.dtype),
        db_hn=np.empty(H, W_x.dtype),
    )
    states = (dh, dh_T, x, h, gates, W_x, W_h, lengths, h_mask, one_step)
    kernels.gru_backward(*states, *gradients, False, threads(place, n_threads))
    return gradients
