"""A network's parameters with PyTorch's names and shapes, and back, without importing PyTorch.

PyTorch stores matrices as (outputs, inputs) and has two biases per layer. Elman stores their sum, except for the
candidate of a GRU: the reset gate multiplies its hidden bias, which is a separate ``b_hn``. The order of gates is the
same in all three cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError, DataError, ShapeError, UnsupportedError
from elman.network import Architecture, Network, ParameterLayout, Parameters
from elman.network.parameters import dense_prefix, layer_prefix

Array = npt.NDArray[Any]
MATRICES = {"W_x": "weight_ih", "W_h": "weight_hh", "W_p": "weight_hr"}
CELL_OF_BLOCKS = {1: "rnn", 3: "gru", 4: "lstm"}
_PLACE = "from_torch"
_MOST_REPEATED = 2**26
_OF_UNITS = {False: "weight_hh", True: "weight_hr"}  # the matrix with a column for every unit


Place = tuple[str, int]  # prefix of a recurrent module's keys, which ends with a dot unless empty; layer within it


class Names(NamedTuple):
    """Prefixes of a model's parts in its ``state_dict``; None for a missing part.

    ``dense`` has one prefix for each hidden dense layer, or one for the `ModuleList` of all.
    """

    layers: str = "recurrent"
    output: str | None = "output"
    embedding: str | None = "embedding"
    skip: str | None = "skip"
    dense: str | tuple[str, ...] = "dense"


def to_state_dict(network: Network, names: Names | None = None) -> dict[str, Array]:
    """Return the parameters of a network in PyTorch's form.

    Parameters
    ----------
    network : Network
        Simple layers must have the activation tanh or ReLU: `torch.nn.RNN` has no others.
    names : Names, optional
        Prefixes of the keys; by default ``recurrent.weight_ih_l0``, ``output.weight``, ``embedding.weight`` and
        ``skip.weight``.

    Returns
    -------
    state_dict : dict of str to ndarray
        ``weight_ih_l{k}[_reverse]`` (G·H, D), ``weight_hh_…`` (G·H, H), ``weight_hr_…`` (P, H) of a projection,
        ``bias_ih_…`` and ``bias_hh_…`` (G·H,);
        ``weight`` (K, R) and ``bias`` (K,) of the output layer.

    Raises
    ------
    UnsupportedError
        If PyTorch has no such layer.

    Examples
    --------
    >>> from elman.network import Architecture, Network
    >>> network = Network.initialized(Architecture(3, 1, cell="gru", hidden_size=2))
    >>> {name: array.shape for name, array in to_state_dict(network).items() if "bias" in name}
    {'recurrent.bias_ih_l0': (6,), 'recurrent.bias_hh_l0': (6,), 'output.bias': (1,)}
    """
    architecture, names = network.architecture, names or Names()
    if architecture.reverse:
        raise UnsupportedError(
            "to_torch: reverse=True has no counterpart: torch.nn runs forward, or in both directions."
        )
    if architecture.layer_norm:
        raise UnsupportedError(
            "to_torch: layer_norm=True has no counterpart: recurrent layers of torch.nn have no norm."
        )
    if architecture.activation not in ("tanh", "relu"):
        raise UnsupportedError(
            f"to_torch: activation={architecture.activation!r} has no counterpart: torch.nn.RNN has tanh and relu."
        )
    found: dict[str, Array] = {}
    for prefix, their_prefix, suffix in _directions(architecture, own_places(architecture, names.layers)):
        ours = {name: network.parameters.get(prefix + name) for name in ("W_x", "W_h", "W_p", "b", "b_hn")}
        for name, value in _to_torch(ours).items():
            found[f"{their_prefix}{name}{suffix}"] = value
    for ours_name, theirs, transposed in _others(architecture, names):
        value = network.parameters[ours_name]
        found[theirs] = np.ascontiguousarray(value.T) if transposed else value.copy()
    return found


def own_places(architecture: Architecture, name: str = "recurrent") -> list[Place]:
    """Return where `Model` has each layer: in one module, or with unlike layers in one of each layer's own.

    Examples
    --------
    >>> own_places(Architecture(1, 1, hidden_size=(4, 2)))
    [('recurrent.0.', 0), ('recurrent.1.', 0)]
    """
    if not architecture.alike:
        return [(f"{name}.{layer}.", 0) for layer in range(architecture.num_layers)]
    return [(f"{name}.", layer) for layer in range(architecture.num_layers)]


def _directions(architecture: Architecture, places: list[Place]) -> Iterator[tuple[str, str, str]]:
    """Yield our prefix, and PyTorch's prefix and suffix, for every layer and direction."""
    for layer, (prefix, number) in enumerate(places):
        for direction in range(len(architecture.layer_backwards(layer))):
            yield layer_prefix(layer, direction), prefix, f"_l{number}" + ("_reverse" if direction else "")


