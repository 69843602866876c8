"""The losses with their derivatives."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.engine._native import kernels, rows, twin


def _loss(
    name: str, o: Array, y: Array, weight: Array | None, reduction: str, parameter: float = 0.0
) -> tuple[float, Array]:
    do = np.empty_like(o)
    flat_y = rows(y) if y.ndim == o.ndim else y.reshape(-1)
    if weight is not None:
        weight = rows(weight) if weight.ndim == o.ndim else weight.reshape(-1)
    return kernels.loss(name, rows(o), flat_y, weight, reduction, parameter, rows(do)), do


@twin
def half_squared_error(
    o: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None, reduction: str = "mean"
) -> tuple[float, Array]:
    return _loss("half_squared_error", *_check.loss("half_squared_error", None, o, y, weight, reduction))


@twin
def mean_squared_error(
    o: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None, reduction: str = "mean"
) -> tuple[float, Array]:
    return _loss("mean_squared_error", *_check.loss("mean_squared_error", None, o, y, weight, reduction))


@twin
def mean_absolute_error(
    o: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None, reduction: str = "mean"
) -> tuple[float, Array]:
    return _loss("mean_absolute_error", *_check.loss("mean_absolute_error", None, o, y, weight, reduction))


@twin
def huber(
    o: npt.ArrayLike,
    y: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    reduction: str = "mean",
    delta: float = 1.0,
) -> tuple[float, Array]:
    checked = _check.loss("huber", None, o, y, weight, reduction)
    return _loss("huber", *checked, _check.number_in("huber", "delta", delta, "(0, inf)"))


@twin
def pinball(
    o: npt.ArrayLike,
    y: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    reduction: str = "mean",
    quantile: float = 0.5,
) -> tuple[float, Array]:
    checked = _check.loss("pinball", None, o, y, weight, reduction)
    return _loss("pinball", *checked, _check.number_in("pinball", "quantile", quantile, "(0, 1)"))


@twin
def binary_cross_entropy(
    o: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None, reduction: str = "mean"
) -> tuple[float, Array]:
    name = "binary_cross_entropy"
    return _loss(name, *_check.binary_cross_entropy(name, None, o, y, weight, reduction))


@twin
def categorical_cross_entropy(
    o: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None, reduction: str = "mean"
) -> tuple[float, Array]:
    name = "categorical_cross_entropy"
    return _loss(name, *_check.categorical_cross_entropy(name, None, o, y, weight, reduction))
