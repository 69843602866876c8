"""Streaming: one step at a time, with the state updated in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.reference.layer import layer_forward
from elman.reference.quantization import product, quantize, rounded
from elman.reference.single import sigmoid_single, tanh_single


class PackedLayer(NamedTuple):
    """Checked weights of a layer; the engine's twin stores them in its kernels' layout.

    Examples
    --------
    >>> pack_layer("rnn", np.ones((2, 3)), np.eye(3)).cell
    'rnn'
    """

    cell: str
    W_x: Array
    W_h: Array
    b: Array | None
    b_hn: Array | None
    activation: str
    one_hot: bool
    precision: str = "float32"


def pack_layer(
    cell: str,
    W_x: npt.ArrayLike,
    W_h: npt.ArrayLike,
    b: npt.ArrayLike | None = None,
    b_hn: npt.ArrayLike | None = None,
    activation: str = "tanh",
    one_hot: bool = False,
    precision: str = "float32",
) -> PackedLayer:
    """Check and copy the weights of a layer once, for `step`.

    With ``precision="int8"`` the products are those of `quantized_dense`, x and h each with a scale of their own::

        a_t = b + x_t W_x + h_{t-1} W_h        from left to right, in float32

    and gates and states are float32, computed operation by operation in one order. In the engine such a step has the
    same bits on every instruction-set level.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        The GRU has the reset gate after the product.
    W_x : array_like (D, GH)
        Input weights, G = 1, 4 or 3 gates in the order of the cell.
    W_h : array_like (H, GH)
        Recurrent weights.
    b : array_like (GH,), optional
        Bias; None is zero.
    b_hn : array_like (H,), optional
        The GRU's bias inside the hidden product of n; None is zero.
    activation : {"tanh", "relu", "sigmoid", "identity"}
        Activation of the simple RNN.
    one_hot : bool
        Whether `step` takes integers, each for the one-hot row with 1 at that index of D.
    precision : {"float32", "bfloat16", "int8"}
        Of the weights W_x and W_h, which are `rounded` to it. The others than float32 make a layer of float32.

    Returns
    -------
    packed : PackedLayer
        A copy: later changes of the given arrays have no effect.

    Raises
    ------
    ShapeError
        If D or H disagree between arguments.
    ArgumentError
        If the cell, the activation or the precision is unknown; if a weight to be rounded is not finite, or D or H
        exceeds 133,144 with int8.

    Examples
    --------
    >>> packed = pack_layer("rnn", [[1.0]], [[1.0]])
    >>> h = np.zeros((1, 1))
    >>> for x_t in (1.0, 0.0):
    ...     step(packed, [[x_t]], h)
    ...     print(h.round(4))
    [[0.7616]]
    [[0.642]]
    """
    dtype = np.float64 if precision == "float32" else np.float32
    checked = _check.pack_layer("pack_layer", dtype, cell, W_x, W_h, b, b_hn, activation, one_hot, precision)
    cell, W_x, W_h, b, b_hn, activation, one_hot, precision = checked
    if precision != "float32":
        W_x, W_h = rounded(W_x, precision), rounded(W_h, precision)
    b, b_hn = (None if bias is None else bias.copy() for bias in (b, b_hn))
    return PackedLayer(cell, W_x.copy(), W_h.copy(), b, b_hn, activation, one_hot, precision)


def step(packed: PackedLayer, x: npt.ArrayLike, h: Array, c: Array | None = None) -> None:
    """Take one step of a stream and update the state in place.

    Gives the same numbers as the forward pass over the whole sequence; in the engine, the same bits.

    Parameters
    ----------
    packed : PackedLayer
        From `pack_layer`.
    x : array_like (N, D), or of integers (N,) for a layer packed with ``one_hot``
        The inputs of this step.
    h : ndarray (N, H)
        h_{t-1}, changed to h_t.
    c : ndarray (N, H), optional
        The LSTM's c_{t-1}, changed to c_t; None for the other cells.

    Raises
    ------
    ShapeError
        If N, D or H disagree with the layer.
    ArgumentError
        If h or c cannot be changed in place, or c is missing for an LSTM or given for another cell.
    DataError
        If an integer of x lies outside 0 … D−1.

    Examples
    --------
    >>> packed = pack_layer("lstm", np.zeros((1, 4)), np.zeros((1, 4)))
    >>> h, c = np.zeros((1, 1)), np.ones((1, 1))
    >>> step(packed, [[0.0]], h, c)                       # i = f = o = 1/2, g = 0
    >>> c, h.round(4)
    (array([[0.5]]), array([[0.2311]]))
    """
    D, H = len(packed.W_x), len(packed.W_h)
    x, h, c = _check.step("step", packed.W_x.dtype, packed.cell, D, H, packed.one_hot, x, h, c)
    if packed.precision == "int8":
        _int8_step(packed, x, h, c)
        return
    cell, W_x, W_h, b, b_hn, activation, _, _ = packed
    states = layer_forward(cell, x[np.newaxis], h, c, W_x, W_h, b, b_hn, activation)
    h[...] = states.h[1]
    if c is not None and states.c is not None:
        c[...] = states.c[1]


def _int8_step(packed: PackedLayer, x: Array, h: Array, c: Array | None) -> None:
    """Take one step with products of integers, every operation in float32."""
    cell, W_x, W_h, b, b_hn, activation, one_hot, _ = packed
    zero, one, H = np.float32(0), np.float32(1), len(W_h)
    a = (zero if b is None else b) + (W_x[x] if one_hot else product(x, *quantize(W_x)))
    a_h = product(h, *quantize(W_h))
    if cell == "rnn":
        h[...] = _ACTIVATIONS[activation](a + a_h)
    elif cell == "lstm" and c is not None:
        i, f, g, o = np.split(a + a_h, 4, axis=1)
        c[...] = sigmoid_single(f) * c + sigmoid_single(i) * tanh_single(g)
        h[...] = sigmoid_single(o) * tanh_single(c)
    else:
        r, z = np.split(sigmoid_single((a + a_h)[:, : 2 * H]), 2, axis=1)
        q = (zero if b_hn is None else b_hn) + a_h[:, 2 * H :]
        h[...] = z * h + (one - z) * tanh_single(r * q + a[:, 2 * H :])


_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": tanh_single,
    "sigmoid": sigmoid_single,
    "relu": lambda a: np.where(a < 0, np.float32(0), a),
    "identity": lambda a: a,
}
