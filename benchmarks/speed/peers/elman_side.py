"""Elman: the raw kernels with memory allocated once, as in a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from speed.peers import Run
from speed.problem import Problem

Array = npt.NDArray[Any]


def empty(*shape: int) -> Array:
    return np.zeros(shape, np.float32)


class Layer:
    """One layer with the memory that a network reuses between steps."""

    def __init__(self, problem: Problem, n_threads: int = 1) -> None:
        shape, weights = problem.shape, problem.layers[0]
        T, N, D, H, columns = shape.T, shape.N, shape.D, shape.H, shape.gates * shape.H
        self.cell, self.n_threads = shape.cell, n_threads
        self.x, self.dh = problem.x, problem.dh
        self.W_x, self.W_h, self.b, self.b_hn = weights
        self.h, self.c, self.gates = empty(T + 1, N, H), empty(T + 1, N, H), empty(T, N, 4 * H)
        self.dh_0, self.dc_0, self.db_hn = empty(N, H), empty(N, H), empty(H)
        self.dW_x, self.dW_h, self.db = empty(D, columns), empty(H, columns), empty(columns)

    def forward(self, keep: bool = False) -> None:
        """Compute h of every step; with ``keep`` also the values for the backward pass."""
        start, weights = (self.x, None, None), (self.W_x, self.W_h, self.b, self.b_hn)  # from zeros
        states = self.h, self.c, self.gates if keep else None
        kernels.layer_forward(self.cell, "tanh", *start, *weights, None, None, *states, self.n_threads)

    def backward(self) -> None:
        """Compute the gradients of the weights and of the initial state."""
        given = self.dh, None, None, self.x, self.h, self.c, self.gates, self.W_x, self.W_h
        plain = None, None, False, None  # no lengths, no mask, all paths, no dx
        gradients = self.dh_0, self.dc_0, self.dW_x, self.dW_h, self.db, self.db_hn
        kernels.layer_backward(self.cell, "tanh", *given, *plain, *gradients, False, self.n_threads)

    def train(self) -> None:
        self.forward(keep=True)
        self.backward()


def train(problem: Problem, n_threads: int = 1) -> dict[str, Run]:
    """Forward and full backward."""
    layer = Layer(problem, n_threads)

    def result() -> dict[str, Array]:
        layer.train()
        return {"h": layer.h[1:], "dW_x": layer.dW_x, "dW_h": layer.dW_h, "db": layer.db}

    return {"kernels": Run(layer.train, result)}


def forward(problem: Problem) -> dict[str, Run]:
    """Forward, without values for a backward pass."""
    layer = Layer(problem)

    def result() -> dict[str, Array]:
        layer.forward()
        return {"h": layer.h[1:]}

    return {"kernels": Run(layer.forward, result)}


def stream(problem: Problem) -> dict[str, Run]:
    """One step at a time, in place, weights packed once."""
    shape = problem.shape
    h, c = (empty(len(problem.layers), 1, shape.H) for _ in range(2))
    cells = c if shape.cell == "lstm" else [None] * len(c)
    layers = [
        (*(*weights, None)[:4], own_h, own_c) for weights, own_h, own_c in zip(problem.layers, h, cells, strict=True)
    ]
    x = problem.x[0].copy()
    no_output = {"E": None, "W_y": None, "b_y": None, "W_k": None, "y": None}
    step = kernels.Stepper(shape.cell, "tanh", layers, [], "identity", x=x, **no_output).step

    def result() -> dict[str, Array]:
        h[...], c[...] = 0, 0
        outputs = []
        for row in problem.x:
            x[...] = row
            step()
            outputs.append(h[-1].copy())
        return {"h": np.stack(outputs)}

    return {"kernels.Stepper": Run(step, result)}
