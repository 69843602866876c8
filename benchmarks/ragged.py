"""Speed on sequences of unequal lengths: an epoch of JapaneseVowels compared with PyTorch, and the cost of short rows.

    python benchmarks/ragged.py [--data FOLDER] [--rounds N]

One thread each, alternating sides, CPU time, median over rounds. Both sides train the same model on the same batches:
bidirectional GRU, 64 units, softmax over the two last states, Adam, clipping at norm 1. PyTorch packs the sequences
(``pack_sequence``), Elman takes a list. The result is written to ``benchmarks/results/ragged.json``.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from elman import Architecture, Network, engine
from elman.tables.ts_files import read_ts
from elman.training import SequenceBatches, Settings, Trainer

HERE = Path(__file__).resolve().parent
DEFAULT_DATA = HERE.parents[1] / "shared" / "data"
HIDDEN, BATCH = 64, 32


def our_epoch(sequences: list[np.ndarray], labels: np.ndarray, group_lengths: bool = False) -> Callable[[], None]:
    """Return a function that trains for one epoch."""
    batches = SequenceBatches(sequences, labels, batch_size=BATCH, group_lengths=group_lengths)
    network = Network.initialized(
        Architecture(12, 9, cell="gru", hidden_size=HIDDEN, bidirectional=True, readout="last", output="softmax")
    )
    settings = Settings(updates=10**9, loss="categorical_cross_entropy", learning_rate=1e-3, clip_norm=1.0, n_threads=1)
    trainer = Trainer(network, batches, settings)

    def epoch() -> None:
        trainer.run(until=trainer.update + batches.epoch_length)

    return epoch


class Peer(torch.nn.Module):
    """The same network in PyTorch."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = torch.nn.GRU(12, HIDDEN, bidirectional=True)
        self.output = torch.nn.Linear(2 * HIDDEN, 9)

    def forward(self, packed: Any) -> torch.Tensor:
        _, h = self.gru(packed)
        return self.output(torch.cat([h[0], h[1]], dim=1))


def their_epoch(sequences: list[np.ndarray], labels: np.ndarray) -> Callable[[], None]:
    """Return a function that trains for one epoch with packed sequences."""
    model, tensors = Peer(), [torch.tensor(s, dtype=torch.float32) for s in sequences]
    targets = torch.tensor(labels)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    rng = np.random.default_rng(0)

    def epoch() -> None:
        for rows in np.array_split(rng.permutation(len(tensors)), -(-len(tensors) // BATCH)):
            packed = torch.nn.utils.rnn.pack_sequence([tensors[i] for i in rows], enforce_sorted=False)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(packed), targets[rows]).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

    return epoch


def grouped(lengths: np.ndarray, rounds: int) -> dict[str, Any]:
    """Time an epoch with batches of any lengths, of similar lengths, and of equal lengths."""
    rng = np.random.default_rng(0)
    sides = {}
    for name, sizes, group in (
        ("any lengths", lengths, False),
        ("like lengths", lengths, True),
        ("all of the mean length", np.full(len(lengths), int(lengths.mean())), False),
    ):
        sequences = [rng.normal(size=(int(size), 12)) for size in sizes]
        sides[name] = our_epoch(sequences, rng.integers(0, 9, len(sizes)), group)
    ms = {name: 1e3 * statistics.median(found) for name, found in in_turns(sides, rounds).items()}
    return {
        "lengths": f"{len(lengths)} between {lengths.min()} and {lengths.max()}, mean {lengths.mean():.0f}",
        "ms per epoch": {name: round(value, 1) for name, value in ms.items()},
        "any / like": round(ms["any lengths"] / ms["like lengths"], 2),
        "like / all of the mean length": round(ms["like lengths"] / ms["all of the mean length"], 2),
    }


def in_turns(sides: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Time every side once per round."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for call in sides.values():
        call()
    for _ in range(rounds):
        for name, call in sides.items():
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)
    return seconds


def japanese_vowels(data: Path, rounds: int) -> dict[str, Any]:
    content = read_ts(data / "classification" / "JapaneseVowels" / "JapaneseVowels_TRAIN.ts")
    labels = np.asarray(content.labels).astype(int) - 1
    sides = {"elman": our_epoch(content.sequences, labels), "torch": their_epoch(content.sequences, labels)}
    seconds = in_turns(sides, rounds)
    ratios = sorted(b / a for a, b in zip(seconds["elman"], seconds["torch"], strict=True))
    return {
        "ms per epoch": {name: round(1e3 * statistics.median(found), 2) for name, found in seconds.items()},
        "torch / elman": round(statistics.median(ratios), 2),
        "middle half": [round(ratios[len(ratios) // 4], 2), round(ratios[-len(ratios) // 4], 2)],
    }


def step(cell: str, lengths: list[int]) -> Callable[[], None]:
    """Return a forward and backward pass over a batch of these lengths."""
    architecture = Architecture(12, 9, cell=cell, hidden_size=HIDDEN, readout="last", output="softmax")
    network = Network.initialized(architecture)
    x = np.random.default_rng(0).normal(size=(max(lengths), len(lengths), 12)).astype(np.float32)
    do = np.ones((len(lengths), 9), np.float32)
    rows = None if len(set(lengths)) == 1 else np.array(lengths)

    def run() -> None:
        for _ in range(5):
            network.backward(network.forward(x, lengths=rows, n_threads=1), do, n_threads=1)

    return run


def one_long_row(cell: str, long: int, short: int, rounds: int) -> dict[str, Any]:
    """Compare one long row with 31 short ones to the long row and the short rows alone, and to padding."""
    sides = {
        "together": step(cell, [long, *[short] * 31]),
        "long alone": step(cell, [long]),
        "short alone": step(cell, [short] * 31),
        "all long": step(cell, [long] * 32),
    }
    ms = {name: 1e3 * statistics.median(found) / 5 for name, found in in_turns(sides, rounds).items()}
    total = long + 31 * short
    return {
        "lengths": f"1 x {long}, 31 x {short}",
        "ms": {name: round(value, 3) for name, value in ms.items()},
        "together / (long alone + short alone)": round(ms["together"] / (ms["long alone"] + ms["short alone"]), 2),
        "together / share of all long by sum of lengths": round(
            ms["together"] / (ms["all long"] * total / (32 * long)), 2
        ),
        "together / all long": round(ms["together"] / ms["all long"], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed on sequences of unequal lengths.")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--rounds", type=int, default=25)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = {
        "JapaneseVowels": japanese_vowels(arguments.data, arguments.rounds),
        "one long row": {
            cell: [
                one_long_row(cell, long, short, arguments.rounds) for long, short in ((200, 20), (200, 100), (100, 50))
            ]
            for cell in ("gru", "lstm", "rnn")
        },
        "grouped lengths": [
            grouped(np.exp(np.random.default_rng(0).uniform(np.log(low), np.log(high), 512)).astype(int), 7)
            for low, high in ((10, 500), (7, 29))
        ],
        "versions": {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()},
        "isa": engine.isa(),
    }
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "ragged.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
