"""Architectures for all combinations of settings, and random data for them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from elman.network import Architecture, DropoutKey, Network, State

T, N, D, H, K = 4, 3, 2, 2, 2
LENGTHS = [4, 0, 2]
KEY = DropoutKey(seed=7, update=3, first_row=5, first_step=2)


def architectures() -> list[Architecture]:
    """Return every combination that an `Architecture` allows, of the sizes above."""
    both, dropped = (False, True), {"dropout": 0.3, "recurrent_dropout": 0.4}
    found: list[Architecture] = []
    for cell, layers, bidirectional, drop in product(("rnn", "lstm", "gru"), (1, 2), both, both):
        common: dict[str, Any] = {"cell": cell, "num_layers": layers, "bidirectional": bidirectional, "hidden_size": H}
        common |= dropped if drop else {}
        for readout, skip in product(("every", "last", "mean", "max"), both):
            if not skip or readout in ("every", "last"):
                found.append(Architecture(D, K, readout=readout, linear_skip=skip, **common))
        size = (1 + bidirectional) * H
        for readout, tied in product(("every", "last"), both):
            found.append(
                Architecture(
                    None, 5, vocabulary_size=5, embedding_size=size, tied_weights=tied, readout=readout, **common
                )
            )
        if cell == "lstm":
            projected = {"projection_size": 1, "hidden_size": (2, 3)[:layers]}
            found += [Architecture(D, K, readout=readout, **common | projected) for readout in ("every", "last", "max")]
            found.append(Architecture(D, K, bias=False, dense=(2,), readout="mean", **common | projected))
            if not bidirectional:
                projected |= {"reverse": True, "projection_size": 2, "hidden_size": 3}
                found.append(Architecture(D, K, **common | projected))
        normed: dict[str, Any] = common | {"layer_norm": True, "hidden_size": 3}
        if layers == 1 and drop == bidirectional:
            found += [Architecture(D, K, readout=readout, **normed) for readout in ("every", "last")]
            found.append(Architecture(None, K, vocabulary_size=5, bias=False, **normed))
            if cell == "lstm":
                found.append(Architecture(D, K, projection_size=2, **normed))
        if layers == 2 and cell == "lstm" and not drop and not bidirectional:
            found.append(Architecture(D, K, **normed))
        if not bidirectional:
            back: dict[str, Any] = {"reverse": True, "hidden_size": (3, 2)[:layers]}
            found += [Architecture(D, K, readout=readout, **common | back) for readout in ("every", "last", "max")]
            found.append(Architecture(None, K, vocabulary_size=5, embedding_size=2, **common | back))
        if layers == 2 and bidirectional:
            for mixed, readout in product(((True, False), (False, True)), ("every", "last", "mean")):
                found.append(Architecture(D, K, readout=readout, **common | {"bidirectional": mixed}))
            more = {"bidirectional": (False, True), "hidden_size": (3, 2)}
            found.append(Architecture(None, K, vocabulary_size=5, **common | more))
        if layers == 2:
            sizes = {"hidden_size": (3, 2), "dense": (3, 2), "dense_activation": ("tanh", "relu")}
            skip = {"linear_skip": True}
            found += [Architecture(D, K, readout=readout, **common | sizes) for readout in ("last", "mean", "max")]
            found.append(Architecture(D, K, bias=False, **common | sizes | skip | {"hidden_size": (1, 3)}))
            found.append(
                Architecture(None, 5, vocabulary_size=5, embedding_size=2, tied_weights=True, **common | sizes)
            )
        if layers == 1:
            found += [Architecture(None, K, vocabulary_size=size, **common) for size in (5, 40)]
            found.append(Architecture(D, K, readout="last", linear_skip=True, skip_steps=3, **common))
            found.append(Architecture(D, K, bias=False, **common))
    for activation in ("relu", "sigmoid", "identity"):
        found.append(Architecture(D, K, cell="rnn", activation=activation, hidden_size=H))
    return found


def identity(architecture: Architecture) -> str:
    """Name an architecture by its differences from the defaults."""
    default = Architecture(
        architecture.input_size, architecture.output_size, vocabulary_size=architecture.vocabulary_size
    )
    values, usual = vars(architecture), vars(default)
    changed = [
        f"{name}={value}"
        for name, value in values.items()
        if value != usual[name] and (name, value) != ("hidden_size", H)
    ]
    return " ".join([architecture.cell, f"V={architecture.vocabulary_size}", *changed])


@dataclass
class Case:
    """A network with random parameters, input, initial state and cotangents."""

    network: Network
    x: np.ndarray
    state: State
    key: DropoutKey | None
    lengths: list[int] | None
    do: np.ndarray
    d_state: State

    @classmethod
    def random(cls, architecture: Architecture, lengths: list[int] | None, seed: int = 0) -> Case:
        rng = np.random.default_rng(seed)
        network = Network.initialized(architecture, dtype=np.float64)
        network.theta[...] = rng.uniform(-1.0, 1.0, network.theta.size)
        if architecture.vocabulary_size is None:
            x = rng.standard_normal((T, N, D))
        else:
            x = rng.integers(0, architecture.vocabulary_size, (T, N))
        do = rng.standard_normal((T, N, architecture.output_size)[0 if architecture.readout == "every" else 1 :])
        if lengths is not None and architecture.readout == "every":
            do[np.arange(T)[:, np.newaxis] >= lengths] = 0.0
        parts = State.shape_of(architecture, N)
        states = []
        for _ in range(2):
            c = rng.standard_normal(parts) if architecture.cell == "lstm" else None
            states.append(State(rng.standard_normal(parts), c))
        key = KEY if architecture.dropout else None
        return cls(network, x, states[0], key, lengths, do, states[1])

    def forward(self):
        return self.network.forward(self.x, self.state, self.lengths, self.key, n_threads=1)

    def objective(self) -> float:
        """Return a scalar that depends on every output and on the final state."""
        tape = self.forward()
        final = tape.state
        total = np.sum(tape.o * self.do) + np.sum(final.h * self.d_state.h)
        return float(total if final.c is None else total + np.sum(final.c * self.d_state.c))
