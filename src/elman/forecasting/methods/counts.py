"""Demand with many zeros: its mean and its quantiles, from the values that the series had.

A step has a demand with probability p; its size is one of the past sizes z_i, with probability v_i. Both remember half
equally far back, half with weights that fall by a tenth with every step, or with every demand::

    p   = Σ_t w_t 1[y_t ≠ 0]        w_t = (1 / n + 0.9^(n - t) / Σ_s 0.9^(n - s)) / 2        v_i alike, of the demands
    mean = p Σ_i v_i z_i            quantile at q: the smallest y with P(Y ≤ y) ≥ q

The forecast is the mean, the same at every step, so sums of it are totals; the quantiles are values that the series
had, zero among them: an order of the quantile at 0.9 is enough in nine steps of ten.

On the series that choices were made on, a negative binomial distribution, with a dispersion of each series, of all, or
in between, and an INGARCH(1, 1) with such a distribution had larger pinball losses; sizes pooled over the series had
the same.

This is right for series without memory. A series that has one, with an autocorrelation above 0.5 at the lag of one
step or of the season, is left to the prior. A constant series is forecast by its value, without a width: a count has
none.

References
----------
Croston (1972), Forecasting and stock control for intermittent demands. Operational Research Quarterly 23(3).
Willemain, Smart & Schwarz (2004), A new approach to forecasting intermittent demand for service parts inventories.
International Journal of Forecasting 20(3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError, Remedy
from elman.forecasting.channels import flat, rejoined, rows_of
from elman.forecasting.intermittent import autocorrelation
from elman.forecasting.intervals import ask_for_at_most
from elman.forecasting.methods.alone import Alone
from elman.forecasting.methods.spread import Spread
from elman.forecasting.panel import Panel

__all__ = ["COUNTS", "CountsMethod", "Demand", "has_memory"]

Array = npt.NDArray[np.float64]

COUNTS = "counts"
_DISCOUNT = 0.9
_MEMORY = 0.5  # autocorrelation
_FARTHEST = 8.0  # normal scores
_BESIDE: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True)
class Demand:
    """Distribution of the value of one step.

    Parameters
    ----------
    outcomes : ndarray (n,), float64
        Possible values, ascending.
    weights : ndarray (n,), float64
        Their probabilities.

    Examples
    --------
    >>> demand = Demand.of(np.array([0.0, 4, 0, 8]))
    >>> round(demand.mean, 3), demand.quantiles([0.4, 0.6, 0.9]).tolist()
    (3.106, [0.0, 4.0, 8.0])
    """

    outcomes: Array
    weights: Array

    @classmethod
    def of(cls, values: Array) -> Demand:
        """Take the distribution of the past values of a series."""
        if values.min() == values.max():  # exactly: the weights add up to 1 but for rounding
            return cls(values[:1].copy(), np.ones(1))
        occurs = values != 0
        probability = float(_weights(len(values))[occurs].sum())
        sizes = values[occurs]
        outcomes = np.append(sizes, 0.0)
        weights = np.append(probability * _weights(len(sizes)), 1 - probability)
        order = np.argsort(outcomes, kind="stable")
        return cls(outcomes[order], weights[order])

    @property
    def mean(self) -> float:
        """The expected value."""
        return float((self.outcomes * self.weights).sum())

    def quantiles(self, shares: npt.ArrayLike) -> Array:
        """Return the smallest outcomes that are not exceeded with these probabilities."""
        places = np.searchsorted(np.cumsum(self.weights), np.asarray(shares) - 1e-12)
        found: Array = self.outcomes[np.minimum(places, len(self.outcomes) - 1)]
        return found

    def at_scores(self, z: Array) -> Array:
        """Return the quantiles at normal scores."""
        from scipy.special import ndtr  # takes a tenth of a second to import

        return self.quantiles(ndtr(z))

    def scores_of(self, values: Array) -> Array:
        """Return the normal scores of values: an outcome has that of the middle of its probability; NaN for NaN."""
        from scipy.special import ndtri

        total = np.concatenate([[0.0], np.cumsum(self.weights)])
        ends = [total[np.searchsorted(self.outcomes, values, side=side)] for side in _BESIDE]
        scores = np.clip(ndtri(0.5 * (ends[0] + ends[1])), -_FARTHEST, _FARTHEST)
        return np.where(np.isnan(values), np.nan, scores)


def _weights(n: int) -> Array:
    """Return the weights of n values, the newest last; they add up to one."""
    recent = _DISCOUNT ** np.arange(n - 1, -1, -1, dtype=np.float64)
    weights: Array = 0.5 / max(n, 1) + 0.5 * recent / recent.sum() if n else recent
    return weights


@dataclass(frozen=True)
class CountsMethod(Alone):
    """The distribution of demand, or the prior for series with a memory.

    Parameters
    ----------
    spread : Spread
        Of the prior.
    """

    spread: Spread
    name: ClassVar[str] = COUNTS
    label: ClassVar[str] = COUNTS

    @property
    def of_counts(self) -> str:
        """Its name."""
        return self.name

    def forecast(self, place: str, panel: Panel, n_threads: int) -> Array:
        """Forecast every channel of every series alone."""
        self.refuse(place, panel)
        series = flat(panel)
        forecasts = np.empty((len(series), self.spread.horizon))
        alone, left = self._divided(series)
        for row in alone:
            forecasts[row] = Demand.of(series[row]).mean
        if left:
            forecasts[left] = self.spread.median(self.spread.quantiles(_panel(series, left), n_threads))
        return rejoined(forecasts, panel)

    def bounds(
        self, place: str, panel: Panel, forecasts: Array, levels: Sequence[float], n_threads: int
    ) -> dict[str, Array]:
        """Return quantiles of the distribution, or put the prior's around its forecasts.

        Raises
        ------
        ArgumentError
            For a level beyond 95, if a series has a memory.
        """
        series, points = flat(panel), rows_of(forecasts)
        shares = {f"{side}-{level:g}": 0.5 + sign * level / 200 for level in levels for side, sign in _SIDES}
        ends = {name: np.empty(points.shape) for name in shares}
        alone, left = self._divided(series)
        for row in alone:
            quantiles = Demand.of(series[row]).quantiles(list(shares.values()))
            for own, quantile in zip(ends.values(), quantiles, strict=True):
                own[row] = quantile
        if left:
            if len(self.spread.levels_within(levels)) < len(levels):
                name = panel.name(left[0] * len(panel) // len(series))
                raise ArgumentError(
                    f"{place}: level {max(levels):g} is beyond 95, the widest for {name}, whose values depend on those "
                    "before.",
                    ask_for_at_most(95),
                    Remedy("leave such series out"),
                )
            by_prior = self.spread.bounds(place, _panel(series, left), points[left], levels, n_threads)
            for name, own in ends.items():
                own[left] = by_prior[name]
        return {name: rejoined(own, panel) for name, own in ends.items()}

    def demands(self, panel: Panel) -> dict[int, Demand]:
        """Return the distributions of the rows of `flat` that are not left to the prior."""
        series = flat(panel)
        return {row: Demand.of(series[row]) for row in self._divided(series)[0]}

    def medians(self, panel: Panel, forecasts: Array) -> Array:
        """Return the medians of the distribution; the prior's forecasts are medians."""
        medians = rows_of(forecasts).copy()
        for row, demand in self.demands(panel).items():
            medians[row] = demand.quantiles(0.5)
        return rejoined(medians, panel)

    def levels_within(self, levels: Sequence[float]) -> list[float]:
        """Return all levels; beyond 95 only series without memory have intervals."""
        return list(levels)

    def _divided(self, series: Sequence[Array]) -> tuple[list[int], list[int]]:
        """List the rows without memory, and those left to the prior."""
        season = self.spread.seasons[0]
        left = [row for row, values in enumerate(series) if has_memory(values, season)]
        return sorted(set(range(len(series))) - set(left)), left


_SIDES = (("lo", -1), ("hi", 1))


def _panel(series: Sequence[Array], rows: Sequence[int]) -> Panel:
    """Make a panel of some rows."""
    own = [series[row] for row in rows]
    offsets = np.concatenate([[0], np.cumsum([len(values) for values in own])]).astype(np.int64)
    return Panel(np.concatenate(own), offsets, "list")


def has_memory(values: Array, season: int) -> bool:
    """Return whether a series has a high autocorrelation.

    Examples
    --------
    >>> has_memory(np.tile([0.0, 9, 8, 9], 5), 4), has_memory(np.array([0.0, 3, 0, 0, 1, 0, 2]), 4)
    (True, False)
    """
    return max(autocorrelation(values, lag) for lag in (1, season)) > _MEMORY
