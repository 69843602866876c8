"""The gates of an 8-bit step: sigmoid and tanh of float32, operation by operation as in the engine.

e^z is ``2**n (1 + r + r**2 p(r))`` with ``z = n ln 2 + r``. There is no fused multiply-add and no table, so that every
level of the engine can do the same. The only difference: the engine flushes numbers below 1.2e-38 to zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from elman._check import Array

_F = np.float32
_LOG2_E = _F(1.44269504088896341)
_LN2_HIGH, _LN2_LOW = _F(0.693359375), _F(-2.12194440e-4)  # n times the first is exact
_SHIFT = _F(12582912.0)  # 1.5 * 2**23: adding it rounds to an integer
_SERIES = [_F(c) for c in (4.9999998150e-01, 1.6666543424e-01, 4.1667200712e-02, 8.3665471572e-03, 1.3882516527e-03)]


class _Reduced(NamedTuple):
    """e^(times z) = power (1 + times (r + tail))."""

    power: Array
    r: Array
    tail: Array  # r**2 p(r)


def _reduced(z: Array, times: int) -> _Reduced:
    """Split times z into a multiple of ln 2 and a rest."""
    by = _F(times)
    shifted = z * (by * _LOG2_E) + _SHIFT
    n = shifted - _SHIFT
    r = n * (-_LN2_LOW / by) + (n * (-_LN2_HIGH / by) + z)
    p = np.full_like(r, _SERIES[4] * by**5)
    for i in (3, 2, 1, 0):
        p = p * r + _SERIES[i] * by ** (i + 1)
    power = (shifted.view(np.uint32) << 23) + np.uint32(0x3F800000)  # 2**n: n is in the last bits of the sum
    return _Reduced(power.view(np.float32), r, r * r * p)


def sigmoid_single(z: Array) -> Array:
    """Return 1 / (1 + e^−z) of float32.

    Parameters
    ----------
    z : ndarray of float32
        Any shape.

    Returns
    -------
    y : ndarray of float32

    Examples
    --------
    >>> sigmoid_single(np.float32([-1.0, 0.0, 100.0]))
    array([0.26894143, 0.5       , 1.        ], dtype=float32)
    """
    e = _reduced(np.clip(z, _F(-88), _F(88)), -1)
    return np.asarray(_F(1) / (-(e.tail + e.r) * e.power + _F(1) + e.power))


def tanh_single(z: Array) -> Array:
    """Return tanh of float32: ``m / (m + 1)`` with ``m = (e^{2|z|} − 1) / 2``, and the sign of z.

    Parameters
    ----------
    z : ndarray of float32
        Any shape.

    Returns
    -------
    y : ndarray of float32

    Examples
    --------
    >>> tanh_single(np.float32([-1.0, 0.0, 100.0]))
    array([-0.7615942,  0.       ,  1.       ], dtype=float32)
    """
    e = _reduced(np.minimum(np.abs(z), _F(9.02)), 2)
    m = e.power * (e.tail + e.r) + (e.power * _F(0.5) - _F(0.5))
    return np.asarray(np.copysign(m / (m + _F(1)), z))
