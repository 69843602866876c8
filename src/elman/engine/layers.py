"""The layers without state: output layer and skip, activations, a draw from probabilities, embedding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.engine._native import kernels, rows, threads, twin
from elman.reference import DenseGradients


@twin
def dense_forward(
    h: npt.ArrayLike, W_y: npt.ArrayLike, b_y: npt.ArrayLike | None = None, *, n_threads: int | None = None
) -> Array:
    place = "dense_forward"
    h, W_y, b_y = _check.dense_forward(place, None, h, W_y, b_y)
    o = np.empty((*h.shape[:-1], W_y.shape[1]), h.dtype)
    kernels.dense_forward(rows(h), W_y, b_y, rows(o), False, threads(place, n_threads))
    return o


@twin
def dense_backward(
    do: npt.ArrayLike, h: npt.ArrayLike, W_y: npt.ArrayLike, *, n_threads: int | None = None
) -> DenseGradients:
    place = "dense_backward"
    do, h, W_y = _check.dense_backward(place, None, do, h, W_y)
    gradients = DenseGradients(np.empty_like(h), np.empty_like(W_y), np.empty(W_y.shape[1], h.dtype))
    dh, dW_y, db_y = gradients
    kernels.dense_backward(rows(do), rows(h), W_y, rows(dh), dW_y, db_y, False, False, threads(place, n_threads))
    return gradients


@twin
def dense_cross_entropy(
    h: npt.ArrayLike,
    W_y: npt.ArrayLike,
    b_y: npt.ArrayLike | None,
    y: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    reduction: str = "mean",
    *,
    n_threads: int | None = None,
) -> tuple[float, DenseGradients]:
    place = "dense_cross_entropy"
    h, W_y, b_y, y, weight, reduction = _check.dense_cross_entropy(place, None, h, W_y, b_y, y, weight, reduction)
    gradients = DenseGradients(np.empty_like(h), np.empty_like(W_y), np.empty(W_y.shape[1], h.dtype))
    dh, dW_y, db_y = gradients
    row_weight, n_threads = None if weight is None else weight.reshape(-1), threads(place, n_threads)
    loss = kernels.dense_cross_entropy(
        rows(h), W_y, b_y, y.reshape(-1), row_weight, reduction, rows(dh), dW_y, db_y, False, n_threads
    )
    return loss, gradients


@twin
def activation_forward(o: npt.ArrayLike, activation: str) -> Array:
    o, activation = _check.activation_forward("activation_forward", None, o, activation)
    y = np.empty_like(o)
    kernels.activation_forward(rows(o), activation, rows(y))
    return y


@twin
def activation_backward(dy: npt.ArrayLike, y: npt.ArrayLike, activation: str) -> Array:
    dy, y, activation = _check.activation_backward("activation_backward", None, dy, y, activation)
    do = np.empty_like(y)
    kernels.activation_backward(rows(dy), rows(y), activation, rows(do))
    return do


@twin
def silu_forward(a: npt.ArrayLike, *, n_threads: int | None = None) -> Array:
    place = "silu_forward"
    a = _check.silu_forward(place, None, a)
    y = np.empty_like(a)
    kernels.silu_forward(a.reshape(-1), y.reshape(-1), threads(place, n_threads))
    return y


@twin
def silu_backward(dy: npt.ArrayLike, a: npt.ArrayLike, *, n_threads: int | None = None) -> Array:
    place = "silu_backward"
    dy, a = _check.silu_backward(place, None, dy, a)
    da = np.empty_like(a)
    kernels.silu_backward(dy.reshape(-1), a.reshape(-1), da.reshape(-1), threads(place, n_threads))
    return da


@twin
def softplus_forward(a: npt.ArrayLike, *, n_threads: int | None = None) -> Array:
    place = "softplus_forward"
    a = _check.softplus_forward(place, None, a)
    y = np.empty_like(a)
    kernels.softplus_forward(a.reshape(-1), y.reshape(-1), threads(place, n_threads))
    return y


@twin
def softplus_backward(dy: npt.ArrayLike, a: npt.ArrayLike, *, n_threads: int | None = None) -> Array:
    place = "softplus_backward"
    dy, a = _check.softplus_backward(place, None, dy, a)
    da = np.empty_like(a)
    kernels.softplus_backward(dy.reshape(-1), a.reshape(-1), da.reshape(-1), threads(place, n_threads))
    return da


@twin
def draw(p: npt.ArrayLike, u: float, first: int = 0) -> int:
    index: int = kernels.draw(*_check.draw("draw", None, p, u, first))
    return index


@twin
def embedding_forward(indices: npt.ArrayLike, E: npt.ArrayLike) -> Array:
    indices, E = _check.embedding_forward("embedding_forward", None, indices, E)
    x = np.empty((*indices.shape, E.shape[1]), E.dtype)
    kernels.embedding_forward(indices.reshape(-1), E, rows(x))
    return x


@twin
def embedding_backward(dx: npt.ArrayLike, indices: npt.ArrayLike, vocabulary_size: int) -> Array:
    dx, indices, V = _check.embedding_backward("embedding_backward", None, dx, indices, vocabulary_size)
    dE = np.empty((V, dx.shape[-1]), dx.dtype)
    kernels.embedding_backward(rows(dx), indices.reshape(-1), dE, False)
    return dE
