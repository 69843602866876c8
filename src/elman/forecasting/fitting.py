"""From a store of series and the rules to trainers, for the final fit and those that choose a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.forecasting.head_training import HeadPass
from elman.forecasting.options import ahead_of, architecture_of, head_for, settings_of
from elman.forecasting.panel import Panel, spanned
from elman.forecasting.parameters import Parameters
from elman.forecasting.recipe import Recipe, batch_size, check_window
from elman.forecasting.scaling import Scaling
from elman.forecasting.starting import regression, start
from elman.forecasting.store import SeriesStore
from elman.forecasting.training_set import TYPICAL, Arrays, arrays_of, measure_unit, stretches
from elman.network import Network
from elman.training import Draws, Origins, Spans, Trainer, Validate

__all__ = ["Prepared", "make_recipe", "make_trainers", "prepare"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prepared:
    """Series prepared for one recipe.

    Parameters
    ----------
    recipe : Recipe
        Window, steps, center, transform.
    scales : ndarray (S,) or (S, D)
        Divisors of the transform ``"scale"``.
    unit : float or ndarray (D,)
        From `measure_unit`.
    series : SeriesStore
        What the trainers read.
    half_life : float or None
        Steps after which a target has half of its weight.
    """

    recipe: Recipe
    scales: Array
    unit: Any
    series: SeriesStore
    half_life: float | None = None

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Values of each padded series (S,)."""
        return np.maximum(self.series.lengths, self.recipe.shortest)

    def arrays(self, kept: Spans | None) -> Arrays:
        """Read the series, and keep all or those values that lie in some spans of the padded series end to end."""
        offsets = np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)
        spans = Spans(offsets[:-1], offsets[1:]) if kept is None else kept
        whose = np.searchsorted(offsets, spans.starts, side="right") - 1
        weighted = self.series.incomplete or bool((self.series.lengths < self.recipe.shortest).any())
        weighted |= self.half_life is not None or self.series.sample.panel.weight is not None
        columns = self.recipe.channels, self.recipe.channels, len(self.recipe.covariates) + self.recipe.flags
        values, center, covariates = (np.empty((spans.total, width)) for width in columns)
        weight = np.ones(values.shape) if weighted else None
        head = self.recipe.head
        counts = np.empty((spans.total, 2 * self.recipe.channels)) if head is not None and head.counts else None
        for rows, panel, unknown in self.series.pieces(np.unique(whose)):
            measured = self.recipe, self.scales[rows], self.unit, self.recipe.shortest
            own = arrays_of(panel, *measured, unknown, self.half_life)
            source, target = _places(spans, whose, rows, offsets, own.offsets)
            values[target], center[target] = own.values[source], own.center[source]
            if weight is not None and own.weight is not None:
                weight[target] = own.weight[source]
            if own.covariates is not None:
                covariates[target] = own.covariates[source]
            if counts is not None and own.counts is not None:
                counts[target] = own.counts[source]
        return Arrays(values, offsets, center, weight, covariates if covariates.shape[1] else None, kept, counts)


def _places(
    spans: Spans,
    whose: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    own: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where the values of the spans in some series lie: in the series end to end, and among the kept values."""
    first, last = np.searchsorted(whose, rows, side="left"), np.searchsorted(whose, rows, side="right")
    mine = spanned(first, last)
    starts = spans.starts[mine] + np.repeat(own[:-1] - offsets[rows], last - first)
    sizes = spans.stops[mine] - spans.starts[mine]
    target = spans.offsets[mine]
    return spanned(starts, starts + sizes), spanned(target, target + sizes)


def make_recipe(
    place: str, parameters: Parameters, series: SeriesStore, seasons: tuple[int, ...], window: int
) -> Recipe:
    """Make a recipe from a window, the parameters and the transform chosen for the series."""
    ahead = ahead_of(parameters)
    check_window(place, window, ahead, series.lengths)
    center = {"season": min(seasons[0], window), "last": 1, "none": 0}[parameters.center]
    sample = series.sample.panel
    channels = sample.values.shape[1] if sample.values.ndim > 1 else 1
    past, head = len(sample.inputs.past), head_for(parameters)
    windowed, sizes = past + sample.inputs.known_ahead, covariate_sizes(sample)
    counts = head is not None and head.counts
    return Recipe(
        ahead,
        seasons,
        window,
        int(parameters.steps),
        center,
        series.transform("log1p" if counts else parameters.transform),
        parameters.carry_state,
        channels,
        sizes[:past],
        sizes[past:windowed],
        sizes[windowed:],
        sample.masked is not None,
        head,
    )


def covariate_sizes(panel: Panel) -> tuple[tuple[float, float], ...]:
    """Measure the center and spread of every covariate over all series; 1 for the spread of a constant one."""
    if panel.covariates is None:
        return ()
    sizes = []
    for column in panel.covariates.T:
        center = float(np.mean(column))
        spread = float(np.mean(np.abs(column - center))) / TYPICAL
        sizes.append((center, spread if spread > 1e-200 else 1.0))
    return tuple(sizes)


def prepare(series: SeriesStore, recipe: Recipe, half_life: float | None = None) -> Prepared:
    """Measure the scales of series whose values lie in the domain of the transform, and the unit of the sample."""
    scales = series.measured(Scaling.of(recipe.transform))
    unit = measure_unit(series.sample.panel, recipe, scales[series.sample.rows])
    return Prepared(recipe, scales, unit, series, half_life)


def make_trainers(
    parameters: Parameters,
    prepared: Prepared,
    updates: int,
    seeds: Sequence[int],
    *,
    stop_at: int | None = None,
    validate: Validate | None = None,
    validate_every: int | None = None,
    regressed: bool = False,
) -> list[Trainer]:
    """Make one trainer per seed; all gather their batches from the same arrays, and each stops like a `Trainer`.

    The arrays hold what the random stretches of all updates read, which their seeds and the lengths of the series tell.
    ``regressed`` lets the networks start at a regression (`elman.forecasting.starting`).
    """
    recipe, lengths = prepared.recipe, prepared.lengths
    architecture = architecture_of(parameters, recipe)
    last = parameters.loss_at == "last"
    size = batch_size(recipe, lengths, int(parameters.batch_size), last=last)
    kept: Spans | None = None
    if not recipe.carry:
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        origins = Origins("fit", offsets, recipe.window, recipe.horizon, recipe.steps)
        kept = Draws(origins, size).spans(seeds, updates)
    source = stretches(prepared.arrays(kept), recipe, size, last)
    solution = regression(source.with_seed(seeds[0]), updates) if regressed else None
    trainers = []
    for seed in seeds:
        network = Network.initialized(architecture, seed=seed, scheme=parameters.init)
        if solution is not None:
            start(network, *solution)
        settings = replace(settings_of(parameters, updates, seed), validate_every=validate_every)
        own = None if recipe.head is None else HeadPass(network, settings, recipe)
        batches = source.with_seed(seed)
        trainers.append(Trainer(network, batches, settings, validate=validate, stop_at=stop_at, loss_pass=own))
    return trainers
