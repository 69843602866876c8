"""What ``tune=True`` of a classifier brings and costs: public training parts, and generated sequences.

    python benchmarks/sequence_tuning.py [--data FOLDER]

Fits one network with and without ``tune`` on 70 % of a training part and counts the right classes among the rest, for
two splits; likewise on 100 generated sequences and 1,000 others. Test parts are not read. Writes
``benchmarks/results/sequences_tuning.json``.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from elman import SequenceClassifier
from elman.tables.ts_files import read_ts

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "sequences_tuning.json"
DEFAULT_DATA = HERE.parents[1] / "shared" / "data"
PUBLIC = ("GunPoint", "ItalyPowerDemand", "JapaneseVowels")
SEEDS = (0, 1)

Pair = tuple[list[np.ndarray], np.ndarray]


def spikes(count: int, rng: np.random.Generator) -> Pair:
    """Return noise of 120 steps; of class 1 three of them, anywhere, are higher."""
    X, y = rng.normal(size=(count, 120)), rng.integers(0, 2, count)
    middle = rng.integers(1, 119, (count, 1))
    return list(X + 2.5 * (np.abs(np.arange(120) - middle) <= 1) * y[:, np.newaxis]), y


def order(count: int, rng: np.random.Generator) -> Pair:
    """Return noise of 60 steps with an early and a late spike, whose signs are the class."""
    X, signs, each = rng.normal(0, 0.3, (count, 60)), rng.integers(0, 2, (count, 2)), np.arange(count)
    X[each, rng.integers(3, 25, count)] += 3 * (2 * signs[:, 0] - 1)
    X[each, rng.integers(35, 57, count)] += 3 * (2 * signs[:, 1] - 1)
    return list(X), 2 * signs[:, 0] + signs[:, 1]


def frequencies(count: int, rng: np.random.Generator) -> Pair:
    """Return noisy waves of 240 steps of three frequencies."""
    y, t = rng.integers(0, 3, count), np.arange(240)
    frequency = np.array([0.25, 0.31, 0.38])[y][:, np.newaxis]
    waves = np.sin(2 * np.pi * (frequency * t + rng.random((count, 1))))
    return list(waves + rng.normal(0, 1.0, (count, 240))), y


GENERATED = {"spike somewhere": spikes, "order of two spikes": order, "frequency": frequencies}


def parts(name: str, data: Path, seed: int) -> tuple[Pair, Pair]:
    """Return the sequences to learn from and the others."""
    rng = np.random.default_rng(seed)
    if name in GENERATED:
        return GENERATED[name](100, rng), GENERATED[name](1000, rng)
    known = read_ts(data / "classification" / name / f"{name}_TRAIN.ts")
    labels, rows = np.asarray(known.labels), rng.permutation(len(known.sequences))
    some, others = np.split(rows, [int(0.7 * len(rows))])
    return tuple(([known.sequences[i] for i in own], labels[own]) for own in (some, others))  # type: ignore[return-value]


def compare(name: str, data: Path, seed: int) -> dict[str, Any]:
    """Return accuracy in % and seconds of CPU without and with ``tune``, and the chosen setting."""
    learned, others = parts(name, data, seed)
    found: dict[str, Any] = {"data": name, "seed": seed}
    for key, tune in (("given", False), ("tuned", True)):
        start = time.process_time()
        model = SequenceClassifier(tune=tune, ensemble_size=1, random_state=seed, n_threads=1).fit(*learned)
        seconds = round(time.process_time() - start, 2)
        found[key] = {"accuracy": round(100 * model.score(*others), 2), "seconds of CPU": seconds}
    trials = model.trials_
    found["chosen"] = trials.iloc[0][["window", "stride", "readout", "cell", "hidden_size"]].tolist()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="What tune=True brings and costs.")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    data = parser.parse_args().data
    rows = []
    for name in (*PUBLIC, *GENERATED):
        for seed in SEEDS:
            rows.append(compare(name, data, seed))
            print(rows[-1], flush=True)
    RESULT.write_text(json.dumps({"rows": rows}, indent=2, default=int) + "\n")


if __name__ == "__main__":
    main()
