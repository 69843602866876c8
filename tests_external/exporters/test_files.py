"""Every file of the table is imported, or refused for the reason that the table gives."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import files as exporters
import keras
from keras import layers as of

from elman.errors import UnsupportedError
from elman.interop import export_onnx, from_keras, import_onnx, to_keras, to_torch
from elman.interop.onnx_run import run_graph

# Keras reads its variables in a way that NumPy 2 announces to end; the exporters warn of parts of their own.
pytestmark = pytest.mark.filterwarnings("ignore")
FILES = exporters.files()


@pytest.mark.parametrize("file", FILES, ids=[f"{file.model} ({file.exporter}{file.ending})" for file in FILES])
def test_import(file: exporters.File, tmp_path: Path) -> None:
    said = exporters.outcome(file, tmp_path)
    imported = said.split(" ")[0] in ("LSTM", "GRU", "RNN") and "; " in said
    assert imported == (file.reason is None), said
    assert (file.reason or "") in said


def test_hints_of_refusals_work(tmp_path: Path) -> None:
    refused = [file for file in FILES if file.exporter == "onnx.helper" and file.reason]
    x = np.random.default_rng(1).normal(size=(5, 2, 3)).astype(np.float32)
    for file in refused:
        path = tmp_path / "refused.onnx"
        file.write(path)
        with pytest.raises(UnsupportedError, match="run_graph runs the file"):
            import_onnx(path)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        np.testing.assert_allclose(run_graph(path, {"x": x})["y"], session.run(None, {"x": x})[0], atol=1e-5)


def test_hints_for_keras_work() -> None:
    given = keras.Input((6, 3))
    every, last, _ = of.LSTM(4, return_sequences=True, return_state=True)(given)
    model = keras.Model(given, [every, last])
    with pytest.raises(UnsupportedError, match=r"keras\.Model\(model\.inputs, model\.outputs\[0\]\) has the first"):
        from_keras(model)
    assert from_keras(keras.Model(model.inputs, model.outputs[0])).network.architecture.readout == "every"

    turned = keras.Sequential([given, of.LSTM(4, return_sequences=True, go_backwards=True)])
    with pytest.raises(UnsupportedError, match=r"without go_backwards, feed x\[:, ::-1\]"):
        from_keras(turned)
    plain = keras.Sequential([given, of.LSTM(4, return_sequences=True)])
    plain.set_weights(turned.get_weights())
    x = np.random.default_rng(1).normal(size=(2, 6, 3)).astype(np.float32)
    ours = from_keras(plain).network.predict(np.ascontiguousarray(x[:, ::-1].swapaxes(0, 1)))
    theirs = keras.ops.convert_to_numpy(turned(x))
    np.testing.assert_allclose(ours.swapaxes(0, 1), theirs, atol=1e-6)


def test_the_tutorial_model_goes_out_again(tmp_path: Path) -> None:
    layers = [keras.Input((None, 3)), of.LSTM(64, return_sequences=True), of.LSTM(32), of.Dense(16, activation="relu")]
    model = keras.Sequential([*layers, of.Dense(1)])
    network = from_keras(model).network
    assert (network.architecture.units, network.architecture.dense) == ((64, 32), (16,))
    for out in (to_keras(network).proof, to_torch(network).proof, export_onnx(network, tmp_path / "out.onnx")):
        assert out.largest_difference is not None and out.largest_difference <= 1e-5
    again = import_onnx(tmp_path / "out.onnx").network
    np.testing.assert_array_equal(again.theta, network.theta)
