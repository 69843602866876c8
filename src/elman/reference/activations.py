"""Element-wise functions, softmax, and their derivatives.

Derivatives are written in terms of ``y = f(o)``, so that a backward pass needs only the states: σ′ = y(1−y),
tanh′ = 1−y². SiLU and softplus have their own functions, because their derivatives are written in terms of the input.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array


def sigmoid(z: npt.ArrayLike) -> Array:
    """Return the logistic function 1 / (1 + exp(−z)), without overflow.

    Parameters
    ----------
    z : array_like
        Any shape.

    Returns
    -------
    y : ndarray
        float64, shape of ``z``, between 0 and 1.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    z = np.asarray(z, np.float64)
    e = np.exp(-np.abs(z))  # never above 1
    return np.asarray(np.where(z >= 0, 1.0, e) / (1.0 + e))


def softmax(z: npt.ArrayLike) -> Array:
    """Return exp(z_j) / Σ_k exp(z_k) over the last axis.

    Parameters
    ----------
    z : array_like (..., K)
        Logits.

    Returns
    -------
    p : ndarray (..., K)
        float64; each row sums to 1.

    Examples
    --------
    >>> softmax([0.0, 0.0, np.log(2.0)]).round(4)
    array([0.25, 0.25, 0.5 ])
    """
    z = np.asarray(z, np.float64)
    e = np.exp(z - z.max(axis=-1, keepdims=True))  # the largest exponent is 0: no overflow
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def apply(activation: str, a: Array) -> Array:
    """Return f(a) for the element-wise function of that name."""
    if activation == "tanh":
        return np.asarray(np.tanh(a))
    if activation == "sigmoid":
        return sigmoid(a)
    if activation == "relu":
        return np.maximum(a, 0.0)
    return np.array(a)  # identity


def derivative(activation: str, y: Array) -> Array:
    """Return f′(a) in terms of y = f(a) for the element-wise function of that name."""
    if activation == "tanh":
        return 1.0 - y**2
    if activation == "sigmoid":
        return y * (1.0 - y)
    if activation == "relu":
        return (y > 0.0).astype(np.float64)
    return np.ones_like(y)  # identity


def activation_forward(o: npt.ArrayLike, activation: str) -> Array:
    """Apply the output activation: ``y = g(o)``.

    Parameters
    ----------
    o : array_like (..., K)
        Output of the output layer.
    activation : {"identity", "tanh", "relu", "sigmoid", "softmax", "log_softmax"}
        Softmax and its logarithm run over the last axis; the others are element-wise.

    Returns
    -------
    y : ndarray (..., K)

    Raises
    ------
    ShapeError
        If ``o`` has no axis, or K is 0.
    ArgumentError
        If the activation is unknown.

    Examples
    --------
    >>> activation_forward([[-1.0, 3.0]], "relu")
    array([[0., 3.]])
    """
    o, activation = _check.activation_forward("activation_forward", np.float64, o, activation)
    if activation == "log_softmax":
        below = o - o.max(axis=-1, keepdims=True)  # the largest exponent is 0: no overflow
        return np.asarray(below - np.log(np.exp(below).sum(axis=-1, keepdims=True)))
    return softmax(o) if activation == "softmax" else apply(activation, o)


def activation_backward(dy: npt.ArrayLike, y: npt.ArrayLike, activation: str) -> Array:
    """Take the gradient back through the output activation.

    Element-wise ``do = dy ⊙ g′(o)``; for softmax, with J = diag(y) − yᵀy symmetric::

        do = dy J = y ⊙ (dy − Σ_k dy_k y_k)

    and for its logarithm, y = log p::

        do = dy − exp(y) Σ_k dy_k

    Parameters
    ----------
    dy : array_like (..., K)
        ∂L/∂y.
    y : array_like (..., K)
        Result of `activation_forward`.
    activation : {"identity", "tanh", "relu", "sigmoid", "softmax", "log_softmax"}
        As given to `activation_forward`.

    Returns
    -------
    do : ndarray (..., K)
        ∂L/∂o. The derivative of ReLU at 0 is taken as 0.

    Raises
    ------
    ShapeError
        If ``dy`` and ``y`` differ in shape.
    ArgumentError
        If the activation is unknown.

    Examples
    --------
    >>> activation_backward([1.0, 0.0], [0.5, 0.5], "softmax")
    array([ 0.25, -0.25])
    """
    dy, y, activation = _check.activation_backward("activation_backward", np.float64, dy, y, activation)
    if activation == "softmax":
        return np.asarray(y * (dy - (dy * y).sum(axis=-1, keepdims=True)))
    if activation == "log_softmax":
        return np.asarray(dy - np.exp(y) * dy.sum(axis=-1, keepdims=True))
    return np.asarray(dy * derivative(activation, y))


