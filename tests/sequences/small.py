"""Tiny settings and data for tests with hundreds of fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

QUICK: dict[str, Any] = {"hidden_size": 4, "updates": 5, "ensemble_size": 2, "random_state": 0, "n_threads": 1}

# Full batches without dropout in float64: a sequence of weight 2 is then the same as two sequences, to rounding.
EXACT: dict[str, Any] = {
    "hidden_size": 8,
    "updates": 50,
    "learning_rate": 0.05,
    "ensemble_size": 1,
    "dropout": 0.0,
    "batch_size": 1000,
    "dtype": "float64",
    "n_threads": 1,
}


def ragged(count: int = 24, channels: int = 2, seed: int = 0, longest: int = 12) -> list[np.ndarray]:
    """Return sequences of 1 … longest steps."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(int(length), channels)) for length in rng.integers(1, longest + 1, count)]


def labels(count: int = 24, classes: str = "abc") -> np.ndarray:
    """Return classes in turn."""
    return np.array([classes[i % len(classes)] for i in range(count)])


def long_frame(sequences: list[np.ndarray], **columns: list[object]) -> pd.DataFrame:
    """Return sequences as a long frame with ids ``s0, s1, …``, channels ``x0, x1, …`` and columns per sequence."""
    parts = []
    for i, sequence in enumerate(sequences):
        part = pd.DataFrame(sequence, columns=[f"x{j}" for j in range(sequence.shape[1])])
        part.insert(0, "ds", range(len(sequence)))
        part.insert(0, "unique_id", f"s{i}")
        parts.append(part.assign(**{name: values[i] for name, values in columns.items()}))
    return pd.concat(parts, ignore_index=True)
