"""Past cut-offs, counted back from each series' own end, and the errors of forecasts made there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elman.forecasting.panel import Panel

__all__ = ["CUTOFFS", "Past", "most_cut_offs", "tuning_length"]

Array = npt.NDArray[np.float64]

CUTOFFS = 3  # of cutoffs="auto": the minimum at which a baseline can be delivered
FEWEST_TO_TUNE = 20  # series of sufficient length; on fewer, tuning hurts as often as it helps


def tuning_length(season: int) -> int:
    """Return the values that a series needs before the horizon for the prior to be tuned on it.

    Examples
    --------
    >>> tuning_length(1), tuning_length(12)
    (10, 32)
    """
    return max(2 * season + 8, 9)


def most_cut_offs(lengths: npt.NDArray[np.int64], horizon: int, season: int, wanted: int = CUTOFFS) -> int:
    """Return the number of cut-offs, a horizon apart, that the data allow.

    One for panels on which the prior may be tuned, so that it learns from all values but the newest horizon. Else as
    many as wanted, as long as half of the series keep a season and one value before the earliest; one if any series
    keeps two values; else none.

    Parameters
    ----------
    lengths : ndarray (S,), int64
        Values of each series.
    horizon : int
        Values to hold out at each.
    season : int
        Values per season.
    wanted : int
        The most.

    Examples
    --------
    >>> [most_cut_offs(np.array([n]), 12, 12) for n in (144, 48, 40, 20, 14, 13)]
    [3, 2, 2, 1, 1, 0]
    >>> most_cut_offs(np.full(20, 144), 12, 12)
    1
    """
    if np.count_nonzero(lengths >= horizon + tuning_length(season)) < FEWEST_TO_TUNE:
        for count in range(wanted, 1, -1):
            if 2 * np.count_nonzero(lengths >= count * horizon + season + 1) >= len(lengths):
                return count
    return 1 if wanted and (lengths >= horizon + 2).any() else 0


@dataclass(frozen=True)
class Past:
    """The series long enough for some cut-offs, and the values after each cut-off.

    Parameters
    ----------
    panel : Panel
        These series, whole, NaN where a value is missing.
    left_out : tuple of int
        Newest values that each cut-off leaves out, the earliest cut-off first.
    horizon, season : int
        Values forecast from each, values per season.
    rows : ndarray (S,), int64
        Positions of these series in the data.
    """

    panel: Panel
    left_out: tuple[int, ...]
    horizon: int
    season: int
    rows: npt.NDArray[np.int64]

    @classmethod
    def of(cls, panel: Panel, count: int, horizon: int, season: int) -> Past | None:
        """Take ``count`` cut-offs, a horizon apart; see `at`."""
        return cls.at(panel, tuple(range(count * horizon, 0, -horizon)), horizon, season)

    @classmethod
    def at(cls, panel: Panel, left_out: tuple[int, ...], horizon: int, season: int) -> Past | None:
        """Take cut-offs of every series that keeps two values, one of them known; None if there is none."""
        if not left_out:
            return None
        known = np.isfinite(panel.values.reshape(len(panel.values), -1)).all(axis=1)
        before = np.concatenate([[0], np.cumsum(known)])
        starts = panel.offsets[:-1]
        ends = np.maximum(starts, panel.offsets[1:] - left_out[0])
        rows = np.flatnonzero((panel.lengths >= left_out[0] + 2) & (before[ends] > before[starts]))
        if len(rows) == 0:
            return None
        return cls(panel.select(rows.tolist()), left_out, horizon, season, rows)

    def known(self, cut_off: int) -> Panel:
        """Return the values before a cut-off."""
        return self.panel.head(self.left_out[cut_off])

    @property
    def actual(self) -> Array:
        """Values after each cut-off (S, C, K), or (S, C, K, D); NaN where missing or of weight 0."""
        steps = np.arange(self.horizon) - np.array(self.left_out)[:, None]
        came: Array = self.panel.scored[self.panel.offsets[1:, None, None] + steps]
        return came

    def errors(self, forecasts: Mapping[str, Array], *, of_means: bool = False) -> tuple[str, dict[str, Array]]:
        """Score forecasts (S, C, K) of one channel; those of intermittent series by a score that suits means.

        Returns
        -------
        metric : str
            ``"MASE"``, or ``"RMSSE"`` for means; ``"MAE"`` if it is defined nowhere: if all series are constant before
            the cut-offs.
        errors : dict of str to ndarray (S, C)
            NaN where no value is known.
        """
        lag, power = (1, 2) if of_means else (self.season, 1)
        actual, scales = self.actual, self._scales(lag, power)
        counted = np.isfinite(actual)

        def sizes(power: int) -> dict[str, Array]:
            distances = {name: np.abs(values - actual) ** power for name, values in forecasts.items()}
            return {name: _mean(distance, counted) ** (1 / power) for name, distance in distances.items()}

        defined = np.isfinite(scales) & counted.any(axis=2)
        if not defined.any():
            return "MAE", sizes(1)
        scaled = {name: np.where(defined, size / scales, np.nan) for name, size in sizes(power).items()}
        return "RMSSE" if of_means else "MASE", scaled

    def _scales(self, lag: int, power: int) -> Array:
        """Measure the power mean of the changes over a lag before each cut-off (S, C); NaN where there is none."""
        scales = np.full((len(self.panel), len(self.left_out)), np.nan)
        for s, values in enumerate(self.panel):
            change = np.abs(values[lag:] - values[:-lag]) ** power
            for c, drop in enumerate(self.left_out):
                before = change[: max(0, len(change) - drop)]
                before = before[np.isfinite(before)]
                if len(before) and (mean := float(np.mean(before))) > 0 and np.isfinite(mean):
                    scales[s, c] = mean ** (1 / power)
        return scales


def _mean(errors: Array, counted: npt.NDArray[np.bool_]) -> Array:
    """Average over the steps that count (S, C); NaN where none does."""
    count = counted.sum(axis=2)
    total = np.where(counted, errors, 0.0).sum(axis=2)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
