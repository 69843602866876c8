"""Features of random convolutions: fixed kernels with no training, the largest response and the share above zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError

__all__ = ["KERNELS", "MOST_CHANNELS", "Kernels", "convolved", "random_kernels", "too_much"]

Array = npt.NDArray[Any]

KERNELS = 500
_TAPS = 11  # of the longest kernels; shorter ones have zeros at both ends
_BLOCK = 2**20  # numbers per block of steps; limits memory
MOST_CHANNELS = 1000  # 44 MB of weights
_MOST_SEQUENCES = 20_000  # to learn from: 160 MB of features
_MOST_VALUES = 1e8  # to read; a few minutes


@dataclass(frozen=True)
class Kernels:
    """Kernels of one dilation d: ``response_k(t) = b_k + Σ_i Σ_c W[i, c, k] x_c(t + (i − 5) d)``.

    Parameters
    ----------
    dilation : int
        Steps between neighbouring taps.
    W : ndarray (11, D, K)
        Weights of taps, channels and kernels.
    b : ndarray (K,)
        Biases.
    """

    dilation: int
    W: Array
    b: Array


def random_kernels(length: int, channels: int) -> list[Kernels]:
    """Draw the kernels for sequences of about ``length`` steps; the same in every call.

    A kernel has 7, 9 or 11 normal weights for every channel that it reads, less their mean, and a uniform bias between
    −1 and 1. The number of channels and the dilation are uniform on a logarithmic scale, dilations as powers of two up
    to that with which the kernel is as long as the sequence.

    Parameters
    ----------
    length : int
        Usual steps.
    channels : int
        D, at most 1,000.

    Returns
    -------
    list of Kernels
        500 in all, by dilation.

    Raises
    ------
    ArgumentError
        If there are more channels.

    References
    ----------
    Dempster, Petitjean & Webb (2020), ROCKET: exceptionally fast and accurate time series classification using random
    convolutional kernels. Data Mining and Knowledge Discovery 34.

    Examples
    --------
    >>> [(own.dilation, own.W.shape) for own in random_kernels(length=24, channels=1)]
    [(1, (11, 1, 256)), (2, (11, 1, 244))]
    """
    if channels > MOST_CHANNELS:
        raise ArgumentError(f"convolutions: {channels:,} channels are more than {MOST_CHANNELS:,}.")
    taps, share, reach, bias = _uniform(0, (4, KERNELS))
    sizes = np.array([7, 9, 11])[(3 * taps).astype(int)]
    inside = (np.abs(np.arange(_TAPS) - _TAPS // 2) <= sizes[:, np.newaxis] // 2)[..., np.newaxis]
    W = _normal((KERNELS, _TAPS, channels)) * inside
    W = (W - W.sum(axis=1, keepdims=True) / sizes[:, np.newaxis, np.newaxis]) * inside
    rank = _uniform(3, (KERNELS, channels)).argsort(axis=1).argsort(axis=1)
    W *= (rank < np.floor((channels + 1) ** share)[:, np.newaxis])[:, np.newaxis]
    largest = np.floor(np.log2(np.maximum(1.0, (length - 1) / (sizes - 1))))
    exponents = np.floor(reach * (largest + 1)).astype(int)
    groups = [(exponent, exponents == exponent) for exponent in np.unique(exponents).tolist()]
    return [Kernels(2**exponent, W[own].transpose(1, 2, 0), 2 * bias[own] - 1) for exponent, own in groups]


def _uniform(stream: int, shape: tuple[int, ...]) -> Array:
    """Return numbers in [0, 1) from the generator's words, which are the same in every version of NumPy."""
    words = np.random.Philox(key=[0, stream]).random_raw(int(np.prod(shape)))
    return np.asarray((words >> np.uint64(11)) * 2.0**-53).reshape(shape)


def _normal(shape: tuple[int, ...]) -> Array:
    """Return normal numbers (Box & Muller 1958)."""
    found: Array = np.sqrt(-2 * np.log1p(-_uniform(1, shape))) * np.cos(2 * np.pi * _uniform(2, shape))
    return found


def convolved(sequences: Sequence[Array], kernels: Sequence[Kernels]) -> Array:
    """Return the largest response of every kernel, and the share of steps with a positive one.

    Parameters
    ----------
    sequences : sequence of ndarray (T_i, D), float64
        Standardised channels; zeros stand before and after them.
    kernels : sequence of Kernels
        By dilation.

    Returns
    -------
    ndarray (n, 2 K), float64
        Largest responses of all kernels, then shares. A row does not depend on the others.

    Examples
    --------
    >>> W = np.zeros((11, 1, 1))
    >>> W[4:7, 0, 0] = [-1, 2, -1]  # of x(t − 1), x(t) and x(t + 1)
    >>> convolved([np.array([[0.0], [1.0], [3.0], [0.0]])], [Kernels(1, W, np.array([-2.0]))])
    array([[3.  , 0.25]])
    """
    return np.stack([np.concatenate(_of_one(sequence, kernels)) for sequence in sequences])


def _of_one(x: Array, kernels: Sequence[Kernels]) -> tuple[Array, Array]:
    """Return the largest responses (K,) and the shares of positive ones (K,) of a sequence (T, D)."""
    found = [_of_dilation(x, own) for own in kernels]
    return np.concatenate([largest for largest, _ in found]), np.concatenate([share for _, share in found])


def _of_dilation(x: Array, kernels: Kernels) -> tuple[Array, Array]:
    length, shift = len(x), min(kernels.dilation, len(x))  # a shift by the whole length already reads zeros
    zeros = np.zeros((_TAPS // 2 * shift, x.shape[1]))
    padded = np.concatenate([zeros, x, zeros])
    W = kernels.W.reshape(-1, len(kernels.b))
    rows = max(1, _BLOCK // max(W.shape))
    largest, positive = np.full(len(kernels.b), -np.inf), np.zeros(len(kernels.b))
    for start in range(0, length, rows):
        end = min(start + rows, length)
        around = np.concatenate([padded[start + i * shift : end + i * shift] for i in range(_TAPS)], axis=1)
        responses = around @ W + kernels.b
        largest = np.maximum(largest, responses.max(axis=0))
        positive += (responses > 0).sum(axis=0)
    return largest, positive / length


def too_much(known: Sequence[Array], tested: Sequence[Array]) -> str | None:
    """Say why features of these training and held-out sequences are not computed, if that would take too much.

    Examples
    --------
    >>> too_much([np.zeros((5, 1001))], [np.zeros((5, 1001))])
    'it reads at most 1,000 channels.'
    """
    channels = known[0].shape[1]
    if channels > MOST_CHANNELS:
        return f"it reads at most {MOST_CHANNELS:,} channels."
    if len(known) > _MOST_SEQUENCES:
        return f"it would learn from {len(known):,} sequences, more than {_MOST_SEQUENCES:,}."
    if (values := float(channels * sum(map(len, [*known, *tested])))) > _MOST_VALUES:
        return f"it would read {values:.0e} values, more than {_MOST_VALUES:.0e}."
    return None
