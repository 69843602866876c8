"""Whole networks to PyTorch and back: every architecture that both can have, and every attribute of a module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from elman import Architecture, Network, SequenceClassifier
from elman.errors import ArgumentError, InterchangeError, UnsupportedError
from elman.interop.torch import Model, export_torch, from_torch, state_dict, to_torch
from elman.network import State

INPUTS: dict[str, dict[str, Any]] = {
    "values": {"input_size": 3},
    "skip": {"input_size": 3, "linear_skip": True},
    "embedding": {"input_size": None, "vocabulary_size": 6, "embedding_size": 4},
    "one-hot": {"input_size": None, "vocabulary_size": 6},
}
CELLS: dict[str, dict[str, Any]] = {
    "tanh": {"cell": "rnn"},
    "relu": {"cell": "rnn", "activation": "relu"},
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
}


def architectures() -> Iterator[Any]:
    for cell, layers, both, bias, readout, kind in product(
        CELLS, (1, 2), (False, True), (True, False), ("every", "last", "mean", "max"), INPUTS
    ):
        if kind == "skip" and readout in ("mean", "max"):
            continue
        options = CELLS[cell] | INPUTS[kind] | {"num_layers": layers, "bidirectional": both, "bias": bias}
        if kind == "skip" and readout == "last":
            options |= {"skip_steps": 3}
        name = f"{cell}-{layers}{'-both' if both else ''}{'' if bias else '-nobias'}-{readout}-{kind}"
        architecture = Architecture(output_size=2, hidden_size=5, readout=readout, output="softmax", **options)
        yield pytest.param(architecture, id=name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("architecture", list(architectures()))
def test_there_and_back(architecture: Architecture, dtype: Any) -> None:
    network = Network.initialized(architecture, scheme="torch", seed=3, dtype=dtype)
    module, proof = to_torch(network)
    assert proof.compared >= 18
    assert proof.largest_difference is not None
    assert proof.largest_difference <= {np.float32: 1e-5, np.float64: 1e-12}[dtype]
    if architecture.takes_indices and architecture.embedding_size is None:
        return  # one-hot rows are no part of a state_dict
    back, proof = from_torch(
        module.state_dict(),
        layers="recurrent",
        output="output",
        embedding="embedding" if architecture.takes_indices else None,
        skip="skip" if architecture.linear_skip else None,
        activation=architecture.activation if architecture.cell == "rnn" else None,
        readout=architecture.readout,
        output_activation=architecture.output,
    )
    assert proof.compared >= 18
    assert back.architecture == architecture
    assert np.array_equal(back.theta, network.theta)


@pytest.mark.parametrize("name", ["identity", "softmax", "sigmoid", "relu", "tanh"])
def test_output_activations(name: str) -> None:
    assert to_torch(Network.initialized(Architecture(2, 3, output=name))).proof.compared > 0


def test_tied_weights() -> None:
    tied = Architecture(None, 6, vocabulary_size=6, embedding_size=5, hidden_size=5, tied_weights=True)
    module = to_torch(Network.initialized(tied)).module
    assert module.output.weight is module.embedding.weight or torch.equal(module.output.weight, module.embedding.weight)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_module_trains_like_the_network(cell: str) -> None:
    """Gradients through the exported module are the network's own."""
    network = Network.initialized(Architecture(3, 2, cell=cell, hidden_size=5, num_layers=2), dtype=np.float64)
    module = to_torch(network).module
    rng = np.random.default_rng(0)
    x, do = rng.standard_normal((7, 4, 3)), rng.standard_normal((7, 4, 2))
    network.backward(network.forward(x), do)
    module(torch.from_numpy(x))[0].backward(torch.from_numpy(do))
    for name, ours in (("output.weight", "output.W_y"), ("recurrent.weight_hh_l1", "layers.1.W_h")):
        theirs = module.get_parameter(name).grad.numpy().T
        np.testing.assert_allclose(network.gradients[ours], theirs, rtol=0, atol=1e-11)


