"""Networks with weights of fewer bits."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.engine import dequantize, quantize, rounded
from elman.errors import ArgumentError, FileFormatError
from elman.network.architecture import Architecture
from elman.network.parameters import ParameterLayout
from elman.persistence.models import check_layers, check_members

Array = npt.NDArray[Any]

COMPACT = ("theta.int8", "theta.scale", "theta.rest")  # tensors of a file
_DTYPES = (np.int8, np.float32, np.float32)


def rounded_parameters(
    place: str, architecture: Architecture, parameters: Mapping[str, Array], precision: str
) -> dict[str, Array]:
    """Return copies of a network's parameters, those that are matrices rounded to a precision.

    Parameters
    ----------
    place : str
        Start of messages.
    architecture : Architecture
        Of the network.
    parameters : mapping of str to ndarray
        Its parameters by name.
    precision : {"float32", "float64", "bfloat16", "int8"}
        The first two change nothing.

    Raises
    ------
    ArgumentError
        If the precision is unknown, a weight to be rounded is not finite, or a product has too many inputs for int8.

    Examples
    --------
    >>> architecture = Architecture(1, 1, cell="rnn", hidden_size=1)
    >>> parameters = {"layers.0.W_x": np.float32([[1.001]]), "layers.0.b": np.float32([1.001])}
    >>> rounded_parameters("Stream", architecture, parameters, "bfloat16")
    {'layers.0.W_x': array([[1.]], dtype=float32), 'layers.0.b': array([1.001], dtype=float32)}
    """
    if precision in ("float32", "float64"):
        return {name: np.array(value) for name, value in parameters.items()}
    _check.choice(place, "precision", precision, _check.PRECISIONS)
    found = {}
    for name, value in parameters.items():
        if value.ndim == 1:
            found[name] = np.array(value)
            continue
        if not np.isfinite(value).all():
            raise ArgumentError(f"{place}: {_check.first_wrong(name, value, ~np.isfinite(value), 'finite')}")
        W = in_columns(name, value)
        if not (architecture.one_hot and name == "layers.0.W_x"):  # whose rows are read one by one
            _check.check_inputs(place, precision, {f"the number of inputs of {name}": len(W)})
        found[name] = in_columns(name, rounded(W, precision))
    return found


def in_columns(name: str, W: Array) -> Array:
    """Return a matrix in the form with one column for each scale, or back from it.

    An embedding has a scale for every row, so that tied weights, whose columns are its rows, are the same numbers.

    Examples
    --------
    >>> in_columns("embedding", np.zeros((5, 2))).shape, in_columns("output.W_y", np.zeros((5, 2))).shape
    ((2, 5), (5, 2))
    """
    return np.ascontiguousarray(W.T if name == "embedding" else W)


def compact(architecture: Architecture, theta: Array) -> dict[str, Array] | None:
    """Return parameters whose matrices are rounded to int8 as the arrays of a file, or None for others.

    Parameters
    ----------
    architecture : Architecture
        Of the networks.
    theta : ndarray (P,) or (M, P)
        Parameters of one network, or of M.

    Returns
    -------
    arrays : dict of str to ndarray, or None
        ``theta.int8`` of int8 and ``theta.scale`` of float32, the integers and the scales of all matrices, and
        ``theta.rest`` of float32, all other parameters, each in the order of `ParameterLayout` in its last axis.

    Examples
    --------
    >>> architecture = Architecture(1, 1, cell="rnn", hidden_size=1)
    >>> theta = np.array([127, -254, 3, 0, 4], np.float32)                         # W_x, W_h, b, W_y, b_y
    >>> {name: array.tolist() for name, array in compact(architecture, theta).items()}
    {'theta.int8': [127, -127, 0], 'theta.scale': [1.0, 2.0, 0.0], 'theta.rest': [3.0, 4.0]}
    >>> compact(architecture, theta + np.float32(0.1)) is None
    True
    """
    if theta.dtype != np.float32 or not np.isfinite(theta).all():
        return None
    members = [_compact(architecture, own) for own in np.atleast_2d(theta)]
    if not members or any(own is None for own in members):
        return None
    found = {name: np.stack([own[name] for own in members if own is not None]) for name in COMPACT}
    return found if theta.ndim > 1 else {name: array[0] for name, array in found.items()}


def expand(architecture: Architecture, arrays: Mapping[str, Array]) -> Array:
    """Return the parameters from the arrays of `compact`.

    Raises
    ------
    FileFormatError
        If they are not exactly the result of `compact` for some parameters of this architecture.
    """
    check_layers(architecture.num_layers)
    q, scale, rest = (arrays[name] for name in COMPACT)
    if [array.dtype.name for array in (q, scale, rest)] != ["int8", "float32", "float32"] or q.ndim not in (1, 2):
        raise FileFormatError("theta.int8 must hold int8, theta.scale and theta.rest float32")
    check_members(q)
    if architecture.num_layers > q.shape[-1]:  # before the layout, which lists every layer
        raise FileFormatError(f"num_layers is {architecture.num_layers}, but theta.int8 has {q.size} values")
    shapes = ParameterLayout(architecture).shapes
    lead = q.shape[:-1]
    if [array.shape for array in (q, scale, rest)] != [(*lead, size) for size in _sizes(shapes)]:
        raise FileFormatError("theta.int8, theta.scale and theta.rest do not fit the architecture")
    members = zip(*(np.atleast_2d(array) for array in (q, scale, rest)), strict=True)
    theta = np.array([_expanded(shapes, *own) for own in members], np.float32).reshape(*lead, -1)
    again = compact(architecture, theta)
    if again is None or any(not np.array_equal(again[name], arrays[name]) for name in COMPACT):
        raise FileFormatError("theta.int8 and theta.scale are not those of quantized weights")
    return theta


def _compact(architecture: Architecture, theta: Array) -> dict[str, Array] | None:
    """Return the arrays of one network; networks of zeros are none."""
    layout = ParameterLayout(architecture)
    q: list[Array] = []
    scale: list[Array] = []
    rest: list[Array] = []
    for name, shape in layout.shapes.items():
        value = theta[layout.slices[name]].reshape(shape)
        if len(shape) == 1:
            rest.append(value)
            continue
        integers, factors = quantize(in_columns(name, value))
        if not np.array_equal(in_columns(name, dequantize(integers, factors)), value):
            return None
        q.append(in_columns(name, integers).ravel())
        scale.append(factors)
    parts = (
        np.concatenate([np.empty(0, dtype), *values]) for dtype, values in zip(_DTYPES, (q, scale, rest), strict=True)
    )
    found = dict(zip(COMPACT, parts, strict=True))
    return found if found["theta.scale"].any() else None


def _sizes(shapes: Mapping[str, tuple[int, ...]]) -> list[int]:
    """Return the numbers of integers, scales and other parameters."""
    matrices = {name: shape for name, shape in shapes.items() if len(shape) == 2}
    scales = sum(shape[0] if name == "embedding" else shape[1] for name, shape in matrices.items())
    return [sum(map(prod, matrices.values())), scales, sum(shape[0] for shape in shapes.values() if len(shape) == 1)]


def _expanded(shapes: Mapping[str, tuple[int, ...]], q: Array, scale: Array, rest: Array) -> Array:
    """Return the parameters of one network."""
    parts = []
    for name, shape in shapes.items():
        if len(shape) == 1:
            value, rest = rest[: shape[0]], rest[shape[0] :]
        else:
            integers, q = q[: prod(shape)].reshape(shape), q[prod(shape) :]
            columns = shape[0] if name == "embedding" else shape[1]
            own, scale = scale[:columns], scale[columns:]
            value = integers * (own[:, np.newaxis] if name == "embedding" else own)
        parts.append(value.ravel())
    return np.concatenate(parts)
