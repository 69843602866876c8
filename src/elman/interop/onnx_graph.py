"""A graph of operators as plain values, as written to and read from an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Graph", "GraphBuilder", "Node", "Value"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Node:
    """One operator with the names of its inputs and outputs.

    Parameters
    ----------
    op : str
        Operator of the standard domain.
    inputs, outputs : tuple of str
        Names of tensors; an empty name is a missing input or output.
    attributes : mapping of str
        Plain values: int, float, str, ndarray, or lists of the first three.
    name : str
        Name in messages.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    @property
    def place(self) -> str:
        """Start of messages about the node."""
        return f"{self.op} node {self.name!r:.80}" if self.name else f"{self.op} node"


@dataclass(frozen=True)
class Value:
    """An input or output of a graph: name, NumPy's name of its type, and sizes; a free size is a name or None."""

    name: str
    dtype: str
    dims: tuple[int | str | None, ...] | None


@dataclass(frozen=True)
class Graph:
    """Nodes in order of execution.

    Parameters
    ----------
    nodes : tuple of Node
        Each node comes after those that compute its inputs.
    constants : mapping of str to ndarray
        Tensors in the file. A constant with the name of an input is that input's default.
    inputs, outputs : tuple of Value
        Inputs and outputs of the graph.
    metadata : mapping of str to str
        Description of the model.
    name : str
        Name of the graph.
    opset : int
        Version of the standard's operators.
    """

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    name: str = "elman"
    opset: int = 17

    @property
    def required(self) -> tuple[Value, ...]:
        """Inputs without a default."""
        return tuple(value for value in self.inputs if value.name not in self.constants)


class GraphBuilder:
    """Builds a graph, operator by operator, and names the intermediate tensors.

    Examples
    --------
    >>> builder = GraphBuilder()
    >>> x = builder.input("x", "float32", ("N", 2))
    >>> doubled = builder.op("Mul", x, np.float32(2.0))
    >>> builder.output(builder.op("Tanh", doubled), "y", "float32", ("N", 2))
    >>> [node.op for node in builder.graph().nodes]
    ['Mul', 'Tanh', 'Identity']
    """

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._constants: dict[str, Array] = {}
        self._inputs: list[Value] = []
        self._outputs: list[Value] = []
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def input(self, name: str, dtype: str, dims: tuple[int | str, ...], default: Array | None = None) -> str:
        """Declare an input with an optional default; return its name."""
        self._inputs.append(Value(name, dtype, dims))
        if default is not None:
            self._constants[name] = default
        return name

    def output(self, tensor: str, name: str, dtype: str, dims: tuple[int | str, ...]) -> None:
        """Declare a tensor as an output under a name."""
        self._nodes.append(Node("Identity", (tensor,), (name,), {}, f"give {name}"))
        self._outputs.append(Value(name, dtype, dims))

    def constant(self, value: npt.ArrayLike, name: str = "constant") -> str:
        """Return the name of a constant; equal constants are stored once."""
        array = np.array(value, order="C")  # a copy: the model may change later
        key = (array.dtype.str, array.shape, array.tobytes())
        if array.dtype.kind in "OU" or key not in self._known:
            made = name if name not in self._constants else f"{name}_{len(self._constants)}"
            self._constants[made] = array
            self._known[key] = made
            return made
        return self._known[key]

    def op(self, op: str, *inputs: Any, **attributes: Any) -> str:
        """Add an operator and return the name of its output; see `ops`."""
        return self.ops(op, 1, *inputs, **attributes)[0]

    def ops(self, op: str, outputs: int, *inputs: Any, **attributes: Any) -> tuple[str, ...]:
        """Add an operator with several outputs and return their names.

        Inputs are names, None for a missing input, or arrays, which become constants. An int becomes int64.
        """
        number = len(self._nodes)
        names = tuple(self._name_of(given) for given in inputs)
        made = tuple(f"{op.lower()}_{number}" + (f"_{i}" if i else "") for i in range(outputs))
        self._nodes.append(Node(op, names, made, attributes, f"{op.lower()}_{number}"))
        return made

    def _name_of(self, given: Any) -> str:
        if given is None or isinstance(given, str):
            return given or ""
        return self.constant(np.asarray(given, np.int64) if isinstance(given, (int, list)) else np.asarray(given))

    def graph(self, metadata: Mapping[str, str] | None = None, name: str = "elman") -> Graph:
        """Return the finished graph."""
        nodes, inputs, outputs = tuple(self._nodes), tuple(self._inputs), tuple(self._outputs)
        return Graph(nodes, dict(self._constants), inputs, outputs, dict(metadata or {}), name)
