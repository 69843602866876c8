"""Numbers that describe sequences for simple methods: levels, slopes, spectra, and the values around a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["around_steps", "described", "of_equal_length"]

Array = npt.NDArray[Any]

_PARTS = 4  # of a sequence, each with a mean and a slope
_SHORTEST = 2 * _PARTS  # steps; shorter sequences are stretched, so that every part has a slope
_BANDS = 2.0 ** -np.arange(1, 8)  # cycles per step: octaves below half a cycle
_QUIET = 1e-6  # power added before the logarithm; the channels are standardised


def described(sequences: Sequence[Array]) -> Array:
    """Return levels, slopes and spectrum of every channel, and the logarithm of the length.

    Parameters
    ----------
    sequences : sequence of ndarray (T_i, D)
        Standardised channels.

    Returns
    -------
    ndarray (n, 17 * D + 1)
        For every channel the mean and slope of each quarter, standard deviation, minimum, maximum, and the logarithm
        of the power in six octaves of frequency, from half a cycle per step downwards.

    Examples
    --------
    >>> found = described([np.arange(8.0)[:, None]])
    >>> found[0, :11].round(2)
    array([0.5 , 2.5 , 4.5 , 6.5 , 1.  , 1.  , 1.  , 1.  , 2.29, 0.  , 7.  ])
    """
    return np.stack([_one(sequence) for sequence in sequences])


def _one(x: Array) -> Array:
    stretched = of_equal_length([x], _SHORTEST)[0] if len(x) < _SHORTEST else x
    parts = np.array_split(stretched, _PARTS)
    levels = [part.mean(axis=0) for part in parts]
    slopes = [_slope(part) for part in parts]
    spread = [x.std(axis=0), x.min(axis=0), x.max(axis=0)]
    return np.concatenate([*levels, *slopes, *spread, *_spectrum(x), [np.log(len(x))]])


def _slope(x: Array) -> Array:
    """Return the slope per step of the least-squares line through every channel."""
    t = np.arange(len(x)) - (len(x) - 1) / 2
    slope: Array = t @ x / (t @ t)
    return slope


def _spectrum(x: Array) -> list[Array]:
    """Return the logarithm of every channel's mean power in each octave."""
    size = max(len(x), int(2 / _BANDS[-1]))  # zeros behind a short sequence give every octave a frequency
    power = np.abs(np.fft.rfft(x - x.mean(axis=0), size, axis=0)) ** 2 / len(x)
    frequency = np.arange(len(power)) / size
    octaves = zip(_BANDS[1:], _BANDS[:-1], strict=True)
    return [np.log(power[(frequency > low) & (frequency <= high)].mean(axis=0) + _QUIET) for low, high in octaves]


def of_equal_length(sequences: Sequence[Array], length: int) -> Array:
    """Stretch or compress sequences to one length by linear interpolation.

    Parameters
    ----------
    sequences : sequence of ndarray (T_i, D)
        Any lengths.
    length : int
        Steps of the result.

    Returns
    -------
    ndarray (n, length, D)
        The first and last values stay.

    Examples
    --------
    >>> of_equal_length([np.array([[0.0], [2.0]]), np.array([[5.0]])], 3)[:, :, 0]
    array([[0., 1., 2.],
           [5., 5., 5.]])
    """
    found = np.empty((len(sequences), length, sequences[0].shape[1]))
    for sequence, own in zip(sequences, found, strict=True):
        at = np.linspace(0, len(sequence) - 1, length)
        for channel in range(own.shape[1]):
            own[:, channel] = np.interp(at, np.arange(len(sequence)), sequence[:, channel])
    return found


def around_steps(sequences: Sequence[Array], before: int, after: int) -> Array:
    """Return the values around every step, all sequences one after the other.

    Parameters
    ----------
    sequences : sequence of ndarray (T_i, D)
        Any lengths.
    before, after : int
        Steps before and after each step; the ends are repeated beyond a sequence.

    Returns
    -------
    ndarray (T_1 + … + T_n, (before + 1 + after) * D)

    Examples
    --------
    >>> around_steps([np.array([[1.0], [2.0], [3.0]])], before=1, after=0)
    array([[1., 1.],
           [1., 2.],
           [2., 3.]])
    """
    shifts = np.arange(-before, after + 1)
    at = [np.clip(np.arange(len(s))[:, np.newaxis] + shifts, 0, len(s) - 1) for s in sequences]
    return np.concatenate([s[own].reshape(len(s), -1) for s, own in zip(sequences, at, strict=True)])
