"""One step of each optimizer, in place on flat vectors, and gradient clipping.

θ is the vector of all parameters, g the gradient, η the learning rate. Every vector that is changed must be a writable,
C-contiguous float64 array: otherwise NumPy would update a converted copy and discard it.
"""

from __future__ import annotations

from math import inf

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array


def sgd_step(
    theta: Array,
    gradient: npt.ArrayLike,
    velocity: Array,
    learning_rate: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    max_norm: float = inf,
) -> float:
    """Take one step of gradient descent, optionally with momentum.

    With μ the momentum, v the velocity and λ the weight decay::

        g ← g + λ θ
        v ← μ v + g
        θ ← θ − η v              or, for Nesterov,  θ ← θ − η (g + μ v)

    Parameters
    ----------
    theta : ndarray (P,)
        Parameters, changed in place.
    gradient : array_like (P,)
        ∂L/∂θ, not changed.
    velocity : ndarray (P,)
        v, changed in place; zeros before the first step.
    learning_rate : float
        η ≥ 0.
    momentum : float
        μ in [0, 1); 0 is plain gradient descent.
    nesterov : bool
        Use Nesterov's momentum.
    weight_decay : float
        λ ≥ 0; adds the gradient of ½ λ Σ θ². Unlike in `adam_step` it enters the velocity.
    max_norm : float
        A gradient of larger norm is scaled down to ``max_norm``, as by `clip_by_norm`.

    Returns
    -------
    norm : float
        ‖g‖ before clipping. If it is not finite, nothing is changed.

    Raises
    ------
    ShapeError
        If the vectors differ in size.
    ArgumentError
        If a vector cannot be changed in place, two share memory, or a number lies outside its range.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton (2013), On the importance of initialization and momentum in deep learning. ICML.

    Examples
    --------
    >>> theta, velocity = np.array([1.0]), np.array([2.0])
    >>> sgd_step(theta, [4.0], velocity, learning_rate=0.125, momentum=0.5)  # v = 0.5 * 2 + 4
    4.0
    >>> velocity, theta
    (array([5.]), array([0.375]))
    """
    options = learning_rate, momentum, nesterov, weight_decay, max_norm
    theta, gradient, velocity, learning_rate, momentum, nesterov, weight_decay, max_norm = _check.sgd_step(
        "sgd_step", np.float64, theta, gradient, velocity, *options
    )
    g, norm = _clipped(gradient, max_norm)
    if not np.isfinite(norm):
        return norm
    g = g + weight_decay * theta
    velocity[:] = momentum * velocity + g
    theta -= learning_rate * (g + momentum * velocity if nesterov else velocity)
    return norm


def rmsprop_step(
    theta: Array,
    gradient: npt.ArrayLike,
    square: Array,
    learning_rate: float,
    decay: float = 0.9,
    epsilon: float = 1e-8,
    max_norm: float = inf,
) -> float:
    """Take one step of RMSprop: each component of the gradient is divided by its running root mean square.

    With ρ the decay and s the running mean of squares::

        s ← ρ s + (1−ρ) g²
        θ ← θ − η g / (√s + ε)

    Parameters
    ----------
    theta : ndarray (P,)
        Parameters, changed in place.
    gradient : array_like (P,)
        ∂L/∂θ, not changed.
    square : ndarray (P,)
        s, changed in place; zeros before the first step.
    learning_rate : float
        η ≥ 0.
    decay : float
        ρ between 0 and 1.
    epsilon : float
        ε > 0, added after the root.
    max_norm : float
        A gradient of larger norm is scaled down to ``max_norm``, as by `clip_by_norm`.

    Returns
    -------
    norm : float
        ‖g‖ before clipping. If it is not finite, nothing is changed.

    Raises
    ------
    ShapeError
        If the vectors differ in size.
    ArgumentError
        If a vector cannot be changed in place, two share memory, or a number lies outside its range.

    References
    ----------
    Tieleman and Hinton (2012), Lecture 6.5: rmsprop. Neural networks for machine learning.

    Examples
    --------
    >>> theta, square = np.array([1.0]), np.array([0.0])
    >>> rmsprop_step(theta, [4.0], square, learning_rate=0.5, decay=0.75)  # s = 16/4; 0.5 * 4 / 2
    4.0
    >>> square, theta.round(6)
    (array([4.]), array([0.]))
    """
    theta, gradient, square, learning_rate, decay, epsilon, max_norm = _check.rmsprop_step(
        "rmsprop_step", np.float64, theta, gradient, square, learning_rate, decay, epsilon, max_norm
    )
    g, norm = _clipped(gradient, max_norm)
    if not np.isfinite(norm):
        return norm
    square[:] = decay * square + (1 - decay) * g**2
    theta -= learning_rate * g / (np.sqrt(square) + epsilon)
    return norm