def modules() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {
        "plain": nn.LSTM(3, 4),
        "batch_first": nn.LSTM(3, 4, batch_first=True),
        "dropout": nn.GRU(3, 4, 2, dropout=0.3),
        "relu": nn.RNN(3, 4, nonlinearity="relu"),
        "float64": nn.LSTM(3, 4, 3, bidirectional=True, bias=False).double(),
        "bfloat16": nn.GRU(3, 4).bfloat16(),
    }


@pytest.mark.parametrize("name", list(modules()))
def test_modules_are_read_with_their_attributes(name: str) -> None:
    module = modules()[name]
    network, proof = from_torch(module)
    a = network.architecture
    assert (a.dropout, a.activation) == (module.dropout, getattr(module, "nonlinearity", "tanh"))
    assert proof.compared > 0
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    given = x.transpose(0, 1) if module.batch_first else x
    with torch.no_grad():
        y = module.double().eval()(given)[0]
    expected = (y.transpose(0, 1) if module.batch_first else y).numpy()
    ours = network.predict(x.numpy().astype(network.dtype))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-6 if network.dtype == np.float32 else 1e-12)


def test_two_modules_that_differ_in_one_attribute_differ_in_output() -> None:
    weights = nn.RNN(3, 4).state_dict()
    x = np.random.default_rng(0).standard_normal((5, 2, 3)).astype(np.float32)
    base = from_torch(weights, activation="tanh").network.predict(x)
    assert not np.allclose(base, from_torch(weights, activation="relu").network.predict(x))
    for readout in ("last", "mean", "max"):
        changed = from_torch(weights, activation="tanh", readout=readout).network.predict(x)
        assert not np.allclose(base[-1], changed) or readout == "last"
        assert changed.shape == (2, 4)
    for activation in ("softmax", "sigmoid", "relu"):
        changed = from_torch(weights, activation="tanh", output_activation=activation).network.predict(x)
        assert not np.allclose(base, changed)


class Tagger(nn.Module):
    def __init__(self, extra: nn.Module | None = None) -> None:
        super().__init__()
        self.words = nn.Embedding(9, 3)
        self.lstm = nn.LSTM(3, 4, bidirectional=True)
        self.drop = nn.Dropout(0.1)
        self.classes = nn.Linear(8, 5)
        if extra is not None:
            self.extra = extra


def test_a_whole_model() -> None:
    model = Tagger().eval()
    network, _ = from_torch(model, output="classes", embedding="words", output_activation="softmax")
    x = torch.randint(9, (6, 2))
    with torch.no_grad():
        expected = torch.softmax(model.classes(model.lstm(model.words(x))[0]), -1).numpy()
    np.testing.assert_allclose(network.predict(x.numpy()), expected, rtol=0, atol=1e-6)


def test_what_a_state_dict_does_not_show_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"the module 'extra' \(ReLU\) has no parameters and would be ignored"):
        from_torch(Tagger(nn.ReLU()), output="classes", embedding="words")
    with pytest.raises(ArgumentError, match=r"unknown key 'extra.bias'"):
        from_torch(Tagger(nn.Linear(2, 2)), output="classes", embedding="words")
    assert from_torch(Tagger(nn.Identity()), output="classes", embedding="words").proof.compared > 0
    model = Tagger()
    model.words = nn.Embedding(9, 3, max_norm=1.0)
    with pytest.raises(UnsupportedError, match=r"the module 'words' \(Embedding\) has max_norm=1.0"):
        from_torch(model, output="classes", embedding="words")
    with pytest.raises(ArgumentError, match="activation='relu', but the module has 'tanh'"):
        from_torch(nn.RNN(3, 4), activation="relu")


def test_a_module_of_another_make_is_not_taken_for_one_of_torch() -> None:
    class Other(nn.Module):
        """What looks the same and may have its gates in another order."""

        def __init__(self) -> None:
            super().__init__()
            for name, parameter in nn.LSTM(3, 4).named_parameters():
                self.register_parameter(name, parameter)

    class Derived(nn.LSTM):
        """One's own class."""

    with pytest.raises(UnsupportedError, match=r"Other is none of torch\.nn\.LSTM, GRU and RNN"):
        from_torch(Other())
    assert from_torch(Other().state_dict()).proof.compared > 0
    assert from_torch(Derived(3, 4)).proof.compared > 0


