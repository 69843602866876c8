"""One step of an optimizer on the flat vector, and the vectors that it remembers."""

from __future__ import annotations

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
) -> None:
    """Change ``theta`` and ``vectors`` in place; ``step`` counts from 1."""
    s = settings
    if s.optimizer == "adam":
        m, v = vectors["m"], vectors["v"]
        options = s.beta_1, s.beta_2, s.epsilon, s.weight_decay
        kernels.adam_step(theta, gradient, m, v, step, learning_rate, *options)
    elif s.optimizer == "rmsprop":
        kernels.rmsprop_step(theta, gradient, vectors["square"], learning_rate, s.decay, s.epsilon)
    else:
        kernels.sgd_step(theta, gradient, vectors["velocity"], learning_rate, s.momentum, s.nesterov, s.weight_decay)
