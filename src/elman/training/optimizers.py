"""One step of an optimizer on the flat vector, and its state vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, isfinite
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.engine import kernels

Array = npt.NDArray[Any]


class Optimizer(NamedTuple):
    """The kernel of an optimizer and its arguments in order: state vectors, then settings."""

    step: Callable[..., float]
    vectors: tuple[str, ...]
    options: tuple[str, ...]
    counts_steps: bool = False


OPTIMIZERS = {
    "adam": Optimizer(kernels.adam_step, ("m", "v"), ("beta_1", "beta_2", "epsilon", "weight_decay"), True),
    "rmsprop": Optimizer(kernels.rmsprop_step, ("square",), ("decay", "epsilon")),
    "sgd": Optimizer(kernels.sgd_step, ("velocity",), ("momentum", "nesterov", "weight_decay")),
}


def new_vectors(optimizer: str, theta: Array) -> dict[str, Array]:
    """Return the initial state of an optimizer: zeros of theta's length."""
    return {name: np.zeros_like(theta) for name in OPTIMIZERS[optimizer].vectors}


def optimizer_step(
    optimizer: str,
    options: Sequence[float],
    theta: Array,
    gradient: Array,
    vectors: Mapping[str, Array],
    step: int,
    learning_rate: float,
    clip_norm: float | None = None,
    clip_value: float | None = None,
) -> float:
    """Clip, change ``theta`` and ``vectors`` in place, return the norm before clipping; ``step`` counts from 1.

    ``options`` are those of the optimizer, in its order. If the norm is not finite, nothing changes.
    """
    if clip_value is not None:
        norm = float(kernels.clip_by_norm(gradient, inf))
        if not isfinite(norm):
            return norm
        kernels.clip_by_value(gradient, clip_value)
    kernel = OPTIMIZERS[optimizer]
    counted = (step,) if kernel.counts_steps else ()
    remembered, max_norm = [vectors[name] for name in kernel.vectors], inf if clip_norm is None else clip_norm
    before = kernel.step(theta, gradient, *remembered, *counted, learning_rate, *options, max_norm)
    return before if clip_value is None else norm
