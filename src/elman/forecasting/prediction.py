"""From newest values to forecasts: warm the state of every network, take the last step, put everything back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.scaling import inverse_transform
from elman.forecasting.panel import Panel
from elman.forecasting.recipe import Recipe
from elman.forecasting.training_set import Arrays, arrays_of
from elman.network import Network

__all__ = ["forecast"]

Array = npt.NDArray[np.float64]

_ROWS = 256  # series forecast at a time; bounds memory and changes no bit


def forecast(
    networks: Sequence[Network], recipe: Recipe, unit: float, panel: Panel, scales: Array, n_threads: int
) -> Array:
    """Forecast every series of a panel.

    Parameters
    ----------
    networks : sequence of Network
        The ensemble; the forecast is the median over it, on the transformed scale.
    recipe : Recipe
        Window, steps, level, transform.
    unit : float
        Size of one unit of the network on the transformed scale.
    panel : Panel
        Newest values of each series, at most ``recipe.memory``, none missing.
    scales : ndarray (S,)
        Divisors of the transform ``"scale"``.
    n_threads : int
        Threads; 0 for the engine's default.

    Returns
    -------
    ndarray (S, K), float64
        Finite.
    """
    parts = []
    for start in range(0, len(panel), _ROWS):
        rows = range(start, min(start + _ROWS, len(panel)))
        parts.append(_transformed(networks, recipe, unit, panel.select(rows), scales[start : start + _ROWS], n_threads))
    every = zip(np.concatenate(parts), scales, strict=True)
    return np.stack([inverse_transform(recipe.transform, values, float(scale)) for values, scale in every])


def _transformed(
    networks: Sequence[Network], recipe: Recipe, unit: float, panel: Panel, scales: Array, n_threads: int
) -> Array:
    """Forecast a few series on the transformed scale (N, K)."""
    arrays = arrays_of(panel, recipe, scales, unit, recipe.window)
    newest = arrays.offsets[1:] - 1
    windows = np.diff(arrays.offsets) - recipe.window + 1
    lengths = windows if recipe.carry else np.minimum(recipe.steps, windows)
    x = _warm_windows(arrays, newest - lengths + 1, lengths, recipe.window)
    outputs = []
    for network in networks:
        # The same parameters, read out at each row's last valid step alone.
        final = Network(replace(network.architecture, readout="last"), network.theta)
        outputs.append(final.predict(x, lengths=lengths, n_threads=n_threads).astype(np.float64))
    median: Array = (np.median(outputs, axis=0) + arrays.level[newest]) * unit
    return median


def _warm_windows(
    arrays: Arrays, first: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], window: int
) -> npt.NDArray[Any]:
    """Gather the windows before a forecast (T, N, window), float32; rows of fewer steps are followed by zeros."""
    step = np.arange(int(lengths.max()))[:, None]
    now = np.where(step < lengths, first + step, first)
    x = arrays.values[now[..., None] + np.arange(1 - window, 1), 0] - arrays.level[now]
    x[step >= lengths] = 0.0
    windows: npt.NDArray[np.float32] = x.astype(np.float32)
    return windows
