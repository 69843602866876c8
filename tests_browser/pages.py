"""The pages that are opened: every ready lesson, and a network of every kind that a drawing must know."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.explain import LESSONS, lesson, trace
from elman.network import Architecture, Network

_RNG = np.random.default_rng(7)
X, Y = _RNG.normal(size=(3, 2, 2)).round(1), _RNG.normal(size=(3, 2, 1)).round(1)


def worked(architecture: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Return the document of a small network; targets are per step unless only the last state is read."""
    network = Network.initialized(Architecture(2, 1, hidden_size=2, **architecture), seed=3, dtype=np.float64)
    y = Y if network.architecture.readout == "every" else Y[-1]
    return trace(network, X, y, learning_rate=0.1, epochs=4, **options).to_dict()


TRACES = {
    "rnn": lambda: worked({"cell": "rnn", "readout": "last"}),
    "relu-sequence": lambda: worked({"cell": "rnn", "activation": "relu"}),
    "truncated": lambda: worked({"cell": "rnn"}, bptt_depth=1),
    "lstm-last": lambda: worked({"cell": "lstm", "readout": "last"}),
    "lstm-sequence": lambda: worked({"cell": "lstm"}),
    "gru-last": lambda: worked({"cell": "gru", "readout": "last"}),
    "stack": lambda: worked({"cell": "gru", "num_layers": 2}),
    "both-directions": lambda: worked({"cell": "rnn", "bidirectional": True}),
    "both-ways-lstm": lambda: worked({"cell": "lstm", "bidirectional": True, "readout": "mean"}),
    "skip": lambda: worked({"cell": "lstm", "linear_skip": True}),
    "mean": lambda: worked({"cell": "rnn", "readout": "mean"}),
}
DOCUMENTS = {name: (lambda name=name: lesson(name).to_dict()) for name in LESSONS} | TRACES
