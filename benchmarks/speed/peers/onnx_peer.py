"""ONNX Runtime: RNN, LSTM and GRU nodes with weights as initializers, fully optimised, memory bound once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from speed.peers import Run
from speed.problem import Problem, Weights

Array = npt.NDArray[Any]
ORDER = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}  # ours i|f|g|o -> i|o|f|g, r|z|n -> z|r|n
STATES = {"rnn": ("h",), "lstm": ("h", "c"), "gru": ("h",)}


def reordered(matrix: Array, cell: str) -> Array:
    """Return (columns, ...) with the gates in the order of ONNX."""
    blocks = np.split(matrix.T, len(ORDER[cell]))
    return np.concatenate([blocks[i] for i in ORDER[cell]])


def initializers(cell: str, weights: Weights, layer: int) -> list[Any]:
    """Return W, R and B of one layer."""
    b_h = np.zeros_like(weights.b)
    if weights.b_hn is not None:
        b_h[-len(weights.b_hn) :] = weights.b_hn
    B = np.concatenate([reordered(weights.b, cell), reordered(b_h, cell)])
    parts = {"W": reordered(weights.W_x, cell), "R": reordered(weights.W_h, cell), "B": B}
    return [numpy_helper.from_array(np.ascontiguousarray(part[None]), f"{name}{layer}") for name, part in parts.items()]


def make_model(problem: Problem, carried: bool) -> bytes:
    """Build a model of all layers: x to h of the last, or with carried state one step to the states of all."""
    shape, states = problem.shape, STATES[problem.shape.cell]
    T = 1 if carried else shape.T
    options = {"linear_before_reset": 1} if shape.cell == "gru" else {}
    nodes, constants, ends = [], [], []
    if shape.layers > 1:
        constants.append(numpy_helper.from_array(np.array([1], np.int64), "axis"))
    begins = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [T, shape.N, shape.D])]
    x = "x"
    for layer, weights in enumerate(problem.layers):
        constants += initializers(shape.cell, weights, layer)
        inputs = [x, f"W{layer}", f"R{layer}", f"B{layer}"]
        outputs = [f"Y{layer}"]
        if carried:
            inputs += ["", *(f"{s}_in{layer}" for s in states)]
            outputs += [f"{s}_out{layer}" for s in states]
            size = [1, shape.N, shape.H]
            begins += [helper.make_tensor_value_info(f"{s}_in{layer}", TensorProto.FLOAT, size) for s in states]
            ends += [helper.make_tensor_value_info(f"{s}_out{layer}", TensorProto.FLOAT, size) for s in states]
        nodes.append(helper.make_node(shape.cell.upper(), inputs, outputs, hidden_size=shape.H, **options))
        if layer + 1 < shape.layers:
            nodes.append(helper.make_node("Squeeze", [f"Y{layer}", "axis"], [f"x{layer + 1}"]))
            x = f"x{layer + 1}"
    if not carried:
        ends = [helper.make_tensor_value_info(f"Y{shape.layers - 1}", TensorProto.FLOAT, [T, 1, shape.N, shape.H])]
    graph = helper.make_graph(nodes, "layers", begins, ends, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def make_session(model: bytes) -> onnxruntime.InferenceSession:
    """Open a model with the best settings for one thread."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def value(array: Array) -> onnxruntime.OrtValue:
    """Wrap an array without a copy."""
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)


def forward(problem: Problem) -> dict[str, Run]:
    """Forward with input and output bound once, and with the plain call."""
    session = make_session(make_model(problem, carried=False))
    output = session.get_outputs()[0].name
    h = value(np.zeros((problem.shape.T, 1, problem.shape.N, problem.shape.H), np.float32))
    x = value(problem.x)
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", x)
    binding.bind_ortvalue_output(output, h)
    feeds = {"x": problem.x}

    def bound() -> dict[str, Array]:
        session.run_with_iobinding(binding)
        return {"h": h.numpy()[:, 0]}

    return {
        "bound": Run(lambda: session.run_with_iobinding(binding), bound),
        "plain": Run(lambda: session.run(None, feeds), lambda: {"h": session.run(None, feeds)[0][:, 0]}),
    }


def stream(problem: Problem) -> dict[str, Run]:
    """One step at a time: two alternating bindings; each reads the states that the other wrote."""
    shape = problem.shape
    session = make_session(make_model(problem, carried=True))
    names = [f"{s}_{{}}{layer}" for layer in range(shape.layers) for s in STATES[shape.cell]]
    memory = [{name: value(np.zeros((1, 1, shape.H), np.float32)) for name in names} for _ in range(2)]
    x = value(problem.x[:1].copy())
    bindings = []
    for here, there in ((0, 1), (1, 0)):
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", x)
        for name in names:
            binding.bind_ortvalue_input(name.format("in"), memory[here][name])
            binding.bind_ortvalue_output(name.format("out"), memory[there][name])
        bindings.append(binding)
    turn = [0]

    def call() -> None:
        session.run_with_iobinding(bindings[turn[0]])
        turn[0] = 1 - turn[0]

    def result() -> dict[str, Array]:
        h = []
        turn[0] = 0
        for part in memory[0].values():
            part.update_inplace(np.zeros((1, 1, shape.H), np.float32))
        last = f"h_{{}}{shape.layers - 1}"
        for row in problem.x:
            x.update_inplace(row[None].copy())
            call()
            h.append(memory[turn[0]][last].numpy()[0].copy())
        x.update_inplace(problem.x[:1].copy())
        return {"h": np.stack(h)}

    return {"bound": Run(call, result), "plain": stream_plain(problem, session, names)}


def stream_plain(problem: Problem, session: onnxruntime.InferenceSession, names: list[str]) -> Run:
    """Pass arrays in and get arrays back, the usual call."""
    outputs = [name.format("out") for name in names]
    zero = {name.format("in"): np.zeros((1, 1, problem.shape.H), np.float32) for name in names}
    feeds = {**zero, "x": problem.x[:1]}

    def call() -> Any:
        after = session.run(outputs, feeds)
        for name, state in zip(names, after, strict=True):
            feeds[name.format("in")] = state
        return feeds[f"h_in{problem.shape.layers - 1}"]

    def result() -> dict[str, Array]:
        feeds.update(zero)
        h = []
        for row in problem.x:
            feeds["x"] = row[None]
            h.append(call()[0])
        feeds["x"] = problem.x[:1]
        return {"h": np.stack(h)}

    return Run(call, result)
