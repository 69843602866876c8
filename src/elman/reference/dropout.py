"""Dropout masks from a counter-based generator: any part of a mask can be recomputed, in any order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))  # added to the key after every round: golden ratio, √3 − 1
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


def philox(counter: npt.ArrayLike, key: npt.ArrayLike) -> Array:
    """Return the four random words of Philox4x32-10 for each counter and key.

    Each of the ten rounds, with hi and lo the halves of the 64-bit product::

        (c0, c1, c2, c3) ← (hi(M1 c2) ⊕ c1 ⊕ k0, lo(M1 c2), hi(M0 c0) ⊕ c3 ⊕ k1, lo(M0 c0))
        (k0, k1) ← (k0 + W0, k1 + W1)

    Parameters
    ----------
    counter : array_like (..., 4) of int
        32-bit words.
    key : array_like (..., 2) of int
        32-bit words.

    Returns
    -------
    words : ndarray (..., 4)
        uint32.

    References
    ----------
    Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3. SC11.

    Examples
    --------
    >>> [f"{word:08x}" for word in philox([0, 0, 0, 0], [0, 0])]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = np.moveaxis(np.asarray(counter, np.uint64), -1, 0)
    k0, k1 = np.moveaxis(np.asarray(key, np.uint64), -1, 0)
    for _ in range(10):
        p0, p1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return np.stack(np.broadcast_arrays(c0, c1, c2, c3), axis=-1).astype(np.uint32)


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
    """Return a mask of zeros and 1 / (1 − rate).

    Each entry is a function of (seed, update, layer, row, step, unit), the same in every batch, chunk and thread::

        words = philox(counter=(unit // 4, step, row, layer), key=(seed mod 2³², update mod 2³²))
        mask  = 0 if words[unit % 4] < ⌊rate · 2³²⌋ else 1 / (1 − rate)

    Parameters
    ----------
    shape : sequence of three int
        (T, N, H): steps, rows, units.
    rate : float
        Probability of zero, at least 0 and below 1.
    seed, update, layer : int
        At least 0; seed and update are taken modulo 2³².
    first_row, first_step : int
        Row and step of ``mask[0, 0]``, for parts of a larger mask.
    dtype : {float32, float64}
        Type of the mask; 1 / (1 − rate) is computed in float64 and rounded.

    Returns
    -------
    mask : ndarray (T, N, H)

    Raises
    ------
    ArgumentError
        If the rate lies outside [0, 1), or a number does not fit the counter.

    References
    ----------
    Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from overfitting. JMLR 15.

    Examples
    --------
    >>> whole = dropout_mask((3, 2, 5), rate=0.5, seed=7, update=1, layer=0)
    >>> np.unique(whole)
    array([0., 2.], dtype=float32)
    >>> part = dropout_mask((1, 1, 5), rate=0.5, seed=7, update=1, layer=0, first_row=1, first_step=2)
    >>> bool((part[0, 0] == whole[2, 1]).all())
    True
    """
    (T, N, H), rate, seed, update, layer, first_row, first_step, dtype = _check.dropout_mask(
        "dropout_mask", shape, rate, seed, update, layer, first_row, first_step, dtype
    )
    step, row, unit = np.ix_(first_step + np.arange(T), first_row + np.arange(N), np.arange(H))
    counter = np.stack(np.broadcast_arrays(unit // 4, step, row, layer), axis=-1)
    words = philox(counter, (seed & 0xFFFFFFFF, update & 0xFFFFFFFF))
    word = np.take_along_axis(words, np.broadcast_to(unit % 4, (T, N, H))[..., np.newaxis], axis=-1)[..., 0]
    return np.where(word >= int(rate * 2**32), 1.0 / (1.0 - rate), 0.0).astype(dtype)
