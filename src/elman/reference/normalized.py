"""Recurrent layers with layer normalization, forward and backward."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.reference._time import arriving, inputs, through_time, valid_steps
from elman.reference.activations import apply, derivative, sigmoid

EPSILON = 1e-5  # added to the variance


class NormalizedStates(NamedTuple):
    """Results of `normalized_layer_forward`: h (T+1, N, H), and c (T+1, N, H) of an LSTM.

    Examples
    --------
    >>> NormalizedStates._fields
    ('h', 'c')
    """

    h: Array
    c: Array | None = None


class NormalizedGradients(NamedTuple):
    """Gradients of one layer, each in the shape of its argument; None if the cell has no such array.

    Examples
    --------
    >>> NormalizedGradients._fields[5:]
    ('dgain_h', 'dgain_x', 'dgain_c', 'db', 'db_hn', 'db_c')
    """

    dx: Array
    dh_0: Array
    dc_0: Array | None
    dW_x: Array
    dW_h: Array
    dgain_h: Array
    dgain_x: Array | None
    dgain_c: Array | None
    db: Array
    db_hn: Array | None
    db_c: Array | None


def normalized_layer_forward(
    cell: str,
    x: npt.ArrayLike,
    h_0: npt.ArrayLike,
    c_0: npt.ArrayLike | None,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    gain_h: npt.ArrayLike,
    gain_x: npt.ArrayLike | None = None,
    gain_c: npt.ArrayLike | None = None,
    b: npt.ArrayLike | None = None,
    b_hn: npt.ArrayLike | None = None,
    b_c: npt.ArrayLike | None = None,
    activation: str = "tanh",
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
) -> NormalizedStates:
    """Run one recurrent layer with layer normalization over a batch of sequences.

    N(s) has mean 0 and variance 1 over the components of a row: ``N(s) = (s − μ) / √(σ² + 1e-5)``. With ĥ = h_{t-1} ⊙
    h_mask and gains γ, for t = 1 … T::

        rnn    h_t = f(γ_h ⊙ N(x_t W_x + ĥ W_h) + b)

        lstm   a_i, a_f, a_g, a_o = γ_x ⊙ N(x_t W_x) + γ_h ⊙ N(ĥ W_h) + b          over all 4H columns together
               c_t = σ(a_f) ⊙ c_{t-1} + σ(a_i) ⊙ tanh(a_g)
               h_t = σ(a_o) ⊙ tanh(γ_c ⊙ N(c_t) + b_c)

        gru    u = γ_x ⊙ N(x_t W_x) + b      v = γ_h ⊙ N(ĥ W_h)                    over r | z together, and over n
               r, z = σ(u + v)               n = tanh(u_n + r ⊙ (v_n + b_hn))
               h_t = (1 − z) ⊙ n + z ⊙ h_{t-1}

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
    W_x, W_h : array_like (D, GH), (H, GH)
        Weights, G = 1, 4 or 3 blocks in the order of the cell.
    gain_h : array_like (GH,)
        γ_h.
    gain_x : array_like (GH,), optional
        γ_x of an LSTM or GRU.
    gain_c : array_like (H,), optional
        γ_c of an LSTM.
    b, b_hn, b_c : array_like (GH,), (H,), (H,), optional
        Biases; b_hn of a GRU, b_c of an LSTM. None is zero.
    activation : {"tanh", "relu", "sigmoid", "identity"}
        f of the simple layer.
    lengths : array_like (N,) of int, optional
        Number of valid steps of each row; None means T for all.
    h_mask : array_like (N, H), optional
        Recurrent dropout: factor of h_{t-1} in the product with W_h.

    Returns
    -------
    NormalizedStates
        h (T+1, N, H), and c (T+1, N, H) of an LSTM; float64. Zero past the end of a row.

    Raises
    ------
    ShapeError
        If T, N, D or H disagree between arguments.
    ArgumentError
        If the cell or the activation is unknown, an array belongs to another cell or is missing, or a length lies
        outside 0 … T.
    DataError
        If an integer of x lies outside 0 … D−1; the message names its position.

    Notes
    -----
    N(x_t W_x) keeps the direction of x_t and loses its length: of a single input (D = 1) only the sign remains.

    References
    ----------
    Ba, Kiros and Hinton (2016), Layer normalization. arXiv:1607.06450; the equations are those of its supplement, with
    one bias in place of sums of biases.

    Examples
    --------
    The sums 3 and 1 are one standard deviation above and below their mean, whatever their size:

    >>> layer_forward = normalized_layer_forward
    >>> layer_forward("rnn", [[[1.0]]], [[0.0, 0.0]], None, [[3.0, 1.0]], np.zeros((2, 2)), [1.0, 1.0]).h[1].round(3)
    array([[ 0.762, -0.762]])
    """
    a = _check.normalized_layer_forward(
        "normalized_layer_forward",
        np.float64,
        cell,
        x,
        h_0,
        c_0,
        W_x,
        W_h,
        gain_h,
        gain_x,
        gain_c,
        b,
        b_hn,
        b_c,
        activation,
        lengths,
        h_mask,
    )
    T, N, H = len(a.x), len(a.h_0), len(a.W_h)
    valid = valid_steps(T, N, a.lengths)
    x = inputs(a.x, len(a.W_x), valid)
    mask = np.ones((N, H)) if a.h_mask is None else a.h_mask
    h, c = np.zeros((T + 1, N, H)), np.zeros((T + 1, N, H))
    h[0], c[0] = a.h_0, 0.0 if a.c_0 is None else a.c_0
    layer = _Layer(a)
    for t in range(1, T + 1):
        h_t, c_t = layer.step(x[t - 1], h[t - 1], c[t - 1], mask)
        h[t], c[t] = np.where(valid[t - 1], h_t, 0.0), np.where(valid[t - 1], c_t, 0.0)
    return NormalizedStates(h, c if a.cell == "lstm" else None)


def normalized_layer_backward(
    cell: str,
    dh: npt.ArrayLike | None,
    x: npt.ArrayLike,
    h: npt.ArrayLike,
    c: npt.ArrayLike | None,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    gain_h: npt.ArrayLike,
    gain_x: npt.ArrayLike | None = None,
    gain_c: npt.ArrayLike | None = None,
    b: npt.ArrayLike | None = None,
    b_hn: npt.ArrayLike | None = None,
    b_c: npt.ArrayLike | None = None,
    activation: str = "tanh",
    lengths: npt.ArrayLike | None = None,
    h_mask: npt.ArrayLike | None = None,
    dh_T: npt.ArrayLike | None = None,
    dc_T: npt.ArrayLike | None = None,
    bptt_depth: int | None = None,
) -> NormalizedGradients:
    """Take gradients back through one recurrent layer with layer normalization.

    A gradient dn of n = N(s), with 1/√(σ² + 1e-5) = κ and means over the components of a row, becomes::

        ds = κ (dn − mean(dn) − n mean(dn ⊙ n))

    The rest is that of the cell, as in `layer_backward`, with da the gradients of the sums before the gates and dm that
    of γ_c ⊙ N(c_t) + b_c::

        dγ_x = Σ da ⊙ N(x W_x)      dγ_h = Σ da ⊙ N(ĥ W_h)      dγ_c = Σ dm ⊙ N(c)      db = Σ da      db_c = Σ dm

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Cell of the layer.
    dh : array_like (T, N, H) or None
        ∂L/∂h_t through the outputs of steps 1 … T, without the paths through later states. None is zero. Ignored past
        the end of a row.
    x, W_x, W_h, gain_h, gain_x, gain_c, b, b_hn, b_c, activation, lengths, h_mask
        As given to `normalized_layer_forward`.
    h, c
        Result of `normalized_layer_forward`.
    dh_T, dc_T : array_like (N, H), optional
        Adjoints of each row's final state, from the next chunk of a carried sequence.
    bptt_depth : int, optional
        Keep only the paths from an output at t to a step k with t − k < ``bptt_depth``. None keeps every path.

    Returns
    -------
    NormalizedGradients
        dx (T, N, D), zero past the end of a row; dh_0 (N, H); dc_0 (N, H) of an LSTM; and one gradient for every array
        of parameters that the cell can have, biases that were None included.

    Raises
    ------
    ShapeError
        If T, N, D or H disagree between arguments.
    ArgumentError
        If the cell or the activation is unknown, an array belongs to another cell or is missing, a length lies outside
        0 … T, or ``bptt_depth`` is not a positive integer.

    Examples
    --------
    A normalized sum does not change if all its components grow, so the gradients of W_x have sum 0:

    >>> x, W_x, W_h = [[[1.0]]], [[3.0, 1.0, 0.5]], np.zeros((3, 3))
    >>> h = normalized_layer_forward("rnn", x, np.zeros((1, 3)), None, W_x, W_h, np.ones(3)).h
    >>> g = normalized_layer_backward("rnn", [[[1.0, 0.0, 0.0]]], x, h, None, W_x, W_h, np.ones(3))
    >>> bool(abs(g.dW_x.sum()) < 1e-12), g.db.round(4)
    (True, array([0.2205, 0.    , 0.    ]))
    """
    a = _check.normalized_layer_backward(
        "normalized_layer_backward",
        np.float64,
        cell,
        dh,
        x,
        h,
        c,
        W_x,
        W_h,
        gain_h,
        gain_x,
        gain_c,
        b,
        b_hn,
        b_c,
        activation,
        lengths,
        h_mask,
        dh_T,
        dc_T,
        bptt_depth,
    )
    T, N, H = len(a.x), a.h.shape[1], len(a.W_h)
    x = inputs(a.x, len(a.W_x), valid_steps(T, N, a.lengths))
    mask = np.ones((N, H)) if a.h_mask is None else a.h_mask
    c = np.zeros_like(a.h) if a.c is None else a.c
    layer, dx = _Layer(a), np.zeros_like(x)

    def step(t: int, ds_t: Array) -> Array:
        dx_t, dh_in, dc_in = layer.step_back(ds_t[0], ds_t[1], x[t - 1], a.h[t - 1], c[t - 1], mask)
        dx[t - 1] += dx_t
        return np.stack([dh_in, dc_in])

    shape = (T, N, H)
    ds = np.stack([arriving(a.dh, a.dh_T, shape, a.lengths), arriving(None, a.dc_T, shape, a.lengths)], axis=1)
    dh_0, dc_0 = through_time(step, ds, a.bptt_depth)
    return layer.gradients(dx, dh_0, dc_0)


def standardized(s: Array) -> tuple[Array, Array]:
    """Return N(s) and κ, over the last axis."""
    centered = s - s.mean(axis=-1, keepdims=True)
    factor = 1.0 / np.sqrt((centered**2).mean(axis=-1, keepdims=True) + EPSILON)
    return centered * factor, factor


def standardized_backward(dn: Array, n: Array, factor: Array) -> Array:
    """Return the gradient of s from that of n = N(s)."""
    mean, along = dn.mean(axis=-1, keepdims=True), (dn * n).mean(axis=-1, keepdims=True)
    return np.asarray(factor * (dn - mean - n * along))


class _Layer:
    """One step of a layer, forward and backward, and the sums of its gradients."""

    def __init__(self, a: _check.NormalizedArguments | _check.NormalizedBackwardArguments) -> None:
        self.a, self.H = a, len(a.W_h)
        columns = a.W_h.shape[1]
        self.groups = [slice(0, 2 * self.H), slice(2 * self.H, None)] if a.cell == "gru" else [slice(None)]
        self.b = np.zeros(columns) if a.b is None else a.b
        self.b_hn, self.b_c = (np.zeros(self.H) if bias is None else bias for bias in (a.b_hn, a.b_c))
        self.dW_x, self.dW_h = np.zeros_like(a.W_x), np.zeros_like(a.W_h)
        self.dgain_h, self.dgain_x, self.db = np.zeros((3, columns))
        self.db_hn, self.dgain_c, self.db_c = np.zeros((3, self.H))

    def norm(self, s: Array) -> Array:
        """Return N of every group of columns."""
        return np.concatenate([standardized(s[:, group])[0] for group in self.groups], axis=1)

    def norm_backward(self, dn: Array, s: Array) -> Array:
        """Return the gradient of s."""
        parts = [standardized_backward(dn[:, group], *standardized(s[:, group])) for group in self.groups]
        return np.concatenate(parts, axis=1)

    def step(self, x_t: Array, h: Array, c: Array, mask: Array) -> tuple[Array, Array]:
        """Return h_t and c_t."""
        a, s_x, s_h = self.a, x_t @ self.a.W_x, (h * mask) @ self.a.W_h
        if a.cell == "rnn":
            return apply(a.activation, a.gain_h * self.norm(s_x + s_h) + self.b), c
        if a.cell == "lstm":
            *_, o, c_t = self._lstm(s_x, s_h, c)
            return o * np.tanh(np.asarray(a.gain_c) * standardized(c_t)[0] + self.b_c), c_t
        _, z, n, _ = self._gru(s_x, s_h)
        return (1 - z) * n + z * h, c

    def step_back(
        self, dh_t: Array, dc_t: Array, x_t: Array, h: Array, c: Array, mask: Array
    ) -> tuple[Array, Array, Array]:
        """Add to the gradients; return those of x_t, h_{t-1} and c_{t-1}."""
        a, h_in = self.a, h * mask
        s_x, s_h = x_t @ a.W_x, h_in @ a.W_h
        dh_in = np.zeros_like(h)
        if a.cell == "rnn":
            n = self.norm(s_x + s_h)
            da = dq = dh_t * derivative(a.activation, apply(a.activation, a.gain_h * n + self.b))
            ds_x = ds_h = self.norm_backward(da * a.gain_h, s_x + s_h)
            self.dgain_h += (da * n).sum(axis=0)
        else:
            if a.cell == "lstm":
                da, dc_t = self._lstm_back(dh_t, dc_t, s_x, s_h, c)
                dq = da
            else:
                da, dq, dh_in = self._gru_back(dh_t, s_x, s_h, h)
            ds_x = self.norm_backward(da * a.gain_x, s_x)
            ds_h = self.norm_backward(dq * a.gain_h, s_h)
            self.dgain_x += (da * self.norm(s_x)).sum(axis=0)
            self.dgain_h += (dq * self.norm(s_h)).sum(axis=0)
        self.db += da.sum(axis=0)
        self.db_hn += dq[:, -self.H :].sum(axis=0)
        self.dW_x += x_t.T @ ds_x
        self.dW_h += h_in.T @ ds_h
        return ds_x @ a.W_x.T, dh_in + (ds_h @ a.W_h.T) * mask, dc_t

    def _lstm(self, s_x: Array, s_h: Array, c: Array) -> tuple[Array, Array, Array, Array, Array]:
        """Return the gates and c_t."""
        i, f, g, o = np.split(self.a.gain_x * self.norm(s_x) + self.a.gain_h * self.norm(s_h) + self.b, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        return i, f, g, o, f * c + i * g

    def _lstm_back(self, dh_t: Array, dc_t: Array, s_x: Array, s_h: Array, c: Array) -> tuple[Array, Array]:
        """Return da and the gradient of c_{t-1}."""
        i, f, g, o, c_t = self._lstm(s_x, s_h, c)
        n, factor = standardized(c_t)
        tanh_m = np.tanh(self.a.gain_c * n + self.b_c)
        dm = dh_t * o * (1 - tanh_m**2)
        self.dgain_c += (dm * n).sum(axis=0)
        self.db_c += dm.sum(axis=0)
        dc_t = dc_t + standardized_backward(dm * self.a.gain_c, n, factor)
        da_o = dh_t * tanh_m * o * (1 - o)
        da = [dc_t * g * i * (1 - i), dc_t * c * f * (1 - f), dc_t * i * (1 - g**2), da_o]
        return np.concatenate(da, axis=1), dc_t * f

    def _gru(self, s_x: Array, s_h: Array) -> tuple[Array, Array, Array, Array]:
        """Return r, z, n and q."""
        u, v = self.a.gain_x * self.norm(s_x) + self.b, self.a.gain_h * self.norm(s_h)
        r, z = np.split(sigmoid((u + v)[:, : 2 * self.H]), 2, axis=1)
        q = v[:, 2 * self.H :] + self.b_hn
        return r, z, np.tanh(u[:, 2 * self.H :] + r * q), q

    def _gru_back(self, dh_t: Array, s_x: Array, s_h: Array, h: Array) -> tuple[Array, Array, Array]:
        """Return da, the same with dq in place of da_n, and the gradient of h_{t-1} through z."""
        r, z, n, q = self._gru(s_x, s_h)
        da_z = dh_t * (h - n) * z * (1 - z)
        da_n = dh_t * (1 - z) * (1 - n**2)
        da_r = da_n * q * r * (1 - r)
        return np.concatenate([da_r, da_z, da_n], axis=1), np.concatenate([da_r, da_z, da_n * r], axis=1), dh_t * z

    def gradients(self, dx: Array, dh_0: Array, dc_0: Array) -> NormalizedGradients:
        """Return the sums."""
        kind = _check.CELLS[self.a.cell]
        return NormalizedGradients(
            dx,
            dh_0,
            dc_0 if kind.has_c else None,
            self.dW_x,
            self.dW_h,
            self.dgain_h,
            self.dgain_x if kind.has_gates else None,
            self.dgain_c if kind.has_c else None,
            self.db,
            self.db_hn if kind.has_b_hn else None,
            self.db_c if kind.has_c else None,
        )
