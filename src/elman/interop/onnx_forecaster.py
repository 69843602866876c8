"""A fitted forecaster as ONNX operators: transform, windows, centers, networks, median, and the inverse steps.

The arithmetic is that of `elman.forecasting`, in float64 except in the networks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import UnsupportedError
from elman.forecasting.methods import NetworkMethod
from elman.forecasting.recipe import Recipe
from elman.interop.onnx_graph import Graph, GraphBuilder
from elman.interop.onnx_network import ALL, States, add_network, at_rows, declare_states, give_states, member_states
from elman.interop.onnx_windows import Rows, declare_rows, gather_windows

__all__ = ["check_exportable", "forecaster_graph"]

_FLOAT, _DOUBLE = 1, 11  # ONNX's type numbers
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -745.0, 709.0  # as in elman.data.scaling
_MOST_REPEATS = 100  # a recursive forecast repeats the whole network


def check_exportable(network: NetworkMethod) -> None:
    """Refuse forecasters that an ONNX file cannot represent.

    Raises
    ------
    UnsupportedError
        With the parameter and a remedy.
    """
    network.need_points("export_onnx")
    repeats = network.horizon // network.recipe.horizon
    if repeats > _MOST_REPEATS:
        raise UnsupportedError(
            f'export_onnx: the strategy "recursive" would repeat the network {repeats} times, at most {_MOST_REPEATS} '
            'are written; set a shorter horizon, or fit with the strategy "multi_output".'
        )


@dataclass(frozen=True)
class _Parts:
    """The shared parts of every pass over the newest values."""

    builder: GraphBuilder
    network: NetworkMethod
    recipe: Recipe
    scale: str | None
    steps: str
    covariates: Rows | None


def forecaster_graph(network: NetworkMethod, metadata: Mapping[str, str]) -> Graph:
    """Return the graph of a fitted forecaster, with a row per series.

    Inputs are ``values`` (N, T) of float64, the oldest first, or (N, T, D) with several channels. With defaults are
    ``lengths`` (N,), ``steps``, the number of newest windows to run, ``h_0`` and for an LSTM ``c_0``
    (members, layers, N, H). The transform "scale" adds ``scale``, (N,) or (N, D); its default is that of the fitted
    series if there was one. Covariates are ``covariates`` (N, T, C), past ones first, and ``ahead`` (N, K, F), the
    others over the horizon; neither has a default. Outputs are ``forecast`` (N, K) or (N, K, D), ``h_n`` and ``c_n``.

    Parameters
    ----------
    network : NetworkMethod
        The window network of a fitted forecaster.
    metadata : mapping of str to str
        Metadata of the file.

    Raises
    ------
    UnsupportedError
        See `check_exportable`.
    """
    check_exportable(network)
    builder, recipe = GraphBuilder(), network.recipe
    architecture, members = network.networks[0].architecture, (len(network.networks),)
    flat, horizon = isinstance(recipe.transform, str), network.horizon
    rows = declare_rows(builder, recipe.channels, flat)
    steps = builder.input("steps", "int64", (), np.array(ALL if recipe.carry else recipe.steps))
    covariates = _declare_covariates(builder, rows, recipe, horizon)
    parts = _Parts(builder, network, recipe, _declare_scale(builder, network), steps, covariates)
    states = declare_states(builder, architecture, rows.rows, members)
    column, finals = _at_once(parts, rows, states)
    columns = [column]
    for _ in range(horizon // recipe.horizon - 1):
        rows = _extended(builder, rows, columns[-1], recipe.horizon)
        columns.append(_at_once(parts, rows, states)[0])
    found = builder.op("Concat", *columns, axis=1) if len(columns) > 1 else column
    dims: tuple[int | str, ...] = ("rows", horizon) if flat else ("rows", horizon, recipe.channels)
    builder.output(builder.op("Squeeze", found, [2]) if flat else found, "forecast", "float64", dims)
    give_states(builder, architecture, finals, members)
    return builder.graph(metadata, "elman forecaster")


def _kinds(recipe: Recipe) -> tuple[str, ...]:
    """Return the transform of every channel."""
    return (recipe.transform,) if isinstance(recipe.transform, str) else recipe.transform


def _declare_scale(builder: GraphBuilder, network: NetworkMethod) -> str | None:
    """Declare the divisors of the transform "scale"; return them as (N, 1, D)."""
    recipe, known = network.recipe, network.scales
    if "scale" not in _kinds(recipe):
        return None
    flat = isinstance(recipe.transform, str)
    dims: tuple[int | str, ...] = ("rows_of_scales",) if flat else ("rows_of_scales", recipe.channels)
    given = builder.input("scale", "float64", dims, known if len(known) == 1 else None)
    return builder.op("Unsqueeze", given, [1, 2] if flat else [1])


def _declare_covariates(builder: GraphBuilder, rows: Rows, recipe: Recipe, horizon: int) -> Rows | None:
    """Declare the covariates; return them in the network's units, with known future values after each row's last."""
    past, future = len(recipe.past), len(recipe.future)
    if recipe.masked:
        raise UnsupportedError(
            'export_onnx: missing="mask" is not exported; fit with another treatment of missing values.'
        )
    if recipe.once:
        raise UnsupportedError(
            "export_onnx: static covariates and the calendar are not exported; make columns of them, and name these in "
            "past_covariates."
        )
    if not past + future:
        return None
    center, spread = np.array(recipe.past + recipe.future).T
    given = builder.input("covariates", "float64", ("rows", "steps", past + future))
    found = rows._replace(values=builder.op("Div", builder.op("Sub", given, center), spread))
    if not future:
        return found
    ahead = builder.input("ahead", "float64", ("rows", horizon, future))
    ahead = builder.op("Div", builder.op("Sub", ahead, center[past:]), spread[past:])
    if past:  # their future values are not used
        size = builder.op("Concat", rows.rows, [horizon, past], axis=0)
        ahead = builder.op("Concat", builder.op("Expand", np.float64(0.0), size), ahead, axis=2)
    return _extended(builder, found, ahead, horizon)


def _with_covariates(parts: _Parts, x: str, first: str, count: str) -> str:
    """Append windows of covariates to those of values, and for known future ones the horizon after every window."""
    builder, recipe, rows = parts.builder, parts.recipe, parts.covariates
    if rows is None:
        return x
    past, columns = len(recipe.past), len(recipe.past) + len(recipe.future)
    window = gather_windows(builder, rows, columns, first, count, recipe.window)
    found = [x, builder.op("Reshape", window, [0, 0, recipe.window * columns])]
    if recipe.future:
        known = rows._replace(values=builder.op("Slice", rows.values, [past], [columns], [2]))
        begin = builder.op("Add", first, recipe.window)
        after = gather_windows(builder, known, columns - past, begin, count, recipe.horizon)
        found.append(builder.op("Reshape", after, [0, 0, recipe.horizon * (columns - past)]))
    return builder.op("Concat", *found, axis=2)


def _by_channel(parts: _Parts, values: str, one: Any) -> str:
    """Apply ``one(kind, values, scale)`` to all channels of values (N, T, D), or to each if their kinds differ."""
    builder, kinds = parts.builder, _kinds(parts.recipe)
    if len(set(kinds)) == 1:
        return str(one(kinds[0], values, parts.scale))
    columns = []
    for channel, kind in enumerate(kinds):
        own = None if parts.scale is None else builder.op("Gather", parts.scale, [channel], axis=2)
        columns.append(one(kind, builder.op("Gather", values, [channel], axis=2), own))
    return builder.op("Concat", *columns, axis=2)


def _transformed(parts: _Parts, values: str) -> str:
    builder = parts.builder

    def one(kind: str, own: str, scale: str | None) -> str:
        if kind == "log":
            return builder.op("Log", own)
        if kind == "log1p":
            return _log1p(builder, own)
        return builder.op("Div", own, scale) if kind == "scale" else own

    return _by_channel(parts, values, one)


def _log1p(builder: GraphBuilder, y: str) -> str:
    """Return log(1 + y), exact for small y: y log(u) / (u - 1) with u = 1 + y, and y where u is 1."""
    u = builder.op("Add", y, np.float64(1.0))
    more = builder.op("Sub", u, np.float64(1.0))
    lost = builder.op("Equal", more, np.float64(0.0))
    divisor = builder.op("Where", lost, np.float64(1.0), more)
    return builder.op("Where", lost, y, builder.op("Div", builder.op("Mul", y, builder.op("Log", u)), divisor))


def _back(parts: _Parts, values: str) -> str:
    builder = parts.builder

    def one(kind: str, own: str, scale: str | None) -> str:
        if kind == "scale":
            return builder.op("Mul", own, scale)
        if kind == "none":
            return own
        own = builder.op("Min", own, np.float64(_LARGEST_EXPONENT))
        if kind == "log":
            return builder.op("Exp", builder.op("Max", own, np.float64(_SMALLEST_EXPONENT)))
        # exp(z) - 1 = 2 exp(z/2) sinh(z/2), with sinh(z/2) = tanh(z/2) cosh(z/2): no cancellation near 0
        e = builder.op("Exp", own)
        half = builder.op("Tanh", builder.op("Mul", own, np.float64(0.5)))
        found = builder.op("Mul", builder.op("Add", e, np.float64(1.0)), half)
        return builder.op("Max", found, np.float64(0.0))

    return _by_channel(parts, values, one)


def _at_once(parts: _Parts, rows: Rows, states: States) -> tuple[str, list[States]]:
    """Forecast the networks' horizon (N, K, D), and return their final states."""
    builder, recipe, D = parts.builder, parts.recipe, parts.recipe.channels
    windows = builder.op("Max", builder.op("Sub", rows.lengths, recipe.window - 1), 1)
    count = builder.op("Min", windows, parts.steps)
    first = builder.op("Sub", builder.op("Sub", rows.lengths, recipe.window - 1), count)
    transformed = rows._replace(values=_transformed(parts, rows.values))
    # A series shorter than a window is padded in front: positions below 0 take its first value.
    seen = builder.op("Div", gather_windows(builder, transformed, D, first, count, recipe.window), _unit(parts))
    newest = builder.op("Unsqueeze", builder.op("Sub", count, 1), [1])
    center = None
    if recipe.center:
        season = builder.op("Slice", seen, [recipe.window - recipe.center], [recipe.window], [2])
        center = builder.op("ReduceMean", season, axes=[2], keepdims=1)  # (N, steps, 1, D)
        seen = builder.op("Sub", seen, center)
    x = _with_covariates(parts, builder.op("Reshape", seen, [0, 0, recipe.window * D]), first, count)
    x = builder.op("Cast", builder.op("Transpose", x, perm=[1, 0, 2]), to=_FLOAT)
    outputs, finals = [], []
    for member, network in enumerate(parts.network.networks):
        own = member_states(builder, states, member)
        o, final = add_network(builder, network, x, count, own, readout="last")
        outputs.append(builder.op("Cast", o, to=_DOUBLE))
        finals.append(final)
    found = builder.op("Reshape", _median(builder, outputs), [0, recipe.horizon, D])
    if center is not None:
        found = builder.op("Add", found, at_rows(builder, builder.op("Squeeze", center, [2]), newest))
    return _back(parts, builder.op("Mul", found, _unit(parts))), finals


