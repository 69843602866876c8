"""Networks from PyTorch and to PyTorch, both sides run and compared."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError, UnsupportedError
from elman.interop.proof import Proof, compare, installed, not_compared
from elman.interop.torch.state_dict import Names, as_arrays, fill, find_layers, infer_architecture, to_state_dict
from elman.network import Network, State

Array = npt.NDArray[Any]
_STEPS, _LENGTHS = 9, (9, 4, 1)


class Imported(NamedTuple):
    """A network and the report of running both sides."""

    network: Network
    proof: Proof


class Exported(NamedTuple):
    """A module of PyTorch and the report of running both sides."""

    module: Any
    proof: Proof


def from_torch(
    source: Any,
    *,
    layers: str | None = None,
    output: str | None = None,
    embedding: str | None = None,
    skip: str | None = None,
    activation: str | None = None,
    readout: str = "every",
    output_activation: str = "identity",
    tolerance: float | None = None,
) -> Imported:
    """Build a network from the weights of a model of PyTorch, and compare the two.

    Cell, sizes, layers, directions and biases are read off the keys and shapes. Without an output layer the network's
    output is what its top layer says: its own W_y is the identity.

    Parameters
    ----------
    source : torch.nn.Module or mapping of str to Tensor or array
        A model or its ``state_dict``. Every key has to be used.
    layers : str, optional
        What the keys of the recurrent module begin with (``"lstm"`` for ``lstm.weight_ih_l0``); not needed if there is
        one such module.
    output, embedding, skip : str, optional
        The same of the output layer, of the embedding, and of a bias-free linear layer from the input to the output.
    activation : {"tanh", "relu"}, optional
        Of a simple recurrent layer. A module says it itself; a state_dict does not, so there it has to be given.
    readout : {"every", "last", "mean", "max"}
        What reaches the output layer.
    output_activation : {"identity", "softmax", "sigmoid", "relu", "tanh"}
        What follows the output layer.
    tolerance : float, optional
        Largest difference between the two sides; 1e-5 in float32, 1e-12 in float64.

    Returns
    -------
    imported : Imported
        ``network``, float64 if any array is, and ``proof``.

    Raises
    ------
    ArgumentError
        If a key is missing or unknown, or the activation is not.
    ShapeError
        If an array does not have the shape that the others ask for.
    UnsupportedError
        If the model has what Elman has not: projections.
    InterchangeError
        If the two sides give different results.

    Notes
    -----
    Of a module, ``nonlinearity`` and ``dropout`` are taken over and ``proj_size`` is refused. ``batch_first`` says in
    which order a module takes its input; the weights do not depend on it, and Elman's order is (T, N, D) always.

    Examples
    --------
    >>> weights = {"weight_ih_l0": np.ones((1, 1)), "weight_hh_l0": np.ones((1, 1))}
    >>> network = from_torch(weights, activation="tanh").network
    >>> network.predict(np.array([[[1.0]], [[0.0]]])).ravel().round(4)
    array([0.7616, 0.642 ])
    """
    names = Names(layers or "", output, embedding, skip)
    state_dict = source if isinstance(source, Mapping) else source.state_dict()
    arrays = as_arrays(state_dict)
    prefix = find_layers(arrays, layers)
    choices: dict[str, Any] = {"readout": readout, "output": output_activation}
    if not isinstance(source, Mapping):
        _refuse_unseen(source)
        choices |= _attributes(source.get_submodule(prefix.rstrip(".")), activation)
    elif activation is not None:
        choices["activation"] = activation
    architecture = infer_architecture(arrays, names, prefix, **choices)
    if architecture.cell == "rnn" and "activation" not in choices:
        raise ArgumentError("from_torch: a state_dict does not say the activation: give activation='tanh' or 'relu'.")
    network = fill(architecture, arrays, names, prefix)
    renamed = {_renamed(name, names, prefix): array for name, array in arrays.items()}
    for name, array in to_state_dict(network).items():
        if name not in renamed:  # parts that only Elman has: an output layer that passes on, a bias of zeros
            renamed[name] = array
    return Imported(network, _prove("from_torch", network, renamed, tolerance))


def _refuse_unseen(source: Any) -> None:
    """Refuse modules without parameters, of which a state_dict says nothing; dropout acts in training alone."""
    for name, module in source.named_modules():
        kind = type(module).__name__
        if not name or any(True for _ in module.children()) or kind == "Dropout":
            continue
        if not module.state_dict():
            raise UnsupportedError(
                f"from_torch: the module {name!r} ({kind}) has no parameters and would be left out.\n"
                "  Hint: give source.state_dict(), and output_activation= or readout= for what it does."
            )


def _attributes(module: Any, activation: str | None) -> dict[str, Any]:
    """Return the fields that a recurrent module knows itself."""
    if getattr(module, "proj_size", 0):
        raise UnsupportedError(f"from_torch: proj_size={module.proj_size}: projections are not supported.")
    found: dict[str, Any] = {"dropout": float(getattr(module, "dropout", 0.0))}
    said = getattr(module, "nonlinearity", None)
    if said is not None:
        found["activation"] = said
    if activation is not None and activation != found.get("activation", "tanh"):
        raise ArgumentError(f"from_torch: activation={activation!r}, but the module says {said or 'tanh'!r}.")
    return found


def _renamed(name: str, names: Names, prefix: str) -> str:
    """Return the key of the same parameter in `Model`."""
    if name.startswith((f"{prefix}weight_", f"{prefix}bias_")):
        return "recurrent." + name.removeprefix(prefix)
    part, _, end = name.rpartition(".")
    return f"{ {names.output: 'output', names.embedding: 'embedding', names.skip: 'skip'}[part] }.{end}"


def to_torch(network: Network, *, tolerance: float | None = None) -> Exported:
    """Build a module of PyTorch with a network's weights, and compare the two.

    Parameters
    ----------
    network : Network
        With no recurrent dropout, and tanh or ReLU in simple layers.
    tolerance : float, optional
        Largest difference between the two sides; 1e-5 in float32, 1e-12 in float64.

    Returns
    -------
    exported : Exported
        ``module``: time-major, ``module(x, state, lengths)`` gives outputs and final states; its parts are
        ``recurrent`` (`torch.nn.LSTM`, `GRU` or `RNN`), ``output``, ``embedding`` and ``skip``. And ``proof``.

    Raises
    ------
    UnsupportedError
        If PyTorch has no such layer.
    InterchangeError
        If the two sides give different results.
    ImportError
        If PyTorch is not installed.

    Examples
    --------
    >>> from elman import Architecture, Network
    >>> to_torch(Network.initialized(Architecture(1, 1, cell="rnn", activation="sigmoid")))
    Traceback (most recent call last):
    elman.errors.UnsupportedError: to_torch: activation='sigmoid' has no counterpart: torch.nn.RNN knows tanh and relu.
    """
    state_dict = to_state_dict(network)
    module = _load(network, state_dict)
    return Exported(module, _compare_with("to_torch", network, module, tolerance))


def export_torch(model: Any, path: str | os.PathLike[str]) -> Proof:
    """Write the weights of a model as a ``state_dict`` of PyTorch, and compare both sides.

    Parameters
    ----------
    model : Network, Forecaster, SequenceClassifier, SequenceRegressor or SequenceTagger
        Of an estimator the networks alone are written: what it does to raw values before and after is not part of a
        ``state_dict``. Several networks are numbered: ``0.recurrent.weight_ih_l0``.
    path : str or path
        ``*.safetensors``, which needs no PyTorch and holds the architecture as JSON in its metadata; or ``*.pt`` or
        ``*.pth``, written by ``torch.save``.

    Returns
    -------
    proof : Proof
        The report; of several networks that of the one furthest apart.

    Raises
    ------
    ArgumentError
        If the ending of the path is another, or the model has not been fitted.
    UnsupportedError
        If PyTorch has no such layer.
    InterchangeError
        If the two sides give different results; no file is written then.

    Examples
    --------
    >>> import tempfile
    >>> from elman import Architecture, Network
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     proof = export_torch(Network.initialized(Architecture(1, 1, hidden_size=2)), f"{folder}/model.safetensors")
    >>> proof.other.split()[0]
    'torch'
    """
    path = Path(path)
    if path.suffix not in (".safetensors", ".pt", ".pth"):
        raise ArgumentError(f"export_torch: path must end with .safetensors, .pt or .pth, got {path.name!r}.")
    networks = [model] if isinstance(model, Network) else getattr(model, "networks_", None)
    if not networks:
        raise ArgumentError(f"export_torch: {type(model).__name__} has no networks; fit it first.")
    several, proofs = len(networks) > 1, []
    arrays: dict[str, Array] = {}
    for number, network in enumerate(networks):
        found = to_state_dict(network)
        proofs.append(_prove("export_torch", network, found, None))
        arrays |= {f"{number}.{name}" if several else name: array for name, array in found.items()}
    _write(path, arrays, {"architecture": networks[0].architecture.to_dict(), "networks": len(networks)})
    return max(proofs, key=lambda proof: proof.largest_difference or 0.0)


def _write(path: Path, arrays: dict[str, Array], metadata: dict[str, Any]) -> None:
    """Write through a temporary file beside the one that is wanted."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        if path.suffix == ".safetensors":
            from safetensors.numpy import save_file

            save_file(arrays, temporary, {"elman": json.dumps(metadata)})
        else:
            torch = _torch("export_torch")
            torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _torch(place: str) -> Any:
    if not installed("torch"):
        raise ImportError(f"{place} needs PyTorch: pip install 'elman[torch]'")
    import torch

    return torch


