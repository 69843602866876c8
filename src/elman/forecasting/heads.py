"""Heads of the window network: what it predicts of a value besides a point.

A head turns the raw outputs of a value, P numbers, into a distribution: of `QuantileHead`, quantiles at levels of the
user's choice; of `DistributionHead`, the parameters of a distribution by name. Over an ensemble the raw outputs are
combined by their median, which again are raw outputs of the head. The forecast is the median of the distribution.

The quantiles cannot cross: the median is an output of its own, and the others lie at cumulated gaps from it::

    q_M = p_0      q_{i+1} - q_i = softplus(p_{1+i} + c_i)      c_i: the gaps of a normal distribution at first

as in the readout of the prior (`elman.reference.mixing_readout_forward`), whose kernels compute them. The loss is the
mean pinball loss over all levels.

References
----------
Koenker & Bassett (1978), Regression quantiles. Econometrica 46(1).
Wen, Torkkola, Narayanaswamy & Madeka (2017), A multi-horizon quantile recurrent forecaster. NIPS time series workshop.
Gasthaus et al. (2019), Probabilistic forecasting with spline quantile function RNNs. AISTATS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.forecasting.distributions import DISTRIBUTIONS, Distribution
from elman.forecasting.interpolation import at_scores, scores_between

__all__ = ["DistributionHead", "Head", "QuantileHead", "head_of", "log_offset"]

Array = npt.NDArray[np.float64]
Raw = npt.NDArray[Any]

_FIRST_SIZE = 0.4  # standard deviation of the first quantiles, in units of the network


@dataclass(frozen=True)
class QuantileHead:
    """Quantiles at some levels, which cannot cross.

    Parameters
    ----------
    levels : tuple of float
        Ascending, symmetric about the middle one, 0.5; see `of`.

    Examples
    --------
    >>> head = QuantileHead.of([0.9])
    >>> head.levels, head.size
    ((0.1, 0.5, 0.9), 3)
    >>> head.at(np.zeros(3), np.array([-1.0, 0.0, 1.0])).round(6)           # at first those of a normal distribution
    array([-0.4,  0. ,  0.4])
    """

    levels: tuple[float, ...]

    @classmethod
    def of(cls, quantiles: Sequence[float]) -> QuantileHead:
        """Take levels in any order; their mirror images and the median are added, rounded to ten digits."""
        both = {round(level, 10) for level in quantiles} | {round(1 - level, 10) for level in quantiles} | {0.5}
        return cls(tuple(sorted(both)))

    @property
    def size(self) -> int:
        """Raw outputs per value (P): the median and the gaps."""
        return len(self.levels)

    @property
    def counts(self) -> bool:
        """False: values may be any numbers."""
        return False

    @property
    def highest(self) -> float:
        """Level, in percent, of the interval between the outer quantiles."""
        return round(100.0 * (self.levels[-1] - self.levels[0]), 9)

    @property
    def scores(self) -> Array:
        """Normal scores of the levels (Q,)."""
        return np.array([NormalDist().inv_cdf(level) for level in self.levels])

    def quantiles(self, raw: Raw, n_threads: int = 0) -> Raw:
        """Return the quantiles (…, Q) of raw outputs (…, P)."""
        rows = raw.reshape(-1, self.size)
        q = np.empty((1, *rows.shape), rows.dtype)
        kernels.mixing_readout_forward(*self._readout(rows), q, n_threads)
        return q.reshape(raw.shape)

    def loss(self, raw: Raw, y: Raw, weight: Raw | None = None, n_threads: int = 0) -> tuple[float, Raw]:
        """Return the mean pinball loss of raw outputs (R, P) for values (R,), and its derivative (R, P)."""
        o, b, k = self._readout(raw)
        q, dq, do = np.empty((1, *raw.shape), raw.dtype), np.empty(raw.shape, raw.dtype), np.empty_like(o)
        kernels.mixing_readout_forward(o, b, k, q, n_threads)
        levels, y = np.array(self.levels, raw.dtype), np.ascontiguousarray(y, raw.dtype)
        own = None if weight is None else np.ascontiguousarray(weight, raw.dtype)
        loss = kernels.quantile_loss(q[0], y, levels, None, own, "mean", dq)
        kernels.mixing_readout_backward(dq[None], o, b, k, do, n_threads)
        return float(loss), np.concatenate([do[0, :, :1], do[0, :, 3:]], axis=1)

    def at(self, raw: Raw, z: Array) -> Array:
        """Return the quantiles at normal scores; linear in between, and beyond the outer ones."""
        return at_scores(self.scores, self.quantiles(np.asarray(raw, np.float64)), z)

    def scores_of(self, raw: Raw, y: Array) -> tuple[Array, Array]:
        """Return the normal scores of values, twice (of a count they are those just below and at it)."""
        found = scores_between(self.scores, self.quantiles(np.asarray(raw, np.float64)), y)
        return found, found

    def _readout(self, rows: Raw) -> tuple[Raw, Raw, Raw]:
        """Write raw outputs as the readout of the prior: no simple forecasts, and one free term."""
        gaps = np.diff(self.scores) * _FIRST_SIZE
        o = np.zeros((1, len(rows), self.size + 2), rows.dtype)
        o[0, :, 0], o[0, :, 3:] = rows[:, 0], rows[:, 1:] + np.log(np.expm1(gaps)).astype(rows.dtype)
        return o, np.empty((1, len(rows), 0), rows.dtype), np.ones(len(rows), rows.dtype)


@dataclass(frozen=True)
class DistributionHead:
    """The parameters of a distribution.

    Parameters
    ----------
    name : str
        Key of `elman.forecasting.distributions.DISTRIBUTIONS`.
    """

    name: str

    @property
    def distribution(self) -> Distribution:
        """The family."""
        return DISTRIBUTIONS[self.name]

    @property
    def size(self) -> int:
        """Raw outputs per value (P)."""
        return self.distribution.size

    @property
    def counts(self) -> bool:
        """Whether values are counts."""
        return self.distribution.counts

    @property
    def highest(self) -> float:
        """Highest level, in percent."""
        return 100.0

    def loss(self, raw: Raw, y: Raw, weight: Raw | None = None, n_threads: int = 0) -> tuple[float, Raw]:
        """Return the mean negative log likelihood of raw outputs (R, P) for values (R,), and its derivative (R, P)."""
        loss, d_raw = self.distribution.loss(raw, y, weight)
        return loss, d_raw.astype(raw.dtype)

    def at(self, raw: Raw, z: Array) -> Array:
        """Return the quantiles at normal scores."""
        return self.distribution.quantile(np.asarray(raw, np.float64), z)

    def scores_of(self, raw: Raw, y: Array) -> tuple[Array, Array]:
        """Return the normal scores of values; of a count, those just below and at it."""
        return self.distribution.scores(np.asarray(raw, np.float64), y)


Head: TypeAlias = QuantileHead | DistributionHead


def log_offset(center: Array, values: int) -> Array:
    """Return the logarithm of the mean count that the center of a window suggests; a network adds to it.

    ::

        log(exp(center) - 1 + 1 / (2 values))           center: the mean of so many log(1 + y)

    Half a count over the values averaged keeps it finite where all are zero.

    Examples
    --------
    >>> log_offset(np.log1p(np.array([0.0, 6.0])), 12).round(3).tolist()
    [-3.178, 1.799]
    """
    offset: Array = np.log(np.expm1(np.maximum(center, 0.0)) + 0.5 / max(1, values))
    return offset


def head_of(quantiles: Sequence[float] | None, distribution: str | None) -> Head | None:
    """Return the head that two checked parameters of a forecaster ask for; None for a network that predicts points."""
    if quantiles is not None:
        return QuantileHead.of(quantiles)
    return None if distribution is None else DistributionHead(distribution)
