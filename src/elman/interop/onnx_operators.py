"""The operators around recurrent ones in NumPy: those of our own files, and those of other exporters.

Every function takes the node's attributes, then its inputs (None for a missing one), and returns one array or a tuple.
Axes are an attribute or an input, depending on the version of the operator.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import UnsupportedError
from elman.reference.activations import activation_forward, sigmoid

__all__ = ["ATTRIBUTES", "OPERATORS"]

Array = npt.NDArray[Any]
Attributes = Mapping[str, Any]

_TYPES: dict[int, Any] = {
    1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64,
}  # fmt: skip


def _keeping(function: Callable[[Array], Any]) -> Callable[..., Array]:
    """Return a function of one input with a result of the input's dtype."""
    return lambda at, x: np.asarray(function(x), x.dtype)


def _both(function: Callable[..., Any]) -> Callable[..., Array]:
    """Return a function of two inputs, or of any number from the left."""

    def run(at: Attributes, first: Array, *rest: Array) -> Array:
        for other in rest:
            first = np.asarray(function(first, other))
        return first

    return run


def _divide(a: Array, b: Array) -> Array:
    if a.dtype.kind not in "iu":
        return np.asarray(a / b)
    quotient = a // b  # rounded down; ONNX rounds towards zero
    return np.asarray(quotient + ((quotient * b != a) & ((a < 0) != (b < 0))), a.dtype)


def _axes(at: Attributes, given: Array | None) -> tuple[int, ...] | None:
    axes = at.get("axes") if given is None else given
    return None if axes is None or np.size(axes) == 0 else tuple(int(axis) for axis in np.atleast_1d(axes))


def _reduce(function: Callable[..., Any]) -> Callable[..., Array]:
    def run(at: Attributes, x: Array, axes: Array | None = None) -> Array:
        if at.get("noop_with_empty_axes", 0) and _axes(at, axes) is None:
            return x
        found = function(x, axis=_axes(at, axes), keepdims=bool(at.get("keepdims", 1)))
        return np.asarray(found, x.dtype)

    return run


def _squeeze(at: Attributes, x: Array, axes: Array | None = None) -> Array:
    return np.squeeze(x, axis=_axes(at, axes))


def _unsqueeze(at: Attributes, x: Array, axes: Array | None = None) -> Array:
    return np.expand_dims(x, _axes(at, axes) or ())


def _reshape(at: Attributes, x: Array, shape: Array) -> Array:
    sizes = [int(size) for size in shape]
    if not at.get("allowzero", 0):
        sizes = [x.shape[i] if size == 0 else size for i, size in enumerate(sizes)]
    return x.reshape(sizes)


def _slice(
    at: Attributes,
    x: Array,
    starts: Array | None = None,
    ends: Array | None = None,
    axes: Array | None = None,
    steps: Array | None = None,
) -> Array:
    first = np.atleast_1d(at["starts"] if starts is None else starts)
    last = np.atleast_1d(at["ends"] if ends is None else ends)
    where = _axes(at, axes) or tuple(range(len(first)))
    pace = np.ones(len(first), np.int64) if steps is None else np.atleast_1d(steps)
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(where, first, last, pace, strict=True):
        stop = None if step < 0 and end < -x.shape[axis] else int(end)
        index[axis] = slice(int(start), stop, int(step))
    return x[tuple(index)]


def _gather(at: Attributes, x: Array, indices: Array) -> Array:
    return np.asarray(np.take(x, indices, axis=at.get("axis", 0)))


def _gather_nd(at: Attributes, x: Array, indices: Array) -> Array:
    lead, depth = at.get("batch_dims", 0), indices.shape[-1]
    grid = np.ix_(*(np.arange(size) for size in indices.shape[:-1])) if indices.ndim > 1 else ()
    batch = tuple(np.broadcast_to(axis, indices.shape[:-1]) for axis in grid[:lead])
    return np.asarray(x[(*batch, *(indices[..., k] for k in range(depth)))])


