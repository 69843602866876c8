"""A small network unrolled in time by `elman.reference`: all states forward, and single steps backward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import reference
from elman.network import Architecture, State
from elman.network.parameters import layer_prefix

Array = npt.NDArray[Any]
Weights = Mapping[str, Array]


class Part(NamedTuple):
    """A part of a chain's state: h or c of one layer."""

    name: str
    layer: int  # from 0
    first: int
    size: int

    @property
    def where(self) -> slice:
        """Indices of the part among the S components."""
        return slice(self.first, self.first + self.size)


class StepBack(NamedTuple):
    """Adjoints of one backward step of one layer, for a single row."""

    dx: Array  # (D,)
    dh: Array  # (H,)
    dc: Array | None
    da: Array  # (G H,): pre-activations
    dq: Array | None  # (H,): product inside a GRU's candidate
    gradients: dict[str, Array]


@dataclass(frozen=True)
class LayerRun:
    """One recurrent layer and direction after its forward pass, in its own order of time.

    x (T, N, D), h and c (T+1, N, H), gates (T, N, 4H).
    """

    prefix: str
    cell: str
    activation: str
    x: Array
    weights: dict[str, Array]
    h: Array
    c: Array | None
    gates: Array | None

    def back(self, k: int, n: int, dh: Array, dc: Array | None) -> StepBack:
        """Take adjoints (H,) of row n's state after step k back through that step."""
        here, span = slice(k - 1, k), slice(k - 1, k + 1)
        x, h, w = self.x[here, n : n + 1], self.h[span, n : n + 1], self.weights
        c = None if self.c is None else self.c[span, n : n + 1]
        gates = None if self.gates is None else self.gates[here, n : n + 1]
        dx, dh_0, dc_0, dW_x, dW_h, db, dq = reference.layer_backward(
            self.cell,
            dh[np.newaxis, np.newaxis],
            x,
            h,
            c,
            gates,
            w["W_x"],
            w["W_h"],
            self.activation,
            dc_T=None if dc is None else dc[np.newaxis],
        )
        gradients = {"W_x": dW_x, "W_h": dW_h, "b": db} | ({} if dq is None else {"b_hn": dq})
        named = {self.prefix + name: value for name, value in gradients.items() if name in w}
        return StepBack(dx[0, 0], dh_0[0], None if dc_0 is None else dc_0[0], db, dq, named)


class ChainBack(NamedTuple):
    """Adjoints of one backward step of all layers, for a single row."""

    ds: Array  # (S,): previous states
    dx: Array  # (D,): input of the lowest layer
    gradients: dict[str, Array]
    layers: list[tuple[Array, Array | None, StepBack]]  # per layer: incoming dh and dc, and the step's result


class Chain:
    """All layers of one direction: the state s_t holds h (and c) of every layer.

    Parameters
    ----------
    name : {"forward", "reverse"}
        Direction in time.
    layers : list of LayerRun
        The lowest first.
    """

    def __init__(self, name: str, layers: list[LayerRun]) -> None:
        self.name, self.layers = name, layers
        self.reverse = name == "reverse"
        self.steps = len(layers[0].x)
        self.parts: list[Part] = []
        first = 0
        for number, layer in enumerate(layers):
            size = layer.h.shape[2]
            for letter in ("h",) if layer.c is None else ("h", "c"):
                self.parts.append(Part(letter, number, first, size))
                first += size
        self.size = first

    def time(self, k: int) -> int:
        """Return the sequence's step of the chain's step k; 0 and T+1 are the initial states."""
        return self.steps + 1 - k if self.reverse else k

    def part(self, name: str, layer: int) -> Part:
        """Return the part of the state that is h or c of a layer."""
        return next(part for part in self.parts if (part.name, part.layer) == (name, layer))

    @property
    def top(self) -> Part:
        """The top layer's h, which the output layer reads."""
        return self.part("h", len(self.layers) - 1)

    def back(self, k: int, n: int, ds: Array) -> ChainBack:
        """Take the adjoint (S,) of row n's state after step k back through that step."""
        before = np.zeros(self.size)
        gradients: dict[str, Array] = {}
        passed: list[tuple[Array, Array | None, StepBack]] = []
        dx: Array | float = 0.0
        for number in reversed(range(len(self.layers))):
            layer = self.layers[number]
            part = self.part("h", number).where
            dh, dc = ds[part] + dx, None
            if layer.c is not None:
                dc = ds[self.part("c", number).where]
            step = layer.back(k, n, dh, dc)
            before[part] = step.dh
            if step.dc is not None:
                before[self.part("c", number).where] = step.dc
            gradients.update(step.gradients)
            passed.insert(0, (dh, dc, step))
            dx = step.dx
        return ChainBack(before, np.asarray(dx), gradients, passed)