def adam_step(
    theta: Array,
    gradient: npt.ArrayLike,
    m: Array,
    v: Array,
    step: int,
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
    max_norm: float = inf,
) -> float:
    """Take one step of Adam, or of AdamW if there is weight decay.

    With s the step and λ the weight decay::

        θ ← θ − η λ θ
        m ← β₁ m + (1−β₁) g          m̂ = m / (1 − β₁ˢ)
        v ← β₂ v + (1−β₂) g²         v̂ = v / (1 − β₂ˢ)
        θ ← θ − η m̂ / (√v̂ + ε)

    Parameters
    ----------
    theta : ndarray (P,)
        Parameters, changed in place.
    gradient : array_like (P,)
        ∂L/∂θ, not changed.
    m, v : ndarray (P,)
        Running means of g and g², changed in place; zeros before the first step.
    step : int
        s, counted from 1.
    learning_rate : float
        η ≥ 0.
    beta_1, beta_2 : float
        At least 0 and below 1.
    epsilon : float
        ε > 0.
    weight_decay : float
        λ ≥ 0, decoupled from the gradient: it shrinks θ directly and does not enter m and v.
    max_norm : float
        A gradient of larger norm is scaled down to ``max_norm``, as by `clip_by_norm`.

    Returns
    -------
    norm : float
        ‖g‖ before clipping. If it is not finite, nothing is changed.

    Raises
    ------
    ShapeError
        If the vectors differ in size.
    ArgumentError
        If a vector cannot be changed in place, two share memory, or a number lies outside its range.

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization. ICLR.
    Loshchilov and Hutter (2019), Decoupled weight decay regularization. ICLR.

    Examples
    --------
    The first step moves every parameter by about the learning rate, whatever the size of its gradient:

    >>> theta, m, v = np.array([1.0, 1.0]), np.zeros(2), np.zeros(2)
    >>> norm = adam_step(theta, [1000.0, -0.5], m, v, step=1, learning_rate=0.25)
    >>> theta.round(6)
    array([0.75, 1.25])
    """
    options = learning_rate, beta_1, beta_2, epsilon, weight_decay, max_norm
    theta, gradient, m, v, step, learning_rate, beta_1, beta_2, epsilon, weight_decay, max_norm = _check.adam_step(
        "adam_step", np.float64, theta, gradient, m, v, step, *options
    )
    g, norm = _clipped(gradient, max_norm)
    if not np.isfinite(norm):
        return norm
    theta -= learning_rate * weight_decay * theta
    m[:] = beta_1 * m + (1 - beta_1) * g
    v[:] = beta_2 * v + (1 - beta_2) * g**2
    m_hat, v_hat = m / (1 - beta_1**step), v / (1 - beta_2**step)
    theta -= learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return norm


def _clipped(gradient: Array, max_norm: float) -> tuple[Array, float]:
    """Return a clipped copy and the norm before clipping."""
    g = gradient.copy()
    return g, clip_by_norm(g, max_norm)


def clip_by_norm(gradient: Array, max_norm: float) -> float:
    """Scale the gradient down to ``max_norm`` if its Euclidean norm is larger, without a change of direction.

    Parameters
    ----------
    gradient : ndarray (P,)
        Changed in place: ``g ← g · max_norm / ‖g‖`` if ‖g‖ > max_norm.
    max_norm : float
        Positive; with infinity the norm is only computed.

    Returns
    -------
    norm : float
        ‖g‖ before clipping. If it is not finite, the gradient is not changed.

    Raises
    ------
    ArgumentError
        If the gradient cannot be changed in place or ``max_norm`` is not positive.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks. ICML.

    Examples
    --------
    >>> gradient = np.array([6.0, 8.0])
    >>> clip_by_norm(gradient, max_norm=5.0)
    10.0
    >>> gradient
    array([3., 4.])
    """
    gradient, max_norm = _check.clip_by_norm("clip_by_norm", np.float64, gradient, max_norm)
    norm = float(np.sqrt(gradient @ gradient))
    if np.isfinite(norm) and norm > max_norm:
        gradient *= max_norm / norm
    return norm


def clip_by_value(gradient: Array, limit: float) -> None:
    """Clip every component of the gradient to −limit … limit; the direction may change.

    Parameters
    ----------
    gradient : ndarray (P,)
        Changed in place. NaN stays NaN.
    limit : float
        Positive.

    Raises
    ------
    ArgumentError
        If the gradient cannot be changed in place or ``limit`` is not positive.

    Examples
    --------
    >>> gradient = np.array([-6.0, 0.5])
    >>> clip_by_value(gradient, limit=1.0)
    >>> gradient
    array([-1. ,  0.5])
    """
    gradient, limit = _check.clip_by_value("clip_by_value", np.float64, gradient, limit)
    np.clip(gradient, -limit, limit, out=gradient)
