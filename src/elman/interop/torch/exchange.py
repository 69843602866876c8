"""Conversion of networks from and to PyTorch, with a comparison of both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman._extras import installed, need
from elman.errors import ArgumentError, Remedy, UnsupportedError
from elman.interop.models import networks_of
from elman.interop.proof import Imported, Proof, compare, not_compared
from elman.interop.torch.state_dict import (
    Names,
    as_arrays,
    fill,
    find_layers,
    infer_architecture,
    own_places,
    renaming,
    to_state_dict,
)
from elman.network import Architecture, Network, State
from elman.network.parameters import layer_prefix

Array = npt.NDArray[Any]
_STEPS, _LENGTHS = 9, (9, 4, 1)


class Exported(NamedTuple):
    """A PyTorch module and the proof of the comparison."""

    module: Any
    proof: Proof


def from_torch(
    source: Any,
    *,
    layers: str | Sequence[str] | None = None,
    output: str | None = None,
    embedding: str | None = None,
    skip: str | None = None,
    dense: Sequence[str] = (),
    dense_activation: str | Sequence[str] = "relu",
    activation: str | None = None,
    readout: str = "every",
    output_activation: str = "identity",
    tolerance: float | None = None,
) -> Imported[Network]:
    """Build a network from the weights of a PyTorch model, and compare both.

    Cell, sizes, layers, directions and biases follow from the keys and shapes. Without an output layer the network
    returns the states of its top layer: its W_y is the identity.

    Parameters
    ----------
    source : torch.nn.Module or mapping of str to Tensor or array
        A model or its ``state_dict``. Every key must be used.
    layers : str or sequence of str, optional
        Prefix of the keys of the recurrent module (``"lstm"`` for ``lstm.weight_ih_l0``), or of several that follow one
        another, the first first; required only if there are several such modules.
    output, embedding, skip : str, optional
        Prefix of the output layer, of the embedding, and of a linear layer without bias from the input to the output.
    dense : sequence of str
        Prefixes of the hidden dense layers between the recurrent layers and the output layer, the first first.
    dense_activation : {"relu", "tanh", "sigmoid", "identity"}, or a sequence of them
        Activation after every hidden dense layer, or after each.
    activation : {"tanh", "relu"}, optional
        Activation of a simple recurrent layer. Required for a state_dict, which does not contain it; a module does.
    readout : {"every", "last", "mean", "max"}
        Input of the output layer.
    output_activation : {"identity", "softmax", "log_softmax", "sigmoid", "relu", "tanh"}
        Activation after the output layer.
    tolerance : float, optional
        Largest difference between the two sides; 1e-5 in float32, 1e-12 in float64.

    Returns
    -------
    imported : Imported
        ``network``, float64 if any array is float64, and ``proof``.

    Raises
    ------
    ArgumentError
        If a key is missing or unknown, or the activation is missing.
    ShapeError
        If the shapes of the arrays disagree.
    UnsupportedError
        If the model has parts that would be ignored, or layers of several kinds.
    InterchangeError
        If the two sides give different results.

    Notes
    -----
    For a module, ``nonlinearity``, ``dropout`` and ``proj_size`` are converted. ``batch_first`` is the
    order of a module's input; the weights do not depend on it, and Elman's order is always (T, N, D).

    The comparison uses `torch.nn`'s modules with these weights. The ``forward`` of your own model is not analysed: pass
    its readout and activations.

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
    names = Names(output=output, embedding=embedding, skip=skip, dense=tuple(dense))
    state_dict = source if isinstance(source, Mapping) else source.state_dict()
    arrays = as_arrays(state_dict)
    places = find_layers(arrays, layers)
    choices: dict[str, Any] = {"readout": readout, "output": output_activation}
    choices["dense_activation"] = dense_activation if isinstance(dense_activation, str) else tuple(dense_activation)
    if not isinstance(source, Mapping):
        _refuse_unseen(source)
        choices |= _attributes([source.get_submodule(prefix.rstrip(".")) for prefix, _ in places], activation)
    elif activation is not None:
        choices["activation"] = activation
    architecture = infer_architecture(arrays, names, places, **choices)
    if architecture.cell == "rnn" and "activation" not in choices:
        raise ArgumentError(
            "from_torch: a state_dict does not contain the activation.",
            Remedy(activation="tanh"),
            Remedy(activation="relu"),
        )
    network = fill(architecture, arrays, names, places)
    keys = renaming(architecture, names, places)
    renamed = {keys[name]: array for name, array in arrays.items()}
    for name, array in to_state_dict(network).items():
        if name not in renamed:  # only in Elman: an identity output layer, a bias of zeros
            renamed[name] = array
    return Imported(network, prove("from_torch", network, renamed, tolerance))


