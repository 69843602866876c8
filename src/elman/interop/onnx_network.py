"""A network as ONNX operators: embedding, recurrent layers, readout, output layer and skip, with states in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.errors import UnsupportedError
from elman.interop.onnx_graph import Graph, GraphBuilder
from elman.interop.onnx_layers import attributes_of, weights_of
from elman.network import Architecture, Network, State
from elman.network.parameters import dense_prefix, layer_prefix

__all__ = [
    "ALL",
    "ALL_STEPS",
    "OPERATORS",
    "States",
    "add_network",
    "at_rows",
    "declare_states",
    "give_states",
    "joined",
    "last_axis",
    "member_states",
    "network_graph",
]

Array = npt.NDArray[Any]

ALL = 2**62  # all; small numbers can be added without overflow
ALL_STEPS = np.array([ALL])
OPERATORS = {"softmax": "Softmax", "log_softmax": "LogSoftmax", "sigmoid": "Sigmoid", "relu": "Relu", "tanh": "Tanh"}
_FLOAT, _INT32 = 1, 6  # ONNX's type numbers


class States(NamedTuple):
    """Tensors h and c (layers·directions, N, H) as in `elman.network.State`; only an LSTM has c."""

    h: str
    c: str | None


def network_graph(network: Network, metadata: Mapping[str, str]) -> Graph:
    """Return the graph of a network, time first as everywhere in Elman.

    Inputs are ``x`` (T, N, D), or (T, N) of int64, and, with defaults, ``lengths`` (N,), ``h_0`` and for an LSTM
    ``c_0`` (layers·directions, N, H); outputs ``y``, the activated output, ``h_n`` and ``c_n``.

    Parameters
    ----------
    network : Network
        Its parameters are written in float32.
    metadata : mapping of str to str
        Metadata of the file.
    """
    architecture, builder = network.architecture, GraphBuilder()
    if architecture.takes_indices:
        x = builder.input("x", "int64", ("steps", "rows"))
    else:
        assert architecture.input_size is not None
        x = builder.input("x", "float32", ("steps", "rows", architecture.input_size))
    lengths = builder.input("lengths", "int64", ("rows_of_lengths",), ALL_STEPS)
    shape = builder.op("Shape", x)
    steps, rows = (builder.op("Slice", shape, [i], [i + 1]) for i in (0, 1))
    lengths = builder.op("Expand", builder.op("Min", lengths, steps), rows)
    states = declare_states(builder, architecture, rows, ())
    o, final = add_network(builder, network, x, lengths, states)
    y = builder.op(OPERATORS.get(architecture.output, "Identity"), o, **last_axis(architecture.output))
    lead: tuple[str, ...] = ("steps", "rows") if architecture.readout == "every" else ("rows",)
    builder.output(y, "y", "float32", (*lead, architecture.output_size))
    give_states(builder, architecture, [final], ())
    return builder.graph(metadata, "elman network")


def last_axis(output: str) -> dict[str, int]:
    """Return the attributes of an output activation."""
    return {"axis": -1} if output.endswith("softmax") else {}


def declare_states(builder: GraphBuilder, architecture: Architecture, rows: str, members: tuple[int, ...]) -> States:
    """Declare h_0 and c_0, by default zeros; return them with a row for every row of the input."""
    parts, _, H = State.shape_of(architecture, 1)
    sizes = builder.op("Concat", np.ones(len(members) + 1, np.int64), rows, [1], axis=0)
    found = []
    for name in ("h_0", "c_0") if architecture.kind.has_c else ("h_0",):
        default = np.zeros((*members, parts, 1, H), np.float32)
        given = builder.input(name, "float32", (*members, parts, "rows_of_states", H), default)
        found.append(builder.op("Expand", given, sizes))
    return States(found[0], found[1] if len(found) > 1 else None)


def member_states(builder: GraphBuilder, states: States, member: int) -> States:
    """Return the states of one member of an ensemble."""
    h, c = (None if state is None else builder.op("Gather", state, member, axis=0) for state in states)
    assert h is not None
    return States(h, c)


def give_states(
    builder: GraphBuilder, architecture: Architecture, finals: list[States], members: tuple[int, ...]
) -> None:
    """Declare the outputs h_n and c_n, with an axis of members in front if there are any."""
    parts, _, H = State.shape_of(architecture, 1)
    for name, tensors in (("h_n", [final.h for final in finals]), ("c_n", [final.c for final in finals])):
        if tensors[0] is None:
            continue
        both = tensors[0]
        if members:
            both = builder.op("Concat", *(builder.op("Unsqueeze", tensor, [0]) for tensor in tensors), axis=0)
        builder.output(both, name, "float32", (*members, parts, "rows", H))


def add_network(
    builder: GraphBuilder, network: Network, x: str, lengths: str, states: States, readout: str | None = None
) -> tuple[str, States]:
    """Add a network's operators.

    Parameters
    ----------
    builder : GraphBuilder
        The graph.
    network : Network
        The network; its output activation is not added.
    x : str
        (T, N, D) of float32, or (T, N) of int64.
    lengths : str
        (N,) of int64, none above T.
    states : States
        Initial states.
    readout : str, optional
        Readout instead of the network's own.

    Returns
    -------
    o : str
        (T, N, K) or (N, K), before the output activation.
    final : States
        States after each row's last step.

    Raises
    ------
    UnsupportedError
        If the network has layer normalization.
    """
    architecture = network.architecture
    if architecture.layer_norm:
        raise UnsupportedError(
            "export_onnx: layer_norm=True has no counterpart: ONNX's RNN, LSTM and GRU have no norm."
        )
    named = {name: np.asarray(value, np.float32) for name, value in network.parameters.items()}
    below = _entering(builder, architecture, named, x)
    ends: list[tuple[str, ...]] = []
    for layer in range(architecture.num_layers):
        y, end = _add_layer(builder, architecture, named, layer, below, lengths, states)
        top = _projected(builder, architecture, named, layer, end[0])
        y = _projected(builder, architecture, named, layer, y)
        # (T, directions, N, H) becomes (T, N, directions·H)
        width = architecture.layer_output_size(layer)
        below = builder.op("Reshape", builder.op("Transpose", y, perm=[0, 2, 1, 3]), [0, 0, width])
        ends.append(end)
    found = [joined(builder, architecture, tensors) for tensors in zip(*ends, strict=True)]
    final = States(found[0], found[1] if len(found) > 1 else None)
    kind = readout or architecture.readout
    read = _read_out(builder, architecture, kind, below, top, lengths)
    for number, activation in enumerate(architecture.dense_activations):
        read = _dense(builder, read, named, dense_prefix(number) + "W", dense_prefix(number) + "b")
        if activation != "identity":
            read = builder.op(OPERATORS[activation], read)
    W_y = named["embedding"].T if architecture.tied_weights else named["output.W_y"]
    o = _dense(builder, read, {**named, "output.W_y": W_y}, "output.W_y", "output.b_y")
    if "skip.W_k" in named:
        o = builder.op(
            "Add", o, builder.op("MatMul", _skipped(builder, architecture, kind, x, lengths), named["skip.W_k"])
        )
    return o, final


def _dense(builder: GraphBuilder, x: str, named: Mapping[str, Array], W: str, b: str) -> str:
    """Add a product with the matrix of one name, plus the bias of the other if there is one."""
    product = builder.op("MatMul", x, builder.constant(named[W], W))
    return builder.op("Add", product, named[b]) if b in named else product


def joined(builder: GraphBuilder, architecture: Architecture, ends: tuple[str, ...]) -> str:
    """Return the final states of all layers as one tensor; those of smaller layers are filled with zeros."""
    if len(ends) == 1:
        return ends[0]
    missing = [architecture.state_size - units for units in architecture.units]
    full = [
        builder.op("Pad", end, [0, 0, 0, 0, 0, zeros], np.float32(0.0)) if zeros else end
        for end, zeros in zip(ends, missing, strict=True)
    ]
    return builder.op("Concat", *full, axis=0)


def _entering(builder: GraphBuilder, architecture: Architecture, named: Mapping[str, Array], x: str) -> str:
    """Return the input of the first layer."""
    if not architecture.takes_indices:
        return x
    if architecture.embedding_size is not None:
        return builder.op("Gather", named["embedding"], x, axis=0)
    return builder.op("OneHot", x, [architecture.vocabulary_size], np.array([0.0, 1.0], np.float32), axis=-1)


def _add_layer(
    builder: GraphBuilder,
    architecture: Architecture,
    named: Mapping[str, Array],
    layer: int,
    x: str,
    lengths: str,
    states: States,
) -> tuple[str, tuple[str, ...]]:
    """Add a recurrent node; return Y and the final states (directions, N, H)."""
    W, R, B = (
        None if array is None else builder.constant(array, f"layers.{layer}.{name}")
        for name, array in zip("WRB", weights_of(architecture, named, layer), strict=True)
    )
    if architecture.projection_size is not None:
        R = builder.op(
            "MatMul", R, builder.op("Transpose", _projections(builder, architecture, named, layer), perm=[0, 2, 1])
        )
    own = [_part(builder, state, layer, architecture) for state in states if state is not None]
    outputs = builder.ops(
        architecture.cell.upper(),
        1 + len(own),
        *(x, W, R, B, builder.op("Cast", lengths, to=_INT32), *own),
        **attributes_of(architecture, layer),
    )
    # The standard does not define the final state of a row without steps; in Elman it is the initial state.
    begun = builder.op("Unsqueeze", builder.op("Greater", lengths, 0), [0, 2])
    ends = tuple(builder.op("Where", begun, *pair) for pair in zip(outputs[1:], own, strict=True))
    return outputs[0], ends


def _projected(
    builder: GraphBuilder, architecture: Architecture, named: Mapping[str, Array], layer: int, h: str
) -> str:
    """Return states (…, directions, N, H) of a layer after its projection, if it has one."""
    if architecture.projection_size is None:
        return h
    return builder.op("MatMul", h, _projections(builder, architecture, named, layer))


def _projections(builder: GraphBuilder, architecture: Architecture, named: Mapping[str, Array], layer: int) -> str:
    """Return W_p (directions, H, P) of a layer."""
    both = [named[layer_prefix(*part) + "W_p"] for part in architecture.parts if part[0] == layer]
    return builder.constant(np.stack(both), f"layers.{layer}.W_p")


def _part(builder: GraphBuilder, state: str, layer: int, architecture: Architecture) -> str:
    """Return all directions of one layer of a state."""
    if architecture.num_layers == 1:
        return state
    first, units = architecture.first_part(layer), architecture.layer_size(layer)
    end = first + len(architecture.layer_backwards(layer))
    if units == architecture.state_size:
        return builder.op("Slice", state, [first], [end], [0])
    return builder.op("Slice", state, [first, 0], [end, units], [0, 2])


def _valid(builder: GraphBuilder, x: str, lengths: str) -> str:
    """Return a mask (T, N, 1) of the valid steps of x (T, N, …)."""
    steps = builder.op("Squeeze", builder.op("Slice", builder.op("Shape", x), [0], [1]), [0])
    step = builder.op("Unsqueeze", builder.op("Range", 0, steps, 1), [1])
    return builder.op("Unsqueeze", builder.op("Less", step, builder.op("Unsqueeze", lengths, [0])), [2])


def _read_out(builder: GraphBuilder, architecture: Architecture, readout: str, y: str, end: str, lengths: str) -> str:
    """Return the input of the output layer."""
    if readout == "every":
        return y
    if readout == "last":
        return builder.op("Reshape", builder.op("Transpose", end, perm=[1, 0, 2]), [0, architecture.readout_size])
    if readout == "mean":
        count = builder.op("Cast", builder.op("Max", lengths, 1), to=_FLOAT)
        return builder.op("Div", builder.op("ReduceSum", y, [0], keepdims=0), builder.op("Unsqueeze", count, [1]))
    padded = builder.op("Where", _valid(builder, y, lengths), y, np.float32(-np.inf))
    largest = builder.op("ReduceMax", padded, axes=[0], keepdims=0)
    return builder.op(
        "Where", builder.op("Unsqueeze", builder.op("Greater", lengths, 0), [1]), largest, np.float32(0.0)
    )


def _skipped(builder: GraphBuilder, architecture: Architecture, readout: str, x: str, lengths: str) -> str:
    """Return the input of the skip: x at every step, or the last inputs of each row concatenated, oldest first."""
    if readout == "every":
        return builder.op("Where", _valid(builder, x, lengths), x, np.float32(0.0))
    count = architecture.skip_steps
    assert architecture.input_size is not None
    step = builder.op("Add", builder.op("Unsqueeze", lengths, [1]), np.arange(-count, 0))  # (N, count)
    found = at_rows(builder, builder.op("Transpose", x, perm=[1, 0, 2]), builder.op("Max", step, 0))
    there = builder.op("Unsqueeze", builder.op("Less", -1, step), [2])
    masked = builder.op("Where", there, found, np.float32(0.0))
    return builder.op("Reshape", masked, [-1, count * architecture.input_size])


def at_rows(builder: GraphBuilder, values: str, index: str) -> str:
    """Return ``values[n, index[n, k]]``, (N, k, …), of values (N, T, …)."""
    return builder.op("GatherND", values, builder.op("Unsqueeze", index, [2]), batch_dims=1)
