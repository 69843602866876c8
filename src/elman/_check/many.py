"""The arguments of `update_many`: many networks of one architecture, trained side by side."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman._check.cells import CELLS, cell_activation, cell_kind
from elman._check.layers import REDUCTIONS, not_negative
from elman._check.shapes import Array, Shapes
from elman._check.values import boolean, choice, first_wrong, integer, number_in, positive_integer, within
from elman._check.values import bptt_depth as checked_depth
from elman.errors import ArgumentError, DataError, ShapeError

__all__ = ["OPTIMIZER_OPTIONS", "ManyArguments", "places_of", "update_many"]

LOSS_PARAMETERS = {"huber": (1.0, "(0, inf)"), "pinball": (0.5, "(0, 1)")}
LOSSES = (
    "half_squared_error",
    "mean_squared_error",
    "mean_absolute_error",
    *LOSS_PARAMETERS,
    "binary_cross_entropy",
    "categorical_cross_entropy",
)
# Vectors of each optimizer, and its options in the order of its step, each with its default and range.
OPTIMIZER_OPTIONS: dict[str, tuple[int, dict[str, tuple[float, str]]]] = {
    "adam": (
        2,
        {
            "beta_1": (0.9, "[0, 1)"),
            "beta_2": (0.999, "[0, 1)"),
            "epsilon": (1e-8, "(0, inf)"),
            "weight_decay": (0.0, "[0, inf)"),
        },
    ),
    "rmsprop": (1, {"decay": (0.9, "[0, 1)"), "epsilon": (1e-8, "(0, inf)")}),
    "sgd": (1, {"momentum": (0.0, "[0, inf)"), "nesterov": (False, ""), "weight_decay": (0.0, "[0, inf)")}),
}
_MOST_COUNT = 2**63 - 1


class ManyArguments(NamedTuple):
    """Checked arguments of `update_many`, in the order of the kernel, which takes no depth."""

    cell: str
    activation: str
    hidden_sizes: list[int]
    bias: bool
    linear_skip: bool
    dropout: float
    recurrent_dropout: float
    theta: Array
    vectors: list[Array]
    x: Array
    y: Array
    weight: Array | None
    lengths: Array | None
    loss: str
    loss_parameter: float
    reduction: str
    bptt_depth: int | None
    optimizer: str
    options: list[float]
    clip_norm: float
    clip_value: float
    learning_rate: Array
    seed: Array
    step: Array


def places_of(
    cell: str, hidden_sizes: list[int], D: int, K: int, bias: bool, linear_skip: bool
) -> dict[str, tuple[slice, tuple[int, ...]]]:
    """Return position and shape of every parameter in theta, in the order of `elman.network.ParameterLayout`.

    Examples
    --------
    >>> {name: shape for name, (_, shape) in places_of("rnn", [4], 3, 2, bias=True, linear_skip=True).items()}
    {'0.W_x': (3, 4), '0.W_h': (4, 4), '0.b': (4,), 'W_y': (4, 2), 'b_y': (2,), 'W_k': (3, 2)}
    """
    kind, shapes, width = CELLS[cell], dict[str, tuple[int, ...]](), D
    for layer, H in enumerate(hidden_sizes):
        columns = len(kind.gates) * H
        shapes |= {f"{layer}.W_x": (width, columns), f"{layer}.W_h": (H, columns)}
        if bias:
            shapes[f"{layer}.b"] = (columns,)
        if bias and kind.has_b_hn:
            shapes[f"{layer}.b_hn"] = (H,)
        width = H
    shapes["W_y"] = width, K
    if bias:
        shapes["b_y"] = (K,)
    if linear_skip:
        shapes["W_k"] = D, K
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()]).tolist()
    begins = [0, *ends[:-1]]
    return {
        name: (slice(begin, end), shape) for (name, shape), begin, end in zip(shapes.items(), begins, ends, strict=True)
    }


def update_many(
    place: str,
    dtype: npt.DTypeLike | None,
    theta: Any,
    vectors: Any,
    x: Any,
    y: Any,
    weight: Any,
    lengths: Any,
    cell: Any,
    hidden_sizes: Any,
    activation: Any,
    bias: Any,
    linear_skip: Any,
    dropout: Any,
    recurrent_dropout: Any,
    loss: Any,
    loss_parameter: Any,
    reduction: Any,
    bptt_depth: Any,
    optimizer: Any,
    options: Any,
    learning_rate: Any,
    clip_norm: Any,
    clip_value: Any,
    seed: Any,
    step: Any,
) -> ManyArguments:
    """Check the arguments of `update_many`."""
    s = Shapes(place, dtype, theta)
    cell_kind(place, cell)
    sizes = _hidden_sizes(place, hidden_sizes)
    bias, linear_skip = boolean(place, "bias", bias), boolean(place, "linear_skip", linear_skip)
    x = s.array("x", x, "M", "U", "T", "N", "D")
    y = s.array("y", y, "M", "U", "T", "N", "K")
    places = places_of(cell, sizes, s.sizes["D"], s.sizes["K"], bias, linear_skip)
    optimizer = choice(place, "optimizer", optimizer, tuple(OPTIMIZER_OPTIONS))
    theta, moments = _vectors(s, optimizer, theta, vectors, max(place.stop for place, _ in places.values()))
    loss = choice(place, "loss", loss, LOSSES)
    weight, lengths = _weight(s, weight, loss), _lengths(s, lengths)
    if loss == "binary_cross_entropy":
        _check_probabilities(s, y, weight, lengths)
    return ManyArguments(
        cell,
        cell_activation(place, cell, activation),
        sizes,
        bias,
        linear_skip,
        number_in(place, "dropout", dropout, "[0, 1)"),
        number_in(place, "recurrent_dropout", recurrent_dropout, "[0, 1)"),
        theta,
        moments,
        x,
        y,
        weight,
        lengths,
        loss,
        _loss_parameter(place, loss, loss_parameter),
        choice(place, "reduction", reduction, REDUCTIONS),
        checked_depth(place, bptt_depth),
        optimizer,
        _options(place, optimizer, options),
        inf if clip_norm is None else number_in(place, "clip_norm", clip_norm, "(0, inf)"),
        inf if clip_value is None else number_in(place, "clip_value", clip_value, "(0, inf)"),
        _rates(s, learning_rate),
        _counts(s, "seed", seed, _MOST_COUNT),
        _counts(s, "step", step, _MOST_COUNT - s.sizes["U"]),
    )


def _hidden_sizes(place: str, sizes: Any) -> list[int]:
    if not isinstance(sizes, (list, tuple)) or not sizes:
        raise ArgumentError(f"{place}: hidden_sizes must list the units of every layer, got {sizes!r}.")
    return [positive_integer(place, f"hidden_sizes[{layer}]", size) for layer, size in enumerate(sizes)]


def _vectors(s: Shapes, optimizer: str, theta: Any, vectors: Any, P: int) -> tuple[Array, list[Array]]:
    """Return theta and the optimizer's vectors, which are written to: no two may share memory."""
    theta = s.in_place("theta", theta, "M", P)
    count, _ = OPTIMIZER_OPTIONS[optimizer]
    if not isinstance(vectors, (list, tuple)) or len(vectors) != count:
        given = len(vectors) if isinstance(vectors, (list, tuple)) else type(vectors).__name__
        raise ShapeError(f"{s.place}: vectors must be a list of {count} arrays for {optimizer!r}, got {given}.")
    moments = [s.in_place(f"vectors[{index}]", vector, "M", P) for index, vector in enumerate(vectors)]
    written = [("theta", theta), *((f"vectors[{index}]", vector) for index, vector in enumerate(moments))]
    for index, (name, vector) in enumerate(written):
        for other, another in written[index + 1 :]:
            if np.may_share_memory(vector, another):
                raise ArgumentError(f"{s.place}: {name} and {other} share memory; they must be separate arrays.")
    return theta, moments