def test_tensors_are_read_however_they_are_stored() -> None:
    weights = nn.LSTM(3, 4).state_dict()
    expected = from_torch(weights).network.theta
    for change in (torch.Tensor.to_sparse, lambda t: torch._neg_view(-t), lambda t: t.clone().mT.contiguous().mT):
        changed = {name: change(t) if t.ndim == 2 else t for name, t in weights.items()}
        assert np.array_equal(from_torch(changed).network.theta, expected)
    with pytest.raises(ArgumentError, match="weight_ih_l0 is on the device meta and has no values"):
        from_torch(nn.LSTM(3, 4, device="meta"))


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(
        ArgumentError, match=r"source must be a module or a state_dict, got a str\.\n  Hint: torch\.load"
    ):
        from_torch("weights.pt")
    with pytest.raises(ArgumentError, match=r"key 'words\.weight_ih_l0' is missing"):
        from_torch(Tagger(), layers="words")


def test_random_numbers_of_the_caller_are_not_used_up() -> None:
    module = modules()["plain"]
    state = torch.get_rng_state()
    to_torch(from_torch(module).network)
    assert torch.equal(torch.get_rng_state(), state)


def permuted(order: tuple[int, ...]) -> Any:
    """Return a faulty conversion: gates in the wrong order."""
    right = state_dict._to_torch

    def wrong(ours: Any) -> Any:
        return {
            name: np.concatenate([np.split(array, len(order))[place] for place in order])
            for name, array in right(ours).items()
        }

    return wrong


ORDERS = [("lstm", order) for order in list(permutations(range(4)))[1:]]
ORDERS += [("gru", order) for order in list(permutations(range(3)))[1:]]


@pytest.mark.parametrize(("cell", "order"), ORDERS)
@pytest.mark.parametrize("bias", [True, False])
def test_every_wrong_order_of_gates_is_caught(
    cell: str, order: tuple[int, ...], bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_dict, "_to_torch", permuted(order))
    network = Network.initialized(Architecture(3, 2, cell=cell, hidden_size=4, bias=bias), scheme="torch")
    with pytest.raises(InterchangeError, match="The model was not converted"):
        to_torch(network)


def test_swapped_biases_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = state_dict._to_torch

    def swapped(ours: Any) -> Any:
        found = right(ours)
        return found | {"bias_ih": found["bias_hh"], "bias_hh": found["bias_ih"]}

    network = Network.initialized(Architecture(3, 2, cell="gru", hidden_size=4), scheme="uniform", scale=1.0)
    monkeypatch.setattr(state_dict, "_to_torch", swapped)
    with pytest.raises(InterchangeError):
        to_torch(network)
    monkeypatch.setattr(state_dict, "_to_torch", right)
    assert to_torch(network).proof.compared > 0


@pytest.mark.parametrize("name", ["weight_ih", "weight_hh"])
def test_transposed_matrices_are_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = state_dict._to_torch

    def transposed(ours: Any) -> Any:
        found = right(ours)
        return found | {name: np.ascontiguousarray(found[name].T)}

    monkeypatch.setattr(state_dict, "_to_torch", transposed)
    network = Network.initialized(Architecture(4, 2, cell="rnn", hidden_size=4), scheme="uniform")
    with pytest.raises(InterchangeError):
        to_torch(network)


def test_swapped_directions_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = state_dict._directions
    ends = {"_l0": "_l0_reverse", "_l0_reverse": "_l0"}

    def swapped(*given: Any) -> Any:
        return ((ours, theirs, ends[end]) for ours, theirs, end in right(*given))

    monkeypatch.setattr(state_dict, "_directions", swapped)
    network = Network.initialized(Architecture(4, 2, hidden_size=4, bidirectional=True), scheme="uniform")
    with pytest.raises(InterchangeError):
        to_torch(network)


