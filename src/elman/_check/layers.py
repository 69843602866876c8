"""The arguments of the layers without state and of the losses."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman._check.shapes import Array, Shapes
from elman._check.values import choice, first_wrong, integer, number_in, within
from elman.errors import DataError

OUTPUT_ACTIVATIONS = ("identity", "tanh", "relu", "sigmoid", "softmax", "log_softmax")
REDUCTIONS = ("mean", "sum")

Dtype: TypeAlias = npt.DTypeLike | None
Optional: TypeAlias = Array | None


def embedding_forward(place: str, dtype: Dtype, indices: Any, E: Any) -> tuple[Array, Array]:
    """Check the arguments of `embedding_forward`; indices come back as int64."""
    s = Shapes(place, dtype, E)
    E = s.array("E", E, "V", "D")
    return _indices(s, indices, s.sizes["V"]), E


def embedding_backward(
    place: str, dtype: Dtype, dx: Any, indices: Any, vocabulary_size: Any
) -> tuple[Array, Array, int]:
    """Check the arguments of `embedding_backward`; indices come back as int64."""
    s = Shapes(place, dtype, dx)
    size = integer(place, "vocabulary_size", vocabulary_size, 1)
    dx = s.array("dx", dx, "...", "D")
    return dx, _indices(s, indices, size), size


def _indices(s: Shapes, indices: Any, V: int) -> Array:
    array = s.integers("indices", indices, "...")
    within(s.place, "indices", array, V - 1, f"V-1 = {V - 1}", DataError)
    return np.require(array, np.int64, ["C", "A"])


def dense_forward(place: str, dtype: Dtype, h: Any, W_y: Any, b_y: Any) -> tuple[Array, Array, Optional]:
    """Check the arguments of `dense_forward`."""
    s = Shapes(place, dtype, h, W_y, b_y)
    h = s.array("h", h, "...", "H")
    W_y = s.array("W_y", W_y, "H", "K")
    return h, W_y, s.array("b_y", b_y, "K", optional=True)


def dense_backward(place: str, dtype: Dtype, do: Any, h: Any, W_y: Any) -> tuple[Array, Array, Array]:
    """Check the arguments of `dense_backward`."""
    s = Shapes(place, dtype, do, h, W_y)
    h = s.array("h", h, "...", "H")
    W_y = s.array("W_y", W_y, "H", "K")
    return s.array("do", do, "...", "K"), h, W_y


def activation_forward(place: str, dtype: Dtype, o: Any, activation: Any) -> tuple[Array, str]:
    """Check the arguments of `activation_forward`."""
    s = Shapes(place, dtype, o)
    return s.array("o", o, "...", "K"), choice(place, "activation", activation, OUTPUT_ACTIVATIONS)


def activation_backward(place: str, dtype: Dtype, dy: Any, y: Any, activation: Any) -> tuple[Array, Array, str]:
    """Check the arguments of `activation_backward`."""
    s = Shapes(place, dtype, dy, y)
    y = s.array("y", y, "...", "K")
    return s.array("dy", dy, "...", "K"), y, choice(place, "activation", activation, OUTPUT_ACTIVATIONS)


def silu_forward(place: str, dtype: Dtype, a: Any) -> Array:
    """Check the argument of `silu_forward`."""
    return Shapes(place, dtype, a).array("a", a, "...")


def silu_backward(place: str, dtype: Dtype, dy: Any, a: Any) -> tuple[Array, Array]:
    """Check the arguments of `silu_backward`."""
    s = Shapes(place, dtype, dy, a)
    a = s.array("a", a, "...")
    return s.array("dy", dy, "..."), a


def softplus_forward(place: str, dtype: Dtype, a: Any) -> Array:
    """Check the argument of `softplus_forward`."""
    return silu_forward(place, dtype, a)


def softplus_backward(place: str, dtype: Dtype, dy: Any, a: Any) -> tuple[Array, Array]:
    """Check the arguments of `softplus_backward`."""
    return silu_backward(place, dtype, dy, a)


def loss(place: str, dtype: Dtype, o: Any, y: Any, weight: Any, reduction: Any) -> tuple[Array, Array, Optional, str]:
    """Check the arguments of every loss but `categorical_cross_entropy`; weight has the shape of o or one axis less."""
    s = Shapes(place, dtype, o, y, weight)
    o = s.array("o", o, "...", "K")
    y = s.array("y", y, "...", "K")
    return o, y, _weight(s, weight, per_component=o.ndim), choice(place, "reduction", reduction, REDUCTIONS)


def binary_cross_entropy(
    place: str, dtype: Dtype, o: Any, y: Any, weight: Any, reduction: Any
) -> tuple[Array, Array, Optional, str]:
    """Check the arguments of `binary_cross_entropy`: targets are probabilities, except where the weight is zero."""
    o, y, weight, reduction = loss(place, dtype, o, y, weight, reduction)
    wrong = ~((y >= 0) & (y <= 1))
    if weight is not None:
        wrong &= (weight if weight.ndim == y.ndim else weight[..., np.newaxis]) > 0
    if wrong.any():
        raise DataError(f"{place}: {first_wrong('y', y, wrong, 'between 0 and 1')}")
    return o, y, weight, reduction


def categorical_cross_entropy(
    place: str, dtype: Dtype, o: Any, y: Any, weight: Any, reduction: Any
) -> tuple[Array, Array, Optional, str]:
    """Check the arguments of `categorical_cross_entropy`; y comes back as int64 labels (...) or as rows (..., K)."""
    s = Shapes(place, dtype, o, y, weight)
    o = s.array("o", o, "...", "K")
    y = s.array("y", y, "...", "K") if np.ndim(y) == o.ndim else _labels(s, y)
    return o, y, _weight(s, weight, per_component=-1), choice(place, "reduction", reduction, REDUCTIONS)


def dense_cross_entropy(
    place: str, dtype: Dtype, h: Any, W_y: Any, b_y: Any, y: Any, weight: Any, reduction: Any
) -> tuple[Array, Array, Optional, Array, Optional, str]:
    """Check the arguments of `dense_cross_entropy`; y comes back as int64 labels (...)."""
    s = Shapes(place, dtype, h, W_y, b_y, weight)
    h = s.array("h", h, "...", "H")
    W_y = s.array("W_y", W_y, "H", "K")
    b_y = s.array("b_y", b_y, "K", optional=True)
    y = _labels(s, y)
    return h, W_y, b_y, y, _weight(s, weight, per_component=-1), choice(place, "reduction", reduction, REDUCTIONS)


def class_targets(
    place: str, dtype: Dtype, y: Any, weight: Any, reduction: Any, rows: tuple[int, ...], K: int
) -> tuple[Array, Optional, str]:
    """Check classes 0 … K-1 and weights, one per row of an output (*rows, K); both come back flat."""
    s = Shapes(place, dtype)
    labels = _in_vocabulary(place, s.integers("y", y, *rows), K)
    row_weight = None if weight is None else not_negative(place, s.array("weight", weight, *rows)).reshape(-1)
    return labels.reshape(-1), row_weight, choice(place, "reduction", reduction, REDUCTIONS)


def _labels(s: Shapes, y: Any) -> Array:
    """Check classes 0 … K-1, one per row."""
    return _in_vocabulary(s.place, s.integers("y", y, "..."), s.sizes["K"])


def draw(place: str, dtype: Dtype, p: Any, u: Any, first: Any) -> tuple[Array, float, int]:
    """Check the arguments of `draw`."""
    s = Shapes(place, dtype, p)
    p = not_negative(place, s.array("p", p, "K"), "p")
    first = integer(place, "first", first, 0, len(p) - 1)
    if not p[first:].any():
        raise DataError(f"{place}: p must not be all zero from index {first} on.")
    return p, number_in(place, "u", u, "[0, 1)"), first


def _in_vocabulary(place: str, labels: Array, K: int) -> Array:
    within(place, "y", labels, K - 1, f"K-1 = {K - 1}", DataError)
    return np.require(labels, np.int64, ["C", "A"])


def _weight(s: Shapes, weight: Any, per_component: int) -> Optional:
    """Check weights; ``per_component`` is the number of axes at which they are one per component, not one per row."""
    if weight is None:
        return None
    symbols = ("...", "K") if np.ndim(weight) == per_component else ("...",)
    return not_negative(s.place, s.array("weight", weight, *symbols))


def not_negative(place: str, weight: Array, name: str = "weight") -> Array:
    wrong = ~((weight >= 0) & (weight < np.inf))
    if wrong.any():
        raise DataError(f"{place}: {first_wrong(name, weight, wrong, 'finite and at least 0')}")
    return weight
