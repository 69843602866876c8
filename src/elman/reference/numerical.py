"""Finite differences, the check for every gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from elman._check import Array, number_in


def numerical_gradient(f: Callable[[Array], float], x: npt.ArrayLike, step: float = 1e-3) -> Array:
    """Return ∂f/∂x by central differences of order 4.

    For each component, with h = ``step``::

        f′(x) = [8 (f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))] / 12h + O(h⁴)

    Parameters
    ----------
    f : callable
        Takes an array shaped like ``x`` and returns a number.
    x : array_like
        Point of evaluation, any shape.
    step : float
        h. The truncation error falls with h⁴ and the rounding error grows with 1/h; 1e-3 balances them for functions of
        scale about 1.

    Returns
    -------
    gradient : ndarray
        float64, shape of ``x``.

    Raises
    ------
    ArgumentError
        If ``step`` is not a positive finite number.

    Notes
    -----
    Stay away from kinks: ReLU, absolute error, Huber and pinball need arguments much larger than the step.

    Examples
    --------
    >>> numerical_gradient(lambda x: float(x[0] ** 2 * x[1]), [3.0, 5.0]).round(9)
    array([30.,  9.])
    """
    h = number_in("numerical_gradient", "step", step, "(0, inf)")
    x = np.array(x, np.float64)  # a copy: it is changed and restored below
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        centre = float(x[index])

        def at(offset: float, index: tuple[int, ...] = index, centre: float = centre) -> float:
            x[index] = centre + offset
            value = float(f(x.copy()))
            x[index] = centre
            return value

        gradient[index] = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    return gradient
