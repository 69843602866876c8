"""Uncertainty of a forecast: the prior's nine quantiles, moved to the forecast.

The prior gives the quantiles of ``elman.prior.LEVELS``. Around a forecast p_k other than its median m_k they move with
it: by the ratio p_k / m_k where both are positive and no farther apart than a factor of three, else by the difference.

The ends of an interval of level L are the quantiles at (1 ± L) / 2. Between two of the nine they are interpolated on
the scale of the normal distribution, linearly in z = Φ⁻¹(level): exact for normal errors, never crossing for any. For a
panel the distance from the point is multiplied by one width factor for 80 % and below, and one for 95 %, interpolated
in between: the square root of the factor, of at least 1, by which the intervals of the held-out horizon would have had
to be wider. Shocks are common to the series of a panel, so one horizon is nearer to one observation than to one per
series: on later horizons half of the measured factor, on the scale of its logarithm, was found again, and less of its
changes from step to step (`benchmarks/width_factors.py`).

All quantiles of a constant series are the constant. The prior's quantiles, and the ends, never fall below zero where
the series never did; ends never meet
(`elman.forecasting.floors`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError, Remedy
from elman.forecasting.baselines import BASELINES
from elman.forecasting.channels import flat, rejoined, rows_of
from elman.forecasting.floors import clipped, least_half_widths, never_negative, opened
from elman.forecasting.intervals import ask_for_at_most
from elman.forecasting.panel import Panel
from elman.forecasting.yearly import forecast
from elman.prior import LEVELS, Prior

__all__ = ["FEWEST_FOR_WIDTHS", "MEASURED", "PARTNER", "Spread", "combined", "moved"]

Array = npt.NDArray[np.float64]

PARTNER = "optimized Theta"  # of the prior, where series have no season
MEASURED = (80.0, 95.0)  # levels that have a width factor of their own
FEWEST_FOR_WIDTHS = 20  # series; a width factor from fewer would be chance
_HIGHEST = 100.0 * (LEVELS[-1] - LEVELS[0])
_MIDDLE = LEVELS.index(0.5)
_SCORES = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
_FARTHEST = 3.0  # ratio of forecast to median beyond which the quantiles are shifted, not scaled
_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Spread:
    """The prior, and width factors measured on a panel.

    Parameters
    ----------
    prior : Prior
        The network, possibly tuned.
    seasons : tuple of int
        Values per season. Without one (1), the forecast is the geometric mean with the optimized Theta's. Of days
        with the year, it takes the yearly pattern out first (`elman.forecasting.yearly`).
    horizon : int
        Values to forecast (K).
    widths : tuple of float
        Factors for the levels `MEASURED`, at least 1.
    """

    prior: Prior
    seasons: tuple[int, ...]
    horizon: int
    widths: tuple[float, float] = (1.0, 1.0)

    @property
    def has_partner(self) -> bool:
        """Whether the series have no season, so that the optimized Theta's forecast joins the prior's."""
        return self.seasons[0] == 1

    def quantiles(self, panel: Panel, n_threads: int) -> Array:
        """Return the quantiles (S·D, K, 9) of every channel of every series; the middle one is the forecast."""
        series = flat(panel)
        found = forecast(self.prior, series, self.horizon, self.seasons, n_threads)
        found = np.where(never_negative(panel).reshape(-1, 1, 1), np.maximum(found, 0.0), found)
        if self.has_partner:
            partner = np.stack([BASELINES[PARTNER](y, self.horizon, 1) for y in series])
            found = moved(found, combined(found[..., _MIDDLE], partner))
        for row in _constant(panel):  # a constant series is forecast exactly
            found[row] = series[row][0]
        return found

    @staticmethod
    def median(quantiles: Array) -> Array:
        """Return the forecasts (S·D, K) among quantiles."""
        middle: Array = quantiles[..., _MIDDLE]
        return middle

    def levels_within(self, levels: Sequence[float]) -> list[float]:
        """Return the levels up to the prior's widest, 95."""
        return [level for level in levels if level <= _HIGHEST + 1e-9]

    def bounds(
        self,
        place: str,
        panel: Panel,
        forecasts: Array,
        levels: Sequence[float],
        n_threads: int,
        own: Array | None = None,
    ) -> dict[str, Array]:
        """Put intervals around forecasts (S, K) or (S, K, D); ``own`` are their quantiles if already computed.

        Raises
        ------
        ArgumentError
            For a level beyond 95.
        """
        if max(levels) > _HIGHEST + 1e-9:
            raise ArgumentError(
                f"{place}: level {max(levels):g} is beyond {_HIGHEST:g}, the widest of this method.",
                ask_for_at_most(_HIGHEST),
                Remedy("pass {} to the Forecaster and fit again", method="network", intervals="auto"),
            )
        own = self.quantiles(panel, n_threads) if own is None else own
        quantiles = moved(own, rows_of(forecasts))
        least, result = least_half_widths(panel), {}
        for level in levels:
            factor = float(np.interp(level, MEASURED, self.widths))
            lower, upper = (rejoined(_at(quantiles, 0.5 + sign * level / 200), panel) for sign in (-1, 1))
            with np.errstate(over="ignore"):
                lower = forecasts - factor * (forecasts - lower)
                upper = forecasts + factor * (upper - forecasts)
            lower, upper = opened(lower, upper, forecasts, least)
            result[f"lo-{level:g}"], result[f"hi-{level:g}"] = clipped(lower, forecasts, panel), upper
        return result

    def widened(self, place: str, known: Panel, forecasts: Array, actual: Array, n_threads: int) -> Spread:
        """Measure the width factors on a held-out horizon.

        Parameters
        ----------
        known : Panel
            The values before it.
        forecasts, actual : ndarray (S, K)
            Forecasts and actual values; NaN for unknown ones.
        """
        plain = replace(self, widths=(1.0, 1.0))
        edges = plain.bounds(place, known, forecasts, MEASURED, n_threads)
        usual, wide = (_width(edges, forecasts, actual, level) for level in MEASURED)
        return replace(self, widths=(usual, wide))


