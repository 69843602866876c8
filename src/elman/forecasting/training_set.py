"""From a checked panel to the network's inputs in training and warm-up: transformed, centered, padded arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.data.windows import pad_left, trailing_mean
from elman.forecasting.head_training import WithCounts
from elman.forecasting.heads import log_offset
from elman.forecasting.masking import begun_known, known_center
from elman.forecasting.missing import fill
from elman.forecasting.panel import Panel, spanned
from elman.forecasting.recipe import Recipe
from elman.forecasting.scaling import Kind, Scaling
from elman.training import Batch, OrderedStretches, Spans, StretchBatches

__all__ = [
    "TYPICAL",
    "Arrays",
    "LastStep",
    "WithCovariates",
    "arrays_of",
    "beside",
    "center_of_newest",
    "filled",
    "measure_unit",
    "standardized",
    "stretches",
    "transformed",
]

Array = npt.NDArray[np.float64]

_PROBES = 8  # windows per series for measuring the unit
TYPICAL = 0.5  # mean distance of inputs from their center; from the benchmark sets, where 0.3 to 1 are about equal


@dataclass(frozen=True)
class Arrays:
    """Series end to end, ready to be gathered into windows.

    Parameters
    ----------
    values : ndarray (total, D), float64
        Transformed values in units of the network.
    offsets : ndarray (S+1,), int64
        Borders of the series.
    center : ndarray (total, D), float64
        Center of the window that ends at each value.
    weight : ndarray (total, D), float64, or None
        Of each value as a target; 0: padding, filled and censored values. None if all count alike.
    covariates : ndarray (total, C), float64, or None
        In units of the network, in the order of the panel; then the flags of masked values, if there are any.
    kept : Spans or None
        The spans that the other arrays hold of the series end to end; None: everything.
    counts : ndarray (total, 2 * D), float64, or None
        For a head of counts: the values themselves, and the logarithm of the mean that the window suggests.
    """

    values: Array
    offsets: npt.NDArray[np.int64]
    center: Array
    weight: Array | None
    covariates: Array | None = None
    kept: Spans | None = None
    counts: Array | None = None


def filled(panel: Panel, missing: str, season: int) -> tuple[Panel, npt.NDArray[np.bool_]]:
    """Fill missing values series by series; return the panel and which values were missing, in the shape of values."""
    absent = unknown = np.isnan(panel.values)
    if missing == "mask":
        unknown = absent if panel.masked is None else absent | panel.masked
        panel = replace(panel, masked=unknown)
    if not absent.any():
        return panel, unknown
    columns = [
        np.stack([fill(column, missing, season) for column in series.reshape(len(series), -1).T], axis=1)
        for series in panel
    ]
    return replace(panel, values=np.concatenate(columns).reshape(panel.values.shape)), unknown


def transformed(kind: Kind, values: Array, scale: npt.ArrayLike) -> Array:
    """Apply the transform, or that of each channel, to values (…) or (…, D) of one series with its scale () or (D,)."""
    return Scaling.of(kind).to(values, scale)


def measure_unit(panel: Panel, recipe: Recipe, scales: Array) -> Any:
    """Compute the mean distance of values from the center of their window, on evenly spaced windows of every series.

    Divided by it, inputs have one typical size for percentages and for 1e8 +- 1, and one learning rate suits all
    data.

    Returns
    -------
    float, or ndarray (D,)
        Above 0; 1 for constant values, and for the transform ``"none"``, which leaves values unchanged.
    """
    kinds = [recipe.transform] if isinstance(recipe.transform, str) else recipe.transform
    total: Array = np.zeros(recipe.channels)
    count: Any = 0
    series, added = padded(panel, recipe, scales, recipe.shortest)
    for values, hidden in zip(series, _flags(panel, recipe, added), strict=True):
        center = _center(values, hidden, recipe)
        for now in np.linspace(recipe.window - 1, len(values) - recipe.horizon - 1, _PROBES).astype(int):
            near = slice(now - recipe.window + 1, now + recipe.horizon + 1)
            distance = np.abs(values[near] - center[now])
            if hidden is not None:
                distance = np.where(hidden[near], 0.0, distance)
            total += [float(np.sum(own)) for own in distance.T]
            count += len(distance) if hidden is None else (~hidden[near]).sum(axis=0)
    typical = total / np.maximum(count, 1) / TYPICAL
    unit = np.where((typical > 1e-200) & (np.array(kinds) != "none"), typical, 1.0)
    return float(unit[0]) if isinstance(recipe.transform, str) else unit


def _center(values: Array, hidden: npt.NDArray[np.bool_] | None, recipe: Recipe) -> Array:
    """Average the newest season at every time of every channel (n, D)."""
    if not recipe.center:
        return np.zeros(values.shape)
    if hidden is not None:
        both = zip(values.T, hidden.T, strict=True)
        columns = [known_center(np.ascontiguousarray(own), flags, recipe.center, recipe.window) for own, flags in both]
        return np.stack(columns, axis=1)
    return np.stack([trailing_mean(np.ascontiguousarray(column), recipe.center) for column in values.T], axis=1)


def center_of_newest(panel: Panel, recipe: Recipe, scales: Array, unit: Any) -> Array:
    """Return the center of each series' newest window, in units of the network (S, D)."""
    panel = panel if recipe.masked else panel.tail(recipe.window)
    arrays = arrays_of(replace(panel, covariates=None), recipe, scales, unit, recipe.window)
    center: Array = arrays.center[arrays.offsets[1:] - 1]
    return center