def _from_model(module: Any, architecture: Architecture, tolerance: float | None) -> Imported[Network]:
    """Convert a module of `to_torch`, whose architecture is known."""
    arrays = as_arrays(module.state_dict())
    if architecture.tied_weights:
        del arrays["output.weight"]
    network = fill(architecture, arrays, Names(), own_places(architecture))
    return Imported(network, prove("from_torch", network, arrays, tolerance))


def _refuse_unseen(source: Any) -> None:
    """Refuse modules without parameters, which a state_dict does not contain; dropout acts only in training."""
    for name, module in source.named_modules():
        kind = type(module).__name__
        if getattr(module, "max_norm", None) is not None:
            raise UnsupportedError(f"from_torch: the module {name!r} ({kind}) has max_norm={module.max_norm}.")
        if not name or any(True for _ in module.children()) or kind in ("Dropout", "Identity"):
            continue
        if not module.state_dict():
            raise UnsupportedError(
                f"from_torch: the module {name!r} ({kind}) has no parameters and would be ignored.\n"
                "  Hint: pass source.state_dict(), and output_activation= or readout= for its function."
            )


def _check_kind(module: Any) -> None:
    """Refuse other classes, whose weights may have the same names and another meaning."""
    kinds = [kind for kind in type(module).__mro__ if kind.__module__ == "torch.nn.modules.rnn"]
    if not kinds:
        raise UnsupportedError(
            f"from_torch: {type(module).__name__} is none of torch.nn.LSTM, GRU and RNN.\n"
            "  Hint: pass its state_dict(), if its gates are in PyTorch's order."
        )


def _attributes(modules: list[Any], activation: str | None) -> dict[str, Any]:
    """Return the fields of the architecture that recurrent modules define; those of all must be alike."""
    module = modules[0]
    for each in modules:
        _check_kind(each)
        kinds = [(type(own).__name__, getattr(own, "nonlinearity", None)) for own in (module, each)]
        if kinds[0] != kinds[1]:
            raise UnsupportedError(f"from_torch: {kinds[0][0]} and {kinds[1][0]}: the layers of a network are alike.")
    found: dict[str, Any] = {"dropout": float(getattr(module, "dropout", 0.0))}
    said = getattr(module, "nonlinearity", None)
    if said is not None:
        found["activation"] = said
    if activation is not None and activation != found.get("activation", "tanh"):
        raise ArgumentError(f"from_torch: activation={activation!r}, but the module has {said or 'tanh'!r}.")
    return found


def to_torch(model: Any, *, tolerance: float | None = None) -> Exported:
    """Build a PyTorch module with a model's weights, and compare both.

    Parameters
    ----------
    model : Network, Forecaster, SequenceClassifier, SequenceRegressor, SequenceTagger or LanguageModel
        Its networks have no recurrent dropout, and tanh or ReLU in simple layers. Of an estimator only the networks are
        converted, without the steps before and after them.
    tolerance : float, optional
        Largest difference between the two sides; 1e-5 in float32, 1e-12 in float64.

    Returns
    -------
    exported : Exported
        ``module``, a `Model`: time-major, ``module(x, state, lengths)`` returns outputs and final states; its parts are
        ``recurrent`` (`torch.nn.LSTM`, `GRU` or `RNN`), ``output``, ``embedding`` and ``skip``. For an ensemble, an
        `Ensemble` of them. And ``proof``, for several networks the one with the largest difference.

    Raises
    ------
    UnsupportedError
        If PyTorch has no such layer.
    NotFittedError
        If the model has not been fitted.
    InterchangeError
        If the two sides give different results.
    MissingExtraError
        If PyTorch is not installed.

    Examples
    --------
    >>> from elman import Architecture, Network
    >>> to_torch(Network.initialized(Architecture(1, 1, cell="rnn", activation="sigmoid")))
    Traceback (most recent call last):
    elman.errors.UnsupportedError: to_torch: activation='sigmoid' has no counterpart: torch.nn.RNN has tanh and relu.
    """
    networks = networks_of("to_torch", model)
    modules = [_load(network, to_state_dict(network)) for network in networks]
    proofs = [
        _compare_with("to_torch", network, module, tolerance) for network, module in zip(networks, modules, strict=True)
    ]
    proof = max(proofs, key=lambda proof: proof.largest_difference or 0.0)
    return Exported(_together(modules), proof)


