"""The long short-term memory layer, with optional peepholes, forward and backward."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.reference._time import arriving, inputs, through_time, valid_steps
from elman.reference.activations import sigmoid


class LSTMStates(NamedTuple):
    """Results of `lstm_forward`: h and c (T+1, N, H), activated gates (T, N, 4H) packed i | f | g | o.

    Examples
    --------
    >>> LSTMStates._fields
    ('h', 'c', 'gates')
    """

    h: Array
    c: Array
    gates: Array


class LSTMGradients(NamedTuple):
    """Gradients of one LSTM layer, each in the shape of its argument; dpeepholes is None without peepholes.

    Examples
    --------
    >>> LSTMGradients._fields
    ('dx', 'dh_0', 'dc_0', 'dW_x', 'dW_h', 'db', 'dpeepholes')
    """

    dx: Array
    dh_0: Array
    dc_0: Array
    dW_x: Array
    dW_h: Array
    db: Array
    dpeepholes: Array | None


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
) -> LSTMStates:
    """Run one LSTM layer over a batch of sequences.

    For t = 1 … T, with peepholes P = (P_i, P_f, P_o), zero if there are none::

        a_i, a_f, a_g, a_o = x_t W_x + (h_{t-1} ⊙ h_mask) W_h + b        (N, H) each
        i = σ(a_i + P_i ⊙ c_{t-1})      f = σ(a_f + P_f ⊙ c_{t-1})      g = tanh(a_g)
        c_t = f ⊙ c_{t-1} + i ⊙ g
        o = σ(a_o + P_o ⊙ c_t)
        h_t = o ⊙ tanh(c_t)

    Parameters
    ----------
    x : array_like (T, N, D), or of integers (T, N)
        Inputs, time-major; ``x_t`` is ``x[t-1]``. An integer stands for the one-hot row with 1 at that index of D.
    h_0, c_0 : array_like (N, H)
        Initial state.
    W_x : array_like (D, 4H)
        Input weights, columns packed i | f | g | o.
    W_h : array_like (H, 4H)
        Recurrent weights, in the same order.
    b : array_like (4H,), optional
        Bias, in the same order; None is zero.
    peepholes : array_like (3, H), optional
        Rows P_i, P_f, P_o.
    lengths : array_like (N,) of int, optional
        Number of valid steps of each row; None means T for all.
    h_mask : array_like (N, H), optional
        Recurrent dropout: factor of h_{t-1} at every step. The cell state c is not masked.

    Returns
    -------
    LSTMStates
        h (T+1, N, H), c (T+1, N, H), gates (T, N, 4H); float64. ``h[0]`` and ``c[0]`` copy the initial state. All three
        are zero past the end of a row, whose final state is ``h[lengths[n], n]`` and ``c[lengths[n], n]``.

    Raises
    ------
    ShapeError
        If T, N, D or H disagree between arguments.
    ArgumentError
        If a length lies outside 0 … T.
    DataError
        If an integer of x lies outside 0 … D−1; the message names its position.

    References
    ----------
    Hochreiter and Schmidhuber (1997), Long short-term memory. Neural Computation 9(8).
    Gers, Schmidhuber and Cummins (2000), Learning to forget: continual prediction with LSTM. Neural Computation 12(10).
    Gers and Schmidhuber (2000), Recurrent nets that time and count. IJCNN. (Peepholes.)

    Examples
    --------
    Zero weights leave every gate half open, so c halves at each step and h_t = tanh(c_t) / 2:

    >>> W_x, W_h = np.zeros((1, 4)), np.zeros((1, 4))
    >>> h, c, gates = lstm_forward(np.zeros((2, 1, 1)), [[0.0]], [[4.0]], W_x, W_h)
    >>> c[:, 0, 0]
    array([4., 2., 1.])
    >>> gates[0, 0]
    array([0.5, 0.5, 0. , 0.5])
    """
    _, _, x, h_0, c_0, W_x, W_h, b, _, lengths, h_mask, peepholes = _check.layer_forward(
        "lstm_forward", np.float64, "lstm", x, h_0, c_0, W_x, W_h, b, None, "tanh", lengths, h_mask, peepholes
    )
    T, N, H = len(x), len(h_0), len(W_h)
    valid = valid_steps(T, N, lengths)
    x = inputs(x, len(W_x), valid)
    b = np.zeros(4 * H) if b is None else b
    P_i, P_f, P_o = np.zeros((3, H)) if peepholes is None else peepholes
    mask = np.ones((N, H)) if h_mask is None else h_mask

    h, c, gates = np.zeros((T + 1, N, H)), np.zeros((T + 1, N, H)), np.zeros((T, N, 4 * H))
    h[0], c[0] = h_0, c_0
    for t in range(1, T + 1):
        a_i, a_f, a_g, a_o = np.split(x[t - 1] @ W_x + (h[t - 1] * mask) @ W_h + b, 4, axis=1)
        i = sigmoid(a_i + P_i * c[t - 1])
        f = sigmoid(a_f + P_f * c[t - 1])
        g = np.tanh(a_g)
        c_t = f * c[t - 1] + i * g
        o = sigmoid(a_o + P_o * c_t)
        h_t = o * np.tanh(c_t)
        h[t], c[t] = np.where(valid[t - 1], h_t, 0.0), np.where(valid[t - 1], c_t, 0.0)
        gates[t - 1] = np.where(valid[t - 1], np.concatenate([i, f, g, o], axis=1), 0.0)
    return LSTMStates(h, c, gates)


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
) -> LSTMGradients:
    """Take gradients back through one LSTM layer.

    For t = T … 1, with dh_t the sum of the adjoints from the output and from step t+1, and dc_t that from step t+1::

        da_o  = dh_t ⊙ tanh(c_t) ⊙ o(1−o)
        dc_t += dh_t ⊙ o ⊙ (1 − tanh²(c_t)) + da_o ⊙ P_o
        da_i  = dc_t ⊙ g ⊙ i(1−i)
        da_f  = dc_t ⊙ c_{t-1} ⊙ f(1−f)
        da_g  = dc_t ⊙ i ⊙ (1 − g²)
        dW_x += x_tᵀ da      dW_h += (h_{t-1} ⊙ h_mask)ᵀ da      db += Σ_n da      with da = da_i | da_f | da_g | da_o
        dP_i += Σ_n da_i ⊙ c_{t-1}      dP_f += Σ_n da_f ⊙ c_{t-1}      dP_o += Σ_n da_o ⊙ c_t
        dx_t     = da W_xᵀ
        dh_{t-1} = (da W_hᵀ) ⊙ h_mask
        dc_{t-1} = dc_t ⊙ f + da_i ⊙ P_i + da_f ⊙ P_f

    Parameters
    ----------
    dh : array_like (T, N, H) or None
        ∂L/∂h_t through the outputs of steps 1 … T, without the paths through later states; ``dh[t-1]`` belongs to
        ``h[t]``. None is zero. Ignored past the end of a row.
    x, W_x, W_h, peepholes, lengths, h_mask
        As given to `lstm_forward`.
    h, c, gates
        Result of `lstm_forward`.
    dh_T, dc_T : array_like (N, H), optional
        Adjoints of each row's final state, from the next chunk of a carried sequence.
    bptt_depth : int, optional
        Keep only the paths from an output at t to a step k with t − k < ``bptt_depth``; (h_0, c_0) counts as k = 0 and
        (``dh_T``, ``dc_T``) as an output of the row's last step. None keeps every path.

    Returns
    -------
    LSTMGradients
        dx (T, N, D), zero past the end of a row; dh_0, dc_0 (N, H); dW_x (D, 4H); dW_h (H, 4H); db (4H,);
        dpeepholes (3, H), or None without peepholes.

    Raises
    ------
    ShapeError
        If T, N, D or H disagree between arguments.
    ArgumentError
        If a length lies outside 0 … T or ``bptt_depth`` is not a positive integer.

    Examples
    --------
    With zero weights c_1 = c_0 / 2 and h_1 = tanh(c_1) / 2, so ∂h_1/∂c_0 = (1 − tanh²(c_1)) / 4:

    >>> W_x, W_h = np.zeros((1, 4)), np.zeros((1, 4))
    >>> x = np.zeros((1, 1, 1))
    >>> g = lstm_backward([[[1.0]]], x, *lstm_forward(x, [[0.0]], [[0.0]], W_x, W_h), W_x, W_h)
    >>> float(g.dc_0[0, 0])
    0.25
    """
    _, _, dh, dh_T, dc_T, x, h, c, gates, W_x, W_h, lengths, h_mask, peepholes, bptt_depth = _check.layer_backward(
        "lstm_backward",
        np.float64,
        "lstm",
        dh,
        x,
        h,
        c,
        gates,
        W_x,
        W_h,
        "tanh",
        lengths,
        h_mask,
        dh_T,
        dc_T,
        bptt_depth,
        peepholes,
    )
    c, gates = np.asarray(c), np.asarray(gates)
    T, N, H = len(x), h.shape[1], len(W_h)
    x = inputs(x, len(W_x), valid_steps(T, N, lengths))
    P_i, P_f, P_o = np.zeros((3, H)) if peepholes is None else peepholes
    mask = np.ones((N, H)) if h_mask is None else h_mask
    dx, dW_x, dW_h, db, dP = np.zeros_like(x), np.zeros_like(W_x), np.zeros_like(W_h), np.zeros(4 * H), np.zeros((3, H))

    def step(t: int, ds_t: Array) -> Array:
        dh_t, dc_t = ds_t
        i, f, g, o = np.split(gates[t - 1], 4, axis=1)
        tanh_c = np.tanh(c[t])
        da_o = dh_t * tanh_c * o * (1 - o)
        dc_t = dc_t + dh_t * o * (1 - tanh_c**2) + da_o * P_o
        da_i = dc_t * g * i * (1 - i)
        da_f = dc_t * c[t - 1] * f * (1 - f)
        da_g = dc_t * i * (1 - g**2)
        da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
        dx[t - 1] += da @ W_x.T
        dW_x[...] += x[t - 1].T @ da
        dW_h[...] += (h[t - 1] * mask).T @ da
        db[...] += da.sum(axis=0)
        dP[...] += [(da_i * c[t - 1]).sum(axis=0), (da_f * c[t - 1]).sum(axis=0), (da_o * c[t]).sum(axis=0)]
        return np.stack([(da @ W_h.T) * mask, dc_t * f + da_i * P_i + da_f * P_f])

    shape = (T, N, H)
    ds = np.stack([arriving(dh, dh_T, shape, lengths), arriving(None, dc_T, shape, lengths)], axis=1)  # (T+1, 2, N, H)
    dh_0, dc_0 = through_time(step, ds, bptt_depth)
    return LSTMGradients(dx, dh_0, dc_0, dW_x, dW_h, db, None if peepholes is None else dP)
