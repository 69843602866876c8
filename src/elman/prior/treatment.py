"""Conversion of series to network inputs and of network outputs to values, in training and in use alike.

For a series y_1 … y_n with seasons m_1, m_2::

    x_t = log y_t, or y_t / mean |y|             after clipping outliers (`elman.prior.seasons.clean`)
    x_t ← x_t - s_1(t) - s_2(t)                  seasonal indices, if there are enough cycles
    z_t = (x_t - x_n) / s                        s = mean |x_t - x_{t-1}| + 0.02 std x + a floor

The network reads z of the newest values, `SCALARS` numbers about the series, `STEP_FEATURES` about each step ahead, and
`SIMPLE` simple forecasts for each step ahead, all in units of s and relative to x_n. All functions take B series of one
length; the result of a series does not depend on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elman.prior.features import scalars, seasonal_residuals, simple_forecasts, step_features
from elman.prior.seasons import clean, indices, phases

__all__ = ["PATCH", "RECENT", "Treated", "treat"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

RECENT, PATCH = 96, 8  # newest values that the network reads, and values per step
_FLOOR = 1e-4  # floor of the scale: 0.01 % of the values
_LOWEST_LOG = 0.02  # of the median: a series with smaller values gets no logarithm
_FARTHEST_LOG = 600.0  # exp of it is finite


@dataclass(frozen=True)
class Treated:
    """B series of one length, treated for J steps ahead.

    Parameters
    ----------
    recent : ndarray (B, RECENT)
        z of the newest values; NaN before the start of a series.
    scalars : ndarray (B, SCALARS)
        Numbers about each series.
    steps : ndarray (J, STEP_FEATURES)
        Numbers about each step ahead, the same for all series.
    simple : ndarray (B, J, SIMPLE)
        Simple forecasts, in units of s.
    spread : ndarray (B,)
        Mean change over the horizon in the past, in units of s.
    logarithm : ndarray of bool (B,)
        Whether x is the logarithm.
    divisor, lowest, scale, newest : ndarray (B,)
        Constants of the transform: x = y / divisor, or log max(y, lowest); z = (x - newest) / scale.
    season : ndarray (B, J)
        Seasonal indices of the steps ahead.
    """

    recent: Array
    scalars: Array
    steps: Array
    simple: Array
    spread: Array
    logarithm: npt.NDArray[np.bool_]
    divisor: Array
    lowest: Array
    scale: Array
    newest: Array
    season: Array

    def to_units(self, y: Array) -> Array:
        """Convert values (B, J) of the steps ahead to the network's units."""
        x = _transformed(y, self.logarithm, self.divisor, self.lowest)
        units: Array = (x - self.season - self.newest[:, None]) / self.scale[:, None]
        return units

    def to_values(self, units: Array) -> Array:
        """Convert forecasts (B, J, Q) from the network's units to values."""
        x = units * self.scale[:, None, None] + (self.newest[:, None] + self.season)[:, :, None]
        logarithm = self.logarithm[:, None, None]
        exponential = np.exp(np.where(logarithm, np.minimum(x, _FARTHEST_LOG), 0.0))
        values: Array = np.where(logarithm, exponential, x * self.divisor[:, None, None])
        return values