def renaming(architecture: Architecture, names: Names, places: list[Place]) -> dict[str, str]:
    """Return the key that `Model` has for each key of another model of the same architecture."""
    found = {}
    ours = _directions(architecture, own_places(architecture))
    for (_, prefix, suffix), (_, own, own_suffix) in zip(_directions(architecture, places), ours, strict=True):
        for kind in (*MATRICES.values(), "bias_ih", "bias_hh"):
            found[f"{prefix}{kind}{suffix}"] = f"{own}{kind}{own_suffix}"
    own_keys = {name: theirs for name, theirs, _ in _others(architecture, Names())}
    return found | {theirs: own_keys[name] for name, theirs, _ in _others(architecture, names)}


def _others(architecture: Architecture, names: Names) -> Iterator[tuple[str, str, bool]]:
    """Yield our name, PyTorch's, and whether to transpose, for every other layer."""
    if architecture.embedding_size is not None:
        yield "embedding", f"{names.embedding}.weight", False
    for layer in range(len(architecture.dense)):
        prefix = f"{names.dense}.{layer}" if isinstance(names.dense, str) else names.dense[layer]
        yield dense_prefix(layer) + "W", f"{prefix}.weight", True
        if architecture.bias:
            yield dense_prefix(layer) + "b", f"{prefix}.bias", False
    if names.output is not None:
        if not architecture.tied_weights:
            yield "output.W_y", f"{names.output}.weight", True
        if architecture.bias:
            yield "output.b_y", f"{names.output}.bias", False
    if architecture.linear_skip:
        yield "skip.W_k", f"{names.skip}.weight", True


def _to_torch(ours: Mapping[str, Array | None]) -> dict[str, Array]:
    b, b_hn = ours["b"], ours["b_hn"]
    matrices = {theirs: ours[name] for name, theirs in MATRICES.items()}
    found = {theirs: np.ascontiguousarray(W.T) for theirs, W in matrices.items() if W is not None}
    if b is not None:
        found["bias_ih"] = b.copy()
        found["bias_hh"] = np.zeros_like(b)
        if b_hn is not None:
            found["bias_hh"][2 * len(b_hn) :] = b_hn
    return found


def as_arrays(state_dict: Mapping[str, Any]) -> dict[str, Array]:
    """Return tensors or arrays as arrays of one dtype, float32 or float64; float16 and bfloat16 are widened.

    Raises
    ------
    ArgumentError
        If a value is not an array of real numbers.
    DataError
        If a value is not finite.
    """
    found = {}
    for name, value in state_dict.items():
        array = _plain(name, value) if hasattr(value, "detach") else np.asarray(value)
        _check_held(name, array.shape, array.itemsize, _held(array))
        if array.dtype.kind != "f" or array.dtype.itemsize > 8:
            raise ArgumentError(f"{_PLACE}: {name} must hold real numbers of at most 64 bits, got {array.dtype}.")
        if not np.isfinite(array).all():
            raise DataError(f"{_PLACE}: {name} holds a value that is not finite.")
        found[name] = array
    wide = any(array.dtype == np.float64 for array in found.values())
    return {name: array.astype(np.float64 if wide else np.float32) for name, array in found.items()}


def _held(array: Array) -> int:
    """Return the bytes that an array occupies; an axis of stride 0 repeats the same bytes."""
    sizes = [size for size, stride in zip(array.shape, array.strides, strict=True) if stride or size < 2]
    held: int = prod(sizes) * array.itemsize
    return held


def _check_held(name: str, shape: tuple[int, ...], itemsize: int, held: int) -> None:
    """Refuse sparse and expanded tensors that would need far more memory than they occupy."""
    if prod(shape) > _MOST_REPEATED and prod(shape) * itemsize > 2 * held:
        raise ArgumentError(
            f"{_PLACE}: {name} has the shape {shape}, but {held} bytes; sparse and expanded tensors may have "
            f"{_MOST_REPEATED} values."
        )


