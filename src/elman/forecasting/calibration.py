"""Residuals for prediction intervals, from a network that was trained on the values before some past cut-offs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from elman import _check
from elman.errors import DataError
from elman.forecasting.intervals import STEADY, Residuals, residuals_needed, scaled_residuals
from elman.forecasting.methods import NetworkMethod
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.scaling import Scaling
from elman.forecasting.training_set import filled

__all__ = ["calibrate"]

_HIGHEST_USUAL = 95.0  # the level for which the automatic number of cut-offs suffices
_MOST_ROWS = 2000  # series times cut-offs with residuals; more would hardly change a quantile


def calibrate(
    place: str,
    parameters: Parameters,
    panel: Panel,
    scaling: Scaling,
    intervals: int | str | None,
    fit: Callable[[Panel], NetworkMethod],
) -> Residuals | None:
    """Fit a network on the values before some past cut-offs, and collect its residuals after them.

    Parameters
    ----------
    place : str
        Start of a message.
    parameters : Parameters
        Of the network.
    panel : Panel
        All values known, of the sample.
    scaling : Scaling
        Of the residuals: the transform for all known values, undivided.
    intervals : int, "auto" or None
        Cut-offs. None collects nothing.
    fit : callable
        Trains the network.

    Returns
    -------
    Residuals or None

    Raises
    ------
    DataError
        If no series is long enough.
    """
    if intervals is None:
        return None
    left_out = cut_offs(place, int(parameters.horizon), panel, intervals)
    long_enough = np.flatnonzero(panel.lengths >= left_out[0] + 2)
    if len(long_enough) == 0:
        raise DataError(
            f"{place}: the longest series has {panel.lengths.max()} values, intervals need at least {left_out[0] + 2}: "
            f"{left_out[0]} to leave out and 2 to learn from."
        )
    model = fit(panel.select(long_enough.tolist()).head(left_out[0]))
    few = min(len(long_enough), max(1, _MOST_ROWS // len(left_out)))
    panel = panel.select(long_enough[np.linspace(0, len(long_enough) - 1, few).astype(int)].tolist())
    parts = []
    for drop in left_out:
        known, _ = filled(panel.head(drop), parameters.missing, model.recipe.seasons[0])
        actual = panel.scored[panel.offsets[1:, None] - drop + np.arange(parameters.horizon)]
        if model.recipe.head is not None:
            parts.append(model.distances(known, actual, parameters.n_threads or 0))
            continue
        forecasts = model.forecast(place, known, parameters.n_threads or 0)
        parts.append(scaled_residuals(scaling, model.recipe, known, actual, forecasts))
    return Residuals.pooled(parts)


def cut_offs(place: str, horizon: int, panel: Panel, intervals: int | str) -> list[int]:
    """Return the number of newest values that each cut-off leaves out, the earliest first.

    The automatic number gives the 20 residuals per step that a level of 95 needs, from the newer half of the series at
    most, and up to 60, for a steadier quantile, if the newest quarter has them.
    """
    lengths = panel.lengths
    usable = lengths[lengths // 2 >= horizon]
    if intervals == "auto":
        if len(usable) == 0:
            raise DataError(
                f"{place}: the longest series has {lengths.max()} values, intervals need at least {2 * horizon}, "
                "twice the horizon."
            )
        shortest, needed = int(usable.min()), _enough(panel) / len(usable)
        count = min(math.ceil(needed), shortest // 2 - horizon + 1)
        room = max(count - 1, shortest // 4 - horizon)
        count = max(count, min(math.ceil(STEADY * needed), room + 1))
    else:
        count = _check.positive_integer(place, "intervals", intervals)
        room = int(lengths.max()) // 2 - horizon
        if room < count - 1:
            raise DataError(
                f"{place}: intervals from {count} cut-offs need {2 * (horizon + count - 1)} values, "
                f"the longest series has {lengths.max()}."
            )
    step = min(horizon, room // (count - 1)) if count > 1 else 1
    return list(range(horizon + (count - 1) * step, horizon - 1, -step))


def _enough(panel: Panel) -> int:
    """Return the number of residuals to plan for; more where values are missing."""
    needed = residuals_needed(_HIGHEST_USUAL)
    missing = float(np.mean(np.isnan(panel.values)))
    return needed if missing == 0 else 1 + math.ceil(needed / max(0.2, 1 - missing))
