"""From a checked panel and the rules to trainers, for the final fit and those that choose a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.scaling import choose_transform
from elman.forecasting.options import ahead_of, architecture_of, names_of, settings_of
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.recipe import Recipe, batch_size, check_window
from elman.forecasting.scaling import Scaling
from elman.forecasting.training_set import TYPICAL, Arrays, arrays_of, measure_unit, stretches
from elman.network import Network
from elman.training import Trainer, Validate

__all__ = ["Prepared", "make_recipe", "make_trainers", "prepare"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prepared:
    """A panel prepared for one recipe.

    Parameters
    ----------
    recipe : Recipe
        Window, steps, center, transform.
    scales : ndarray (S,) or (S, D)
        Divisors of the transform ``"scale"``.
    unit : float or ndarray (D,)
        From `measure_unit`.
    arrays : Arrays
        Values, centers and weights, padded.
    """

    recipe: Recipe
    scales: Array
    unit: Any
    arrays: Arrays

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Values of each padded series (S,)."""
        return np.diff(self.arrays.offsets)


def make_recipe(place: str, parameters: Parameters, panel: Panel, seasons: tuple[int, ...], window: int) -> Recipe:
    """Make a recipe from a window, the parameters and the transform chosen for the panel."""
    ahead = ahead_of(parameters)
    check_window(place, window, ahead, panel.lengths)
    center = {"season": min(seasons[0], window), "last": 1, "none": 0}[parameters.center]
    channels = panel.values.shape[1] if panel.values.ndim > 1 else 1
    past = len(names_of(parameters.past_covariates))
    sizes = covariate_sizes(panel)
    return Recipe(
        ahead,
        seasons,
        window,
        int(parameters.steps),
        center,
        _transform(parameters, panel),
        parameters.carry_state,
        channels,
        sizes[:past],
        sizes[past:],
    )


def _transform(parameters: Parameters, panel: Panel) -> str | tuple[str, ...]:
    """Name the transform, or that of every channel."""
    asked = parameters.transform
    if panel.values.ndim == 1:
        return choose_transform(list(panel)) if asked == "auto" else asked
    if asked != "auto":
        return (asked,) * int(panel.values.shape[1])
    return tuple(choose_transform([column]) for column in panel.values.T)


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


def prepare(panel: Panel, recipe: Recipe, unknown: npt.NDArray[np.bool_]) -> Prepared:
    """Transform, center and pad a filled panel whose values lie in the domain of the transform."""
    scales = Scaling.of(recipe.transform).measured(panel)
    unit = measure_unit(panel, recipe, scales)
    return Prepared(recipe, scales, unit, arrays_of(panel, recipe, scales, unit, recipe.shortest, unknown))


def make_trainers(
    parameters: Parameters,
    prepared: Prepared,
    updates: int,
    seeds: Sequence[int],
    *,
    stop_at: int | None = None,
    validate: Validate | None = None,
    validate_every: int | None = None,
) -> list[Trainer]:
    """Make one trainer per seed; all gather their batches from the same arrays, and each stops like a `Trainer`."""
    architecture = architecture_of(parameters, prepared.recipe)
    last = parameters.loss_at == "last"
    size = batch_size(prepared.recipe, prepared.lengths, int(parameters.batch_size), last=last)
    source = stretches(prepared.arrays, prepared.recipe, size, last)
    trainers = []
    for seed in seeds:
        network = Network.initialized(architecture, seed=seed, scheme=parameters.init)
        settings = replace(settings_of(parameters, updates, seed), validate_every=validate_every)
        trainers.append(Trainer(network, source.with_seed(seed), settings, validate=validate, stop_at=stop_at))
    return trainers
