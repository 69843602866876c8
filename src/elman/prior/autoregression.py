"""Linear autoregression of each series by Burg's recursion; one of the network's simple forecasts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["autoregress", "burg"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

LONGEST = 240  # newest values used
HIGHEST_ORDER = 20
_FARTHEST = 512  # steps ahead; beyond them the forecast is the mean
_TINY = 1e-12


def burg(x: Array, highest: int) -> tuple[Array, Array]:
    """Fit an autoregression to each series; choose its order by the corrected Akaike criterion.

    For order m = 1 … p, with forward and backward errors f and b of order m - 1::

        κ    = 2 Σ f_t b_{t-1} / Σ (f_t² + b_{t-1}²)
        a_j ← a_j - κ a_{m-j},   a_m = κ
        f_t ← f_t - κ b_{t-1},   b_t ← b_{t-1} - κ f_t
        E   ← E (1 - κ²)

    Parameters
    ----------
    x : ndarray (B, n)
        Series of mean zero.
    highest : int
        Highest order (p).

    Returns
    -------
    coefficients : ndarray (B, p)
        a_1 … a_p, zeros beyond the chosen order.
    error : ndarray (B,)
        Mean squared one-step error E.

    References
    ----------
    Burg (1975), Maximum Entropy Spectral Analysis. Stanford University.
    Hurvich & Tsai (1989), Regression and time series model selection in small samples. Biometrika 76(2).

    Examples
    --------
    >>> cycle = np.cos(2 * np.pi * np.arange(200) / 10)[None]
    >>> burg(cycle, 2)[0].round(2)                              # 2 cos(2π / 10), -1
    array([[ 1.62, -1.  ]])
    """
    rows, n = x.shape
    error = (x**2).mean(axis=1) + _TINY
    a, best, least = np.zeros((rows, highest)), np.zeros((rows, highest)), n * np.log(error)
    best_error = error
    forward, backward = x[:, 1:].copy(), x[:, :-1].copy()
    one, other = np.empty_like(forward), np.empty_like(forward)  # products; new arrays would cost page faults
    for m in range(1, highest + 1):
        both = np.multiply(forward, backward, out=one).sum(axis=1)
        squares = np.add(np.square(forward, out=one), np.square(backward, out=other), out=one).sum(axis=1)
        kappa = 2 * both / (squares + _TINY)
        a[:, : m - 1] -= kappa[:, None] * a[:, : m - 1][:, ::-1]
        a[:, m - 1] = kappa
        error = error * np.maximum(1 - kappa**2, _TINY)
        criterion = n * np.log(error) + 2 * m * n / max(n - m - 1, 1)
        better = criterion < least
        best[better], least = a[better], np.where(better, criterion, least)
        best_error = np.where(better, error, best_error)
        k = kappa[:, None]
        np.multiply(k, backward, out=one)
        np.multiply(k, forward, out=other)
        forward -= one
        backward -= other
        forward, backward, one, other = forward[:, 1:], backward[:, :-1], one[:, 1:], other[:, 1:]
    return best, best_error


def autoregress(z: Array, ahead: Index) -> tuple[Array, Array]:
    """Forecast each series with its own autoregression.

    Parameters
    ----------
    z : ndarray (B, n)
        Series of at least four values.
    ahead : ndarray of int (J,)
        Steps ahead.

    Returns
    -------
    forecasts : ndarray (B, J)
    error : ndarray (B,)
        Mean squared one-step error.
    """
    z = z[:, -LONGEST:]
    rows, n = z.shape
    order = min(HIGHEST_ORDER, n // 3)
    mean = z.mean(axis=1, keepdims=True)
    coefficients, error = burg(z - mean, order)
    farthest = min(int(ahead.max()), _FARTHEST)
    path = np.zeros((rows, order + farthest))
    path[:, :order] = (z - mean)[:, n - order :]
    backwards = np.ascontiguousarray(coefficients[:, ::-1])
    for k in range(order, order + farthest):
        path[:, k] = (path[:, k - order : k] * backwards).sum(axis=1)
    step = np.minimum(ahead, farthest)
    forecasts = np.where(ahead <= _FARTHEST, path[:, order + step - 1], 0.0) + mean
    return forecasts, error
