"""Keras as live oracle: models both ways, every entry of a configuration, wrong orders of gates."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import pytest
from keras import layers as of

from elman import Architecture, Network
from elman.errors import InterchangeError, UnsupportedError
from elman.interop.keras import KerasLayer, exchange, from_keras, to_keras
from elman.interop.reference_network import ReferenceNetwork

# Keras reads its variables in a way that NumPy 2 announces to end.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
CELLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "tanh": (of.SimpleRNN, {}),
    "relu": (of.SimpleRNN, {"activation": "relu"}),
    "sigmoid": (of.SimpleRNN, {"activation": "sigmoid"}),
    "linear": (of.SimpleRNN, {"activation": "linear"}),
    "lstm": (of.LSTM, {}),
    "gru": (of.GRU, {}),
    "gru-before": (of.GRU, {"reset_after": False}),
}
HEADS = ("none", "softmax", "time-distributed", "relu")
D, H, K = 3, 5, 2


@pytest.fixture(autouse=True)
def _seeded() -> None:
    keras.utils.set_random_seed(1)


def model(cell: str, number: int, both: bool, bias: bool, end: str, head: str, **options: Any) -> Any:
    kind, fixed = CELLS[cell]
    layers = [keras.Input((None, D))]
    for place in range(number):
        sequences = place + 1 < number or end != "last"
        layer = kind(H, use_bias=bias, return_sequences=sequences, **fixed, **options)
        layers.append(of.Bidirectional(layer) if both else layer)
    layers += {"mean": [of.GlobalAveragePooling1D()], "max": [of.GlobalMaxPooling1D()]}.get(end, [])
    layers += {
        "none": [],
        "softmax": [of.Dense(K, activation="softmax")],
        "time-distributed": [of.TimeDistributed(of.Dense(K, use_bias=bias))],
        "relu": [of.Dense(K), of.Activation("relu")],
    }[head]
    made = keras.Sequential(layers)
    rng = np.random.default_rng(0)
    for layer in made.layers:
        layer.set_weights([rng.normal(0, 0.6, array.shape) for array in layer.get_weights()])
    return made


def chains() -> Iterator[Any]:
    for cell, number, both, bias, end, head in product(
        CELLS, (1, 2), (False, True), (True, False), ("every", "last", "mean", "max"), HEADS
    ):
        if head == "time-distributed" and end != "every":
            continue
        name = f"{cell}-{number}{'-both' if both else ''}{'' if bias else '-nobias'}-{end}-{head}"
        yield pytest.param(cell, number, both, bias, end, head, id=name)


@pytest.mark.parametrize(("cell", "number", "both", "bias", "end", "head"), list(chains()))
def test_from_keras(cell: str, number: int, both: bool, bias: bool, end: str, head: str) -> None:
    network, proof = from_keras(model(cell, number, both, bias, end, head))
    assert isinstance(network, ReferenceNetwork if cell == "gru-before" else Network)
    assert proof.compared > 0
    assert proof.largest_difference is not None
    assert proof.largest_difference <= 1e-5
    assert proof.other == f"keras {keras.__version__}"


def architectures() -> Iterator[Any]:
    for cell, activation, layers, both, bias, readout, indices in product(
        ("rnn", "lstm", "gru"), ("tanh", "relu", "sigmoid", "identity"), (1, 2), (False, True), (True, False),
        ("every", "last", "mean", "max"), (False, True),
    ):  # fmt: skip
        if cell != "rnn" and activation != "tanh":
            continue
        inputs = {"input_size": None, "vocabulary_size": 7, "embedding_size": 4} if indices else {"input_size": D}
        options = {"num_layers": layers, "bidirectional": both, "bias": bias, "readout": readout}
        name = f"{cell}-{activation}-{layers}{'-both' if both else ''}{'' if bias else '-nobias'}-{readout}"
        architecture = Architecture(
            output_size=K, cell=cell, hidden_size=H, activation=activation, output="softmax", **inputs, **options
        )
        yield pytest.param(architecture, id=name + ("-embedding" if indices else ""))


@pytest.mark.parametrize("architecture", list(architectures()))
def test_to_keras_and_back(architecture: Architecture) -> None:
    network = Network.initialized(architecture, scheme="torch", seed=2)
    made, proof = to_keras(network)
    assert proof.compared > 0
    back = from_keras(made).network
    assert back.architecture == architecture
    np.testing.assert_allclose(back.theta, network.theta, rtol=0, atol=1e-7)


@pytest.mark.parametrize("both", [(True, False), (False, True)])
@pytest.mark.parametrize("readout", ["every", "last", "mean"])
def test_a_layer_of_both_directions_among_others(both: tuple[bool, bool], readout: str) -> None:
    architecture = Architecture(D, K, hidden_size=(H, 3), bidirectional=both, readout=readout)
    network = Network.initialized(architecture, scheme="torch", seed=2)
    made, _ = to_keras(network)
    assert [type(layer).__name__ == "Bidirectional" for layer in made.layers[:2]] == list(both)
    back = from_keras(made).network
    assert back.architecture == architecture
    np.testing.assert_allclose(back.theta, network.theta, rtol=0, atol=1e-7)


def test_dropout_goes_where_elman_has_it() -> None:
    architecture = Architecture(None, 2, vocabulary_size=5, embedding_size=3, num_layers=2, hidden_size=4, dropout=0.3)
    made = to_keras(Network.initialized(architecture)).model
    kinds = [type(layer).__name__ for layer in made.layers]
    assert kinds == ["Embedding", "Dropout", "LSTM", "Dropout", "LSTM", "Dropout", "Dense"]
    with pytest.raises(UnsupportedError, match=r"rate=0\.3 is not supported"):
        from_keras(made)
    assert from_keras(made, inference_only=True).network.architecture.dropout == 0.0


REFUSED: list[tuple[str, Any]] = [
    ("stateful", True),
    ("recurrent_activation", "swish"),
    ("activation", "gelu"),
    ("dropout", 0.2),
    ("recurrent_dropout", 0.2),
    ("kernel_regularizer", "l2"),
    ("recurrent_regularizer", "l1"),
    ("bias_regularizer", "l2"),
    ("activity_regularizer", "l2"),
    ("kernel_constraint", "max_norm"),
    ("recurrent_constraint", "non_neg"),
    ("bias_constraint", "unit_norm"),
    ("dtype", "mixed_bfloat16"),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_entries_that_would_be_left_out_are_refused_by_name(name: str, value: Any) -> None:
    layer = of.LSTM(H, **{name: value})
    layer.build((2 if name == "stateful" else None, None, D))
    with pytest.raises(UnsupportedError, match=rf"LSTM 'lstm.*': {name}="):
        from_keras(layer)


SUPPORTED = {"units": 4, "activation": "relu", "use_bias": False, "return_sequences": True}


def one_layer(**options: Any) -> Any:
    layer = of.SimpleRNN(**({"units": 3} | options))
    layer.build((None, None, D))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(0, 0.6, array.shape) for array in layer.get_weights()])
    return layer


@pytest.mark.parametrize("name", list(SUPPORTED))
def test_two_layers_that_differ_in_one_entry_differ_in_output(name: str) -> None:
    x = np.random.default_rng(1).standard_normal((6, 2, D)).astype(np.float32)
    one, other = (from_keras(one_layer(**o)).network.predict(x) for o in ({}, {name: SUPPORTED[name]}))
    assert one.shape != other.shape or not np.allclose(one, other)


@pytest.mark.parametrize("value", [False, True])
def test_unroll_changes_nothing(value: bool) -> None:
    made = keras.Sequential([keras.Input((4, D)), of.LSTM(H, unroll=value, seed=3)])
    assert from_keras(made).proof.compared > 0


def test_reset_after_matters() -> None:
    x = np.random.default_rng(1).standard_normal((6, 2, D))
    outputs = []
    for after in (True, False):
        keras.utils.set_random_seed(3)
        layer = of.GRU(H, reset_after=after)
        layer.build((None, None, D))
        outputs.append(from_keras(layer).network.predict(x))
    assert not np.allclose(*outputs)


def test_every_key_of_a_configuration_is_known() -> None:
    for cell in (of.SimpleRNN, of.LSTM, of.GRU):
        layer = cell(2)
        layer.build((None, None, D))
        assert from_keras(layer).proof.compared > 0


@pytest.mark.parametrize("mode", ["sum", "mul", "ave"])
def test_merging_other_than_side_by_side_is_refused(mode: str) -> None:
    made = keras.Sequential([keras.Input((None, D)), of.Bidirectional(of.LSTM(H), merge_mode=mode)])
    with pytest.raises(UnsupportedError, match=f"merge_mode='{mode}'"):
        from_keras(made)


def test_a_model_that_is_no_chain_is_caught() -> None:
    given = keras.Input((None, D))
    first = of.LSTM(D, return_sequences=True)(given)
    made = keras.Model(given, of.LSTM(D)(first + given))
    with pytest.raises((InterchangeError, UnsupportedError)):
        from_keras(made)


def test_descriptions_are_rebuilt_and_compared() -> None:
    made = model("gru", 2, True, True, "last", "softmax")
    described = [KerasLayer(type(x).__name__, x.get_config(), x.get_weights()) for x in made.layers]
    assert from_keras(described).proof.compared > 0


def permuted(order: tuple[int, ...]) -> Any:
    """Return a faulty conversion: gates in the wrong order."""
    right = exchange._of_direction

    def wrong(*arguments: Any) -> Any:
        return [
            np.concatenate([np.split(array, len(order), axis=-1)[place] for place in order], axis=-1)
            for array in right(*arguments)
        ]

    return wrong


ORDERS = [("lstm", order) for order in list(permutations(range(4)))[1:]]
ORDERS += [("gru", order) for order in list(permutations(range(3)))[1:]]


@pytest.mark.parametrize(("cell", "order"), ORDERS)
def test_every_wrong_order_of_gates_is_caught(
    cell: str, order: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network.initialized(Architecture(D, K, cell=cell, hidden_size=4), scheme="torch")
    monkeypatch.setattr(exchange, "_of_direction", permuted(order))
    with pytest.raises(InterchangeError, match="The model was not converted"):
        to_keras(network)


def test_swapped_biases_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = exchange._of_direction

    def swapped(*arguments: Any) -> Any:
        kernel, recurrent, bias = right(*arguments)
        return [kernel, recurrent, bias[::-1]]

    network = Network.initialized(Architecture(D, K, cell="gru", hidden_size=4), scheme="uniform", scale=1.0)
    assert to_keras(network).proof.compared > 0
    monkeypatch.setattr(exchange, "_of_direction", swapped)
    with pytest.raises(InterchangeError):
        to_keras(network)
