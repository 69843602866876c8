"""Single steps of a stream with packed weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.engine._native import kernels, twin
from elman.reference.quantization import dequantize, rounded


@twin
def pack_layer(
    cell: str,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    b: npt.ArrayLike | None = None,
    b_hn: npt.ArrayLike | None = None,
    activation: str = "tanh",
    one_hot: bool = False,
    precision: str = "float32",
) -> Any:
    dtype = None if precision == "float32" else np.float32
    checked = _check.pack_layer("pack_layer", dtype, cell, W_x, W_h, b, b_hn, activation, one_hot, precision)
    cell, W_x, W_h, *others = checked
    if precision != "float32":
        W_x, W_h = rounded(W_x, precision), rounded(W_h, precision)
    return kernels.pack_layer(cell, W_x, W_h, *others)


@twin
def step(packed: Any, x: npt.ArrayLike, h: Array, c: Array | None = None) -> None:
    layer = packed.input_size, packed.hidden_size, packed.one_hot
    kernels.step(packed, *_check.step("step", np.dtype(packed.dtype), packed.cell, *layer, x, h, c))


@twin
def quantized_dense(
    h: npt.ArrayLike, q: npt.ArrayLike, scale: npt.ArrayLike, b_y: npt.ArrayLike | None = None
) -> Array:
    h, q, scale, b_y = _check.quantized_dense("quantized_dense", h, q, scale, b_y)
    o = np.empty((len(h), len(scale)), np.float32)
    kernels.narrow_dense(h, dequantize(q, scale), b_y, o, "int8")
    return o
