"""One step of an optimizer on the flat vector, and its state vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from elman._check import OPTIMIZERS
from elman.engine import kernels

Array = npt.NDArray[Any]


_STEPS: dict[str, Callable[..., float]] = {
    "adam": kernels.adam_step,
    "rmsprop": kernels.rmsprop_step,
    "sgd": kernels.sgd_step,
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
    kind = OPTIMIZERS[optimizer]
    counted = (step,) if kind.counts_steps else ()
    remembered, max_norm = [vectors[name] for name in kind.vectors], inf if clip_norm is None else clip_norm
    before = _STEPS[optimizer](theta, gradient, *remembered, *counted, learning_rate, *options, max_norm)
    return before if clip_value is None else norm
