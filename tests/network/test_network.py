"""Properties of networks: exact bits, dtypes, refusals, memory, threads."""

from __future__ import annotations

import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import load
from elman.errors import ArgumentError, DataError, FileFormatError, ShapeError, UnsupportedError
from elman.network import Architecture, DropoutKey, Network, State

CELLS = ("rnn", "lstm", "gru")
DTYPES = (np.float32, np.float64)
EVERYTHING = {"num_layers": 2, "bidirectional": True, "dropout": 0.3, "recurrent_dropout": 0.2}


def equal(actual: np.ndarray, expected: np.ndarray) -> None:
    assert actual.dtype == expected.dtype
    np.testing.assert_array_equal(actual, expected)


def inputs(architecture: Architecture, steps: int, rows: int, dtype: type = np.float64, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if architecture.vocabulary_size is not None:
        return rng.integers(0, architecture.vocabulary_size, (steps, rows))
    return rng.standard_normal((steps, rows, architecture.input_size)).astype(dtype)


STREAMED = [
    *(Architecture(5, 3, cell=cell, hidden_size=17, num_layers=2, linear_skip=True) for cell in CELLS),
    *(Architecture(5, 3, cell=cell, hidden_size=9, readout="last", linear_skip=True) for cell in CELLS),
    Architecture(None, 30, hidden_size=12, vocabulary_size=30, embedding_size=12, tied_weights=True, output="softmax"),
    Architecture(None, 4, cell="gru", hidden_size=12, vocabulary_size=30),
    Architecture(None, 4, cell="lstm", hidden_size=12, vocabulary_size=1000),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("architecture", STREAMED, ids=lambda a: f"{a.cell}-{a.readout}-{a.vocabulary_size}")
def test_steps_give_the_bits_of_the_whole_sequence(architecture: Architecture, dtype: type) -> None:
    network = Network.initialized(architecture, seed=3, dtype=dtype)
    x = inputs(architecture, 9, 5, dtype)
    whole_state, whole = network.run(x)
    state = State.zeros(architecture, 5, dtype)
    outputs = []
    for x_t in x:
        state, y = network.step(state, x_t)
        outputs.append(y)
    equal(np.stack(outputs) if architecture.readout == "every" else outputs[-1], whole)
    equal(state.h, whole_state.h)
    if state.c is not None:
        equal(state.c, whole_state.c)


@pytest.mark.parametrize("readout", ["every", "last", "mean", "max"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_row_has_the_same_bits_alone_and_among_neighbours(cell: str, readout: str) -> None:
    architecture = Architecture(4, 2, cell=cell, hidden_size=11, num_layers=2, bidirectional=True, readout=readout)
    network = Network.initialized(architecture)
    x = inputs(architecture, 8, 5, np.float32)
    lengths = np.array([8, 3, 0, 1, 6])
    padded = np.where(np.arange(8)[:, None, None] < lengths[:, None], x, np.float32(np.nan))
    state, y = network.run(padded, lengths=lengths)
    for row, length in enumerate(lengths):
        alone_state, alone = network.run(x[:length, [row]])
        equal(y[:length, [row]] if readout == "every" else y[[row]], alone)
        equal(state.h[:, [row]], alone_state.h)


def test_one_column_of_one_unit_has_the_bits_of_many() -> None:
    network = Network.initialized(Architecture(1, 1, cell="rnn", hidden_size=1, readout="mean"))
    x = inputs(network.architecture, 999, 3, np.float32)
    equal(network.predict(x[:, :1]), network.predict(x)[:1])


def test_padding_never_reaches_gradients() -> None:
    architecture = Architecture(3, 2, hidden_size=5, linear_skip=True, bidirectional=True)
    network = Network.initialized(architecture, dtype=np.float64)
    x, lengths = inputs(architecture, 6, 2), [6, 2]
    do = np.random.default_rng(1).standard_normal((6, 2, 2))
    do[2:, 1] = 0.0
    clean = network.backward(network.forward(x, lengths=lengths), do).copy()
    x[2:, 1] = np.nan
    equal(network.backward(network.forward(x, lengths=lengths), do), clean)


@pytest.mark.parametrize("cell", CELLS)
def test_threads_change_no_bit(cell: str) -> None:
    architecture = Architecture(16, 8, cell=cell, hidden_size=48, **EVERYTHING)
    network = Network.initialized(architecture)
    x, do = inputs(architecture, 20, 33, np.float32), np.ones((20, 33, 8), np.float32)
    results = []
    for n_threads in (1, 2, 3):
        tape = network.forward(x, dropout_key=DropoutKey(1, 2), n_threads=n_threads)
        results.append((tape.o.copy(), network.backward(tape, do, n_threads=n_threads).copy()))
    for o, gradient in results[1:]:
        equal(o, results[0][0])
        equal(gradient, results[0][1])


@pytest.mark.parametrize("readout", ["every", "last"])
def test_dropout_masks_do_not_depend_on_how_rows_are_batched(readout: str) -> None:
    architecture = Architecture(3, 2, hidden_size=7, readout=readout, **EVERYTHING)
    network = Network.initialized(architecture)
    x = inputs(architecture, 6, 5, np.float32)
    whole = network.forward(x, dropout_key=DropoutKey(11, 4)).o.copy()
    part = network.forward(x[:, 2:4], dropout_key=DropoutKey(11, 4, first_row=2)).o
    equal(part, whole[..., 2:4, :])


def test_dropout_masks_do_not_depend_on_how_steps_are_cut() -> None:
    architecture = Architecture(3, 2, hidden_size=7, num_layers=2, dropout=0.3, recurrent_dropout=0.2)
    network = Network.initialized(architecture)
    x = inputs(architecture, 6, 2, np.float32)
    whole = network.forward(x, dropout_key=DropoutKey(11, 4)).o.copy()
    middle = network.forward(x[:5], dropout_key=DropoutKey(11, 4)).state
    last = network.forward(x[5:], middle, dropout_key=DropoutKey(11, 4, first_step=5))
    equal(last.o, whole[5:])


def test_dropout_masks_change_with_seed_and_update_and_scale_up_what_they_keep() -> None:
    architecture = Architecture(3, 4000, cell="rnn", hidden_size=4, dropout=0.5)
    network = Network.initialized(architecture)
    network.parameters["output.W_y"][...] = 1.0
    x = inputs(architecture, 5, 100, np.float32)
    seen = {key: network.forward(x, dropout_key=DropoutKey(*key)).o.copy() for key in product((1, 2), (1, 2))}
    values = list(seen.values())
    assert all((values[i] != values[j]).any() for i in range(4) for j in range(i))
    equal(network.forward(x, dropout_key=DropoutKey(1, 1)).o, values[0])
    dropped = network.forward(x, dropout_key=DropoutKey(1, 1))
    read = dropped.output.dropped
    kept = read[read != 0] / dropped.passes[0].h[1:][read != 0]
    np.testing.assert_allclose(kept, 2.0, rtol=1e-6)
    assert 0.4 < (read != 0).mean() < 0.6


def test_without_a_key_and_in_predictions_nothing_is_dropped() -> None:
    architecture = Architecture(3, 2, hidden_size=7, **EVERYTHING)
    network = Network.initialized(architecture)
    x = inputs(architecture, 4, 2, np.float32)
    equal(network.forward(x).o, network.predict(x))


@pytest.mark.parametrize(("steps", "rows"), [(0, 2), (3, 0), (0, 0)])
@pytest.mark.parametrize("readout", ["every", "last", "mean", "max"])
@pytest.mark.parametrize("cell", CELLS)
def test_no_steps_and_no_rows_are_defined(cell: str, readout: str, steps: int, rows: int) -> None:
    skip = readout in ("every", "last")
    architecture = Architecture(3, 2, cell=cell, hidden_size=4, bidirectional=True, readout=readout, linear_skip=skip)
    network = Network.initialized(architecture, dtype=np.float64)
    start = State.zeros(architecture, rows, np.float64)
    start.h[...] = 0.5
    tape = network.forward(np.zeros((steps, rows, 3)), start)
    assert tape.o.shape == ((steps, rows, 2) if readout == "every" else (rows, 2))
    assert np.isfinite(tape.o).all()
    gradient = network.backward(tape, np.ones_like(tape.o))
    assert np.isfinite(gradient).all()
    if steps == 0:
        equal(tape.state.h, start.h)
        for name, view in network.gradients.items():
            assert name.startswith("output.") or not view.any(), name


def test_arrays_of_all_kinds_are_the_same_input() -> None:
    architecture = Architecture(3, 2, hidden_size=4)
    network = Network.initialized(architecture)
    x = inputs(architecture, 5, 2, np.float32)
    expected = network.predict(x)
    read_only = x.copy()
    read_only.flags.writeable = False
    strided = np.repeat(x, 2, axis=2)[:, :, ::2]
    for other in (x.tolist(), x.astype(np.float64), x.astype(">f4"), read_only, strided, np.asfortranarray(x)):
        equal(network.predict(other), expected)
    indices = Architecture(None, 2, vocabulary_size=9, hidden_size=4)
    network, x = Network.initialized(indices), np.arange(6).reshape(3, 2)
    for other in (x.tolist(), x.astype(np.uint8), x.astype(">i4"), np.asfortranarray(x)):
        equal(network.predict(other), network.predict(x))


WRONG = {
    "input": (
        lambda n: n.forward(np.zeros((5, 2, 4))),
        ShapeError,
        "forward: x must have shape (T, N, 3), got (5, 2, 4).",
    ),
    "lengths": (
        lambda n: n.predict(np.zeros((5, 2, 3)), lengths=[5, 6]),
        ArgumentError,
        "predict: lengths[1] must be between 0 and T = 5, got 6.",
    ),
    "rows of the state": (
        lambda n: n.run(np.zeros((5, 2, 3)), State.zeros(n.architecture, 3)),
        ShapeError,
        "run: state.h must have shape (1, 2, 4), got (1, 3, 4).",
    ),
    "state of another cell": (
        lambda n: n.step(State(np.zeros((1, 2, 4))), np.zeros((2, 3))),
        ArgumentError,
        "step: state.c must be given for lstm.",
    ),
    "cotangent": (
        lambda n: n.backward(n.forward(np.zeros((5, 2, 3))), np.zeros((5, 2, 1))),
        ShapeError,
        "backward: do must have shape (5, 2, 2), got (5, 2, 1).",
    ),
    "depth": (
        lambda n: n.backward(n.forward(np.zeros((5, 2, 3))), np.zeros((5, 2, 2)), bptt_depth=2),
        UnsupportedError,
        "backward: bptt_depth must be None or 1, got 2.\n  Hint: elman.reference follows paths of any depth.",
    ),
}


@pytest.mark.parametrize(("call", "error", "text"), WRONG.values(), ids=WRONG)
def test_refused_at_the_door(call, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call(Network.initialized(Architecture(3, 2, hidden_size=4)))
    assert str(caught.value) == text


@pytest.mark.parametrize("embedding_size", [None, 4])
@pytest.mark.parametrize("index", [-1, 9])
def test_indices_outside_the_vocabulary_never_reach_the_kernels(index: int, embedding_size: int | None) -> None:
    network = Network.initialized(Architecture(None, 2, vocabulary_size=9, embedding_size=embedding_size))
    with pytest.raises(DataError) as caught:
        network.predict([[0, 1], [index, 1]])
    assert str(caught.value) == f"predict: x[1, 0] must be between 0 and vocabulary_size-1 = 8, got {index}."
    with pytest.raises(ArgumentError, match=r"^predict: x must hold integers, got dtype float64\.$"):
        network.predict(np.zeros((2, 2)))


@pytest.mark.parametrize(
    "changes", [{"bidirectional": True}, {"readout": "mean"}, {"readout": "last", "linear_skip": True, "skip_steps": 2}]
)
def test_steps_are_refused_where_the_output_needs_more_than_the_state(changes: dict[str, object]) -> None:
    architecture = Architecture(3, 2, hidden_size=4, **changes)
    network = Network.initialized(architecture)
    with pytest.raises(UnsupportedError, match=r"^step: needs one direction"):
        network.step(State.zeros(architecture, 1), np.zeros((1, 3)))


def test_buffers_are_reused_and_old_tapes_refused() -> None:
    network = Network.initialized(Architecture(3, 2, hidden_size=4))
    first = network.forward(np.zeros((5, 2, 3), np.float32))
    address = first.o.ctypes.data
    gradient = network.backward(first, first.o)
    again = network.forward(np.ones((5, 2, 3), np.float32))
    assert again is first
    assert again.o.ctypes.data == address
    other = network.forward(np.zeros((3, 2, 3), np.float32))
    assert network.backward(other, other.o) is gradient
    with pytest.raises(ArgumentError, match=r"^backward: tape must come from the latest forward pass"):
        network.backward(first, first.o)


def test_shapes_may_alternate() -> None:
    architecture = Architecture(3, 2, cell="gru", hidden_size=4, **EVERYTHING)
    network, fresh = Network.initialized(architecture), Network.initialized(architecture)
    rng = np.random.default_rng(0)
    for _ in range(30):
        steps, rows = rng.integers(1, 9, 2)
        x = inputs(architecture, steps, rows, np.float32)
        tape = network.forward(x, dropout_key=DropoutKey(0, 0))
        gradient = network.backward(tape, tape.o.copy())
        unused = fresh.copy()
        tape = unused.forward(x, dropout_key=DropoutKey(0, 0))
        equal(gradient, unused.backward(tape, tape.o.copy()))


def _bytes_kept(rows: list[int]) -> int:
    network = Network.initialized(Architecture(1, 1, hidden_size=32))
    tracemalloc.start()
    try:
        for count in rows:
            network.forward(np.ones((20, count, 1), np.float32))
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_growing_shapes_keep_the_memory_of_the_largest_alone() -> None:
    assert _bytes_kept([58, 60, 62, 64]) < 1.1 * _bytes_kept([64])


@pytest.mark.parametrize("embedding_size", [None, 4])
def test_words_that_are_not_met_have_no_gradient(embedding_size: int | None) -> None:
    architecture = Architecture(None, 2, cell="rnn", hidden_size=3, vocabulary_size=50, embedding_size=embedding_size)
    network = Network.initialized(architecture)
    name = "layers.0.W_x" if embedding_size is None else "embedding"
    for words in ([[3, 4]], [[40, 41]]):  # the second batch finds the gradient of the first
        tape = network.forward(words)
        network.backward(tape, np.ones_like(tape.o))
        assert np.flatnonzero(network.gradients[name].any(axis=1)).tolist() == words[0]


def test_predictions_leave_a_tape_alone() -> None:
    network = Network.initialized(Architecture(3, 2, hidden_size=4))
    x = inputs(network.architecture, 5, 2, np.float32)
    tape = network.forward(x)
    o = tape.o.copy()
    expected = network.backward(tape, o).copy()
    network.predict(-x)
    equal(tape.o, o)
    equal(network.backward(tape, o), expected)


def test_changes_of_theta_are_seen_at_once() -> None:
    network = Network.initialized(Architecture(3, 2, hidden_size=4))
    x = inputs(network.architecture, 5, 2, np.float32)
    before = network.predict(x)
    network.theta[...] *= 0.5
    assert (network.predict(x) != before).all()


def test_eight_threads_predict_what_one_does() -> None:
    network = Network.initialized(Architecture(3, 2, hidden_size=16, num_layers=2))
    batches = [inputs(network.architecture, 5 + k % 3, 4, np.float32, seed=k) for k in range(64)]
    expected = [network.predict(x) for x in batches]
    with ThreadPoolExecutor(8) as pool:
        for actual, wanted in zip(pool.map(network.predict, batches), expected, strict=True):
            equal(actual, wanted)


def test_copies_and_pickles_share_nothing() -> None:
    network = Network.initialized(Architecture(3, 2, hidden_size=4))
    x = inputs(network.architecture, 5, 2, np.float32)
    expected = network.predict(x)
    for other in (network.copy(), pickle.loads(pickle.dumps(network))):
        equal(other.predict(x), expected)
        other.theta[...] = 0.0
    equal(network.predict(x), expected)


def test_states() -> None:
    architecture = Architecture(3, 2, hidden_size=4, num_layers=2, bidirectional=True)
    network = Network.initialized(architecture)
    state, _ = network.run(inputs(architecture, 3, 5, np.float32))
    assert state.h.shape == state.c.shape == (4, 5, 4)
    equal(state.select([1, 3]).h, state.h[:, [1, 3]])
    equal(state.select(slice(2)).c, state.c[:, :2])
    again = State.from_arrays(state.to_arrays())
    equal(again.h, state.h)
    copied = state.copy()
    copied.h[...] = 0.0
    assert state.h.any()
    with pytest.raises(ArgumentError, match=r"^State: needs the array 'h' and perhaps 'c', got \['c'\]\.$"):
        State.from_arrays({"c": state.c})


@pytest.mark.parametrize("n_threads", [2**31, -1, 1.0, "2"])
def test_absurd_numbers_of_threads_are_refused(n_threads: Any) -> None:
    network = Network.initialized(Architecture(1, 1, hidden_size=2))
    x, wanted = (
        np.zeros((2, 1, 1), np.float32),
        r"n_threads must be (an integer of at least 0|at most 2147483647), got ",
    )
    tape = network.forward(x)
    for call in (
        lambda: network.predict(x, n_threads=n_threads),
        lambda: network.forward(x, n_threads=n_threads),
        lambda: network.forward_segments(x, 1, n_threads=n_threads),
        lambda: network.step(State.zeros(network.architecture, 1), x[0], n_threads=n_threads),
        lambda: network.backward(tape, np.zeros((2, 1, 1)), n_threads=n_threads),
    ):
        with pytest.raises(ArgumentError, match=wanted):
            call()


def test_seeds_beyond_32_bits_drop_what_their_remainder_drops() -> None:
    network = Network.initialized(Architecture(2, 1, hidden_size=8, dropout=0.5))
    x = np.ones((3, 4, 2), np.float32)
    of = [
        network.forward(x, dropout_key=DropoutKey(seed, update)).o.copy() for seed, update in ((7, 3), (2**32 + 7, 3))
    ]
    np.testing.assert_array_equal(*of)
    of[1] = network.forward(x, dropout_key=DropoutKey(7, 2**40 + 3)).o.copy()
    np.testing.assert_array_equal(*of)
    for key in (DropoutKey(-1, 0), DropoutKey(2**63, 0), DropoutKey(0, 1.5), DropoutKey(0, 0, 2**32)):  # type: ignore[arg-type]
        with pytest.raises(
            ArgumentError, match=r"^DropoutKey: (seed|update|first_row) must be an integer between 0 and"
        ):
            network.forward(x, dropout_key=key)


def test_a_network_whose_weights_would_give_nan_is_not_saved(tmp_path: Path) -> None:
    network = Network(Architecture(1, 1, cell="rnn", hidden_size=1), np.full(5, 1e19))
    with pytest.raises(FileFormatError, match=r"theta has a weight of 1e\+19, at most 1e\+18 in size can be loaded"):
        network.save(tmp_path / "network")
    assert list(tmp_path.iterdir()) == []


def test_a_network_says_what_it_is() -> None:
    architecture = Architecture(1, 1, hidden_size=2)
    network = Network.initialized(architecture)
    assert repr(network) == f"Network({architecture}, {network.theta.size} parameters, float32)"
    assert "0x" not in repr(network) and len(repr(network)) < 500


@pytest.mark.parametrize(
    "sizes",
    [
        {"hidden_size": (3, 2), "dense": (4, 5), "dense_activation": ("tanh", "relu")},
        {"hidden_size": (4, 3), "projection_size": 2},
        {"layer_norm": True, "cell": "gru"},
    ],
)
def test_layers_of_own_sizes_are_saved(sizes: dict[str, Any], tmp_path: Path) -> None:
    architecture = Architecture(2, 1, **sizes)
    network = Network.initialized(architecture)
    network.save(tmp_path / "network")
    again = load(tmp_path / "network")
    assert again.architecture == architecture
    np.testing.assert_array_equal(again.theta, network.theta)
    assert repr(pickle.loads(pickle.dumps(network))) == repr(network)
