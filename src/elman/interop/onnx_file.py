"""ONNX files to plain graphs and back, with stricter checks than those of a parser of protocol buffers.

Sizes are compared with the available bytes before memory is allocated, nothing in a file is executed, and references to
other files must stay within its folder.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elman._extras import need
from elman.errors import ElmanError, FileFormatError, UnsupportedError
from elman.interop.onnx_graph import Graph, Node, Value
from elman.persistence.files import StrPath, write_atomically

if TYPE_CHECKING:
    from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, ValueInfoProto

__all__ = ["graph_of", "load_graph", "model_of", "save_graph"]

Array = npt.NDArray[Any]

OLDEST, IR_VERSION = 6, 8  # oldest operator set that is read; IR version that is written, that of operator set 17
MAX_FILE = 2**31 - 1  # bytes: the limit of protocol buffers
MAX_NODES = 20_000
_TYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    6: "int32",
    7: "int64",
    8: "str",
    9: "bool",
    10: "float16",
    11: "float64",
}
_NUMBERS = {name: number for number, name in _TYPES.items()}
_FIELDS = {"float32": "float_data", "float64": "double_data", "int64": "int64_data", "str": "string_data"}
_EXTERNAL = 1  # TensorProto.DataLocation


# Reading


def load_graph(path: StrPath) -> Graph:
    """Read an ONNX file.

    Parameters
    ----------
    path : str or path
        A regular file; symbolic links, pipes and folders are refused.

    Returns
    -------
    Graph

    Raises
    ------
    FileFormatError
        If the file is damaged or is no ONNX file.
    UnsupportedError
        If it has other operator domains, subgraphs or quantised types.
    MissingExtraError
        If the package onnx is not installed.
    OSError
        If it cannot be opened or read.
    """
    onnx = need("load_graph", "onnx")
    from google.protobuf.message import DecodeError

    try:
        data = _read(Path(path))
        model = onnx.ModelProto()
        try:
            model.ParseFromString(data)
        except DecodeError:
            raise FileFormatError("not an ONNX file (its bytes cannot be decoded).") from None
        return graph_of(model, Path(path).resolve().parent)
    except ElmanError as error:
        raise type(error)(f"{os.fspath(path)}: {error}") from None


def _read(path: Path, offset: int = 0, length: int | None = None) -> bytes:
    """Return the bytes of a regular file, or a part of them."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if path.is_symlink():
        raise FileFormatError("is a symbolic link; give the file it points to.")
    descriptor = os.open(path, flags)  # opens a pipe too, without waiting for a writer
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise FileFormatError("is not a regular file.")
    with open(descriptor, "rb", buffering=0) as handle:
        length = found.st_size - offset if length is None else length
        if length > MAX_FILE or offset + length > found.st_size or min(offset, length) < 0:
            raise FileFormatError(f"has {found.st_size} bytes, {length} from byte {offset} on were expected.")
        handle.seek(offset)
        data = handle.read(length)
    if len(data) != length:
        raise FileFormatError("changed while it was read.")
    return data


def graph_of(model: ModelProto, folder: Path | None = None) -> Graph:
    """Return the graph of a parsed model; external data is read from ``folder`` and below.

    Raises
    ------
    FileFormatError, UnsupportedError
        See `load_graph`.
    """
    if not model.HasField("graph") or not model.graph.node:
        raise FileFormatError("not an ONNX file (it holds no graph).")
    versions = {item.domain: item.version for item in model.opset_import}
    opset = versions.get("", versions.get("ai.onnx", 0))
    if opset < OLDEST:
        raise UnsupportedError(
            f"is written in operator set {opset}, Elman reads {OLDEST} and later.\n"
            "  Hint: export the model again in operator set 17, for instance."
        )
    graph = model.graph
    if len(graph.node) > MAX_NODES:
        raise UnsupportedError(f"has {len(graph.node)} nodes; Elman reads at most {MAX_NODES}.")
    outside = None if folder is None else _Outside(folder)
    for name, there in (("functions", model.functions), ("sparse initializers", graph.sparse_initializer)):
        if len(there):
            raise UnsupportedError(f"has {name}, which Elman does not read.")
    constants = _constants(graph, outside)
    nodes = tuple(_of_version(_node(node, outside), opset) for node in graph.node)
    _check_names(nodes, graph, constants)
    return Graph(
        nodes,
        constants,
        tuple(_value(value) for value in graph.input),
        tuple(_value(value) for value in graph.output),
        {_text(item.key): _text(item.value) for item in model.metadata_props},
        _text(graph.name),
        opset,
    )


