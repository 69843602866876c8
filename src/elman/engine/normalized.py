"""Recurrent layers with layer normalization, composed of kernels and element-wise operations.

Products and activations are kernels, means are sums over the columns of a row: no bit of a row depends on its
neighbours, the number of threads, or whether the steps come one by one. The forward pass stores the states alone; the
backward pass computes sums, gates and norms of all steps again, at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.engine._native import kernels, rows, threads, twin
from elman.engine.cells import refuse_depth
from elman.reference import NormalizedGradients, NormalizedStates

EPSILON = 1e-5


@twin
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
    *,
    n_threads: int | None = None,
) -> NormalizedStates:
    place, gains = "normalized_layer_forward", (gain_h, gain_x, gain_c)
    checked = _check.normalized_layer_forward(
        place, None, cell, x, h_0, c_0, W_x, W_h, *gains, b, b_hn, b_c, activation, lengths, h_mask
    )
    return forward(checked, threads(place, n_threads))


@twin
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
    *,
    n_threads: int | None = None,
) -> NormalizedGradients:
    place, gains, biases = "normalized_layer_backward", (gain_h, gain_x, gain_c), (b, b_hn, b_c)
    ends = (activation, lengths, h_mask, dh_T, dc_T, bptt_depth)
    checked = _check.normalized_layer_backward(place, None, cell, dh, x, h, c, W_x, W_h, *gains, *biases, *ends)
    refuse_depth(place, checked.bptt_depth)
    return backward(checked, threads(place, n_threads))


def forward(a: _check.NormalizedArguments, n_threads: int) -> NormalizedStates:
    """Run over checked arguments."""
    with np.errstate(all="ignore"):
        return _Layer(a, n_threads).forward(a)


def backward(a: _check.NormalizedBackwardArguments, n_threads: int, need_dx: bool = True) -> NormalizedGradients:
    """Take gradients back over checked arguments; without ``need_dx``, dx is not computed."""
    with np.errstate(all="ignore"):
        return _Layer(a, n_threads).backward(a, need_dx)


class _Gates(NamedTuple):
    """Gates of all steps: sigmoids (…, 2H or 4H; that of an LSTM's g is unused), tanh (…, H), and a GRU's q (…, H)."""

    logistic: Array
    tanh: Array
    q: Array | None


class _Layer:
    """Arrays of a layer that both passes use; x without the values past the end of a row."""

    def __init__(self, a: _check.NormalizedArguments | _check.NormalizedBackwardArguments, n_threads: int) -> None:
        self.a, self.n_threads, self.H = a, n_threads, len(a.W_h)
        self.past = None if a.lengths is None else np.arange(len(a.x))[:, np.newaxis] >= a.lengths
        self.x = a.x
        if self.past is not None and self.past.any():
            self.x = a.x.copy()
            self.x[self.past] = 0
        self.groups = (slice(0, 2 * self.H), slice(2 * self.H, None)) if a.cell == "gru" else (slice(None),)

    def forward(self, a: _check.NormalizedArguments) -> NormalizedStates:
        """Run over all steps."""
        T, N, H = *a.x.shape[:2], self.H
        h = np.empty((T + 1, N, H), a.W_h.dtype)
        c = None if a.c_0 is None else np.empty_like(h)
        h[0] = a.h_0
        if c is not None:
            c[0] = a.c_0
        s_x = self.entering()
        for t in range(T):
            self.step(s_x[t], h[t : t + 2], None if c is None else c[t : t + 2])
            for s in (h, c):
                if s is not None and self.past is not None:
                    s[t + 1, self.past[t]] = 0
        return NormalizedStates(h, c)

    def entering(self) -> Array:
        """Return the part of all steps from x: the sums of a simple layer, else γ_x ⊙ N(x W_x) + b."""
        s_x = self.product(self.x, self.a.W_x)
        if self.a.cell != "rnn":
            self.normalize(s_x)
            self.scale(s_x, self.a.gain_x, self.a.b)
        return s_x

    def step(self, s_x: Array, h: Array, c: Array | None) -> None:
        """Write h[1] and c[1] from h[0], c[0]."""
        a, s = self.a, self.product(self.masked(h[0]), self.a.W_h)
        if a.cell == "rnn":
            s += s_x
            self.normalize(s)
            kernels.activation_forward(self.scale(s, a.gain_h, a.b), a.activation, h[1])
            return
        self.normalize(s)
        gates = self.gates(s_x, self.scale(s, a.gain_h, None))
        H = self.H
        if c is not None:
            i, f, o = (gates.logistic[:, block * H : (block + 1) * H] for block in (0, 1, 3))
            c[1] = f * c[0] + i * gates.tanh
            h[1] = o * self.tanh_of_cell(c[1])[0]
        else:
            z = gates.logistic[:, H:]
            h[1] = (1 - z) * gates.tanh + z * h[0]

    def gates(self, u: Array, v: Array) -> _Gates:
        """Return the gates from both parts of their sums."""
        H, b_hn = self.H, self.a.b_hn
        if self.a.cell == "lstm":
            sums = u + v
            return _Gates(_activated(sums, "sigmoid"), _activated(sums[..., 2 * H : 3 * H], "tanh"), None)
        logistic = _activated(u[..., : 2 * H] + v[..., : 2 * H], "sigmoid")
        q = v[..., 2 * H :] if b_hn is None else v[..., 2 * H :] + b_hn
        return _Gates(logistic, _activated(u[..., 2 * H :] + logistic[..., :H] * q, "tanh"), q)

    def tanh_of_cell(self, c: Array) -> tuple[Array, Array, Array]:
        """Return tanh(γ_c ⊙ N(c) + b_c), N(c) and its factor."""
        n = c.copy()
        factor = _normalize(n)
        return _activated(self.scale(n.copy(), self.a.gain_c, self.a.b_c), "tanh"), n, factor

    def backward(self, a: _check.NormalizedBackwardArguments, need_dx: bool) -> NormalizedGradients:
        """Take gradients back through all steps."""
        if a.cell == "rnn":
            return self.backward_simple(a, need_dx)
        n_x, h_in = self.product(self.x, a.W_x), self.masked(a.h[:-1])
        n_h = self.product(h_in, a.W_h)
        factors_x, factors_h = self.normalize(n_x), self.normalize(n_h)
        gates = self.gates(self.scale(n_x.copy(), a.gain_x, a.b), self.scale(n_h.copy(), a.gain_h, None))
        walk = self.walk_lstm if a.cell == "lstm" else self.walk_gru
        da, dq, ds_h, dh_0, dc_0, dgain_c, db_c = walk(a, gates, n_h, factors_h)
        ds_x = da * a.gain_x
        self.normalize_backward(ds_x, n_x, factors_x)
        dx, dW_x = self.weights(ds_x, need_dx)
        kind = _check.CELLS[a.cell]
        return NormalizedGradients(
            dx,
            dh_0,
            dc_0,
            dW_x,
            self.recurrent_weights(ds_h, h_in),
            _sum(dq * n_h),
            _sum(da * n_x),
            dgain_c,
            _sum(da),
            _sum(dq[..., 2 * self.H :]) if kind.has_b_hn else None,
            db_c,
        )

    def backward_simple(self, a: _check.NormalizedBackwardArguments, need_dx: bool) -> NormalizedGradients:
        """Take gradients back through a simple layer."""
        h_in = self.masked(a.h[:-1])
        n = self.product(h_in, a.W_h)
        n += self.product(self.x, a.W_x)
        factors, dh, W_hT = self.normalize(n), self.arriving(a.dh, a.dh_T), _transposed(a.W_h)
        da, ds = np.empty_like(n), np.empty_like(n)
        for t in range(len(da) - 1, -1, -1):
            kernels.activation_backward(dh[t + 1], a.h[t + 1], a.activation, da[t])
            np.multiply(da[t], a.gain_h, out=ds[t])
            self.normalize_backward(ds[t], n[t], [factor[t] for factor in factors])
            if a.bptt_depth is None:
                dh[t] += self.masked(self.product(ds[t], W_hT))
        dx, dW_x = self.weights(ds, need_dx)
        gain, W_h = _sum(da * n), self.recurrent_weights(ds, h_in)
        return NormalizedGradients(dx, dh[0], None, dW_x, W_h, gain, None, None, _sum(da), None, None)

    def walk_lstm(
        self, a: _check.NormalizedBackwardArguments, gates: _Gates, n_h: Array, factors: list[Array]
    ) -> tuple[Array, Array, Array, Array, Array | None, Array | None, Array | None]:
        """Return da twice, the gradient of ĥ W_h, dh_0, dc_0, dγ_c and db_c."""
        T, N, H = len(n_h), n_h.shape[1], self.H
        assert a.c is not None and a.gain_c is not None
        i, f, _, o = np.moveaxis(gates.logistic.reshape(T, N, 4, H), 2, 0)
        g, (tanh_m, n_c, factor_c) = gates.tanh, self.tanh_of_cell(a.c[1:])
        rate = np.stack([g * i * (1 - i), a.c[:-1] * f * (1 - f), i * (1 - g * g), tanh_m * o * (1 - o)], axis=2)
        rate_m, kept = o * (1 - tanh_m * tanh_m), f.copy()
        self.without_past(rate, rate_m, kept)
        dh, dc, W_hT = self.arriving(a.dh, a.dh_T), self.arriving(None, a.dc_T), _transposed(a.W_h)
        da, ds, dm = np.empty_like(n_h), np.empty_like(n_h), np.empty_like(n_c)
        blocks = da.reshape(T, N, 4, H)
        for t in range(T - 1, -1, -1):
            np.multiply(dh[t + 1], rate_m[t], out=dm[t])
            dc_t = dm[t] * a.gain_c
            _normalize_backward(dc_t, n_c[t], factor_c[t])
            dc_t += dc[t + 1]
            np.multiply(dc_t[:, np.newaxis], rate[t, :, :3], out=blocks[t, :, :3])
            np.multiply(dh[t + 1], rate[t, :, 3], out=blocks[t, :, 3])
            np.multiply(da[t], a.gain_h, out=ds[t])
            self.normalize_backward(ds[t], n_h[t], [factor[t] for factor in factors])
            if a.bptt_depth is None:
                dh[t] += self.masked(self.product(ds[t], W_hT))
                dc[t] += dc_t * kept[t]
        return da, da, ds, dh[0], dc[0], _sum(dm * n_c), _sum(dm)

    def walk_gru(
        self, a: _check.NormalizedBackwardArguments, gates: _Gates, n_h: Array, factors: list[Array]
    ) -> tuple[Array, Array, Array, Array, Array | None, Array | None, Array | None]:
        """Return da, the same with dq in place of da_n, the gradient of ĥ W_h, and dh_0."""
        T, N, H = len(n_h), n_h.shape[1], self.H
        r, z, n, q = gates.logistic[..., :H], gates.logistic[..., H:].copy(), gates.tanh, gates.q
        rate_n = (1 - z) * (1 - n * n)
        rate = np.stack([rate_n * q * r * (1 - r), (a.h[:-1] - n) * z * (1 - z), rate_n], axis=2)
        self.without_past(rate, z)
        dh, W_hT = self.arriving(a.dh, a.dh_T), _transposed(a.W_h)
        da, dq, ds = np.empty_like(n_h), np.empty_like(n_h), np.empty_like(n_h)
        for t in range(T - 1, -1, -1):
            np.multiply(dh[t + 1, :, np.newaxis], rate[t], out=da[t].reshape(N, 3, H))
            dq[t] = da[t]
            dq[t, :, 2 * H :] *= r[t]
            np.multiply(dq[t], a.gain_h, out=ds[t])
            self.normalize_backward(ds[t], n_h[t], [factor[t] for factor in factors])
            if a.bptt_depth is None:
                dh[t] += dh[t + 1] * z[t] + self.masked(self.product(ds[t], W_hT))
        return da, dq, ds, dh[0], None, None, None

    def product(self, x: Array, W: Array) -> Array:
        """Return x W of rows, or the rows of W that integers name."""
        ones = x.dtype.kind == "i"
        out = np.empty((*(x.shape if ones else x.shape[:-1]), W.shape[1]), W.dtype)
        if ones:
            kernels.embedding_forward(x.reshape(-1), W, rows(out))
        else:
            kernels.dense_forward(rows(x), W, None, rows(out), False, self.n_threads)
        return out

    def masked(self, h: Array) -> Array:
        """Return h ⊙ h_mask."""
        return h if self.a.h_mask is None else h * self.a.h_mask

    def normalize(self, s: Array) -> list[Array]:
        """Replace s by N(s); return the factor of each group of columns."""
        return [_normalize(s[..., group]) for group in self.groups]

    def normalize_backward(self, dn: Array, n: Array, factors: list[Array]) -> None:
        """Replace the gradient of N(s) by that of s."""
        for group, factor in zip(self.groups, factors, strict=True):
            _normalize_backward(dn[..., group], n[..., group], factor)

    @staticmethod
    def scale(n: Array, gain: Array | None, bias: Array | None) -> Array:
        """Replace n by gain ⊙ n + bias; return it."""
        n *= gain
        if bias is not None:
            n += bias
        return n

    def without_past(self, *arrays: Array) -> None:
        """Set the steps past the end of a row to zero."""
        if self.past is not None:
            for array in arrays:
                array[self.past] = 0

    def arriving(self, d_steps: Array | None, d_last: Array | None) -> Array:
        """Return the adjoints (T+1, N, H) that reach the states from outside the recurrence."""
        T, N = self.a.x.shape[:2]
        ds = np.zeros((T + 1, N, self.H), self.a.W_h.dtype)
        if d_steps is not None:
            ds[1:] = d_steps
            self.without_past(ds[1:])
        if d_last is not None:
            ds[T if self.a.lengths is None else self.a.lengths, np.arange(N)] += d_last
        return ds

    def weights(self, ds_x: Array, need_dx: bool) -> tuple[Array, Array]:
        """Return dx and dW_x."""
        W_x, x = self.a.W_x, self.x
        dW_x, dx = np.empty_like(W_x), np.empty((*x.shape[:2], len(W_x) if need_dx else 0), W_x.dtype)
        if x.dtype.kind == "i":
            kernels.embedding_backward(rows(ds_x), x.reshape(-1), dW_x, False)
            return (self.product(ds_x, _transposed(W_x)) if need_dx else dx), dW_x
        given = rows(dx) if need_dx else None
        kernels.dense_backward(rows(ds_x), rows(x), W_x, given, dW_x, None, False, False, self.n_threads)
        return dx, dW_x

    def recurrent_weights(self, ds_h: Array, h_in: Array) -> Array:
        """Return dW_h."""
        W_h = self.a.W_h
        dW_h = np.empty_like(W_h)
        kernels.dense_backward(rows(ds_h), rows(h_in), W_h, None, dW_h, None, False, False, self.n_threads)
        return dW_h


def _normalize(s: Array) -> Array:
    """Replace s by N(s) over the last axis; return the factor."""
    size = s.shape[-1]
    s -= np.add.reduce(s, axis=-1, keepdims=True) / size
    factor = 1 / np.sqrt(np.add.reduce(s * s, axis=-1, keepdims=True) / size + EPSILON)
    s *= factor
    return np.asarray(factor)


def _normalize_backward(dn: Array, n: Array, factor: Array) -> None:
    """Replace the gradient of n = N(s) by that of s."""
    size = n.shape[-1]
    along = np.add.reduce(dn * n, axis=-1, keepdims=True) / size
    dn -= np.add.reduce(dn, axis=-1, keepdims=True) / size
    dn -= n * along
    dn *= factor


def _activated(a: Array, activation: str) -> Array:
    y = np.array(a, order="C")
    kernels.activation_forward(rows(y), activation, rows(y))
    return y


def _transposed(W: Array) -> Array:
    return np.ascontiguousarray(W.T)


def _sum(values: Array) -> Array:
    """Return the sum over steps and rows."""
    return np.asarray(rows(values).sum(axis=0))
