"""Optimizer steps, clipping, dropout masks and the gathering of windows."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.engine._native import kernels, twin

_WORD = 0xFFFFFFFF  # seed and update count modulo 2^32


@twin
def sgd_step(
    theta: Array,
    gradient: npt.ArrayLike,
    velocity: Array,
    learning_rate: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    max_norm: float = inf,
) -> float:
    options = learning_rate, momentum, nesterov, weight_decay, max_norm
    return float(kernels.sgd_step(*_check.sgd_step("sgd_step", None, theta, gradient, velocity, *options)))


@twin
def rmsprop_step(
    theta: Array,
    gradient: npt.ArrayLike,
    square: Array,
    learning_rate: float,
    decay: float = 0.9,
    epsilon: float = 1e-8,
    max_norm: float = inf,
) -> float:
    options = learning_rate, decay, epsilon, max_norm
    return float(kernels.rmsprop_step(*_check.rmsprop_step("rmsprop_step", None, theta, gradient, square, *options)))


@twin
def adam_step(
    theta: Array,
    gradient: npt.ArrayLike,
    m: Array,
    v: Array,
    step: int,
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
    max_norm: float = inf,
) -> float:
    options = learning_rate, beta_1, beta_2, epsilon, weight_decay, max_norm
    return float(kernels.adam_step(*_check.adam_step("adam_step", None, theta, gradient, m, v, step, *options)))


@twin
def clip_by_norm(gradient: Array, max_norm: float) -> float:
    return float(kernels.clip_by_norm(*_check.clip_by_norm("clip_by_norm", None, gradient, max_norm)))


@twin
def clip_by_value(gradient: Array, limit: float) -> None:
    kernels.clip_by_value(*_check.clip_by_value("clip_by_value", None, gradient, limit))


@twin
def dropout_mask(
    shape: Sequence[int],
    rate: float,
    seed: int,
    update: int,
    layer: int,
    first_row: int = 0,
    first_step: int = 0,
    dtype: npt.DTypeLike = np.float32,
) -> Array:
    sizes, rate, seed, update, layer, first_row, first_step, dtype = _check.dropout_mask(
        "dropout_mask", shape, rate, seed, update, layer, first_row, first_step, dtype
    )
    mask = np.empty(sizes, dtype)
    kernels.dropout_mask(mask, rate, seed & _WORD, update & _WORD, layer, first_row, first_step)
    return mask


@twin
def gather_windows(
    values: npt.ArrayLike,
    center: npt.ArrayLike | None,
    origins: npt.ArrayLike,
    steps: int,
    first: int,
    width: int,
    stride: int = 1,
    dtype: npt.DTypeLike = np.float32,
) -> Array:
    values, center, origins, steps, first, width, stride, dtype = _check.gather_windows(
        "gather_windows", values, center, origins, steps, first, width, stride, dtype
    )
    windows = np.empty((steps, len(origins), width * values.shape[1]), dtype)
    kernels.gather_windows(values, center, origins, first, width, stride, windows)
    return windows
