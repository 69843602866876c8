"""Single steps of a stream with packed weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.engine._native import kernels, twin


@twin
def pack_layer(
    cell: str,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    b: npt.ArrayLike | None = None,
    b_hn: npt.ArrayLike | None = None,
    activation: str = "tanh",
    one_hot: bool = False,
) -> Any:
    return kernels.pack_layer(*_check.pack_layer("pack_layer", None, cell, W_x, W_h, b, b_hn, activation, one_hot))


@twin
def step(packed: Any, x: npt.ArrayLike, h: Array, c: Array | None = None) -> None:
    layer = packed.input_size, packed.hidden_size, packed.one_hot
    kernels.step(packed, *_check.step("step", np.dtype(packed.dtype), packed.cell, *layer, x, h, c))