def silu_forward(a: npt.ArrayLike) -> Array:
    """Apply the sigmoid-weighted linear unit: ``y = a σ(a)``.

    Parameters
    ----------
    a : array_like (...)
        Any shape.

    Returns
    -------
    y : ndarray (...)
        float64, shape of ``a``. About a for large a, about 0 for small a, with a minimum of −0.278 at a = −1.278.

    Raises
    ------
    ArgumentError
        If ``a`` does not hold real numbers.

    Notes
    -----
    In the engine y is zero where σ(a) is below the smallest normal number: a < −87.3 in float32.

    References
    ----------
    Elfwing, Uchibe and Doya (2018), Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning. Neural Networks 107.
    Ramachandran, Zoph and Le (2017), Searching for activation functions. arXiv:1710.05941.

    Examples
    --------
    >>> silu_forward([0.0, np.log(3.0), -np.log(3.0)]).round(4)  # σ(ln 3) = 3/4
    array([ 0.    ,  0.824 , -0.2747])
    """
    a = _check.silu_forward("silu_forward", np.float64, a)
    return np.asarray(a * sigmoid(a))


def silu_backward(dy: npt.ArrayLike, a: npt.ArrayLike) -> Array:
    """Take the gradient back through `silu_forward`: ``da = dy ⊙ σ(a) (1 + a σ(−a))``.

    The derivative is written in terms of ``a``, because two values of a can have the same y.

    Parameters
    ----------
    dy : array_like (...)
        ∂L/∂y.
    a : array_like (...)
        As given to `silu_forward`.

    Returns
    -------
    da : ndarray (...)
        ∂L/∂a, float64.

    Raises
    ------
    ShapeError
        If ``dy`` and ``a`` differ in shape.

    Examples
    --------
    >>> silu_backward([2.0, 4.0], [0.0, np.log(3.0)]).round(4)  # σ(ln 3) = 3/4
    array([1.   , 3.824])
    """
    dy, a = _check.silu_backward("silu_backward", np.float64, dy, a)
    return np.asarray(dy * sigmoid(a) * (1.0 + a * sigmoid(-a)))  # 1 − σ(a) = σ(−a), without cancellation


def softplus_forward(a: npt.ArrayLike) -> Array:
    """Return ln(1 + exp(a)), a smooth version of max(a, 0) that is always positive.

    Computed as ``max(a, 0) + log1p(exp(−|a|))``, which cannot overflow.

    Parameters
    ----------
    a : array_like (...)
        Any shape.

    Returns
    -------
    y : ndarray (...)
        float64, shape of ``a``.

    Raises
    ------
    ArgumentError
        If ``a`` does not hold real numbers.

    References
    ----------
    Dugas, Bengio, Bélisle, Nadeau and Garcia (2001), Incorporating second-order functional knowledge for better option
    pricing. NIPS.

    Examples
    --------
    >>> softplus_forward([-1000.0, 0.0, 1000.0]).round(4)  # 0, ln 2, 1000
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """
    a = _check.softplus_forward("softplus_forward", np.float64, a)
    return np.asarray(np.maximum(a, 0.0) + np.log1p(np.exp(-np.abs(a))))


def softplus_backward(dy: npt.ArrayLike, a: npt.ArrayLike) -> Array:
    """Take the gradient back through `softplus_forward`: ``da = dy ⊙ σ(a)``.

    Parameters
    ----------
    dy : array_like (...)
        ∂L/∂y.
    a : array_like (...)
        As given to `softplus_forward`.

    Returns
    -------
    da : ndarray (...)
        ∂L/∂a, float64.

    Raises
    ------
    ShapeError
        If ``dy`` and ``a`` differ in shape.

    Examples
    --------
    >>> softplus_backward([2.0, 4.0], [0.0, np.log(3.0)])  # σ(ln 3) = 3/4
    array([1., 3.])
    """
    dy, a = _check.softplus_backward("softplus_backward", np.float64, dy, a)
    return np.asarray(dy * sigmoid(a))
