"""Files as the common exporters write them, each with what becomes of it: a table in docs/compatibility.md.

    python tests_external/exporters/files.py

PyTorch has two exporters to ONNX; the newer one needs onnxscript. Keras' own files are read by `from_keras`.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from elman.errors import ElmanError
from elman.interop import from_keras, import_onnx

sys.path.insert(0, str(Path(__file__).parent))
from modules import MODULES, made

PAGE = Path(__file__).resolve().parents[2] / "docs" / "compatibility.md"
BEGIN, END = "<!-- exporters: begin; written by tests_external/exporters/files.py -->", "<!-- exporters: end -->"
of = keras.layers


@dataclass(frozen=True)
class File:
    """A file, how it is written, and what its import says: ``reason`` is None if a network comes out."""

    model: str
    exporter: str
    ending: str
    write: Callable[[Path], Any]
    reason: str | None = None


def _torch(name: str, dynamo: bool) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        module, example = made(name)
        axes = {"x": {0: "rows", 1: "steps"}}
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")  # of the exporter's age, and of its own parts
            logging.disable(logging.WARNING)
            options = {"dynamo": True, "verbose": False} if dynamo else {"dynamo": False, "dynamic_axes": axes}
            torch.onnx.export(module, (example,), path, input_names=["x"], **options)
            logging.disable(logging.NOTSET)

    return write


def _keras(*layers: Any) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        keras.utils.set_random_seed(0)
        model = keras.Sequential([layer() for layer in layers])
        rng = np.random.default_rng(0)
        for layer in model.layers:
            layer.set_weights([rng.normal(0, 0.5, array.shape) for array in layer.get_weights()])
        logging.disable(logging.WARNING)  # Keras calls .h5 old
        model.save(path)
        logging.disable(logging.NOTSET)

    return write


def _state(path: Path) -> None:
    keras.utils.set_random_seed(0)
    given = keras.Input((None, 3))
    _, h, _ = of.LSTM(8, return_sequences=True, return_state=True)(given)
    keras.Model(given, of.Dense(2)(h)).save(path)


def _onnx(opset: int, nodes: list[Any], constants: dict[str, Any], width: int = 3) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["steps", "rows", width])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        held = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
        graph = helper.make_graph(nodes, "g", [x], [y], held)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)

    return write


def _weights(gates: int, directions: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    shapes = {"W": (directions, gates * 4, 3), "R": (directions, gates * 4, 4), "B": (directions, gates * 8)}
    found = {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    head = {"V": (4 * directions, 2), "b": (2,)}
    return found | {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in head.items()}


def _layer(op: str, output: str = "Y", **attributes: Any) -> Any:
    return helper.make_node(op, ["x", "W", "R", "B"], [output], hidden_size=4, **attributes)


def _every_step(opset: int) -> list[Any]:
    """Return an LSTM, squeezed, and a product with its bias at every step, as an exporter of that time writes it."""
    squeeze = {"axes": [1]} if opset < 13 else {}
    given = ["Y"] if opset < 13 else ["Y", "one"]
    broadcast = {"broadcast": 1} if opset < 7 else {}
    return [
        _layer("LSTM", **({"output_sequence": 1} if opset < 7 else {})),
        helper.make_node("Squeeze", given, ["h"], **squeeze),
        helper.make_node("MatMul", ["h", "V"], ["p"]),
        helper.make_node("Add", ["p", "b"], ["y"], **broadcast),
    ]


ONE = {"one": np.array([1]), "two": np.array([2]), "last": np.array(-1)}
TO_LAST = [
    helper.make_node("Transpose", ["Y"], ["rows_first"], perm=[2, 0, 1, 3]),
    helper.make_node("Squeeze", ["rows_first", "two"], ["s"]),
    helper.make_node("Gather", ["s", "last"], ["h"], axis=1),
    helper.make_node("Gemm", ["h", "V", "b"], ["y"]),
]
UNROLLED = "there is no RNN, LSTM or GRU in it"
REFUSED = "no layer of an Elman network has"


def _made(model: str, opset: int, nodes: list[Any], gates: int, reason: str | None = None) -> File:
    return File(model, "onnx.helper", ".onnx", _onnx(opset, nodes, _weights(gates) | ONE), reason)


SQUEEZED = "LSTM, squeezed, dense; operator set"
RELU = ["Sigmoid", "Relu", "Relu"]
ONNX = [
    *(_made(f"{SQUEEZED} {opset}", opset, _every_step(opset), 4) for opset in (6, 7, 9, 11, 13, 15, 18, 22)),
    _made("GRU, last step gathered, Gemm", 17, [_layer("GRU", linear_before_reset=1), *TO_LAST], 3),
    _made("LSTM backwards alone", 17, [_layer("LSTM", direction="reverse"), *_every_step(17)[1:]], 4),
    _made("GRU, reset before the product", 17, [_layer("GRU"), *TO_LAST], 3, "linear_before_reset=0"),
    _made("LSTM with clipped gates", 17, [_layer("LSTM", clip=3.0), *TO_LAST], 4, f"clip=3, which {REFUSED}"),
    _made("LSTM with ReLU", 17, [_layer("LSTM", activations=RELU), *TO_LAST], 4, "activations=['Sigmoid', 'Relu'"),
]


def _lstm(units: int, **options: Any) -> Callable[[], Any]:
    return partial(of.LSTM, units, **options)


def _dense(units: int, **options: Any) -> Callable[[], Any]:
    return partial(of.Dense, units, **options)


def _both(units: int, **options: Any) -> Callable[[], Any]:
    return lambda: of.Bidirectional(of.LSTM(units, **options))


SEQUENCE = {"return_sequences": True}
KERAS: list[tuple[str, list[Callable[[], Any]]]] = [
    ("LSTM 64, LSTM 32, dense 25, dense 1", [_lstm(64, **SEQUENCE), _lstm(32), _dense(25), _dense(1)]),
    ("LSTM with ReLU, dense", [_lstm(20, activation="relu"), _dense(1)]),
    ("masking, GRU, dense", [partial(of.Masking, -1.0), partial(of.GRU, 8), _dense(2)]),
    ("LSTM backwards alone, log-softmax", [_lstm(8, go_backwards=True), _dense(2, activation="log_softmax")]),
    (
        "LSTM in both directions, mean over steps, softmax",
        [_both(8, **SEQUENCE), of.GlobalAveragePooling1D, _dense(2, activation="softmax")],
    ),
]
WORDS = [
    partial(keras.Input, (None,), dtype="int32"),
    partial(of.Embedding, 20, 6, mask_zero=True),
    _both(8, **SEQUENCE),
    _both(4),
    _dense(16, activation="relu"),
    _dense(1, activation="sigmoid"),
]
VALUES = partial(keras.Input, (None, 3))
CONVOLVED = [VALUES, partial(of.Conv1D, 4, 3), _lstm(8), _dense(1)]


def files() -> list[File]:
    """Return all files, in the order of the table."""
    found = []
    for dynamo in (False, True) if _installed("onnxscript") else (False,):
        exporter = f"torch.onnx.export, dynamo={dynamo}"
        for name, reason in MODULES.items():
            reason = UNROLLED if dynamo and name.startswith("RNN") else reason
            found.append(File(name, exporter, ".onnx", _torch(name, dynamo), reason))
    for ending in (".keras", ".h5"):
        for name, layers in KERAS:
            found.append(File(name, "Keras", ending, _keras(VALUES, *layers)))
    found.append(File("embedding with mask_zero, two of both directions, two dense", "Keras", ".keras", _keras(*WORDS)))
    found.append(File("final state of an LSTM, dense", "Keras", ".keras", _state))
    found.append(File("Conv1D, LSTM", "Keras", ".keras", _keras(*CONVOLVED), "Conv1D"))
    return found + ONNX


def _installed(package: str) -> bool:
    try:
        __import__(package)
    except ImportError:
        return False
    return True


def outcome(file: File, folder: Path) -> str:
    """Write and import a file; return the network and the difference, or why there is none."""
    path = folder / f"model{file.ending}"
    file.write(path)
    try:
        network, proof = (import_onnx if file.ending == ".onnx" else from_keras)(path)
    except ElmanError as error:
        return str(error).removeprefix(f"{path}: ").removeprefix("from_keras: ").splitlines()[0]
    a = network.architecture
    assert proof.largest_difference is not None and proof.largest_difference <= 1e-5
    direction = "both ways" if a.bidirectional else "backwards" if a.reverse else ""
    layers = f"{a.cell.upper()} {', '.join(map(str, a.units))}"
    slow = "" if type(network).__name__ == "Network" else "predicts only"
    said = (
        layers,
        direction,
        a.readout,
        *(f"dense {units}" for units in a.dense),
        f"{a.output_size} × {a.output}",
        slow,
    )
    return "; ".join(filter(None, said))


def table() -> str:
    """Return the table as Markdown."""
    lines = ["| Model | Written by | Imports | As, or why not |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for file in files():
            said, ending = (
                outcome(file, Path(folder)).replace("|", "\\|"),
                "" if file.ending == ".onnx" else file.ending,
            )
            imports = "yes" if file.reason is None else "no"
            lines.append(f"| {file.model} | {f'{file.exporter} {ending}'.strip()} | {imports} | {said} |")
    return "\n".join(lines)


def main() -> None:
    """Write the table into its page."""
    made_now = table()
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{made_now}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