def _split(at: Attributes, x: Array, sizes: Array | None = None) -> tuple[Array, ...]:
    axis, parts = at.get("axis", 0), at.get("split") if sizes is None else sizes
    if parts is None and "num_outputs" in at:  # equal parts, the last may be smaller
        count = int(at["num_outputs"])
        if not 0 < count <= x.shape[axis]:
            raise UnsupportedError(f"with num_outputs={count} for {x.shape[axis]} values")
        parts = [-(-x.shape[axis] // count)] * (count - 1)
        return tuple(np.split(x, np.cumsum(parts), axis=axis))
    if parts is None:
        raise UnsupportedError("without the sizes of its parts")
    return tuple(np.split(x, np.cumsum(parts)[:-1], axis=axis))


def _gemm(at: Attributes, a: Array, b: Array, c: Array | None = None) -> Array:
    a, b = (a.T if at.get("transA", 0) else a), (b.T if at.get("transB", 0) else b)
    product = at.get("alpha", 1.0) * (a @ b)
    return np.asarray(product if c is None else product + at.get("beta", 1.0) * c, a.dtype)


def _by_rows(activation: str) -> Callable[..., Array]:
    """Return softmax or its logarithm along the last axis."""

    def run(at: Attributes, x: Array) -> Array:
        if at.get("axis", -1) not in (-1, x.ndim - 1):
            raise UnsupportedError("over another axis than the last")
        return np.asarray(activation_forward(x, activation), x.dtype)

    return run


def _dropout(at: Attributes, x: Array, ratio: Array | None = None, training: Array | None = None) -> Array:
    if (training is not None and np.ravel(training)[0]) or at.get("is_test", 1) == 0:
        raise UnsupportedError("in training mode")
    return x


def _cast(at: Attributes, x: Array) -> Array:
    if at["to"] not in _TYPES:
        raise UnsupportedError(f"to the type number {at['to']}")
    return np.asarray(x, _TYPES[at["to"]])


def _top_k(at: Attributes, x: Array, k: Array) -> tuple[Array, Array]:
    axis, count = at.get("axis", -1), int(np.ravel(k)[0])
    order = np.argsort(x if not at.get("largest", 1) else -x, axis=axis, kind="stable").take(range(count), axis)
    return np.take_along_axis(x, order, axis), order


def _one_hot(at: Attributes, indices: Array, depth: Array, values: Array) -> Array:
    size = int(np.ravel(depth)[0])
    hot = np.where(indices < 0, indices + size, indices)[..., np.newaxis] == np.arange(size)
    return np.moveaxis(np.where(hot, values[1], values[0]), -1, at.get("axis", -1))


def _pad(
    at: Attributes, x: Array, pads: Array | None = None, value: Array | None = None, axes: Array | None = None
) -> Array:
    if at.get("mode", "constant") != "constant":
        raise UnsupportedError(f"with mode={at['mode']!r:.20}")
    given = np.reshape(at["pads"] if pads is None else pads, (2, -1)).T
    if (given < 0).any():
        raise UnsupportedError("with negative pads")
    widths = np.zeros((x.ndim, 2), np.int64)
    widths[list(range(x.ndim) if axes is None else _axes(at, axes) or ())] = given
    fill = at.get("value", 0.0) if value is None else np.ravel(value)[0]
    return np.pad(x, widths, constant_values=fill)


def _clip(at: Attributes, x: Array, low: Array | None = None, high: Array | None = None) -> Array:
    bounds = at.get("min") if low is None else low, at.get("max") if high is None else high
    return np.asarray(np.clip(x, *bounds), x.dtype)


def _arg_max(at: Attributes, x: Array) -> Array:
    if at.get("select_last_index", 0):
        raise UnsupportedError("with select_last_index=1")
    return np.asarray(np.argmax(x, at.get("axis", 0), keepdims=bool(at.get("keepdims", 1))))


def _flatten(at: Attributes, x: Array) -> Array:
    axis = at.get("axis", 1)
    return x.reshape(int(np.prod(x.shape[:axis])), int(np.prod(x.shape[axis:])))


def _constant(at: Attributes) -> Array:
    (name,) = at
    if name not in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        raise UnsupportedError(f"with the attribute {name!r}")
    dtype = {"value": None, "value_float": np.float32, "value_floats": np.float32}.get(name, np.int64)
    return np.asarray(at[name], dtype)


def _constant_of_shape(at: Attributes, shape: Array) -> Array:
    value = at.get("value", np.zeros(1, np.float32))
    return np.full([int(size) for size in shape], np.ravel(value)[0])


def _expand(at: Attributes, x: Array, shape: Array) -> Array:
    return x * np.ones([int(size) for size in shape], x.dtype)


OPERATORS: dict[str, Callable[..., Any]] = {
    "Abs": _keeping(np.abs),
    "Add": _both(np.add),
    "And": _both(np.logical_and),
    "ArgMax": _arg_max,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": lambda at, *parts: np.concatenate(parts, axis=at["axis"]),
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Div": _both(_divide),
    "Dropout": _dropout,
    "Equal": _both(np.equal),
    "Exp": _keeping(np.exp),
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "GatherND": _gather_nd,
    "Gemm": _gemm,
    "Greater": _both(np.greater),
    "Identity": lambda at, x: x,
    "Less": _both(np.less),
    "Log": _keeping(np.log),
    "LogSoftmax": _by_rows("log_softmax"),
    "MatMul": _both(np.matmul),
    "Max": _both(np.maximum),
    "Min": _both(np.minimum),
    "Mul": _both(np.multiply),
    "Neg": _keeping(operator.neg),
    "OneHot": _one_hot,
    "Pad": _pad,
    "Range": lambda at, start, stop, step: np.arange(start, stop, step),
    "ReduceMax": _reduce(np.max),
    "ReduceMean": _reduce(np.mean),
    "ReduceSum": _reduce(np.sum),
    "Relu": _keeping(lambda x: np.maximum(x, 0)),
    "Reshape": _reshape,
    "Shape": lambda at, x: np.array(x.shape[at.get("start", 0) : at.get("end")], np.int64),
    "Sigmoid": _keeping(sigmoid),
    "Slice": _slice,
    "Softmax": _by_rows("softmax"),
    "Split": _split,
    "Squeeze": _squeeze,
    "Sub": _both(np.subtract),
    "Sum": _both(np.add),
    "Tanh": _keeping(np.tanh),
    "TopK": _top_k,
    "Transpose": lambda at, x: np.transpose(x, at.get("perm")),
    "Unsqueeze": _unsqueeze,
    "Where": lambda at, condition, a, b: np.where(condition, a, b),
}


_REDUCTIONS = {"axes", "keepdims", "noop_with_empty_axes"}
ATTRIBUTES: dict[str, set[str]] = {  # attributes per operator; operators outside the table have none
    "ArgMax": {"axis", "keepdims", "select_last_index"},
    "Cast": {"saturate", "to"},  # saturate concerns types that Elman does not read
    "Clip": {"max", "min"},
    "Concat": {"axis"},
    "Constant": {"value", "value_float", "value_floats", "value_int", "value_ints"},
    "ConstantOfShape": {"value"},
    "Dropout": {"is_test", "ratio", "seed"},
    "Flatten": {"axis"},
    "Gather": {"axis"},
    "GatherND": {"batch_dims"},
    "Gemm": {"alpha", "beta", "transA", "transB"},
    "OneHot": {"axis"},
    "Pad": {"mode", "pads", "value"},
    "ReduceMax": _REDUCTIONS,
    "ReduceMean": _REDUCTIONS,
    "ReduceSum": _REDUCTIONS,
    "Reshape": {"allowzero"},
    "Shape": {"end", "start"},
    "Slice": {"axes", "ends", "starts"},
    "LogSoftmax": {"axis"},
    "Softmax": {"axis"},
    "Split": {"axis", "num_outputs", "split"},
    "Squeeze": {"axes"},
    "TopK": {"axis", "largest", "sorted"},
    "Transpose": {"perm"},
    "Unsqueeze": {"axes"},
}
