"""The arguments of `update_many`: many networks of one architecture, trained side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman._check.cells import CELLS, cell_activation, cell_kind
from elman._check.layers import REDUCTIONS, not_negative
from elman._check.learning import LOSSES, OPTIMIZERS, loss_parameter, options_by_name
from elman._check.shapes import Array, Shapes
from elman._check.values import (
    boolean,
    bptt_depth,
    choice,
    first_wrong,
    integer,
    number_in,
    positive_integer,
    show,
    within,
)
from elman.errors import ArgumentError, DataError, ShapeError

__all__ = ["CheckedRules", "ManyArguments", "UpdateRules", "places_of", "update_many", "update_rules"]

_MOST_COUNT = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class UpdateRules:
    """What the networks of `update_many` have in common: architecture, loss, optimizer and clipping.

    The values are checked where they are used.

    Parameters
    ----------
    hidden_sizes : sequence of int
        Units of every layer, the lowest first.
    cell, activation, bias, linear_skip
        See `elman.network.Architecture`.
    dropout, recurrent_dropout : float
        Rates after every layer, and on the state where it meets W_h.
    loss, loss_parameter, reduction, bptt_depth, optimizer
        See `elman.training.Settings`.
    options : mapping of str to float, optional
        Further arguments of the optimizer's step, for instance ``{"beta_1": 0.8}``.
    clip_norm, clip_value : float, optional
        Maximum norm of the gradient; maximum of each component, applied first.

    Examples
    --------
    >>> UpdateRules(hidden_sizes=[16], cell="gru").optimizer
    'adam'
    """

    hidden_sizes: Sequence[int]
    cell: str = "lstm"
    activation: str = "tanh"
    bias: bool = True
    linear_skip: bool = False
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    loss: str = "mean_squared_error"
    loss_parameter: float | None = None
    reduction: str = "mean"
    bptt_depth: int | None = None
    optimizer: str = "adam"
    options: Mapping[str, float] | None = None
    clip_norm: float | None = None
    clip_value: float | None = None


class CheckedRules(NamedTuple):
    """Checked `UpdateRules`: nothing is left to a default, and an absent limit is infinite."""

    cell: str
    activation: str
    hidden_sizes: list[int]
    bias: bool
    linear_skip: bool
    dropout: float
    recurrent_dropout: float
    loss: str
    loss_parameter: float
    reduction: str
    bptt_depth: int | None
    optimizer: str
    options: list[float]
    clip_norm: float
    clip_value: float

    def for_kernel(self) -> dict[str, Any]:
        """Return the arguments of the native call, which follows all paths through time or those of one step."""
        arguments = self._asdict()
        return arguments | {"one_step": arguments.pop("bptt_depth") == 1}


class ManyArguments(NamedTuple):
    """Checked arguments of `update_many`."""

    rules: CheckedRules
    theta: Array
    vectors: list[Array]
    x: Array
    y: Array
    weight: Array | None
    lengths: Array | None
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
    rules: Any,
    learning_rate: Any,
    seed: Any,
    step: Any,
) -> ManyArguments:
    """Check the arguments of `update_many`."""
    r = update_rules(place, rules)
    s = Shapes(place, dtype, theta)
    x = s.array("x", x, "M", "U", "T", "N", "D")
    y = s.array("y", y, "M", "U", "T", "N", "K")
    places = places_of(r.cell, r.hidden_sizes, s.sizes["D"], s.sizes["K"], r.bias, r.linear_skip)
    theta, moments = _vectors(s, r.optimizer, theta, vectors, max(place.stop for place, _ in places.values()))
    weight, lengths = _weight(s, weight, r.loss), _lengths(s, lengths)
    if r.loss == "binary_cross_entropy":
        _check_probabilities(s, y, weight, lengths)
    rates = _rates(s, learning_rate)
    seeds, steps = _counts(s, "seed", seed, _MOST_COUNT), _counts(s, "step", step, _MOST_COUNT - s.sizes["U"])
    return ManyArguments(r, theta, moments, x, y, weight, lengths, rates, seeds, steps)


def update_rules(place: str, rules: Any) -> CheckedRules:
    """Check the rules of `update_many`."""
    if not isinstance(rules, UpdateRules):
        raise ArgumentError(f"{place}: rules must be UpdateRules, got {show(rules)}.")
    cell_kind(place, rules.cell)
    loss = choice(place, "loss", rules.loss, LOSSES)
    optimizer = choice(place, "optimizer", rules.optimizer, tuple(OPTIMIZERS))
    return CheckedRules(
        rules.cell,
        cell_activation(place, rules.cell, rules.activation),
        _hidden_sizes(place, rules.hidden_sizes),
        boolean(place, "bias", rules.bias),
        boolean(place, "linear_skip", rules.linear_skip),
        number_in(place, "dropout", rules.dropout, "[0, 1)"),
        number_in(place, "recurrent_dropout", rules.recurrent_dropout, "[0, 1)"),
        loss,
        loss_parameter(place, loss, rules.loss_parameter),
        choice(place, "reduction", rules.reduction, REDUCTIONS),
        bptt_depth(place, rules.bptt_depth),
        optimizer,
        [float(value) for value in options_by_name(place, optimizer, rules.options)],
        inf if rules.clip_norm is None else number_in(place, "clip_norm", rules.clip_norm, "(0, inf)"),
        inf if rules.clip_value is None else number_in(place, "clip_value", rules.clip_value, "(0, inf)"),
    )


def _hidden_sizes(place: str, sizes: Any) -> list[int]:
    if not isinstance(sizes, (list, tuple)) or not sizes:
        raise ArgumentError(f"{place}: hidden_sizes must list the units of every layer, got {sizes!r}.")
    return [positive_integer(place, f"hidden_sizes[{layer}]", size) for layer, size in enumerate(sizes)]


def _vectors(s: Shapes, optimizer: str, theta: Any, vectors: Any, P: int) -> tuple[Array, list[Array]]:
    """Return theta and the optimizer's vectors, which are written to: no two may share memory."""
    theta = s.in_place("theta", theta, "M", P)
    count = len(OPTIMIZERS[optimizer].vectors)
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
