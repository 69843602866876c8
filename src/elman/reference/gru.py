"""The gated recurrent unit with the reset gate after or before the matrix product, forward and backward."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.reference._time import arriving, inputs, through_time, valid_steps
from elman.reference.activations import sigmoid


class GRUStates(NamedTuple):
    """Results of `gru_forward`: h (T+1, N, H) and gates (T, N, 4H) packed r | z | n | q.

    q is the hidden product inside n: ``h_{t-1} W_hn + b_hn`` with reset after, ``(r ⊙ h_{t-1}) W_hn + b_hn`` before.

    Examples
    --------
    >>> GRUStates._fields
    ('h', 'gates')
    """

    h: Array
    gates: Array


class GRUGradients(NamedTuple):
    """Gradients of one GRU layer, each in the shape of its argument.

    Examples
    --------
    >>> GRUGradients._fields
    ('dx', 'dh_0', 'dW_x', 'dW_h', 'db', 'db_hn')
    """

    dx: Array
    dh_0: Array
    dW_x: Array
    dW_h: Array
    db: Array
    db_hn: Array


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
) -> GRUStates:
    """Run one GRU layer over a batch of sequences.

    For t = 1 … T, with ĥ = h_{t-1} ⊙ h_mask::

        r = σ(x_t W_xr + ĥ W_hr + b_r)                                   (N, H)
        z = σ(x_t W_xz + ĥ W_hz + b_z)
        n = tanh(x_t W_xn + b_xn + r ⊙ q)    q = ĥ W_hn + b_hn           reset="after"
        n = tanh(x_t W_xn + b_xn + q)        q = (r ⊙ ĥ) W_hn + b_hn     reset="before"
        h_t = (1−z) ⊙ n + z ⊙ h_{t-1}

    Parameters
    ----------
    x : array_like (T, N, D), or of integers (T, N)
        Inputs, time-major; ``x_t`` is ``x[t-1]``. An integer stands for the one-hot row with 1 at that index of D.
    h_0 : array_like (N, H)
        Initial state.
    W_x : array_like (D, 3H)
        Input weights, columns packed r | z | n.
    W_h : array_like (H, 3H)
        Recurrent weights, in the same order.
    b : array_like (3H,), optional
        Bias b_r | b_z | b_xn; None is zero.
    b_hn : array_like (H,), optional
        Bias inside the hidden product of n; None is zero.
    reset : {"after", "before"}
        "after": r multiplies the product with W_hn (cuDNN, PyTorch, Keras); "before": r multiplies the state (the
        original paper, the default of ONNX).
    lengths : array_like (N,) of int, optional
        Number of valid steps of each row; None means T for all.
    h_mask : array_like (N, H), optional
        Recurrent dropout: factor of h_{t-1} in every product with W_h. ``z ⊙ h_{t-1}`` is not masked.

    Returns
    -------
    GRUStates
        h (T+1, N, H) and gates (T, N, 4H) packed r | z | n | q; float64. ``h[0]`` is a copy of ``h_0``. Both are zero
        past the end of a row, whose final state is ``h[lengths[n], n]``.

    Raises
    ------
    ShapeError
        If T, N, D or H disagree between arguments.
    ArgumentError
        If ``reset`` is unknown or a length lies outside 0 … T.
    DataError
        If an integer of x lies outside 0 … D−1; the message names its position.

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder-decoder for statistical machine translation.
    EMNLP.

    Examples
    --------
    Zero weights give n = 0 and z = 1/2, so the state halves at each step:

    >>> h, gates = gru_forward(np.zeros((2, 1, 1)), [[4.0]], np.zeros((1, 3)), np.zeros((1, 3)))
    >>> h[:, 0, 0]
    array([4., 2., 1.])
    """
    _, _, x, h_0, _, W_x, W_h, b, b_hn, lengths, h_mask, _ = _check.layer_forward(
        "gru_forward", np.float64, "gru", x, h_0, None, W_x, W_h, b, b_hn, "tanh", lengths, h_mask
    )
    _check.choice("gru_forward", "reset", reset, _check.RESETS)
    T, N, H = len(x), len(h_0), len(W_h)
    valid = valid_steps(T, N, lengths)
    x = inputs(x, len(W_x), valid)
    b = np.zeros(3 * H) if b is None else b
    b_hn = np.zeros(H) if b_hn is None else b_hn
    mask = np.ones((N, H)) if h_mask is None else h_mask
    W_hr, W_hz, W_hn = np.split(W_h, 3, axis=1)

    h, gates = np.zeros((T + 1, N, H)), np.zeros((T, N, 4 * H))
    h[0] = h_0
    for t in range(1, T + 1):
        a_r, a_z, a_n = np.split(x[t - 1] @ W_x + b, 3, axis=1)
        h_in = h[t - 1] * mask
        r = sigmoid(a_r + h_in @ W_hr)
        z = sigmoid(a_z + h_in @ W_hz)
        if reset == "after":
            q = h_in @ W_hn + b_hn
            n = np.tanh(a_n + r * q)
        else:
            q = (r * h_in) @ W_hn + b_hn
            n = np.tanh(a_n + q)
        h[t] = np.where(valid[t - 1], (1 - z) * n + z * h[t - 1], 0.0)
        gates[t - 1] = np.where(valid[t - 1], np.concatenate([r, z, n, q], axis=1), 0.0)
    return GRUStates(h, gates)


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
) -> GRUGradients:
    """Take gradients back through one GRU layer.

    For t = T … 1, with dh_t the sum of the adjoints from the output and from step t+1, and ĥ = h_{t-1} ⊙ h_mask::

        da_z = dh_t ⊙ (h_{t-1} − n) ⊙ z(1−z)
        da_n = dh_t ⊙ (1−z) ⊙ (1−n²)

        reset="after":   dq = da_n ⊙ r          da_r = da_n ⊙ q ⊙ r(1−r)
                         dW_hn += ĥᵀ dq         db_hn += Σ_n dq        dĥ = dq W_hnᵀ
        reset="before":  dp = da_n W_hnᵀ        da_r = dp ⊙ ĥ ⊙ r(1−r)
                         dW_hn += (r ⊙ ĥ)ᵀ da_n        db_hn += Σ_n da_n      dĥ = dp ⊙ r

        dx_t     = (da_r | da_z | da_n) W_xᵀ
        dh_{t-1} = dh_t ⊙ z + (dĥ + da_r W_hrᵀ + da_z W_hzᵀ) ⊙ h_mask

    Parameters
    ----------
    dh : array_like (T, N, H) or None
        ∂L/∂h_t through the outputs of steps 1 … T, without the paths through later states; ``dh[t-1]`` belongs to
        ``h[t]``. None is zero. Ignored past the end of a row.
    x, W_x, W_h, reset, lengths, h_mask
        As given to `gru_forward`.
    h, gates
        Result of `gru_forward`.
    dh_T : array_like (N, H), optional
        Adjoint of each row's final state, from the next chunk of a carried sequence.
    bptt_depth : int, optional
        Keep only the paths from an output at t to a step k with t − k < ``bptt_depth``; ``h_0`` counts as k = 0 and
        ``dh_T`` as an output of the row's last step. None keeps every path.

    Returns
    -------
    GRUGradients
        dx (T, N, D), zero past the end of a row; dh_0 (N, H); dW_x (D, 3H); dW_h (H, 3H); db (3H,); db_hn (H,).

    Raises
    ------
    ShapeError
        If T, N, D or H disagree between arguments.
    ArgumentError
        If ``reset`` is unknown, a length lies outside 0 … T or ``bptt_depth`` is not a positive integer.

    Examples
    --------
    With zero weights h_1 = h_0 / 2:

    >>> x, W = np.zeros((1, 1, 1)), np.zeros((1, 3))
    >>> g = gru_backward([[[1.0]]], x, *gru_forward(x, [[4.0]], W, W), W, W)
    >>> float(g.dh_0[0, 0])
    0.5
    """
    _, _, dh, dh_T, _, x, h, _, gates, W_x, W_h, lengths, h_mask, _, bptt_depth = _check.layer_backward(
        "gru_backward",
        np.float64,
        "gru",
        dh,
        x,
        h,
        None,
        gates,
        W_x,
        W_h,
        "tanh",
        lengths,
        h_mask,
        dh_T,
        None,
        bptt_depth,
    )
    _check.choice("gru_backward", "reset", reset, _check.RESETS)
    gates = np.asarray(gates)
    T, N, H = len(x), h.shape[1], len(W_h)
    x = inputs(x, len(W_x), valid_steps(T, N, lengths))
    mask = np.ones((N, H)) if h_mask is None else h_mask
    W_hr, W_hz, W_hn = np.split(W_h, 3, axis=1)
    dx, dW_x, dW_h, db, db_hn = np.zeros_like(x), np.zeros_like(W_x), np.zeros_like(W_h), np.zeros(3 * H), np.zeros(H)

    def step(t: int, dh_t: Array) -> Array:
        r, z, n, q = np.split(gates[t - 1], 4, axis=1)
        h_in = h[t - 1] * mask
        da_z = dh_t * (h[t - 1] - n) * z * (1 - z)
        da_n = dh_t * (1 - z) * (1 - n**2)
        if reset == "after":
            dq = da_n * r
            da_r = da_n * q * r * (1 - r)
            dW_hn, dh_in = h_in.T @ dq, dq @ W_hn.T
        else:
            dq = da_n
            dp = da_n @ W_hn.T  # of r ⊙ ĥ
            da_r = dp * h_in * r * (1 - r)
            dW_hn, dh_in = (r * h_in).T @ dq, dp * r
        da = np.concatenate([da_r, da_z, da_n], axis=1)
        dx[t - 1] += da @ W_x.T
        dW_x[...] += x[t - 1].T @ da
        dW_h[...] += np.concatenate([h_in.T @ da_r, h_in.T @ da_z, dW_hn], axis=1)
        db[...] += da.sum(axis=0)
        db_hn[...] += dq.sum(axis=0)
        return np.asarray(dh_t * z + (dh_in + da_r @ W_hr.T + da_z @ W_hz.T) * mask)

    dh_0 = through_time(step, arriving(dh, dh_T, (T, N, H), lengths), bptt_depth)
    return GRUGradients(dx, dh_0, dW_x, dW_h, db, db_hn)
