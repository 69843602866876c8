"""Reading a network from the nodes of an ONNX graph: its layers, its weights and its input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.errors import DataError, UnsupportedError
from elman.interop.onnx_attributes import GATES, Recurrence, read_attributes
from elman.interop.onnx_graph import Graph, Node, Value
from elman.interop.onnx_layers import Weights, parameters_of, plain_activation
from elman.interop.onnx_operators import OPERATORS
from elman.interop.onnx_run import run_node
from elman.network.parameters import layer_prefix

__all__ = ["OUTPUTS", "Found", "read_layers", "room", "summary"]

Array = npt.NDArray[Any]

OUTPUTS = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid", "Relu": "relu", "Tanh": "tanh"}
# Operators allowed around recurrent nodes: those that move, count or mask values, and the output layer.
_GLUE = set(OPERATORS) - set(OUTPUTS) - {"Abs", "And", "ArgMax", "Clip", "Exp", "Log", "Neg", "Sum", "TopK"}
_MOST_LAYERS = 1000
_ROOM = 2**24  # values that the trials may compute, beside a multiple of the file's values
_SOURCES = ("float32", "float64", "int32", "int64")


@dataclass
class Product:
    """A product outside the recurrent nodes, with what follows up to the next one.

    Parameters
    ----------
    matrix : ndarray (inputs, outputs), optional
        None is the identity: a bias or an activation alone.
    biases : list of ndarray
        Vectors that are added.
    activation : str
        That follows.
    """

    matrix: Array | None = None
    biases: list[Array] = field(default_factory=list)
    activation: str = "identity"


class Projection(NamedTuple):
    """The name and value of W_p (directions, H, P), and the R (directions, 4H, P) that its transpose multiplies."""

    name: str
    W_p: Array
    R: Array

    @property
    def size(self) -> int:
        """P."""
        return int(self.W_p.shape[2])


@dataclass(frozen=True)
class Found:
    """The parts of a network found in a graph.

    Parameters
    ----------
    fields : dict of str
        Fields of the architecture, without sizes of output and skip.
    parameters : dict of str to ndarray
        Parameters of the recurrent layers and the embedding.
    heads : list of Product
        The products after the recurrent nodes, in order.
    skips : list of Product
        The products that do not depend on the recurrent nodes.
    source : Value
        The input that is neither lengths nor a state.
    dtype : dtype
        Type of the weights.
    """

    fields: dict[str, Any]
    parameters: dict[str, Array]
    heads: list[Product]
    skips: list[Product]
    source: Value
    dtype: np.dtype[Any]


def summary(graph: Graph) -> str:
    """List the operators of a graph with their counts."""
    counts = Counter(node.op for node in graph.nodes)
    return ", ".join(f"{number} {op}" for op, number in sorted(counts.items()))


def read_layers(graph: Graph) -> Found:
    """Read the weights from the nodes; refuse operators that no network has."""
    recurrent = [node for node in graph.nodes if node.op in GATES]
    if not recurrent:
        raise UnsupportedError(f"there is no RNN, LSTM or GRU in it; found {summary(graph)}.")
    if len(recurrent) > _MOST_LAYERS:
        raise UnsupportedError(f"has {len(recurrent)} recurrent nodes; networks have at most {_MOST_LAYERS} layers.")
    others = sorted({node.op for node in graph.nodes} - set(GATES) - set(_GLUE) - set(OUTPUTS))
    if others:
        raise UnsupportedError(
            f"has the operator {others[0]}, which no network of Elman has; found {summary(graph)}.\n"
            "  Hint: export the recurrent layers with the dense layers after them alone."
        )
    constants = _fold(graph)
    projections = {node.outputs[0]: found for node in recurrent if (found := _projection(graph, node, constants))}
    fields, parameters, dtype = _recurrent_layers(graph, recurrent, constants, projections)
    heads, skips = _products(graph, constants, {found.name for found in projections.values()})
    entering = _origins(graph, recurrent[0].inputs[0])
    source = _source(graph, recurrent, entering)
    if source.dtype in ("int64", "int32"):
        fields, parameters = _indices(graph, fields, parameters, entering, constants)
    held = [array for part in (*heads, *skips) for array in (part.matrix, *part.biases) if array is not None]
    for weights in (*parameters.values(), *held):
        if not np.isfinite(weights).all():
            raise DataError(f"its weights hold a value that is not finite, in an array of the shape {weights.shape}.")
    return Found(fields, parameters, heads, skips, source, dtype)


def _source(graph: Graph, recurrent: list[Node], entering: set[str]) -> Value:
    """Return the one input that is neither lengths nor a state."""
    sources = [value for value in graph.required if value.name in entering and value.dtype in _SOURCES]
    if not sources:
        raise UnsupportedError(f"{recurrent[0].place}: its X does not come from an input of the graph.")
    used = _origins(graph, graph.outputs[0].name) if graph.outputs else set()
    states = {name for node in recurrent for given in node.inputs[5:7] for name in _origins(graph, given)}
    for value in graph.inputs:
        other = value.name != sources[0].name and value.dtype not in ("int32", "int64")
        if other and value.name in used - states:
            raise UnsupportedError(
                f"its output depends on two inputs, {sources[0].name!r} and {value.name!r:.80}; networks have one."
            )
    return sources[0]


def _recurrent_layers(
    graph: Graph, nodes: list[Node], constants: Mapping[str, Array], projections: Mapping[str, Projection]
) -> tuple[dict[str, Any], dict[str, Array], np.dtype[Any]]:
    """Return the fields of the architecture and the parameters of the recurrent nodes."""
    parameters: dict[str, Array] = {}
    first, activation = read_attributes(nodes[0].op, nodes[0].attributes, nodes[0].place), ""
    cell, sizes, both, dtype = first.op.lower(), list[int](), list[bool](), np.dtype(np.float32)
    narrowed = projections[nodes[0].outputs[0]].size if nodes[0].outputs[0] in projections else None
    for layer, node in enumerate(nodes):
        own = read_attributes(node.op, node.attributes, node.place)
        weights = _weights(constants, node, own)
        activation = plain_activation(node.place, own, len(node.inputs) > 7 and bool(node.inputs[7]))
        if layer and nodes[layer - 1].outputs[0] not in _origins(graph, node.inputs[0]):
            raise UnsupportedError(f"{node.place}: does not follow {nodes[layer - 1].place}; found {summary(graph)}.")
        turned = ("reverse",) in (own.directions, first.directions) and own.directions != first.directions
        if turned or (own.op, own.activations[0]) != (first.op, first.activations[0]):
            raise UnsupportedError(f"{node.place}: differs from {nodes[0].place} in kind, direction or activation.")
        dtype = weights.W.dtype
        sizes.append(weights.R.shape[-1])
        both.append(len(own.directions) == 2)
        projection = projections.get(node.outputs[0])
        if (None if projection is None else projection.size) != narrowed:
            raise UnsupportedError(f"{node.place}: differs from {nodes[0].place} in its projection.")
        if projection is not None:
            weights = weights._replace(R=projection.R)
            parameters |= {layer_prefix(layer, way) + "W_p": W_p for way, W_p in enumerate(projection.W_p)}
        parameters |= parameters_of(cell, weights, layer)
    fields = {
        "input_size": int(parameters["layers.0.W_x"].shape[0]),
        "cell": cell,
        "hidden_size": tuple(sizes),
        "activation": activation,
        "bidirectional": tuple(both),
        "reverse": first.directions == ("reverse",),
        "projection_size": narrowed,
    }
    return fields, parameters, dtype


def _weights(constants: Mapping[str, Array], node: Node, own: Recurrence) -> Weights:
    """Return the constants W, R and B of a node."""
    arrays: list[Array | None] = []
    for place, name in ((1, "W"), (2, "R"), (3, "B")):
        given = node.inputs[place] if len(node.inputs) > place else ""
        array = constants.get(given) if given else None
        if array is None and (given or name != "B"):
            raise UnsupportedError(f"{node.place}: its {name} is not a constant of the file.")
        arrays.append(array)
    W, R, B = arrays
    assert W is not None and R is not None
    if W.dtype not in (np.float32, np.float64):
        raise UnsupportedError(f"{node.place}: its weights are {W.dtype}; networks have float32 or float64.")
    directions, gates, H = len(own.directions), GATES[own.op], R.shape[-1] if R.ndim == 3 else 0
    shapes_fit = W.ndim == 3 and W.shape[:2] == (directions, gates * H) and R.shape == (directions, gates * H, H)
    if H < 1 or not shapes_fit or W.shape[2] < 1 or (own.hidden_size or H) != H:
        raise UnsupportedError(f"{node.place}: W {W.shape} and R {R.shape} do not fit its attributes.")
    if B is not None and B.shape != (directions, 2 * gates * H):
        raise UnsupportedError(f"{node.place}: B has the shape {B.shape}, expected {(directions, 2 * gates * H)}.")
    return Weights(W, R, B)


def _projection(graph: Graph, node: Node, constants: Mapping[str, Array]) -> Projection | None:
    """Return the projection of an LSTM as `export_onnx` writes it: Y is multiplied by W_p, and R is a product."""
    product = next((other for other in graph.nodes if node.inputs[2:3] == other.outputs[:1]), None)
    R = constants.get(product.inputs[0]) if product is not None and product.op == "MatMul" else None
    whole = constants.get(node.inputs[2]) if len(node.inputs) > 2 else None
    if node.op != "LSTM" or R is None or whole is None or whole.ndim != 3 or R.ndim != 3:
        return None
    wanted = (len(whole), whole.shape[2], R.shape[2])
    for other in graph.nodes:
        W_p = constants.get(other.inputs[1]) if other.op == "MatMul" and other.inputs[0] == node.outputs[0] else None
        if W_p is not None and W_p.shape == wanted:
            return Projection(other.inputs[1], W_p, R)
    return None


def _fold(graph: Graph) -> dict[str, Array]:
    """Return every constant tensor: stored in the file, or computed from constants."""
    given = {value.name for value in graph.inputs}
    known = {name: array for name, array in graph.constants.items() if name not in given}
    left = room(graph)
    for node in graph.nodes:
        if node.op not in GATES and all(name in known for name in node.inputs if name):
            made = run_node(node, known, left)
            left -= sum(array.size for array in made)
            known |= dict(zip(node.outputs, made, strict=False))
    return known


def room(graph: Graph) -> int:
    """Return the number of values that the analysis of a graph may compute."""
    return _ROOM + 8 * sum(array.size for array in graph.constants.values())


def _origins(graph: Graph, name: str) -> set[str]:
    """Return all tensors that ``name`` is computed from, itself included; recurrent nodes count only through X."""
    makers = {output: node for node in graph.nodes for output in node.outputs if output}
    found: set[str] = set()
    waiting = [name]
    while waiting:
        tensor = waiting.pop()
        if tensor and tensor not in found:
            found.add(tensor)
            if tensor in makers:
                node = makers[tensor]
                waiting += node.inputs[:1] if node.op in GATES else node.inputs
    return found


def _products(graph: Graph, known: Mapping[str, Array], projections: set[str]) -> tuple[list[Product], list[Product]]:
    """Return the products with constants, but projections, after the recurrent nodes, and those beside them."""
    heads, skips = [Product()], list[Product]()
    recurrent = {output for node in graph.nodes if node.op in GATES for output in node.outputs}
    above = set(recurrent)  # tensors that depend on a recurrent node
    for node in graph.nodes:
        if node.op in GATES:
            continue
        depends = not above.isdisjoint(node.inputs)
        if depends:
            above.update(node.outputs)
        if node.op in OUTPUTS:
            if depends:
                _activate(heads, OUTPUTS[node.op])
            else:
                raise UnsupportedError(f"{node.place}: acts on the input, before the recurrent layers.")
        elif node.op in ("MatMul", "Gemm", "Add") and projections.isdisjoint(node.inputs):
            made = _product(node, known)
            if made is None:
                continue
            if made.matrix is not None:
                (heads if depends else skips).append(made)
            elif depends or not skips:
                heads[-1].biases += made.biases
            else:
                skips[-1].biases += made.biases
    return (heads[1:] if heads[0] == Product() and len(heads) > 1 else heads), skips


def _activate(heads: list[Product], activation: str) -> None:
    if heads[-1].activation != "identity":
        heads.append(Product())
    heads[-1].activation = activation


def _product(node: Node, known: Mapping[str, Array]) -> Product | None:
    """Return the constants of a product or a sum; None if it has none, or nothing else."""
    held = [(place, known[name]) for place, name in enumerate(node.inputs) if name in known]
    held = [(place, array) for place, array in held if array.dtype.kind == "f"]
    if not held or len(held) == len(node.inputs):
        return None
    if node.op == "Gemm" and (node.attributes.get("transA", 0) or held[0][0] != 1):
        raise UnsupportedError(f"{node.place}: is not a dense layer: its matrix is not the second input.")
    found = Product()
    for place, array in held:
        if node.op == "Gemm":
            scale = node.attributes.get("alpha" if place == 1 else "beta", 1.0)
            array = np.asarray(scale * (array.T if place == 1 and node.attributes.get("transB", 0) else array))
        if array.ndim == 2 and node.op != "Add" and place == 1:
            found.matrix = array
        else:
            found.biases.append(array)
    return found


def _indices(
    graph: Graph,
    fields: dict[str, Any],
    parameters: dict[str, Array],
    entering: set[str],
    constants: Mapping[str, Array],
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the fields and parameters of a network that takes indices."""
    fields, parameters = fields | {"input_size": None}, dict(parameters)
    for node in graph.nodes:
        if node.op == "Gather" and node.outputs[0] in entering:
            table = constants.get(node.inputs[0])
            if table is not None and table.ndim == 2 and table.dtype.kind == "f":
                sizes = {"vocabulary_size": len(table), "embedding_size": table.shape[1]}
                return fields | sizes, parameters | {"embedding": table}
    return fields | {"vocabulary_size": int(parameters["layers.0.W_x"].shape[0])}, parameters
