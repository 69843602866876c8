"""Recomputation within a sequence: less memory, the same bits."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from elman.errors import ArgumentError, ShapeError, UnsupportedError
from elman.network import Architecture, DropoutKey, Network, State
from elman.training import OrderedStretches, Settings, Trainer

STEPS = 23
LENGTHS = np.array([STEPS, 0, 5, 11])


def same_bits(a: np.ndarray | None, b: np.ndarray | None) -> None:
    assert (a is None) == (b is None)
    if a is not None and b is not None:
        assert a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("every", [1, 4, 5, STEPS, 40])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("readout", ["every", "last"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "lstm with projections"])
def test_the_bits_of_one_pass(cell: str, readout: str, dropout: float, ragged: bool, every: int) -> None:
    rng = np.random.default_rng(1)
    options: dict[str, Any] = {"linear_skip": True} if readout == "every" else {}
    options |= {"projection_size": 4} if "projections" in cell else {}
    cell = cell.partition(" ")[0]
    architecture = Architecture(
        3, 2, cell=cell, hidden_size=(9, 7), dense=(5,), readout=readout, dropout=dropout, recurrent_dropout=dropout,
        **options,
    )  # fmt: skip
    network, key = Network.initialized(architecture), DropoutKey(1, 2) if dropout else None
    x, lengths = rng.normal(size=(STEPS, 4, 3)), LENGTHS if ragged else None
    start = State.zeros(architecture, 4, network.dtype)
    start.h[...] = 0.25
    tape = network.forward(x, start, lengths, key)
    do = rng.normal(size=tape.o.shape).astype(np.float32)
    valid = np.arange(STEPS)[:, np.newaxis] < (LENGTHS if ragged else np.full(4, STEPS))
    if readout == "every":
        do[~valid] = 0.0
    o, state, gradient = tape.o.copy(), tape.state, network.backward(tape, do).copy()
    d_state = tape.d_state

    segments = network.forward_segments(x, every, start, lengths, key)
    same_bits(segments.o[valid] if readout == "every" else segments.o, o[valid] if readout == "every" else o)
    same_bits(segments.state.h, state.h)
    same_bits(segments.state.c, state.c)
    same_bits(network.backward(segments, do), gradient)
    same_bits(segments.d_state.h, d_state.h)
    same_bits(segments.d_state.c, d_state.c)


@pytest.mark.parametrize("embedding_size", [7, None])
def test_indices_and_threads(embedding_size: int | None) -> None:
    architecture = Architecture(None, 30, hidden_size=12, vocabulary_size=30, embedding_size=embedding_size)
    network = Network.initialized(architecture)
    x, do = np.random.default_rng(0).integers(0, 30, (20, 5)), np.random.default_rng(1).normal(size=(20, 5, 30))
    whole = network.backward(network.forward(x), do).copy()
    for n_threads in (1, 2, 3):
        segments = network.forward_segments(x, 6, n_threads=n_threads)
        same_bits(network.backward(segments, do, n_threads=n_threads), whole)
    same_bits(network.backward(network.forward(x), do), whole)  # no segment stays in memory


def test_memory_grows_with_the_root_of_the_steps() -> None:
    x, do = np.ones((400, 8, 1), np.float32), np.ones((8, 1), np.float32)

    def peak(every: int | None) -> int:
        network = Network.initialized(Architecture(1, 1, hidden_size=32, readout="last"))
        tracemalloc.start()
        tape = network.forward(x) if every is None else network.forward_segments(x, every)
        network.backward(tape, do)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(20) < peak(None) / 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bidirectional": True}, "bidirectional=False"),
        ({"reverse": True}, "reverse=False"),
        ({"readout": "mean"}, "readout='every' or 'last'"),
        ({"readout": "last", "linear_skip": True}, "linear_skip=False with readout='last'"),
        ({"layer_norm": True}, "layer_norm=False"),
        (
            {"vocabulary_size": 5, "input_size": None, "embedding_size": 4, "output_size": 5, "tied_weights": True},
            "tied_weights=False",
        ),
    ],
)
def test_networks_that_need_all_steps_at_once(options: dict[str, object], message: str) -> None:
    architecture = Architecture(**({"input_size": 2, "output_size": 1, "hidden_size": 4} | options))
    with pytest.raises(UnsupportedError) as refusal:
        Network.initialized(architecture).forward_segments(np.ones((4, 1, 2)), 2)
    assert str(refusal.value) == f"forward_segments: recompute needs {message}."


def test_bad_arguments() -> None:
    network = Network.initialized(Architecture(2, 1, hidden_size=4))
    with pytest.raises(ArgumentError, match="recompute"):
        network.forward_segments(np.ones((4, 1, 2)), 0)
    with pytest.raises(ShapeError, match="at least one step"):
        network.forward_segments(np.ones((0, 1, 2)), 2)
    with pytest.raises(ArgumentError, match="recompute"):
        Settings(updates=1, recompute=0)


def test_training_has_the_same_bits() -> None:
    wave = np.sin(np.arange(60.0) / 3)[:, None]
    batches = OrderedStretches(wave, [0, 60], window=4, horizon=1, steps=20)
    runs = []
    for every in (None, 6):
        network = Network.initialized(Architecture(4, 1, cell="gru", hidden_size=8))
        history = Trainer(network, batches, Settings(updates=12, recompute=every)).run()
        runs.append((network.theta.tobytes(), history.loss))
    assert runs[0] == runs[1]
