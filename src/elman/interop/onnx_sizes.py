"""Bounds of the values that a node would compute: a file of a few bytes can request any size.

Every count is an upper bound from shapes and from the numbers that determine sizes. Work counts too: a product of n
multiply-adds as n / 256 values, a step of a recurrent node beyond the first thousand as at least 256.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, inf, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import DataError

__all__ = ["recurrent_size", "values_wanted"]

Array = npt.NDArray[Any]

_PER_VALUE = 256  # multiply-adds that take at most as long as computing and storing a value
_FREE_STEPS = 1000
_FREE = ("Shape", "Constant")  # their outputs are small or exist already
_OF_TEXT = (
    "ArgMax", "Constant", "Flatten", "Gather", "GatherND", "Identity", "Reshape", "Shape", "Slice", "Squeeze",
    "Transpose", "Unsqueeze", "Where",
)  # fmt: skip


def values_wanted(op: str, attributes: Mapping[str, Any], given: Sequence[Array | None]) -> float:
    """Return an upper bound of a node's values, or of its work in units of values.

    Parameters
    ----------
    op : str
        Operator.
    attributes : mapping of str
        Attributes of the node.
    given : sequence of ndarray or None
        Inputs.

    Raises
    ------
    DataError
        If an input is text, whose length has no bound.

    Examples
    --------
    >>> values_wanted("MatMul", {}, [np.ones((1000, 1)), np.ones((1, 2000))])
    2000000.0
    >>> values_wanted("Range", {}, [np.array(0.0), np.array(1.0), np.array(1e-9)])
    1000000000.0
    """
    arrays = [np.asarray(array) for array in given if array is not None]
    if op not in _OF_TEXT and any(array.dtype.kind not in "biuf" for array in arrays):
        raise DataError(f"{op} does not take text")
    if op in _FREE or not arrays:
        return 0.0
    own = {"Concat": _concat, "ConstantOfShape": _filled, "Expand": _expand, "OneHot": _one_hot, "Range": _range}
    if op in own:
        return own[op](arrays)
    if op in ("Gather", "GatherND") and len(arrays) == 2:
        return _gather(attributes, *arrays) if op == "Gather" else _gather_nd(attributes, *arrays)
    if op in ("MatMul", "Gemm") and len(arrays) > 1:
        return max(_product(op, attributes, arrays[0].shape, arrays[1].shape), _broadcast(arrays[2:]))
    if op == "Pad":
        pads = attributes.get("pads", ()) if len(arrays) < 2 else arrays[1]
        return _padded(arrays[0], np.ravel(np.asarray(pads, np.float64)))
    if op == "TopK" and len(arrays) == 2:
        return float(arrays[0].size) + abs(_number(arrays[1]))
    return _broadcast(arrays)


def recurrent_size(X: Array, R: Array) -> float:
    """Return the number of states of a recurrent node, or their work; X is (T, N, D), R (directions, gates H, H)."""
    steps, each = X.shape[0], float(X.shape[1]) * R.shape[0] * R.shape[2]
    work = each * (X.shape[2] + R.shape[2]) * R.shape[1] / max(R.shape[2], 1) / _PER_VALUE
    return float(max(steps * each, steps * work, (steps - _FREE_STEPS) * _PER_VALUE))


def _padded(x: Array, pads: Array) -> float:
    """Return the values of x with so many more at the ends of its axes."""
    return float(prod(size + float(np.abs(pads).sum()) for size in x.shape) if len(pads) else x.size)


def _number(array: Array) -> float:
    """Return the first value, which is a size."""
    return float(np.ravel(array)[0]) if array.size else 0.0


def _broadcast(arrays: Sequence[Array]) -> float:
    """Return the size of the result of broadcasting."""
    depth = max((array.ndim for array in arrays), default=0)
    shapes = [(1,) * (depth - array.ndim) + array.shape for array in arrays]
    return float(prod(max(sizes) for sizes in zip(*shapes, strict=True))) if arrays else 0.0


def _concat(arrays: Sequence[Array]) -> float:
    return float(sum(array.size for array in arrays))


def _filled(arrays: Sequence[Array]) -> float:
    return float(np.prod(np.maximum(np.asarray(arrays[-1], np.float64), 1.0)))


def _expand(arrays: Sequence[Array]) -> float:
    return _filled(arrays) * max(arrays[0].size, 1)


def _one_hot(arrays: Sequence[Array]) -> float:
    return max(arrays[0].size, 1) * abs(_number(arrays[1])) if len(arrays) > 1 else 0.0


def _range(arrays: Sequence[Array]) -> float:
    if len(arrays) != 3:
        return 0.0
    start, stop, step = map(_number, arrays)
    count = (stop - start) / step if step else inf
    return float(max(ceil(count), 0)) if abs(count) < 2.0**53 else inf


def _gather(attributes: Mapping[str, Any], x: Array, indices: Array) -> float:
    axis = attributes.get("axis", 0)
    if not isinstance(axis, int) or not -x.ndim <= axis < x.ndim:
        return 0.0  # refused when it is run
    axis %= x.ndim
    return float(prod(x.shape[:axis])) * prod(x.shape[axis + 1 :]) * indices.size


def _gather_nd(attributes: Mapping[str, Any], x: Array, indices: Array) -> float:
    if indices.ndim == 0:
        return 0.0
    fixed = max(int(attributes.get("batch_dims", 0)), 0) + indices.shape[-1]
    return float(prod(indices.shape[:-1]) * (prod(x.shape[fixed:]) + indices.shape[-1] + 1))


def _product(op: str, attributes: Mapping[str, Any], a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """Return the size of a matrix product, or its work in units of values."""
    if op == "Gemm":
        a = a[::-1] if attributes.get("transA", 0) else a
        b = b[::-1] if attributes.get("transB", 0) else b
    a = (1, *a) if len(a) < 2 else a
    b = (*b, 1) if len(b) < 2 else b
    depth = max(len(a), len(b)) - 2
    leads = [(1,) * (depth + 2 - len(shape)) + shape[:-2] for shape in (a, b)]
    lead = float(prod(max(sizes) for sizes in zip(*leads, strict=True)))
    size = lead * (a[-2] if len(a) > 1 else 1) * b[-1]
    return max(size, size * a[-1] / _PER_VALUE)
