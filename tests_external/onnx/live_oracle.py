"""Random recurrent nodes through ONNX Runtime and through Elman, a process for every batch of them.

ONNX Runtime ends the process on some inputs (a GRU without steps or rows); a batch of its own loses no other. Run with
two numbers, the first and the count, this file is such a process: it prints one line of JSON for every configuration.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent))

from configurations import INPUTS, Configuration, configuration

Array = npt.NDArray[Any]
BATCH = 250


def model_of(case: Configuration) -> bytes:
    """Return a model of one node; ONNX Runtime knows no layout=1, so rows and steps are swapped outside."""
    from onnx import TensorProto, helper, numpy_helper

    names = [name if value is not None else "" for name, value in zip(INPUTS[case.op], case.inputs, strict=True)]
    while names[-1] == "":
        names.pop()
    outputs = ["Y", "Y_h", "Y_c"][: 3 if case.op == "LSTM" else 2]
    attributes = {name: value for name, value in case.attributes.items() if name != "layout"}
    node = helper.make_node(case.op, names, outputs, **attributes)
    constants = [numpy_helper.from_array(case.inputs[i], INPUTS[case.op][i]) for i in (1, 2)]
    given = [
        helper.make_tensor_value_info(name, TensorProto.INT32 if name == "sequence_lens" else TensorProto.FLOAT, None)
        for name in names
        if name not in ("", "W", "R")
    ]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph([node], "node", given, results, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def by_onnx_runtime(case: Configuration) -> list[Array]:
    """Return the outputs of ONNX Runtime in the layout of the configuration."""
    import onnxruntime

    swap = case.attributes.get("layout", 0) == 1
    feed = {name: value for name, value in zip(INPUTS[case.op], case.inputs, strict=True) if value is not None}
    for name in ("W", "R"):
        del feed[name]
    if swap:
        feed |= {name: np.swapaxes(feed[name], 0, 1) for name in ("X", "initial_h", "initial_c") if name in feed}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model_of(case), options, providers=["CPUExecutionProvider"])
    found = session.run(None, {name: np.ascontiguousarray(value) for name, value in feed.items()})
    if swap:
        found = [np.moveaxis(found[0], 2, 0), *(np.swapaxes(state, 0, 1) for state in found[1:])]
    return [np.asarray(array) for array in found]


def difference(actual: list[Array], expected: list[Array]) -> float:
    """Return the largest difference, relative to the largest number where that is above 1."""
    worst = 0.0
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.shape == theirs.shape
        scale = max(1.0, float(np.abs(theirs).max()))
        worst = max(worst, float(np.abs(ours.astype(np.float64) - theirs).max()) / scale)
    return worst


def run_batch(first: int, count: int) -> None:
    """Print a line for every configuration."""
    from elman.interop.onnx_cells import run_recurrent

    for number in range(first, first + count):
        case = configuration(number)
        ours = list(run_recurrent(case.op, case.attributes, case.inputs))
        worst = difference(ours, by_onnx_runtime(case))
        print(json.dumps({"number": number, "op": case.op, "features": sorted(case.features()), "difference": worst}))


def run(total: int) -> list[dict[str, Any]]:
    """Return a row for each of the first ``total`` configurations."""
    rows: list[dict[str, Any]] = []
    for first in range(0, total, BATCH):
        count = min(BATCH, total - first)
        command = [sys.executable, __file__, str(first), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode or len(found) != count:
            raise RuntimeError(f"batch {first} ended with {done.returncode} after {len(found)} rows:\n{done.stderr}")
        rows += found
    return rows


if __name__ == "__main__":
    run_batch(int(sys.argv[1]), int(sys.argv[2]))