def _plain(name: str, tensor: Any) -> Array:
    """Return the values of a tensor of any device and layout."""
    if tensor.is_meta:
        raise ArgumentError(f"{_PLACE}: {name} is on the device meta and has no values.")
    sparse = "strided" not in str(tensor.layout)
    held = 0 if sparse else tensor.untyped_storage().nbytes()
    _check_held(name, tuple(tensor.shape), tensor.element_size(), held)
    tensor = tensor.detach().to_dense() if "strided" not in str(tensor.layout) else tensor
    narrow = tensor.element_size() < 4 and tensor.is_floating_point()
    return np.asarray((tensor.float() if narrow else tensor).numpy(force=True))


def find_layers(arrays: Mapping[str, Array], layers: str | Sequence[str] | None) -> list[Place]:
    """Return where every recurrent layer is, the lowest first."""
    if layers is None:
        prefixes = [_only_layers(arrays)]
    else:
        prefixes = [f"{layer}." if layer else "" for layer in ([layers] if isinstance(layers, str) else layers)]
    places = []
    for prefix in prefixes:
        if prefix + "weight_ih_l0" not in arrays:
            raise ArgumentError(f"{_PLACE}: key {prefix + 'weight_ih_l0'!r} is missing.")
        count = sum(name.startswith(f"{prefix}weight_ih_l") and "_reverse" not in name for name in arrays)
        places += [(prefix, layer) for layer in range(count)]
    return places


def _only_layers(arrays: Mapping[str, Array]) -> str:
    """Return the prefix of the one recurrent module's keys."""
    ends = "weight_ih_l0"
    prefixes = [name.removesuffix(ends) for name in arrays if name.endswith(ends)]
    if len(prefixes) != 1:
        there = ", ".join(repr(prefix.rstrip(".")) for prefix in prefixes) or "none"
        hint = "layers= takes the prefix of its keys."
        if len(prefixes) > 1:
            names = ", ".join(repr(prefix.rstrip(".")) for prefix in prefixes)
            hint = f"layers= takes the prefix of one, or of several that follow one another: layers=({names})."
        if len(prefixes) > 1 and prefixes == [f"{number}.recurrent." for number in range(len(prefixes))]:
            hint = "these are the networks of an ensemble; load_torch reads its file, and from_torch takes its members."
        raise ArgumentError(
            f"{_PLACE}: needs one recurrent module, a key that ends with '{ends}'; found: {there}.\n  Hint: {hint}"
        )
    return prefixes[0]


def infer_architecture(arrays: Mapping[str, Array], names: Names, places: list[Place], **choices: Any) -> Architecture:
    """Infer sizes, layers, directions, biases and the cell from the keys and shapes.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The state_dict.
    names : Names
        Prefixes of output layer and embedding.
    places : list of Place
        From `find_layers`.
    **choices
        Fields of the architecture that a state_dict does not determine.

    Raises
    ------
    ArgumentError
        If a key is missing.
    ShapeError
        If shapes disagree.
    """
    prefix = places[0][0]
    W_ih, W_hh = (_matrix(arrays, f"{prefix}weight_{kind}_l0") for kind in ("ih", "hh"))
    projected = any(f"{own}weight_hr_l0" in arrays for own, _ in places)
    units = tuple(_matrix(arrays, f"{own}{_OF_UNITS[projected]}_l0").shape[1] for own, _ in places)
    H = units[0]
    blocks, rest = divmod(len(W_hh), H)
    if rest or blocks not in CELL_OF_BLOCKS:
        raise ShapeError(
            f"{_PLACE}: {prefix}weight_hh_l0 must have shape (G·H, H) with G = 1 (RNN), 3 (GRU) or 4 (LSTM), "
            f"got {W_hh.shape}."
        )
    bidirectional = tuple(f"{own}weight_ih_l0_reverse" in arrays for own, _ in places)
    dense = tuple(len(_matrix(arrays, f"{name}.weight")) for name in names.dense)
    outputs = W_hh.shape[1] if projected else units[-1]
    head = dense[-1] if dense else (2 if bidirectional[-1] else 1) * outputs
    if names.output is not None:
        head = len(_matrix(arrays, f"{names.output}.weight"))
    biased = any(f"{prefix}bias_ih_l0" in arrays for prefix, _ in places)
    biased = biased or any(f"{name}.bias" in arrays for name in (names.output, *names.dense))
    sizes: dict[str, Any] = {"input_size": W_ih.shape[1]}
    if names.embedding is not None:
        E = _matrix(arrays, f"{names.embedding}.weight")
        sizes = {"input_size": None, "vocabulary_size": E.shape[0], "embedding_size": E.shape[1]}
    if names.skip is not None:
        steps = _matrix(arrays, f"{names.skip}.weight").shape[1] // W_ih.shape[1]
        sizes |= {"linear_skip": True, "skip_steps": max(1, steps)}
    fields: dict[str, Any] = {
        "cell": CELL_OF_BLOCKS[blocks],
        "hidden_size": units,
        "bidirectional": bidirectional,
        "dense": dense,
        "projection_size": W_hh.shape[1] if projected else None,
    }
    return Architecture(output_size=head, bias=biased, **sizes, **fields, **choices)


