"""The output layer and the cross-entropy of a classifier in one function."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.reference.dense import DenseGradients, dense_backward, dense_forward
from elman.reference.losses import categorical_cross_entropy


def dense_cross_entropy(
    h: npt.ArrayLike,
    W_y: npt.ArrayLike,
    b_y: npt.ArrayLike | None,
    y: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    reduction: str = "mean",
) -> tuple[float, DenseGradients]:
    """Return the categorical cross-entropy of ``softmax(h W_y + b_y)`` and its gradients.

    Equals `dense_forward`, `categorical_cross_entropy` and `dense_backward` in sequence. The native twin returns the
    same bits, but holds the logits of at most 256 rows, or 2¹⁸ logits if that is more: with a large vocabulary the
    logits of all rows would need more memory than everything else.

    Parameters
    ----------
    h : array_like (..., H)
        States, usually (T, N, H).
    W_y : array_like (H, K)
        Weights.
    b_y : array_like (K,), optional
        Bias; None is zero.
    y : array_like (...) of int
        Class labels between 0 and K−1.
    weight : array_like (...), optional
        One weight per row, at least 0.
    reduction : {"mean", "sum"}
        Divide by the sum of the weights, or not.

    Returns
    -------
    loss : float
    gradients : DenseGradients
        ∂loss/∂h (..., H), ∂loss/∂W_y (H, K), ∂loss/∂b_y (K,); float64.

    Raises
    ------
    ShapeError
        If sizes disagree between arguments.
    ArgumentError
        If labels are not integers or the reduction is unknown.
    DataError
        If a label lies outside 0 … K−1 or a weight is negative or not finite; the message names its position.

    Examples
    --------
    >>> loss, gradients = dense_cross_entropy([[2.0]], [[0.0, 0.0]], None, [1])  # ln 2
    >>> round(loss, 4), gradients.dW_y, gradients.db_y
    (0.6931, array([[ 1., -1.]]), array([ 0.5, -0.5]))
    """
    h, W_y, b_y, y, weight, reduction = _check.dense_cross_entropy(
        "dense_cross_entropy", np.float64, h, W_y, b_y, y, weight, reduction
    )
    loss, do = categorical_cross_entropy(dense_forward(h, W_y, b_y), y, weight, reduction)
    return loss, dense_backward(do, h, W_y)