def _weight(s: Shapes, weight: Any, loss: str) -> Array | None:
    """Return weights per component, or per row; those of a categorical cross-entropy are per row."""
    if weight is None:
        return None
    per_component = np.ndim(weight) == 5 and loss != "categorical_cross_entropy"
    array = s.array("weight", weight, "M", "U", "T", "N", *(["K"] if per_component else []))
    return not_negative(s.place, array)


def _check_probabilities(s: Shapes, y: Array, weight: Array | None, lengths: Array | None) -> None:
    """Refuse targets of a binary cross-entropy that are no probabilities, except where they do not count."""
    wrong = ~((y >= 0) & (y <= 1))
    if weight is not None:
        wrong &= (weight if weight.ndim == y.ndim else weight[..., np.newaxis]) > 0
    if lengths is not None:
        wrong &= (np.arange(s.sizes["T"])[:, np.newaxis] < lengths[:, :, np.newaxis])[..., np.newaxis]
    if wrong.any():
        raise DataError(f"{s.place}: {first_wrong('y', y, wrong, 'between 0 and 1')}")


def _lengths(s: Shapes, lengths: Any) -> Array | None:
    if lengths is None:
        return None
    array = s.integers("lengths", lengths, "M", "U", "N")
    within(s.place, "lengths", array, s.sizes["T"], f"T = {s.sizes['T']}", ArgumentError)
    return np.ascontiguousarray(array, np.int64)


def _loss_parameter(place: str, loss: str, parameter: Any) -> float:
    if parameter is None:
        return LOSS_PARAMETERS.get(loss, (0.0, ""))[0]
    if loss not in LOSS_PARAMETERS:
        raise ArgumentError(f"{place}: loss={loss!r} takes no loss_parameter.")
    return number_in(place, "loss_parameter", parameter, LOSS_PARAMETERS[loss][1])


def _options(place: str, optimizer: str, options: Any) -> list[float]:
    """Return the options in the order of the optimizer's step."""
    known = OPTIMIZER_OPTIONS[optimizer][1]
    if options is not None and not isinstance(options, Mapping):
        raise ArgumentError(f"{place}: options must map names to numbers, got {type(options).__name__}.")
    for name in options or {}:
        choice(place, f"an option of {optimizer!r}", name, tuple(known))
    given = {name: default for name, (default, _) in known.items()} | dict(options or {})
    return [
        float(
            boolean(place, name, given[name]) if name == "nesterov" else number_in(place, name, given[name], interval)
        )
        for name, (_, interval) in known.items()
    ]


def _rates(s: Shapes, rates: Any) -> Array:
    """Return the rate of every update (M, U), float64; one rate holds for all."""
    if np.ndim(rates) == 0:
        rates = np.full((s.sizes["M"], s.sizes["U"]), number_in(s.place, "learning_rate", rates, "[0, inf)"))
    array = Shapes(s.place, np.float64).array("learning_rate", rates, s.sizes["M"], s.sizes["U"])
    wrong = ~((array >= 0) & (array < inf))
    if wrong.any():
        raise ArgumentError(f"{s.place}: {first_wrong('learning_rate', array, wrong, 'in [0, inf)')}")
    return array


def _counts(s: Shapes, name: str, counts: Any, most: int) -> Array:
    """Return a number from 0 to ``most`` per model (M,); one number holds for all."""
    if np.ndim(counts) == 0:
        counts = np.full(s.sizes["M"], integer(s.place, name, counts, 0, most))
    array = s.integers(name, counts, "M")
    within(s.place, name, array, most, str(most), ArgumentError)
    return np.ascontiguousarray(array, np.int64)