def _matrix(arrays: Mapping[str, Array], name: str) -> Array:
    if name not in arrays:
        raise ArgumentError(f"{_PLACE}: key {name!r} is missing.")
    if arrays[name].ndim != 2 or 0 in arrays[name].shape:
        raise ShapeError(f"{_PLACE}: {name} must be a matrix, got shape {arrays[name].shape}.")
    return arrays[name]


def fill(architecture: Architecture, arrays: Mapping[str, Array], names: Names, places: list[Place]) -> Network:
    """Build the network from all keys; parameters that PyTorch lacks are zero.

    Raises
    ------
    ArgumentError
        If a key is missing or unknown.
    ShapeError
        If an array's shape does not fit the architecture.
    """
    taken = _Taken(arrays)
    layout = ParameterLayout(architecture)
    _check_shapes(architecture, layout, taken, names, places)
    theta = np.zeros(layout.size, next(iter(arrays.values())).dtype)
    parameters = Parameters(theta, layout)
    for ours, prefix, suffix in _directions(architecture, places):
        for name, theirs in MATRICES.items():
            if (W := parameters.get(ours + name)) is not None:
                W[...] = taken.take(f"{prefix}{theirs}{suffix}", W.shape[::-1]).T
        if f"{prefix}bias_ih_l0" in arrays:
            columns = parameters[ours + "W_h"].shape[1:]
            b_ih, b_hh = (taken.take(f"{prefix}bias_{kind}{suffix}", columns) for kind in ("ih", "hh"))
            _sum_biases(parameters, ours, b_ih, b_hh)
    if names.output is None:
        parameters["output.W_y"][...] = np.eye(architecture.head_size)
    for name, theirs, transposed in _others(architecture, names):
        view = parameters[name]
        if view.ndim == 1 and theirs not in arrays:
            continue  # only other layers have biases
        view[...] = taken.take(theirs, view.shape[::-1]).T if transposed else taken.take(theirs, view.shape)
    taken.refuse_rest()
    return Network(architecture, theta)


def _check_shapes(
    architecture: Architecture, layout: ParameterLayout, taken: _Taken, names: Names, places: list[Place]
) -> None:
    """Compare all shapes before the parameter vector is allocated: its size is a product of theirs."""
    for ours, prefix, suffix in _directions(architecture, places):
        for name, key in MATRICES.items():
            if ours + name in layout.shapes:
                taken.take(f"{prefix}{key}{suffix}", layout.shapes[ours + name][::-1])
        for kind in ("ih", "hh") if f"{prefix}bias_ih_l0" in taken.arrays else ():
            taken.take(f"{prefix}bias_{kind}{suffix}", layout.shapes[ours + "W_h"][1:])
    for ours, theirs, transposed in _others(architecture, names):
        shape = layout.shapes[ours]
        if len(shape) == 2 or theirs in taken.arrays:
            taken.take(theirs, shape[::-1] if transposed else shape)


def _sum_biases(parameters: Parameters, prefix: str, b_ih: Array, b_hh: Array) -> None:
    b, b_hn = parameters[prefix + "b"], parameters.get(prefix + "b_hn")
    if b_hn is None:
        b[...] = b_ih + b_hh
    else:
        gates = 2 * len(b_hn)
        b[...] = b_ih
        b[:gates] += b_hh[:gates]
        b_hn[...] = b_hh[gates:]


class _Taken:
    """A state_dict that checks that every key is used."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self.arrays = arrays
        self.rest = set(arrays)

    def take(self, name: str, shape: tuple[int, ...]) -> Array:
        if name not in self.arrays:
            raise ArgumentError(f"{_PLACE}: key {name!r} is missing; it would have shape {shape}.")
        array = self.arrays[name]
        if array.shape != shape:
            raise ShapeError(f"{_PLACE}: {name} must have shape {shape}, got {array.shape}.")
        self.rest.discard(name)
        return array

    def refuse_rest(self) -> None:
        if self.rest:
            first = min(self.rest)
            part = first.rpartition(".")[0]
            hint = (
                f"\n  Hint: if it is the output layer, output={part!r}; or dense=, embedding=, skip=." if part else ""
            )
            raise ArgumentError(f"{_PLACE}: unknown key {first!r}.{hint}")
