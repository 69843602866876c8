"""Models saved on one machine, loaded on another: the same forecasts, classes and states within a tolerance.

    python exchange.py write FOLDER    fit models, save them beside what they answer
    python exchange.py read FOLDER     load those, answer again, compare

The tolerance is for float32 models, whose sums and activations differ in the last places from level to level: 2e-5 of
the largest answer. What has no answer in numbers (classes) must be the same.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

import elman
from elman import Architecture, Forecaster, Network, SequenceClassifier, engine
from elman.data.datasets import load_dataset

TOLERANCE = 2e-5
STEPS = np.sin(np.arange(12 * 4 * 3.0)).reshape(12, 4, 3).astype(np.float32)
SEQUENCES = [np.sin(0.3 * np.arange(20 + n) + n) + n % 2 for n in range(24)]


def fitted() -> dict[str, Any]:
    series = load_dataset("air-passengers")
    network = {"updates": 20, "ensemble_size": 1, "hidden_size": 8, "random_state": 0}
    return {
        "prior": Forecaster(12, method="prior", random_state=0).fit(series),
        "network": Forecaster(12, method="network", season=12, **network).fit(series),
        "classifier": SequenceClassifier(**network).fit(SEQUENCES, np.arange(24) % 2),
        **{
            cell: Network.initialized(Architecture(3, 2, cell=cell, hidden_size=9, num_layers=2), seed=1)
            for cell in ("rnn", "lstm", "gru")
        },
    }


def answers(name: str, model: Any) -> np.ndarray:
    if name in ("prior", "network"):
        return np.asarray(model.predict().iloc[:, -1], np.float64)
    return np.asarray(model.predict(SEQUENCES if name == "classifier" else STEPS))


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, model in fitted().items():
        model.save(folder / f"{name}.elman")
        found[name] = answers(name, model)
    np.savez(folder / "answers.npz", **found)


def read(folder: Path) -> None:
    worst = 0.0
    with np.load(folder / "answers.npz") as there:
        for name in there.files:
            ours, theirs = answers(name, elman.load(folder / f"{name}.elman")), there[name]
            assert ours.shape == theirs.shape, name
            if ours.dtype.kind == "f":
                error = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
                assert error <= TOLERANCE, f"{name}: {error:.1e} of the largest answer"
                worst = max(worst, error)
            else:
                assert (ours == theirs).all(), name
        count = len(there.files)
    print(f"{platform.machine()} {engine.isa()}: {count} models of the other side, largest difference {worst:.1e}")


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
