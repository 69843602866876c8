"""States and outputs after the newest value, advanced by one step per new value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.forecasting.panel import Panel
from elman.forecasting.prediction import Predictive, WarmUp, combined, final_output, warm_up
from elman.forecasting.recipe import Recipe
from elman.network import Network, State

__all__ = ["Running", "begin", "proceed"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Running:
    """State and output of every network after the newest value of every series.

    Parameters
    ----------
    states : list of State
        One per network, a row per series.
    outputs : list of ndarray (S, output size), float32
        One per network.
    center : ndarray (S, D), float64
        Center of the newest window, in units of the network.
    """

    states: list[State]
    outputs: list[npt.NDArray[np.float32]]
    center: Array

    def forecast(self, recipe: Recipe, unit: Any, scales: Array) -> Array:
        """Return the forecast (S, K) or (S, K, D)."""
        return combined(recipe, unit, self.outputs, self.center, scales)

    def predictive(self, recipe: Recipe, unit: Any, scales: Array) -> Predictive:
        """Return the distributions that networks with a head predict."""
        return Predictive.of(recipe, unit, self.outputs, self.center, scales)


def begin(
    networks: Sequence[Network], recipe: Recipe, unit: Any, panel: Panel, scales: Array, n_threads: int
) -> Running:
    """Warm every network on the newest windows, as for a forecast."""
    warm = warm_up(recipe, unit, panel, scales)
    ends = [final_output(network, warm, None, n_threads) for network in networks]
    return Running([state for state, _ in ends], [output for _, output in ends], warm.center)


def proceed(
    running: Running,
    networks: Sequence[Network],
    recipe: Recipe,
    unit: Any,
    panel: Panel,
    scales: Array,
    added: Index,
    n_threads: int,
) -> Running:
    """Advance over new values, one step each.

    Parameters
    ----------
    running : Running
        After the values before; it is not changed.
    networks : sequence of Network
        The ensemble.
    recipe, unit, scales
        As for a forecast.
    panel : Panel
        Newest values of every series, the new ones last, and at least a window before them where there are so many.
    added : ndarray (S,), int64
        New values of each series.
    n_threads : int
        Threads; 0 for the engine's default.

    Returns
    -------
    Running
    """
    # A series shorter than a window was padded, and its padding changes with every new value until it fills a window.
    # Such a series starts again from zero states, on no more windows than it has new values.
    anew = (panel.lengths - added < recipe.window) & (added > 0)
    lengths = np.where(anew, np.maximum(panel.lengths - recipe.window + 1, 1), added)
    newest = panel if recipe.masked else panel.tail(recipe.window + int(lengths.max()) - 1)
    warm = warm_up(recipe, unit, newest, scales, lengths)
    states, outputs = [], []
    for network, state, before in zip(networks, running.states, running.outputs, strict=True):
        start = state.copy()
        start.h[:, anew] = 0.0
        if start.c is not None:
            start.c[:, anew] = 0.0
        after, output = final_output(network, WarmUp(warm.x, lengths, warm.center), start, n_threads)
        states.append(after)
        outputs.append(np.where(added[:, None] > 0, output, before))
    return Running(states, outputs, warm.center)
