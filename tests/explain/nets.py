"""Small networks, lessons, and the contribution of a single path without a backward pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from elman import explain
from elman.explain.unrolled import Unrolled
from elman.network import Architecture, Network, State

T, N, D, K, H = 3, 2, 2, 2, 2
lesson = cache(explain.lesson)  # worked once for all tests, which only read it


def random_network(architecture: Architecture, seed: int = 5) -> Network:
    """Return a float64 network whose biases differ from zero too."""
    network = Network.initialized(architecture, seed=seed, dtype=np.float64)
    network.theta[:] += np.random.default_rng(seed).normal(0, 0.2, network.theta.size)
    return network


def architectures() -> Iterator[Architecture]:
    """Yield every kind of network that a trace may have."""
    for cell in ("rnn", "lstm", "gru"):
        for readout in ("every", "last", "mean", "max"):
            yield Architecture(
                D, K, cell=cell, hidden_size=H, readout=readout, bidirectional=readout in ("last", "max")
            )
        yield Architecture(D, K, cell=cell, hidden_size=H, num_layers=2)
        yield Architecture(D, K, cell=cell, hidden_size=H, num_layers=2, readout="last", bias=False)
        yield Architecture(D, K, cell=cell, hidden_size=H, bidirectional=True)
    for activation in ("sigmoid", "identity", "relu"):
        yield Architecture(D, K, cell="rnn", hidden_size=H, activation=activation)
    for output in ("sigmoid", "softmax", "tanh", "relu"):
        yield Architecture(D, K, cell="gru", hidden_size=H, output=output)
    yield Architecture(D, K, cell="rnn", hidden_size=H, linear_skip=True)
    yield Architecture(D, K, cell="gru", hidden_size=H, linear_skip=True, readout="last", skip_steps=2)
    yield Architecture(None, 4, cell="rnn", hidden_size=H, vocabulary_size=4)
    yield Architecture(None, 4, cell="lstm", hidden_size=H, vocabulary_size=4, embedding_size=2, tied_weights=True)


def example(architecture: Architecture, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y for the mean squared error."""
    rng = np.random.default_rng(seed)
    V = architecture.vocabulary_size
    x = rng.normal(size=(T, N, D)) if V is None else rng.integers(0, V, size=(T, N))
    shape = (T, N) if architecture.readout == "every" else (N,)
    return x, rng.uniform(0.1, 0.9, size=(*shape, architecture.output_size))


@cache
def worked(architecture: Architecture) -> explain.Trace:
    """Return the trace of one update of a random network, worked once for all tests, which only read it."""
    return explain.trace(random_network(architecture), *example(architecture), learning_rate=0.3)


def loss_with_own_step(
    architecture: Architecture, weights: dict[str, Any], changed: dict[str, Any], k: int, t: int, x: Any, y: Any
) -> float:
    """Return the half squared error of output t alone, where step k alone has other weights in its recurrent layers."""
    every = replace(architecture, readout="every")
    state = State.zeros(every, x.shape[1], np.float64)
    own = {name: changed.get(name, value) if name.startswith("layers") else value for name, value in weights.items()}
    for step in range(1, t + 1):
        run = Unrolled(every, own if step == k else weights, x[step - 1 : step], state)
        layers = run.chains[0].layers
        c = None if state.c is None else np.stack([layer.c[-1] for layer in layers])
        state = State(np.stack([layer.h[-1] for layer in layers]), c)
    return float(((run.yhat[0] - y[t - 1]) ** 2).sum() / 2)
