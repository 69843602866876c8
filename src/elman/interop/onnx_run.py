"""Run a graph in NumPy: to read a file, and to check an export if no other runtime is installed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError, DataError, ElmanError, UnsupportedError
from elman.interop.onnx_attributes import GATES
from elman.interop.onnx_cells import run_recurrent
from elman.interop.onnx_file import load_graph
from elman.interop.onnx_graph import Graph, Node
from elman.interop.onnx_operators import ATTRIBUTES, OPERATORS
from elman.interop.onnx_sizes import recurrent_size, values_wanted
from elman.persistence.files import StrPath

__all__ = ["MOST_VALUES", "run_graph", "run_node"]

Array = npt.NDArray[Any]

MOST_VALUES = 2**28  # of all tensors together; a file of a few bytes can request any size


def run_graph(
    graph: Graph | StrPath, inputs: Mapping[str, npt.ArrayLike], most_values: int = MOST_VALUES
) -> dict[str, Array]:
    """Run every node.

    Parameters
    ----------
    graph : Graph, str or path
        The graph, or the file that holds it.
    inputs : mapping of str to array_like
        All inputs without a default, and any others.
    most_values : int
        Maximum number of computed values, all tensors together.

    Returns
    -------
    dict of str to ndarray
        The outputs by name, in the order of the graph.

    Raises
    ------
    UnsupportedError
        If an operator is not one of `OPERATORS`.
    DataError
        If the inputs of a node do not fit, or more than ``most_values`` values would be computed.
    FileFormatError, MissingExtraError, OSError
        If a file cannot be read, see `import_onnx`.

    Examples
    --------
    >>> from elman.interop.onnx_graph import Value
    >>> node, x = Node("Tanh", ("x",), ("y",)), Value("x", "float64", (1,))
    >>> run_graph(Graph((node,), {}, (x,), (Value("y", "float64", (1,)),)), {"x": np.array([0.0])})
    {'y': array([0.])}
    """
    if isinstance(graph, (str, os.PathLike)):
        graph = load_graph(graph)
    if not isinstance(graph, Graph):
        raise ArgumentError(f"run_graph: graph must be a Graph or a path, got {type(graph).__name__}.")
    tensors: dict[str, Array] = dict(graph.constants)
    known = {value.name: value for value in graph.inputs}
    for name, value in inputs.items():
        if name not in known:
            raise ArgumentError(f"run_graph: there is no input {name!r}; the graph takes {', '.join(known)}.")
        tensors[name] = np.asarray(value, None if known[name].dtype == "str" else known[name].dtype)
    for required in graph.required:
        if required.name not in tensors:
            raise ArgumentError(f"run_graph: the input {required.name!r} is missing.")
    for node in graph.nodes:
        made = run_node(node, tensors, most_values)
        most_values -= sum(array.size for array in made)
        tensors |= dict(zip(node.outputs, made, strict=False))
    return {output.name: _output(tensors, output.name) for output in graph.outputs}


def run_node(node: Node, tensors: Mapping[str, Array], most_values: int = MOST_VALUES) -> tuple[Array, ...]:
    """Return the outputs of one node, of at most ``most_values`` values; errors are those of `run_graph`."""
    given = [None if name == "" else _output(tensors, name) for name in node.inputs]
    if node.op in GATES:
        _check_states(node, given, most_values)
        return run_recurrent(node.op, node.attributes, given, node.place)
    if node.op not in OPERATORS:
        raise UnsupportedError(f"{node.place}: Elman does not run the operator {node.op}.")
    if unknown := sorted(node.attributes.keys() - ATTRIBUTES.get(node.op, set())):
        raise UnsupportedError(f"{node.place}: Elman does not run it with the attribute {unknown[0]!r:.80}.")
    try:
        _check_wanted(node, values_wanted(node.op, node.attributes, given), most_values)
        with np.errstate(all="ignore"):  # values past the end of a row are arbitrary
            found = OPERATORS[node.op](node.attributes, *given)
    except UnsupportedError as error:
        raise UnsupportedError(f"{node.place}: Elman does not run it {error}.") from None
    except ElmanError:
        raise
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, ArithmeticError, MemoryError) as error:
        raise DataError(f"{node.place}: cannot be run: {error}") from None
    return found if isinstance(found, tuple) else (np.asarray(found),)


def _output(tensors: Mapping[str, Array], name: str) -> Array:
    if name not in tensors:
        raise DataError(f"run_graph: the tensor {name!r:.80} is used before a node computes it.")
    return tensors[name]


def _check_states(node: Node, given: list[Array | None], most_values: int) -> None:
    """Refuse states of more values than allowed; wrong axes are refused later."""
    X, R = given[0], given[2] if len(given) > 2 else None
    if X is not None and R is not None and X.ndim == R.ndim == 3:
        X = X.swapaxes(0, 1) if node.attributes.get("layout", 0) else X
        _check_wanted(node, recurrent_size(X, R), most_values)


def _check_wanted(node: Node, wanted: float, most_values: int) -> None:
    if not wanted <= most_values:
        left = max(most_values, 0)
        raise DataError(f"{node.place}: requests {wanted:.3g} values, more than the remaining {left}.")
