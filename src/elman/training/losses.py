"""Losses of a network's output before its activation, with their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.engine import kernels
from elman.errors import ArgumentError, DataError, ShapeError

Array = npt.NDArray[Any]

# The loss takes the output before these activations. A classifier may give logarithms of its probabilities.
_NATURAL = {"binary_cross_entropy": ("sigmoid",), "categorical_cross_entropy": ("softmax", "log_softmax")}


class Objective:
    """A loss after an output activation, computed from the output ``o`` before that activation.

    Cross-entropies take ``o`` as logits. Every other loss compares the activated output ŷ = g(o), and
    ``do = ∂L/∂ŷ ⊙ g′``.

    Parameters
    ----------
    loss : str
        As in `Settings`.
    output : str
        The network's output activation.
    parameter : float, optional
        Delta of ``"huber"``, quantile of ``"pinball"``.
    reduction : {"mean", "sum"}
        Over sequences, valid steps and components.

    Raises
    ------
    ArgumentError
        If a cross-entropy has another output activation than its own.

    Examples
    --------
    >>> objective = Objective("mean_squared_error", output="relu")
    >>> loss, do = objective(np.array([[2.0], [-1.0]]), np.array([[1.0], [1.0]]))
    >>> loss, bool(do[0, 0] == 1.0), bool(do[1, 0] == 0.0)                  # relu passes nothing where o is negative
    (1.0, True, True)
    """

    def __init__(self, loss: str, output: str, parameter: float | None = None, reduction: str = "mean") -> None:
        self.loss = _check.choice("Objective", "loss", loss, _check.LOSSES)
        self.reduction = reduction
        self.parameter = _check.loss_parameter("Objective", loss, parameter)
        natural = _NATURAL.get(loss)
        if natural and output not in natural:
            raise ArgumentError(f"Objective: loss={loss!r} needs output={natural[0]!r}, got output={output!r}.")
        self.activation = None if natural or output == "identity" else output
        self._do = np.empty(0)

    def __call__(
        self, o: Array, y: Array, weight: Array | None = None, lengths: Array | None = None
    ) -> tuple[float, Array]:
        """Return the loss and do.

        Parameters
        ----------
        o : ndarray (..., K)
            Output before its activation.
        y : ndarray
            Targets, shape of o; for categorical cross-entropy also integer classes (...).
        weight : ndarray, optional
            Shape of o, or without its last axis.
        lengths : ndarray of int (N,), optional
            With o (T, N, K): steps past the end of their row do not count.

        Returns
        -------
        loss : float
        do : ndarray, shape of o
            The same array at every call of equal shape.

        Raises
        ------
        ShapeError, ArgumentError, DataError
            If shapes do not fit, or a class is outside 0 … K-1.
        """
        K = o.shape[-1]
        if self._do.shape != o.shape or self._do.dtype != o.dtype:
            self._do = np.empty_like(o)
        flat_o, do = o.reshape(-1, K), self._do.reshape(-1, K)
        flat_y = self._targets(o, y)
        weight = self.weights(o.shape, weight, lengths)
        flat_weight = None if weight is None else np.ascontiguousarray(weight, o.dtype)
        if flat_weight is not None:
            flat_weight = flat_weight.reshape(-1, K) if flat_weight.ndim == o.ndim else flat_weight.reshape(-1)
        options = self.reduction, self.parameter
        if self.activation is None:
            return kernels.loss(self.loss, flat_o, flat_y, flat_weight, *options, do), self._do
        activated, dy = np.empty_like(flat_o), np.empty_like(flat_o)
        kernels.activation_forward(flat_o, self.activation, activated)
        value = kernels.loss(self.loss, activated, flat_y, flat_weight, *options, dy)
        kernels.activation_backward(dy, activated, self.activation, do)
        return value, self._do

    def _targets(self, o: Array, y: Array) -> Array:
        K = o.shape[-1]
        if self.loss == "categorical_cross_entropy" and y.shape == o.shape[:-1] and y.dtype.kind in "iu":
            _check.within("Objective", "y", y, K - 1, f"K-1 = {K - 1}", DataError)
            return np.ascontiguousarray(y, np.int64).reshape(-1)
        if y.shape != o.shape:
            raise ShapeError(f"Objective: y must have the shape of the output {o.shape}, got {y.shape}.")
        return np.ascontiguousarray(y, o.dtype).reshape(-1, K)

    @staticmethod
    def weights(shape: tuple[int, ...], weight: Array | None, lengths: Array | None) -> Array | None:
        """Return weights of outputs of that shape, (..., K) or (...), zero past the end of a row."""
        if lengths is not None and len(shape) == 3:
            valid = np.arange(shape[0])[:, np.newaxis] < lengths
            if weight is None:
                weight = valid
            elif weight.shape[:2] == valid.shape:
                weight = np.where(valid if weight.ndim == 2 else valid[:, :, np.newaxis], weight, 0.0)
        if weight is not None and weight.shape not in (shape, shape[:-1]):
            raise ShapeError(f"Objective: weight must have shape {shape} or {shape[:-1]}, got {weight.shape}.")
        return weight
