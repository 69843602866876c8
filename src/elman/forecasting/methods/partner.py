"""The partner of the prior where series have no season: Theta, for many series at a time.

The arithmetic is that of `elman.forecasting.baselines.theta`, operation by operation, on series of one length together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from elman.forecasting.baselines import BASELINES

__all__ = ["PARTNER", "partner_forecasts"]

Array = npt.NDArray[np.float64]

PARTNER = "Theta"  # key of BASELINES
_FEWEST = 4  # values below which the baseline estimates nothing
_ALPHAS, _FINE = 21, 2e-3  # smoothing parameters tried at a time, and how finely
_NUMBERS = 2**21  # held at a time; bounds memory and changes no bit


def partner_forecasts(series: Sequence[Array], horizon: int) -> Array:
    """Forecast series without season with Theta.

    Parameters
    ----------
    series : sequence of ndarray (n_i,)
        At least one value each, none missing.
    horizon : int
        Values to forecast (K).

    Returns
    -------
    ndarray (S, K), float64
        Those of the baseline, bit for bit.

    Examples
    --------
    >>> partner_forecasts([np.arange(1.0, 7.0), np.array([3.0])], 2).tolist()
    [[6.5, 7.0], [3.0, 3.0]]
    """
    lengths = np.array([len(values) for values in series])
    found = np.empty((len(series), horizon))
    for n in np.unique(lengths):
        same = np.flatnonzero(lengths == n)
        if n < _FEWEST or len(same) == 1:
            for row in same:
                found[row] = BASELINES[PARTNER](series[row], horizon, 1)
            continue
        most = max(1, _NUMBERS // (_ALPHAS * int(n)))
        for start in range(0, len(same), most):
            rows = same[start : start + most]
            found[rows] = _of_one_length(np.stack([series[row] for row in rows]), horizon)
    return found


def _of_one_length(series: Array, horizon: int) -> Array:
    """Forecast series (S, n)."""
    n = series.shape[1]
    scale = np.abs(series).max(axis=1)
    scaled = series / np.where(scale > 0, scale, 1.0)[:, np.newaxis]
    moved = scaled - scaled[:, -1:]
    alphas, errors = _smoothed(moved)
    times = np.arange(n) - (n - 1) / 2
    slopes = (times * moved).sum(axis=1) / max(np.square(times).sum(), 1.0)
    found = np.zeros((len(series), horizon))
    ahead = np.arange(horizon, dtype=np.float64)
    for row, (alpha, error, slope, size) in enumerate(zip(alphas, errors, slopes, scale, strict=True)):
        if size > 0:
            kept = 1 - float(alpha)
            level = float(scaled[row, -1] - kept * error)
            first = float(n) if kept == 1 else (1 - kept**n) / (1 - kept)
            largest = np.finfo(np.float64).max / size if size > 1 else np.inf
            found[row] = np.clip(level + float(slope) / 2 * (first + ahead), -largest, largest) * size
    return found


def _smoothed(moved: Array) -> tuple[Array, Array]:
    """Find α (S,) of the smallest sum of squared one-step errors, and the last of these errors (S,)."""
    count = len(moved)
    low, high = np.zeros(count), np.ones(count)
    alphas, last = np.zeros(count), np.zeros(count)
    rows = np.arange(count)
    while len(rows):
        tried = np.linspace(low[rows], high[rows], _ALPHAS, axis=1)
        errors = _errors(moved[rows], tried)
        best = np.square(errors).sum(axis=2).argmin(axis=1)
        each = np.arange(len(rows))
        alphas[rows], last[rows] = tried[each, best], errors[each, best, -1]
        low[rows] = tried[each, np.maximum(best - 1, 0)]
        high[rows] = tried[each, np.minimum(best + 1, _ALPHAS - 1)]
        rows = rows[high[rows] - low[rows] > _FINE]
    return alphas, last


def _errors(moved: Array, alphas: Array) -> Array:
    """Return the one-step errors (S, A, n) of simple exponential smoothing with the best first level."""
    kept, n = 1 - alphas[..., np.newaxis], moved.shape[1]
    levels = np.zeros((*alphas.shape, n))
    levels[..., 1:] = alphas[..., np.newaxis] * moved[:, np.newaxis, :-1]
    shift = 1
    while shift < n:
        levels[..., shift:] += kept**shift * levels[..., :-shift]
        shift *= 2
    powers = np.concatenate([np.ones_like(kept), np.broadcast_to(kept, (*alphas.shape, n - 1))], axis=-1)
    of_first = np.cumprod(powers, axis=-1)
    given = moved[:, np.newaxis] - levels
    size = np.square(of_first).sum(axis=-1)
    errors: Array = given - ((given * of_first).sum(axis=-1) / size)[..., np.newaxis] * of_first
    return errors
