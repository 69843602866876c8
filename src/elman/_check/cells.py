"""The arguments of the recurrent layers, and the arrays that each cell has."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from elman._check.shapes import Array, Shapes, plain
from elman._check.values import bptt_depth, choice, within
from elman.errors import ArgumentError, DataError

CELL_ACTIVATIONS = ("tanh", "relu", "sigmoid", "identity")
RESETS = ("after", "before")

Dtype: TypeAlias = npt.DTypeLike | None
Optional: TypeAlias = Array | None


class CellKind(NamedTuple):
    """The arrays that layers of one cell have."""

    gates: str  # a letter for each block of H columns in the weights
    columns: str  # of the weights, as a size of `Shapes`
    has_c: bool
    has_gates: bool  # stored by the forward pass, (T, N, 4H)
    has_b_hn: bool


CELLS = {
    "rnn": CellKind("h", "H", has_c=False, has_gates=False, has_b_hn=False),
    "lstm": CellKind("ifgo", "4H", has_c=True, has_gates=True, has_b_hn=False),
    "gru": CellKind("rzn", "3H", has_c=False, has_gates=True, has_b_hn=True),
}
_NAMES = tuple(CELLS)


class ForwardArguments(NamedTuple):
    """Checked arguments of a forward pass, in the order of the kernel; peepholes, which it does not take, last."""

    cell: str
    activation: str
    x: Array
    h_0: Array
    c_0: Any  # ndarray if the cell has it, else None
    W_x: Array
    W_h: Array
    b: Optional
    b_hn: Optional
    lengths: Optional
    h_mask: Optional
    peepholes: Optional


class BackwardArguments(NamedTuple):
    """Checked arguments of a backward pass, in the order of the kernel, which takes neither peepholes nor depth."""

    cell: str
    activation: str
    dh: Optional
    dh_T: Optional
    dc_T: Optional
    x: Array
    h: Array
    c: Any  # ndarray if the cell has it, else None
    gates: Any  # likewise
    W_x: Array
    W_h: Array
    lengths: Optional
    h_mask: Optional
    peepholes: Optional
    bptt_depth: int | None


def layer_forward(
    place: str,
    dtype: Dtype,
    cell: Any,
    x: Any,
    h_0: Any,
    c_0: Any,
    W_x: Any,
    W_h: Any,
    b: Any,
    b_hn: Any,
    activation: Any,
    lengths: Any,
    h_mask: Any,
    peepholes: Any = None,
) -> ForwardArguments:
    """Check the arguments of the forward pass of any cell."""
    kind = cell_kind(place, cell)
    check_has(place, cell, "c_0", c_0, kind.has_c)
    check_may_have(place, cell, "b_hn", b_hn, kind.has_b_hn)
    s = Shapes(place, dtype, x, h_0, c_0, W_x, W_h, b, b_hn, peepholes, h_mask)
    x, W_x, W_h = recurrent_arrays(s, x, W_x, W_h, kind.columns)
    return ForwardArguments(
        cell,
        cell_activation(place, cell, activation),
        x,
        s.array("h_0", h_0, "N", "H"),
        s.array("c_0", c_0, "N", "H", optional=True),
        W_x,
        W_h,
        s.array("b", b, kind.columns, optional=True),
        s.array("b_hn", b_hn, "H", optional=True),
        s.lengths(lengths),
        s.array("h_mask", h_mask, "N", "H", optional=True),
        s.array("peepholes", peepholes, 3, "H", optional=True),
    )


def layer_backward(
    place: str,
    dtype: Dtype,
    cell: Any,
    dh: Any,
    x: Any,
    h: Any,
    c: Any,
    gates: Any,
    W_x: Any,
    W_h: Any,
    activation: Any,
    lengths: Any,
    h_mask: Any,
    dh_T: Any,
    dc_T: Any,
    depth: Any,
    peepholes: Any = None,
) -> BackwardArguments:
    """Check the arguments of the backward pass of any cell."""
    kind = cell_kind(place, cell)
    check_has(place, cell, "c", c, kind.has_c)
    check_has(place, cell, "gates", gates, kind.has_gates)
    check_may_have(place, cell, "dc_T", dc_T, kind.has_c)
    s = Shapes(place, dtype, dh, x, h, c, gates, W_x, W_h, peepholes, h_mask, dh_T, dc_T)
    x, W_x, W_h = recurrent_arrays(s, x, W_x, W_h, kind.columns)
    return BackwardArguments(
        cell,
        cell_activation(place, cell, activation),
        s.array("dh", dh, "T", "N", "H", optional=True),
        s.array("dh_T", dh_T, "N", "H", optional=True),
        s.array("dc_T", dc_T, "N", "H", optional=True),
        x,
        s.array("h", h, "T+1", "N", "H"),
        s.array("c", c, "T+1", "N", "H", optional=True),
        s.array("gates", gates, "T", "N", "4H", optional=True),
        W_x,
        W_h,
        s.lengths(lengths),
        s.array("h_mask", h_mask, "N", "H", optional=True),
        s.array("peepholes", peepholes, 3, "H", optional=True),
        bptt_depth(place, depth),
    )


def cell_kind(place: str, cell: Any) -> CellKind:
    """Return the arrays of a cell, or refuse its name."""
    return CELLS[choice(place, "cell", cell, _NAMES)]


def cell_activation(place: str, cell: str, activation: Any) -> str:
    """Return the activation, which only a simple recurrent layer chooses."""
    name = choice(place, "activation", activation, CELL_ACTIVATIONS)
    if cell != "rnn" and name != "tanh":
        raise ArgumentError(f"{place}: activation={name!r} needs cell='rnn', got cell={cell!r}.")
    return name


def check_may_have(place: str, cell: str, name: str, value: Any, has: bool) -> None:
    """Refuse an array that the cell does not have."""
    if value is not None and not has:
        raise ArgumentError(f"{place}: {name} must be None for {cell!r}.")


def check_has(place: str, cell: str, name: str, value: Any, has: bool) -> None:
    """Refuse an array that the cell does not have, and a missing one that it has."""
    if (value is None) == has:
        raise ArgumentError(f"{place}: {name} must be {'given' if has else 'None'} for {cell!r}.")


def recurrent_arrays(s: Shapes, x: Any, W_x: Any, W_h: Any, columns: str) -> tuple[Array, Array, Array]:
    """Bind T, N, D from x and H from W_h; an integer x holds the indices of one-hot rows."""
    values = plain(s.place, "x", x)
    ones = values.ndim == 2 and values.dtype.kind in "iu"
    x = s.integers("x", x, "T", "N") if ones else s.array("x", x, "T", "N", "D")
    W_h = s.array("W_h", W_h, "H", columns)
    W_x = s.array("W_x", W_x, "D", columns)
    return one_hot_indices(s, x) if ones else x, W_x, W_h


def one_hot_indices(s: Shapes, x: Array) -> Array:
    """Return x as int64, each between 0 and D-1."""
    last = s.sizes["D"] - 1
    within(s.place, "x", x, last, f"D-1 = {last}", DataError)
    return np.ascontiguousarray(x, np.int64)
