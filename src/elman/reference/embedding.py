"""Embedding lookup: the product of one-hot rows with a table, without the multiplications by zero."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array


def embedding_forward(indices: npt.ArrayLike, E: npt.ArrayLike) -> Array:
    """Look up one row of the embedding per index: ``x = E[index]``.

    Parameters
    ----------
    indices : array_like (...) of int
        Between 0 and V−1.
    E : array_like (V, D)
        One row per word.

    Returns
    -------
    x : ndarray (..., D)
        float64.

    Raises
    ------
    ShapeError
        If ``E`` does not have two axes.
    ArgumentError
        If the indices are not integers.
    DataError
        If an index lies outside 0 … V−1; the message names its position.

    Examples
    --------
    >>> embedding_forward([2, 0], [[0.0], [10.0], [20.0]])
    array([[20.],
           [ 0.]])
    """
    indices, E = _check.embedding_forward("embedding_forward", np.float64, indices, E)
    return np.asarray(E[indices])


def embedding_backward(dx: npt.ArrayLike, indices: npt.ArrayLike, vocabulary_size: int) -> Array:
    """Take the gradient back to the table: row v gets the sum of dx over all places where v was looked up.

    Parameters
    ----------
    dx : array_like (..., D)
        ∂L/∂x.
    indices : array_like (...) of int
        As given to `embedding_forward`.
    vocabulary_size : int
        V.

    Returns
    -------
    dE : ndarray (V, D)
        float64; zero for words that did not occur.

    Raises
    ------
    ShapeError
        If ``dx`` without its last axis is not shaped like ``indices``.
    ArgumentError
        If the indices are not integers or the size is not positive.
    DataError
        If an index lies outside 0 … V−1; the message names its position.

    Examples
    --------
    >>> embedding_backward([[1.0], [2.0], [5.0]], [1, 1, 0], vocabulary_size=3)
    array([[5.],
           [3.],
           [0.]])
    """
    dx, indices, V = _check.embedding_backward("embedding_backward", np.float64, dx, indices, vocabulary_size)
    D = dx.shape[-1]
    dE = np.zeros((V, D))
    np.add.at(dE, indices.reshape(-1), dx.reshape(-1, D))  # unlike dE[i] += …, adds for every repetition of an index
    return dE