class Unrolled:
    """A forward pass over a batch that keeps every state.

    Parameters
    ----------
    architecture : Architecture
        Bidirectional networks of one layer; without dropout.
    weights : mapping of str to ndarray
        float64, by the names of `ParameterLayout`.
    x : ndarray (T, N, D), or of integers (T, N)
        Input.
    state : State, optional
        Initial state; zeros if not given.
    """

    def __init__(self, architecture: Architecture, weights: Weights, x: Array, state: State | None = None) -> None:
        self.architecture, self.weights, self.x = architecture, weights, x
        self.steps, self.rows = x.shape[0], x.shape[1]
        self.entering = self._entering()
        state = state or State.zeros(architecture, self.rows, np.float64)
        names = ("forward", "reverse")[: len(architecture.layer_backwards(0))]
        self.chains = [Chain(name, self._layers(direction, state)) for direction, name in enumerate(names)]
        self._read()

    def _entering(self) -> Array:
        """Return the input of the lowest layer (T, N, D): values, rows of the embedding, or one-hot rows."""
        if not self.architecture.takes_indices:
            return self.x
        if self.architecture.embedding_size is not None:
            return reference.embedding_forward(self.x, self.weights["embedding"])
        return np.eye(self.architecture.layer_input_size(0))[self.x]

    def _layers(self, direction: int, state: State) -> list[LayerRun]:
        x = self.entering[::-1] if direction else self.entering
        layers = []
        for number in range(self.architecture.num_layers):
            index = self.architecture.first_part(number) + direction
            h_0, c_0 = state.part(index, self.architecture.layer_size(number))
            layers.append(self._run(layer_prefix(number, direction), x, h_0, c_0))
            x = layers[-1].h[1:]
        return layers

    def _run(self, prefix: str, x: Array, h_0: Array, c_0: Array | None) -> LayerRun:
        cell, activation = self.architecture.cell, self.architecture.activation
        names = ("W_x", "W_h", "b", "b_hn")
        w = {name: self.weights[prefix + name] for name in names if prefix + name in self.weights}
        states = reference.layer_forward(cell, x, h_0, c_0, w["W_x"], w["W_h"], w.get("b"), w.get("b_hn"), activation)
        return LayerRun(prefix, cell, activation, x, w, *states)

    def _read(self) -> None:
        """Fill outputs (T, N, R), r, o and ŷ."""
        tops = [chain.layers[-1].h[1:] for chain in self.chains]
        in_time = [top[::-1] if chain.reverse else top for chain, top in zip(self.chains, tops, strict=True)]
        self.outputs = np.concatenate(in_time, axis=2)
        readout = self.architecture.readout
        if readout == "every":
            self.r = self.outputs
        elif readout == "last":
            self.r = np.concatenate([top[-1] for top in tops], axis=1)
        else:
            self.r = self.outputs.mean(axis=0) if readout == "mean" else self.outputs.max(axis=0)
        self.o = reference.dense_forward(self.r, self.W_y, self.weights.get("output.b_y"))
        if "skip.W_k" in self.weights:
            self.o = self.o + reference.dense_forward(self.skipped, self.weights["skip.W_k"])
        self.yhat = reference.activation_forward(self.o, self.architecture.output)

    @property
    def W_y(self) -> Array:
        """The output weights; with tied weights the transposed embedding."""
        return self.weights["embedding"].T if self.architecture.tied_weights else self.weights["output.W_y"]

    @property
    def skipped(self) -> Array:
        """Input of the linear skip: every input, or the last ones concatenated, zeros before the first."""
        if self.architecture.readout == "every":
            return self.x
        count = self.architecture.skip_steps
        padded = np.concatenate([np.zeros((count, *self.x.shape[1:])), self.x])[-count:]
        return np.concatenate(list(padded), axis=1)

    @property
    def reads(self) -> list[int | None]:
        """Steps that have an output; None for the one output of a mean or a maximum."""
        readout = self.architecture.readout
        if readout == "every":
            return list(range(1, self.steps + 1))
        return [self.steps if readout == "last" else None]

    def output(self, t: int | None, values: Array) -> Array:
        """Return the rows of ``values`` (T, N, …) or (N, …) that belong to output t."""
        row: Array = values[t - 1] if self.architecture.readout == "every" and t is not None else values
        return row

    def readings(self, chain: Chain) -> list[tuple[int | None, int, Array]]:
        """Return output, step of the chain and element-wise ∂r/∂h (N, H) for every state that is read."""
        T, readout = self.steps, self.architecture.readout
        ones = np.ones((self.rows, chain.top.size))
        if readout == "every":
            return [(chain.time(k), k, ones) for k in range(1, T + 1)]
        if readout == "last":
            return [(T, T, ones)]
        if readout == "mean":
            return [(None, k, ones / T) for k in range(1, T + 1)]
        h = chain.layers[-1].h[1:]
        by_time = h[::-1] if chain.reverse else h
        first = np.argmax(by_time, axis=0)  # the first of equal maxima
        return [(None, k, (first == chain.time(k) - 1) * 1.0) for k in range(1, T + 1)]
