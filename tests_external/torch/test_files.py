"""Whole models to PyTorch and back: ensembles, what a person trains on there, and files that were tampered with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from elman import Architecture, Forecaster, LanguageModel, Network, SequenceClassifier
from elman.errors import ArgumentError, FileFormatError, UnsupportedError
from elman.interop.torch import Ensemble, Model, export_torch, from_torch, load_torch, to_torch

SERIES = np.random.default_rng(0).standard_normal(60).cumsum() + 50


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    settings: dict[str, Any] = {"updates": 5, "ensemble_size": 3, "hidden_size": 4, "random_state": 0}
    return Forecaster(horizon=2, method="network", window=4, steps=6, season=3, **settings).fit(SERIES)


def outputs(networks: list[Network], x: Any) -> Any:
    return np.stack([network.predict(x) for network in networks])


def test_an_ensemble_goes_out_and_comes_in(forecaster: Forecaster, tmp_path: Path) -> None:
    path = tmp_path / "f.safetensors"
    export_torch(forecaster, path)
    made, proof = to_torch(forecaster)
    loaded = load_torch(path)
    assert proof.compared > 0
    x = np.random.default_rng(1).standard_normal((6, 2, 4)).astype(np.float32)
    expected = outputs(forecaster.networks_, x)
    for module in (made, loaded):
        assert type(module) is Ensemble
        assert {type(member) for member in module} == {Model}
        assert not module.training
        assert module.state_dict().keys() == load_file(path).keys()
        with torch.no_grad():
            y, states = module(torch.from_numpy(x), [None] * 3, torch.tensor([6, 6]))
        np.testing.assert_allclose(y.numpy(), expected, rtol=0, atol=1e-6)
        assert len(states) == 3
    for network, member in zip(forecaster.networks_, loaded, strict=True):
        back, proof = from_torch(member)
        assert proof.compared > 0
        assert back.architecture == network.architecture
        assert np.array_equal(back.theta, network.theta)


def test_what_was_trained_on_in_torch_forecasts_here(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"updates": 5, "ensemble_size": 2, "hidden_size": 4, "random_state": 0}
    forecaster = Forecaster(horizon=2, method="network", window=4, steps=6, season=3, **settings).fit(SERIES)
    before = forecaster.predict()
    module = to_torch(forecaster).module
    for network, member in zip(forecaster.networks_, module, strict=True):
        network.theta[:] = from_torch(member).network.theta
    assert np.array_equal(forecaster.predict(), before)
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    x, y = torch.randn(6, 3, 4), torch.randn(2, 6, 3, 2)
    (module(x)[0] - y).square().mean().backward()
    optimizer.step()
    for network, member in zip(forecaster.networks_, module, strict=True):
        network.theta[:] = from_torch(member).network.theta
    assert np.abs(np.asarray(forecaster.predict()) - before).max() > 1e-3
    np.testing.assert_allclose(
        outputs(forecaster.networks_, x.numpy()), module(x)[0].detach().numpy(), rtol=0, atol=1e-6
    )


def models() -> dict[str, Callable[[], Any]]:
    tied = {"vocabulary_size": 6, "embedding_size": 5, "hidden_size": 5, "tied_weights": True}
    one_hot = {"vocabulary_size": 6, "cell": "rnn", "activation": "relu", "bidirectional": True, "num_layers": 2}
    sequences = [np.random.default_rng(i).normal(size=(5 + i, 2)) for i in range(6)]
    return {
        "tied": lambda: Network.initialized(Architecture(None, 6, **tied), dtype=np.float64),
        "one-hot": lambda: Network.initialized(Architecture(None, 2, **one_hot)),
        "skip": lambda: Network.initialized(Architecture(3, 2, readout="last", linear_skip=True, skip_steps=2)),
        "text": lambda: LanguageModel(unit="character", hidden_size=5, epochs=1).fit("a rose is a rose " * 40),
        "classes": lambda: SequenceClassifier(hidden_size=4, updates=2, ensemble_size=1).fit(sequences, list("ababab")),
    }


@pytest.mark.parametrize("name", list(models()))
def test_every_kind_of_model(name: str, tmp_path: Path) -> None:
    model = models()[name]()
    path = tmp_path / "m.safetensors"
    assert export_torch(model, path).compared > 0
    network = model if isinstance(model, Network) else getattr(model, "network_", None) or model.networks_[0]
    back = from_torch(load_torch(path)).network
    assert back.architecture == network.architecture
    assert np.array_equal(back.theta, network.theta)
    if name == "tied":
        module = load_torch(path)
        assert torch.equal(module.output.weight, module.embedding.weight)


def test_recurrent_dropout_is_not_left_out(tmp_path: Path) -> None:
    export_torch(Network.initialized(Architecture(1, 1, recurrent_dropout=0.5)), tmp_path / "m.safetensors")
    with pytest.raises(UnsupportedError, match=r"torch\.nn has no recurrent_dropout"):
        load_torch(tmp_path / "m.safetensors")


TOLD = {"architecture": Architecture(1, 1, cell="gru", hidden_size=2).to_dict(), "networks": 1}
SPOILT: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], Any], str]] = {
    "no architecture": (lambda arrays, told: told.pop("architecture"), "'architecture'"),
    "a field too many": (lambda arrays, told: told["architecture"].update(colour=1), "unknown field 'colour'"),
    "too many layers": (
        lambda arrays, told: told["architecture"].update(num_layers=10**9), "1 networks of 1000000000 layers, 6 arrays"
    ),
    "too many units": (lambda arrays, told: told["architecture"].update(hidden_size=10**7), "must have shape"),
    "more units than a size can be": (
        lambda arrays, told: told["architecture"].update(hidden_size=2**40), "cannot be built"
    ),
    "too many networks": (lambda arrays, told: told.update(networks=10**9), "1000000000 networks of 1 layers"),
    "a number that is none": (lambda arrays, told: told.update(networks=True), "True networks"),
    "one array less": (lambda arrays, told: arrays.pop("output.bias"), "output.bias must have shape (1,), got None"),
    "the output layer's own weights": (
        lambda arrays, told: arrays.update(x=arrays.pop("output.weight")), "output.weight must have shape (1, 2)"
    ),
    "one array more": (lambda arrays, told: arrays.update(x=np.ones(1)), "x must have shape None, got (1,)"),
    "another shape": (
        lambda arrays, told: arrays.update({"output.bias": np.ones(3, np.float32)}), "must have shape (1,), got (3,)"
    ),
    "no number": (
        lambda arrays, told: arrays.update({"output.bias": np.full(1, np.nan, np.float32)}), "not finite"
    ),
    "integers": (lambda arrays, told: arrays.update({"output.bias": np.ones(1, np.int64)}), "must hold real numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_files_that_were_tampered_with(name: str, tmp_path: Path) -> None:
    spoil, message = SPOILT[name]
    path = tmp_path / "m.safetensors"
    export_torch(Network.initialized(Architecture.from_dict(TOLD["architecture"])), path)
    arrays, told = load_file(path), json.loads(json.dumps(TOLD))
    spoil(arrays, told)
    save_file(arrays, path, {"elman": json.dumps(told)})
    with pytest.raises(FileFormatError) as caught:
        load_torch(path)
    assert str(caught.value).startswith(f"load_torch: {path}: ")
    assert message in str(caught.value)


def test_files_of_others(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_file({"weight": np.ones(1)}, path)
    with pytest.raises(FileFormatError, match="was not written by export_torch; from_torch takes the state_dict of"):
        load_torch(path)
    path.write_bytes(b"something else")
    with pytest.raises(FileFormatError, match="not a safetensors file"):
        load_torch(path)
    with pytest.raises(FileNotFoundError):
        load_torch(tmp_path / "none.safetensors")
    with pytest.raises(ArgumentError, match=r"must end with \.safetensors, got 'm\.pt'"):
        load_torch(tmp_path / "m.pt")