def _unit(parts: _Parts) -> npt.NDArray[np.float64]:
    return np.asarray(parts.network.unit, np.float64)


def _median(builder: GraphBuilder, outputs: list[str]) -> str:
    """Return the median over tensors of one shape: the middle value, or the mean of the two middle values."""
    M = len(outputs)
    if M == 1:
        return outputs[0]
    both = builder.op("Concat", *(builder.op("Unsqueeze", o, [0]) for o in outputs), axis=0)
    largest = builder.ops("TopK", 2, both, [M // 2 + 1], axis=0)[0]  # in descending order
    middle = builder.op("Slice", largest, [M // 2 - 1 + M % 2], [M // 2 + 1], [0])
    return builder.op("ReduceMean", middle, axes=[0], keepdims=0)


def _extended(builder: GraphBuilder, rows: Rows, new: str, added: int) -> Rows:
    """Append new values (N, added, D) to each row's last value."""
    values = builder.op("Concat", rows.values, new, axis=1)
    size = builder.op("Slice", builder.op("Shape", rows.values), [1], [2])
    longest = builder.op("Squeeze", builder.op("Add", size, added), [0])
    step = builder.op("Unsqueeze", builder.op("Range", 0, longest, 1), [0])  # (1, T+k)
    ends = builder.op("Unsqueeze", rows.lengths, [1])
    behind = builder.op("Add", builder.op("Sub", step, ends), size)  # positions of the new values in the longer rows
    last = builder.op("Add", size, added - 1)
    source = builder.op("Where", builder.op("Less", step, ends), step, builder.op("Min", behind, last))
    return Rows(at_rows(builder, values, source), builder.op("Add", rows.lengths, added), rows.rows)