def padded(panel: Panel, recipe: Recipe, scales: Array, shortest: int) -> tuple[list[Array], list[int]]:
    """Transform every series (n, D) and pad the short ones on the left; return how many values were added to each."""
    series, added = [], []
    for values, hidden, scale in zip(panel, _flags(panel, recipe, [0] * len(panel)), scales, strict=True):
        own = transformed(recipe.transform, values, scale).reshape(len(values), -1)
        longer, extra = pad_left(own if hidden is None else begun_known(own, hidden), shortest)
        series.append(longer)
        added.append(extra)
    return series, added


def _flags(panel: Panel, recipe: Recipe, added: Sequence[int]) -> list[npt.NDArray[np.bool_] | None]:
    """Return which values of every padded series are masked (n, D); None without masks."""
    if not recipe.masked:
        return [None] * len(panel)
    assert panel.masked is not None
    rows = panel.masked.reshape(-1, recipe.channels)
    borders = zip(panel.offsets[:-1], panel.offsets[1:], added, strict=True)
    return [np.pad(rows[start:stop], ((extra, 0), (0, 0))) for start, stop, extra in borders]


def arrays_of(
    panel: Panel,
    recipe: Recipe,
    scales: Array,
    unit: Any,
    shortest: int,
    unknown: npt.NDArray[np.bool_] | None = None,
    half_life: float | None = None,
) -> Arrays:
    """Prepare a panel.

    Parameters
    ----------
    panel : Panel
        No missing values.
    recipe : Recipe
        Transform, center and window.
    scales : ndarray (S,)
        Each series' scale.
    unit : float or ndarray (D,)
        From `measure_unit`.
    shortest : int
        Length to which shorter series are padded.
    unknown : ndarray (total,) or (total, D), bool, optional
        Values that were missing.
    half_life : float, optional
        Steps after which a value has half of its weight as a target, counted back from the end of its series.

    Returns
    -------
    Arrays
    """
    series, added = padded(panel, recipe, scales, shortest)
    flags = _flags(panel, recipe, added)
    offsets = np.concatenate([[0], np.cumsum([len(values) for values in series])]).astype(np.int64)
    values = np.concatenate(series) / unit
    center = np.concatenate([_center(*each, recipe) for each in zip(series, flags, strict=True)]) / unit
    weight = None
    if any(added) or (unknown is not None and unknown.any()) or panel.weight is not None or half_life is not None:
        weight = np.zeros(values.shape)
        weight[spanned(offsets[:-1] + added, offsets[1:])] = _weights(panel, recipe, unknown, half_life)
    further = [] if panel.covariates is None else [_covariates(panel.covariates, panel, recipe, shortest)]
    if recipe.masked:
        further.append(np.concatenate([own.astype(np.float64) for own in flags if own is not None]))
    counts = None
    if recipe.head is not None and recipe.head.counts:
        offset = log_offset(center * unit, recipe.center)
        counts = np.concatenate([np.rint(np.expm1(values * unit)), offset], axis=1)
    covariates = np.concatenate(further, axis=1) if further else None
    return Arrays(values, offsets, center, weight, covariates, counts=counts)


def _weights(panel: Panel, recipe: Recipe, unknown: npt.NDArray[np.bool_] | None, half_life: float | None) -> Array:
    """Return the weight of every value as a target (total, D); 0 where it was missing."""
    weight = np.ones(len(panel.values)) if panel.weight is None else panel.weight
    if half_life is not None:
        age = np.repeat(panel.offsets[1:] - 1, panel.lengths) - np.arange(len(panel.values))
        weight = weight * 0.5 ** (age / half_life)
    weights = np.repeat(weight[:, None], recipe.channels, axis=1)
    if unknown is not None:
        weights[unknown.reshape(weights.shape)] = 0.0
    return weights


