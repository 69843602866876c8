"""`export_onnx_step`: one step of an 8-bit stream as standard ONNX operators."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import __version__
from elman._extras import need
from elman.engine import quantize
from elman.errors import UnsupportedError
from elman.estimators import fitted_value
from elman.interop.onnx_file import model_of
from elman.interop.onnx_graph import Graph, GraphBuilder
from elman.interop.onnx_network import OPERATORS, States, declare_states, give_states, joined, last_axis
from elman.interop.proof import Proof, compare
from elman.network import Architecture, Network, State, Stream
from elman.network.architecture import check_streamable
from elman.network.parameters import dense_prefix, layer_prefix
from elman.network.quantization import rounded_parameters
from elman.persistence.files import StrPath, write_atomically

__all__ = ["export_onnx_step", "step_graph"]

Array = npt.NDArray[Any]
Run = Callable[[Mapping[str, Array]], dict[str, Array]]

TOLERANCE = 0.02  # one input that rounds to the neighbouring integer moves a sum by 1/127 of a weight
_CLOSE = 1e-5
_FLOAT, _INT8, _INT32 = 1, 3, 6  # ONNX's type numbers
_LEAST = np.float32(1e-30)


def export_onnx_step(model: Any, path: StrPath) -> Proof:
    """Write one step of an int8 stream to an ONNX file of standard operators.

    Weights are int8. Every input of a product is rounded as by `elman.reference.quantize_rows`, with Abs, ReduceMax,
    Div, Round and Cast; products are MatMulInteger; gates are Sigmoid and Tanh of float32. The file's results are those
    of ``Stream(network, precision="int8")``, but for rounding of the last digits, after which an input may round to the
    neighbouring integer. Before it is written, it runs in ONNX Runtime if installed, else in ONNX's reference
    evaluator.

    Inputs are ``x`` (N, D) of float32, or (N,) of int64, and, with zeros as defaults, ``h_0`` and for an LSTM ``c_0``
    (layers, N, H). Outputs are ``y`` (N, K), the activated output, ``h_n`` and ``c_n``.

    Parameters
    ----------
    model : Network or LanguageModel
        Of float32, and such that a `Stream` can run it.
    path : str or path
        The file, written atomically.

    Returns
    -------
    Proof
        The largest difference between the file's results and the stream's.

    Raises
    ------
    UnsupportedError
        If the model is of another kind, or no stream can run it.
    MissingExtraError
        If the package onnx is not installed.
    InterchangeError
        If the results differ by more than 0.02, or most of them by more than 1e-5; no file is written.
    NotFittedError
        If the model is not fitted.

    Examples
    --------
    >>> from elman.errors import UnsupportedError
    >>> try:
    ...     export_onnx_step("model.elman", "step.onnx")
    ... except UnsupportedError as error:
    ...     print(error)
    export_onnx_step: takes a Network or a LanguageModel, got a str.
    """
    place, kind = "export_onnx_step", type(model).__name__
    if not isinstance(model, Network) and kind != "LanguageModel":
        raise UnsupportedError(f"{place}: takes a Network or a LanguageModel, got a {kind}.")
    network = model if isinstance(model, Network) else fitted_value(place, model).network
    check_streamable(place, network.architecture, "int8")
    graph = step_graph(network)
    need(place, "onnx")
    data = model_of(graph, __version__)
    other, run = _runner(data)
    proof = compare(place, other, _pairs(network, run), TOLERANCE)
    write_atomically(path, data)
    return proof


def step_graph(network: Network) -> Graph:
    """Return the graph of one step; see `export_onnx_step`."""
    architecture, builder = network.architecture, GraphBuilder()
    named = rounded_parameters("export_onnx_step", architecture, network.parameters, "int8")
    if architecture.takes_indices:
        x = builder.input("x", "int64", ("rows",))
    else:
        assert architecture.input_size is not None
        x = builder.input("x", "float32", ("rows", architecture.input_size))
    states = declare_states(builder, architecture, builder.op("Slice", builder.op("Shape", x), [0], [1]), ())
    read = builder.op("Gather", named["embedding"], x, axis=0) if "embedding" in named else x
    ends = []
    for layer in range(architecture.num_layers):
        own = [_own_state(builder, architecture, state, layer) for state in states if state is not None]
        new = _cell(builder, architecture, named, layer, read, own)
        ends.append([builder.op("Unsqueeze", state, [0]) for state in new])
        read = new[0]
    for number, activation in enumerate(architecture.dense_activations):
        prefix = dense_prefix(number)
        read = builder.op(
            OPERATORS.get(activation, "Identity"), _dense(builder, named, read, prefix + "W", prefix + "b")
        )
    W_y = named["embedding"].T if architecture.tied_weights else named["output.W_y"]
    o = _dense(builder, {**named, "output.W_y": W_y}, read, "output.W_y", "output.b_y")
    if "skip.W_k" in named:
        o = builder.op("Add", o, _product(builder, x, named["skip.W_k"]))
    y = builder.op(OPERATORS.get(architecture.output, "Identity"), o, **last_axis(architecture.output))
    builder.output(y, "y", "float32", ("rows", architecture.output_size))
    full = [joined(builder, architecture, tuple(parts)) for parts in zip(*ends, strict=True)]
    give_states(builder, architecture, [States(full[0], full[1] if len(full) > 1 else None)], ())
    facts = {"architecture": json.dumps(architecture.to_dict()), "kind": "step", "precision": "int8"}
    return builder.graph({f"elman.{name}": fact for name, fact in facts.items()}, "elman step")


def _own_state(builder: GraphBuilder, architecture: Architecture, state: str, layer: int) -> str:
    """Return the state (N, H) of one layer."""
    own, units = builder.op("Gather", state, layer, axis=0), architecture.layer_size(layer)
    return own if units == architecture.state_size else builder.op("Slice", own, [0], [units], [1])


def _cell(
    builder: GraphBuilder, architecture: Architecture, named: Mapping[str, Array], layer: int, x: str, own: list[str]
) -> list[str]:
    """Add the step of one layer; return its new states."""
    op, prefix, H = builder.op, layer_prefix(layer, 0), architecture.layer_size(layer)
    if layer == 0 and architecture.one_hot:
        a = op("Gather", named[prefix + "W_x"], x, axis=0)
    else:
        a = _product(builder, x, named[prefix + "W_x"])
    if prefix + "b" in named:
        a = op("Add", named[prefix + "b"], a)
    a_h = _product(builder, own[0], named[prefix + "W_h"])
    if architecture.cell == "rnn":
        return [op(OPERATORS.get(architecture.activation, "Identity"), op("Add", a, a_h))]
    if architecture.cell == "lstm":
        i, f, g, o = builder.ops("Split", 4, op("Add", a, a_h), [H] * 4, axis=1)
        kept, added = op("Mul", op("Sigmoid", f), own[1]), op("Mul", op("Sigmoid", i), op("Tanh", g))
        c = op("Add", kept, added)
        return [op("Mul", op("Sigmoid", o), op("Tanh", c)), c]
    gates, a_n = builder.ops("Split", 2, a, [2 * H, H], axis=1)
    gates_h, q = builder.ops("Split", 2, a_h, [2 * H, H], axis=1)
    r, z = builder.ops("Split", 2, op("Sigmoid", op("Add", gates, gates_h)), [H, H], axis=1)
    if prefix + "b_hn" in named:
        q = op("Add", named[prefix + "b_hn"], q)
    n = op("Tanh", op("Add", op("Mul", r, q), a_n))
    return [op("Add", op("Mul", z, own[0]), op("Mul", op("Sub", np.float32(1), z), n))]


def _dense(builder: GraphBuilder, named: Mapping[str, Array], x: str, W: str, b: str) -> str:
    product = _product(builder, x, named[W])
    return builder.op("Add", named[b], product) if b in named else product


def _product(builder: GraphBuilder, x: str, W: Array) -> str:
    """Add the second term of `elman.reference.quantized_dense`, for weights that are rounded already."""
    op = builder.op
    largest = op("ReduceMax", op("Abs", x), axes=[-1], keepdims=1)
    none, zero = op("Less", largest, _LEAST), np.float32(0)
    factor = op("Where", none, zero, op("Div", np.float32(127), op("Max", largest, _LEAST)))
    rows = op("Where", none, zero, op("Div", largest, np.float32(127)))
    p = op("Cast", op("Round", op("Mul", x, factor)), to=_INT8)
    q, scale = quantize(W)
    sums = op("Cast", op("MatMulInteger", p, q), to=_FLOAT)
    # MatMul, not Mul: ONNX Runtime fuses the latter into an operator that takes one scale for all rows.
    return op("Mul", sums, op("MatMul", rows, scale[np.newaxis]))


def _runner(data: bytes) -> tuple[str, Run]:
    """Return the name of the runtime, and a function that runs the file."""
    try:
        import onnxruntime
    except ImportError:
        import onnx
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(onnx.load_model_from_string(data))
        names = evaluator.output_names
        return f"ONNX's reference evaluator {onnx.__version__}", lambda feed: dict(
            zip(names, evaluator.run(None, dict(feed)), strict=True)
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # else it warns of every input with a default
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return f"ONNX Runtime {onnxruntime.__version__}", lambda feed: dict(
        zip(names, session.run(None, dict(feed)), strict=True)
    )


def _pairs(network: Network, run: Run) -> dict[str, tuple[Array, Array]]:
    """Take a step from zeros and steps from random states."""
    architecture, rng, rows = network.architecture, np.random.default_rng(0), 3
    pairs: dict[str, tuple[Array, Array]] = {}
    close = []
    for step in range(4):
        if architecture.vocabulary_size is not None:
            x = rng.integers(0, architecture.vocabulary_size, rows)
        else:
            x = rng.normal(size=(rows, architecture.input_size or 1)).astype(np.float32)
        state, feed = State.zeros(architecture, rows), {"x": x}
        if step:
            for name, array in state.to_arrays().items():
                array[...] = rng.uniform(-1, 1, array.shape)
                feed[f"{name}_0"] = array
        stream = Stream(network, state, rows, "int8")
        ours = {"y": stream.step(x).copy()} | {f"{name}_n": a for name, a in stream.state.to_arrays().items()}
        theirs = run(feed)
        for name, array in ours.items():
            pairs[f"{name} of step {step}"] = array, theirs[name]
            close.append(np.abs(array - theirs[name]).ravel() <= _CLOSE * max(1.0, np.abs(array).max()))
    pairs["most"] = np.ones(()), np.asarray(np.concatenate(close).mean() > 0.5, np.float64)
    return pairs
