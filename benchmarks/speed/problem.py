"""One comparison: the same inputs for every side, and the results of the float64 reference."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import reference
from speed.shapes import Shape

Array = npt.NDArray[Any]

# Largest difference from the reference, relative to its largest element. Gradients are sums over T·N terms.
TOLERANCE = {"h": 1e-4, "y": 1e-4, "loss": 1e-4}
GRADIENT_TOLERANCE = 1e-3


class Weights(NamedTuple):
    """Weights of one layer: (inputs, outputs), gates packed as in docs/notation.md; only the GRU has b_hn."""

    W_x: Array
    W_h: Array
    b: Array
    b_hn: Array | None


class Problem:
    """Random input, upstream gradient and weights of one shape, float32."""

    def __init__(self, shape: Shape, scale: float = 1.0) -> None:
        rng = np.random.default_rng(0)
        self.shape = shape
        self.x = (scale * rng.normal(size=(shape.T, shape.N, shape.D))).astype(np.float32)
        self.dh = (scale * rng.normal(size=(shape.T, shape.N, shape.H))).astype(np.float32)
        self.layers = [draw_weights(rng, shape, layer) for layer in range(shape.layers)]

    @cached_property
    def expected(self) -> dict[str, Array]:
        """Results of the reference in float64: h of the last layer and, for a single layer, the gradients."""
        x: Array = self.x
        for w in self.layers:
            zero, (W_x, W_h, b, b_hn) = np.zeros((self.shape.N, self.shape.H)), w
            c_0 = zero if self.shape.cell == "lstm" else None
            states = reference.layer_forward(self.shape.cell, x, zero, c_0, W_x, W_h, b, b_hn)
            inputs, x = x, states.h[1:]
        if self.shape.layers > 1 or self.shape.N == 1:
            return {"h": x}
        gradients = reference.layer_backward(self.shape.cell, self.dh, inputs, *states, W_x, W_h)
        return {"h": x, "dW_x": gradients.dW_x, "dW_h": gradients.dW_h, "db": gradients.db}

    def check(self, side: str, results: dict[str, Array]) -> float:
        """Compare with the reference; return the largest relative difference, or raise if it is too large."""
        return check(f"{self.shape.name}, {side}", results, self.expected)


def draw_weights(rng: np.random.Generator, shape: Shape, layer: int) -> Weights:
    """Draw the weights of a layer with the usual initialization: uniform, ±1/√H."""
    H, columns = shape.H, shape.gates * shape.H

    def draw(*size: int) -> Array:
        return rng.uniform(-1 / np.sqrt(H), 1 / np.sqrt(H), size).astype(np.float32)

    b_hn = draw(H) if shape.cell == "gru" else None
    return Weights(draw(shape.width(layer), columns), draw(H, columns), draw(columns), b_hn)


def check(what: str, results: dict[str, Array], expected: dict[str, Array]) -> float:
    """Return the largest difference relative to the largest element; end the run if it is too large."""
    worst = 0.0
    for name, value in results.items():
        if name not in expected:
            raise SystemExit(f"{what}: nothing to compare {name} with; nothing was timed")
        if value.shape != expected[name].shape:
            raise SystemExit(f"{what}: {name} has shape {value.shape}, not {expected[name].shape}; nothing was timed")
        difference = float(np.abs(value - expected[name]).max() / np.abs(expected[name]).max())
        if not difference < TOLERANCE.get(name, GRADIENT_TOLERANCE):
            raise SystemExit(f"{what}: {name} differs from the reference by {difference:.2g}; nothing was timed")
        worst = max(worst, difference)
    return worst
