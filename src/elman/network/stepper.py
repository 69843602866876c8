"""The native steppers of a network, bound to the arrays of a stream."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.network.architecture import Architecture
from elman.network.parameters import dense_prefix, layer_prefix
from elman.network.state import State
from elman.network.tapes import Tapes

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
        return _drawn(self.step_index, self._out[0], index, u, first)

    def _step_others(self) -> None:
        for stepper in self._others:
            stepper.step()
        if self._W_k is not None:
            kernels.dense_forward(self._x, self._W_k, None, self._out, True, 1)
            kernels.activation_forward(self._out, self._output, self._out)


class NormalizedSteps:
    """Steps of a network with layer normalization, by its forward pass over one step; used like the native stepper.

    Parameters
    ----------
    architecture : Architecture
        Of the network.
    weights : mapping of str to ndarray
        Its parameters.
    W_y : ndarray (R, K)
        Weights of the output layer.
    arrays : StepArrays
        Of the stream.
    """

    def __init__(
        self, architecture: Architecture, weights: Mapping[str, Array], W_y: Array, arrays: StepArrays
    ) -> None:
        self._E, self._arrays, self._rows = weights.get("embedding"), arrays, len(arrays.out)
        self._size = architecture.vocabulary_size or 0
        if self._E is not None:  # the stream looks indices up
            plain: dict[str, Any] = {"vocabulary_size": None, "embedding_size": None, "tied_weights": False}
            architecture = replace(architecture, input_size=self._E.shape[1], **plain)
        named = {name: value for name, value in weights.items() if name != "embedding"} | {"output.W_y": W_y}
        tapes = Tapes(architecture, named, arrays.out.dtype)
        self._tape = tapes.tape((1, self._rows), None, False)
        self._state = State.zeros(architecture, self._rows, arrays.out.dtype)

    def step(self) -> None:
        """Take one step of every row."""
        x, h, c, out = self._arrays
        for layer, own in enumerate(h):
            self._state.put(layer, own, c[layer] if c else None)
        self._tape.run(x[np.newaxis], self._state, None, 1)
        out[...] = self._tape.activated().reshape(out.shape)
        after = self._tape.state
        for layer, own in enumerate(h):
            own[...], own_c = after.part(layer, own.shape[1])
            if c:
                c[layer][...] = own_c

    def step_index(self, index: int) -> None:
        """Take one step of a single row with an index."""
        if self._rows != 1 or not 0 <= operator.index(index) < self._size:
            raise IndexError("index")
        self._arrays.x[0] = index if self._E is None else self._E[index]
        self.step()

    def draw(self, index: int, u: Array, first: int) -> list[int]:
        """Take one step per random number; the index drawn from each output is the next input."""
        return _drawn(self.step_index, self._arrays.out[0], index, u, first)


def _drawn(step: Callable[[int], None], out: Array, index: int, u: Array, first: int) -> list[int]:
    """Take one step per random number; the index drawn from each output is the next input."""
    drawn: list[int] = []
    for number in u:
        step(index)
        index = kernels.draw(out, number, first)
        drawn.append(index)
    return drawn


def bound_stepper(architecture: Architecture, weights: Mapping[str, Array], arrays: StepArrays, precision: str) -> Any:
    """Return the native stepper of a network, or what takes its place with projections or layer normalization.

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
    if architecture.layer_norm:
        return NormalizedSteps(architecture, weights, W_y, arrays)
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
