"""Random recurrent nodes, every attribute and every optional input among them, each a function of its number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
PER_DIRECTION = {"RNN": 1, "LSTM": 3, "GRU": 2}
INPUTS = {
    "RNN": ("X", "W", "R", "B", "sequence_lens", "initial_h"),
    "GRU": ("X", "W", "R", "B", "sequence_lens", "initial_h"),
    "LSTM": ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"),
}
# ranges of alpha and beta; None where the function has no such number
ACTIVATIONS: dict[str, tuple[tuple[float, float] | None, tuple[float, float] | None]] = {
    "Relu": (None, None),
    "Tanh": (None, None),
    "Sigmoid": (None, None),
    "Affine": ((0.2, 0.9), (-0.3, 0.3)),
    "LeakyRelu": ((0.01, 0.5), None),
    "ThresholdedRelu": ((0.1, 0.8), None),
    "ScaledTanh": ((0.5, 1.2), (0.3, 1.0)),
    "HardSigmoid": ((0.1, 0.4), (0.3, 0.6)),
    "Elu": ((0.3, 1.2), None),
    "Softsign": (None, None),
    "Softplus": (None, None),
}


@dataclass
class Configuration:
    """A node: operator, attributes, and its inputs, None where there is none."""

    op: str
    attributes: dict[str, Any]
    inputs: list[Array | None]
    sizes: dict[str, int] = field(default_factory=dict)

    def features(self) -> set[str]:
        """Name what is unusual about it, for the counts."""
        found = set(self.attributes) - {"hidden_size", "activation_alpha", "activation_beta"}
        if "activation_alpha" in self.attributes:
            found.add("alpha")
        if "activation_beta" in self.attributes:
            found.add("beta")
        return found | {n for n, v in zip(INPUTS[self.op], self.inputs, strict=True) if v is not None} - {"X", "W", "R"}


def configuration(number: int, largest: tuple[int, int, int, int] = (8, 6, 7, 10)) -> Configuration:
    """Return configuration ``number``; ``largest`` bounds T, N, D and H from above."""
    rng = np.random.default_rng([2026, number])
    op = str(rng.choice(["RNN", "LSTM", "GRU"]))
    T, N, D, H = (int(rng.integers(1, top)) for top in largest)
    direction = str(rng.choice(["forward", "reverse", "bidirectional"]))
    directions = 2 if direction == "bidirectional" else 1
    attributes: dict[str, Any] = {"hidden_size": H}
    if direction != "forward" or rng.random() < 0.3:
        attributes["direction"] = direction
    if rng.random() < 0.5:
        attributes |= activations(rng, PER_DIRECTION[op] * directions)
    if rng.random() < 0.4:
        attributes["clip"] = float(np.float32(rng.uniform(0.05, 1.0)))
    if op == "GRU" and rng.random() < 0.6:
        attributes["linear_before_reset"] = int(rng.integers(0, 2))
    if op == "LSTM" and rng.random() < 0.4:
        attributes["input_forget"] = int(rng.integers(0, 2))
    if rng.random() < 0.25:
        attributes["layout"] = 1

    def normal(*shape: int, scale: float = 1.0) -> Array:
        return (scale * rng.normal(size=shape)).astype(np.float32)

    rows_first = "layout" in attributes
    state = (N, directions, H) if rows_first else (directions, N, H)
    width = GATES[op] * H
    inputs: list[Array | None] = [
        normal(N, T, D) if rows_first else normal(T, N, D),
        normal(directions, width, D, scale=0.8 / np.sqrt(D)),
        normal(directions, width, H, scale=0.8 / np.sqrt(H)),
        normal(directions, 2 * width, scale=0.5) if rng.random() < 0.7 else None,
        rng.integers(1, T + 1, size=N).astype(np.int32) if rng.random() < 0.5 else None,
        normal(*state) if rng.random() < 0.5 else None,
    ]
    if op == "LSTM":
        inputs.append(normal(*state) if rng.random() < 0.5 else None)
        inputs.append(normal(directions, 3 * H, scale=0.7) if rng.random() < 0.5 else None)
    return Configuration(op, attributes, inputs, {"T": T, "N": N, "D": D, "H": H})


def activations(rng: np.random.Generator, count: int) -> dict[str, Any]:
    """Draw activations with numbers for those that take one."""
    names = [str(name) for name in rng.choice(list(ACTIVATIONS), size=count)]
    found: dict[str, Any] = {"activations": names}
    for place, which in enumerate(("activation_alpha", "activation_beta")):
        ranges = [ACTIVATIONS[name][place] for name in names]
        numbers = [float(np.float32(rng.uniform(*limits))) for limits in ranges if limits is not None]
        if numbers:
            found[which] = numbers
    return found
