"""Conversion between Elman's recurrent layers and ONNX's: order of gates, transposed weights, two halves of biases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import UnsupportedError
from elman.interop.onnx_activations import Activation
from elman.interop.onnx_attributes import USUAL, Recurrence
from elman.network import Architecture
from elman.network.parameters import layer_prefix

__all__ = ["OURS", "THEIRS", "Weights", "attributes_of", "parameters_of", "plain_activation", "weights_of"]

Array = npt.NDArray[Any]

# For each block in ONNX's order (i, o, f, c and z, r, h) the index of that block in Elman's (i, f, g, o and r, z, n).
THEIRS = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
OURS = {cell: tuple(np.argsort(order).tolist()) for cell, order in THEIRS.items()}
ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid", "identity": "Affine"}


class Weights(NamedTuple):
    """Weights of one recurrent node: W (directions, G·H, D), R (directions, G·H, H), B (directions, 2·G·H) or None.

    With a projection R is (directions, 4H, P); the node needs its product with W_pᵀ.
    """

    W: Array
    R: Array
    B: Array | None


def _reordered(blocks: Array, order: tuple[int, ...]) -> Array:
    """Return an array (…, G·H) with its blocks of columns in another order."""
    parts = np.split(blocks, len(order), axis=-1)
    return np.concatenate([parts[place] for place in order], axis=-1)


def weights_of(architecture: Architecture, parameters: Mapping[str, Array], layer: int) -> Weights:
    """Return the weights of a layer as ONNX stores them.

    Parameters
    ----------
    architecture : Architecture
        Architecture of the network.
    parameters : mapping of str to ndarray
        By the names of `elman.network.ParameterLayout`.
    layer : int
        From 0.

    Returns
    -------
    Weights

    Examples
    --------
    >>> architecture = Architecture(1, 1, cell="gru", hidden_size=1)
    >>> named = {"layers.0.W_x": np.array([[1.0, 2, 3]]), "layers.0.W_h": np.array([[4.0, 5, 6]])}
    >>> named |= {"layers.0.b": np.array([7.0, 8, 9]), "layers.0.b_hn": np.array([10.0])}
    >>> [array.ravel().tolist() for array in weights_of(architecture, named, 0)]
    [[2.0, 1.0, 3.0], [5.0, 4.0, 6.0], [8.0, 7.0, 9.0, 0.0, 0.0, 10.0]]
    """
    order = THEIRS[architecture.cell]
    W, R, B = [], [], []
    for direction in range(len(architecture.layer_backwards(layer))):
        prefix = layer_prefix(layer, direction)
        W.append(_reordered(parameters[prefix + "W_x"], order).T)
        R.append(_reordered(parameters[prefix + "W_h"], order).T)
        if prefix + "b" in parameters:
            first = _reordered(parameters[prefix + "b"], order)
            second = np.zeros_like(first)
            if architecture.kind.has_b_hn:
                second[-architecture.layer_size(layer) :] = parameters[prefix + "b_hn"]
            B.append(np.concatenate([first, second]))
    return Weights(np.stack(W), np.stack(R), np.stack(B) if B else None)


def parameters_of(cell: str, weights: Weights, layer: int) -> dict[str, Array]:
    """Return the weights of a node as Elman stores them, by name; the inverse of `weights_of`.

    Elman stores the sum of the two halves of the biases, except for a GRU's candidate, which needs both.
    """
    found: dict[str, Array] = {}
    for direction, (W, R) in enumerate(zip(weights.W, weights.R, strict=True)):
        prefix, order = layer_prefix(layer, direction), OURS[cell]
        found[prefix + "W_x"] = _reordered(W.T, order)
        found[prefix + "W_h"] = _reordered(R.T, order)
        both = np.zeros(2 * len(W), W.dtype) if weights.B is None else weights.B[direction]
        first, second = (_reordered(half, order) for half in np.split(both, 2))
        if _check.CELLS[cell].has_b_hn:
            H = R.shape[1]
            found[prefix + "b_hn"] = second[-H:].copy()
            second[-H:] = 0.0
        found[prefix + "b"] = first + second
    return found


def attributes_of(architecture: Architecture, layer: int) -> dict[str, Any]:
    """Return the attributes of a layer's node.

    Examples
    --------
    >>> attributes_of(Architecture(1, 1, cell="rnn", activation="identity", hidden_size=3), 0)
    {'hidden_size': 3, 'activations': ['Affine'], 'activation_alpha': [1.0], 'activation_beta': [0.0]}
    """
    found: dict[str, Any] = {"hidden_size": architecture.layer_size(layer)}
    backwards = architecture.layer_backwards(layer)
    if any(backwards):
        found["direction"] = "bidirectional" if len(backwards) == 2 else "reverse"
    if architecture.cell == "gru":
        found["linear_before_reset"] = 1
    if architecture.activation != "tanh":
        count = len(backwards)
        found["activations"] = [ACTIVATIONS[architecture.activation]] * count
        if architecture.activation == "identity":
            found |= {"activation_alpha": [1.0] * count, "activation_beta": [0.0] * count}
    return found


def plain_activation(place: str, node: Recurrence, has_peepholes: bool) -> str:
    """Return the activation of the Elman layer that equals a node.

    Raises
    ------
    UnsupportedError
        With the attribute that no layer of a network has.
    """

    def refuse(what: str) -> UnsupportedError:
        return UnsupportedError(
            f"{place}: {what}, which no layer of an Elman network has.\n"
            "  Hint: elman.interop.onnx_run.run_graph runs the file."
        )

    if node.clip is not None:
        raise refuse(f"clip={node.clip:g}")
    if node.input_forget:
        raise refuse("input_forget=1")
    if has_peepholes:
        raise refuse("peepholes (the input P)")
    if node.op == "GRU" and not node.linear_before_reset:
        raise refuse("linear_before_reset=0 (the reset before the product)")
    if len(set(node.activations)) > 1:
        raise refuse("different activations in the two directions")
    ours = node.activations[0]
    if node.op == "RNN":
        known = {Activation(name, float(name == "Affine")): own for own, name in ACTIVATIONS.items()}
        if ours[0] in known:
            return known[ours[0]]
    elif tuple(f.name for f in ours) == USUAL[node.op]:
        return "tanh"
    raise refuse(f"activations={[f.name for f in ours]}")
