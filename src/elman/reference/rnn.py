"""The simple recurrent layer (Elman 1990), forward and backward."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.reference._time import arriving, inputs, through_time, valid_steps
from elman.reference.activations import apply, derivative


class RNNGradients(NamedTuple):
    """Gradients of one simple recurrent layer, each in the shape of its argument.

    Examples
    --------
    >>> RNNGradients._fields
    ('dx', 'dh_0', 'dW_x', 'dW_h', 'db')
    """

    dx: Array
    dh_0: Array
    dW_x: Array
    dW_h: Array
    db: Array


def rnn_forward(
    x: npt.ArrayLike,
    h_0: npt.ArrayLike,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    b: npt.ArrayLike | None = None,
    activation: str = "tanh",
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
) -> Array:
    """Run one simple recurrent layer over a batch of sequences.

    For t = 1 … T::

        a_t = x_t W_x + (h_{t-1} ⊙ h_mask) W_h + b        (N, H)
        h_t = f(a_t)

    Parameters
    ----------
    x : array_like (T, N, D), or of integers (T, N)
        Inputs, time-major; ``x_t`` is ``x[t-1]``. An integer stands for the one-hot row with 1 at that index of D.
    h_0 : array_like (N, H)
        Initial state.
    W_x : array_like (D, H)
        Input weights.
    W_h : array_like (H, H)
        Recurrent weights.
    b : array_like (H,), optional
        Bias; None is zero.
    activation : {"tanh", "relu", "sigmoid", "identity"}
        f.
    lengths : array_like (N,) of int, optional
        Number of valid steps of each row; None means T for all.
    h_mask : array_like (N, H), optional
        Recurrent dropout: factor of h_{t-1} at every step.

    Returns
    -------
    h : ndarray (T+1, N, H)
        States, float64; ``h[0]`` is a copy of ``h_0``. Zero past the end of a row, whose final state is
        ``h[lengths[n], n]``.

    Raises
    ------
    ShapeError
        If T, N, D or H disagree between arguments.
    ArgumentError
        If the activation is unknown or a length lies outside 0 … T.
    DataError
        If an integer of x lies outside 0 … D−1; the message names its position.

    Notes
    -----
    Values of ``x`` past the end of a row are not read and may be NaN.

    References
    ----------
    Elman (1990), Finding structure in time. Cognitive Science 14(2).
    Gal and Ghahramani (2016), A theoretically grounded application of dropout in recurrent neural networks. NeurIPS.

    Examples
    --------
    >>> x = np.array([[[1.0]], [[0.0]]])                      # T=2, N=1, D=1
    >>> one, zero = np.ones((1, 1)), np.zeros(1)
    >>> rnn_forward(x, np.zeros((1, 1)), one, one, zero)[1:, 0, 0].round(4)
    array([0.7616, 0.642 ])
    """
    _, activation, x, h_0, _, W_x, W_h, b, _, lengths, h_mask, _ = _check.layer_forward(
        "rnn_forward", np.float64, "rnn", x, h_0, None, W_x, W_h, b, None, activation, lengths, h_mask
    )
    T, N, H = len(x), len(h_0), len(W_h)
    valid = valid_steps(T, N, lengths)
    x = inputs(x, len(W_x), valid)
    b = np.zeros(H) if b is None else b
    mask = np.ones((N, H)) if h_mask is None else h_mask

    h = np.zeros((T + 1, N, H))
    h[0] = h_0
    for t in range(1, T + 1):
        a_t = x[t - 1] @ W_x + (h[t - 1] * mask) @ W_h + b
        h[t] = np.where(valid[t - 1], apply(activation, a_t), 0.0)
    return h


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
) -> RNNGradients:
    """Take gradients back through one simple recurrent layer.

    For t = T … 1, with dh_t the sum of the adjoints from the output and from step t+1::

        da_t     = dh_t ⊙ f′(a_t)                         (N, H)
        dW_x    += x_tᵀ da_t
        dW_h    += (h_{t-1} ⊙ h_mask)ᵀ da_t
        db      += Σ_n da_t
        dx_t     = da_t W_xᵀ
        dh_{t-1} = (da_t W_hᵀ) ⊙ h_mask

    Parameters
    ----------
    dh : array_like (T, N, H) or None
        ∂L/∂h_t through the outputs of steps 1 … T, without the paths through later states; ``dh[t-1]`` belongs to
        ``h[t]``. None is zero. Ignored past the end of a row.
    x, W_x, W_h, activation, lengths, h_mask
        As given to `rnn_forward`.
    h : array_like (T+1, N, H)
        Result of `rnn_forward`.
    dh_T : array_like (N, H), optional
        Adjoint of each row's final state, from the next chunk of a carried sequence.
    bptt_depth : int, optional
        Keep only the paths from an output at t to a step k with t − k < ``bptt_depth``; ``h_0`` counts as k = 0 and
        ``dh_T`` as an output of the row's last step. 1 holds h_{t-1} constant; None keeps every path.

    Returns
    -------
    RNNGradients
        dx (T, N, D), zero past the end of a row; dh_0 (N, H); dW_x (D, H); dW_h (H, H); db (H,).

    Raises
    ------
    ShapeError
        If T, N, D or H disagree between arguments.
    ArgumentError
        If the activation is unknown, a length lies outside 0 … T or ``bptt_depth`` is not a positive integer.

    References
    ----------
    Werbos (1990), Backpropagation through time: what it does and how to do it. Proceedings of the IEEE 78(10).

    Examples
    --------
    One unit, two steps, identity activation, all weights 1, so h = x_1, x_1 + x_2:

    >>> x, one = np.array([[[3.0]], [[5.0]]]), np.ones((1, 1))
    >>> h = rnn_forward(x, np.zeros((1, 1)), one, one, activation="identity")
    >>> g = rnn_backward([[[0.0]], [[1.0]]], x, h, one, one, activation="identity")
    >>> float(g.dW_x[0, 0]), float(g.dW_h[0, 0]), float(g.db[0])  # x_2 + x_1, h_1 + h_0, one per step
    (8.0, 3.0, 2.0)
    """
    _, activation, dh, dh_T, _, x, h, _, _, W_x, W_h, lengths, h_mask, _, bptt_depth = _check.layer_backward(
        "rnn_backward",
        np.float64,
        "rnn",
        dh,
        x,
        h,
        None,
        None,
        W_x,
        W_h,
        activation,
        lengths,
        h_mask,
        dh_T,
        None,
        bptt_depth,
    )
    T, N, H = len(x), h.shape[1], len(W_h)
    x = inputs(x, len(W_x), valid_steps(T, N, lengths))
    mask = np.ones((N, H)) if h_mask is None else h_mask
    dx, dW_x, dW_h, db = np.zeros_like(x), np.zeros_like(W_x), np.zeros_like(W_h), np.zeros(H)

    def step(t: int, dh_t: Array) -> Array:
        da_t = dh_t * derivative(activation, h[t])
        dx[t - 1] += da_t @ W_x.T
        dW_x[...] += x[t - 1].T @ da_t
        dW_h[...] += (h[t - 1] * mask).T @ da_t
        db[...] += da_t.sum(axis=0)
        return np.asarray((da_t @ W_h.T) * mask)

    dh_0 = through_time(step, arriving(dh, dh_T, (T, N, H), lengths), bptt_depth)
    return RNNGradients(dx, dh_0, dW_x, dW_h, db)