def _load(network: Network, state_dict: Mapping[str, Array]) -> Any:
    """Return the PyTorch module of the network's architecture with these weights."""
    torch, module = need("to_torch", "torch"), empty_module([network.architecture])
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in state_dict.items()}
    if network.architecture.tied_weights:
        tensors["output.weight"] = tensors["embedding.weight"]
    module.load_state_dict(tensors, assign=True)
    return module.train(False)


def empty_module(architectures: list[Architecture]) -> Any:
    """Return uninitialized modules as one, without use of the caller's random numbers."""
    torch = need("to_torch", "torch")
    from elman.interop.torch.model import Model

    with torch.device("meta"):
        return _together([Model(architecture) for architecture in architectures])


def _together(modules: list[Any]) -> Any:
    from elman.interop.torch.model import Ensemble

    return modules[0] if len(modules) == 1 else Ensemble(modules).train(False)


def prove(place: str, network: Network, state_dict: Mapping[str, Array], tolerance: float | None) -> Proof:
    """Compare the network with a module that has ``state_dict``, if PyTorch is installed."""
    if not installed("torch"):
        return not_compared("torch")
    plain = Network(replace(network.architecture, dropout=0.0, recurrent_dropout=0.0), network.theta)
    return _compare_with(place, plain, _load(plain, state_dict), tolerance)


def _compare_with(place: str, network: Network, module: Any, tolerance: float | None) -> Proof:
    """Compare both sides on rows of unequal lengths from random states."""
    torch = need(place, "torch")
    a, rng, rows = network.architecture, np.random.default_rng(0), len(_LENGTHS)
    if a.vocabulary_size is not None:
        x: Array = rng.integers(0, a.vocabulary_size, (_STEPS, rows))
    else:
        x = rng.standard_normal((_STEPS, rows, a.input_size or 0)).astype(network.dtype)
    zeros = State.zeros(a, rows, network.dtype).to_arrays()
    start = {name: rng.standard_normal(array.shape).astype(network.dtype) for name, array in zeros.items()}
    ours_last, ours = network.run(x, State.from_arrays(start), np.array(_LENGTHS))
    given = tuple(torch.from_numpy(array) for array in _projected(network, start).values())
    with torch.no_grad():
        lengths = torch.tensor(_LENGTHS)
        theirs, last = module(torch.from_numpy(x), given if len(given) > 1 else given[0], lengths)
    pairs = {"outputs": (ours, theirs.numpy())}
    ours_ends = _projected(network, ours_last.to_arrays())
    for (name, array), end in zip(ours_ends.items(), last if len(given) > 1 else (last,), strict=True):
        pairs[f"final states {name}"] = (array, end.numpy())
    return compare(place, f"torch {torch.__version__}", pairs, tolerance)


def _projected(network: Network, state: Mapping[str, Array]) -> dict[str, Array]:
    """Return a state as PyTorch has it: the states of projected layers after their projection."""
    a, found = network.architecture, dict(state)
    if a.projection_size is not None:
        matrices = [network.parameters[layer_prefix(*part) + "W_p"] for part in a.parts]
        found["h"] = np.stack([h[:, : len(W_p)] @ W_p for h, W_p in zip(state["h"], matrices, strict=True)])
    return found
