"""Channels as separate series, for methods that forecast each series alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.forecasting.panel import Panel

__all__ = ["by_channel", "flat", "named", "rejoined", "rows_of"]

Array = npt.NDArray[np.float64]


def flat(panel: Panel) -> list[Array]:
    """List the series of a panel; with several channels every channel of every series, series after series."""
    if panel.values.ndim == 1:
        return list(panel)
    return [np.ascontiguousarray(column) for values in panel for column in values.T]


def rejoined(rows: Array, panel: Panel) -> Array:
    """Reshape rows (S·D, K) of `flat` to the panel's forecasts (S, K) or (S, K, D)."""
    if panel.values.ndim == 1:
        return rows
    return np.moveaxis(rows.reshape(len(panel), -1, rows.shape[1]), 1, 2)


def rows_of(forecasts: Array) -> Array:
    """Return one row per channel of forecasts (S, K, D), series after series; the inverse of `rejoined`."""
    return forecasts if forecasts.ndim == 2 else np.moveaxis(forecasts, 2, 1).reshape(-1, forecasts.shape[1])


def named(panel: Panel) -> Panel:
    """Name the series and times of arrays and lists by position."""
    if panel.ids is not None:
        return panel
    positions = np.arange(len(panel.values)) - np.repeat(panel.offsets[:-1], panel.lengths)
    return replace(panel, ids=pd.RangeIndex(len(panel)), times=pd.Index(positions), frequency=1)


def by_channel(panel: Panel) -> Panel:
    """Make a series of every channel, series after series."""
    if panel.values.ndim == 1:
        return panel
    assert panel.ids is not None and panel.times is not None
    channels = panel.values.shape[1]
    borders = list(zip(panel.offsets[:-1], panel.offsets[1:], strict=True))
    whose = [""] if panel.kind == "array" else [f"series {name}, " for name in panel.ids]
    return Panel(
        np.concatenate([values.T.ravel() for values in panel]),
        np.concatenate([[0], np.cumsum(panel.lengths.repeat(channels))]).astype(np.int64),
        panel.kind,
        pd.Index([f"{series}channel {c}" for series in whose for c in range(channels)]),
        panel.times[np.concatenate([np.tile(np.arange(a, b), channels) for a, b in borders])],
        panel.frequency,
    )
