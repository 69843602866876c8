"""A network's parameters with PyTorch's names and shapes, and back, without importing PyTorch.

PyTorch stores matrices as (outputs, inputs) and has two biases per layer. Elman stores their sum, except for the
candidate of a GRU: the reset gate multiplies its hidden bias, which is a separate ``b_hn``. The order of gates is the
same in all three cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError, DataError, ShapeError, UnsupportedError
from elman.network import Architecture, Network, ParameterLayout, Parameters
from elman.network.parameters import layer_prefix

Array = npt.NDArray[Any]
CELL_OF_BLOCKS = {1: "rnn", 3: "gru", 4: "lstm"}
_PLACE = "from_torch"
_MOST_REPEATED = 2**26


class Names(NamedTuple):
    """Prefixes of a model's parts in its ``state_dict``; None for a missing part."""

    layers: str = "recurrent"
    output: str | None = "output"
    embedding: str | None = "embedding"
    skip: str | None = "skip"


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
        ``weight_ih_l{k}[_reverse]`` (G·H, D), ``weight_hh_…`` (G·H, H), ``bias_ih_…`` and ``bias_hh_…`` (G·H,);
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
    if architecture.activation not in ("tanh", "relu"):
        raise UnsupportedError(
            f"to_torch: activation={architecture.activation!r} has no counterpart: torch.nn.RNN has tanh and relu."
        )
    found: dict[str, Array] = {}
    for prefix, suffix in _directions(architecture):
        ours = {name: network.parameters.get(prefix + name) for name in ("W_x", "W_h", "b", "b_hn")}
        for name, value in _to_torch(ours).items():
            found[f"{names.layers}.{name}{suffix}"] = value
    for ours_name, theirs, transposed in _others(architecture, names):
        value = network.parameters[ours_name]
        found[theirs] = np.ascontiguousarray(value.T) if transposed else value.copy()
    return found


def _directions(architecture: Architecture) -> Iterator[tuple[str, str]]:
    """Yield our prefix and PyTorch's suffix for every layer and direction."""
    for layer in range(architecture.num_layers):
        for direction in range(architecture.directions):
            yield layer_prefix(layer, direction), f"_l{layer}" + ("_reverse" if direction else "")


def _others(architecture: Architecture, names: Names) -> Iterator[tuple[str, str, bool]]:
    """Yield our name, PyTorch's, and whether to transpose, for every other layer."""
    if architecture.embedding_size is not None:
        yield "embedding", f"{names.embedding}.weight", False
    if names.output is not None:
        if not architecture.tied_weights:
            yield "output.W_y", f"{names.output}.weight", True
        if architecture.bias:
            yield "output.b_y", f"{names.output}.bias", False
    if architecture.linear_skip:
        yield "skip.W_k", f"{names.skip}.weight", True


def _to_torch(ours: Mapping[str, Array | None]) -> dict[str, Array]:
    W_x, W_h, b, b_hn = (ours[name] for name in ("W_x", "W_h", "b", "b_hn"))
    assert W_x is not None
    assert W_h is not None
    found = {"weight_ih": np.ascontiguousarray(W_x.T), "weight_hh": np.ascontiguousarray(W_h.T)}
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


def find_layers(arrays: Mapping[str, Array], layers: str | None) -> str:
    """Return the prefix of the recurrent layers' keys, which ends with a dot unless it is empty."""
    ends = "weight_ih_l0"
    if layers is not None:
        prefix = f"{layers}." if layers else ""
        if prefix + ends not in arrays:
            raise ArgumentError(f"{_PLACE}: key {prefix + ends!r} is missing.")
        return prefix
    prefixes = [name.removesuffix(ends) for name in arrays if name.endswith(ends)]
    if len(prefixes) != 1:
        there = ", ".join(repr(prefix.rstrip(".")) for prefix in prefixes) or "none"
        hint = "layers= takes the prefix of its keys."
        if len(prefixes) > 1 and prefixes == [f"{number}.recurrent." for number in range(len(prefixes))]:
            hint = "these are the networks of an ensemble; load_torch reads its file, and from_torch takes its members."
        raise ArgumentError(
            f"{_PLACE}: needs one recurrent module, a key that ends with '{ends}'; found: {there}.\n  Hint: {hint}"
        )
    return prefixes[0]