def _constant(panel: Panel) -> npt.NDArray[np.int64]:
    """List the rows of `flat` whose values are all equal."""
    least, most = (limit.reduceat(panel.values, panel.offsets[:-1], axis=0) for limit in (np.minimum, np.maximum))
    return np.flatnonzero(least == most)


def _width(edges: dict[str, Array], forecasts: Array, actual: Array, level: float) -> float:
    """Return the square root of the factor, at least 1, that makes intervals hold a share of the actual values."""
    above, below = edges[f"hi-{level:g}"] - forecasts, forecasts - edges[f"lo-{level:g}"]
    tiny = np.finfo(np.float64).tiny  # the width below a forecast of zero is 0
    with np.errstate(over="ignore"):
        needed = np.where(
            actual > forecasts,
            (actual - forecasts) / np.maximum(above, tiny),
            (forecasts - actual) / np.maximum(below, tiny),
        )
    needed = needed[np.isfinite(actual) & (above + below > 0)]  # no factor widens the zeros of a series of zeros
    factor = float(np.quantile(needed, level / 100)) if len(needed) else 1.0
    return math.sqrt(max(1.0, factor)) if np.isfinite(factor) else 1.0


def _at(quantiles: Array, share: float) -> Array:
    """Interpolate quantiles (…, 9) at a share between the lowest and the highest level."""
    score = NormalDist().inv_cdf(min(max(share, LEVELS[0]), LEVELS[-1]))
    right = int(np.clip(np.searchsorted(_SCORES, score), 1, len(_SCORES) - 1))
    part = (score - _SCORES[right - 1]) / (_SCORES[right] - _SCORES[right - 1])
    between: Array = (1 - part) * quantiles[..., right - 1] + part * quantiles[..., right]
    return between


def combined(one: Array, other: Array) -> Array:
    """Return the geometric mean of two forecasts where both are positive, else the arithmetic.

    Examples
    --------
    >>> combined(np.array([4.0, -4.0]), np.array([9.0, 9.0])).tolist()
    [6.0, 2.5]
    """
    both = (one > 0) & (other > 0)
    geometric = np.sqrt(np.where(both, one, 1.0)) * np.sqrt(np.where(both, other, 1.0))
    return np.where(both, geometric, 0.5 * one + 0.5 * other)


def moved(quantiles: Array, points: Array) -> Array:
    """Move quantiles (…, 9) so that their middle lies at the points (…).

    Examples
    --------
    >>> quantiles = np.linspace(6.0, 14.0, 9)
    >>> moved(quantiles, np.array(20.0))[[0, 4, 8]].tolist(), moved(quantiles, np.array(-5.0))[[0, 4, 8]].tolist()
    ([12.0, 20.0, 28.0], [-9.0, -5.0, -1.0])
    """
    middle = quantiles[..., _MIDDLE]
    positive = (middle > 0) & (points > 0)
    with np.errstate(over="ignore"):
        ratio = np.where(positive, points / np.where(positive, middle, 1.0), 0.0)
        near = (ratio >= 1 / _FARTHEST) & (ratio <= _FARTHEST)
        stretched: Any = quantiles * np.where(near, ratio, 1.0)[..., None]
        shifted = quantiles + np.where(near, 0.0, points - middle)[..., None]
    there = np.where(near[..., None], stretched, shifted)
    there[..., _MIDDLE] = points
    return np.clip(there, -_LARGEST, _LARGEST)
