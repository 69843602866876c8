"""A recurrent layer of any cell: one pair of functions for the three cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.reference.gru import gru_backward, gru_forward
from elman.reference.lstm import lstm_backward, lstm_forward
from elman.reference.rnn import rnn_backward, rnn_forward


class LayerStates(NamedTuple):
    """Results of `layer_forward`: h and c (T+1, N, H), gates (T, N, 4H); None if the cell has no such array.

    Examples
    --------
    >>> LayerStates._fields
    ('h', 'c', 'gates')
    """

    h: Array
    c: Array | None = None
    gates: Array | None = None


class LayerGradients(NamedTuple):
    """Gradients of one layer, each in the shape of its argument; None if the cell has no such array.

    Examples
    --------
    >>> LayerGradients._fields
    ('dx', 'dh_0', 'dc_0', 'dW_x', 'dW_h', 'db', 'db_hn')
    """

    dx: Array
    dh_0: Array
    dc_0: Array | None
    dW_x: Array
    dW_h: Array
    db: Array
    db_hn: Array | None


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
) -> LayerStates:
    """Run one recurrent layer of any cell over a batch of sequences.

    The equations are those of `rnn_forward`, `lstm_forward` without peepholes, and `gru_forward` with
    ``reset="after"``.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Cell of the layer.
    x : array_like (T, N, D), or of integers (T, N)
        Inputs, time-major. An integer stands for the one-hot row with 1 at that index of D.
    h_0 : array_like (N, H)
        Initial state.
    c_0 : array_like (N, H) or None
        The LSTM's initial cell state; None for the other cells.
    W_x : array_like (D, GH)
        Input weights, G = 1, 4 or 3 blocks in the order of the cell.
    W_h : array_like (H, GH)
        Recurrent weights, in the same order.
    b : array_like (GH,), optional
        Bias, in the same order; None is zero.
    b_hn : array_like (H,), optional
        The GRU's bias inside the hidden product of n; None is zero.
    activation : {"tanh", "relu", "sigmoid", "identity"}
        Activation of the simple layer.
    lengths : array_like (N,) of int, optional
        Number of valid steps of each row; None means T for all.
    h_mask : array_like (N, H), optional
        Recurrent dropout: factor of h_{t-1} at every step.

    Returns
    -------
    LayerStates
        h (T+1, N, H), c (T+1, N, H) of an LSTM, gates (T, N, 4H) of an LSTM or GRU; float64. Zero past the end of a
        row.

    Raises
    ------
    ShapeError
        If T, N, D or H disagree between arguments.
    ArgumentError
        If the cell or the activation is unknown, an array belongs to another cell, c_0 of an LSTM is missing, or a
        length lies outside 0 … T.
    DataError
        If an integer of x lies outside 0 … D−1; the message names its position.

    Examples
    --------
    Zero weights leave every gate half open, so c halves at each step:

    >>> W_x, W_h = np.zeros((1, 4)), np.zeros((1, 4))
    >>> layer_forward("lstm", np.zeros((2, 1, 1)), [[0.0]], [[4.0]], W_x, W_h).c[:, 0, 0]
    array([4., 2., 1.])
    """
    cell, activation, x, h_0, c_0, W_x, W_h, b, b_hn, lengths, h_mask, _ = _check.layer_forward(
        "layer_forward", np.float64, cell, x, h_0, c_0, W_x, W_h, b, b_hn, activation, lengths, h_mask
    )
    if cell == "rnn":
        return LayerStates(rnn_forward(x, h_0, W_x, W_h, b, activation, lengths, h_mask))
    if cell == "gru":
        gru = gru_forward(x, h_0, W_x, W_h, b, b_hn, lengths=lengths, h_mask=h_mask)
        return LayerStates(gru.h, None, gru.gates)
    return LayerStates(*lstm_forward(x, h_0, c_0, W_x, W_h, b, lengths=lengths, h_mask=h_mask))


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
) -> LayerGradients:
    """Take gradients back through one recurrent layer of any cell.

    The equations are those of `rnn_backward`, `lstm_backward` without peepholes, and `gru_backward` with
    ``reset="after"``.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Cell of the layer.
    dh : array_like (T, N, H) or None
        ∂L/∂h_t through the outputs of steps 1 … T, without the paths through later states; ``dh[t-1]`` belongs to
        ``h[t]``. None is zero. Ignored past the end of a row.
    x, W_x, W_h, activation, lengths, h_mask
        As given to `layer_forward`.
    h, c, gates
        Result of `layer_forward`.
    dh_T : array_like (N, H), optional
        Adjoint of each row's final state, from the next chunk of a carried sequence.
    dc_T : array_like (N, H), optional
        The same for the LSTM's cell state.
    bptt_depth : int, optional
        Keep only the paths from an output at t to a step k with t − k < ``bptt_depth``; the initial state counts as
        k = 0 and ``dh_T`` and ``dc_T`` as an output of the row's last step. None keeps every path.

    Returns
    -------
    LayerGradients
        dx (T, N, D), zero past the end of a row; dh_0 (N, H); dc_0 (N, H) of an LSTM; dW_x (D, GH); dW_h (H, GH);
        db (GH,); db_hn (H,) of a GRU.

    Raises
    ------
    ShapeError
        If T, N, D or H disagree between arguments.
    ArgumentError
        If the cell or the activation is unknown, an array belongs to another cell or is missing, a length lies outside
        0 … T, or ``bptt_depth`` is not a positive integer.

    Examples
    --------
    With zero weights h_1 of a GRU is h_0 / 2:

    >>> x, W = np.zeros((1, 1, 1)), np.zeros((1, 3))
    >>> states = layer_forward("gru", x, [[4.0]], None, W, W)
    >>> float(layer_backward("gru", [[[1.0]]], x, *states, W, W).dh_0[0, 0])
    0.5
    """
    a = _check.layer_backward(
        "layer_backward",
        np.float64,
        cell,
        dh,
        x,
        h,
        c,
        gates,
        W_x,
        W_h,
        activation,
        lengths,
        h_mask,
        dh_T,
        dc_T,
        bptt_depth,
    )
    weights, ends = (a.W_x, a.W_h), (a.lengths, a.h_mask, a.dh_T)
    if a.cell == "rnn":
        rnn = rnn_backward(a.dh, a.x, a.h, *weights, a.activation, *ends, a.bptt_depth)
        return LayerGradients(rnn.dx, rnn.dh_0, None, rnn.dW_x, rnn.dW_h, rnn.db, None)
    if a.cell == "gru":
        gru = gru_backward(a.dh, a.x, a.h, a.gates, *weights, "after", *ends, a.bptt_depth)
        return LayerGradients(gru.dx, gru.dh_0, None, gru.dW_x, gru.dW_h, gru.db, gru.db_hn)
    lstm = lstm_backward(a.dh, a.x, a.h, a.c, a.gates, *weights, None, *ends, a.dc_T, a.bptt_depth)
    return LayerGradients(lstm.dx, lstm.dh_0, lstm.dc_0, lstm.dW_x, lstm.dW_h, lstm.db, None)
