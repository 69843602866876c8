"""The readout that mixes simple forecasts into quantiles, and the loss of its quantiles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
from elman.engine._native import kernels, rows, threads, twin


@twin
def mixing_readout_forward(
    o: npt.ArrayLike, b: npt.ArrayLike, k: npt.ArrayLike, *, n_threads: int | None = None
) -> Array:
    place = "mixing_readout_forward"
    o, b, k = _check.mixing_readout_forward(place, None, o, b, k)
    q = np.empty((*o.shape[:-1], o.shape[-1] - b.shape[-1] - 2), o.dtype)
    kernels.mixing_readout_forward(_blocks(o), _blocks(b), k, _blocks(q), threads(place, n_threads))
    return q


@twin
def mixing_readout_backward(
    dq: npt.ArrayLike, o: npt.ArrayLike, b: npt.ArrayLike, k: npt.ArrayLike, *, n_threads: int | None = None
) -> Array:
    place = "mixing_readout_backward"
    dq, o, b, k = _check.mixing_readout_backward(place, None, dq, o, b, k)
    do = np.empty_like(o)
    kernels.mixing_readout_backward(_blocks(dq), _blocks(o), _blocks(b), k, _blocks(do), threads(place, n_threads))
    return do


def _blocks(array: Array) -> Array:
    """Return (..., J, K) as (N, J, K)."""
    return array.reshape(-1, *array.shape[-2:])


@twin
def quantile_loss(
    q: npt.ArrayLike,
    y: npt.ArrayLike,
    levels: npt.ArrayLike,
    importance: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    reduction: str = "mean",
) -> tuple[float, Array]:
    q, y, levels, importance, weight, reduction = _check.quantile_loss(
        "quantile_loss", None, q, y, levels, importance, weight, reduction
    )
    dq = np.empty_like(q)
    row_weight = None if weight is None else weight.reshape(-1)
    loss = kernels.quantile_loss(rows(q), y.reshape(-1), levels, importance, row_weight, reduction, rows(dq))
    return loss, dq
