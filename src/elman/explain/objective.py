"""The loss of a traced network: its value, its terms, and the first two factors of the chain rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check, reference
from elman.errors import ArgumentError, ShapeError, TrainingError
from elman.explain.formula import Math, function, numbers, symbol

Array = npt.NDArray[Any]

_SHORT = {"mse": "mean_squared_error", "mae": "mean_absolute_error"}  # the estimators' names
_NATURAL = {"binary_cross_entropy": "sigmoid", "categorical_cross_entropy": "softmax"}


class Objective:
    """A loss on the output ŷ = g(o), with its derivatives and formulas for a trace.

    Parameters
    ----------
    loss : str
        A name of `elman.reference`: a squared, absolute or Huber error, or a cross-entropy; also ``"mse"``, ``"mae"``.
    output : str
        The network's output activation g.
    reduction : {"mean", "sum"}
        Over rows, steps and components; over rows and steps for the categorical cross-entropy.
    shape : tuple of int
        Shape of the output: (T, N, K) or (N, K).
    y : array_like
        Targets of that shape; for the categorical cross-entropy also classes, without the last axis.

    Raises
    ------
    ArgumentError
        If the loss or the reduction is unknown, or the output activation does not fit a cross-entropy.
    ShapeError
        If y does not fit the output.
    DataError
        If y is not finite, or a class is outside 0 … K-1.
    """

    def __init__(self, loss: str, output: str, reduction: str, shape: tuple[int, ...], y: npt.ArrayLike) -> None:
        self.loss = loss = _check.choice("trace", "loss", _SHORT.get(loss, loss), tuple(_TERMS))
        self.reduction = _check.choice("trace", "reduction", reduction, _check.REDUCTIONS)
        self.output = output
        self.natural = loss in _NATURAL
        if self.natural and _NATURAL[loss] != output:
            raise ArgumentError(
                f"trace: loss={loss!r} needs a network with output={_NATURAL[loss]!r}, got output={output!r}."
            )
        self._function = getattr(reference, loss)
        self.rows_of_y = self._targets(np.asarray(y), shape)
        per_row = loss == "categorical_cross_entropy"
        self.count = 1.0 if reduction == "sum" else float(np.prod(shape[:-1] if per_row else shape))

    def _targets(self, y: Array, shape: tuple[int, ...]) -> Array:
        """Return the targets in the shape of the output: one-hot rows for classes."""
        if self.loss == "categorical_cross_entropy" and y.shape == shape[:-1]:
            self._function(np.zeros(shape), y)  # refuses classes that are no integers or out of range
            return np.eye(shape[-1])[y]
        if y.shape != shape:
            raise ShapeError(f"trace: y must have the shape of the output {shape}, got {y.shape}.")
        self._function(np.zeros(shape), y)
        return np.array(_check.Shapes("trace", np.float64).array("y", y, *shape))

    def total(self, o: Array) -> float:
        """Return the loss of outputs before the activation."""
        value: float = self._function(self._argument(o), self.rows_of_y, reduction=self.reduction)[0]
        return value

    def _argument(self, o: Array) -> Array:
        return o if self.natural else reference.activation_forward(o, self.output)

    def term(self, o: Array, y: Array) -> tuple[float, Array]:
        """Return the contribution of outputs o (N, K) to the loss, and ∂L/∂o."""
        value, derivative = self._function(self._argument(o), y, reduction="sum")
        if not self.natural:
            derivative = reference.activation_backward(derivative, self._argument(o), self.output)
        return value / self.count, derivative / self.count

    def by_prediction(self, yhat: Array, y: Array) -> Array:
        """Return ∂L/∂ŷ (N, K).

        Raises
        ------
        TrainingError
            If a probability is so close to 0 or 1 that ∂L/∂ŷ is not finite.
        """
        derivative: Array
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.loss == "binary_cross_entropy":
                derivative = reference.binary_cross_entropy_derivative(yhat, y)
            elif self.loss == "categorical_cross_entropy":
                derivative = reference.cross_entropy_derivative(yhat, y)
            else:
                derivative = self._function(yhat, y, reduction="sum")[1]
        if not np.isfinite(derivative).all():
            raise TrainingError(
                "trace: a probability is so close to 0 or 1 that ∂L/∂ŷ is not finite; use smaller weights."
            )
        return derivative / self.count

    def jacobian(self, yhat: Array) -> Array:
        """Return ∂ŷ/∂o (N, K, K); row i holds the derivatives of ŷ_i."""
        N, K = yhat.shape
        jacobian = np.zeros((N, K, K))
        for i in range(K):
            unit = np.zeros((N, K))
            unit[:, i] = 1.0
            jacobian[:, i] = reference.activation_backward(unit, yhat, self.output)
        return jacobian

    def formulas(self, t: int | None, yhat: Array, y: Array) -> tuple[Math, Math]:
        """Return the loss term in symbols, and with the numbers of its first components."""
        sign, pairs = symbol("yhat", t), symbol("y", t)
        rule = _TERMS[self.loss]
        scale = _SCALES[self.loss]
        count = "" if self.count == 1.0 else f"{self.count:.0f}"
        parts = [rule(numbers(p), numbers(q)) for p, q in zip(yhat.ravel(), y.ravel(), strict=True) if _counts(self, q)]
        inner = _summed(parts)
        return _scaled(_sum_over(rule(sign, pairs)), scale, count), _scaled(inner, scale, count)

    def by_prediction_formula(self, yhat: Math, y: Math) -> Math:
        """Return ∂L/∂ŷ as a formula."""
        inner: Math = _DERIVATIVES[self.loss](yhat, y)
        return inner if self.count == 1.0 else inner / self.count

    def equation(self) -> Math:
        """Return the whole loss in symbols."""
        count = "" if self.count == 1.0 else f"{self.count:.0f}"
        return _scaled(_sum_over(_TERMS[self.loss](symbol("yhat"), symbol("y"))), _SCALES[self.loss], count)


def _counts(objective: Objective, y: float) -> bool:
    """Return whether a component of the target has a term: 0 ln p is omitted."""
    return objective.loss != "categorical_cross_entropy" or y != 0.0


def _ln(p: Math) -> Math:
    logarithm: Math = function("ln", p)
    return logarithm


_TERMS: dict[str, Any] = {
    "half_squared_error": lambda p, y: (p - y) ** 2,
    "mean_squared_error": lambda p, y: (p - y) ** 2,
    "mean_absolute_error": lambda p, y: function("abs", p - y),
    "huber": lambda p, y: function("huber", p - y),
    "binary_cross_entropy": lambda p, y: y @ _ln(p) + (1 - y) @ _ln(1 - p),
    "categorical_cross_entropy": lambda p, y: y @ _ln(p),
}
_SCALES = {
    "half_squared_error": (r"\frac{1}{2}", "½"),
    "mean_squared_error": ("", ""),
    "mean_absolute_error": ("", ""),
    "huber": ("", ""),
    "binary_cross_entropy": ("-", "−"),
    "categorical_cross_entropy": ("-", "−"),
}
_DERIVATIVES: dict[str, Any] = {
    "half_squared_error": lambda p, y: p - y,
    "mean_squared_error": lambda p, y: numbers(2.0) @ (p - y),
    "mean_absolute_error": lambda p, y: function("sign", p - y),
    "huber": lambda p, y: function("clip", p - y),
    "binary_cross_entropy": lambda p, y: (p - y) / (p * (1 - p)),
    "categorical_cross_entropy": lambda p, y: -(y / p),
}


def _sum_over(term: Math) -> Math:
    inner = term if term.binding else Math(rf"\left[{term.latex}\right]", f"[{term.text}]")
    return Math(rf"\sum {inner.latex}", f"Σ {inner.text}", 1)


def _summed(parts: list[Math]) -> Math:
    if not parts:
        return numbers(0.0)
    total = parts[0]
    for part in parts[1:_MOST_TERMS]:
        total = total + part
    return total + Math(r"\cdots", "…") if len(parts) > _MOST_TERMS else total


_MOST_TERMS = 12


def _scaled(inner: Math, scale: tuple[str, str], count: str) -> Math:
    """Multiply a sum by a sign or factor and by 1 over the count."""
    if not count and not scale[0]:
        return inner
    body = inner if inner.binding else Math(rf"\left({inner.latex}\right)", f"({inner.text})")
    over = (rf"\frac{{1}}{{{count}}} ", f"1/{count} ") if count else ("", "")
    space = " " if scale[0] not in ("", "-") else ""
    return Math(f"{scale[0]}{space}{over[0]}{body.latex}", f"{scale[1]}{space}{over[1]}{body.text}", 1)
