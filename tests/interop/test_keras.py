from __future__ import annotations

import json
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import Architecture, Forecaster, Network, reference
from elman.errors import ArgumentError, DataError, ElmanError, MissingExtraError, ShapeError, UnsupportedError
from elman.interop.keras import KerasLayer, exchange, from_keras, to_keras, to_weights
from elman.interop.reference_network import ReferenceNetwork
from tolerances import relative_error, tolerance

FILE = np.load(Path(__file__).with_name("keras_models.npz"))
CLOSE = tolerance("states", "float32")  # Keras multiplies float64 matrices in float32
CASES = sorted({name.split("/")[0] for name in FILE.files})


def layers(case: str) -> list[KerasLayer]:
    """Return the committed description of a model."""
    found = []
    for number, (class_name, config) in enumerate(json.loads(str(FILE[f"{case}/layers"]))):
        names = [name for name in FILE.files if name.startswith(f"{case}/weights/{number}/")]
        found.append(KerasLayer(class_name, config, [FILE[name] for name in sorted(names)]))
    return found


def error_against_keras(case: str, described: list[KerasLayer]) -> float:
    network = exchange.Chain(described, inference_only=False).network()
    y = network.predict(FILE[f"{case}/x"].swapaxes(0, 1))
    return relative_error(y.swapaxes(0, 1) if y.ndim == 3 else y, FILE[f"{case}/y"])


@pytest.mark.parametrize("case", CASES)
def test_weights_of_keras_give_its_outputs(case: str) -> None:
    network, proof = from_keras(layers(case))
    assert proof.largest_difference is None
    assert isinstance(network, ReferenceNetwork if "before" in case else Network)
    assert error_against_keras(case, layers(case)) <= CLOSE


@pytest.mark.parametrize("case", [case for case in CASES if "before" not in case])
def test_there_and_back_gives_the_same_weights(case: str) -> None:
    network = from_keras(layers(case)).network
    assert isinstance(network, Network)
    again = iter(to_weights(network))
    back = [layer._replace(weights=next(again)) if layer.weights else layer for layer in layers(case)]
    biased = [
        layer for layer, original in zip(back, layers(case), strict=True) if len(layer.weights) > len(original.weights)
    ]
    for layer in biased:  # a network has biases in all its layers or in none
        assert not np.any(layer.weights[-1])
        layer.weights.pop()
    if "every" in case or "both" in case:
        assert biased == []
    assert error_against_keras(case, back) <= CLOSE


def blocks(layer: KerasLayer, order: tuple[int, ...]) -> KerasLayer:
    """Return a layer with its gates in another order."""
    weights = [
        np.concatenate([np.split(array, len(order), axis=-1)[place] for place in order], axis=-1)
        for array in layer.weights
    ]
    return layer._replace(weights=weights)


@pytest.mark.parametrize("order", list(permutations(range(4)))[1:])
def test_every_wrong_order_of_lstm_gates_is_caught(order: tuple[int, ...]) -> None:
    for case in ("lstm-every", "lstm-last", "lstm-both"):
        first, *rest = layers(case)
        assert error_against_keras(case, [blocks(first, order), *rest]) > 100 * CLOSE


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:])
@pytest.mark.parametrize("cell", ["gru", "gru-before"])
def test_every_wrong_order_of_gru_gates_is_caught(cell: str, order: tuple[int, ...]) -> None:
    for case in (f"{cell}-every", f"{cell}-last", f"{cell}-both"):
        first, *rest = layers(case)
        assert error_against_keras(case, [blocks(first, order), *rest]) > 100 * CLOSE


def test_swapped_rows_of_biases_are_caught() -> None:
    first, *rest = layers("gru-every")
    kernel, recurrent, bias = first.weights
    swapped = first._replace(weights=[kernel, recurrent, bias[::-1]])
    assert error_against_keras("gru-every", [swapped, *rest]) > 100 * CLOSE


def test_swapped_directions_are_caught() -> None:
    first, *rest = layers("lstm-both")
    swapped = first._replace(weights=[*first.weights[3:], *first.weights[:3]])
    assert error_against_keras("lstm-both", [swapped, *rest]) > 100 * CLOSE


