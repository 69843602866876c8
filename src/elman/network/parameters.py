"""One flat vector for all parameters, with a named view of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError, ShapeError
from elman.network.architecture import Architecture

Shape = tuple[int, ...]


class ParameterLayout:
    """Position of each parameter in the flat vector.

    Gradients, moments of optimizers and checkpoints are flat vectors of the same layout, so clipping, an optimizer
    step, saving and comparing are each one operation on one array.

    Parameters
    ----------
    architecture : Architecture
        The network whose parameters are laid out.

    Attributes
    ----------
    shapes : dict of str to tuple of int
        Shape of each parameter, in the order of the vector: ``embedding``, ``layers.0.W_x``, ``layers.0.W_h``,
        ``layers.0.W_p`` (projection), ``layers.0.gain_h``, ``layers.0.gain_x``, ``layers.0.gain_c`` (layer
        normalization), ``layers.0.b``, ``layers.0.b_hn`` (GRU), ``layers.0.b_c`` (layer normalization of an LSTM),
        ``layers.0.reverse.W_x``, …, ``dense.0.W``, ``dense.0.b``, …, ``output.W_y``, ``output.b_y``, ``skip.W_k``.
    slices : dict of str to slice
        Position of each parameter in the vector.
    size : int
        Length of the vector, P.

    Examples
    --------
    >>> layout = ParameterLayout(Architecture(3, 2, cell="rnn", hidden_size=4))
    >>> layout.shapes
    {'layers.0.W_x': (3, 4), 'layers.0.W_h': (4, 4), 'layers.0.b': (4,), 'output.W_y': (4, 2), 'output.b_y': (2,)}
    >>> layout.size, layout.slices["layers.0.W_h"]
    (42, slice(12, 28, None))
    """

    def __init__(self, architecture: Architecture) -> None:
        self.shapes: dict[str, Shape] = dict(_shapes(architecture))
        self.slices: dict[str, slice] = {}
        self.size = 0
        for name, shape in self.shapes.items():
            end = self.size + prod(shape)
            self.slices[name] = slice(self.size, end)
            self.size = end

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters in the order of the vector."""
        return tuple(self.shapes)


def _shapes(architecture: Architecture) -> Iterator[tuple[str, Shape]]:
    """Yield name and shape of every parameter, in the order of the vector."""
    if architecture.embedding_size is not None and architecture.vocabulary_size is not None:
        yield "embedding", (architecture.vocabulary_size, architecture.embedding_size)
    for layer, direction in architecture.parts:
        yield from _layer_shapes(architecture, layer, layer_prefix(layer, direction))
    width = architecture.readout_size
    for layer, units in enumerate(architecture.dense):
        yield dense_prefix(layer) + "W", (width, units)
        if architecture.bias:
            yield dense_prefix(layer) + "b", (units,)
        width = units
    if not architecture.tied_weights:
        yield "output.W_y", (width, architecture.output_size)
    if architecture.bias:
        yield "output.b_y", (architecture.output_size,)
    if architecture.linear_skip and architecture.input_size is not None:
        yield "skip.W_k", (architecture.skip_steps * architecture.input_size, architecture.output_size)


def _layer_shapes(architecture: Architecture, layer: int, prefix: str) -> Iterator[tuple[str, Shape]]:
    H = architecture.layer_size(layer)
    columns = architecture.gates * H
    yield prefix + "W_x", (architecture.layer_input_size(layer), columns)
    yield prefix + "W_h", (architecture.projection_size or H, columns)
    if architecture.projection_size is not None:
        yield prefix + "W_p", (H, architecture.projection_size)
    kind, norm = architecture.kind, architecture.layer_norm
    own = {"gain_h": (columns, norm), "gain_x": (columns, norm and kind.has_gates), "gain_c": (H, norm and kind.has_c)}
    biases = {"b": (columns, True), "b_hn": (H, kind.has_b_hn), "b_c": (H, norm and kind.has_c)}
    for name, (size, has) in (own | (biases if architecture.bias else {})).items():
        if has:
            yield prefix + name, (size,)


def layer_prefix(layer: int, direction: int) -> str:
    """Return the prefix of the names of one layer and direction."""
    return f"layers.{layer}." + ("reverse." if direction else "")


def dense_prefix(layer: int) -> str:
    """Return the prefix of the names of one hidden dense layer."""
    return f"dense.{layer}."


class Parameters(Mapping[str, npt.NDArray[Any]]):
    """Named views into one flat vector; writing to a view writes to the vector.

    Parameters
    ----------
    theta : ndarray (P,)
        The vector: contiguous, float32 or float64.
    layout : ParameterLayout
        Names, shapes and positions.

    Raises
    ------
    ShapeError
        If the vector's length is not the layout's.
    ArgumentError
        If the vector is not a contiguous ndarray of float32 or float64.

    Examples
    --------
    >>> layout = ParameterLayout(Architecture(1, 1, cell="rnn", hidden_size=1))
    >>> theta = np.zeros(layout.size)
    >>> parameters = Parameters(theta, layout)
    >>> parameters["output.b_y"][:] = 3.0
    >>> theta
    array([0., 0., 0., 0., 3.])
    """

    def __init__(self, theta: npt.NDArray[Any], layout: ParameterLayout) -> None:
        if not isinstance(theta, np.ndarray) or theta.dtype not in (np.float32, np.float64):
            kind = theta.dtype if isinstance(theta, np.ndarray) else type(theta).__name__
            raise ArgumentError(f"Parameters: theta must be an array of float32 or float64, got {kind}.")
        if theta.shape != (layout.size,):
            raise ShapeError(
                f"Parameters: theta must have shape (P,) = ({layout.size},), got {theta.shape}.\n"
                f"  P={layout.size} comes from the architecture."
            )
        if not theta.flags.c_contiguous or not theta.flags.aligned or not theta.dtype.isnative:
            raise ArgumentError("Parameters: theta must be contiguous, aligned and of native byte order.")
        self.theta = theta
        self._views = {name: theta[layout.slices[name]].reshape(shape) for name, shape in layout.shapes.items()}

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)
