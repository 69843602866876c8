"""One step of an optimizer on the flat vector, and the vectors that it remembers."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elman.engine import kernels

if TYPE_CHECKING:
    from elman.training.settings import Settings

Array = npt.NDArray[Any]

OPTIMIZERS = {"adam": ("m", "v"), "rmsprop": ("square",), "sgd": ("velocity",)}  # what each remembers


def new_vectors(optimizer: str, theta: Array) -> dict[str, Array]:
    """Return what an optimizer remembers before the first step: zeros of theta's length."""
    return {name: np.zeros_like(theta) for name in OPTIMIZERS[optimizer]}


def optimizer_step(
    settings: Settings, theta: Array, gradient: Array, vectors: dict[str, Array], step: int, learning_rate: float
) -> float:
    """Clip, change ``theta`` and ``vectors`` in place, return the gradient's norm before; ``step`` counts from 1.

    Where that norm is not finite, nothing has changed.
    """
    s, max_norm = settings, inf if settings.clip_norm is None else settings.clip_norm
    if s.clip_value is not None:
        norm = float(kernels.clip_by_norm(gradient, inf))
        if not isfinite(norm):
            return norm
        kernels.clip_by_value(gradient, s.clip_value)
    before: float
    if s.optimizer == "adam":
        m, v = vectors["m"], vectors["v"]
        options = s.beta_1, s.beta_2, s.epsilon, s.weight_decay, max_norm
        before = kernels.adam_step(theta, gradient, m, v, step, learning_rate, *options)
    elif s.optimizer == "rmsprop":
        before = kernels.rmsprop_step(theta, gradient, vectors["square"], learning_rate, s.decay, s.epsilon, max_norm)
    else:
        velocity = vectors["velocity"]
        before = kernels.sgd_step(
            theta, gradient, velocity, learning_rate, s.momentum, s.nesterov, s.weight_decay, max_norm
        )
    return before if s.clip_value is None else norm
