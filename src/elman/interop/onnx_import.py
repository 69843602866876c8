"""`import_onnx`: an ONNX file as an `elman.Network`, with a proof that both give the same results.

The operators between recurrent nodes can be written in many ways. The weights come from the nodes; connections, readout
and order of axes are found by trial: of the networks that the weights allow, the one that gives the file's own results
on examples of several shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError, ElmanError, UnsupportedError
from elman.interop.onnx_file import load_graph
from elman.interop.onnx_graph import Graph
from elman.interop.onnx_reading import Found, read_layers, room, summary
from elman.interop.onnx_run import run_graph
from elman.interop.proof import Imported, Proof, compare, difference
from elman.network import Architecture, Network, ParameterLayout
from elman.network.architecture import READOUTS
from elman.network.parameters import dense_prefix
from elman.persistence.files import StrPath

__all__ = ["Imported", "import_onnx", "network_of"]

Array = npt.NDArray[Any]

TOLERANCE = 1e-5
_SHAPES = ((5, 3), (1, 1), (8, 2))  # steps and rows of the examples
_LONGEST = 10_000  # steps or rows of an example with sizes fixed by the file


def import_onnx(path: StrPath) -> Imported[Network]:
    """Read an ONNX file of recurrent layers, with or without an output layer, as a network.

    Parameters
    ----------
    path : str or path
        A regular file; external data must be in its folder.

    Returns
    -------
    network : Network
        Time first, for any order in the file. Without an output layer in the file, the identity is the output layer.
    proof : Proof
        The largest difference between the network and the file, which runs in ONNX Runtime if installed, else in NumPy.

    Raises
    ------
    FileFormatError
        If the file is damaged or is no ONNX file.
    DataError
        If a weight is not finite.
    UnsupportedError
        If a network cannot represent the graph; the message names the reason.
    MissingExtraError
        If the package onnx is not installed.
    OSError
        If it cannot be opened or read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         import_onnx(f"{folder}/nothing.onnx")
    ...     except (FileNotFoundError, ImportError):  # the second without the package onnx
    ...         print("no file")
    no file
    """
    graph = load_graph(path)
    try:
        return network_of(graph, _runtime(path))
    except ElmanError as error:
        raise type(error)(f"{path}: {error}") from None


def _runtime(path: StrPath) -> Any:
    """Return a session of ONNX Runtime, or None."""
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return lambda: onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class _Layout(NamedTuple):
    """Order of axes in a file: rows before steps in the input, and in an output at every step."""

    rows_first_in: bool
    rows_first_out: bool


def network_of(graph: Graph, runtime: Any = None) -> Imported[Network]:
    """Return the network that equals a graph.

    Parameters
    ----------
    graph : Graph
        From `elman.interop.onnx_file.load_graph`.
    runtime : callable, optional
        Returns a session of ONNX Runtime to compare with; without one the graph runs in NumPy.

    Raises
    ------
    UnsupportedError
        If no network equals it.
    InterchangeError
        If the results of ONNX Runtime differ from the network's.

    Examples
    --------
    >>> from elman.interop.onnx_network import network_graph
    >>> network = Network.initialized(Architecture(2, 1, cell="gru", hidden_size=3))
    >>> bool((network_of(network_graph(network, {})).network.theta == network.theta).all())
    True
    """
    found = read_layers(graph)
    examples = [_example(graph, found, layout, *shape) for layout in (False, True) for shape in _SHAPES]
    results = [_results(graph, example) for example in examples]
    half = len(_SHAPES)
    for network, every in _candidates(found):
        for rows_first in (False, True):
            part = slice(half, None) if rows_first else slice(0, half)
            if any(result is None for result in results[part]):
                continue
            for rows_first_out in (False, True) if every else (rows_first,):
                layout = _Layout(rows_first, rows_first_out)
                if all(
                    _agree(network, layout, example, result)
                    for example, result in zip(examples[part], results[part], strict=True)
                ):
                    return Imported(network, _proof(graph, network, layout, examples[part], results[part], runtime))
    hint = "elman.interop.onnx_run.run_graph runs the file."
    if any(found.fields["bidirectional"]):
        hint += (
            " If the last step of both directions is read, the backward one has seen one step only; in PyTorch, "
            "torch.cat([h_n[-2], h_n[-1]], 1) has both ends."
        )
    raise UnsupportedError(
        f"its operators ({summary(graph)}) are not those of an Elman network: no readout (every step, last, mean, max) "
        f"and order of axes gives the file's own results.\n  Hint: {hint}"
    )


# Trials


def _candidates(found: Found) -> Iterator[tuple[Network, bool]]:
    """Yield every network that the weights allow, and whether its readout is at every step."""
    fields, named = _with_heads(found)
    if len(found.skips) > 1:
        raise UnsupportedError(f"has {len(found.skips)} products beside its recurrent layers; networks have one.")
    for readout in READOUTS:
        skip = _with_skip(found, fields, readout)
        if skip is None:
            continue
        try:
            architecture = Architecture(**fields, **skip[0], readout=readout)
        except ArgumentError:  # sizes that do not fit: no network
            continue
        given, layout = named | skip[1], ParameterLayout(architecture)
        if any(name not in given or given[name].shape != shape for name, shape in layout.shapes.items()):
            continue
        theta = np.concatenate([np.ravel(given[name]) for name in layout.names]).astype(found.dtype)
        yield Network(architecture, theta), readout == "every"


def _with_heads(found: Found) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the fields and parameters with those of the dense layers."""
    units = found.fields["projection_size"] or found.fields["hidden_size"][-1]
    width = (1 + found.fields["bidirectional"][-1]) * units
    named, dense, activations = dict(found.parameters), list[int](), list[str]()
    for number, product in enumerate(found.heads):
        W = np.eye(width, dtype=found.dtype) if product.matrix is None else product.matrix
        width = W.shape[1]
        if product is found.heads[-1]:
            beside = [bias for skip in found.skips for bias in skip.biases]
            named |= {"output.W_y": W, "output.b_y": _bias([*product.biases, *beside], width, found.dtype)}
        elif product.activation not in _check.HIDDEN_ACTIVATIONS:
            raise UnsupportedError(f"has a {product.activation} before another layer; networks have it at the end.")
        else:
            prefix = dense_prefix(number)
            named |= {prefix + "W": W, prefix + "b": _bias(product.biases, width, found.dtype)}
            dense.append(width)
            activations.append(product.activation)
    fields = dict(found.fields, output_size=width, output=found.heads[-1].activation)
    return fields | {"dense": tuple(dense), "dense_activation": tuple(activations)}, named


