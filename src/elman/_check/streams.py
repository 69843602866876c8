"""The arguments of streaming."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman._check.cells import CELLS, cell_activation, cell_kind, check_has, check_may_have, one_hot_indices
from elman._check.shapes import Array, Shapes
from elman._check.values import boolean
from elman.errors import ArgumentError

Optional: TypeAlias = Array | None


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
) -> tuple[str, Array, Array, Optional, Optional, str, bool]:
    """Check the arguments of `pack_layer`."""
    kind = cell_kind(place, cell)
    columns = kind.columns
    check_may_have(place, cell, "b_hn", b_hn, kind.has_b_hn)
    s = Shapes(place, dtype, W_x, W_h, b, b_hn)
    W_h = s.array("W_h", W_h, "H", columns)
    return (
        cell,
        s.array("W_x", W_x, "D", columns),
        W_h,
        s.array("b", b, columns, optional=True),
        s.array("b_hn", b_hn, "H", optional=True),
        cell_activation(place, cell, activation),
        boolean(place, "one_hot", one_hot),
    )


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
