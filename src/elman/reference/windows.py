"""Windows of a series, gathered into a time-major batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array


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
    """Gather one window of values per row and step.

    Row n at step t, counted from 0, has the origin o = origins[n] + t · stride and the window::

        values[o + first : o + first + width] − center[o]          flattened: time first, then channel

    Parameters
    ----------
    values : array_like (total, C)
        The series, C channels; read as float64.
    center : array_like (total, C), optional
        Subtracted in float64, before rounding to ``dtype``; None subtracts nothing.
    origins : array_like (N,) of int
        Origin of each row's first step.
    steps : int
        Number of steps, 0 or more.
    first : int
        Start of the window relative to the origin; ``1 - width`` ends the window at the origin.
    width : int
        Values per window and channel.
    stride : int
        Distance between the origins of consecutive steps.
    dtype : {float32, float64}
        Type of the windows.

    Returns
    -------
    windows : ndarray (steps, N, width * C)

    Raises
    ------
    ShapeError
        If ``values`` and ``center`` differ in shape.
    ArgumentError
        If a window would lie outside the series.

    Examples
    --------
    >>> series = np.arange(10.0)[:, np.newaxis]
    >>> gather_windows(series, series, origins=[2, 6], steps=2, first=-2, width=3)
    array([[[-2., -1.,  0.],
            [-2., -1.,  0.]],
    <BLANKLINE>
           [[-2., -1.,  0.],
            [-2., -1.,  0.]]], dtype=float32)
    """
    values, center, origins, steps, first, width, stride, dtype = _check.gather_windows(
        "gather_windows", values, center, origins, steps, first, width, stride, dtype
    )
    o = origins + stride * np.arange(steps)[:, np.newaxis]  # (steps, N)
    windows: Array = values[o[..., np.newaxis] + first + np.arange(width)]  # (steps, N, width, C)
    if center is not None:
        windows = windows - center[o][..., np.newaxis, :]
    return np.asarray(windows.reshape(steps, len(origins), width * values.shape[1]), dtype)
