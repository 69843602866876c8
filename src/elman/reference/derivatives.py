"""Single derivatives for study: the factors in the chain rule of a loss and its output activation.

Training does not use them: a loss of `elman.reference.losses` returns its derivative with respect to the logits, in
which the divisions below have cancelled.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.reference.activations import sigmoid, softmax


def sigmoid_derivative(z: npt.ArrayLike) -> Array:
    """Return σ′(z) = σ(z) (1 − σ(z)).

    Parameters
    ----------
    z : array_like
        Any shape.

    Returns
    -------
    dσ_dz : ndarray
        float64, shape of ``z``.

    Examples
    --------
    >>> sigmoid_derivative([0.0])
    array([0.25])
    """
    y = sigmoid(z)
    return np.asarray(y * (1 - y))


def softmax_jacobian(z: npt.ArrayLike) -> Array:
    """Return ∂p_j/∂z_k = p_j (δ_jk − p_k) for p = softmax(z): the matrix diag(p) − pᵀp.

    Parameters
    ----------
    z : array_like (..., K)
        Logits.

    Returns
    -------
    J : ndarray (..., K, K)
        float64; symmetric, each row sums to 0.

    Examples
    --------
    >>> softmax_jacobian([0.0, 0.0])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    p = softmax(z)
    return np.asarray(p[..., np.newaxis] * (np.eye(p.shape[-1]) - p[..., np.newaxis, :]))


def cross_entropy_derivative(p: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    """Return ∂L/∂p = −y/p for L = −Σ_j y_j ln p_j.

    Multiplied by the Jacobian of softmax it gives p − y, which training uses directly, without a division.

    Parameters
    ----------
    p, y : array_like (..., K)
        Probabilities, positive wherever y is not 0, and targets.

    Returns
    -------
    dp : ndarray (..., K)
        float64; 0 where y is 0.

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> cross_entropy_derivative([0.25, 0.75], [1.0, 0.0])
    array([-4.,  0.])
    """
    p, y, _, _ = _check.loss("cross_entropy_derivative", np.float64, p, y, None, "sum")
    return np.asarray(-y / np.where(y == 0, 1.0, p) + 0.0)  # + 0.0 turns −0 into 0


def binary_cross_entropy_derivative(p: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    """Return ∂L/∂p = (p−y) / (p(1−p)) for L = −[y ln p + (1−y) ln(1−p)].

    Multiplied by σ′ = p(1−p) it gives p − y, which training uses directly, without a division.

    Parameters
    ----------
    p, y : array_like (..., K)
        Probabilities strictly between 0 and 1, and targets.

    Returns
    -------
    dp : ndarray (..., K)
        float64.

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> binary_cross_entropy_derivative([0.25, 0.5], [1.0, 0.0])
    array([-4.,  2.])
    """
    p, y, _, _ = _check.loss("binary_cross_entropy_derivative", np.float64, p, y, None, "sum")
    return np.asarray((p - y) / (p * (1 - p)))