def _with_skip(found: Found, fields: dict[str, Any], readout: str) -> tuple[dict[str, Any], dict[str, Array]] | None:
    """Return the fields and the parameter of the linear skip; None if the readout allows no such skip."""
    if not found.skips:
        return {}, {}
    (skip,), size = found.skips, found.fields["input_size"]
    assert skip.matrix is not None
    rows, columns = skip.matrix.shape
    allowed = size is not None and columns == fields["output_size"] and readout in ("every", "last")
    if not allowed or rows % size or (readout == "every" and rows != size):
        return None
    return {"linear_skip": True, "skip_steps": rows // size}, {"skip.W_k": skip.matrix}


def _bias(biases: list[Array], size: int, dtype: np.dtype[Any]) -> Array:
    """Return the sum of the biases of a product."""
    total = np.zeros(size, dtype)
    for bias in biases:
        if bias.size in (1, size):
            total = total + bias.reshape(-1)
    return total


def _example(graph: Graph, found: Found, rows_first: bool, steps: int, rows: int) -> dict[str, Array]:
    """Return inputs for a graph: random values, all steps valid, zero states."""
    rng = np.random.default_rng([steps, rows])
    lead = [rows, steps] if rows_first else [steps, rows]
    for axis, size in enumerate((found.source.dims or ())[:2]):  # some files are written for one shape only
        lead[axis] = size if isinstance(size, int) and size > 0 else lead[axis]
    rows, steps = lead if rows_first else lead[::-1]
    width = found.fields["input_size"] or 1
    if rows * steps * width > room(graph) or max(lead) > _LONGEST:
        raise UnsupportedError(
            f"its input {found.source.name!r:.80} is fixed to {lead[0]} × {lead[1]} × {width} values; files of at most "
            f"{_LONGEST} steps or rows and {room(graph)} values are tried.\n  Hint: leave the sizes open."
        )
    if found.source.dtype in ("int64", "int32"):
        x: Array = rng.integers(0, found.fields["vocabulary_size"], lead).astype(found.source.dtype)
    else:
        x = rng.normal(size=(*lead, found.fields["input_size"])).astype(found.source.dtype)
    example = {found.source.name: x}
    for value in graph.required:
        if value.name == found.source.name:
            continue
        dims = [size if isinstance(size, int) and size > 0 else rows for size in value.dims or ()]
        if prod(dims) > room(graph):
            raise UnsupportedError(f"its input {value.name!r:.80} has {prod(dims):.3g} values, more than are tried.")
        filled = steps if value.dtype in ("int64", "int32") else 0
        example[value.name] = np.full(dims, filled, value.dtype)
    return example


def _results(graph: Graph, example: Mapping[str, Array]) -> list[Array] | None:
    """Return the outputs of a graph, or None if it cannot take the example."""
    try:
        return list(run_graph(graph, example, room(graph)).values())
    except ElmanError:
        return None


def _ours(network: Network, layout: _Layout, example: Mapping[str, Array]) -> list[Array]:
    """Return a network's results for an example: the output, then the states."""
    x = next(iter(example.values()))
    final, y = network.run(np.swapaxes(x, 0, 1) if layout.rows_first_in else x)
    if network.architecture.readout == "every" and layout.rows_first_out:
        y = np.swapaxes(y, 0, 1)
    return [y, *final.to_arrays().values()]


def _agree(network: Network, layout: _Layout, example: Mapping[str, Array], result: list[Array] | None) -> bool:
    """Whether a network's output equals a graph's first output."""
    if not result:
        return False
    ours = _ours(network, layout, example)[0]
    return difference(ours, _like(result[0], ours)) <= TOLERANCE


def _like(theirs: Array, ours: Array) -> Array:
    """Return an output in our shape: without axes of size 1, and with concatenated directions instead of an axis.

    Of several ways it takes the one nearest to ours; without any it returns the output unchanged.
    """
    if theirs.size != ours.size or theirs.dtype.kind != "f":
        return theirs
    ways = []
    if [size for size in theirs.shape if size != 1] == [size for size in ours.shape if size != 1]:
        ways.append(theirs.reshape(ours.shape))
    for axis in range(theirs.ndim - 1):
        moved = np.moveaxis(theirs, axis, -2)
        if moved.shape[:-2] == ours.shape[:-1]:
            ways.append(moved.reshape(ours.shape))
    return min(ways, key=lambda way: difference(ours, way)) if ways else theirs


def _proof(
    graph: Graph, network: Network, layout: _Layout, examples: list[dict[str, Array]], results: Any, runtime: Any
) -> Proof:
    """Compare once more, in ONNX Runtime if it is installed."""
    other = "the file run in NumPy (onnxruntime is not installed)"
    if runtime is not None:
        import onnxruntime

        try:
            session = runtime()
            results, other = (
                [session.run(None, example) for example in examples],
                f"ONNX Runtime {onnxruntime.__version__}",
            )
        except Exception:  # ONNX Runtime has an exception class per cause, such as layout=1
            other = f"the file run in NumPy (ONNX Runtime {onnxruntime.__version__} cannot run it)"
    pairs = {}
    for number, (example, result) in enumerate(zip(examples, results, strict=True), 1):
        ours = _ours(network, layout, example)[0]
        pairs[f"output {graph.outputs[0].name!r:.80} of example {number}"] = (ours, _like(result[0], ours))
    return compare("import_onnx", other, pairs, TOLERANCE)
