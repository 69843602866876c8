from __future__ import annotations

import os
import sys
import tracemalloc
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from sklearn.exceptions import NotFittedError

from elman import Architecture, Forecaster, LanguageModel, Network
from elman.errors import (
    ArgumentError,
    DataError,
    FileFormatError,
    InterchangeError,
    MissingExtraError,
    ShapeError,
    UnsupportedError,
)
from elman.interop.proof import compare
from elman.interop.torch import Names, export_torch, files, from_torch, to_state_dict, to_torch
from elman.network import State
from interop.torch_oracle import CASES, Arrays, activation, blocks, read
from tolerances import assert_close, relative_error, tolerance

BODY_AND_HEAD = {"layers": "body", "output": "head"}


def imported(case: str, weights: Arrays) -> Network:
    return from_torch(weights, activation=activation(case), **BODY_AND_HEAD).network


def error_against_torch(network: Network, case: str) -> float:
    """Return the largest relative error of outputs and final states."""
    oracle = read(case)
    state, o = network.run(oracle["x"], State(oracle["h_0"], oracle.get("c_0")))
    pairs = [(o, oracle["o"]), (state.h, oracle["h_n"])]
    if state.c is not None:
        pairs.append((state.c, oracle["c_n"]))
    return max(relative_error(ours, theirs) for ours, theirs in pairs)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make PyTorch look as if it was not installed."""
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.mark.parametrize("case", CASES)
def test_weights_of_torch_give_its_results(case: str) -> None:
    assert error_against_torch(imported(case, read(case, "weights")), case) <= tolerance("oracle", "float64")


@pytest.mark.parametrize("case", CASES)
def test_there_and_back_gives_the_same_function(case: str) -> None:
    first = imported(case, read(case, "weights"))
    weights = to_state_dict(first, Names("body", "head"))
    assert {name: array.shape for name, array in weights.items()} == {
        name: array.shape for name, array in read(case, "weights").items()
    }
    assert np.array_equal(imported(case, weights).theta, first.theta)


def test_biases_are_a_sum_except_in_the_candidate_of_a_gru() -> None:
    weights = {"weight_ih_l0": np.zeros((3, 1)), "weight_hh_l0": np.zeros((3, 1))}
    biases = {"bias_ih_l0": np.array([1.0, 2.0, 3.0]), "bias_hh_l0": np.array([10.0, 20.0, 30.0])}
    parameters = from_torch(weights | biases).network.parameters
    assert parameters["layers.0.b"].tolist() == [11.0, 22.0, 3.0]
    assert parameters["layers.0.b_hn"].tolist() == [30.0]


def test_without_a_head_the_output_is_what_the_layer_says() -> None:
    case = "lstm-2-both"
    weights = {name: array for name, array in read(case, "weights").items() if name.startswith("body")}
    network = from_torch(weights).network
    oracle = read(case)
    state = State(oracle["h_0"], oracle["c_0"])
    assert_close(network.run(oracle["x"], state)[1], oracle["y"], "oracle")


@pytest.mark.parametrize("order", list(permutations(range(4)))[1:])
def test_every_wrong_order_of_lstm_gates_is_caught(order: tuple[int, ...]) -> None:
    for case in ("lstm-1", "lstm-2-both", "lstm-1-nobias"):
        network = imported(case, blocks(read(case, "weights"), order))
        assert error_against_torch(network, case) > 1e4 * tolerance("oracle", "float64")


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:])
def test_every_wrong_order_of_gru_gates_is_caught(order: tuple[int, ...]) -> None:
    for case in ("gru-1", "gru-2-both", "gru-1-nobias"):
        network = imported(case, blocks(read(case, "weights"), order))
        assert error_against_torch(network, case) > 1e4 * tolerance("oracle", "float64")


def test_swapped_biases_of_a_gru_are_caught() -> None:
    weights = read("gru-1", "weights")
    swapped = weights | {"body.bias_ih_l0": weights["body.bias_hh_l0"], "body.bias_hh_l0": weights["body.bias_ih_l0"]}
    assert error_against_torch(imported("gru-1", swapped), "gru-1") > 1e4 * tolerance("oracle", "float64")


def test_embedding_and_skip() -> None:
    architecture = Architecture(None, 2, vocabulary_size=5, embedding_size=3, hidden_size=4, cell="gru")
    network = Network.initialized(architecture, dtype=np.float64)
    back = from_torch(to_state_dict(network), layers="recurrent", output="output", embedding="embedding").network
    assert back.architecture == architecture
    assert np.array_equal(back.theta, network.theta)
    architecture = Architecture(3, 2, hidden_size=4, readout="last", linear_skip=True, skip_steps=2)
    network = Network.initialized(architecture, scheme="uniform")
    back = from_torch(to_state_dict(network), output="output", skip="skip", readout="last").network
    assert back.architecture == architecture
    assert np.array_equal(back.theta, network.theta)


def without(weights: Arrays, name: str) -> Arrays:
    return {key: array for key, array in weights.items() if key != name}


LSTM = {
    "weight_ih_l0": np.ones((8, 3)),
    "weight_hh_l0": np.ones((8, 2)),
    "bias_ih_l0": np.ones(8),
    "bias_hh_l0": np.ones(8),
}
HEAD = {"fc.weight": np.ones((1, 2)), "fc.bias": np.ones(1)}
RNN = {"weight_ih_l0": np.ones((2, 3)), "weight_hh_l0": np.ones((2, 2))}
REFUSED: list[tuple[dict[str, Any], dict[str, Any], type[Exception], str]] = [
    (
        LSTM | HEAD,
        {},
        ArgumentError,
        (
            "from_torch: unknown key 'fc.bias'.\n  Hint: if it is the output layer, output='fc'; "
            "or dense=, embedding=, skip=."
        ),
    ),
    (
        without(LSTM, "bias_hh_l0"),
        {},
        ArgumentError,
        "from_torch: key 'bias_hh_l0' is missing; it would have shape (8,).",
    ),
    (without(LSTM, "weight_hh_l0"), {}, ArgumentError, "from_torch: key 'weight_hh_l0' is missing."),
    (LSTM, {"output": "fc"}, ArgumentError, "from_torch: key 'fc.weight' is missing."),
    (LSTM | {"bias_ih_l0": np.ones(2)}, {}, ShapeError, "from_torch: bias_ih_l0 must have shape (8,), got (2,)."),
    (
        LSTM | {"weight_hh_l0": np.ones((8, 3))},
        {},
        ShapeError,
        "from_torch: weight_hh_l0 must have shape (G·H, H) with G = 1 (RNN), 3 (GRU) or 4 (LSTM), got (8, 3).",
    ),
    (LSTM | {"weight_ih_l0": np.ones(8)}, {}, ShapeError, "from_torch: weight_ih_l0 must be a matrix, got shape (8,)."),
    (
        LSTM | {"weight_hr_l0": np.ones((1, 3)), "weight_hh_l0": np.ones((12, 2))},
        {},
        ShapeError,
        "from_torch: weight_ih_l0 must have shape (12, 3), got (8, 3).",
    ),
    (
        HEAD,
        {},
        ArgumentError,
        (
            "from_torch: needs one recurrent module, a key that ends with 'weight_ih_l0'; found: none.\n"
            "  Hint: layers= takes the prefix of its keys."
        ),
    ),
    (
        {f"{part}.{name}": array for part in "ab" for name, array in RNN.items()},
        {},
        ArgumentError,
        (
            "from_torch: needs one recurrent module, a key that ends with 'weight_ih_l0'; found: 'a', 'b'.\n"
            "  Hint: layers= takes the prefix of one, or of several that follow one another: layers=('a', 'b')."
        ),
    ),
    (
        RNN,
        {},
        ArgumentError,
        'from_torch: a state_dict does not contain the activation. Pass activation="tanh" or activation="relu".',
    ),
    (
        LSTM | {"bias_ih_l0": np.full(8, np.nan)},
        {},
        DataError,
        "from_torch: bias_ih_l0 holds a value that is not finite.",
    ),
    (
        LSTM | {"bias_ih_l0": np.ones(8, int)},
        {},
        ArgumentError,
        "from_torch: bias_ih_l0 must hold real numbers of at most 64 bits, got int64.",
    ),
    (
        LSTM,
        {"activation": "relu"},
        ArgumentError,
        "Architecture: activation='relu' needs cell='rnn', got cell='lstm'.",
    ),
]


@pytest.mark.parametrize(("weights", "options", "error", "message"), REFUSED)
def test_refused(weights: Arrays, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        from_torch(weights, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize("activation", ["sigmoid", "identity"])
def test_activations_that_torch_lacks_are_refused(activation: str) -> None:
    network = Network.initialized(Architecture(1, 1, cell="rnn", activation=activation, hidden_size=2))
    with pytest.raises(UnsupportedError, match=f"activation='{activation}' has no counterpart"):
        to_state_dict(network)


def test_float16_is_widened_and_dtypes_are_unified() -> None:
    weights = {name: array.astype(np.float16) for name, array in LSTM.items()}
    assert from_torch(weights).network.dtype == np.float32
    assert from_torch(weights | {"bias_ih_l0": np.ones(8)}).network.dtype == np.float64


def test_a_wrong_conversion_is_not_handed_out() -> None:
    with pytest.raises(InterchangeError) as caught:
        compare(
            "from_torch", "torch 9", {"states": (np.ones(2), np.ones(2)), "outputs": (np.ones(2), np.array([1.0, 2.0]))}
        )
    assert str(caught.value) == (
        "from_torch: outputs differ from torch 9 by 0.5, more than the tolerance 1e-12. The model was not converted."
    )
    with pytest.raises(InterchangeError, match="by inf"):
        compare("from_torch", "torch 9", {"outputs": (np.array([np.nan]), np.ones(1))})


@pytest.mark.usefixtures("alone")
def test_without_torch_weights_convert_and_the_report_says_so(tmp_path: Path) -> None:
    network, proof = from_torch(LSTM)
    assert (proof.largest_difference, proof.compared) == (None, 0)
    assert str(export_torch(network, tmp_path / "m.safetensors")) == "not compared: torch is not installed"
    with pytest.raises(MissingExtraError, match="to_torch: needs the package torch; pip install"):
        to_torch(network)
    with pytest.raises(MissingExtraError, match="export_torch: needs the package torch; pip install"):
        export_torch(network, tmp_path / "m.pt")
    assert [file.name for file in tmp_path.iterdir()] == ["m.safetensors"]


def test_safetensors_hold_the_state_dict(tmp_path: Path) -> None:
    network = from_torch(LSTM | HEAD, layers="", output="fc").network
    export_torch(network, tmp_path / "m.safetensors")
    arrays = load_file(tmp_path / "m.safetensors")
    assert arrays.keys() == to_state_dict(network).keys()
    assert np.array_equal(from_torch(arrays, output="output").network.theta, network.theta)


def test_networks_of_an_ensemble_are_numbered(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    forecaster = Forecaster(
        horizon=1, method="network", window=4, steps=4, updates=2, ensemble_size=2, hidden_size=4, random_state=0
    )
    forecaster.fit(rng.standard_normal(60))
    export_torch(forecaster, tmp_path / "m.safetensors")
    arrays = load_file(tmp_path / "m.safetensors")
    assert {name.split(".")[0] for name in arrays} == {"0", "1"}
    for number, network in enumerate(forecaster.networks_):
        assert np.array_equal(arrays[f"{number}.output.bias"], network.parameters["output.b_y"])


def test_the_networks_of_an_ensemble_are_not_taken_for_one() -> None:
    weights = {f"{number}.recurrent.{name}": array for number in range(2) for name, array in RNN.items()}
    with pytest.raises(ArgumentError, match=r"Hint: these are the networks of an ensemble; load_torch reads its file"):
        from_torch(weights)


def test_a_language_model_has_its_network_written(tmp_path: Path) -> None:
    model = LanguageModel(unit="character", hidden_size=5, epochs=1, random_state=0).fit("a rose is a rose " * 40)
    export_torch(model, tmp_path / "m.safetensors")
    assert load_file(tmp_path / "m.safetensors").keys() == to_state_dict(model.network_).keys()


def test_a_file_is_written_whole_and_beside_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".m.safetensors.partial").write_text("of somebody else")
    export_torch(from_torch(LSTM).network, tmp_path / "m.safetensors")
    assert (tmp_path / ".m.safetensors.partial").read_text() == "of somebody else"
    with pytest.raises(FileNotFoundError, match="no such folder"):
        export_torch(from_torch(LSTM).network, tmp_path / "none" / "m.safetensors")


def test_export_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"path must end with .safetensors, .pt or .pth, got 'm.bin'"):
        export_torch(from_torch(LSTM).network, tmp_path / "m.bin")
    with pytest.raises(NotFittedError, match=r"Forecaster.export_torch: this Forecaster is not fitted yet"):
        export_torch(Forecaster(horizon=1), tmp_path / "m.pt")
    with pytest.raises(UnsupportedError, match=r"export_torch: takes a Network, Forecaster, .*, got a dict\."):
        export_torch({}, tmp_path / "m.pt")
    assert list(tmp_path.iterdir()) == []


def peak_of_a_refusal(weights: Arrays, error: type[Exception], message: str) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(error, match=message):
            from_torch(weights, activation="tanh", output="output" if "output.weight" in weights else None)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_state_of_absurd_size_is_refused_before_it_is_made() -> None:
    """Arrays that repeat one value, and sizes of small arrays that multiply."""
    wide = np.broadcast_to(np.float32(0), (4_000_000, 1_000_000))
    weights = {"recurrent.weight_ih_l0": np.zeros((4_000_000, 1), np.float32), "recurrent.weight_hh_l0": wide}
    message = (
        r"recurrent\.weight_hh_l0 has the shape \(4000000, 1000000\), but 4 bytes; sparse and expanded tensors may"
    )
    assert peak_of_a_refusal(weights, ArgumentError, message) < 64e6

    H = 256
    layer = {"recurrent.weight_ih_l0": np.zeros((H, 1), np.float32), "recurrent.weight_hh_l0": np.zeros((H, H), "f4")}
    head = {"output.weight": np.zeros((1_000_000, 1), np.float32)}
    message = r"output\.weight must have shape \(1000000, 256\), got \(1000000, 1\)"
    assert peak_of_a_refusal(layer | head, ShapeError, message) < 64e6

    many = {f"recurrent.weight_ih_l{k}": np.zeros((1, 1), np.float32) for k in range(1, 2000)}
    message = r"recurrent\.weight_ih_l1 must have shape \(256, 256\), got \(1, 1\)"
    assert peak_of_a_refusal(layer | many | head, ShapeError, message) < 64e6


def test_a_file_of_weights_is_read_with_suspicion(tmp_path: Path) -> None:
    """A pipe is not waited for, and what the file says of itself is bounded before it is parsed."""
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(FileFormatError, match="is not a regular file"):
        files._read(tmp_path / "pipe.safetensors")
    for told in ("[" * 100_000, "1" * 5000, '{"architecture":' + "[" * 40 + "]" * 40 + "}", '{"a":1,"a":2}'):
        with pytest.raises(FileFormatError):
            files._described({}, {"elman": told})


UNLIKE = Architecture(3, 2, cell="gru", hidden_size=(4, 3), bidirectional=True, dense=(5, 4), dense_activation="tanh")


@pytest.mark.parametrize("both", [True, (False, True), (True, False)])
def test_layers_of_own_sizes_there_and_back(both: bool | tuple[bool, ...], alone: None) -> None:
    architecture = replace(UNLIKE, bidirectional=both)
    network = Network.initialized(architecture, scheme="torch", seed=1)
    arrays = to_state_dict(network)
    assert arrays["recurrent.1.weight_ih_l0"].shape == (9, 4 if both == (False, True) else 8)
    assert arrays["dense.1.weight"].shape == (4, 5)
    parts = {"layers": ("recurrent.0", "recurrent.1"), "dense": ("dense.0", "dense.1"), "output": "output"}
    found = from_torch(arrays, dense_activation=("tanh", "tanh"), **parts).network
    assert found.architecture == architecture
    np.testing.assert_array_equal(found.theta, network.theta)


def test_modules_of_equal_sizes_become_one_network(alone: None) -> None:
    network = Network.initialized(Architecture(3, 2, hidden_size=4, num_layers=2), scheme="torch", seed=1)
    arrays = {name.replace("recurrent.", "first."): array for name, array in to_state_dict(network).items()}
    arrays = {name.replace("first.weight_ih_l1", "second.weight_ih_l0"): array for name, array in arrays.items()}
    for kind in ("weight_hh", "bias_ih", "bias_hh"):
        arrays[f"second.{kind}_l0"] = arrays.pop(f"first.{kind}_l1")
    with pytest.raises(ArgumentError, match=r"layers=\('first', 'second'\)"):
        from_torch(arrays, output="output")
    found = from_torch(arrays, layers=("first", "second"), output="output").network
    assert found.architecture == network.architecture
    np.testing.assert_array_equal(found.theta, network.theta)
    with pytest.raises(ArgumentError, match=r"key 'third.weight_ih_l0' is missing"):
        from_torch(arrays, layers=("first", "third"), output="output")
