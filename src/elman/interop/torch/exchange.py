"""Networks from PyTorch and to PyTorch, both sides run and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError, UnsupportedError
from elman.interop.models import networks_of
from elman.interop.proof import Imported, Proof, compare, installed, not_compared
from elman.interop.torch.state_dict import Names, as_arrays, fill, find_layers, infer_architecture, to_state_dict
from elman.network import Architecture, Network, State

Array = npt.NDArray[Any]
_STEPS, _LENGTHS = 9, (9, 4, 1)


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
) -> Imported[Network]:
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

    The other side of the comparison is made of `torch.nn`'s modules with these weights. What the ``forward`` of a
    model of one's own does between its modules, nobody sees: readout and activations are said by the caller.

    Examples
    --------
    >>> weights = {"weight_ih_l0": np.ones((1, 1)), "weight_hh_l0": np.ones((1, 1))}
    >>> network = from_torch(weights, activation="tanh").network
    >>> network.predict(np.array([[[1.0]], [[0.0]]])).ravel().round(4)
    array([0.7616, 0.642 ])
    """
    if (found := getattr(source, "architecture", None)) is not None and isinstance(found, Architecture):
        return _from_model(source, found, tolerance)
    if not isinstance(source, Mapping) and not hasattr(source, "state_dict"):
        raise ArgumentError(
            f"from_torch: source must be a module or a state_dict, got a {type(source).__name__}.\n"
            "  Hint: torch.load(path, weights_only=True) reads a file of weights."
        )
    names = Names(layers or "", output, embedding, skip)
    state_dict = source if isinstance(source, Mapping) else source.state_dict()
    arrays = as_arrays(state_dict)
    prefix = find_layers(arrays, layers)
    choices: dict[str, Any] = {"readout": readout, "output": output_activation}
    if not isinstance(source, Mapping):
        _refuse_unseen(source)
        module = source.get_submodule(prefix.rstrip("."))
        _check_kind(module)
        choices |= _attributes(module, activation)
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
    return Imported(network, prove("from_torch", network, renamed, tolerance))


def _from_model(module: Any, architecture: Architecture, tolerance: float | None) -> Imported[Network]:
    """Take back the weights of a module that `to_torch` made; it says itself what its parts are."""
    arrays = as_arrays(module.state_dict())
    if architecture.tied_weights:
        del arrays["output.weight"]
    network = fill(architecture, arrays, Names(), "recurrent.")
    return Imported(network, prove("from_torch", network, arrays, tolerance))


def _refuse_unseen(source: Any) -> None:
    """Refuse modules without parameters, of which a state_dict says nothing; dropout acts in training alone."""
    for name, module in source.named_modules():
        kind = type(module).__name__
        if getattr(module, "max_norm", None) is not None:
            raise UnsupportedError(f"from_torch: the module {name!r} ({kind}) has max_norm={module.max_norm}.")
        if not name or any(True for _ in module.children()) or kind in ("Dropout", "Identity"):
            continue
        if not module.state_dict():
            raise UnsupportedError(
                f"from_torch: the module {name!r} ({kind}) has no parameters and would be left out.\n"
                "  Hint: give source.state_dict(), and output_activation= or readout= for what it does."
            )


def _check_kind(module: Any) -> None:
    """Refuse a module of another make, whose weights may have the same names and another meaning."""
    kinds = [kind for kind in type(module).__mro__ if kind.__module__ == "torch.nn.modules.rnn"]
    if not kinds:
        raise UnsupportedError(
            f"from_torch: {type(module).__name__} is none of torch.nn.LSTM, GRU and RNN.\n"
            "  Hint: give its state_dict(), if you know that its gates come in PyTorch's order."
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


def to_torch(model: Any, *, tolerance: float | None = None) -> Exported:
    """Build a module of PyTorch with a model's weights, and compare the two.

    Parameters
    ----------
    model : Network, Forecaster, SequenceClassifier, SequenceRegressor, SequenceTagger or LanguageModel
        Its networks have no recurrent dropout, and tanh or ReLU in simple layers. Of an estimator the networks alone
        are taken: what it does to raw values before and after stays behind.
    tolerance : float, optional
        Largest difference between the two sides; 1e-5 in float32, 1e-12 in float64.

    Returns
    -------
    exported : Exported
        ``module``, a `Model`: time-major, ``module(x, state, lengths)`` gives outputs and final states; its parts are
        ``recurrent`` (`torch.nn.LSTM`, `GRU` or `RNN`), ``output``, ``embedding`` and ``skip``. Of an ensemble an
        `Ensemble` of them. And ``proof``, of several networks that of the one furthest apart.

    Raises
    ------
    UnsupportedError
        If PyTorch has no such layer.
    NotFittedError
        If the model has not been fitted.
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
    networks = networks_of("to_torch", model)
    modules = [_load(network, to_state_dict(network)) for network in networks]
    proofs = [
        _compare_with("to_torch", network, module, tolerance) for network, module in zip(networks, modules, strict=True)
    ]
    proof = max(proofs, key=lambda proof: proof.largest_difference or 0.0)
    return Exported(_together(modules), proof)


def torch_for(place: str) -> Any:
    """Return PyTorch, or say who needs it."""
    if not installed("torch"):
        raise ImportError(f"{place} needs PyTorch: pip install 'elman[torch]'")
    import torch

    return torch


def _load(network: Network, state_dict: Mapping[str, Array]) -> Any:
    """Return the module of PyTorch that has the network's architecture and these weights."""
    torch, module = torch_for("to_torch"), empty_module([network.architecture])
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in state_dict.items()}
    if network.architecture.tied_weights:
        tensors["output.weight"] = tensors["embedding.weight"]
    module.load_state_dict(tensors, assign=True)
    return module.train(False)


def empty_module(architectures: list[Architecture]) -> Any:
    """Return modules without values, which use up none of the caller's random numbers, as one."""
    torch = torch_for("to_torch")
    from elman.interop.torch.model import Model

    with torch.device("meta"):
        return _together([Model(architecture) for architecture in architectures])


def _together(modules: list[Any]) -> Any:
    from elman.interop.torch.model import Ensemble

    return modules[0] if len(modules) == 1 else Ensemble(modules).train(False)


def prove(place: str, network: Network, state_dict: Mapping[str, Array], tolerance: float | None) -> Proof:
    """Compare the network with a module that has ``state_dict``, if PyTorch is there."""
    if not installed("torch"):
        return not_compared("torch")
    plain = Network(replace(network.architecture, dropout=0.0, recurrent_dropout=0.0), network.theta)
    return _compare_with(place, plain, _load(plain, state_dict), tolerance)


def _compare_with(place: str, network: Network, module: Any, tolerance: float | None) -> Proof:
    """Run both sides on rows of unequal lengths from random states."""
    torch = torch_for(place)
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
