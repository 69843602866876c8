"""The eleven activation functions that ONNX allows inside a recurrent operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.reference.activations import sigmoid

__all__ = ["ACTIVATIONS", "Activation", "Kind"]

Array = npt.NDArray[np.float64]


class Kind(NamedTuple):
    """A kind of activation: its function and the defaults of its parameters.

    ``alpha`` and ``beta`` are None if the function has no such parameter, NaN if it has one without a default.

    Examples
    --------
    >>> ACTIVATIONS["LeakyRelu"].alpha, ACTIVATIONS["LeakyRelu"].beta
    (0.01, None)
    """

    function: Callable[[Array, float, float], Any]
    alpha: float | None = None
    beta: float | None = None


def _elu(x: Array, alpha: float, beta: float) -> Any:
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


ACTIVATIONS: dict[str, Kind] = {
    "Relu": Kind(lambda x, a, b: np.maximum(x, 0.0)),
    "Tanh": Kind(lambda x, a, b: np.tanh(x)),
    "Sigmoid": Kind(lambda x, a, b: sigmoid(x)),
    "Affine": Kind(lambda x, a, b: a * x + b, np.nan, np.nan),
    "LeakyRelu": Kind(lambda x, a, b: np.where(x >= 0, x, a * x), 0.01),
    "ThresholdedRelu": Kind(lambda x, a, b: np.where(x > a, x, 0.0), 1.0),
    "ScaledTanh": Kind(lambda x, a, b: a * np.tanh(b * x), np.nan, np.nan),
    "HardSigmoid": Kind(lambda x, a, b: np.clip(a * x + b, 0.0, 1.0), 0.2, 0.5),
    "Elu": Kind(_elu, 1.0),
    "Softsign": Kind(lambda x, a, b: x / (1.0 + np.abs(x))),
    "Softplus": Kind(lambda x, a, b: np.logaddexp(0.0, x)),
}


class Activation(NamedTuple):
    """One activation with its parameters; a call returns f(x).

    Examples
    --------
    >>> Activation("LeakyRelu", 0.5)(np.array([-2.0, 2.0]))
    array([-1.,  2.])
    """

    name: str
    alpha: float = 0.0
    beta: float = 0.0

    def __call__(self, x: Array) -> Array:
        """Return f(x), element-wise."""
        return np.asarray(ACTIVATIONS[self.name].function(x, self.alpha, self.beta), np.float64)
