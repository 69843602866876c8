"""A step of an int8 stream as ONNX operators: the graph's numbers are those of the stream."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import UnsupportedError
from elman.interop import export_onnx_step
from elman.interop.onnx_step import step_graph
from network.test_stream import CASES, make


@pytest.mark.parametrize("case", CASES)
def test_the_graph_holds_integers_and_standard_operators(case: str) -> None:
    network, _ = make(CASES[case])
    graph = step_graph(network)
    operators = [node.op for node in graph.nodes]
    architecture = network.architecture
    products = 2 * architecture.num_layers - architecture.one_hot + len(architecture.dense) + 1
    assert operators.count("MatMulInteger") == products + architecture.linear_skip
    integers = sum(array.size for array in graph.constants.values() if array.dtype == np.int8)
    matrices = sum(array.size for array in network.parameters.values() if array.ndim == 2)
    assert integers <= matrices and [value.name for value in graph.inputs][:2] == ["x", "h_0"]


def test_other_models_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="export_onnx_step: takes a Network or a LanguageModel, got a str"):
        export_onnx_step("model", "step.onnx")
    with pytest.raises(UnsupportedError, match="export_onnx_step: needs one direction"):
        export_onnx_step(make({"bidirectional": True})[0], "step.onnx")
