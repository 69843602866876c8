"""Files: hostile ones get a typed error, data outside stays within its folder, PyTorch's own exports come in."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, external_data_helper, helper, numpy_helper

import elman
from elman import Architecture, Network
from elman.errors import ElmanError, FileFormatError, UnsupportedError
from elman.interop import export_onnx, import_onnx
from elman.interop.onnx_file import load_graph


def network(**settings: Any) -> Network:
    return Network.initialized(Architecture(**({"input_size": 2, "output_size": 1, "hidden_size": 3} | settings)))


@pytest.fixture
def model(tmp_path: Path) -> onnx.ModelProto:
    export_onnx(network(), tmp_path / "good.onnx")
    return onnx.load(tmp_path / "good.onnx")


def refused(path: Path, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        import_onnx(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("seed", range(4))
def test_damage_is_noticed_or_harmless(seed: int, model: onnx.ModelProto, tmp_path: Path) -> None:
    data, rng, path = model.SerializeToString(), np.random.default_rng(seed), tmp_path / "damaged.onnx"
    for _ in range(400):
        if rng.random() < 0.4:
            damaged = data[: rng.integers(0, len(data))]
        else:
            changed = bytearray(data)
            for place in rng.integers(0, len(data), rng.integers(1, 5)):
                changed[place] ^= 1 << int(rng.integers(0, 8))
            damaged = bytes(changed)
        path.write_bytes(damaged)
        with contextlib.suppress(ElmanError):  # every other exception fails the test
            import_onnx(path)


def test_what_is_no_onnx_file(tmp_path: Path) -> None:
    path = tmp_path / "file.onnx"
    for content in (
        b"",
        b"1234567",
        b"PK\x03\x04" * 9,
        b"\x89HDF\r\n\x1a\n" * 9,
        b"\x80\x04\x95" * 30,
        b"{}" * 50,
        b"\0" * 999,
    ):
        path.write_bytes(content)
        refused(path, FileFormatError, "not an ONNX file")
    refused(tmp_path, FileFormatError, "is not a regular file")
    (tmp_path / "link.onnx").symlink_to(path)
    refused(tmp_path / "link.onnx", FileFormatError, "is a symbolic link; give the file it points to")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", FileFormatError, "is not a regular file")
    with pytest.raises(FileNotFoundError):
        import_onnx(tmp_path / "nothing.onnx")


def change(model: onnx.ModelProto, name: str, **fields: Any) -> None:
    tensor = next(item for item in model.graph.initializer if item.name == name)
    if "dims" in fields:
        del tensor.dims[:]
        tensor.dims.extend(fields.pop("dims"))
    for field, value in fields.items():
        setattr(tensor, field, value)


HOSTILE: dict[str, tuple[Callable[[onnx.ModelProto], Any], type[Exception], str]] = {
    "absurd sizes": (lambda m: change(m, "layers.0.W", dims=[2**40, 2**20, 2]), FileFormatError, "needs"),
    "absurd sizes beside 0": (
        lambda m: change(m, "layers.0.W", dims=[0, 2**62, 2**62], raw_data=b""), FileFormatError, "has the shape [0, 46"
    ),
    "very many nodes": (
        lambda m: m.graph.node.extend(helper.make_node("Abs", ["x"], [f"z{i}"]) for i in range(20_001)),
        UnsupportedError,
        "Elman reads at most 20000",
    ),
    "negative sizes": (lambda m: change(m, "layers.0.W", dims=[-1, 12, 2]), FileFormatError, "has the shape [-1, 12,"),
    "too little data": (lambda m: change(m, "layers.0.W", raw_data=b"1234"), FileFormatError, "4 are present"),
    "unknown type": (lambda m: change(m, "layers.0.W", data_type=99), UnsupportedError, "has the type number 99"),
    "two of a name": (lambda m: m.graph.initializer.append(m.graph.initializer[0]), FileFormatError, "has two tensors"),
    "an output twice": (lambda m: m.graph.node.append(m.graph.node[0]), FileFormatError, "which exists already"),
    "an attribute twice": (
        lambda m: [n.attribute.append(n.attribute[0]) for n in m.graph.node if n.op_type == "LSTM"],
        FileFormatError,
        "has the attribute 'hidden_size' twice",
    ),
    "a foreign domain": (
        lambda m: setattr(m.graph.node[0], "domain", "com.example"), UnsupportedError, "of the domain 'com.example'"
    ),
    "functions": (
        lambda m: m.functions.append(helper.make_function("d", "f", [], [], [], [])), UnsupportedError, "has functions"
    ),
    "an old operator set": (
        lambda m: setattr(m.opset_import[0], "version", 5), UnsupportedError, "is written in operator set 5"
    ),
    "no graph": (lambda m: m.ClearField("graph"), FileFormatError, "it holds no graph"),
    "a subgraph": (
        lambda m: m.graph.node[0].attribute.append(helper.make_attribute("body", m.graph)),
        UnsupportedError,
        "the attribute 'body' of Shape is of a kind that Elman does not read",
    ),
    "a hidden size that lies": (
        lambda m: [setattr(n.attribute[0], "i", 10**9) for n in m.graph.node if n.op_type == "LSTM"],
        UnsupportedError,
        "do not fit its attributes",
    ),
    "a loop": (
        lambda m: m.graph.node.append(helper.make_node("Loop", ["lengths", ""], ["z"])), UnsupportedError, "Loop"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(name: str, model: onnx.ModelProto, tmp_path: Path) -> None:
    spoil, error, message = HOSTILE[name]
    spoil(model)
    (tmp_path / "hostile.onnx").write_bytes(model.SerializeToString())
    start = time.perf_counter()
    refused(tmp_path / "hostile.onnx", error, message)
    assert time.perf_counter() - start < 10  # against hanging


def test_deep_nesting(tmp_path: Path) -> None:
    data = b""
    for _ in range(3000):  # a graph in an attribute of a node of a graph …
        data = b"\x32" + _varint(len(data)) + data
        data = b"\x2a" + _varint(len(data)) + data
        data = b"\x0a" + _varint(len(data)) + data
    (tmp_path / "deep.onnx").write_bytes(b"\x3a" + _varint(len(data)) + data)
    refused(tmp_path / "deep.onnx", FileFormatError, "its bytes cannot be decoded")


def _varint(number: int) -> bytes:
    found = b""
    while number > 127:
        found, number = found + bytes([number & 127 | 128]), number >> 7
    return found + bytes([number])


# Data in other files


def external(tmp_path: Path) -> Path:
    """Write a network whose weights lie in another file."""
    folder = tmp_path / "folder"
    folder.mkdir()
    export_onnx(network(hidden_size=40), folder / "model.onnx")
    model = onnx.load(folder / "model.onnx")
    external_data_helper.convert_model_to_external_data(model, location="weights.bin", size_threshold=1024)
    onnx.save(model, folder / "model.onnx")
    return folder


def redirect(folder: Path, **entries: str) -> Path:
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        for item in tensor.external_data:
            item.value = entries.get(item.key, item.value)
    (folder / "other.onnx").write_bytes(model.SerializeToString())
    return folder / "other.onnx"


def test_data_beside_the_file_is_read(tmp_path: Path) -> None:
    folder = external(tmp_path)
    assert (folder / "weights.bin").stat().st_size > 1024
    found = import_onnx(folder / "model.onnx").network
    np.testing.assert_array_equal(found.theta, network(hidden_size=40).theta)


def test_one_file_of_data_is_not_read_again_and_again(tmp_path: Path) -> None:
    folder = external(tmp_path)
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    shared = next(tensor for tensor in model.graph.initializer if tensor.external_data)
    for number in range(60):
        again = model.graph.initializer.add()
        again.CopyFrom(shared)
        again.name = f"again{number}"
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    refused(folder / "model.onnx", FileFormatError, "its tensors together need more than twice the bytes of the file")


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("../outside.bin", "its data must be in the folder of the file, got '../outside.bin'"),
        ("sub/../../outside.bin", "must be in the folder of the file"),
        ("/etc/passwd", "must be in the folder of the file, got '/etc/passwd'"),
        ("..\\outside.bin", "must be in the folder of the file"),
        ("link.bin", "must be in the folder of the file"),
        ("sub/outside.bin", "must be in the folder of the file"),
        ("inner.bin", "is a symbolic link"),
        ("missing.bin", "its data cannot be read from 'missing.bin'"),
        (".", "is not a regular file"),
    ],
)
def test_data_outside_the_folder_is_refused(location: str, message: str, tmp_path: Path) -> None:
    folder = external(tmp_path)
    (tmp_path / "outside.bin").write_bytes((folder / "weights.bin").read_bytes())
    (folder / "link.bin").symlink_to(tmp_path / "outside.bin")
    (folder / "inner.bin").symlink_to(folder / "weights.bin")
    (folder / "sub").symlink_to(tmp_path)
    refused(redirect(folder, location=location), FileFormatError, message)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"offset": "99999999"}, "its data cannot be read"),
        ({"offset": "-8"}, "its data cannot be read"),
        ({"length": "8"}, "its entry says 8"),
        ({"length": str(2**62)}, f"its entry says {2**62}"),
        ({"offset": "x"}, "must be integers"),
    ],
)
def test_data_that_is_not_there(entries: dict[str, str], message: str, tmp_path: Path) -> None:
    refused(redirect(external(tmp_path), **entries), FileFormatError, message)


# What others write


def test_a_file_of_one_node_of_any_layout(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    W, R = (rng.normal(size=(2, 12, size)).astype(np.float32) for size in (2, 3))
    for attributes in ({}, {"layout": 1}):
        node = helper.make_node("LSTM", ["X", "W", "R"], ["Y"], hidden_size=3, direction="bidirectional", **attributes)
        X = helper.make_tensor_value_info("X", TensorProto.FLOAT, ["a", "b", 2])
        Y = helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)
        constants = [numpy_helper.from_array(W, "W"), numpy_helper.from_array(R, "R")]
        graph = helper.make_graph([node], "g", [X], [Y], constants)
        onnx.save(
            helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "n.onnx"
        )
        found, proof = import_onnx(tmp_path / "n.onnx")
        assert (found.architecture.readout, found.architecture.output_size) == ("every", 6)
        assert ("cannot run it" in proof.other) == bool(attributes)


class Model(torch.nn.Module):
    """What people write: a recurrent module and a linear layer."""

    def __init__(self, cell: str, last: bool, **settings: Any) -> None:
        super().__init__()
        self.recurrent = getattr(torch.nn, cell)(4, 5, **settings)
        self.linear = torch.nn.Linear(5 * (1 + self.recurrent.bidirectional), 3)
        self.last = last

    def forward(self, x: Any) -> Any:
        y, _ = self.recurrent(x)
        if self.last:
            y = y[:, -1] if self.recurrent.batch_first else y[-1]
        return torch.softmax(self.linear(y), -1)


@pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize(
    "settings", [{}, {"batch_first": True, "num_layers": 2}, {"bidirectional": True, "num_layers": 2}]
)
@pytest.mark.parametrize("last", [False, True])
def test_what_pytorch_exports(cell: str, settings: dict[str, Any], last: bool, tmp_path: Path) -> None:
    module, path = Model(cell, last, **settings).eval(), tmp_path / "torch.onnx"
    x = torch.randn(6, 2, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's age
        axes = {"x": {0: "a", 1: "b"}}
        torch.onnx.export(module, (x,), path, input_names=["x"], output_names=["y"], dynamic_axes=axes, dynamo=False)
    if last and settings.get("bidirectional"):  # the backward direction's state at the last step: it has seen one step
        refused(path, UnsupportedError, "are not those of an Elman network")
        return
    found = import_onnx(path).network
    assert found.architecture.readout == ("last" if last else "every")
    ours = found.predict(x.numpy().swapaxes(0, 1) if settings.get("batch_first") else x.numpy())
    theirs = module(x).detach().numpy()
    swap = settings.get("batch_first") and not last
    np.testing.assert_allclose(ours.swapaxes(0, 1) if swap else ours, theirs, atol=1e-6)


def test_a_forecaster_is_no_network(tmp_path: Path) -> None:
    forecaster = elman.Forecaster(
        horizon=2, method="network", window=3, season=2, ensemble_size=2, updates=2, hidden_size=3
    )
    export_onnx(forecaster.fit(np.arange(1.0, 30.0)), tmp_path / "f.onnx")
    refused(tmp_path / "f.onnx", UnsupportedError, "has the operator ")


def test_text_that_is_no_text(model: onnx.ModelProto, tmp_path: Path) -> None:
    data = model.SerializeToString().replace(b"layers.0.W", b"layers.0.\xff")
    (tmp_path / "bytes.onnx").write_bytes(data)
    with pytest.raises(FileFormatError, match="is not text"):
        load_graph(tmp_path / "bytes.onnx")
