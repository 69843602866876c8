"""From a checked panel to what the network is trained on and warmed with: transformed, levelled, padded arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.data.scaling import outside_domain, series_scale, transform
from elman.data.windows import pad_left, trailing_mean
from elman.errors import DataError
from elman.forecasting.missing import fill
from elman.forecasting.panel import Panel
from elman.forecasting.recipe import Recipe
from elman.training import Batch, OrderedStretches, StretchBatches

__all__ = ["Arrays", "LastStep", "arrays_of", "check_domain", "filled", "measure_unit", "scales_of", "stretches"]

Array = npt.NDArray[np.float64]

_PROBES = 8  # windows per series that the unit is measured on
_TYPICAL = 0.5  # mean distance from the level of what the network sees; found on the benchmark sets, 0.3 to 1 do alike


@dataclass(frozen=True)
class Arrays:
    """Series end to end, ready to be gathered into windows.

    Parameters
    ----------
    values : ndarray (total, 1), float64
        Transformed values in units of the network.
    offsets : ndarray (S+1,), int64
        Borders of the series.
    level : ndarray (total, 1), float64
        Level of the window that ends at each value.
    weight : ndarray (total, 1), float64, or None
        0 where a value must not count as a target: padding and filled values. None if all count.
    """

    values: Array
    offsets: npt.NDArray[np.int64]
    level: Array
    weight: Array | None


def filled(panel: Panel, missing: str, season: int) -> tuple[Panel, npt.NDArray[np.bool_]]:
    """Fill missing values series by series; return the panel and which values were missing (total,)."""
    unknown = np.isnan(panel.values)
    if not unknown.any():
        return panel, unknown
    values = np.concatenate([fill(series, missing, season) for series in panel])
    return Panel(values, panel.offsets, panel.kind, panel.ids, panel.times, panel.frequency), unknown


def check_domain(place: str, kind: str, panel: Panel) -> None:
    """Refuse values that the transform chosen in training cannot take."""
    wrong = outside_domain(kind, panel.values)
    if wrong.any():
        index = int(np.argmax(wrong))
        other = "log1p" if kind == "log" and panel.values.min() > -1 else "scale"
        raise DataError(
            f'{place}: y is {panel.values[index]:.15g} {panel.place(index)}, but transform="{kind}" needs values above '
            f'{0 if kind == "log" else -1}. Pass transform="{other}" to the Forecaster and fit again.'
        )


def scales_of(kind: str, panel: Panel) -> Array:
    """Measure each series' scale (S,); ones unless the transform is ``"scale"``."""
    return np.array([series_scale(values) if kind == "scale" else 1.0 for values in panel])


def measure_unit(panel: Panel, recipe: Recipe, scales: Array) -> float:
    """Measure how far values lie from the level of their window, on evenly spaced windows of every series.

    The network then sees numbers of one typical size, whether the data are percentages or 1e8 +- 1, and learning
    rates mean the same for all.

    Returns
    -------
    float
        Above 0; 1 where nothing moves, and for the transform ``"none"``, which leaves values exactly as they are.
    """
    if recipe.transform == "none":
        return 1.0
    total, count = 0.0, 0
    for values in padded(panel, recipe, scales, recipe.shortest)[0]:
        level = _level(values, recipe)
        for now in np.linspace(recipe.window - 1, len(values) - recipe.horizon - 1, _PROBES).astype(int):
            around = values[now - recipe.window + 1 : now + recipe.horizon + 1]
            total += float(np.sum(np.abs(around - level[now])))
            count += len(around)
    typical = total / count / _TYPICAL
    return typical if typical > 1e-200 else 1.0


def _level(values: Array, recipe: Recipe) -> Array:
    return trailing_mean(values, recipe.level) if recipe.level else np.zeros(len(values))


def padded(panel: Panel, recipe: Recipe, scales: Array, shortest: int) -> tuple[list[Array], list[int]]:
    """Transform every series and pad the short ones on the left; return them and how many values were added to each."""
    series, added = [], []
    for values, scale in zip(panel, scales, strict=True):
        longer, extra = pad_left(transform(recipe.transform, values, float(scale)), shortest)
        series.append(longer)
        added.append(extra)
    return series, added


def arrays_of(
    panel: Panel,
    recipe: Recipe,
    scales: Array,
    unit: float,
    shortest: int,
    unknown: npt.NDArray[np.bool_] | None = None,
) -> Arrays:
    """Prepare a panel.

    Parameters
    ----------
    panel : Panel
        No missing values.
    recipe : Recipe
        Transform, level and window.
    scales : ndarray (S,)
        Each series' scale.
    unit : float
        From `measure_unit`.
    shortest : int
        Length to which shorter series are padded.
    unknown : ndarray (total,), bool, optional
        Which values had been missing.

    Returns
    -------
    Arrays
    """
    series, added = padded(panel, recipe, scales, shortest)
    offsets = np.concatenate([[0], np.cumsum([len(values) for values in series])]).astype(np.int64)
    values = np.concatenate(series) / unit
    level = np.concatenate([_level(longer, recipe) for longer in series]) / unit
    weight = None
    if any(added) or (unknown is not None and unknown.any()):
        weight = np.ones(len(values))
        for s, extra in enumerate(added):
            weight[offsets[s] : offsets[s] + extra] = 0.0
            if unknown is not None:
                own = unknown[panel.offsets[s] : panel.offsets[s + 1]]
                weight[offsets[s] + extra : offsets[s + 1]][own] = 0.0
    return Arrays(values[:, None], offsets, level[:, None], None if weight is None else weight[:, None])


def stretches(arrays: Arrays, recipe: Recipe, batch_size: int, last: bool) -> Source:
    """Cut the arrays into batches: random stretches, stretches in order of time, or stretches with one target each."""
    sizes: dict[str, Any] = {"window": recipe.window, "horizon": recipe.horizon, "steps": recipe.steps}
    if recipe.carry:
        return OrderedStretches(arrays.values, arrays.offsets, **sizes, level=arrays.level, weight=arrays.weight)
    batches = StretchBatches(
        arrays.values, arrays.offsets, **sizes, batch_size=batch_size, level=arrays.level, weight=arrays.weight
    )
    return LastStep(batches) if last else batches


class LastStep:
    """Stretches of which only the last step's targets count (``loss_at="last"``).

    Parameters
    ----------
    stretches : StretchBatches
        Where they come from.
    """

    epoch_length = None

    def __init__(self, stretches: StretchBatches) -> None:
        self.stretches = stretches

    def with_seed(self, seed: int) -> LastStep:
        """Return the same stretches in another random order."""
        return LastStep(self.stretches.with_seed(seed))

    def batch(self, update: int) -> Batch:
        """Return the batch of ``update``, targets (N, K)."""
        x, y, weight, lengths, carry = self.stretches.batch(update)
        rows = np.arange(x.shape[1])
        last = np.full(len(rows), len(x) - 1) if lengths is None else lengths - 1
        return Batch(x, y[last, rows], None if weight is None else weight[last, rows], lengths, carry)


Source: TypeAlias = OrderedStretches | StretchBatches | LastStep