def _covariates(covariates: Array, panel: Panel, recipe: Recipe, shortest: int) -> Array:
    """Center, divide and pad the covariates like the values (total, C)."""
    borders = zip(panel.offsets[:-1], panel.offsets[1:], strict=True)
    parts = [pad_left(covariates[start:stop], shortest)[0] for start, stop in borders]
    return standardized(np.concatenate(parts), recipe)


def standardized(covariates: Array, recipe: Recipe) -> Array:
    """Standardize covariates (…, C) to one typical size."""
    center, spread = np.array(recipe.covariates).T
    with np.errstate(over="ignore"):  # values that far are clipped later
        out: Array = (covariates - center) / spread
    return out


def stretches(arrays: Arrays, recipe: Recipe, batch_size: int, last: bool) -> Source:
    """Cut the arrays into batches: random stretches, stretches in order of time, or stretches with one target each."""
    batches = _cut(arrays, recipe, batch_size)
    return LastStep(batches) if last else batches


def _cut(
    arrays: Arrays, recipe: Recipe, batch_size: int
) -> OrderedStretches | StretchBatches | WithCovariates | WithCounts:
    sizes: dict[str, Any] = {"window": recipe.window, "horizon": recipe.horizon, "steps": recipe.steps}
    kind: Any = OrderedStretches
    if not recipe.carry:
        kind, sizes = StretchBatches, sizes | {"batch_size": batch_size, "kept": arrays.kept}
    batches = kind(arrays.values, arrays.offsets, **sizes, center=arrays.center, weight=arrays.weight)
    if arrays.covariates is not None:
        batches = WithCovariates(batches, kind(arrays.covariates, arrays.offsets, **sizes), recipe)
    if arrays.counts is not None:
        batches = WithCounts(batches, kind(arrays.counts, arrays.offsets, **sizes), recipe.channels)
    return batches  # type: ignore[no-any-return]


class WithCovariates:
    """Stretches whose windows are followed by the covariates of the step.

    Parameters
    ----------
    values : StretchBatches or OrderedStretches
        The windows and targets.
    covariates : StretchBatches or OrderedStretches
        Of the same geometry, so that equal seeds draw equal stretches.
    recipe : Recipe
        Kinds of the covariates.
    """

    def __init__(self, values: Any, covariates: Any, recipe: Recipe) -> None:
        self.values, self.covariates, self.recipe = values, covariates, recipe
        self.epoch_length: int | None = values.epoch_length

    def with_seed(self, seed: int) -> WithCovariates:
        """Return the same stretches in another random order."""
        return WithCovariates(self.values.with_seed(seed), self.covariates.with_seed(seed), self.recipe)

    def batch(self, update: int) -> Batch:
        """Return the batch of ``update``."""
        batch: Batch = self.values.batch(update)
        others: Batch = self.covariates.batch(update)
        return batch._replace(x=beside(batch.x, others.x, others.y, self.recipe))


def beside(x: npt.NDArray[Any], window: npt.NDArray[Any], ahead: npt.NDArray[Any], recipe: Recipe) -> npt.NDArray[Any]:
    """Put the rest of a step's inputs beside its window of values.

    That is, in this order: the flags of masked values, which are 0 in the window; windows of the covariates of the past
    and of those known ahead; the horizon of the latter; the newest values of those that enter once.

    Parameters
    ----------
    x : ndarray (T, N, window · D)
        Windows of values.
    window : ndarray (T, N, window · C)
        All columns of `Arrays.covariates` at the times of the windows: the covariates, then the flags.
    ahead : ndarray (T, N, horizon · C)
        The same at the times of the horizon.
    recipe : Recipe
        Kinds of the covariates.
    """
    rows, count, past = x.shape[:2], len(recipe.covariates), len(recipe.past)
    columns, windowed = count + recipe.flags, past + len(recipe.future)
    seen = window.reshape(*rows, recipe.window, columns)
    known = ahead.reshape(*rows, -1, columns)[..., past:windowed]
    parts = [x]
    if recipe.masked:
        flags = seen[..., count:].reshape(*rows, -1)
        parts = [x * (1 - flags), flags]
    parts += [seen[..., :windowed].reshape(*rows, -1), known.reshape(*rows, -1), seen[..., -1, windowed:count]]
    return np.concatenate(parts, axis=2)


class LastStep:
    """Stretches of which only the last step's targets count (``loss_at="last"``).

    Parameters
    ----------
    stretches : StretchBatches or WithCovariates
        The underlying stretches.
    """

    epoch_length = None

    def __init__(self, stretches: Any) -> None:
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


Source: TypeAlias = OrderedStretches | StretchBatches | WithCovariates | WithCounts | LastStep
