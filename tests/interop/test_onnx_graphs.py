"""Whole models as graphs of operators, run in NumPy: they give the model's own results, and a network comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from elman import Architecture, Forecaster, Network, SequenceClassifier, SequenceRegressor, SequenceTagger
from elman.data.scaling import series_scale
from elman.errors import UnsupportedError
from elman.estimators import fitted_value
from elman.interop import onnx_run
from elman.interop.onnx_cells import run_recurrent
from elman.interop.onnx_export import _check_forecaster, _check_sequences, export_onnx
from elman.interop.onnx_forecaster import forecaster_graph
from elman.interop.onnx_graph import GraphBuilder
from elman.interop.onnx_import import network_of
from elman.interop.onnx_layers import THEIRS, Weights, parameters_of, weights_of
from elman.interop.onnx_network import network_graph
from elman.interop.onnx_run import run_graph
from elman.interop.onnx_sequences import sequence_graph
from elman.interop.proof import compare
from elman.interop.torch import to_state_dict
from elman.network import State

Array = npt.NDArray[Any]

NETWORKS: dict[str, dict[str, Any]] = {
    "lstm": {"cell": "lstm"},
    "gru, both directions": {"cell": "gru", "bidirectional": True},
    "two layers, last": {"cell": "lstm", "num_layers": 2, "bidirectional": True, "readout": "last"},
    "gru of two layers, mean": {"cell": "gru", "num_layers": 2, "readout": "mean", "output": "sigmoid"},
    "relu, maximum": {"cell": "rnn", "activation": "relu", "readout": "max", "output": "softmax"},
    "identity, no biases": {"cell": "rnn", "activation": "identity", "bias": False, "output": "relu"},
    "sigmoid with skip": {"cell": "rnn", "activation": "sigmoid", "linear_skip": True, "output": "tanh"},
    "skip over three steps": {"cell": "gru", "readout": "last", "linear_skip": True, "skip_steps": 3},
    "layers of own sizes": {"cell": "gru", "hidden_size": (4, 2, 3), "bidirectional": True},
    "a layer of both directions below": {"cell": "lstm", "hidden_size": (4, 3), "bidirectional": (True, False)},
    "a layer of both directions above": {
        "cell": "rnn", "num_layers": 2, "bidirectional": (False, True), "readout": "last",
    },
    "dense layers": {
        "cell": "lstm", "hidden_size": (2, 4), "readout": "last", "dense": (5, 3),
        "dense_activation": ("relu", "identity"),
    },
    "dense, every step, skip": {"cell": "rnn", "dense": (3,), "dense_activation": "tanh", "linear_skip": True},
    "backwards": {"cell": "gru", "hidden_size": (4, 3), "reverse": True, "output": "log_softmax"},
    "backwards, last": {"cell": "lstm", "reverse": True, "readout": "last"},
    "one-hot": {"cell": "lstm", "input_size": None, "vocabulary_size": 6},
    "embedding": {"cell": "gru", "input_size": None, "vocabulary_size": 6, "embedding_size": 3},
    "tied": {
        "cell": "lstm", "input_size": None, "vocabulary_size": 6, "embedding_size": 4, "output_size": 6,
        "tied_weights": True,
    },
    "projections": {"hidden_size": (4, 3), "projection_size": 2, "bidirectional": (True, False), "readout": "last"},
    "projections, maximum": {"projection_size": 2, "bidirectional": True, "readout": "max", "dense": (3,)},
    "projections, skip": {"num_layers": 2, "projection_size": 3, "linear_skip": True, "bias": False},
}  # fmt: skip


def made(name: str) -> Network:
    architecture = Architecture(**({"input_size": 3, "output_size": 2, "hidden_size": 4} | NETWORKS[name]))
    network = Network.initialized(architecture)
    network.theta[:] = np.random.default_rng(3).normal(size=network.theta.shape) * 0.5
    return network


def network_of_fit(forecaster: Forecaster) -> Any:
    return fitted_value("test", forecaster).need_network("test")


def fed(network: Network, steps: int, rows: int) -> Array:
    rng, size = np.random.default_rng(4), network.architecture.vocabulary_size
    if size is not None:
        return rng.integers(0, size, (steps, rows))
    return rng.normal(size=(steps, rows, network.architecture.input_size or 0)).astype(np.float32)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_with_defaults_and_with_lengths_and_states(name: str) -> None:
    network = made(name)
    graph = network_graph(network, {})
    x, rng = fed(network, 6, 4), np.random.default_rng(5)
    state, lengths = State.zeros(network.architecture, 4), np.array([6, 1, 0, 4])
    for array in state.to_arrays().values():
        array[...] = rng.normal(size=array.shape)
    feed = {"x": x, "lengths": lengths} | {f"{key}_0": array for key, array in state.to_arrays().items()}
    for given, ours in (({"x": x}, network.run(x)), (feed, network.run(x, state, lengths))):
        theirs = run_graph(graph, given)
        pairs = {"y": (ours[1], theirs["y"])}
        pairs |= {key: (array, theirs[f"{key}_n"]) for key, array in ours[0].to_arrays().items()}
        assert (compare("test", "the graph", pairs).largest_difference or 0.0) <= 1e-5
        assert list(theirs) == [value.name for value in graph.outputs]


def test_a_row_without_steps_keeps_its_state_where_a_runtime_zeroes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_onnx_runtime(op: str, attributes: Any, inputs: Any, place: Any) -> tuple[Array, ...]:
        Y, *states = run_recurrent(op, attributes, inputs, place)
        empty = np.asarray(inputs[4]) == 0
        return (Y, *(np.where(empty[:, np.newaxis], 0, state) for state in states))

    monkeypatch.setattr(onnx_run, "run_recurrent", as_onnx_runtime)
    network = made("lstm")
    state = State(*(np.random.default_rng(i).normal(size=(1, 2, 4)).astype(np.float32) for i in (1, 2)))
    feed = {"x": fed(network, 3, 2), "lengths": [0, 3], "h_0": state.h, "c_0": state.c}
    theirs = run_graph(network_graph(network, {}), feed)
    np.testing.assert_array_equal(theirs["h_n"][:, 0], state.h[:, 0])
    np.testing.assert_array_equal(theirs["c_n"][:, 0], state.c[:, 0])


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "tied"])
def test_a_network_comes_back_bit_for_bit(name: str) -> None:
    network = made(name)
    found, proof = network_of(network_graph(network, {"elman.kind": "network"}))
    if network.architecture.bias:
        assert found.architecture == network.architecture
        np.testing.assert_array_equal(found.theta, network.theta)
    x = fed(network, 5, 2)
    np.testing.assert_array_equal(found.predict(x), network.predict(x))
    assert proof.largest_difference is not None
    assert proof.largest_difference <= 1e-5
    assert proof.other == "the file run in NumPy (onnxruntime is not installed)"


def test_norms_are_refused_by_name() -> None:
    network = Network.initialized(Architecture(3, 2, hidden_size=4, layer_norm=True))
    with pytest.raises(
        UnsupportedError, match=r"^export_onnx: layer_norm=True has no counterpart: ONNX's RNN, LSTM and"
    ):
        network_graph(network, {})
    with pytest.raises(
        UnsupportedError, match=r"^to_torch: layer_norm=True has no counterpart: recurrent layers of torch"
    ):
        to_state_dict(network)


@pytest.mark.parametrize("directions", [1, 2])
def test_the_states_are_the_outputs_of_a_file_without_output_layer(directions: int) -> None:
    rng, builder = np.random.default_rng(0), GraphBuilder()
    W, R = (rng.normal(size=(directions, 16, size)).astype(np.float32) for size in (3, 4))
    options = {"hidden_size": 4} | ({"direction": "bidirectional"} if directions == 2 else {})
    y = builder.op(
        "Transpose",
        builder.op("LSTM", builder.input("x", "float32", ("T", "N", 3)), W, R, **options),
        perm=[0, 2, 1, 3],
    )
    builder.output(builder.op("Reshape", y, [0, 0, 4 * directions]), "y", "float32", ("T", "N", 4 * directions))
    found = network_of(builder.graph()).network
    x = rng.normal(size=(5, 2, 3)).astype(np.float32)
    np.testing.assert_allclose(found.predict(x), run_graph(builder.graph(), {"x": x})["y"], atol=1e-6)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_weights_there_and_back(cell: str) -> None:
    architecture = Architecture(3, 2, cell=cell, hidden_size=4, num_layers=2, bidirectional=True)
    named = Network.initialized(architecture).parameters
    for layer in (0, 1):
        back = parameters_of(cell, weights_of(architecture, named, layer), layer)
        assert set(back) == {name for name in named if name.startswith(f"layers.{layer}.")}
        for name, array in back.items():
            np.testing.assert_array_equal(array, named[name])


def test_blocks_of_gates_are_where_the_standard_has_them() -> None:
    assert THEIRS == {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
    architecture = Architecture(1, 1, cell="lstm", hidden_size=1)
    named = {"layers.0.W_x": np.array([[1.0, 2, 3, 4]]), "layers.0.W_h": np.array([[5.0, 6, 7, 8]])}  # i, f, g, o
    W, R, B = weights_of(architecture, named | {"layers.0.b": np.array([10.0, 20, 30, 40])}, 0)
    assert (W.ravel().tolist(), R.ravel().tolist()) == ([1, 4, 2, 3], [5, 8, 6, 7])  # i, o, f, c
    assert B is not None
    assert B.ravel().tolist() == [10, 40, 20, 30, 0, 0, 0, 0]
    back = parameters_of("lstm", Weights(W, R, np.array([[1.0, 2, 3, 4, 10, 20, 30, 40]])), 0)
    assert back["layers.0.b"].tolist() == [11, 33, 44, 22]
    gru = parameters_of("gru", Weights(W[:, :3], R[:, :3], np.array([[1.0, 2, 3, 10, 20, 30]])), 0)  # z, r, h
    assert gru["layers.0.b"].tolist() == [22, 11, 3]  # r, z, n
    assert gru["layers.0.b_hn"].tolist() == [30]


# Estimators

SMALL: dict[str, Any] = {"hidden_size": 4, "updates": 3, "random_state": 0}


def wave(length: int, level: float = 30.0, seed: int = 0) -> Array:
    noise = np.random.default_rng(seed).normal(size=length)
    return np.asarray(level + 5 * np.sin(np.arange(length)) + noise + np.arange(length) / 10)


def padded(series: list[Array]) -> dict[str, Array]:
    """Return rows with NaN behind them, which must not matter, and their lengths."""
    lengths = np.array([len(values) for values in series])
    values = np.full((len(series), lengths.max(), *series[0].shape[1:]), np.nan)
    for row, own in zip(values, series, strict=True):
        row[: len(own)] = own
    return {"values": values, "lengths": lengths}


FORECASTERS: dict[str, dict[str, Any]] = {
    "log, median of three": {"ensemble_size": 3},
    "median of four": {"ensemble_size": 4, "cell": "gru"},
    "log1p": {"ensemble_size": 1, "transform": "log1p", "num_layers": 2},
    "scale": {"ensemble_size": 2, "transform": "scale", "center": "last"},
    "none": {
        "ensemble_size": 1,
        "transform": "none",
        "center": "none",
        "cell": "rnn",
        "linear_skip": False,
        "bias": False,
    },
    "recursive": {"ensemble_size": 2, "strategy": "recursive"},
    "one target per stretch": {"ensemble_size": 1, "window": 1, "loss_at": "last", "center": "none"},
    "carried state": {"ensemble_size": 1, "carry_state": True},
}


@pytest.mark.parametrize("name", FORECASTERS)
def test_a_forecaster_from_raw_values(name: str) -> None:
    settings = SMALL | {"method": "network", "horizon": 3, "window": 5, "steps": 6, "season": 4} | FORECASTERS[name]
    forecaster = Forecaster(**settings).fit([wave(30), wave(41, 80.0, 1)])
    series = [wave(20, 50.0, 2), wave(3, 40.0, 3), wave(9, 60.0, 4)]
    feed = padded(series)
    if forecaster.transform_ == "scale":
        feed["scale"] = np.array([series_scale(values) for values in series])
    theirs = run_graph(forecaster_graph(network_of_fit(forecaster), {}), feed)["forecast"]
    assert (
        compare("test", "the graph", {"forecast": (np.stack(forecaster.predict(series)), theirs)}, 1e-6).compared == 9
    )


def test_a_forecaster_of_several_channels() -> None:
    data = np.stack([wave(40), wave(40, -20.0, 1)], axis=1)
    forecaster = Forecaster(horizon=2, method="network", window=4, season=4, ensemble_size=2, **SMALL).fit(data)
    assert forecaster.transform_ == ("log", "scale")
    graph = forecaster_graph(network_of_fit(forecaster), {})
    newer = np.stack([wave(25, 35.0, 5), wave(25, -25.0, 6)], axis=1)
    for values in (data, newer):  # the scale of the one series fitted on is the default
        theirs = run_graph(graph, {"values": values[np.newaxis]})["forecast"]
        compare("test", "the graph", {"forecast": (forecaster.predict(values)[np.newaxis], theirs)}, 1e-6)


@pytest.mark.parametrize(
    ("past", "future", "strategy"),
    [(["a"], None, "multi_output"), (["a"], ["b", "c"], "multi_output"), (None, ["b"], "recursive")],
)
def test_a_forecaster_with_covariates(past: Any, future: Any, strategy: str) -> None:
    def frame(name: str, length: int) -> pd.DataFrame:
        days = pd.date_range("2024-01-01", periods=length)
        columns = {key: np.random.default_rng(i).normal(size=length) * 9 for i, key in enumerate("abc")}
        return pd.DataFrame({"unique_id": name, "ds": days, "y": wave(length, 60.0), **columns})

    names = [*(past or []), *(future or [])]
    options = {"past_covariates": past, "future_covariates": future, "strategy": strategy}
    both = pd.concat([frame("u", 33), frame("v", 27)])[["unique_id", "ds", "y", *names]]
    known = both.groupby("unique_id").head(24)
    forecaster = Forecaster(
        horizon=3, method="network", window=5, steps=6, season=4, ensemble_size=2, **options, **SMALL
    ).fit(known)
    graph = forecaster_graph(network_of_fit(forecaster), {})
    for lengths in ((24, 24), (24, 9), (4, 3)):  # the last are shorter than a window
        parts = [known[known["unique_id"] == name].head(n) for name, n in zip("uv", lengths, strict=True)]
        rest = pd.concat(
            [both[both["unique_id"] == name].iloc[n : n + 3] for name, n in zip("uv", lengths, strict=True)]
        )
        later = rest[["unique_id", "ds", *(future or [])]] if future else None
        ours = forecaster.predict(pd.concat(parts), future=later)["Elman"].to_numpy().reshape(2, 3)
        feed = padded([part["y"].to_numpy() for part in parts])
        feed["covariates"] = padded([part[names].to_numpy() for part in parts])["values"]
        if future:
            feed["ahead"] = rest[future].to_numpy().reshape(2, 3, -1)
        compare("test", "the graph", {"forecast": (ours, run_graph(graph, feed)["forecast"])}, 1e-6)
    pairs = _check_forecaster(
        network_of_fit(forecaster), fitted_value("test", forecaster).newest, 0, lambda feed: run_graph(graph, feed)
    )
    assert compare("test", "the graph", pairs, 1e-6).compared == 12


def test_a_forecast_goes_on_from_the_states_it_gave() -> None:
    values = wave(40)
    forecaster = Forecaster(horizon=3, method="network", window=5, steps=6, season=4, ensemble_size=3, **SMALL).fit(
        values[:36]
    )
    graph = forecaster_graph(network_of_fit(forecaster), {})
    first = run_graph(graph, {"values": values[np.newaxis, :36]})
    states = {"h_0": first["h_n"], "c_0": first["c_n"]}
    # Four new values are four windows, the oldest of which begins four values before the first of them.
    feed = {"values": values[np.newaxis, 32:], "steps": 4, **states}
    on = run_graph(graph, feed)["forecast"]
    forecaster.update(values[36:])
    compare("test", "the graph", {"forecast": (forecaster.predict()[np.newaxis], on)}, 1e-6)
    anew = run_graph(graph, {"values": values[np.newaxis]})["forecast"]
    assert np.abs(on - anew).max() > 1e-6


ESTIMATORS: dict[str, Any] = {
    "three classes": (SequenceClassifier(ensemble_size=2, **SMALL), "text"),
    "two classes": (
        SequenceClassifier(ensemble_size=1, window=3, stride=2, cell="lstm", readout="mean", **SMALL),
        "two",
    ),
    "each by itself": (SequenceClassifier(ensemble_size=2, window=2, standardize="sequence", **SMALL), "text"),
    "labels": (SequenceClassifier(ensemble_size=2, readout="max", bidirectional=False, **SMALL), "labels"),
    "numbers": (SequenceRegressor(ensemble_size=2, num_layers=2, **SMALL), "numbers"),
    "a number": (SequenceRegressor(ensemble_size=1, dtype="float64", standardize=False, **SMALL), "number"),
}
LENGTHS = [9, 2, 1, 14, 7, 5, 3, 11]
SEQUENCES = [np.random.default_rng(i).normal(size=(n, 2)) * [1.0, 50.0] + [0.0, 300.0] for i, n in enumerate(LENGTHS)]
TARGETS = {
    "text": np.array(list("abcabcab")),
    "two": np.array([7, 9] * 4),
    "labels": np.array([[0, 1], [1, 1], [1, 0], [0, 0]] * 2),
    "numbers": np.random.default_rng(0).normal(size=(8, 3)),
    "number": np.random.default_rng(1).normal(size=8),
}


KIND = {SequenceClassifier: "classifier", SequenceRegressor: "regressor"}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_sequence_estimator_from_raw_values(name: str) -> None:
    estimator, kind = ESTIMATORS[name]
    estimator.fit(SEQUENCES, TARGETS[kind])
    theirs = run_graph(
        sequence_graph(fitted_value("test", estimator), {"elman.kind": KIND[type(estimator)]}), padded(SEQUENCES)
    )
    if isinstance(estimator, SequenceRegressor):
        compare("test", "the graph", {"prediction": (estimator.predict(SEQUENCES), theirs["prediction"])}, 1e-6)
    else:
        ours = estimator.predict_proba(SEQUENCES)
        compare("test", "the graph", {"probabilities": (ours, theirs["probabilities"])}, 1e-6)
        np.testing.assert_array_equal(theirs["label"], estimator.predict(SEQUENCES))


@pytest.mark.parametrize("target", ["class", "numbers"])
def test_a_tagger_from_raw_values(target: str) -> None:
    rng = np.random.default_rng(2)
    tags = [rng.integers(0, 3, n) if target == "class" else rng.normal(size=n) for n in LENGTHS]
    tagger = SequenceTagger(target=target, window=3, ensemble_size=2, **SMALL).fit(SEQUENCES, tags)
    theirs = run_graph(sequence_graph(fitted_value("test", tagger), {"elman.kind": "tagger"}), padded(SEQUENCES))
    output = "label" if target == "class" else "prediction"
    for row, expected in zip(theirs[output], tagger.predict(SEQUENCES), strict=True):
        compare("test", "the graph", {output: (expected, row[: len(expected)])}, 1e-6)


def test_the_check_of_an_export_notices_a_wrong_file() -> None:
    classifier = SequenceClassifier(ensemble_size=1, **SMALL).fit(SEQUENCES, TARGETS["text"])
    fitted = fitted_value("test", classifier)
    graph = sequence_graph(fitted, {"elman.kind": "classifier"})
    right = _check_sequences(fitted, 0, lambda feed: run_graph(graph, feed))
    assert {name: float(np.abs(a - b).max()) < 1e-6 for name, (a, b) in right.items()} == dict.fromkeys(right, True)
    shifted = replace(fitted.preparation, center=fitted.preparation.center + 1.0)
    wrong = _check_sequences(replace(fitted, preparation=shifted), 0, lambda feed: run_graph(graph, feed))
    assert np.abs(np.subtract(*wrong["probabilities"])).max() > 1e-4
    forecaster = Forecaster(horizon=3, method="network", window=5, season=4, ensemble_size=1, **SMALL).fit(wave(40))
    graph = forecaster_graph(network_of_fit(forecaster), {})
    forecaster.networks_[0].parameters["output.b_y"][:] += 1.0
    pairs = _check_forecaster(
        network_of_fit(forecaster), fitted_value("test", forecaster).newest, 0, lambda feed: run_graph(graph, feed)
    )
    assert all(np.abs(a - b).max() > 1e-4 for a, b in pairs.values())


# Refusals


def test_what_cannot_be_exported_is_refused_by_name() -> None:
    forecaster = Forecaster(
        horizon=101, method="network", strategy="recursive", window=4, season=2, ensemble_size=1, **SMALL
    ).fit(wave(130))
    with pytest.raises(
        UnsupportedError, match=r'the strategy "recursive" would repeat the network 101 times, at most 100'
    ):
        export_onnx(forecaster, "unused.onnx")
    with pytest.raises(UnsupportedError, match=r"export_onnx: takes a Network, .*, got a dict\."):
        export_onnx({}, "unused.onnx")
    with pytest.raises(ValueError, match=r"not fitted yet"):
        export_onnx(SequenceClassifier(), "unused.onnx")