def _load(network: Network, state_dict: Mapping[str, Array]) -> Any:
    """Return the module of PyTorch that has the network's architecture and these weights."""
    torch = _torch("to_torch")
    from elman.interop.torch.model import Model

    with torch.device("meta"):  # no starting values, so no random numbers of the caller's are used up
        module = Model(network.architecture)
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in state_dict.items()}
    if network.architecture.tied_weights:
        tensors["output.weight"] = tensors["embedding.weight"]
    module.load_state_dict(tensors, assign=True)
    return module.train(False)


def _prove(place: str, network: Network, state_dict: Mapping[str, Array], tolerance: float | None) -> Proof:
    """Compare the network with a module that has ``state_dict``, if PyTorch is there."""
    if not installed("torch"):
        return not_compared("torch")
    plain = Network(replace(network.architecture, dropout=0.0, recurrent_dropout=0.0), network.theta)
    return _compare_with(place, plain, _load(plain, state_dict), tolerance)


def _compare_with(place: str, network: Network, module: Any, tolerance: float | None) -> Proof:
    """Run both sides on rows of unequal lengths from random states."""
    torch = _torch(place)
    a, rng, rows = network.architecture, np.random.default_rng(0), len(_LENGTHS)
    if a.vocabulary_size is not None:
        x: Array = rng.integers(0, a.vocabulary_size, (_STEPS, rows))
    else:
        x = rng.standard_normal((_STEPS, rows, a.input_size or 0)).astype(network.dtype)
    zeros = State.zeros(a, rows, network.dtype).to_arrays()
    start = {name: rng.standard_normal(array.shape).astype(network.dtype) for name, array in zeros.items()}
    ours_last, ours = network.run(x, State.from_arrays(start), np.array(_LENGTHS))
    given = tuple(torch.from_numpy(array) for array in start.values())
    with torch.no_grad():
        lengths = torch.tensor(_LENGTHS)
        theirs, last = module(torch.from_numpy(x), given if len(given) > 1 else given[0], lengths)
    pairs = {"outputs": (ours, theirs.numpy())}
    for (name, array), end in zip(ours_last.to_arrays().items(), last if len(given) > 1 else (last,), strict=True):
        pairs[f"final states {name}"] = (array, end.numpy())
    return compare(place, f"torch {torch.__version__}", pairs, tolerance)
