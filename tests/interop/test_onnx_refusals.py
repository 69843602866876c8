"""Graphs without an equivalent network, or that cannot run: each is refused with its reason."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from elman.errors import ArgumentError, DataError, UnsupportedError
from elman.interop.onnx_graph import Graph, GraphBuilder, Node, Value
from elman.interop.onnx_import import network_of
from elman.interop.onnx_run import run_graph


def graph_with(*nodes: Node, **constants: Any) -> Graph:
    x, y = Value("x", "float32", ("T", "N", 2)), Value("y", "float32", None)
    return Graph(nodes, {name: np.asarray(value, np.float32) for name, value in constants.items()}, (x,), (y,))


LAYER = {"W": np.ones((1, 8, 2)), "R": np.ones((1, 8, 2))}


def layer(op: str = "LSTM", output: str = "y", given: str = "x", **attributes: Any) -> Node:
    return Node(op, (given, "W", "R"), (output,), {"hidden_size": 2, **attributes}, f"the {op}")


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (graph_with(Node("Tanh", ("x",), ("y",))), "there is no RNN, LSTM or GRU in it; found 1 Tanh."),
        (graph_with(layer(clip=3.0), **LAYER), "LSTM node 'the LSTM': clip=3, which no layer of an Elman network has."),
        (graph_with(layer(input_forget=1), **LAYER), "input_forget=1, which no layer"),
        (graph_with(layer(activations=["Relu", "Tanh", "Tanh"]), **LAYER), "activations=['Relu', 'Tanh', 'Tanh']"),
        (
            graph_with(Node("LSTM", ("x", "W", "R", "", "", "", "", "P"), ("y",)), P=np.ones((1, 6)), **LAYER),
            "LSTM node: peepholes (the input P), which no layer",
        ),
        (graph_with(layer("GRU"), W=np.ones((1, 6, 2)), R=np.ones((1, 6, 2))), "linear_before_reset=0"),
        (
            graph_with(layer("RNN", activations=["Elu"]), W=np.ones((1, 2, 2)), R=np.ones((1, 2, 2))),
            "activations=['Elu'], which no layer",
        ),
        (graph_with(layer(colour=1), **LAYER), "the attribute 'colour' is unknown to LSTM"),
        (graph_with(layer(output="h"), Node("Erf", ("h",), ("y",)), **LAYER), "has the operator Erf, which no network"),
        (graph_with(layer(hidden_size=3), **LAYER), "W (1, 8, 2) and R (1, 8, 2) do not fit its attributes."),
        (graph_with(layer(), R=LAYER["R"]), "its W is not a constant of the file"),
        (
            graph_with(layer(output="h"), layer(), **LAYER),
            "does not follow LSTM node 'the LSTM'; found 2 LSTM.",
        ),
        (
            graph_with(
                Node("MatMul", ("P", "Q"), ("S",)), Node("LSTM", ("x", "W", "S"), ("h",), {}, "the first"),
                Node("MatMul", ("h", "V"), ("r",)), Node("LSTM", ("r", "U", "R"), ("y",), {}, "the second"),
                P=np.ones((1, 8, 1)), Q=np.ones((1, 1, 2)), V=np.ones((1, 2, 1)), U=np.ones((1, 8, 1)), **LAYER,
            ),
            "LSTM node 'the second': differs from LSTM node 'the first' in its projection.",
        ),
        (
            graph_with(layer(output="h"), Node("Mul", ("h", "h"), ("y",)), **LAYER),
            "its operators (1 LSTM, 1 Mul) are not those of an Elman network",
        ),
    ],
)  # fmt: skip
def test_an_import_says_what_it_found(graph: Graph, message: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        network_of(graph)
    assert message in str(caught.value)


@pytest.mark.parametrize("sizes", [(10**9, 10**9), (2**62, 2**62), (10**5, 1), (1, 10**5), (5000, 5000)])
def test_sizes_that_a_file_fixes_are_not_taken_at_its_word(sizes: tuple[int, int]) -> None:
    graph = replace(graph_with(layer(), **LAYER), inputs=(Value("x", "float32", (*sizes, 2)),))
    message = f"its input 'x' is fixed to {sizes[0]} × {sizes[1]} × 2 values; files of at most 10000 steps or rows and"
    with pytest.raises(UnsupportedError, match=message):
        network_of(graph)
    node = Node("LSTM", ("x", "W", "R", "", "", "h_0"), ("y",))
    graph = graph_with(node, **LAYER)
    graph = replace(graph, inputs=(*graph.inputs, Value("h_0", "float32", (1, 10**9, 10**9))))
    with pytest.raises(UnsupportedError, match=r"its input 'h_0' has 1e\+18 values, more than are tried"):
        network_of(graph)


def test_states_of_a_recurrent_node_count_as_well() -> None:
    graph = graph_with(layer(), **LAYER)
    with pytest.raises(DataError, match="LSTM node 'the LSTM': requests 120 values, more than the remaining 100"):
        run_graph(graph, {"x": np.zeros((20, 3, 2))}, most_values=100)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["W", "B"])
def test_weights_that_are_not_finite_are_refused(name: str, value: float) -> None:
    weights = LAYER | {"B": np.ones((1, 16)), name: np.full((1, 16) if name == "B" else (1, 8, 2), value)}
    with pytest.raises(DataError, match="its weights hold a value that is not finite"):
        network_of(graph_with(Node("LSTM", ("x", "W", "R", "B"), ("y",)), **weights))


def test_a_second_input_is_not_left_out() -> None:
    graph = graph_with(layer(output="h"), Node("Add", ("h", "more"), ("y",)), **LAYER)
    graph = replace(graph, inputs=(*graph.inputs, Value("more", "float32", ("T", 1, "N", 2))))
    with pytest.raises(UnsupportedError, match="depends on two inputs, 'x' and 'more'; networks have one"):
        network_of(graph)


def test_a_state_that_is_not_zero_is_not_left_out() -> None:
    node = Node("LSTM", ("x", "W", "R", "", "", "h_0"), ("y",))
    with pytest.raises(UnsupportedError, match="are not those of an Elman network"):
        network_of(graph_with(node, h_0=np.full((1, 3, 2), 0.5), **LAYER))


@pytest.mark.parametrize(
    ("nodes", "error", "message"),
    [
        ([Node("Erf", ("x",), ("y",))], UnsupportedError, "Erf node: Elman does not run the operator Erf."),
        ([Node("Tanh", ("z",), ("y",))], DataError, "the tensor 'z' is used before a node computes it"),
        ([Node("Reshape", ("x", "size"), ("y",))], DataError, "Reshape node: cannot be run: cannot reshape"),
        ([Node("Softmax", ("x",), ("y",), {"axis": -2})], UnsupportedError, "does not run it over another axis"),
        (
            [Node("ConstantOfShape", ("size",), ("y",))],
            DataError,
            "requests 1e+12 values, more than the remaining 268435456",
        ),
        ([Node("Expand", ("x", "size"), ("y",))], DataError, "Expand node: requests"),
        ([Node("Range", ("zero", "many", "one"), ("y",))], DataError, "Range node: requests 1e+12 values"),
    ],
)
def test_a_graph_that_cannot_be_run(nodes: list[Node], error: type[Exception], message: str) -> None:
    constants = {"size": [1_000_000, 1_000_000], "zero": 0, "many": 10**12, "one": 1}
    values = {name: np.asarray(value) for name, value in constants.items()}
    x, y = Value("x", "float32", (2,)), Value("y", "float32", None)
    with pytest.raises(error) as caught:
        run_graph(Graph(tuple(nodes), values, (x,), (y,)), {"x": [1.0, 2.0]})
    assert message in str(caught.value)


F, N = np.float32, np.int64
SMALL_BUT_COSTLY: dict[str, tuple[list[Node], dict[str, Any]]] = {
    "outer product": ([Node("MatMul", ("a", "b"), ("y",))], {"a": np.ones((5000, 1), F), "b": np.ones((1, 5000), F)}),
    "outer product of a Gemm": (
        [Node("Gemm", ("a", "a"), ("y",), {"transA": 1})],
        {"a": np.ones((1, 5000), F)},
    ),
    "batches of products": (
        [Node("MatMul", ("a", "b"), ("y",))],
        {"a": np.ones((300, 1, 300, 1), F), "b": np.ones((300, 1, 300), F)},
    ),
    "long product of integers": ([Node("MatMul", ("a", "a"), ("y",))], {"a": np.ones((2000, 2000), N)}),
    "one-hot of truth values": (
        [Node("OneHot", ("a", "n", "v"), ("y",))],
        {"a": np.ones(3000, np.bool_), "n": np.array([30_000], N), "v": np.array([False, True])},
    ),
    "one-hot of nothing": (
        [Node("OneHot", ("a", "n", "v"), ("y",))],
        {"a": np.ones(0, N), "n": np.array([10**9], N), "v": np.array([0.0, 1.0], F)},
    ),
    "tiny step": (
        [Node("Range", ("a", "b", "c"), ("y",))],
        {"a": np.array(0, F), "b": np.array(1, F), "c": np.array(1e-12, F)},
    ),
    "step 0": ([Node("Range", ("a", "b", "a"), ("y",))], {"a": np.array(0, N), "b": np.array(1, N)}),
    "step NaN": (
        [Node("Range", ("a", "b", "c"), ("y",))],
        {"a": np.array(0, F), "b": np.array(1, F), "c": np.array(np.nan, F)},
    ),
    "gather of a small axis": (
        [Node("Gather", ("a", "i"), ("y",), {"axis": 1})],
        {"a": np.ones((20_000, 1), F), "i": np.zeros(20_000, N)},
    ),
    "gather of rows": (
        [Node("GatherND", ("a", "i"), ("y",))],
        {"a": np.ones((1, 20_000), F), "i": np.zeros((20_000, 1), N)},
    ),
    "top of everything": ([Node("TopK", ("a", "n"), ("y",))], {"a": np.ones(3, F), "n": np.array([10**9], N)}),
    "concatenation": ([Node("Concat", ("a",) * 200, ("y",), {"axis": 0})], {"a": np.ones(100_000, F)}),
    "one operator after another": (
        [Node("Abs", (f"a{i}" if i else "a",), (f"a{i + 1}",)) for i in range(50)] + [Node("Abs", ("a50",), ("y",))],
        {"a": np.ones(500_000, F)},
    ),
    "text that doubles": (
        [Node("Add", ("a", "a"), ("b",)), Node("Add", ("b", "b"), ("y",))],
        {"a": np.array(["x" * 1000], object)},
    ),
    "text times a number": (
        [Node("Mul", ("a", "n"), ("y",))],
        {"a": np.array(["x"], object), "n": np.array([10**9], object)},
    ),
    "very many steps": (
        [Node("RNN", ("a", "W", "R"), ("y",))],
        {"a": np.zeros((200_000, 1, 1), F), "W": np.ones((1, 1, 1), F), "R": np.ones((1, 1, 1), F)},
    ),
    "steps of rows without units": (
        [Node("RNN", ("a", "W", "R"), ("y",))],
        {"a": np.zeros((10**9, 0, 1), F), "W": np.ones((1, 1, 1), F), "R": np.ones((1, 1, 1), F)},
    ),
}


@pytest.mark.parametrize("name", SMALL_BUT_COSTLY)
def test_a_small_file_costs_little(name: str) -> None:
    """Refused before anything of that size is made, and before work that would not end."""
    nodes, constants = SMALL_BUT_COSTLY[name]
    graph = Graph(tuple(nodes), constants, (), (Value("y", "float32", None),))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"requests|does not take text"):
            run_graph(graph, {}, most_values=10_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64e6


def test_a_file_of_very_many_layers_is_refused() -> None:
    nodes = [layer(output=f"h{i}", given=f"h{i - 1}" if i else "x") for i in range(1001)]
    with pytest.raises(UnsupportedError, match="has 1001 recurrent nodes; networks have at most 1000 layers"):
        network_of(graph_with(*nodes, **LAYER))


def test_doubling_runs_out_of_room() -> None:
    nodes = [Node("Concat", (f"x{i}", f"x{i}"), (f"x{i + 1}",), {"axis": 0}) for i in range(60)]
    graph = Graph(tuple(nodes), {}, (Value("x0", "float32", (2,)),), (Value("x60", "float32", None),))
    with pytest.raises(DataError, match=r"more than the remaining \d+"):
        run_graph(graph, {"x0": [1.0, 2.0]}, most_values=10_000)


def test_inputs_of_a_run() -> None:
    builder = GraphBuilder()
    builder.output(builder.op("Tanh", builder.input("x", "float32", ("N",))), "y", "float32", ("N",))
    with pytest.raises(ArgumentError, match=r"run_graph: the input 'x' is missing\."):
        run_graph(builder.graph(), {})
    with pytest.raises(ArgumentError, match=r"run_graph: there is no input 'z'; the graph takes x\."):
        run_graph(builder.graph(), {"z": [1.0]})
    with pytest.raises(ArgumentError, match=r"run_graph: graph must be a Graph or a path, got int\."):
        run_graph(3, {})
