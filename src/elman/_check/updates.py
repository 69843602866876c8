"""The arguments of optimizers, clipping, dropout masks and window gathering."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman._check.learning import optimizer_options
from elman._check.shapes import Array, Shapes
from elman._check.values import float_dtype, integer, number_in, within
from elman.errors import ArgumentError

Dtype: TypeAlias = npt.DTypeLike | None
Optional: TypeAlias = Array | None
_2_32 = 2**32


def sgd_step(
    place: str,
    dtype: Dtype,
    theta: Any,
    gradient: Any,
    velocity: Any,
    learning_rate: Any,
    momentum: Any,
    nesterov: Any,
    weight_decay: Any,
    max_norm: Any,
) -> tuple[Array, Array, Array, *tuple[Any, ...]]:
    """Check the arguments of `sgd_step`."""
    theta, gradient, velocity = _vectors(place, dtype, theta, gradient, velocity=velocity)
    options = {"momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay}
    return (
        theta,
        gradient,
        velocity,
        number_in(place, "learning_rate", learning_rate, "[0, inf)"),
        *optimizer_options(place, "sgd", options),
        number_in(place, "max_norm", max_norm, "(0, inf]"),
    )


def rmsprop_step(
    place: str,
    dtype: Dtype,
    theta: Any,
    gradient: Any,
    square: Any,
    learning_rate: Any,
    decay: Any,
    epsilon: Any,
    max_norm: Any,
) -> tuple[Array, Array, Array, *tuple[Any, ...]]:
    """Check the arguments of `rmsprop_step`."""
    theta, gradient, square = _vectors(place, dtype, theta, gradient, square=square)
    return (
        theta,
        gradient,
        square,
        number_in(place, "learning_rate", learning_rate, "[0, inf)"),
        *optimizer_options(place, "rmsprop", {"decay": decay, "epsilon": epsilon}),
        number_in(place, "max_norm", max_norm, "(0, inf]"),
    )


def adam_step(
    place: str,
    dtype: Dtype,
    theta: Any,
    gradient: Any,
    m: Any,
    v: Any,
    step: Any,
    learning_rate: Any,
    beta_1: Any,
    beta_2: Any,
    epsilon: Any,
    weight_decay: Any,
    max_norm: Any,
) -> tuple[Array, Array, Array, Array, *tuple[Any, ...]]:
    """Check the arguments of `adam_step`."""
    theta, gradient, m, v = _vectors(place, dtype, theta, gradient, m=m, v=v)
    options = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon, "weight_decay": weight_decay}
    return (
        theta,
        gradient,
        m,
        v,
        integer(place, "step", step, 1, 2**53),
        number_in(place, "learning_rate", learning_rate, "[0, inf)"),
        *optimizer_options(place, "adam", options),
        number_in(place, "max_norm", max_norm, "(0, inf]"),
    )


def _vectors(place: str, dtype: Dtype, theta: Any, gradient: Any, **moments: Any) -> list[Array]:
    """Check the flat vectors of an optimizer: all but the gradient are written to, so no two may share memory."""
    s = Shapes(place, dtype, theta)
    written = {"theta": s.in_place("theta", theta, "P")}
    gradient = s.array("gradient", gradient, "P")
    written |= {name: s.in_place(name, vector, "P") for name, vector in moments.items()}
    named = [*written.items(), ("gradient", gradient)]
    for index, (name, vector) in enumerate(named):
        for other, another in named[index + 1 :]:
            if np.may_share_memory(vector, another):
                raise ArgumentError(f"{place}: {name} and {other} share memory; they must be separate arrays.")
    return [written["theta"], gradient, *(written[name] for name in moments)]


def clip_by_norm(place: str, dtype: Dtype, gradient: Any, max_norm: Any) -> tuple[Array, float]:
    """Check the arguments of `clip_by_norm`."""
    gradient = Shapes(place, dtype, gradient).in_place("gradient", gradient, "P")
    return gradient, number_in(place, "max_norm", max_norm, "(0, inf]")


def clip_by_value(place: str, dtype: Dtype, gradient: Any, limit: Any) -> tuple[Array, float]:
    """Check the arguments of `clip_by_value`."""
    gradient = Shapes(place, dtype, gradient).in_place("gradient", gradient, "P")
    return gradient, number_in(place, "limit", limit, "(0, inf]")


def dropout_mask(
    place: str,
    shape: Any,
    rate: Any,
    seed: Any,
    update: Any,
    layer: Any,
    first_row: Any,
    first_step: Any,
    dtype: Any,
) -> tuple[tuple[int, int, int], float, int, int, int, int, int, np.dtype[Any]]:
    """Check the arguments of `dropout_mask`: step, row and layer are 32-bit words of its counter."""
    if not isinstance(shape, (tuple, list)) or len(shape) != 3:
        raise ArgumentError(f"{place}: shape must be three sizes (T, N, H), got {shape!r}.")
    T, N, H = (integer(place, f"shape[{axis}]", size, 0, _2_32) for axis, size in enumerate(shape))
    return (
        (T, N, H),
        number_in(place, "rate", rate, "[0, 1)"),
        integer(place, "seed", seed, 0, 2**63 - 1),
        integer(place, "update", update, 0, 2**63 - 1),
        integer(place, "layer", layer, 0, _2_32 - 1),
        integer(place, "first_row", first_row, 0, _2_32 - N),
        integer(place, "first_step", first_step, 0, _2_32 - T),
        float_dtype(place, "dtype", dtype),
    )


def gather_windows(
    place: str,
    values: Any,
    center: Any,
    origins: Any,
    steps: Any,
    first: Any,
    width: Any,
    stride: Any,
    dtype: Any,
) -> tuple[Array, Optional, Array, int, int, int, int, np.dtype[Any]]:
    """Check the arguments of `gather_windows`: every value that a row reads must exist."""
    s = Shapes(place, np.float64)
    values = s.array("values", values, "total", "C")
    center = s.array("center", center, "total", "C", optional=True)
    origins = s.integers("origins", origins, "N")
    steps = integer(place, "steps", steps, 0, 2**53)
    first = integer(place, "first", first, -(2**53), 2**53)
    width = integer(place, "width", width, 1, 2**53)
    stride = integer(place, "stride", stride, 1, 2**53)
    if steps:
        _windows_inside(place, origins, first, first + width + (steps - 1) * stride, s.sizes["total"])
        if center is not None:
            last = s.sizes["total"] - 1 - (steps - 1) * stride
            within(place, "origins", origins, last, f"{last} (so that every step has a center)", ArgumentError)
    origins = np.require(origins, np.int64, ["C", "A"])
    return values, center, origins, steps, first, width, stride, float_dtype(place, "dtype", dtype)


def _windows_inside(place: str, origins: Array, begin: int, end: int, total: int) -> None:
    """Refuse the first origin o with o + begin < 0 or o + end > total; ends are excluded."""
    if origins.size == 0 or (int(origins.min()) + begin >= 0 and int(origins.max()) + end <= total):
        return
    for row, origin in enumerate(origins.tolist()):
        if origin + begin < 0 or origin + end > total:
            raise ArgumentError(
                f"{place}: origins[{row}] = {origin} reads rows {origin + begin} to {origin + end - 1}, "
                f"but values has rows 0 to {total - 1}."
            )
