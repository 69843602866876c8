"""One step of an int8 stream as an ONNX file: ONNX Runtime and ONNX's reference evaluator give the stream's numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman.errors import InterchangeError
from elman.interop import export_onnx_step, onnx_step
from elman.network import Architecture, Network

CASES: dict[str, dict[str, Any]] = {
    "lstm": {},
    "gru, unlike layers": {"cell": "gru", "hidden_size": (17, 5)},
    "rnn, relu, skip": {"cell": "rnn", "activation": "relu", "linear_skip": True, "bias": False},
    "dense, softmax": {"dense": (8, 6), "dense_activation": ("tanh", "relu"), "output": "softmax"},
    "words": {"input_size": None, "vocabulary_size": 9, "embedding_size": 5, "hidden_size": 5, "output_size": 9}
    | {"tied_weights": True, "output": "softmax"},
    "one-hot": {"input_size": None, "vocabulary_size": 9, "cell": "gru", "output": "log_softmax"},
}


def make(case: str) -> Network:
    network = Network.initialized(Architecture(**{"input_size": 3, "output_size": 2, "hidden_size": 17} | CASES[case]))
    network.theta[...] += np.random.default_rng(0).normal(scale=0.2, size=network.theta.shape).astype(np.float32)
    return network


@pytest.mark.parametrize("runtime", ["ONNX Runtime", "ONNX's reference evaluator"])
@pytest.mark.parametrize("case", CASES)
def test_both_runtimes_give_the_numbers_of_the_stream(
    case: str, runtime: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if runtime != "ONNX Runtime":
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    proof = export_onnx_step(make(case), tmp_path / "step.onnx")
    assert proof.other.startswith(runtime) and proof.compared > 0
    assert (tmp_path / "step.onnx").stat().st_size > 0


def test_a_wrong_graph_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, network = onnx_step.step_graph, make("lstm")
    other = network.copy()
    other.parameters["layers.0.b"][:5] += np.float32(0.5)
    monkeypatch.setattr(onnx_step, "step_graph", lambda _: right(other))
    with pytest.raises(InterchangeError, match="export_onnx_step: "):
        export_onnx_step(network, tmp_path / "step.onnx")
    assert not list(tmp_path.iterdir())
