"""Small runs for the tests of the loop: a wave, a network, settings."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.network import Architecture, Network
from elman.training import Batches, OrderedStretches, Settings, StretchBatches, Trainer

WAVE = np.sin(np.arange(90.0) / 3.0)[:, np.newaxis]
WINDOW = 4


def network(cell: str = "lstm", seed: int = 0, dtype: type = np.float32, **changes: Any) -> Network:
    return Network.initialized(Architecture(WINDOW, 2, cell=cell, hidden_size=5, **changes), seed=seed, dtype=dtype)


def random_batches(seed: int = 0, dtype: type = np.float32) -> StretchBatches:
    return StretchBatches(WAVE, [0, 90], window=WINDOW, horizon=2, steps=8, batch_size=3, seed=seed, dtype=dtype)


def ordered_batches(dtype: type = np.float32) -> OrderedStretches:
    """Return two series of 40 and 50 values, in epochs of three batches."""
    return OrderedStretches(WAVE, [0, 40, 90], window=WINDOW, horizon=2, steps=15, dtype=dtype)


def score(network: Network) -> float:
    """Return the squared error on a part of the wave far from the training part."""
    batch = OrderedStretches(-WAVE[:40], [0, 40], window=WINDOW, horizon=2, steps=40).batch(0)
    return float(np.mean(np.square(network.predict(batch.x) - batch.y, dtype=np.float64)))


def trainer(batches: Batches | None = None, cell: str = "lstm", **options: Any) -> Trainer:
    """Return a trainer; options of `Trainer` go there, the others to `Settings`."""
    own = {name: options.pop(name) for name in ("validate", "callbacks", "state", "network") if name in options}
    settings = Settings(**{"updates": 10, "learning_rate": 0.01, **options})
    model = own.pop("network", None) or network(cell)
    return Trainer(model, random_batches() if batches is None else batches, settings, **own)
