"""Choice of the yearly season of days: the prior with and without it, from cut-offs over the newest year.

Series of two years that no cut-off leaves: by how well both years agree.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from elman.forecasting.candidates import Candidates
from elman.forecasting.channels import by_channel, flat, named
from elman.forecasting.choosing import WITH_YEAR, WITHOUT_YEAR, why_repeated, why_year
from elman.forecasting.methods.counts import COUNTS
from elman.forecasting.methods.prior import PRIOR, TUNED
from elman.forecasting.panel import Panel
from elman.forecasting.past import FEWEST_TO_TUNE, Past
from elman.forecasting.seasons import with_year
from elman.forecasting.store import PanelStore
from elman.forecasting.yearly import YEARS, Pattern

__all__ = ["find_year"]

Array = npt.NDArray[np.float64]

_MONTHS, _QUARTERS = 12, 4  # in a year: cut-offs of a few series, and of a panel
_MOST = 100  # series that are compared


def find_year(candidates: Candidates, series: PanelStore) -> str:
    """Add the year to the seasons of the prior if its forecasts are better with it, or both years agree.

    Parameters
    ----------
    candidates : Candidates
        Its `of_prior` is changed.
    series : PanelStore
        The series to choose on.

    Returns
    -------
    str
        The reason; empty without the year.
    """
    seasons = with_year(candidates.seasons)
    asked = candidates.parameters.season == "auto" and candidates.start in (PRIOR, TUNED, COUNTS)
    if not asked or seasons in (candidates.seasons, candidates.of_prior):
        return ""
    long = series.lengths >= YEARS * seasons[1]
    if not long.any():
        return ""
    past = _past(series, int(candidates.parameters.horizon), seasons)
    if past is None:
        reason = why_repeated(_kappa(candidates.in_memory(series.raw.select(_some(long))).panel, seasons))
    else:
        reason = _compared(candidates, past, seasons)
    if reason:
        candidates.of_prior = seasons
    return reason


def _compared(candidates: Candidates, past: Past, seasons: tuple[int, ...]) -> str:
    """Return the reason for the year from forecasts of the newest year; empty without one."""
    kinds = {WITHOUT_YEAR: candidates.seasons, WITH_YEAR: seasons}
    forecasts = {name: _forecasts(candidates, past, own) for name, own in kinds.items()}
    kappa = _kappa(candidates.in_memory(past.known(-1)).panel, seasons)
    past = replace(past, panel=by_channel(named(past.panel)))
    metric, errors = past.errors(forecasts, of_means=candidates.intermittent)
    return why_year(errors, metric, kappa)


def _kappa(panel: Panel, seasons: tuple[int, ...]) -> float:
    """Average the share of the patterns' variance that is not noise, over the series of two years and more."""
    return float(np.mean([Pattern.of(y, seasons).kappa for y in flat(panel) if len(y) >= YEARS * seasons[1]]))


def _some(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """List at most `_MOST` of the series chosen, evenly."""
    rows = np.flatnonzero(chosen)
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(_MOST, len(rows))).astype(np.int64))]


def _past(series: PanelStore, horizon: int, seasons: tuple[int, ...]) -> Past | None:
    """Take cut-offs over the newest year of the series that keep two years before the newest; None if there are none.

    Further cut-offs leave two years of the longest series, too.
    """
    week, year = seasons
    long = series.lengths >= YEARS * year + horizon
    if not long.any():
        return None
    count = _MONTHS if np.count_nonzero(long) < FEWEST_TO_TUNE else _QUARTERS
    panel = series.raw.select(_some(long))
    latest = int(panel.lengths.max()) - YEARS * year  # values that the earliest cut-off may leave out
    left_out = [horizon + number * (year // count) for number in range(count)]
    return Past.at(panel, tuple(each for each in left_out[::-1] if each <= latest), horizon, week)


def _forecasts(candidates: Candidates, past: Past, seasons: tuple[int, ...]) -> Array:
    """Forecast from all cut-offs at once with the untuned prior (S·D, C, K)."""
    cut_offs = range(len(past.left_out))
    known = [values for each in cut_offs for values in flat(candidates.in_memory(past.known(each)).panel)]
    offsets = np.concatenate([[0], np.cumsum([len(values) for values in known])]).astype(np.int64)
    spread = candidates.spread(seasons)
    found = spread.median(spread.quantiles(Panel(np.concatenate(known), offsets, "list"), _threads(candidates)))
    return np.moveaxis(found.reshape(len(cut_offs), -1, found.shape[1]), 0, 1)


def _threads(candidates: Candidates) -> int:
    return candidates.parameters.n_threads or 0
