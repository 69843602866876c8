"""ONNX's recurrent operators: numbers by hand, ONNX Runtime's numbers, and refusals of unsupported attributes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from elman.errors import ArgumentError, DataError, ShapeError, UnsupportedError
from elman.interop.onnx_activations import ACTIVATIONS, Activation
from elman.interop.onnx_attributes import read_attributes
from elman.interop.onnx_cells import INPUTS, run_recurrent
from tolerances import assert_close

Array = npt.NDArray[Any]

with np.load(Path(__file__).parent / "onnx_oracle.npz") as _file:
    ORACLE = dict(_file)
CASES: list[dict[str, Any]] = json.loads(ORACLE["cases"].tobytes())

ONE = np.ones((1, 1, 1))


def inputs_of(place: int) -> list[Array | None]:
    return [ORACLE.get(f"{place}.{name}") for name in INPUTS[CASES[place]["op"]]]


@pytest.mark.parametrize("place", range(len(CASES)))
def test_nodes_give_what_onnx_runtime_gives(place: int) -> None:
    case = CASES[place]
    outputs = run_recurrent(case["op"], case["attributes"], inputs_of(place))
    assert len(outputs) == (3 if case["op"] == "LSTM" else 2)
    for name, ours in zip(("Y", "Y_h", "Y_c"), outputs, strict=False):
        assert ours.dtype == np.float32
        assert_close(ours, ORACLE[f"{place}.{name}"], "states", np.float32, f"{name} of {case}")


@pytest.mark.parametrize("op", ["RNN", "LSTM", "GRU"])
def test_the_oracle_has_every_attribute_of_every_operator(op: str) -> None:
    own = {"RNN": set(), "LSTM": {"input_forget"}, "GRU": {"linear_before_reset"}}[op]
    attributes = {name for case in CASES if case["op"] == op for name in case["attributes"]}
    assert attributes == own | {
        "activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "layout"
    }  # fmt: skip
    given = {name for i, case in enumerate(CASES) if case["op"] == op for name in INPUTS[op] if f"{i}.{name}" in ORACLE}
    assert given == set(INPUTS[op])
    drawn = {name for case in CASES if case["op"] == op for name in case["attributes"].get("activations", [])}
    assert drawn == set(ACTIVATIONS)


# By hand: one row, one unit, x = 1, every weight 1, no bias, states of zero unless said.


def lstm(attributes: dict[str, Any] | None = None, **given: Any) -> list[float]:
    names = ("B", "sequence_lens", "initial_h", "initial_c", "P")
    inputs = [ONE, *(np.arange(1.0, 5.0).reshape(1, 4, 1) for _ in "WR"), *(given.get(name) for name in names)]
    return [float(array.ravel()[0]) for array in run_recurrent("LSTM", attributes or {}, inputs)[1:]]


def sigma(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def test_lstm_gates_come_in_the_order_i_o_f_c() -> None:
    # a = (1, 2, 3, 4): i = σ(1), o = σ(2), f = σ(3), g = tanh(4), c_0 = 0.5
    c = sigma(3) * 0.5 + sigma(1) * np.tanh(4)
    assert lstm(initial_c=np.full((1, 1, 1), 0.5)) == pytest.approx([sigma(2) * np.tanh(c), c])


def test_lstm_peepholes_come_in_the_order_i_o_f() -> None:
    c = sigma(3 + 0.5 * 30) * 0.5 + sigma(1 + 0.5 * 10) * np.tanh(4)
    found = lstm(initial_c=np.full((1, 1, 1), 0.5), P=np.array([[10.0, 20.0, 30.0]]))
    assert found == pytest.approx([sigma(2 + 20 * c) * np.tanh(c), c])


def test_lstm_biases_come_in_the_order_i_o_f_c_twice() -> None:
    c = sigma(1 + 1 + 50) * np.tanh(4 + 4 + 80)
    found = lstm(B=np.array([[1.0, 2, 3, 4, 50, -60, 70, 80]]))
    assert found == pytest.approx([sigma(2 + 2 - 60) * np.tanh(c), c])


def test_lstm_input_forget_and_clip() -> None:
    c = (1 - sigma(1)) * 0.5 + sigma(1) * np.tanh(4)
    assert lstm({"input_forget": 1}, initial_c=np.full((1, 1, 1), 0.5)) == pytest.approx([sigma(2) * np.tanh(c), c])
    c = sigma(0.25) * 8 + sigma(0.25) * np.tanh(0.25)  # h takes c as it is
    found = lstm({"clip": 0.25}, initial_c=np.full((1, 1, 1), 8.0))
    assert found == pytest.approx([sigma(0.25) * np.tanh(c), c])


@pytest.mark.parametrize("after", [0, 1])
def test_gru_gates_biases_and_reset(after: int) -> None:
    W, R, B = np.array([[[0.1], [0.2], [0.3]]]), np.array([[[0.4], [0.5], [0.6]]]), np.arange(7.0, 13.0)[None] / 10
    h = 0.9
    z, r = sigma(0.1 + 0.4 * h + 0.7 + 1.0), sigma(0.2 + 0.5 * h + 0.8 + 1.1)
    inner = r * (0.6 * h + 1.2) if after else 0.6 * r * h + 1.2
    n = np.tanh(0.3 + 0.9 + inner)
    Y, _ = run_recurrent("GRU", {"linear_before_reset": after}, [ONE, W, R, B, None, np.full((1, 1, 1), h)])
    assert Y.ravel() == pytest.approx([(1 - z) * n + z * h])


def test_lengths_reverse_and_what_remains_of_an_empty_row() -> None:
    x = np.array([[[1.0], [1.0], [1.0]], [[10.0], [10.0], [10.0]]])  # T=2, N=3
    identity = {"activations": ["Affine"], "activation_alpha": [1.0], "activation_beta": [0.0], "direction": "reverse"}
    h_0 = np.array([[[0.0], [0.0], [5.0]]])
    Y, Y_h = run_recurrent("RNN", identity, [x, ONE, 2 * ONE, None, [2, 1, 0], h_0])
    assert Y[:, 0, :, 0].tolist() == [[21.0, 1.0, 0.0], [10.0, 0.0, 0.0]]  # h_1 = x_1 + 2 h_2, h_2 = x_2
    assert Y_h[0, :, 0].tolist() == [21.0, 1.0, 5.0]


def test_no_steps_and_no_rows() -> None:
    Y, Y_h = run_recurrent("GRU", {}, [np.zeros((0, 2, 1)), np.ones((1, 3, 1)), np.ones((1, 3, 1))])
    assert Y.shape == (0, 1, 2, 1)
    assert Y_h.tolist() == [[[0.0], [0.0]]]
    assert run_recurrent("RNN", {}, [np.zeros((3, 0, 1)), ONE, ONE])[0].shape == (3, 1, 0, 1)


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("Relu", [-1.0, 2.0], [0.0, 2.0]),
        ("LeakyRelu", [-1.0, 2.0], [-0.5, 2.0]),
        ("ThresholdedRelu", [0.4, 0.6], [0.0, 0.6]),
        ("Affine", [1.0, 2.0], [0.75, 1.25]),
        ("ScaledTanh", [0.0, 4.0], [0.0, 0.5 * np.tanh(1.0)]),
        ("HardSigmoid", [-1.0, 0.5, 9.0], [0.0, 0.5, 1.0]),
        ("Elu", [-1.0, 2.0], [0.5 * (np.exp(-1.0) - 1), 2.0]),
        ("Softsign", [-1.0, 3.0], [-0.5, 0.75]),
        ("Softplus", [0.0, 1000.0], [np.log(2.0), 1000.0]),
        ("Sigmoid", [0.0], [0.5]),
        ("Tanh", [0.0, 1.0], [0.0, np.tanh(1.0)]),
    ],
)
def test_activations(name: str, x: list[float], y: list[float]) -> None:
    assert Activation(name, 0.5, 0.25)(np.array(x)) == pytest.approx(y)


def test_numbers_go_to_the_activations_that_take_one() -> None:
    attributes = {
        "direction": "bidirectional",
        "activations": ["Tanh", "hardsigmoid", "LeakyRelu", "Elu"],
        "activation_alpha": [1.0, 2.0, 3.0],
        "activation_beta": [4.0],
    }
    first, second = read_attributes("GRU", attributes).activations
    assert first == (Activation("Tanh"), Activation("HardSigmoid", 1.0, 4.0))
    assert second == (Activation("LeakyRelu", 2.0), Activation("Elu", 3.0))


@pytest.mark.parametrize(
    ("op", "attributes", "error", "message"),
    [
        ("RNN", {"colour": 1}, UnsupportedError, "RNN: the attribute 'colour' is unknown to RNN."),
        ("RNN", {"input_forget": 1}, UnsupportedError, "RNN: the attribute 'input_forget' is unknown to RNN."),
        ("LSTM", {"linear_before_reset": 1}, UnsupportedError, "LSTM: the attribute 'linear_before_reset' is unknown"),
        ("GRU", {"output_sequence": 1}, UnsupportedError, "export the model again in set 17, for instance"),
        ("RNNX", {}, UnsupportedError, "the recurrent operators are RNN, LSTM, GRU, got 'RNNX'"),
        ("GRU", {"direction": "sideways"}, ArgumentError, "GRU: direction must be one of 'forward', 'reverse'"),
        ("GRU", {"clip": 0.0}, ArgumentError, "GRU: clip must be a number in (0, inf), got 0."),
        ("GRU", {"clip": np.nan}, ArgumentError, "GRU: clip must be a number in (0, inf), got nan."),
        ("LSTM", {"hidden_size": 0}, ArgumentError, "LSTM: hidden_size must be an integer of at least 1, got 0."),
        ("LSTM", {"layout": 2}, ArgumentError, "LSTM: layout must be an integer between 0 and 1, got 2."),
        ("LSTM", {"input_forget": -1}, ArgumentError, "input_forget must be an integer between 0 and 1, got -1."),
        ("LSTM", {"activations": ["Tanh"]}, ArgumentError, "LSTM: activations must be 3 names, got 1."),
        ("LSTM", {"activations": "Tanh"}, ArgumentError, "LSTM: activations must be 3 names, got 'Tanh'."),
        (
            "RNN",
            {"activations": ["Gelu"]},
            UnsupportedError,
            "RNN: activations has 'Gelu'; ONNX's activations are Relu,",
        ),
        ("RNN", {"activations": ["Affine"]}, ArgumentError, "Affine needs its number in activation_alpha"),
        (
            "RNN",
            {"activations": ["Affine"], "activation_alpha": [1.0]},
            ArgumentError,
            "RNN: Affine needs its number in activation_beta; ONNX gives it no default.",
        ),
        ("RNN", {"activation_alpha": [1.0]}, ArgumentError, "RNN: activation_alpha has 1 more than needed by Tanh;"),
        ("RNN", {"activation_beta": [1.0, 2.0]}, ArgumentError, "RNN: activation_beta has 2 more than needed by Tanh;"),
        ("RNN", {"activation_alpha": 1.0}, ArgumentError, "RNN: activation_alpha must be a list of numbers, got 1.0."),
    ],
)
def test_attributes_are_understood_or_refused(
    op: str, attributes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        read_attributes(op, attributes)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        ([ONE, ONE], ArgumentError, "RNN: has 3 to 6 inputs (X, W, R, B, sequence_lens, initial_h), got 2."),
        ([ONE, None, ONE], ArgumentError, "RNN: the input W is missing."),
        ([ONE, ONE, np.ones((1, 2, 1))], ShapeError, "RNN: R must have shape (1, 1, 1), got (1, 2, 1)."),
        ([ONE, np.ones((1, 1, 2)), ONE], ShapeError, "RNN: W must have shape (1, 1, D) = (1, 1, 1), got (1, 1, 2)."),
        ([ONE, ONE, ONE, np.ones((1, 3))], ShapeError, "RNN: B must have shape (1, 2), got (1, 3)."),
        ([ONE, ONE, ONE, None, [2]], DataError, "RNN: sequence_lens[0] must be between 0 and T = 1, got 2."),
        ([ONE, ONE, ONE, None, [1, 1]], ShapeError, "RNN: sequence_lens must have shape (N,) = (1,), got (2,)."),
        ([ONE, ONE, ONE, None, None, np.ones((2, 1, 1))], ShapeError, "RNN: initial_h must have shape (1, 1, 1)"),
        ([np.ones((1, 1)), ONE, ONE], ShapeError, "RNN: X must have shape (T, N, D), got (1, 1)."),
        ([ONE, ONE, np.ones(())], ShapeError, "RNN: R must have shape (directions, 1·H, H), got ()."),
    ],
)
def test_inputs_that_do_not_fit(inputs: list[Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        run_recurrent("RNN", {}, inputs)
    assert message in str(caught.value)


# Every attribute has an effect: two nodes that differ in one attribute have different results.

BOTH = {"direction": "bidirectional"}
PAIRS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("RNN", {}, {"direction": "reverse"}),
    ("RNN", {}, {"clip": 0.1}),
    ("RNN", {"clip": 0.1}, {"clip": 0.2}),
    ("RNN", {}, {"activations": ["Relu"]}),
    *(
        ("RNN", {"activations": [name]} | numbers, {"activations": [name]} | {**numbers, which: [0.7]})
        for name, numbers, which in [
            ("LeakyRelu", {}, "activation_alpha"),
            ("ThresholdedRelu", {}, "activation_alpha"),
            ("Elu", {}, "activation_alpha"),
            ("HardSigmoid", {}, "activation_alpha"),
            ("HardSigmoid", {}, "activation_beta"),
            ("Affine", {"activation_alpha": [0.5], "activation_beta": [0.1]}, "activation_alpha"),
            ("Affine", {"activation_alpha": [0.5], "activation_beta": [0.1]}, "activation_beta"),
            ("ScaledTanh", {"activation_alpha": [0.5], "activation_beta": [0.1]}, "activation_alpha"),
            ("ScaledTanh", {"activation_alpha": [0.5], "activation_beta": [0.1]}, "activation_beta"),
        ]
    ),
    ("RNN", BOTH | {"activations": ["Tanh", "Relu"]}, BOTH | {"activations": ["Relu", "Tanh"]}),
    ("LSTM", {}, {"direction": "reverse"}),
    ("LSTM", {}, {"clip": 0.1}),
    ("LSTM", {}, {"input_forget": 1}),
    ("LSTM", {}, {"activations": ["HardSigmoid", "Tanh", "Tanh"]}),
    ("LSTM", {}, {"activations": ["Sigmoid", "Relu", "Tanh"]}),
    ("LSTM", {}, {"activations": ["Sigmoid", "Tanh", "Relu"]}),
    ("GRU", {}, {"direction": "reverse"}),
    ("GRU", {}, {"clip": 0.1}),
    ("GRU", {}, {"linear_before_reset": 1}),
    ("GRU", {}, {"activations": ["HardSigmoid", "Tanh"]}),
    ("GRU", {}, {"activations": ["Sigmoid", "Softsign"]}),
]


def drawn(op: str, directions: int) -> list[Array]:
    """Return all inputs of a node, T=N=3, D=2, H=2, so that layout=1 can read the same arrays."""
    rng, gates = np.random.default_rng(7), {"RNN": 1, "LSTM": 4, "GRU": 3}[op]
    shapes = [(3, 3, 2), (directions, 2 * gates, 2), (directions, 2 * gates, 2), (directions, 4 * gates)]
    inputs = [rng.normal(size=shape) for shape in shapes]
    states = [rng.normal(size=(directions, 3, 2)) for _ in range(2 if op == "LSTM" else 1)]
    peepholes = [rng.normal(size=(directions, 6))] if op == "LSTM" else []
    return [*inputs, np.array([3, 1, 2]), *states, *peepholes]


@pytest.mark.parametrize(("op", "one", "other"), PAIRS, ids=lambda value: str(value))
def test_every_attribute_has_an_effect(op: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    inputs = drawn(op, 2 if one.get("direction") == "bidirectional" else 1)
    first, second = (run_recurrent(op, attributes, inputs) for attributes in (one, other))
    assert np.abs(first[0] - second[0]).max() > 1e-3


@pytest.mark.parametrize("op", ["RNN", "LSTM", "GRU"])
def test_layout_swaps_rows_and_steps(op: str) -> None:
    inputs = drawn(op, 2)
    swapped = [
        np.swapaxes(array, 0, 1) if array.ndim == 3 and i not in (1, 2) else array for i, array in enumerate(inputs)
    ]
    first, second = (
        run_recurrent(op, BOTH | attributes, given) for attributes, given in (({}, inputs), ({"layout": 1}, swapped))
    )
    np.testing.assert_array_equal(np.moveaxis(first[0], 2, 0), second[0])
    np.testing.assert_array_equal(np.swapaxes(first[1], 0, 1), second[1])


@pytest.mark.parametrize(("op", "place"), [(op, place) for op in INPUTS for place in range(3, len(INPUTS[op]))])
def test_every_optional_input_has_an_effect(op: str, place: int) -> None:
    inputs: list[Any] = drawn(op, 1)
    first = run_recurrent(op, {}, inputs)
    inputs[place] = None
    assert np.abs(first[0] - run_recurrent(op, {}, inputs)[0]).max() > 1e-3


def test_a_hidden_size_that_contradicts_the_weights_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"RNN: W must have shape \(1, 2, D\) = \(1, 2, 1\), got \(1, 1, 1\)"):
        run_recurrent("RNN", {"hidden_size": 2}, [ONE, ONE, ONE])
