"""Quantiles between known ones: linear in the normal score z = Φ⁻¹(level), on both sides beyond the outer ones too.

Exact for normal errors, and never crossing for any.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["at_scores", "scores_between"]

Array = npt.NDArray[np.float64]

_FARTHEST = 8.0  # normal scores


def at_scores(scores: Array, quantiles: Array, z: Array) -> Array:
    """Return quantiles at normal scores.

    Parameters
    ----------
    scores : ndarray (Q,)
        Normal scores of the known quantiles, ascending; at least two.
    quantiles : ndarray (…, Q)
        Their values, ascending.
    z : ndarray
        Wanted scores; broadcast with ``quantiles[..., 0]``.

    Examples
    --------
    >>> at_scores(np.array([-1.0, 0.0, 1.0]), np.array([2.0, 4.0, 8.0]), np.array([-2.0, 0.5, 2.0])).tolist()
    [0.0, 6.0, 12.0]
    """
    right = np.clip(np.searchsorted(scores, z), 1, len(scores) - 1)
    shape = np.broadcast_shapes(z.shape, quantiles.shape[:-1])
    right, z = np.broadcast_to(right, shape), np.broadcast_to(z, shape)
    known = np.broadcast_to(quantiles, (*shape, len(scores)))
    low, high = (np.take_along_axis(known, at[..., None], -1)[..., 0] for at in (right - 1, right))
    part = (z - scores[right - 1]) / (scores[right] - scores[right - 1])
    between: Array = low + part * (high - low)
    return between


def scores_between(scores: Array, quantiles: Array, y: Array) -> Array:
    """Return the normal scores of values (…) among quantiles (…, Q), between -8 and 8; the inverse of `at_scores`.

    Beside quantiles that are all equal it is 8 or -8, at them 0.

    Examples
    --------
    >>> known = np.array([2.0, 4.0, 8.0])
    >>> scores_between(np.array([-1.0, 0.0, 1.0]), known, np.array([0.0, 6.0, 12.0])).tolist()
    [-2.0, 0.5, 2.0]
    """
    right = np.clip((quantiles <= y[..., None]).sum(axis=-1), 1, len(scores) - 1)
    known = np.broadcast_to(quantiles, (*right.shape, len(scores)))
    low, high = (np.take_along_axis(known, at[..., None], -1)[..., 0] for at in (right - 1, right))
    gap = high - low
    part = (y - low) / np.where(gap > 0, gap, 1.0)
    z = scores[right - 1] + part * (scores[right] - scores[right - 1])
    return np.clip(np.where(gap > 0, z, _FARTHEST * np.sign(y - low)), -_FARTHEST, _FARTHEST)