LSTM = {"name": "lstm", "units": 2, "return_sequences": True}
WEIGHTS = [np.ones((3, 8)), np.ones((2, 8)), np.ones(8)]
CHANGES: list[tuple[str, Any, str]] = [
    ("stateful", True, "stateful=True is not supported."),
    ("activation", "gelu", "activation='gelu' is not supported."),
    ("recurrent_activation", "swish", "recurrent_activation='swish' is not supported."),
    ("dtype", "mixed_float16", "dtype='mixed_float16' is not supported: float32 or float64."),
    ("lora_rank", 4, "lora_rank=4 is not supported."),
    ("peephole", True, "peephole=True is unknown."),
]
IN_TRAINING: list[tuple[str, Any]] = [
    ("dropout", 0.5),
    ("recurrent_dropout", 0.25),
    ("kernel_regularizer", {"class_name": "L2"}),
    ("bias_constraint", {"class_name": "MaxNorm"}),
    ("activity_regularizer", "l1"),
]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Keras look as if it was not installed: tests_external has what needs it."""
    monkeypatch.setitem(sys.modules, "keras", None)


@pytest.mark.parametrize(("key", "value", "message"), CHANGES)
def test_entries_are_refused_by_name(key: str, value: Any, message: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        from_keras([KerasLayer("LSTM", LSTM | {key: value}, WEIGHTS)])
    assert str(caught.value) == f"from_keras: LSTM 'lstm': {message}"


@pytest.mark.parametrize(("key", "value"), IN_TRAINING)
def test_what_acts_in_training_alone_is_left_out_on_request_only(key: str, value: Any) -> None:
    layer = KerasLayer("LSTM", LSTM | {key: value}, WEIGHTS)
    with pytest.raises(UnsupportedError) as caught:
        from_keras([layer])
    assert str(caught.value) == (
        f"from_keras: LSTM 'lstm': {key}={value!r} is not supported.\n"
        "  Hint: it acts only in training; inference_only=True drops it."
    )
    plain = from_keras([KerasLayer("LSTM", LSTM, WEIGHTS)]).network
    assert np.array_equal(from_keras([layer], inference_only=True).network.theta, plain.theta)


@pytest.mark.parametrize("key", ["unroll", "zero_output_for_mask", "trainable", "unit_forget_bias"])
def test_entries_without_influence_change_nothing(key: str) -> None:
    plain = from_keras([KerasLayer("LSTM", LSTM, WEIGHTS)]).network
    for value in (False, True):
        other = from_keras([KerasLayer("LSTM", LSTM | {key: value}, WEIGHTS)]).network
        assert np.array_equal(other.theta, plain.theta)


def both(forward: dict[str, Any], backward: dict[str, Any] | None = None, **config: Any) -> KerasLayer:
    inside = {"class_name": "LSTM", "config": forward}
    outside = {"name": "both", "layer": inside} | config
    if backward is not None:
        outside["backward_layer"] = {"class_name": "LSTM", "config": backward}
    return KerasLayer("Bidirectional", outside, WEIGHTS * 2)


LAYER = KerasLayer("LSTM", LSTM, WEIGHTS)
DENSE = KerasLayer("Dense", {"name": "dense", "units": 1, "activation": "linear"}, [np.ones((2, 1)), np.ones(1)])
REFUSED: list[tuple[list[KerasLayer], type[ElmanError], str]] = [
    ([DENSE], UnsupportedError, "Dense 'dense' is not supported, or not at this position."),
    ([], UnsupportedError, "needs a recurrent layer: SimpleRNN, LSTM, GRU, or Bidirectional of one."),
    ([DENSE, LAYER], UnsupportedError, "Dense 'dense' is not supported, or not at this position."),
    (
        [KerasLayer("Conv1D", {"name": "c"}, [])],
        UnsupportedError,
        "Conv1D 'c' is not supported, or not at this position.",
    ),
    (
        [KerasLayer("Masking", {"name": "m"}, []), LAYER],
        ArgumentError,
        "Masking 'm': its configuration has no 'mask_value'.",
    ),
    (
        [KerasLayer("Dropout", {"name": "d", "rate": 0.5}, []), LAYER],
        UnsupportedError,
        "Dropout 'd': rate=0.5 is not supported.\n  Hint: it acts only in training",
    ),
    ([both(LSTM, merge_mode="sum")], UnsupportedError, "Bidirectional 'both': merge_mode='sum' is not supported."),
    (
        [both(LSTM, LSTM | {"activation": "relu"})],
        UnsupportedError,
        "Bidirectional 'both': backward_layer must be like the forward one.",
    ),
    (
        [both(LSTM), KerasLayer("LSTM", LSTM | {"go_backwards": True}, [np.ones((4, 8)), np.ones((2, 8)), np.ones(8)])],
        UnsupportedError,
        "some layers run forward and others backward in time (go_backwards)",
    ),
    (
        [KerasLayer("LSTM", LSTM | {"return_sequences": False}, WEIGHTS), LAYER],
        UnsupportedError,
        "LSTM 'lstm': return_sequences=False below another layer.",
    ),
    (
        [LAYER, KerasLayer("SimpleRNN", LSTM, [np.ones((2, 2)), np.ones((2, 2)), np.ones(2)])],
        UnsupportedError,
        "SimpleRNN 'lstm' has cell 'rnn', LSTM 'lstm' has 'lstm'; the layers of a network may differ in units and",
    ),
    (
        [LAYER, DENSE._replace(config=dict(DENSE.config) | {"activation": "gelu"})],
        ArgumentError,
        "Dense 'dense': activation must be one of linear, tanh, sigmoid, relu, softmax, log_softmax, got 'gelu'.",
    ),
    (
        [LAYER._replace(weights=[])],
        ArgumentError,
        "LSTM 'lstm' must have 3 arrays of weights, got 0.\n  Hint: build the model, or call it once.",
    ),
    (
        [LAYER._replace(weights=[*WEIGHTS[:2], np.ones((2, 8))])],
        ShapeError,
        "LSTM 'lstm': bias must have shape (8,), got (2, 8).",
    ),
    (
        [LAYER._replace(weights=[*WEIGHTS[:2], np.full(8, np.inf)])],
        DataError,
        "LSTM 'lstm': weights[2] holds a value that is not finite.",
    ),
    (
        [LAYER._replace(weights=[*WEIGHTS[:2], np.ones(8, np.float16)])],
        ArgumentError,
        "LSTM 'lstm': weights[2] must be float32 or float64, got float16.",
    ),
    (
        [LAYER, DENSE._replace(weights=[np.ones((3, 1)), np.ones(1)])],
        ShapeError,
        "output.W_y must have shape (2, 1), got (3, 1).",
    ),
    ([LAYER._replace(config={"name": "x"})], ArgumentError, "LSTM 'x': its configuration has no 'units'."),
    (
        [LAYER._replace(config=LSTM | {"units": 2.5})],
        ArgumentError,
        "LSTM 'lstm': units must be an integer of at least 1, got 2.5.",
    ),
    (
        [LAYER._replace(config=LSTM | {"use_bias": "False"})],
        ArgumentError,
        "LSTM 'lstm': use_bias must be True or False, got 'False'.",
    ),
    (
        [LAYER._replace(weights=[np.ones(8), *WEIGHTS[1:]])],
        ShapeError,
        "LSTM 'lstm': kernel must have shape (any, 8), got (8,).",
    ),
    (
        [KerasLayer("Bidirectional", {"name": "b"}, WEIGHTS * 2)],
        ArgumentError,
        "Bidirectional 'b': its configuration has no 'layer'.",
    ),
    (
        [KerasLayer("Bidirectional", {"name": "b", "layer": {"class_name": "LSTM"}}, WEIGHTS * 2)],
        ArgumentError,
        "Bidirectional 'b': layer must have a class_name and a config, got {'class_name': 'LSTM'}.",
    ),
    (
        [LAYER, DENSE._replace(config=dict(DENSE.config) | {"units": 9})],
        ShapeError,
        "Dense 'dense': kernel must have shape (any, 9), got (2, 1).",
    ),
    ([LAYER, DENSE._replace(weights=[np.ones(2), np.ones(1)])], ShapeError, "Dense 'dense': kernel must have shape"),
    ([LAYER, KerasLayer("Activation", {"name": "a"}, [])], ArgumentError, "Activation 'a': its configuration has no"),
    (
        [KerasLayer("Embedding", {"name": "e", "input_dim": 9, "output_dim": 3}, [np.ones((5, 3))]), LAYER],
        ShapeError,
        "Embedding 'e': embeddings must have shape (9, 3), got (5, 3).",
    ),
]


@pytest.mark.parametrize(("described", "error", "message"), REFUSED)
def test_refused(described: list[KerasLayer], error: type[ElmanError], message: str) -> None:
    with pytest.raises(error) as caught:
        from_keras(described)
    assert type(caught.value) is error
    assert str(caught.value).startswith(f"from_keras: {message}")


def test_the_widest_weights_decide_about_the_dtype() -> None:
    narrow = [array.astype(np.float32) for array in WEIGHTS]
    assert from_keras([LAYER._replace(weights=narrow)]).network.theta.dtype == np.float32
    value = np.nextafter(0.1, 1.0)
    weights = [narrow[0], np.full((2, 8), value), narrow[2]]
    network = from_keras([LAYER._replace(weights=weights)]).network
    assert isinstance(network, Network)
    assert np.all(network.parameters["layers.0.W_h"] == value)


def test_without_keras_weights_convert_and_the_report_says_so() -> None:
    assert str(from_keras([LAYER]).proof) == "not compared: keras is not installed"
    with pytest.raises(MissingExtraError, match="to_keras: needs the package keras; pip install"):
        to_keras(Network.initialized(Architecture(1, 1)))
    with pytest.raises(ArgumentError, match="source must be a model, a layer or KerasLayers, got int"):
        from_keras(3)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"linear_skip": True}, "linear_skip=True"),
        ({"recurrent_dropout": 0.5}, "recurrent_dropout=0.5"),
        ({"layer_norm": True}, "layer_norm=True"),
        ({"input_size": None, "vocabulary_size": 5}, "one-hot input"),
        (
            {"input_size": None, "vocabulary_size": 1, "embedding_size": 64, "tied_weights": True},
            "tied_weights=True",
        ),
    ],
)
def test_networks_that_keras_has_not_are_refused(options: dict[str, Any], what: str) -> None:
    network = Network.initialized(Architecture(**({"input_size": 1, "output_size": 1} | options)))
    with pytest.raises(UnsupportedError, match=f"to_keras: {what} has no counterpart in a chain of Keras layers"):
        to_keras(network)


def test_an_ensemble_goes_one_by_one() -> None:
    forecaster = Forecaster(
        horizon=1, method="network", window=3, season=2, ensemble_size=2, updates=1, hidden_size=2, linear_skip=False
    )
    forecaster.fit(np.arange(1.0, 20.0))
    with pytest.raises(ArgumentError, match=r"to_keras: takes one network, this Forecaster has 2\.\n  Hint: networks_"):
        to_keras(forecaster)
    with pytest.raises(UnsupportedError, match=r"to_keras: takes a Network, Forecaster, .*, got a list\."):
        to_keras([])


def test_the_reference_network_respects_lengths() -> None:
    case = "gru-before-both"
    network = from_keras(layers(case)).network
    x = FILE[f"{case}/x"].swapaxes(0, 1)
    padded = np.concatenate([x, np.full((3, *x.shape[1:]), 9.0)])
    np.testing.assert_array_equal(network.predict(padded, lengths=[len(x)] * 3), network.predict(x))
    with pytest.raises(UnsupportedError, match="runs LSTM and GRU layers, with no skip"):
        ReferenceNetwork(Architecture(1, 1, cell="rnn"), np.zeros(3))


def tutorial(*heads: tuple[int, str]) -> list[KerasLayer]:
    """Return LSTM 4, LSTM 3 and dense layers, as two thirds of all tutorials have them."""
    rng, found, width = np.random.default_rng(2), [], 2
    for units, every in ((4, True), (3, False)):
        config = {"name": f"lstm {units}", "units": units, "return_sequences": every}
        shapes = ((width, 4 * units), (units, 4 * units), (4 * units,))
        found.append(KerasLayer("LSTM", config, [rng.normal(size=shape) for shape in shapes]))
        width = units
    for units, activation in heads:
        config = {"name": f"dense {units}", "units": units, "activation": activation}
        found.append(KerasLayer("Dense", config, [rng.normal(size=shape) for shape in ((width, units), (units,))]))
        width = units
    return found


def test_layers_of_own_sizes_and_dense_layers() -> None:
    described = tutorial((5, "relu"), (4, "linear"), (1, "linear"))
    network = from_keras(described).network
    assert isinstance(network, Network)
    a = network.architecture
    assert (a.hidden_size, a.dense, a.dense_activation) == ((4, 3), (5, 4), ("relu", "identity"))
    x = np.random.default_rng(3).normal(size=(6, 2, 2))
    r, zeros = x, [np.zeros((2, units)) for units in (4, 3)]
    for layer, start in zip(described[:2], zeros, strict=True):
        r = reference.lstm_forward(r, start, start, *layer.weights).h[1:]
    r = r[-1]
    r = np.maximum(r @ described[2].weights[0] + described[2].weights[1], 0.0)
    for layer in described[3:]:
        r = r @ layer.weights[0] + layer.weights[1]
    assert relative_error(network.predict(x), r) < 1e-12
    for back, layer in zip(to_weights(network), described, strict=True):
        assert all((ours == theirs).all() for ours, theirs in zip(back, layer.weights, strict=True))


def test_activations_of_their_own() -> None:
    relu = KerasLayer("Activation", {"name": "relu", "activation": "relu"}, ())
    softmax = KerasLayer("Activation", {"name": "softmax", "activation": "softmax"}, ())
    first, second, *heads = tutorial((3, "linear"), (2, "linear"))
    network = from_keras([first, second, relu, heads[0], relu, heads[1], softmax]).network
    a = network.architecture
    assert (a.dense, a.dense_activations, a.output) == ((3, 3), ("relu", "relu"), "softmax")
    np.testing.assert_array_equal(network.parameters["dense.0.W"], np.eye(3))
    with pytest.raises(UnsupportedError, match=r"Activation 'softmax': softmax is not supported below another layer\."):
        from_keras([first, second, softmax, *heads])


def chain(*described: KerasLayer) -> Any:
    return from_keras(list(described)).network


def lstm(**options: Any) -> KerasLayer:
    rng = np.random.default_rng(4)
    weights = [rng.normal(size=shape) for shape in ((3, 8), (2, 8), (8,))]
    return KerasLayer("LSTM", {"name": "lstm", "units": 2, **options}, weights)


X = np.random.default_rng(5).normal(size=(6, 4, 3))


def test_backwards_alone() -> None:
    network = chain(lstm(go_backwards=True))
    assert network.architecture.reverse
    np.testing.assert_array_equal(network.predict(X), chain(lstm()).predict(X[::-1]))
    above = KerasLayer("LSTM", {"name": "above", "units": 1}, [np.ones((2, 4)), np.ones((1, 4)), np.ones(4)])
    two = chain(lstm(go_backwards=True, return_sequences=True), above)
    np.testing.assert_array_equal(two.predict(X), chain(lstm(return_sequences=True), above).predict(X[::-1]))
    twice = above._replace(config=dict(above.config) | {"go_backwards": True})
    with pytest.raises(UnsupportedError, match="some layers run forward and others backward in time"):
        chain(lstm(go_backwards=True, return_sequences=True), twice)
    with pytest.raises(UnsupportedError, match=r"feed x\[:, ::-1\]"):
        chain(lstm(go_backwards=True, return_sequences=True))


@pytest.mark.parametrize("both", [False, True])
def test_other_activations_of_an_lstm_by_the_equations(both: bool) -> None:
    layer = lstm(activation="relu", recurrent_activation="hard_sigmoid")
    if both:
        inner = {"class_name": "LSTM", "config": dict(layer.config)}
        layer = KerasLayer("Bidirectional", {"name": "both", "layer": inner}, [*layer.weights, *layer.weights])
    network, (kernel, recurrent, bias) = chain(layer), lstm().weights
    assert isinstance(network, ReferenceNetwork)
    ends = []
    for x in (X, X[::-1])[: 1 + both]:
        h = c = np.zeros((4, 2))
        for x_t in x:
            i, f, g, o = np.split(x_t @ kernel + h @ recurrent + bias, 4, axis=1)
            i, f, o = (np.clip(gate / 6 + 0.5, 0, 1) for gate in (i, f, o))
            c = f * c + i * np.maximum(g, 0)
            h = o * np.maximum(c, 0)
        ends.append(h)
    np.testing.assert_allclose(network.predict(X), np.concatenate(ends, axis=1), rtol=1e-12)
    lengths = np.array([6, 3, 1, 6])
    np.testing.assert_array_equal(network.predict(X, lengths)[1], network.predict(X[:3])[1])


def test_masks_are_lengths() -> None:
    masking = KerasLayer("Masking", {"name": "masking", "mask_value": -1.0}, ())
    assert chain(masking, lstm()).predict(X).tolist() == chain(lstm()).predict(X).tolist()
    embedding = KerasLayer(
        "Embedding", {"name": "e", "input_dim": 5, "output_dim": 3, "mask_zero": True}, [np.ones((5, 3))]
    )
    assert chain(embedding, lstm()).predict(np.ones((3, 2), int)).shape == (2, 2)
    for wrong in ("nan", True):
        with pytest.raises(ArgumentError, match="mask_value must be a number"):
            chain(masking._replace(config={"name": "masking", "mask_value": wrong}), lstm())
    with pytest.raises(UnsupportedError, match="Masking 'masking' is not supported, or not at this position"):
        chain(lstm(), masking)


def test_a_file_needs_keras(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"")
    with pytest.raises(MissingExtraError, match="keras"):
        from_keras(tmp_path / "model.keras")
    with pytest.raises(FileNotFoundError):
        from_keras(str(tmp_path / "nothing.keras"))
