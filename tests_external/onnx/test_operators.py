"""The plain operators around recurrent ones: ONNX Runtime's results, or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from elman.errors import UnsupportedError
from elman.interop.onnx_file import graph_of
from elman.interop.onnx_run import run_graph

Array = npt.NDArray[Any]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3, 4)).astype(np.float32)
INDICES = np.array([[-1, 0, 3], [2, -4, 1]])
MATRIX = RNG.normal(size=(5, 4)).astype(np.float32)
OFF_ON = np.array([2.0, 7.0], np.float32)
FAR = 2**62 + 1

# operator, version, attributes, inputs
Case = tuple[str, int, dict[str, Any], list[Array]]
SAME: dict[str, Case] = {
    "softmax of two axes, old": ("Softmax", 11, {}, [X[0]]),
    "softmax of the last axis, old": ("Softmax", 11, {"axis": 2}, [X]),
    "softmax": ("Softmax", 13, {}, [X]),
    "clip with attributes": ("Clip", 7, {"min": -0.1, "max": 0.2}, [X]),
    "clip with inputs": ("Clip", 11, {}, [X, np.float32(-0.1), np.float32(0.2)]),
    "arg max": ("ArgMax", 13, {"axis": 1, "keepdims": 0}, [X]),
    "sum of nothing": ("ReduceSum", 13, {"noop_with_empty_axes": 1}, [X]),
    "sum of everything": ("ReduceSum", 13, {}, [X]),
    "sum with empty axes": ("ReduceSum", 13, {}, [X, np.zeros(0, np.int64)]),
    "sum of nothing with empty axes": ("ReduceSum", 13, {"noop_with_empty_axes": 1}, [X, np.zeros(0, np.int64)]),
    "mean": ("ReduceMean", 13, {"axes": [0, -1], "keepdims": 0}, [X]),
    "maximum": ("ReduceMax", 18, {}, [X, np.array([1])]),
    "one-hot": ("OneHot", 13, {}, [INDICES, np.array([4]), OFF_ON]),
    "one-hot along the first axis": ("OneHot", 13, {"axis": 0}, [INDICES, np.int64(4), OFF_ON]),
    "gemm": ("Gemm", 13, {"alpha": 0.5, "beta": 2.0, "transB": 1}, [X[0], MATRIX, np.ones(5, np.float32)]),
    "gemm without bias": ("Gemm", 13, {"transA": 1}, [X[0], MATRIX[:3]]),
    "top k": ("TopK", 13, {"axis": 1}, [X, np.array([2])]),
    "smallest k": ("TopK", 13, {"largest": 0}, [X, np.array([2])]),
    "slice backwards": ("Slice", 13, {}, [X, *(np.array([n]) for n in (-1, -100, 2, -1))]),
    "slice beyond the ends": ("Slice", 13, {}, [X, np.array([-100]), np.array([2**62])]),
    "squeeze": ("Squeeze", 13, {}, [X[:1]]),
    "unsqueeze": ("Unsqueeze", 13, {}, [X, np.array([-1, 0])]),
    "reshape": ("Reshape", 13, {}, [X, np.array([0, -1])]),
    "reshape to nothing": ("Reshape", 14, {"allowzero": 1}, [X[:0, 0], np.array([4, 0])]),
    "flatten": ("Flatten", 13, {"axis": -1}, [X]),
    "flatten nothing": ("Flatten", 13, {}, [X[:0]]),
    "gather": ("Gather", 13, {"axis": -1}, [X, INDICES]),
    "gather in rows": ("GatherND", 13, {"batch_dims": 1}, [X, np.array([[[0], [2]], [[1], [-1]]])]),
    "quotients of integers": ("Div", 13, {}, [np.array([-7, 7, -8, FAR]), np.array([2, -2, 2, 1])]),
    "shape": ("Shape", 15, {"start": -2, "end": -1}, [X]),
    "transpose": ("Transpose", 13, {}, [X]),
    "expand": ("Expand", 13, {}, [X, np.array([4])]),
    "log softmax": ("LogSoftmax", 13, {}, [X]),
    "dropout": ("Dropout", 13, {}, [X]),
    "zeros around": ("Pad", 13, {}, [X, np.array([0] * X.ndim + [1] * X.ndim)]),
    "some axes filled": ("Pad", 18, {}, [X, np.array([2, 1]), np.array(7, np.float32), np.array([-1])]),
    "cast": ("Cast", 13, {"to": 7}, [5 * X]),
    "greatest of three": ("Max", 13, {}, [X, np.ones(4, np.float32), np.zeros((3, 1), np.float32)]),
}
REFUSED: dict[str, tuple[Case, str]] = {
    "softmax over several axes, old": (("Softmax", 11, {}, [X]), "does not run it over another axis than the last"),
    "the last of equals": (("ArgMax", 13, {"select_last_index": 1}, [X]), "does not run it with select_last_index=1"),
    "parts of equal size": (("Split", 13, {"axis": 2}, [X]), "does not run it without the sizes of its parts"),
    "an attribute of none": (("Tanh", 13, {"colour": 3}, [X]), "does not run it with the attribute 'colour'"),
}


def model_of(case: Case) -> tuple[Any, dict[str, Array]]:
    op, opset, attributes, inputs = case
    feed = {"x": inputs[0]}
    constants = [numpy_helper.from_array(np.asarray(array), f"c{i}") for i, array in enumerate(inputs[1:])]
    given = [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(inputs[0].dtype), None)]
    node = helper.make_node(
        op, ["x", *(tensor.name for tensor in constants)], ["y", "i"][: 1 + (op == "TopK")], **attributes
    )
    kind = TensorProto.INT64 if op in ("ArgMax", "Cast", "Div", "Shape") else TensorProto.FLOAT
    graph = helper.make_graph([node], "g", given, [helper.make_tensor_value_info("y", kind, None)], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), feed


@pytest.mark.parametrize("name", SAME)
def test_results_are_those_of_onnx_runtime(name: str) -> None:
    model, feed = model_of(SAME[name])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    (theirs,) = session.run(["y"], feed)
    ours = run_graph(graph_of(model), feed)["y"]
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    if ours.dtype.kind == "f":
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    else:
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_refused_by_name(name: str) -> None:
    case, message = REFUSED[name]
    model, feed = model_of(case)
    with pytest.raises(UnsupportedError) as caught:
        run_graph(graph_of(model), feed)
    assert message in str(caught.value)
