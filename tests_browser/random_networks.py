"""Random small networks of every cell, loss, readout and depth, traced by the reference."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman.explain import trace
from elman.network import Architecture, Network, State

LOSSES = {
    "half_squared_error": ("identity", "tanh", "relu", "sigmoid", "softmax"),
    "mean_squared_error": ("identity", "tanh", "relu", "sigmoid", "softmax"),
    "binary_cross_entropy": ("sigmoid",),
    "categorical_cross_entropy": ("softmax",),
}
CELLS = [("rnn", activation) for activation in ("tanh", "sigmoid", "relu", "identity")] + [
    ("lstm", "tanh"),
    ("gru", "tanh"),
]


class Sizes(NamedTuple):
    """Steps, rows, inputs, hidden units, outputs."""

    T: int
    N: int
    D: int
    H: int
    K: int


def worked(
    seed: int,
    cell: tuple[str, str],
    loss: str,
    output: str,
    readout: str,
    depth: int | None,
    sizes: Sizes,
    reduction: str = "mean",
    bias: bool = True,
) -> dict[str, Any]:
    """Return the document of a network with random weights, data and initial state."""
    rng, (T, N, D, H, K) = np.random.default_rng(seed), sizes
    architecture = Architecture(
        D, K, cell=cell[0], activation=cell[1], hidden_size=H, readout=readout, output=output, bias=bias
    )
    network = Network.initialized(architecture, seed=seed, dtype=np.float64)
    network.theta[:] = rng.normal(0, 0.5, network.theta.size)
    shape = (T, N) if readout == "every" else (N,)
    y: Any = rng.integers(0, K, size=shape) if loss == "categorical_cross_entropy" else rng.uniform(size=(*shape, K))
    state = State(rng.normal(size=(1, N, H)), rng.normal(size=(1, N, H)) if cell[0] == "lstm" else None)
    options = {"loss": loss, "reduction": reduction, "bptt_depth": depth}
    return trace(network, rng.normal(size=(T, N, D)), y, state=state, **options).to_dict()


def drawn(seed: int) -> dict[str, Any]:
    """Return network number ``seed``: cell, loss, readout and depth go round, the rest is random."""
    rng = np.random.default_rng(seed)
    loss = list(LOSSES)[seed % 4]
    sizes = Sizes(*(int(rng.integers(1, most + 1)) for most in (6, 3, 3, 4, 3)))
    return worked(
        seed,
        CELLS[seed % len(CELLS)],
        loss,
        str(rng.choice(LOSSES[loss])),
        str(rng.choice(["every", "last"])),
        [None, 1, 2, 3][seed // 5 % 4],
        sizes,
        str(rng.choice(["mean", "sum"])),
        bool(rng.integers(0, 4)),
    )