def _constants(graph: GraphProto, outside: _Outside | None) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for tensor in graph.initializer:
        if _text(tensor.name) in found:
            raise FileFormatError(f"has two tensors of the name {tensor.name!r:.80}.")
        found[tensor.name] = _array(tensor, outside)
    return found


def _check_names(nodes: Iterable[Node], graph: GraphProto, constants: Mapping[str, Array]) -> None:
    """Check that every tensor has one origin."""
    known = set(constants) | {value.name for value in graph.input}
    for node in nodes:
        for name in node.outputs:
            if name in known:
                raise FileFormatError(f"{node.place}: computes the tensor {name!r:.80}, which exists already.")
            known.add(name) if name else None


def _node(node: Any, outside: _Outside | None) -> Node:
    for name in (node.op_type, node.name, *node.input, *node.output):
        _text(name)
    if node.domain not in ("", "ai.onnx"):
        raise UnsupportedError(f"uses the operator {node.op_type!r:.80} of the domain {node.domain!r:.80}.")
    attributes: dict[str, Any] = {}
    for attribute in node.attribute:
        if _text(attribute.name) in attributes:
            raise FileFormatError(f"{node.op_type} node has the attribute {attribute.name!r:.80} twice.")
        attributes[attribute.name] = _attribute(node.op_type, attribute, outside)
    return Node(node.op_type, tuple(node.input), tuple(node.output), attributes, node.name)


def _of_version(node: Node, opset: int) -> Node:
    """Fill in the defaults of older operator sets, and leave out what newer ones do always.

    Before 13, Softmax starts at axis 1. Before 7, shapes are extended only with ``broadcast``, and a recurrent operator
    may be told to give its sequence.
    """
    if node.op in ("Softmax", "LogSoftmax") and opset < 13 and "axis" not in node.attributes:
        return replace(node, attributes={"axis": 1})
    if opset < 7 and {"broadcast", "output_sequence"} & set(node.attributes):
        kept = {key: value for key, value in node.attributes.items() if key not in ("broadcast", "output_sequence")}
        return replace(node, attributes=kept)
    return node


def _attribute(op: str, attribute: AttributeProto, outside: _Outside | None) -> Any:
    """Return a plain value."""
    kind = attribute.type
    try:
        if kind == attribute.STRING:
            return attribute.s.decode()
        if kind == attribute.STRINGS:
            return [item.decode() for item in attribute.strings]
    except UnicodeDecodeError:
        raise FileFormatError(f"the attribute {attribute.name!r:.80} of {op} is not text.") from None
    if kind == attribute.TENSOR:
        return _array(attribute.t, outside)
    fields = {attribute.FLOAT: "f", attribute.INT: "i", attribute.FLOATS: "floats", attribute.INTS: "ints"}
    if kind not in fields or attribute.ref_attr_name:
        raise UnsupportedError(f"the attribute {attribute.name!r:.80} of {op} is of a kind that Elman does not read.")
    value = getattr(attribute, fields[kind])
    return value if isinstance(value, (int, float)) else list(value)


def _array(tensor: TensorProto, outside: _Outside | None) -> Array:
    """Return a tensor after comparing its size with the available bytes."""
    from onnx import numpy_helper

    place = f"tensor {tensor.name!r:.80}"
    if tensor.data_type not in _TYPES:
        raise UnsupportedError(f"{place} has the type number {tensor.data_type}; Elman reads {', '.join(_NUMBERS)}.")
    dtype, dims = _TYPES[tensor.data_type], list(tensor.dims)
    if any(size < 0 for size in dims) or len(dims) > 32 or tensor.HasField("segment"):
        raise FileFormatError(f"{place} has the shape {dims!r:.80}.")
    count = math.prod(dims)
    if count == 0 and math.prod(max(size, 1) for size in dims) > MAX_FILE:  # a size of 0 makes the product 0
        raise FileFormatError(f"{place} has the shape {dims!r:.80}.")
    if tensor.data_location == _EXTERNAL:
        if dtype == "str":
            raise FileFormatError(f"{place}: text cannot be in another file.")
        data = _external(place, tensor, outside, count * np.dtype(dtype).itemsize)
        return np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).reshape(dims).astype(dtype)
    if tensor.HasField("raw_data"):
        needed, there = count * (0 if dtype == "str" else np.dtype(dtype).itemsize), len(tensor.raw_data)
    else:
        needed, there = count, len(getattr(tensor, _FIELDS.get(dtype, "int32_data")))
    if needed != there or (dtype == "str" and tensor.HasField("raw_data")):
        raise FileFormatError(f"{place} of the shape {dims!r:.80} needs {needed} bytes or values, {there} are present.")
    try:
        array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{place} cannot be read: {error}") from None
    return array if dtype == "str" else np.array(array, np.dtype(dtype))


