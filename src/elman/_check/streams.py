"""The arguments of streaming."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman._check.cells import CELLS, cell_activation, cell_kind, check_has, check_may_have, one_hot_indices
from elman._check.shapes import Array, Shapes
from elman._check.values import boolean, choice, first_wrong
from elman.errors import ArgumentError

Optional: TypeAlias = Array | None

PRECISIONS = ("float32", "bfloat16", "int8")
MOST_INPUTS = (2**31 - 1) // 127**2  # of a product of 8-bit integers, whose sum then fits 32 bits


def pack_layer(
    place: str,
    dtype: npt.DTypeLike | None,
    cell: Any,
    W_x: Any,
    W_h: Any,
    b: Any,
    b_hn: Any,
    activation: Any,
    one_hot: Any,
    precision: Any,
) -> tuple[str, Array, Array, Optional, Optional, str, bool, str]:
    """Check the arguments of `pack_layer`."""
    precision = choice(place, "precision", precision, PRECISIONS)
    kind = cell_kind(place, cell)
    columns = kind.columns
    check_may_have(place, cell, "b_hn", b_hn, kind.has_b_hn)
    s = Shapes(place, dtype, W_x, W_h, b, b_hn)
    W_h = s.array("W_h", W_h, "H", columns)
    W_x = s.array("W_x", W_x, "D", columns)
    if precision != "float32":
        inputs = {"H": len(W_h)} if one_hot is True else {"H": len(W_h), "D": len(W_x)}
        check_inputs(place, precision, inputs)
        check_finite(place, "W_x", W_x)
        check_finite(place, "W_h", W_h)
    return (
        cell,
        W_x,
        W_h,
        s.array("b", b, columns, optional=True),
        s.array("b_hn", b_hn, "H", optional=True),
        cell_activation(place, cell, activation),
        boolean(place, "one_hot", one_hot),
        precision,
    )


def check_inputs(place: str, precision: str, sizes: Mapping[str, int]) -> None:
    """Refuse products of 8-bit integers whose sums could exceed 32 bits."""
    for name, size in sizes.items():
        if precision == "int8" and size > MOST_INPUTS:
            raise ArgumentError(f"{place}: with int8, {name} must be at most {MOST_INPUTS}, got {size}.")


def check_finite(place: str, name: str, W: Array) -> None:
    """Refuse weights that cannot be rounded."""
    if not np.isfinite(W).all():
        raise ArgumentError(f"{place}: {first_wrong(name, W, ~np.isfinite(W), 'finite')}")


def quantize(place: str, W: Any) -> Array:
    """Check the matrix of `quantize`."""
    with np.errstate(over="ignore"):  # of float64, reported below
        matrix = Shapes(place, np.float32).array("W", W, "K", "J")
    check_finite(place, "W", matrix)
    return matrix


def dequantize(place: str, q: Any, scale: Any) -> tuple[Array, Array]:
    """Check the arguments of `dequantize`."""
    return _quantized(Shapes(place, np.float32), q, scale, "K", "J")


def quantized_dense(place: str, h: Any, q: Any, scale: Any, b_y: Any) -> tuple[Array, Array, Array, Optional]:
    """Check the arguments of `quantized_dense`."""
    s = Shapes(place, np.float32)
    h = s.array("h", h, "N", "H")
    q, scale = _quantized(s, q, scale, "H", "K")
    check_inputs(place, "int8", {"H": len(q)})
    return h, q, scale, s.array("b_y", b_y, "K", optional=True)


def _quantized(s: Shapes, q: Any, scale: Any, rows: str, columns: str) -> tuple[Array, Array]:
    """Check quantized weights: int8 of at least -127, and scales."""
    q = s.integers("q", q, rows, columns)
    if q.dtype != np.int8:
        raise ArgumentError(f"{s.place}: q must hold int8, got dtype {q.dtype}.")
    if (q == -128).any():
        raise ArgumentError(f"{s.place}: {first_wrong('q', q, q == -128, 'at least -127')}")
    scale = s.array("scale", scale, columns)
    wrong = ~((scale >= 0) & np.isfinite(scale))
    if wrong.any():
        raise ArgumentError(f"{s.place}: {first_wrong('scale', scale, wrong, 'finite and not negative')}")
    return q, scale


def step(
    place: str, dtype: npt.DTypeLike, cell: str, D: int, H: int, one_hot: bool, x: Any, h: Any, c: Any
) -> tuple[Array, Array, Optional]:
    """Check the arguments of `step` for a layer of D inputs and H units: the state is changed in place."""
    s = Shapes(place, dtype)
    if one_hot:
        s.sizes["D"] = D
        x = one_hot_indices(s, s.integers("x", x, "N"))
    else:
        x = s.array("x", x, "N", D)
    h = s.in_place("h", h, "N", H)
    check_has(place, cell, "c", c, CELLS[cell].has_c)
    c = None if c is None else s.in_place("c", c, "N", H)
    for name, one, another in (("x and h", x, h), ("x and c", x, c), ("h and c", h, c)):
        if one is not None and another is not None and np.may_share_memory(one, another):
            raise ArgumentError(f"{place}: {name} share memory; they must be separate arrays.")
    return x, h, c
