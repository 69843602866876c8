"""Distributions by name: likelihood with gradient, quantiles, and normal scores, from a network's raw outputs.

The raw outputs of a value y are p = (p_0, …), the last axis of ``raw``; with softplus(x) = log(1 + exp x)::

    normal              y ~ N(μ, σ²)                        μ = p_0             σ = softplus(p_1 - 0.7) + 10⁻³
    student_t           (y - μ) / σ ~ t(ν)                  μ, σ as above       ν = 2 + softplus(p_2 + 2)
    poisson             y ~ Poisson(μ)                      μ = exp p_0
    negative_binomial   y ~ NB, mean μ, variance μ + α μ²   μ = exp p_0         α = softplus(p_1 - 0.7) + 10⁻³

The two for counts have a logarithmic link; the first two live on the scale of the transform, in units of the network.
A *normal score* is z = Φ⁻¹(F(y)); quantiles are asked for by their score, so that none is lost to rounding in a tail.

References
----------
Salinas, Flunkert, Gasthaus & Januschowski (2020), DeepAR: probabilistic forecasting with autoregressive recurrent
networks. Int. J. Forecasting 36(3).
Lange, Little & Taylor (1989), Robust statistical modeling using the t distribution. JASA 84(408).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DISTRIBUTIONS", "Distribution"]

Array = npt.NDArray[np.float64]

_FIRST = -0.7  # softplus of it is 0.4 units
_FREEDOM = 2.0  # softplus of it, and 2, are the first degrees of freedom: 4.1
_LEAST = 1e-3
_FARTHEST_LOG = 30.0  # of a mean
_FARTHEST = 8.0  # normal scores


@dataclass(frozen=True)
class Distribution:
    """A family of distributions.

    Parameters
    ----------
    name : str
        As in `elman.Forecaster`.
    size : int
        Raw outputs per value (P).
    counts : bool
        Whether values are counts 0, 1, 2, …
    terms : callable
        ``terms(raw, y)`` returns the negative log likelihood (R,) and its derivative (R, P), from float64 (R, P), (R,).
    quantile : callable
        ``quantile(raw, z)`` returns the quantiles at normal scores; ``raw[..., 0]`` and ``z`` broadcast.
    cdf : callable
        ``cdf(raw, y)`` returns F(y); ``raw[..., 0]`` and ``y`` broadcast.

    Examples
    --------
    >>> normal = DISTRIBUTIONS["normal"]
    >>> float(normal.quantile(np.array([5.0, 0.7]), np.array(0.0)))
    5.0
    """

    name: str
    size: int
    counts: bool
    terms: Callable[[Array, Array], tuple[Array, Array]]
    quantile: Callable[[Array, Array], Array]
    cdf: Callable[[Array, Array], Array]

    def loss(self, raw: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> tuple[float, Array]:
        """Return the weighted mean of the negative log likelihood and its derivative, both of float64.

        Parameters
        ----------
        raw : array_like (R, P)
            Raw outputs.
        y : array_like (R,)
            Values; those of weight 0 are not read.
        weight : array_like (R,), optional
            At least 0.

        Returns
        -------
        loss : float
            0 if every weight is 0.
        d_raw : ndarray (R, P), float64
        """
        raw, y = np.asarray(raw, np.float64), np.asarray(y, np.float64)
        w = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
        total = float(w.sum())
        if total == 0.0:
            return 0.0, np.zeros_like(raw)
        terms, slopes = self.terms(raw, np.where(w > 0, y, 0.0))
        return float((np.where(w > 0, terms, 0.0) * w).sum() / total), slopes * (w / total)[:, None]

    def scores(self, raw: Array, y: Array) -> tuple[Array, Array]:
        """Return the normal scores of F just below y and of F at y, between -8 and 8; equal unless y is a count."""
        from scipy.special import ndtri  # takes a tenth of a second to import

        def score(at: Array) -> Array:
            found: Array = np.clip(ndtri(self.cdf(raw, at)), -_FARTHEST, _FARTHEST)
            return found

        upper = score(y)
        return (score(y - 1.0) if self.counts else upper), upper


def _softplus(x: Array) -> Array:
    return np.logaddexp(0.0, x)


def _sigmoid(x: Array) -> Array:
    half: Array = 0.5 * (1.0 + np.tanh(0.5 * x))
    return half


def _size(raw: Array) -> Array:
    return _softplus(raw + _FIRST) + _LEAST


def _normal_terms(raw: Array, y: Array) -> tuple[Array, Array]:
    sigma = _size(raw[:, 1])
    e = (y - raw[:, 0]) / sigma
    terms = np.log(sigma) + 0.5 * e * e + 0.5 * np.log(2 * np.pi)
    return terms, np.stack([-e / sigma, (1 - e * e) / sigma * _sigmoid(raw[:, 1] + _FIRST)], axis=1)


def _normal_quantile(raw: Array, z: Array) -> Array:
    return np.asarray(raw[..., 0] + _size(raw[..., 1]) * z)


def _normal_cdf(raw: Array, y: Array) -> Array:
    from scipy.special import ndtr

    return np.asarray(ndtr((y - raw[..., 0]) / _size(raw[..., 1])))


def _freedom(raw: Array) -> Array:
    return 2.0 + _softplus(raw + _FREEDOM)


def _student_terms(raw: Array, y: Array) -> tuple[Array, Array]:
    from scipy.special import digamma, gammaln

    sigma, nu = _size(raw[:, 1]), _freedom(raw[:, 2])
    e = (y - raw[:, 0]) / sigma
    tail, half = np.log1p(e * e / nu), 0.5 * (nu + 1)
    terms = gammaln(0.5 * nu) - gammaln(half) + 0.5 * np.log(nu * np.pi) + np.log(sigma) + half * tail
    weight = (nu + 1) / (nu + e * e)  # that of an observation in the mean
    d_nu = 0.5 * (digamma(0.5 * nu) - digamma(half) + 1 / nu + tail - weight * e * e / nu)
    columns = -weight * e / sigma, (1 - weight * e * e) / sigma * _sigmoid(raw[:, 1] + _FIRST)
    return terms, np.stack([*columns, d_nu * _sigmoid(raw[:, 2] + _FREEDOM)], axis=1)


def _student_quantile(raw: Array, z: Array) -> Array:
    from scipy.special import ndtr, stdtrit

    lower = stdtrit(_freedom(raw[..., 2]), ndtr(-np.abs(z)))  # of the lower tail, where shares are exact
    return np.asarray(raw[..., 0] - np.sign(z) * _size(raw[..., 1]) * lower)


def _student_cdf(raw: Array, y: Array) -> Array:
    from scipy.special import stdtr

    return np.asarray(stdtr(_freedom(raw[..., 2]), (y - raw[..., 0]) / _size(raw[..., 1])))


def _log_mean(raw: Array) -> Array:
    return np.clip(raw, -_FARTHEST_LOG, _FARTHEST_LOG)


def _inside(raw: Array) -> Array:
    """Return 1 where the mean follows its raw output, 0 where it is clipped."""
    return (np.abs(raw) < _FARTHEST_LOG).astype(np.float64)


def _poisson_terms(raw: Array, y: Array) -> tuple[Array, Array]:
    from scipy.special import gammaln

    log_mean = _log_mean(raw[:, 0])
    mean = np.exp(log_mean)
    return mean - y * log_mean + gammaln(y + 1), ((mean - y) * _inside(raw[:, 0]))[:, None]


def _poisson_quantile(raw: Array, z: Array) -> Array:
    from scipy.stats import poisson

    return _count_quantile(lambda share: poisson.ppf(share, np.exp(_log_mean(raw[..., 0]))), z)


def _poisson_cdf(raw: Array, y: Array) -> Array:
    from scipy.stats import poisson

    return np.asarray(poisson.cdf(y, np.exp(_log_mean(raw[..., 0]))))


def _negative_binomial_terms(raw: Array, y: Array) -> tuple[Array, Array]:
    from scipy.special import digamma, gammaln

    log_mean, alpha = _log_mean(raw[:, 0]), _size(raw[:, 1])
    mean, r = np.exp(log_mean), 1 / alpha
    both = np.log(r + mean)
    terms = gammaln(r) + gammaln(y + 1) - gammaln(y + r) - r * (np.log(r) - both) - y * (log_mean - both)
    d_mean = r * (mean - y) / (r + mean) * _inside(raw[:, 0])
    d_r = digamma(r) - digamma(y + r) - (np.log(r) - both) - 1 + (y + r) / (r + mean)
    return terms, np.stack([d_mean, -d_r * r * r * _sigmoid(raw[:, 1] + _FIRST)], axis=1)


def _negative_binomial_quantile(raw: Array, z: Array) -> Array:
    from scipy.stats import nbinom

    return _count_quantile(lambda share: nbinom.ppf(share, *_r_and_p(raw)), z)


def _negative_binomial_cdf(raw: Array, y: Array) -> Array:
    from scipy.stats import nbinom

    return np.asarray(nbinom.cdf(y, *_r_and_p(raw)))


def _r_and_p(raw: Array) -> tuple[Array, Array]:
    r = 1 / _size(raw[..., 1])
    return r, r / (r + np.exp(_log_mean(raw[..., 0])))


def _count_quantile(quantile: Callable[[Array], Array], z: Array) -> Array:
    from scipy.special import ndtr

    return np.maximum(0.0, np.asarray(quantile(ndtr(np.clip(z, -_FARTHEST, _FARTHEST)))))


DISTRIBUTIONS = {
    each.name: each
    for each in (
        Distribution("normal", 2, False, _normal_terms, _normal_quantile, _normal_cdf),
        Distribution("student_t", 3, False, _student_terms, _student_quantile, _student_cdf),
        Distribution("poisson", 1, True, _poisson_terms, _poisson_quantile, _poisson_cdf),
        Distribution(
            "negative_binomial",
            2,
            True,
            _negative_binomial_terms,
            _negative_binomial_quantile,
            _negative_binomial_cdf,
        ),
    )
}