def treat(y: Array, seasons: Sequence[int], ahead: npt.ArrayLike) -> Treated:
    """Treat B series of one length for J steps ahead.

    Parameters
    ----------
    y : ndarray (B, n), float64
        Series of at least one value, none missing.
    seasons : sequence of int
        Values per season, the shortest first; 1 for none. Seasons with too few cycles are ignored.
    ahead : array_like of int (J,)
        Steps ahead, from 1.

    Returns
    -------
    Treated

    Examples
    --------
    >>> treated = treat(np.array([[1.0, 2.0, 4.0, 8.0, 16.0]]), seasons=[1], ahead=[1, 2])
    >>> treated.recent[0, -3:].round(2)                      # logarithms, in units of their changes
    array([-1.94, -0.97,  0.  ])
    >>> treated.to_values(treated.to_units(np.array([[32.0, 64.0]]))[:, :, None])[0, :, 0].round(6)
    array([32., 64.])
    """
    y = _at_least_four(np.ascontiguousarray(y, dtype=np.float64))
    k = np.asarray(ahead, dtype=np.int64)
    zeros = (y == 0).mean(axis=1)
    y, clipped = clean(y, seasons[0])
    typical = np.median(np.abs(y), axis=1)
    logarithm = (y.min(axis=1) > _LOWEST_LOG * typical) & (typical > 0)
    mean = np.abs(y).mean(axis=1)
    divisor, lowest = np.where(mean > 0, mean, 1.0), np.where(typical > 0, _LOWEST_LOG * typical, 1.0)
    x = _transformed(y, logarithm, divisor, lowest)
    x, season, sizes, kappas = _without_seasons(x, seasons, k)
    change = np.diff(x, axis=1)
    scale = np.abs(change).mean(axis=1) + 0.02 * x.std(axis=1) + _FLOOR
    newest = x[:, -1].copy()
    z, change = (x - newest[:, None]) / scale[:, None], change / scale[:, None]
    first = seasons[0] if seasons[0] > 1 and kappas[0] is not None else min(y.shape[1], max(2, seasons[0]))
    residuals, known = seasonal_residuals(z, seasons, k, first)
    season_units = [each / scale[:, None] for each in season]
    simple, facts = simple_forecasts(z, change, k, first, residuals, season_units)
    reach = max(1, min(int(k.max()), z.shape[1] // 2))
    spread = np.abs(z[:, reach:] - z[:, :-reach]).mean(axis=1)
    return Treated(
        recent=_recent(z, seasons[0]),
        scalars=scalars(
            z,
            change,
            seasons,
            facts,
            kappas,
            [size / scale for size in sizes],
            scale,
            spread,
            logarithm,
            zeros,
            clipped,
        ),
        steps=step_features(k, seasons[0], z.shape[1], known),
        simple=simple,
        spread=spread,
        logarithm=logarithm,
        divisor=divisor,
        lowest=lowest,
        scale=scale,
        newest=newest,
        season=season[0] + season[1],
    )


def _at_least_four(y: Array) -> Array:
    """Pad series of fewer than four values in front with their first value."""
    return y if y.shape[1] >= 4 else np.pad(y, ((0, 0), (4 - y.shape[1], 0)), mode="edge")


def _transformed(y: Array, logarithm: npt.NDArray[np.bool_], divisor: Array, lowest: Array) -> Array:
    logs = np.log(np.where(logarithm[:, None], np.maximum(y, lowest[:, None]), 1.0))
    x: Array = np.where(logarithm[:, None], logs, y / divisor[:, None])
    return x


def _without_seasons(
    x: Array, seasons: Sequence[int], k: Index
) -> tuple[Array, list[Array], list[Array], list[Array | None]]:
    """Subtract the indices of up to two seasons.

    Returns the remainder (B, n), and per season the indices of the steps ahead (B, J), their standard deviation (B,)
    and κ (B,), or None if there are too few cycles: the first season needs two, the second three.
    """
    rows, n = x.shape
    ahead, sizes = [np.zeros((rows, len(k))) for _ in range(2)], [np.zeros(rows) for _ in range(2)]
    kappas: list[Array | None] = [None, None]
    for i, m in enumerate(seasons[:2]):
        if m < 2 or n < (2, 3)[i] * m:
            continue
        index, kappas[i] = indices(x, m)
        x = x - index[:, phases(n, m)]
        ahead[i], sizes[i] = index[:, (k - 1) % m], index.std(axis=1)
    return x, ahead, sizes, kappas


def block_of(season: int) -> int:
    """Return how many values the network reads as one mean: an eighth of a day if the season is a day."""
    return season // 8 if season % 24 == 0 else 1


def _recent(z: Array, season: int) -> Array:
    """Return the newest values or block means, NaN before the start of a series (B, RECENT)."""
    block = block_of(season)
    rows, n = z.shape
    values = z if block == 1 else z[:, n % block :].reshape(rows, n // block, block).mean(axis=2)
    values = values[:, -RECENT:]
    return np.pad(values, ((0, 0), (RECENT - values.shape[1], 0)), constant_values=np.nan)
