"""The ONNX project's own tests of its recurrent operators, run by Elman.

`python node_tests.py` prints one line of JSON: which tests pass with the tolerances of that project, and which with a
relative tolerance of 1e-5.
"""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

import onnx
import onnx.backend.test
from onnx.backend.base import Backend, BackendRep
from onnx.backend.test.loader import load_model_tests

PATTERN = r"^test_(simple_rnn|rnn|lstm|gru)_.*_cpu$"


class Prepared(BackendRep):
    """A model that waits for its inputs."""

    def __init__(self, model: onnx.ModelProto) -> None:
        from elman.interop.onnx_file import graph_of

        self.graph = graph_of(model)

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Return the outputs in the order of the graph."""
        from elman.interop.onnx_run import run_graph

        given = {value.name: array for value, array in zip(self.graph.inputs, inputs, strict=True)}
        return tuple(run_graph(self.graph, given).values())


class ElmanBackend(Backend):
    """Elman as ONNX's test runner wants it."""

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> Prepared:
        """Read a model."""
        return Prepared(model)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Tell whether there is such a device."""
        return device == "CPU"


def passed(rtol: float | None) -> dict[str, bool]:
    """Run every test that applies; ``rtol`` replaces the tolerance of the ONNX project."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of operators that are none of ours
        cases = load_model_tests(kind="node")
    found = {}
    for case in cases:
        if not re.match(PATTERN, f"{case.name}_cpu"):
            continue
        runner = onnx.backend.test.BackendTest(ElmanBackend, __name__)
        prepared = ElmanBackend.prepare(case.model)
        try:
            for inputs, expected in case.data_sets:
                outputs = prepared.run(inputs)
                runner.assert_similar_outputs(
                    expected, outputs, rtol=case.rtol if rtol is None else rtol, atol=case.atol
                )
            found[case.name] = True
        except AssertionError:
            found[case.name] = False
    return found


if __name__ == "__main__":
    print(json.dumps([passed(None), passed(1e-5)]))
