"""The arguments of recurrent layers with layer normalization."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy.typing as npt

from elman._check.cells import cell_activation, cell_kind, check_has, check_may_have, recurrent_arrays
from elman._check.shapes import Array, Shapes
from elman._check.values import bptt_depth

Dtype: TypeAlias = npt.DTypeLike | None
Optional: TypeAlias = Array | None


class NormalizedArguments(NamedTuple):
    """Checked arguments of the forward pass of a recurrent layer with layer normalization."""

    cell: str
    x: Array
    h_0: Array
    c_0: Optional
    W_x: Array
    W_h: Array
    gain_h: Array
    gain_x: Optional
    gain_c: Optional
    b: Optional
    b_hn: Optional
    b_c: Optional
    activation: str
    lengths: Optional
    h_mask: Optional


class NormalizedBackwardArguments(NamedTuple):
    """Checked arguments of its backward pass."""

    cell: str
    dh: Optional
    x: Array
    h: Array
    c: Optional
    W_x: Array
    W_h: Array
    gain_h: Array
    gain_x: Optional
    gain_c: Optional
    b: Optional
    b_hn: Optional
    b_c: Optional
    activation: str
    lengths: Optional
    h_mask: Optional
    dh_T: Optional
    dc_T: Optional
    bptt_depth: int | None


def normalized_layer_forward(
    place: str,
    dtype: Dtype,
    cell: Any,
    x: Any,
    h_0: Any,
    c_0: Any,
    W_x: Any,
    W_h: Any,
    gain_h: Any,
    gain_x: Any,
    gain_c: Any,
    b: Any,
    b_hn: Any,
    b_c: Any,
    activation: Any,
    lengths: Any,
    h_mask: Any,
) -> NormalizedArguments:
    """Check the arguments of the forward pass of any cell."""
    kind = cell_kind(place, cell)
    check_has(place, cell, "c_0", c_0, kind.has_c)
    s = Shapes(place, dtype, x, h_0, c_0, W_x, W_h, gain_h, gain_x, gain_c, b, b_hn, b_c, h_mask)
    x, W_x, W_h = recurrent_arrays(s, x, W_x, W_h, kind.columns)
    return NormalizedArguments(
        cell,
        x,
        s.array("h_0", h_0, "N", "H"),
        s.array("c_0", c_0, "N", "H", optional=True),
        W_x,
        W_h,
        *_norms(s, cell, gain_h, gain_x, gain_c, b, b_hn, b_c),
        cell_activation(place, cell, activation),
        s.lengths(lengths),
        s.array("h_mask", h_mask, "N", "H", optional=True),
    )


def normalized_layer_backward(
    place: str,
    dtype: Dtype,
    cell: Any,
    dh: Any,
    x: Any,
    h: Any,
    c: Any,
    W_x: Any,
    W_h: Any,
    gain_h: Any,
    gain_x: Any,
    gain_c: Any,
    b: Any,
    b_hn: Any,
    b_c: Any,
    activation: Any,
    lengths: Any,
    h_mask: Any,
    dh_T: Any,
    dc_T: Any,
    depth: Any,
) -> NormalizedBackwardArguments:
    """Check the arguments of the backward pass of any cell."""
    kind = cell_kind(place, cell)
    check_has(place, cell, "c", c, kind.has_c)
    check_may_have(place, cell, "dc_T", dc_T, kind.has_c)
    s = Shapes(place, dtype, dh, x, h, c, W_x, W_h, gain_h, gain_x, gain_c, b, b_hn, b_c, h_mask, dh_T, dc_T)
    x, W_x, W_h = recurrent_arrays(s, x, W_x, W_h, kind.columns)
    return NormalizedBackwardArguments(
        cell,
        s.array("dh", dh, "T", "N", "H", optional=True),
        x,
        s.array("h", h, "T+1", "N", "H"),
        s.array("c", c, "T+1", "N", "H", optional=True),
        W_x,
        W_h,
        *_norms(s, cell, gain_h, gain_x, gain_c, b, b_hn, b_c),
        cell_activation(place, cell, activation),
        s.lengths(lengths),
        s.array("h_mask", h_mask, "N", "H", optional=True),
        s.array("dh_T", dh_T, "N", "H", optional=True),
        s.array("dc_T", dc_T, "N", "H", optional=True),
        bptt_depth(place, depth),
    )


def _norms(
    s: Shapes, cell: str, gain_h: Any, gain_x: Any, gain_c: Any, b: Any, b_hn: Any, b_c: Any
) -> tuple[Array, Optional, Optional, Optional, Optional, Optional]:
    """Check the gains and biases that the cell has."""
    kind = cell_kind(s.place, cell)
    check_has(s.place, cell, "gain_x", gain_x, kind.has_gates)
    check_has(s.place, cell, "gain_c", gain_c, kind.has_c)
    check_may_have(s.place, cell, "b_hn", b_hn, kind.has_b_hn)
    check_may_have(s.place, cell, "b_c", b_c, kind.has_c)
    return (
        s.array("gain_h", gain_h, kind.columns),
        s.array("gain_x", gain_x, kind.columns, optional=True),
        s.array("gain_c", gain_c, "H", optional=True),
        s.array("b", b, kind.columns, optional=True),
        s.array("b_hn", b_hn, "H", optional=True),
        s.array("b_c", b_c, "H", optional=True),
    )
