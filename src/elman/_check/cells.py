"""The arguments of the recurrent layers."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman._check.shapes import Array, Shapes, plain
from elman._check.values import bptt_depth, choice, within
from elman.errors import DataError

CELL_ACTIVATIONS = ("tanh", "relu", "sigmoid", "identity")
RESETS = ("after", "before")

Dtype: TypeAlias = npt.DTypeLike | None
Optional: TypeAlias = Array | None


def rnn_forward(
    place: str,
    dtype: Dtype,
    x: Any,
    h_0: Any,
    W_x: Any,
    W_h: Any,
    b: Any,
    activation: Any,
    lengths: Any,
    h_mask: Any,
) -> tuple[Array, Array, Array, Array, Optional, str, Optional, Optional]:
    """Check the arguments of `rnn_forward`."""
    s = Shapes(place, dtype, x, h_0, W_x, W_h, b, h_mask)
    x, W_x, W_h = _layer(s, x, W_x, W_h, "H")
    return (
        x,
        s.array("h_0", h_0, "N", "H"),
        W_x,
        W_h,
        s.array("b", b, "H", optional=True),
        choice(place, "activation", activation, CELL_ACTIVATIONS),
        s.lengths(lengths),
        s.array("h_mask", h_mask, "N", "H", optional=True),
    )


def rnn_backward(
    place: str,
    dtype: Dtype,
    dh: Any,
    x: Any,
    h: Any,
    W_x: Any,
    W_h: Any,
    activation: Any,
    lengths: Any,
    h_mask: Any,
    dh_T: Any,
    depth: Any,
) -> tuple[Optional, Array, Array, Array, Array, str, Optional, Optional, Optional, int | None]:
    """Check the arguments of `rnn_backward`."""
    s = Shapes(place, dtype, dh, x, h, W_x, W_h, h_mask, dh_T)
    x, W_x, W_h = _layer(s, x, W_x, W_h, "H")
    return (
        s.array("dh", dh, "T", "N", "H", optional=True),
        x,
        s.array("h", h, "T+1", "N", "H"),
        W_x,
        W_h,
        choice(place, "activation", activation, CELL_ACTIVATIONS),
        s.lengths(lengths),
        s.array("h_mask", h_mask, "N", "H", optional=True),
        s.array("dh_T", dh_T, "N", "H", optional=True),
        bptt_depth(place, depth),
    )


def lstm_forward(
    place: str,
    dtype: Dtype,
    x: Any,
    h_0: Any,
    c_0: Any,
    W_x: Any,
    W_h: Any,
    b: Any,
    peepholes: Any,
    lengths: Any,
    h_mask: Any,
) -> tuple[Array, Array, Array, Array, Array, Optional, Optional, Optional, Optional]:
    """Check the arguments of `lstm_forward`."""
    s = Shapes(place, dtype, x, h_0, c_0, W_x, W_h, b, peepholes, h_mask)
    x, W_x, W_h = _layer(s, x, W_x, W_h, "4H")
    return (
        x,
        s.array("h_0", h_0, "N", "H"),
        s.array("c_0", c_0, "N", "H"),
        W_x,
        W_h,
        s.array("b", b, "4H", optional=True),
        s.array("peepholes", peepholes, 3, "H", optional=True),
        s.lengths(lengths),
        s.array("h_mask", h_mask, "N", "H", optional=True),
    )


def lstm_backward(
    place: str,
    dtype: Dtype,
    dh: Any,
    x: Any,
    h: Any,
    c: Any,
    gates: Any,
    W_x: Any,
    W_h: Any,
    peepholes: Any,
    lengths: Any,
    h_mask: Any,
    dh_T: Any,
    dc_T: Any,
    depth: Any,
) -> tuple[
    Optional,
    Array,
    Array,
    Array,
    Array,
    Array,
    Array,
    Optional,
    Optional,
    Optional,
    Optional,
    Optional,
    int | None,
]:
    """Check the arguments of `lstm_backward`."""
    s = Shapes(place, dtype, dh, x, h, c, gates, W_x, W_h, peepholes, h_mask, dh_T, dc_T)
    x, W_x, W_h = _layer(s, x, W_x, W_h, "4H")
    return (
        s.array("dh", dh, "T", "N", "H", optional=True),
        x,
        s.array("h", h, "T+1", "N", "H"),
        s.array("c", c, "T+1", "N", "H"),
        s.array("gates", gates, "T", "N", "4H"),
        W_x,
        W_h,
        s.array("peepholes", peepholes, 3, "H", optional=True),
        s.lengths(lengths),
        s.array("h_mask", h_mask, "N", "H", optional=True),
        s.array("dh_T", dh_T, "N", "H", optional=True),
        s.array("dc_T", dc_T, "N", "H", optional=True),
        bptt_depth(place, depth),
    )


def gru_forward(
    place: str,
    dtype: Dtype,
    x: Any,
    h_0: Any,
    W_x: Any,
    W_h: Any,
    b: Any,
    b_hn: Any,
    reset: Any,
    lengths: Any,
    h_mask: Any,
) -> tuple[Array, Array, Array, Array, Optional, Optional, str, Optional, Optional]:
    """Check the arguments of `gru_forward`."""
    s = Shapes(place, dtype, x, h_0, W_x, W_h, b, b_hn, h_mask)
    x, W_x, W_h = _layer(s, x, W_x, W_h, "3H")
    return (
        x,
        s.array("h_0", h_0, "N", "H"),
        W_x,
        W_h,
        s.array("b", b, "3H", optional=True),
        s.array("b_hn", b_hn, "H", optional=True),
        choice(place, "reset", reset, RESETS),
        s.lengths(lengths),
        s.array("h_mask", h_mask, "N", "H", optional=True),
    )


def gru_backward(
    place: str,
    dtype: Dtype,
    dh: Any,
    x: Any,
    h: Any,
    gates: Any,
    W_x: Any,
    W_h: Any,
    reset: Any,
    lengths: Any,
    h_mask: Any,
    dh_T: Any,
    depth: Any,
) -> tuple[Optional, Array, Array, Array, Array, Array, str, Optional, Optional, Optional, int | None]:
    """Check the arguments of `gru_backward`."""
    s = Shapes(place, dtype, dh, x, h, gates, W_x, W_h, h_mask, dh_T)
    x, W_x, W_h = _layer(s, x, W_x, W_h, "3H")
    return (
        s.array("dh", dh, "T", "N", "H", optional=True),
        x,
        s.array("h", h, "T+1", "N", "H"),
        s.array("gates", gates, "T", "N", "4H"),
        W_x,
        W_h,
        choice(place, "reset", reset, RESETS),
        s.lengths(lengths),
        s.array("h_mask", h_mask, "N", "H", optional=True),
        s.array("dh_T", dh_T, "N", "H", optional=True),
        bptt_depth(place, depth),
    )


def _layer(s: Shapes, x: Any, W_x: Any, W_h: Any, columns: str) -> tuple[Array, Array, Array]:
    """Bind T, N, D from x and H from W_h, the one weight whose two sides both tell H; x may hold the places of ones."""
    values = plain(s.place, "x", x)
    ones = values.ndim == 2 and values.dtype.kind in "iu"
    x = s.integers("x", x, "T", "N") if ones else s.array("x", x, "T", "N", "D")
    W_h = s.array("W_h", W_h, "H", columns)
    W_x = s.array("W_x", W_x, "D", columns)
    return one_hot_places(s, x) if ones else x, W_x, W_h


def one_hot_places(s: Shapes, x: Array) -> Array:
    """Return x as int64, each between 0 and D-1."""
    last = s.sizes["D"] - 1
    within(s.place, "x", x, last, f"D-1 = {last}", DataError)
    return np.ascontiguousarray(x, np.int64)