def test_recurrent_dropout_can_be_run_but_not_trained() -> None:
    network = Network.initialized(Architecture(2, 1, recurrent_dropout=0.2))
    with pytest.raises(UnsupportedError, match=r"torch.nn has no recurrent_dropout"):
        to_torch(network)
    with pytest.raises(UnsupportedError, match="activation='sigmoid' is none of"):
        Model(Architecture(2, 1, cell="rnn", activation="sigmoid"))


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_files(suffix: str, tmp_path: Path) -> None:
    network = Network.initialized(Architecture(3, 2, hidden_size=4, recurrent_dropout=0.1, dropout=0.1))
    proof = export_torch(network, tmp_path / f"m{suffix}")
    assert proof.compared > 0
    if suffix == ".safetensors":
        from safetensors.torch import load_file

        weights = load_file(tmp_path / f"m{suffix}")
    else:
        weights = torch.load(tmp_path / f"m{suffix}")
    module = Model(replace(network.architecture, recurrent_dropout=0.0))
    module.load_state_dict(weights)
    x = np.ones((3, 2, 3), np.float32)
    with torch.no_grad():
        theirs = module.eval()(torch.from_numpy(x))[0].numpy()
    np.testing.assert_allclose(network.run(x, State.zeros(network.architecture, 2))[1], theirs, rtol=0, atol=1e-6)
    assert [file.name for file in tmp_path.iterdir()] == [f"m{suffix}"]


def test_nothing_is_written_where_the_sides_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_dict, "_to_torch", permuted((1, 0, 2, 3)))
    network = Network.initialized(Architecture(3, 2, hidden_size=4))
    with pytest.raises(InterchangeError):
        export_torch(network, tmp_path / "m.pt")
    assert list(tmp_path.iterdir()) == []


def test_an_estimator_with_sizes_by_layer_goes_to_torch_and_back() -> None:
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((length, 2)) for length in range(3, 11)]
    sizes: dict[str, Any] = {"hidden_size": (5, 3), "dense": (4,), "dense_activation": "tanh"}
    model = SequenceClassifier(updates=5, ensemble_size=2, random_state=0, **sizes).fit(X, list("abababab"))
    before, own = model.decision_function(X), [network.theta.copy() for network in model.networks_]
    ensemble, _ = to_torch(model)
    for network, member in zip(model.networks_, ensemble, strict=True):
        network.theta[:] = 0.0
        back = from_torch(member).network
        assert back.architecture == network.architecture
        network.theta[:] = back.theta
    assert all(np.array_equal(network.theta, theta) for network, theta in zip(model.networks_, own, strict=True))
    assert np.array_equal(model.decision_function(X), before)


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False, "num_layers": 3}])
def test_projections_come_and_go(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    theirs = nn.LSTM(3, 5, proj_size=2, **options).double()
    network, proof = from_torch(theirs)
    a = network.architecture
    assert (a.units[0], a.projection_size, a.num_layers) == (5, 2, options.get("num_layers", 1))
    assert proof.compared > 0 and proof.largest_difference < 1e-12
    x = torch.randn(7, 4, 3, dtype=torch.float64)
    np.testing.assert_allclose(network.predict(x.numpy()), theirs(x)[0].detach().numpy(), atol=1e-12)
    module, _ = to_torch(network)
    assert module.recurrent.proj_size == 2
    assert np.array_equal(from_torch(module).network.theta, network.theta)


def test_gradients_of_projections_are_torch_s() -> None:
    network = Network.initialized(
        Architecture(3, 2, hidden_size=(6, 5), projection_size=2, dense=(4,), readout="last"), dtype=np.float64
    )
    module, _ = to_torch(network)
    x, do = np.random.default_rng(0).standard_normal((7, 4, 3)), np.random.default_rng(1).standard_normal((4, 2))
    network.backward(network.forward(x), do)
    module(torch.from_numpy(x))[0].backward(torch.from_numpy(do))
    for layer in (0, 1):
        for ours, theirs in (("W_x", "weight_ih_l0"), ("W_h", "weight_hh_l0"), ("W_p", "weight_hr_l0")):
            expected = module.recurrent[layer].get_parameter(theirs).grad.numpy().T
            np.testing.assert_allclose(network.gradients[f"layers.{layer}.{ours}"], expected, atol=1e-12)
