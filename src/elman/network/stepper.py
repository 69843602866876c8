"""The native steppers of a network, bound to the arrays of a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.network.architecture import Architecture
from elman.network.parameters import dense_prefix, layer_prefix

Array = npt.NDArray[Any]


class StepArrays(NamedTuple):
    """Arrays of a stream that its steps read and write.

    Parameters
    ----------
    x : ndarray (N, D), or of int64 (N,)
        Input of the lowest layer.
    h, c : list of ndarray (N, H)
        States of each layer; c is empty without cell states.
    out : ndarray (N, K)
        The activated output.
    """

    x: Array
    h: list[Array]
    c: list[Array]
    out: Array


class ProjectedSteps:
    """One native stepper per layer, used like the native stepper of a whole network.

    The output layer of each stepper is the projection of its layer, and below the top the input of the next one. The
    linear skip reads the input of the network, which the stepper of the top layer does not have, so it is added here.

    Parameters
    ----------
    steppers : sequence of Stepper
        The lowest first.
    arrays : StepArrays
        Of the stream.
    W_k : ndarray (D, K), optional
        Weights of the skip; out is then without activation before it is added.
    output : str
        Activation after the skip.
    """

    def __init__(self, steppers: Sequence[Any], arrays: StepArrays, W_k: Array | None, output: str) -> None:
        self._lowest, *self._others = steppers
        self._x, self._out, self._W_k, self._output = arrays.x, arrays.out, W_k, output

    def step(self) -> None:
        """Take one step of every row."""
        self._lowest.step()
        self._step_others()

    def step_index(self, index: int) -> None:
        """Take one step of a single row with an index."""
        self._lowest.step_index(index)
        self._step_others()

    def draw(self, index: int, u: Array, first: int) -> list[int]:
        """Take one step per random number; the index drawn from each output is the next input."""
        drawn: list[int] = []
        for number in u:
            self.step_index(index)
            index = kernels.draw(self._out[0], number, first)
            drawn.append(index)
        return drawn

    def _step_others(self) -> None:
        for stepper in self._others:
            stepper.step()
        if self._W_k is not None:
            kernels.dense_forward(self._x, self._W_k, None, self._out, True, 1)
            kernels.activation_forward(self._out, self._output, self._out)


def bound_stepper(architecture: Architecture, weights: Mapping[str, Array], arrays: StepArrays, precision: str) -> Any:
    """Return the native stepper of a network, or steppers of its layers if they have projections.

    Parameters
    ----------
    architecture : Architecture
        Of the network.
    weights : mapping of str to ndarray
        Its parameters, rounded to the precision; embeddings and the W_x of one-hot rows are not copied.
    arrays : StepArrays
        Of the stream.
    precision : str
        Of the weights.
    """
    make = partial(kernels.Stepper, architecture.cell, architecture.activation)
    E, W_k, b_y = (weights.get(name) for name in ("embedding", "skip.W_k", "output.b_y"))
    W_y = weights.get("output.W_y")
    if W_y is None:
        W_y = np.array(weights["embedding"].T, order="C")  # tied
    layers, hidden = _layers(architecture, weights, arrays), _hidden(architecture, weights, arrays.out)
    if architecture.projection_size is None:
        return make(layers, hidden, architecture.output, arrays.x, E, W_y, b_y, W_k, arrays.out, precision)
    x, steppers = arrays.x, list[Any]()
    for index, layer in enumerate(layers):
        W_p = weights[layer_prefix(index, 0) + "W_p"]
        r = np.empty((len(arrays.out), W_p.shape[1]), W_p.dtype)
        if index + 1 < len(layers):
            steppers.append(make([layer], [], "identity", x, E, W_p, None, None, r, precision))
            x, E = r, None
    output = architecture.output if W_k is None else "identity"
    hidden = [(W_p, None, "identity", r), *hidden]
    steppers.append(make([layer], hidden, output, x, E, W_y, b_y, None, arrays.out, precision))
    return ProjectedSteps(steppers, arrays, W_k, architecture.output)


def _layers(architecture: Architecture, weights: Mapping[str, Array], arrays: StepArrays) -> list[tuple[Any, ...]]:
    """Return W_x, W_h, b, b_hn, h and c of each layer; with a projection W_h is the product W_p W_h."""
    found = []
    for index, h in enumerate(arrays.h):
        prefix = layer_prefix(index, 0)
        W_x, W_h, W_p, b, b_hn = (weights.get(prefix + name) for name in ("W_x", "W_h", "W_p", "b", "b_hn"))
        if W_p is not None and W_h is not None:
            product = np.empty((len(W_p), W_h.shape[1]), W_h.dtype)
            kernels.dense_forward(W_p, W_h, None, product, False, 1)
            W_h = product
        found.append((W_x, W_h, b, b_hn, h, arrays.c[index] if arrays.c else None))
    return found


def _hidden(architecture: Architecture, weights: Mapping[str, Array], out: Array) -> list[tuple[Any, ...]]:
    """Return W, b, the activation and the output of each hidden dense layer."""
    found = []
    for index, activation in enumerate(architecture.dense_activations):
        W, b = (weights.get(dense_prefix(index) + name) for name in "Wb")
        found.append((W, b, activation, np.empty((len(out), architecture.dense[index]), out.dtype)))
    return found
