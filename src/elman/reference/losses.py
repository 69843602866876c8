"""Losses and their derivatives with respect to the output.

Each function takes outputs ``o`` (..., K), targets ``y`` and optional weights, and returns the loss and ∂L/∂o. With
``reduction="mean"`` the weighted sum is divided by the sum of the weights, counted once per component (per row for
the categorical cross-entropy); without weights that is the number of components of all sequences and steps.
``reduction="sum"`` does not divide. Entries of weight 0 (padding, missing targets) are not read and may be NaN. If
every weight is 0, the loss and the derivative are 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.reference.activations import sigmoid


def _reduce(terms: Array, d_terms: Array, weight: Array | None, reduction: str) -> tuple[float, Array]:
    """Sum the terms of a loss; ``weight`` has their shape, or their shape without the last axis."""
    w = np.ones(terms.shape) if weight is None else weight
    if w.ndim < terms.ndim:
        w = w[..., np.newaxis]
    w = np.broadcast_to(w, terms.shape)
    total = w.sum() if reduction == "mean" else 1.0
    if total == 0.0:
        return 0.0, np.zeros_like(d_terms)
    loss = float(np.where(w > 0, w * terms, 0.0).sum() / total)
    if w.ndim < d_terms.ndim:
        w = w[..., np.newaxis]
    return loss, np.where(w > 0, w * d_terms, 0.0) / total


def half_squared_error(
    o: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None, reduction: str = "mean"
) -> tuple[float, Array]:
    """Return ½ (o−y)² and its derivative o−y, reduced.

    Parameters
    ----------
    o, y : array_like (..., K)
        Outputs and targets.
    weight : array_like (..., K) or (...), optional
        One weight per component or per row, at least 0.
    reduction : {"mean", "sum"}
        Whether to divide by the sum of the weights; see the module's docstring.

    Returns
    -------
    loss : float
    do : ndarray (..., K)
        ∂loss/∂o, float64.

    Raises
    ------
    ShapeError
        If the shapes of the arguments disagree.
    ArgumentError
        If the reduction is unknown.
    DataError
        If a weight is negative or not finite; the message names its position.

    Examples
    --------
    >>> half_squared_error([[1.0, 3.0]], [[0.0, 1.0]], reduction="sum")
    (2.5, array([[1., 2.]]))
    """
    o, y, weight, reduction = _check.loss("half_squared_error", np.float64, o, y, weight, reduction)
    e = o - y
    return _reduce(e**2 / 2, e, weight, reduction)


def mean_squared_error(
    o: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None, reduction: str = "mean"
) -> tuple[float, Array]:
    """Return (o−y)² and its derivative 2(o−y), reduced.

    Parameters
    ----------
    o, y : array_like (..., K)
        Outputs and targets.
    weight : array_like (..., K) or (...), optional
        One weight per component or per row, at least 0.
    reduction : {"mean", "sum"}
        Whether to divide by the sum of the weights; see the module's docstring.

    Returns
    -------
    loss : float
    do : ndarray (..., K)
        ∂loss/∂o, float64.

    Raises
    ------
    ShapeError, ArgumentError, DataError
        As `half_squared_error`.

    Examples
    --------
    >>> mean_squared_error([[1.0, 3.0]], [[0.0, 1.0]])
    (2.5, array([[1., 2.]]))
    >>> mean_squared_error([[1.0, 3.0]], [[0.0, np.nan]], weight=[[1.0, 0.0]])
    (1.0, array([[2., 0.]]))
    """
    o, y, weight, reduction = _check.loss("mean_squared_error", np.float64, o, y, weight, reduction)
    e = o - y
    return _reduce(e**2, 2 * e, weight, reduction)


def mean_absolute_error(
    o: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None, reduction: str = "mean"
) -> tuple[float, Array]:
    """Return ``|o−y|`` and its derivative sign(o−y), reduced; the derivative at 0 is taken as 0.

    Parameters
    ----------
    o, y : array_like (..., K)
        Outputs and targets.
    weight : array_like (..., K) or (...), optional
        One weight per component or per row, at least 0.
    reduction : {"mean", "sum"}
        Whether to divide by the sum of the weights; see the module's docstring.

    Returns
    -------
    loss : float
    do : ndarray (..., K)
        ∂loss/∂o, float64.

    Raises
    ------
    ShapeError, ArgumentError, DataError
        As `half_squared_error`.

    Examples
    --------
    >>> mean_absolute_error([[1.0, 3.0]], [[2.0, 0.0]])
    (2.0, array([[-0.5,  0.5]]))
    """
    o, y, weight, reduction = _check.loss("mean_absolute_error", np.float64, o, y, weight, reduction)
    e = o - y
    return _reduce(np.abs(e), np.sign(e), weight, reduction)


def huber(
    o: npt.ArrayLike,
    y: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    reduction: str = "mean",
    delta: float = 1.0,
) -> tuple[float, Array]:
    """Return Huber's loss, quadratic near the target and linear far from it, and its derivative, reduced.

    With e = o − y::

        ½ e²              derivative e              if |e| ≤ δ
        δ (|e| − δ/2)     derivative δ sign(e)      otherwise

    Parameters
    ----------
    o, y : array_like (..., K)
        Outputs and targets.
    weight : array_like (..., K) or (...), optional
        One weight per component or per row, at least 0.
    reduction : {"mean", "sum"}
        Whether to divide by the sum of the weights; see the module's docstring.
    delta : float
        δ, positive, in the units of the target.

    Returns
    -------
    loss : float
    do : ndarray (..., K)
        ∂loss/∂o, float64.

    Raises
    ------
    ShapeError, ArgumentError, DataError
        As `half_squared_error`; also if ``delta`` is not a positive finite number.

    References
    ----------
    Huber (1964), Robust estimation of a location parameter. Annals of Mathematical Statistics 35(1).

    Examples
    --------
    >>> huber([[0.5, 3.0]], [[0.0, 0.0]], reduction="sum")  # 0.125 + 2.5
    (2.625, array([[0.5, 1. ]]))
    """
    o, y, weight, reduction = _check.loss("huber", np.float64, o, y, weight, reduction)
    delta = _check.number_in("huber", "delta", delta, "(0, inf)")
    e = o - y
    far = np.abs(e) > delta
    terms = np.where(far, delta * (np.abs(e) - delta / 2), e**2 / 2)
    return _reduce(terms, np.clip(e, -delta, delta), weight, reduction)


def pinball(
    o: npt.ArrayLike,
    y: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    reduction: str = "mean",
    quantile: float = 0.5,
) -> tuple[float, Array]:
    """Return the pinball loss, whose minimum is a quantile of the target, and its derivative, reduced.

    With q the quantile::

        q (y − o)         derivative −q         if y > o
        (1−q) (o − y)     derivative 1−q        if y < o

    Parameters
    ----------
    o, y : array_like (..., K)
        Outputs and targets.
    weight : array_like (..., K) or (...), optional
        One weight per component or per row, at least 0.
    reduction : {"mean", "sum"}
        Whether to divide by the sum of the weights; see the module's docstring.
    quantile : float
        q, strictly between 0 and 1. q = 1/2 gives half the absolute error.

    Returns
    -------
    loss : float
    do : ndarray (..., K)
        ∂loss/∂o, float64; taken as 0 where y = o.

    Raises
    ------
    ShapeError, ArgumentError, DataError
        As `half_squared_error`; also if the quantile is not strictly between 0 and 1.

    References
    ----------
    Koenker and Bassett (1978), Regression quantiles. Econometrica 46(1).

    Examples
    --------
    >>> pinball([[0.0, 0.0]], [[4.0, -4.0]], reduction="sum", quantile=0.75)  # 3 + 1
    (4.0, array([[-0.75,  0.25]]))
    """
    o, y, weight, reduction = _check.loss("pinball", np.float64, o, y, weight, reduction)
    q = _check.number_in("pinball", "quantile", quantile, "(0, 1)")
    e = y - o
    terms = np.where(e > 0, q * e, (q - 1) * e)
    return _reduce(terms, np.where(e > 0, -q, np.where(e < 0, 1 - q, 0.0 * e)), weight, reduction)


def binary_cross_entropy(
    o: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None, reduction: str = "mean"
) -> tuple[float, Array]:
    """Return −[y ln σ(o) + (1−y) ln(1−σ(o))] from logits, and its derivative σ(o) − y, reduced.

    Computed from the logits as ``max(o, 0) − o y + ln(1 + exp(−|o|))``, which cannot overflow.

    Parameters
    ----------
    o : array_like (..., K)
        Logits.
    y : array_like (..., K)
        Targets between 0 and 1.
    weight : array_like (..., K) or (...), optional
        One weight per component or per row, at least 0.
    reduction : {"mean", "sum"}
        Whether to divide by the sum of the weights; see the module's docstring.

    Returns
    -------
    loss : float
    do : ndarray (..., K)
        ∂loss/∂o, float64.

    Raises
    ------
    ShapeError, ArgumentError, DataError
        As `half_squared_error`; also DataError if a target of positive weight lies outside 0 … 1.

    Examples
    --------
    >>> loss, do = binary_cross_entropy([[0.0, 1000.0]], [[1.0, 1.0]], reduction="sum")  # ln 2 + 0
    >>> round(loss, 4), do
    (0.6931, array([[-0.5,  0. ]]))
    """
    o, y, weight, reduction = _check.binary_cross_entropy("binary_cross_entropy", np.float64, o, y, weight, reduction)
    terms = np.maximum(o, 0) - o * y + np.log1p(np.exp(-np.abs(o)))
    return _reduce(terms, sigmoid(o) - y, weight, reduction)


def categorical_cross_entropy(
    o: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None, reduction: str = "mean"
) -> tuple[float, Array]:
    """Return −Σ_j y_j ln softmax(o)_j from logits, and its derivative softmax(o) Σ_j y_j − y, reduced.

    Computed as ln Σ_k exp(o_k) − o_j, with the largest logit subtracted first to prevent overflow. The derivative is
    the usual ŷ − y if the target row sums to 1.

    Parameters
    ----------
    o : array_like (..., K)
        Logits.
    y : array_like (...) of int, or (..., K)
        Class labels between 0 and K−1, or rows of target probabilities.
    weight : array_like (...), optional
        One weight per row, at least 0.
    reduction : {"mean", "sum"}
        Whether to divide by the sum of the weights, one per row.

    Returns
    -------
    loss : float
    do : ndarray (..., K)
        ∂loss/∂o, float64.

    Raises
    ------
    ShapeError
        If the shapes of the arguments disagree.
    ArgumentError
        If labels are not integers or the reduction is unknown.
    DataError
        If a label lies outside 0 … K−1 or a weight is negative or not finite; the message names its position.

    Examples
    --------
    >>> loss, do = categorical_cross_entropy([[0.0, 0.0]], [1])  # ln 2
    >>> round(loss, 4), do
    (0.6931, array([[ 0.5, -0.5]]))
    """
    o, y, weight, reduction = _check.categorical_cross_entropy(
        "categorical_cross_entropy", np.float64, o, y, weight, reduction
    )
    K = o.shape[-1]
    rows = np.eye(K)[y] if y.ndim < o.ndim else y
    shifted = o - o.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    terms = -(rows * np.where(rows == 0, 0.0, log_p)).sum(axis=-1)  # 0 ln 0 = 0
    do = np.exp(log_p) * rows.sum(axis=-1, keepdims=True) - rows
    return _reduce(terms, do, weight, reduction)
