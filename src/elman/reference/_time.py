"""Shared by all recurrent layers: valid steps of each row, and adjoints carried back through time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from elman._check import Array


def inputs(x: Array, D: int, valid: npt.NDArray[np.bool_]) -> Array:
    """Return x (T, N, D) with zeros past the end of a row; integers (T, N) become one-hot rows."""
    return np.where(valid, np.eye(D)[x] if x.ndim == 2 else x, 0.0)


def valid_steps(T: int, N: int, lengths: Array | None) -> npt.NDArray[np.bool_]:
    """Return (T, N, 1): True where step t of row n is inside its sequence, t = 1 … lengths[n]."""
    if lengths is None:
        return np.ones((T, N, 1), np.bool_)
    return np.asarray(np.arange(1, T + 1)[:, np.newaxis, np.newaxis] <= lengths[:, np.newaxis])


def arriving(d_steps: Array | None, d_last: Array | None, shape: tuple[int, int, int], lengths: Array | None) -> Array:
    """Return the adjoints (T+1, N, H) that reach s_0 … s_T from outside the recurrence.

    ``d_steps`` (T, N, H) comes from the outputs of steps 1 … T and is ignored past the end of a row. ``d_last`` (N, H)
    is added at the row's last valid state, which is s_0 for an empty row.
    """
    T, N, H = shape
    ds = np.zeros((T + 1, N, H))
    if d_steps is not None:
        ds[1:] = np.where(valid_steps(T, N, lengths), d_steps, 0.0)
    if d_last is not None:
        ds[T if lengths is None else lengths, np.arange(N)] += d_last
    return ds


def through_time(step: Callable[[int, Array], Array], ds: Array, bptt_depth: int | None) -> Array:
    """Run ``step`` back through time from every output and return the adjoint of s_0.

    ``ds[t]`` is the adjoint that reaches s_t from outside. ``step(t, ds_t)`` adds the contribution of step t to the
    gradients and returns the adjoint of s_{t−1}. Without a limit one backward run collects all outputs. With depth d, a
    path from output t back to step k is kept if t − k < d, and each output needs its own run of at most d steps. s_0
    counts as k = 0.
    """
    T = len(ds) - 1
    ds_t: Array = ds[T]
    ds_0: Array = ds[0]
    if bptt_depth is None:
        for t in range(T, 0, -1):
            ds_t = step(t, ds_t) + ds[t - 1]
        return ds_t
    for t in range(T, 0, -1):
        ds_k = ds[t]
        for k in range(t, max(t - bptt_depth, 0), -1):
            ds_k = step(k, ds_k)
        if t < bptt_depth:
            ds_0 = ds_0 + ds_k
    return ds_0
