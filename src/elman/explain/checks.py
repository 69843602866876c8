"""Checks of a trace's arguments: readable sizes, options in range, arrays that fit the network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError, DataError, Remedy, ShapeError, UnsupportedError
from elman.explain.board import Array
from elman.network import Architecture, State
from elman.network.parameters import ParameterLayout

MOST_NUMBERS = 60_000  # of one detailed epoch
MOST_EPOCHS = 2_000
MOST_KEPT = 400_000  # numbers of all epochs: parameters, gradients and predictions


def check_options(bptt_depth: Any, learning_rate: Any, epochs: Any, tolerance: Any) -> None:
    """Refuse options outside their ranges, and options of updates without a learning rate."""
    _check.bptt_depth("trace", bptt_depth)
    if learning_rate is not None:
        _check.number_in("trace", "learning_rate", learning_rate, "(0, inf)")
    if epochs is not None:
        _check.integer("trace", "epochs", epochs, 1, MOST_EPOCHS)
    if tolerance is not None:
        _check.number_in("trace", "tolerance", tolerance, "[0, inf)")
    for name, value in (("epochs", epochs), ("tolerance", tolerance)):
        if learning_rate is None and value is not None:
            raise ArgumentError(
                f"trace: {name}={value!r} needs a learning rate; nothing is updated without one.",
                Remedy(learning_rate=...),
                Remedy("leave out {}", **{name: ...}),
            )


def checked_input(architecture: Architecture, x: npt.ArrayLike) -> Array:
    """Return a copy of the input (T, N, D), finite, or of its indices (T, N); at least one step and one row."""
    shapes = _check.Shapes("trace", np.float64)
    if architecture.vocabulary_size is None:
        assert architecture.input_size is not None
        values = shapes.array("x", x, "T", "N", architecture.input_size)
        if not np.isfinite(values).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            raise DataError(f"trace: x{list(where)} must be finite, got {values[where]}.")
    else:
        values = shapes.integers("x", x, "T", "N")
        last = architecture.vocabulary_size - 1
        _check.within("trace", "x", values, last, f"vocabulary_size-1 = {last}", DataError)
    if values.shape[0] == 0 or values.shape[1] == 0:
        raise ShapeError(f"trace: x must have at least one step and one row, got shape {values.shape}.")
    return np.array(values)


def checked_state(architecture: Architecture, state: State | None, rows: int) -> State:
    """Return the initial state in float64."""
    if state is None:
        return State.zeros(architecture, rows, np.float64)
    if not isinstance(state, State):
        hint = "State(h, c)" if architecture.kind.has_c else "State(h)"
        raise ArgumentError(
            f"trace: state must be a State, got {type(state).__name__}.", Remedy(f"pass {hint} of elman.network")
        )
    shape = State.shape_of(architecture, rows)
    if (state.c is not None) != architecture.kind.has_c:
        raise ArgumentError(f"trace: only an LSTM has state.c; the network's cell is {architecture.cell!r}.")
    shapes = _check.Shapes("trace", np.float64)
    h = shapes.array("state.h", state.h, *shape)
    return State(h, shapes.array("state.c", state.c, *shape, optional=True))


def chosen_parameters(layout: ParameterLayout, trained: Iterable[str] | None) -> set[str]:
    """Return the names of the parameters that are differentiated and updated."""
    names = set(layout.names) if trained is None else set(trained)
    for name in sorted(names):
        _check.choice("trace", "trained", name, layout.names)
    if not names:
        raise ArgumentError("trace: trained must name at least one parameter.")
    return names


def check_size(architecture: Architecture, layout: ParameterLayout, T: int, N: int, trained: set[str]) -> None:
    """Refuse traces that are too large to read."""
    if architecture.bidirectional and architecture.num_layers > 1:
        raise UnsupportedError(
            "trace: a bidirectional network of several layers cannot be traced, because its paths have no single order "
            "of time; trace one layer, or one direction."
        )
    if architecture.reverse or architecture.output == "log_softmax":
        instead = "reverse=False, and x[::-1]" if architecture.reverse else "output='softmax'"
        raise UnsupportedError(
            f"trace: a network with reverse={architecture.reverse}, output={architecture.output!r} cannot be traced; "
            f"trace one with {instead}."
        )
    if architecture.projection_size is not None:
        raise UnsupportedError(
            f"trace: a network with projection_size={architecture.projection_size} cannot be traced; trace one without."
        )
    if architecture.layer_norm:
        raise UnsupportedError("trace: a network with layer_norm=True cannot be traced; trace one without.")
    if architecture.dense:
        raise UnsupportedError(
            f"trace: a network with hidden dense layers, dense={architecture.dense}, cannot be traced; trace one with "
            "dense=()."
        )
    states = sum(architecture.units) * (1 + architecture.kind.has_c)
    width = sum(int(np.prod(layout.shapes[name])) for name in trained)
    paths = T * (T + 1) // 2
    numbers = paths * (width + N * states) + T * N * states * (states + width)
    if numbers > MOST_NUMBERS:
        raise UnsupportedError(
            f"trace: {T} steps, {N} rows, {states} state components and {width} parameters make about {numbers:,} "
            f"numbers, more than the {MOST_NUMBERS:,} that a trace may have.",
            Remedy("take fewer rows or steps"),
            Remedy("take a smaller hidden size"),
            Remedy("name a few parameters with {}", trained=...),
        )


def check_epochs(layout: ParameterLayout, predictions: int, updates: int) -> None:
    """Refuse epochs that together are too large for a page."""
    each = 2 * layout.size + predictions
    most = max(1, MOST_KEPT // each - 1)
    if updates and (updates + 1) * each > MOST_KEPT:
        raise UnsupportedError(
            f"trace: {updates} updates with {each:,} parameters, derivatives and predictions each exceed the "
            f"{MOST_KEPT:,} numbers that a trace may keep.",
            Remedy("take at most {}", epochs=most),
        )