class _Outside:
    """The folder of a model, and the number of bytes read from its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, int] = {}

    def read(self, path: Path, offset: int, length: int) -> bytes:
        """Return a part of a file; all parts together are at most twice the file, for any number of tensors."""
        before = self._read.get(path, 0)
        if before and before + length > 2 * path.stat().st_size:
            raise FileFormatError("its tensors together need more than twice the bytes of the file.")
        data = _read(path, offset, length)
        self._read[path] = before + length
        return data


def _external(place: str, tensor: TensorProto, outside: _Outside | None, needed: int) -> bytes:
    """Return a tensor's data from another file, which must be in the folder of the model or below it."""
    folder = None if outside is None else outside.folder
    entries = {_text(item.key): _text(item.value) for item in tensor.external_data}
    name = entries.get("location", "")
    if outside is None or folder is None or not name:
        raise FileFormatError(f"{place} has external data without a location.")
    path = folder / name
    inside = not Path(name).is_absolute() and ".." not in Path(name).parts and "\\" not in name and "\0" not in name
    if not inside or not path.resolve().is_relative_to(folder.resolve()):
        raise FileFormatError(f"{place}: its data must be in the folder of the file, got {name!r:.200}.")
    try:
        offset, length = int(entries.get("offset", "0")), int(entries.get("length", needed))
    except ValueError:
        raise FileFormatError(f"{place}: offset and length of its data must be integers.") from None
    if length != needed:
        raise FileFormatError(f"{place} needs {needed} bytes, its entry says {length}.")
    try:
        return outside.read(path, offset, length)
    except (OSError, ElmanError) as error:
        raise FileFormatError(f"{place}: its data cannot be read from {name!r:.200}: {error}") from None


def _text(name: Any) -> str:
    """Return a name; the parser returns bytes for a name that is not text."""
    if not isinstance(name, str):
        raise FileFormatError(f"the name {name!r:.80} is not text.")
    return name


def _value(value: ValueInfoProto) -> Value:
    _text(value.name)
    if value.type.WhichOneof("value") != "tensor_type":
        raise UnsupportedError(f"{value.name!r:.80} is not a tensor.")
    kind = value.type.tensor_type
    if kind.elem_type not in _TYPES:
        raise UnsupportedError(f"{value.name!r:.80} has the type number {kind.elem_type}, which Elman does not read.")
    dims = None
    if kind.HasField("shape"):
        dims = tuple(_size(dim) for dim in kind.shape.dim)
    return Value(value.name, _TYPES[kind.elem_type], dims)


def _size(dim: Any) -> int | str | None:
    """Return a size, the name of a free one, or None."""
    if dim.HasField("dim_value"):
        return int(dim.dim_value)
    return _text(dim.dim_param) or None


# Writing


def model_of(graph: Graph, version: str) -> bytes:
    """Return the bytes of an ONNX file, checked by ONNX's own checker.

    Parameters
    ----------
    graph : Graph
        The graph.
    version : str
        Version of Elman, written as the producer's.

    Raises
    ------
    UnsupportedError
        If the file would have more than 2 GB.
    MissingExtraError
        If the package onnx is not installed.
    """
    onnx = need("export_onnx", "onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    if sum(array.nbytes for array in graph.constants.values()) > MAX_FILE - 2**24:
        raise UnsupportedError("export_onnx: the parameters need more than 2 GB, which an ONNX file cannot hold.")
    nodes = [helper.make_node(n.op, n.inputs, n.outputs, n.name, **_protobuf_attributes(n)) for n in graph.nodes]
    constants = [numpy_helper.from_array(_plain(array), name) for name, array in graph.constants.items()]
    proto = helper.make_graph(
        nodes,
        graph.name,
        [_info(helper, v) for v in graph.inputs],
        [_info(helper, v) for v in graph.outputs],
        constants,
    )
    model = helper.make_model(
        proto,
        opset_imports=[helper.make_opsetid("", graph.opset)],
        ir_version=IR_VERSION,
        producer_name="elman",
        producer_version=version,
    )
    helper.set_model_props(model, dict(graph.metadata))
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _protobuf_attributes(node: Node) -> dict[str, Any]:
    from onnx import numpy_helper

    return {
        name: numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
        for name, value in node.attributes.items()
    }


def _plain(array: Array) -> Array:
    return array.astype(object) if array.dtype.kind == "U" else array


def _info(helper: Any, value: Value) -> Any:
    return helper.make_tensor_value_info(value.name, _NUMBERS[value.dtype], value.dims)


def save_graph(path: StrPath, graph: Graph, version: str) -> None:
    """Write an ONNX file atomically."""
    write_atomically(path, model_of(graph, version))
