"""Streams with weights of fewer bits, what they cost, and files that keep 8 bits per weight."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import load
from elman.errors import ArgumentError, FileFormatError, UnsupportedError
from elman.network import Architecture, Network, Stream, StreamedNetwork, quantization_report
from elman.persistence import load_arrays, save_arrays
from network.test_stream import CASES, make


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_a_bfloat16_stream_has_the_bits_of_rounded_weights(case: str, rows: int) -> None:
    network, x = make(CASES[case])
    x = np.ascontiguousarray(x[:, :rows])
    rounded = network.quantized("bfloat16")
    assert (rounded.theta != network.theta).any()
    state, y = rounded.run(x)
    stream = Stream(network, rows=rows, precision="bfloat16")
    found = np.array([stream.step(x_t).copy() for x_t in x])
    np.testing.assert_array_equal(found[-1], y[-1] if y.ndim == 3 else y, strict=True)
    np.testing.assert_array_equal(stream.state.h, state.h, strict=True)


@pytest.mark.parametrize("case", CASES)
def test_an_int8_stream_is_close_to_float32_and_the_same_for_any_neighbours(case: str) -> None:
    network, x = make(CASES[case])
    both, first = Stream(network, rows=2, precision="int8"), Stream(network.quantized(), precision="int8")
    whole = StreamedNetwork(network, "float32")
    for t in range(len(x)):
        y = both.step(x[t])
        np.testing.assert_array_equal(y[:1], first.step(x[t, :1]), strict=True)
        expected = whole.predict(x[: t + 1])
        expected = expected[-1] if expected.ndim == 3 else expected
        assert 0 < abs(y - expected).max() < 0.1


@pytest.mark.parametrize("readout", ["every", "last"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_streamed_network_is_the_network(readout: str, cell: str) -> None:
    network, x = make({"readout": readout, "cell": cell, "num_layers": 2})
    lengths = np.array([4, 6])
    theirs, ours = network.run(x, lengths=lengths), StreamedNetwork(network, "float32").run(x, lengths=lengths)
    np.testing.assert_array_equal(ours[0].h, theirs[0].h, strict=True)
    if readout == "every":
        np.testing.assert_array_equal(ours[1][:4], theirs[1][:4], strict=True)
        np.testing.assert_array_equal(ours[1][4:, 1], theirs[1][4:, 1], strict=True)
        assert not ours[1][4:, 0].any()
    else:
        np.testing.assert_array_equal(ours[1], theirs[1], strict=True)


def test_float64_networks_stream_in_float32_where_asked() -> None:
    network, x = make({}, np.float64)
    assert Stream(network).precision == "float64"
    single = Network(network.architecture, network.theta.astype(np.float32))
    for precision in ("float32", "bfloat16", "int8"):
        ours, theirs = (Stream(one, rows=2, precision=precision) for one in (network, single))
        np.testing.assert_array_equal(ours.step(x[0]), theirs.step(x[0].astype(np.float32)), strict=True)
        assert ours.precision == precision


def test_the_report_measures_what_it_says() -> None:
    network, x = make({})
    small = Stream(network, rows=2, precision="int8")
    found = np.array([small.step(x_t).copy() for x_t in x])
    report = quantization_report(network, x, metric=lambda y: float(y.sum()))
    difference = abs(found.astype(float) - network.predict(x))
    assert (report.largest_difference, report.mean_difference) == (difference.max(), difference.mean())
    assert report.metric == (float(network.predict(x).sum()), float(found.sum()))
    matrices = 4 * 7 * (3 + 7) + 7 * 2
    assert report.weight_bytes == (4 * matrices, matrices)
    assert quantization_report(network, x, "bfloat16").weight_bytes == (4 * matrices, 2 * matrices)
    assert quantization_report(network, x, "bfloat16").metric is None
    assert str(report).startswith("int8 instead of float32:\n  largest difference of the outputs")
    words, indices = make(CASES["embedding, tied"])
    count = 4 * 5 * (5 + 5) + 9 * 5
    assert quantization_report(words, indices).weight_bytes == (4 * count, count)


def test_what_cannot_be_is_refused() -> None:
    network, x = make({})
    with pytest.raises(ArgumentError, match="Stream: precision must be one of 'float32', 'bfloat16', 'int8', got 'f4'"):
        Stream(network, precision="f4")
    with pytest.raises(ArgumentError, match="quantized: precision must be one of 'int8', 'bfloat16', got 'float32'"):
        network.quantized("float32")
    with pytest.raises(ArgumentError, match="quantization_report: precision must be one of 'int8', 'bfloat16'"):
        quantization_report(network, x, "float32")
    with pytest.raises(ArgumentError, match="quantization_report: x must have at least one step and one row"):
        quantization_report(network, x[:0])
    with pytest.raises(UnsupportedError, match="Stream: needs one direction"):
        quantization_report(make({"bidirectional": True})[0], x)
    network.parameters["layers.0.W_h"][2, 3] = np.nan
    with pytest.raises(ArgumentError, match=r"Stream: layers.0.W_h\[2, 3\] must be finite, got nan"):
        Stream(network, precision="int8")


@pytest.mark.parametrize("case", CASES)
def test_a_file_keeps_eight_bits(case: str, tmp_path: Path) -> None:
    network, _ = make(CASES[case])
    network = network.quantized()
    network.save(tmp_path / "network")
    arrays, _ = load_arrays(tmp_path / "network")
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        "theta.int8": "int8",
        "theta.scale": "float32",
        "theta.rest": "float32",
    }
    again = load(tmp_path / "network")
    np.testing.assert_array_equal(again.theta, network.theta, strict=True)
    again.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "network").read_bytes()


def test_the_file_is_smaller() -> None:
    from elman.persistence import dump_arrays

    network = Network.initialized(Architecture(64, 3, hidden_size=128))
    whole, small = (len(dump_arrays(*one.to_arrays())) for one in (network, network.quantized()))
    assert small < 0.29 * whole


def test_other_networks_are_saved_as_before() -> None:
    architecture = Architecture(3, 2, cell="rnn", hidden_size=4)
    for theta in (np.zeros(42, np.float32), np.ones(42, np.float32), np.zeros(42)):
        assert set(Network(architecture, theta).to_arrays()[0]) == {"theta"}
    network = Network.initialized(architecture).quantized()
    assert set(Network(architecture, network.theta.astype(np.float64)).to_arrays()[0]) == {"theta"}
    network.parameters["layers.0.W_x"][0, 0] *= np.float32(1.01)
    assert set(network.to_arrays()[0]) == {"theta"}


def altered(name: str, change: Any) -> Any:
    """Return a function that changes one array of a file."""
    return lambda arrays: {**arrays, name: change(arrays[name])}


def least(q: np.ndarray) -> np.ndarray:
    return np.where(q == 127, np.int8(-128), q)


FOREIGN = r"are not those of quantized weights"
HOSTILE = {
    "integers of 32 bits": (altered("theta.int8", lambda a: a.astype(np.int32)), r"theta.int8 must hold int8"),
    "scales of 64 bits": (
        altered("theta.scale", lambda a: a.astype(np.float64)),
        r"theta.scale and theta.rest float32",
    ),
    "an integer less": (altered("theta.int8", lambda a: a[:-1]), r"do not fit the architecture"),
    "a scale less": (altered("theta.scale", lambda a: a[1:]), r"do not fit the architecture"),
    "an axis more": (altered("theta.rest", lambda a: a[np.newaxis]), r"do not fit the architecture"),
    "negative scales": (altered("theta.scale", lambda a: -a), FOREIGN),
    "scales of too many bits": (altered("theta.scale", lambda a: a * np.float32(1.0000001)), FOREIGN),
    "no scales": (altered("theta.scale", lambda a: a * 0), FOREIGN),
    "large scales": (altered("theta.scale", lambda a: a * np.float32(2.0**127)), FOREIGN + r"|can be loaded"),
    "-128": (altered("theta.int8", least), FOREIGN),
    "no 127": (altered("theta.int8", lambda a: a // 2), FOREIGN),
    "no biases": (lambda a: {name: a[name] for name in a if name != "theta.rest"}, r"a network consists of"),
    "two kinds": (lambda a: a | {"theta": np.zeros(42, np.float32)}, r"a network consists of"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused(case: str, tmp_path: Path) -> None:
    change, message = HOSTILE[case]
    network = Network.initialized(Architecture(3, 2, cell="rnn", hidden_size=4)).quantized()
    arrays, metadata = network.to_arrays()
    save_arrays(tmp_path / "network", change(arrays), metadata)
    with pytest.raises(FileFormatError, match=message):
        load(tmp_path / "network")


def test_copies_of_a_streamed_network_stream() -> None:
    """A copy, one with another output, and one from another process keep the precision."""
    architecture = Architecture(1, 2, cell="gru", hidden_size=5, output="softmax")
    streamed = StreamedNetwork(Network.initialized(architecture, seed=0), "bfloat16")
    x = np.random.default_rng(0).normal(size=(4, 3, 1)).astype(np.float32)
    for other in (streamed.copy(), pickle.loads(pickle.dumps(streamed))):
        assert isinstance(other, StreamedNetwork) and other.precision == "bfloat16"
        np.testing.assert_array_equal(other.predict(x), streamed.predict(x), strict=True)
    plain = streamed.with_output("identity")
    assert (plain.precision, plain.architecture.output) == ("bfloat16", "identity")
