"""Least squares whose last bits do not depend on the number of threads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman.estimators import one_thread

__all__ = ["least_squares"]

Array = npt.NDArray[np.float64]


def least_squares(inputs: Array, targets: Array) -> Array:
    """Return the coefficients of the regression with the least sum of squares; the shortest of equals.

    NumPy's linear algebra runs on one thread meanwhile: with several, it adds in another order.

    Parameters
    ----------
    inputs : ndarray (n, p), float64
        Regressors.
    targets : ndarray (n,), float64
        Values to explain.

    Returns
    -------
    ndarray (p,), float64

    Examples
    --------
    >>> least_squares(np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([1.0, 3.0, 5.0])).round(6)
    array([1., 2.])
    """
    with one_thread():
        return np.asarray(np.linalg.lstsq(inputs, targets, rcond=None)[0], np.float64)
