"""The output layer. A linear skip is a dense layer without bias."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array


class DenseGradients(NamedTuple):
    """Gradients of one dense layer, each in the shape of its argument.

    Examples
    --------
    >>> DenseGradients._fields
    ('dh', 'dW_y', 'db_y')
    """

    dh: Array
    dW_y: Array
    db_y: Array


def dense_forward(h: npt.ArrayLike, W_y: npt.ArrayLike, b_y: npt.ArrayLike | None = None) -> Array:
    """Apply one dense layer: ``o = h W_y + b_y``, the same at every step and for every row.

    Parameters
    ----------
    h : array_like (..., H)
        States, usually (T, N, H).
    W_y : array_like (H, K)
        Weights.
    b_y : array_like (K,), optional
        Bias; None is zero.

    Returns
    -------
    o : ndarray (..., K)
        float64, before any output activation.

    Raises
    ------
    ShapeError
        If H or K disagree between arguments.

    Examples
    --------
    >>> dense_forward([[1.0, 2.0]], [[1.0], [10.0]], [0.5])
    array([[21.5]])
    """
    h, W_y, b_y = _check.dense_forward("dense_forward", np.float64, h, W_y, b_y)
    o = h @ W_y
    return np.asarray(o if b_y is None else o + b_y)


def dense_backward(do: npt.ArrayLike, h: npt.ArrayLike, W_y: npt.ArrayLike) -> DenseGradients:
    """Take gradients back through one dense layer.

    Over all steps and rows::

        dW_y = Σ hᵀ do        db_y = Σ do        dh = do W_yᵀ

    Parameters
    ----------
    do : array_like (..., K)
        ∂L/∂o.
    h, W_y
        As given to `dense_forward`.

    Returns
    -------
    DenseGradients
        dh (..., H), dW_y (H, K), db_y (K,); float64.

    Raises
    ------
    ShapeError
        If H, K or the leading axes disagree between arguments.

    Examples
    --------
    >>> g = dense_backward([[2.0]], [[1.0, 3.0]], [[1.0], [10.0]])
    >>> g.dh, g.dW_y.ravel(), g.db_y
    (array([[ 2., 20.]]), array([2., 6.]), array([2.]))
    """
    do, h, W_y = _check.dense_backward("dense_backward", np.float64, do, h, W_y)
    H, K = W_y.shape
    rows, d_rows = h.reshape(-1, H), do.reshape(-1, K)
    return DenseGradients(do @ W_y.T, rows.T @ d_rows, d_rows.sum(axis=0))