def infer_architecture(arrays: Mapping[str, Array], names: Names, prefix: str, **choices: Any) -> Architecture:
    """Infer sizes, layers, directions, biases and the cell from the keys and shapes.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The state_dict.
    names : Names
        Prefixes of output layer and embedding.
    prefix : str
        Prefix of the recurrent layers' keys.
    **choices
        Fields of the architecture that a state_dict does not determine.

    Raises
    ------
    ArgumentError
        If a key is missing.
    UnsupportedError
        If there are projections.
    """
    W_ih, W_hh = (_matrix(arrays, f"{prefix}weight_{kind}_l0") for kind in ("ih", "hh"))
    if projected := [name for name in arrays if name.startswith(f"{prefix}weight_hr_l")]:
        raise UnsupportedError(f"{_PLACE}: {projected[0]}: an LSTM with projections (proj_size) is not supported.")
    H = W_hh.shape[1]
    blocks, rest = divmod(len(W_hh), H)
    if rest or blocks not in CELL_OF_BLOCKS:
        raise ShapeError(
            f"{_PLACE}: {prefix}weight_hh_l0 must have shape (G·H, H) with G = 1 (RNN), 3 (GRU) or 4 (LSTM), "
            f"got {W_hh.shape}."
        )
    layers = sum(name.startswith(f"{prefix}weight_ih_l") and "_reverse" not in name for name in arrays)
    bidirectional = f"{prefix}weight_ih_l0_reverse" in arrays
    readout_size = (2 if bidirectional else 1) * H
    head = readout_size if names.output is None else len(_matrix(arrays, f"{names.output}.weight"))
    biased = f"{prefix}bias_ih_l0" in arrays or f"{names.output}.bias" in arrays
    sizes: dict[str, Any] = {"input_size": W_ih.shape[1]}
    if names.embedding is not None:
        E = _matrix(arrays, f"{names.embedding}.weight")
        sizes = {"input_size": None, "vocabulary_size": E.shape[0], "embedding_size": E.shape[1]}
    if names.skip is not None:
        steps = _matrix(arrays, f"{names.skip}.weight").shape[1] // W_ih.shape[1]
        sizes |= {"linear_skip": True, "skip_steps": max(1, steps)}
    fields = {"cell": CELL_OF_BLOCKS[blocks], "hidden_size": H, "num_layers": layers, "bidirectional": bidirectional}
    return Architecture(output_size=head, bias=biased, **sizes, **fields, **choices)


def _matrix(arrays: Mapping[str, Array], name: str) -> Array:
    if name not in arrays:
        raise ArgumentError(f"{_PLACE}: key {name!r} is missing.")
    if arrays[name].ndim != 2 or 0 in arrays[name].shape:
        raise ShapeError(f"{_PLACE}: {name} must be a matrix, got shape {arrays[name].shape}.")
    return arrays[name]


def fill(architecture: Architecture, arrays: Mapping[str, Array], names: Names, prefix: str) -> Network:
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
    biased = any(f"{prefix}bias_ih_l0" == name for name in arrays)
    _check_shapes(architecture, layout, taken, names, prefix, biased=biased)
    theta = np.zeros(layout.size, next(iter(arrays.values())).dtype)
    parameters = Parameters(theta, layout)
    G, H = architecture.gates, architecture.hidden_size
    for ours, suffix in _directions(architecture):
        W_x = parameters[ours + "W_x"]
        W_x[...] = taken.take(f"{prefix}weight_ih{suffix}", W_x.shape[::-1]).T
        parameters[ours + "W_h"][...] = taken.take(f"{prefix}weight_hh{suffix}", (G * H, H)).T
        if biased:
            b_ih, b_hh = (taken.take(f"{prefix}bias_{kind}{suffix}", (G * H,)) for kind in ("ih", "hh"))
            _sum_biases(parameters, ours, b_ih, b_hh, 2 * H)
    if names.output is None:
        parameters["output.W_y"][...] = np.eye(architecture.readout_size)
    for name, theirs, transposed in _others(architecture, names):
        view = parameters[name]
        if name == "output.b_y" and theirs not in arrays:
            continue  # the recurrent layers have biases but the output layer does not
        view[...] = taken.take(theirs, view.shape[::-1]).T if transposed else taken.take(theirs, view.shape)
    taken.refuse_rest()
    return Network(architecture, theta)


def _check_shapes(
    architecture: Architecture, layout: ParameterLayout, taken: _Taken, names: Names, prefix: str, *, biased: bool
) -> None:
    """Compare all shapes before the parameter vector is allocated: its size is a product of theirs."""
    rows = architecture.gates * architecture.hidden_size
    for ours, suffix in _directions(architecture):
        taken.take(f"{prefix}weight_ih{suffix}", layout.shapes[ours + "W_x"][::-1])
        taken.take(f"{prefix}weight_hh{suffix}", (rows, architecture.hidden_size))
        for kind in ("ih", "hh") if biased else ():
            taken.take(f"{prefix}bias_{kind}{suffix}", (rows,))
    for ours, theirs, transposed in _others(architecture, names):
        if ours != "output.b_y" or theirs in taken.arrays:
            taken.take(theirs, layout.shapes[ours][::-1] if transposed else layout.shapes[ours])


def _sum_biases(parameters: Parameters, prefix: str, b_ih: Array, b_hh: Array, gates: int) -> None:
    b, b_hn = parameters[prefix + "b"], parameters.get(prefix + "b_hn")
    if b_hn is None:
        b[...] = b_ih + b_hh
    else:
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
            hint = f"\n  Hint: if it is the output layer, output={first.rpartition('.')[0]!r}; or embedding=, skip=."
            raise ArgumentError(f"{_PLACE}: unknown key {first!r}.{hint if '.' in first else ''}")
