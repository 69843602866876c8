"""Changes that an audit makes: future values, newest values, other series of the batch."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.data.scaling import series_scale
from elman.forecasting.panel import Panel

__all__ = ["every_second_raised", "lifted", "raised", "turned", "with_added", "with_other_future", "with_tail"]

Array: TypeAlias = npt.NDArray[np.float64]
Change: TypeAlias = Callable[[Array, Any], Array]  # takes values and their spread


def spread_of(values: Array) -> Any:
    """Measure the spread of each channel of a series; above 0."""
    if values.ndim > 1:
        return np.array([spread_of(channel) for channel in values.T])
    known = values[np.isfinite(values)]
    return max(series_scale(known), 0.01 * float(np.abs(known).mean())) if len(known) else 1.0


def with_tail(panel: Panel, count: int, change: Change) -> Panel:
    """Replace the newest ``count`` values of every series by ``change(values, spread)``."""
    series = [values.copy() for values in panel]
    for values in series:
        values[-count:] = change(values[-count:], spread_of(values))
    return replace(panel, values=np.concatenate(series))


def with_other_future(panel: Panel, count: int, change: Change, past: int) -> Panel:
    """Replace the newest values of every series, and of its first ``past`` covariates, where 0 becomes 1."""
    other = with_tail(panel, count, change)
    if not past or panel.covariates is None:
        return other
    covariates = panel.covariates.copy()
    for start, stop in zip(panel.offsets[:-1], panel.offsets[1:], strict=True):
        for own in covariates[start:stop, :past].T:
            flags = np.isin(own, (0.0, 1.0)).all()
            own[-count:] = 1.0 if flags else change(own[-count:], spread_of(own))
    return replace(other, covariates=covariates)


def raised(values: Array, spread: Any) -> Array:
    """Raise values; every transform takes larger ones."""
    steps = np.arange(len(values)).reshape(-1, *[1] * (values.ndim - 1))
    moved: Array = values + spread * (2.0 + steps % 3)
    return moved


def turned(values: Array, spread: Any) -> Array:
    """Make values negative, so that a transform, scale or window chosen from them would differ."""
    turned: Array = -3.0 * np.abs(values) - spread
    return turned


def lifted(panel: Panel, size: float) -> Panel:
    """Raise all values of every series."""
    return replace(panel, values=np.concatenate([values + size * spread_of(values) for values in panel]))


def with_added(panel: Panel) -> Panel:
    """Put a long series before a panel and a short one after it."""
    first = next(iter(panel))
    first = np.where(np.isnan(first), np.nanmean(first, axis=0), first)
    added = [first[::-1] * 2.0, first[-max(2, len(first) // 4) :] * 0.5]
    values = np.concatenate([added[0], panel.values, added[1]])
    lengths = [len(added[0]), *panel.lengths, len(added[1])]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    if panel.ids is None or panel.times is None:
        return replace(panel, values=values, offsets=offsets, kind="list")
    times = panel.times[: len(first)]
    times = times.append([panel.times, times[-len(added[1]) :]])
    names: list[Any] = ["added 1", "added 2"]
    if pd.api.types.is_integer_dtype(panel.ids):
        names = [panel.ids.max() + 1, panel.ids.max() + 2]
    ids = pd.Index([names[0], *panel.ids, names[1]])
    covariates, ahead = panel.covariates, panel.ahead
    if covariates is not None:
        covariates = np.concatenate([covariates[: len(first)], covariates, covariates[: len(added[1])]])
    if ahead is not None:
        ahead = np.concatenate([ahead[:1], ahead, ahead[:1]])
    return replace(panel, values=values, offsets=offsets, ids=ids, times=times, covariates=covariates, ahead=ahead)


def every_second_raised(panel: Panel, parity: int, kept: Container[int]) -> Panel:
    """Change the values of every second series, except those that are kept."""
    series = [raised(v, spread_of(v)) if s % 2 == parity and s not in kept else v for s, v in enumerate(panel)]
    return replace(panel, values=np.concatenate(series))
