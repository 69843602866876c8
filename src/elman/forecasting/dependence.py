"""Dependence between the steps of a forecast, estimated from past errors.

The normal scores z_1 … z_K of the values ahead depend like the errors of exponential smoothing with a gain α and a
growth β (class 1 models of Hyndman et al. 2008), each divided by its standard deviation::

    e_k = ε_k + Σ_{j=1}^{k-1} (α + α β j) ε_{k-j}          ε_k independent, standard normal

α = 0: the steps are independent; α = 1, β = 0: a random walk; larger β: errors of the growth accumulate. Which of the
`GAINS` a series has is not known: each path draws one, with the probability that a series' past errors give it. That is
proportional to a first weight times the likelihood of the scores of past values, at origins half a horizon apart; they
overlap, so that each counts half. The scale of the scores of an origin is left open. The first weights are shares of
the gains among the series of the M1 competition, rounded; those up to 0.2, 0.15 together, are equal. These lie close
together: over 56 steps a gain of 0.05 more than doubles the standard deviation of the sum.

References
----------
Hyndman, Koehler, Ord & Snyder (2008), Forecasting with exponential smoothing: the state space approach. Springer.
Pinson, Madsen, Nielsen, Papaefthymiou & Klöckl (2009), From probabilistic forecasts to statistical scenarios of
short-term wind power production. Wind Energy 12(1).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["GAINS", "dependent", "weights_of"]

Array = npt.NDArray[np.float64]

_SMALL = ((0.0, 0.0), (0.02, 0.0), (0.05, 0.0), (0.1, 0.0), (0.2, 0.0))
GAINS = (*_SMALL, (0.4, 0.0), (0.6, 0.0), (0.8, 0.0), (1.0, 0.0), (1.0, 0.3), (1.0, 1.0))
_FIRST = np.array([0.03, 0.03, 0.03, 0.03, 0.03, 0.15, 0.15, 0.10, 0.25, 0.15, 0.05])
_OVERLAP = 0.5  # weight of an origin in the likelihood
_FLOOR = 1e-3  # of the mean square of an origin's scores: of a constant series it is 0


def _deviations(gain: float, growth: float, horizon: int) -> Array:
    """Return the standard deviations of e_1 … e_K."""
    steps = np.concatenate([[1.0], gain + gain * growth * np.arange(1.0, horizon)])
    deviations: Array = np.sqrt(np.cumsum(steps * steps))
    return deviations


def dependent(noise: Array, gains: npt.NDArray[np.int64]) -> Array:
    """Return dependent normal scores from independent ones.

    Parameters
    ----------
    noise : ndarray (n, K)
        Independent standard normal numbers.
    gains : ndarray of int (n,)
        Position in `GAINS` of each path.

    Examples
    --------
    >>> dependent(np.array([[1.0, 0.0, 0.0]]), np.array([8])).round(3).tolist()               # a random walk
    [[1.0, 0.707, 0.577]]
    """
    z = np.empty_like(noise)
    for number, (gain, growth) in enumerate(GAINS):
        own = noise[gains == number]
        level = np.cumsum(own, axis=1)  # after each step
        trend = np.cumsum(level, axis=1)
        e = own.copy()
        e[:, 1:] += gain * level[:, :-1] + gain * growth * trend[:, :-1]
        z[gains == number] = e / _deviations(gain, growth, noise.shape[1])
    return z


def weights_of(scores: Array) -> Array:
    """Return the probability of each of `GAINS` for every series (R, G).

    Parameters
    ----------
    scores : ndarray (O, R, K)
        Normal scores of past values, by origin; NaN at an origin that a series does not have.

    Examples
    --------
    >>> weights_of(np.empty((0, 1, 3))).round(2).tolist()                                    # nothing is known
    [[0.03, 0.03, 0.03, 0.03, 0.03, 0.15, 0.15, 0.1, 0.25, 0.15, 0.05]]
    """
    logs = np.repeat(np.log(_FIRST)[None], scores.shape[1], axis=0)
    for origin in scores:
        known = np.isfinite(origin).all(axis=1)
        for number in range(len(GAINS)):
            logs[known, number] += _OVERLAP * _log_likelihood(origin[known], *GAINS[number])
    found = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights: Array = found / found.sum(axis=1, keepdims=True)
    return weights


def _log_likelihood(scores: Array, gain: float, growth: float) -> Array:
    """Return the log likelihood (R,) of scores (R, K) of an unknown scale."""
    rows, horizon = scores.shape
    deviations = _deviations(gain, growth, horizon)
    level, trend, squares = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    for k in range(horizon):
        innovation = scores[:, k] * deviations[k] - gain * level - gain * growth * trend
        level = level + innovation
        trend = trend + level
        squares = squares + innovation * innovation
    logs: Array = -0.5 * horizon * np.log(squares / horizon + _FLOOR) + np.log(deviations).sum()
    return logs
