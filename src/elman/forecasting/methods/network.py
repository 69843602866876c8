"""The window network: an ensemble of recurrent networks trained on the series themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman._words import called
from elman.errors import ArgumentError, DataError, Remedy, UnsupportedError
from elman.estimators import member_seeds
from elman.forecasting.fitting import Prepared, make_recipe, make_trainers, prepare
from elman.forecasting.heads import DistributionHead, Head
from elman.forecasting.intervals import Residuals, adjustment, bounds, bounds_of_head, levels_within
from elman.forecasting.options import head_for
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.prediction import HeadSteps, Predictive, check_finite, forecast, predictive
from elman.forecasting.recipe import Recipe, resolve_seasons, rule_updates
from elman.forecasting.running import Running, begin, proceed
from elman.forecasting.scaling import Scaling
from elman.forecasting.selection import Choice, HeldOut, choose
from elman.forecasting.store import SeriesStore
from elman.forecasting.validation import best_updates
from elman.network import Network
from elman.training import History, Trainer, train_ensemble

__all__ = ["NetworkMethod", "Stopped", "fit_network"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NetworkMethod:
    """A trained ensemble and the transforms between raw values and its inputs.

    Parameters
    ----------
    networks : tuple of Network
        The ensemble.
    history : tuple of History
        Loss, gradient norm and learning rate of every update of each.
    recipe : Recipe
        Window, steps, center, transform.
    unit : float or ndarray (D,)
        Size of one unit of the networks on the transformed scale.
    scales : ndarray (S,) or (S, D)
        Divisors of the transform ``"scale"``, of the series of the fit.
    names : Index (S,) or None
        Names of these series.
    horizon : int
        Values to forecast.
    anew : bool
        Whether every forecast warms the networks anew on a fixed number of windows; else updates advance the states.
    updates : int
        Gradient steps.
    choice : Choice
        Scores by which the window and the number of updates were chosen.
    validation_scores : dict of int to float
        Error by update on the held-out end of the training part.
    residuals : Residuals or None
        Past errors for intervals.
    running : Running or None
        States of the networks after updates.
    """

    networks: tuple[Network, ...]
    history: tuple[History, ...]
    recipe: Recipe
    unit: Any
    scales: Array
    names: pd.Index | None
    horizon: int
    anew: bool
    updates: int
    choice: Choice
    validation_scores: dict[int, float] = field(default_factory=dict)
    residuals: Residuals | None = None
    running: Running | None = None

    @property
    def label(self) -> str:
        """Its name."""
        return "network"

    @property
    def context_length(self) -> int:
        """A window and the steps that warm the state, or everything where the state is carried."""
        return self.recipe.context_length

    @property
    def scaling(self) -> Scaling:
        """The transform as an object."""
        return Scaling.of(self.recipe.transform)

    def scales_for(self, panel: Panel) -> Array:
        """Return the scales of training for known series, and measure the others.

        Without names, a series is known only if there is just one: positions in a list may change.
        """
        measured = self.scaling.measured(panel)
        if not self.scaling.divides:
            return measured
        if panel.ids is None or self.names is None:
            return self.scales if len(panel) == len(self.scales) == 1 else measured
        rows = self.names.get_indexer(panel.ids)
        known = (rows >= 0).reshape([-1] + [1] * (measured.ndim - 1))
        return np.where(known, self.scales[rows], measured)

    def for_series(self, series: SeriesStore) -> NetworkMethod:
        """Return the same networks as if they had been fitted on other series, in units of those."""
        return replace(self, scales=series.measured(self.scaling), names=series.ids)

    def in_order(self, rows: npt.NDArray[np.int64]) -> NetworkMethod:
        """Return the same, just fitted, with the series in another order; ``rows`` are their present positions."""
        return replace(self, scales=self.scales[rows], names=None if self.names is None else self.names[rows])

    def without_series(self) -> NetworkMethod:
        """Drop the states, and the scales unless they are those of series with names."""
        if self.scaling.divides and self.names is not None:
            return replace(self, running=None)
        return replace(self, scales=self.scales[:0], names=None, running=None)

    def forecast(self, place: str, panel: Panel, n_threads: int) -> Array:
        """Forecast from a panel, which includes the covariates known ahead."""
        self._check(place, panel)
        newest = panel.tail(self.recipe.context_length)
        return check_finite(place, panel, self._forecast(newest, self.scales_for(panel), n_threads))

    def _check(self, place: str, panel: Panel) -> None:
        """Refuse values that the network cannot read."""
        _check_counts(place, self.recipe.head, panel)
        self.scaling.check(place, panel)

    def _forecast(self, newest: Panel, scales: Array, n_threads: int) -> Array:
        return forecast(self.networks, self.recipe, self.unit, newest, scales, self.horizon, n_threads)

    def forecast_newest(self, place: str, newest: Panel, n_threads: int) -> Array:
        """Forecast from the end of the fit or of the updates."""
        running, recipe = self.running, self.recipe
        if running is None:
            return check_finite(place, newest, self._forecast(newest, self.scales, n_threads))
        panel, columns = newest, [running.forecast(recipe, self.unit, self.scales)]
        for _ in range(self.horizon // recipe.horizon - 1):
            panel = panel.extended(columns[-1]).tail(recipe.window + 1)
            running = self._proceed(running, panel, np.ones(len(panel), dtype=np.int64), n_threads)
            columns.append(running.forecast(recipe, self.unit, self.scales))
        return check_finite(place, newest, np.concatenate(columns, axis=1))

    def outlook(
        self, place: str, newest: Panel, levels: Sequence[float], n_threads: int
    ) -> tuple[Array, dict[str, Array]]:
        """Forecast from the newest values, with intervals."""
        if self.recipe.head is None:
            forecasts = self.forecast_newest(place, newest, n_threads)
            return forecasts, self.bounds(place, newest, forecasts, levels, n_threads)
        found = self.predictive_newest(newest, n_threads)
        forecasts = check_finite(place, newest, found.at(np.zeros(1)))
        return forecasts, bounds_of_head(place, found, self.residuals, newest, forecasts, levels)

    def bounds(
        self, place: str, panel: Panel, forecasts: Array, levels: Sequence[float], n_threads: int
    ) -> dict[str, Array]:
        """Put conformal intervals around forecasts, or those of the distributions that the network predicts."""
        if self.recipe.head is None:
            return bounds(place, self.residuals, self.recipe, panel, forecasts, levels)
        found = self._predictive(panel, self.scales_for(panel), n_threads)
        return bounds_of_head(place, found, self.residuals, panel, forecasts, levels)

    def predictive_newest(self, newest: Panel, n_threads: int) -> Predictive:
        """Predict the distributions that follow the newest values of the fit and of later updates."""
        if self.running is not None:
            return self.running.predictive(self.recipe, self.unit, self.scales)
        return self._predictive(newest, self.scales, n_threads)

    def steps(self, panel: Panel, *, newest: bool, n_threads: int) -> HeadSteps:
        """Predict the distributions that follow a panel, or the newest values of the fit, for sample paths."""
        if newest:
            found = self.predictive_newest(panel, n_threads)
        else:
            found = self._predictive(panel, self.scales_for(panel), n_threads)
        return HeadSteps(found, adjustment(self.residuals, self.horizon))

    def distances(self, known: Panel, actual: Array, n_threads: int) -> Array:
        """Return the distances of the values that came after a panel, in the unit of the head."""
        return self._predictive(known, self.scales_for(known), n_threads).distances(actual)

    def _predictive(self, panel: Panel, scales: Array, n_threads: int) -> Predictive:
        newest = panel.tail(self.recipe.context_length)
        return predictive(self.networks, self.recipe, self.unit, newest, scales, n_threads)

    def need_points(self, place: str) -> None:
        """Refuse a network that predicts more than points.

        Raises
        ------
        UnsupportedError
            If it predicts quantiles or a distribution.
        """
        if self.recipe.head is not None:
            raise UnsupportedError(f"{place}: takes a network that predicts points, not quantiles or a distribution.")

    def medians(self, panel: Panel, forecasts: Array) -> Array:
        """Return the forecasts."""
        return forecasts

    def levels_within(self, levels: Sequence[float]) -> list[float]:
        """Return the levels for which there are enough residuals, or that the head learned."""
        return levels_within(self.residuals, levels, self.recipe.head)

    def advanced(
        self, place: str, newest: Panel, longer: Panel, added: npt.NDArray[np.int64], n_threads: int
    ) -> NetworkMethod:
        """Advance the states by one step per new value, unless every forecast warms them anew."""
        if self.recipe.carry and self.recipe.future:
            raise ArgumentError(f"{place}: carry_state=True cannot be updated with future_covariates; fit again.")
        self._check(place, longer)
        if self.anew:
            return self
        running = self.running
        if running is None:
            running = begin(self.networks, self.recipe, self.unit, newest, self.scales, n_threads)
        return replace(self, running=self._proceed(running, longer, added, n_threads))

    def _proceed(self, running: Running, panel: Panel, added: npt.NDArray[np.int64], n_threads: int) -> Running:
        return proceed(running, self.networks, self.recipe, self.unit, panel, self.scales, added, n_threads)

    def kept(self, longer: Panel) -> Panel:
        """Keep the newest values that later forecasts and updates need."""
        return longer.tail(self.recipe.window + self.recipe.steps - 1)


class Stopped(KeyboardInterrupt):
    """Ctrl-C during training, with the method as trained so far.

    Parameters
    ----------
    method : NetworkMethod
        Of the networks with the longest training.
    """

    def __init__(self, method: NetworkMethod) -> None:
        super().__init__()
        self.method = method


def fit_network(
    place: str, parameters: Parameters, series: SeriesStore, root: int, chosen: Choice | None = None
) -> NetworkMethod:
    """Train the window network; unless ``chosen``, the window and the number of updates are chosen on the sample.

    Raises
    ------
    Stopped
        On Ctrl-C, after the first update of a network; before it KeyboardInterrupt.
    """
    seasons = resolve_seasons(place, parameters.season, series.frequency)
    head = head_for(parameters)
    if head is not None and head.counts:
        for _, panel, unknown in series.pieces(np.arange(len(series.lengths))):
            _check_counts(place, head, panel, unknown)
    kind = make_recipe(place, parameters, series, seasons, 1).transform
    series.check(place, Scaling.of(kind))
    held_out = HeldOut(place, parameters, series.sample, seasons, kind)
    try:
        asked = choose(held_out, root) if chosen is None and parameters.window == "auto" else chosen
        choice = Choice(int(parameters.window)) if asked is None else asked
        prepared = prepare(series, make_recipe(place, parameters, series, seasons, choice.window), parameters.half_life)
        updates = _updates(parameters, prepared) if choice.updates is None else choice.updates
        seeds = member_seeds(root, int(parameters.ensemble_size))
        scores = best_updates(held_out, choice, updates, seeds) if parameters.validation else {}
        stop = min(scores, key=lambda update: (scores[update], update)) if scores else updates
        trainers = make_trainers(parameters, prepared, updates, seeds, stop_at=stop, regressed=choice.regressed)
        held_out.begun.append((prepared, trainers))
        train_ensemble(trainers, n_threads=parameters.n_threads, progress=parameters.progress)
    except KeyboardInterrupt:
        if (found := _so_far(parameters, series, held_out)) is None:
            raise
        raise Stopped(found) from None
    return _method(parameters, series, prepared, trainers, stop, choice, scores)


def _check_counts(place: str, head: Head | None, panel: Panel, unknown: Any = True) -> None:
    """Refuse values that are no counts for a distribution of counts; ``unknown`` ones are filled."""
    if not isinstance(head, DistributionHead) or not head.counts:
        return
    wrong = (panel.values < 0) | ((panel.values != np.rint(panel.values)) & ~np.asarray(unknown))
    wrong = wrong.reshape(len(panel.values), -1).any(axis=1)
    if wrong.any():
        index = int(np.argmax(wrong))
        raise DataError(
            f'{place}: the distribution "{head.name}" is for counts, and {called("y")} is '
            f"{np.ravel(panel.values[index])[0]:.15g} {panel.place(index)}.",
            Remedy("pass {} to the Forecaster for other numbers, and fit again", distribution="student_t"),
        )


def _so_far(parameters: Parameters, series: SeriesStore, held_out: HeldOut) -> NetworkMethod | None:
    """Return the ensemble with the longest training, the newest of equals, if it can forecast the series.

    Its networks hold their best parameters; networks with less than half of the longest training are left out. An
    ensemble trained to choose the window has not seen the newest values.
    """
    best: NetworkMethod | None = None
    for prepared, trainers in held_out.begun:
        updates = max(trainer.update for trainer in trainers)
        begun = [trainer for trainer in trainers if 2 * trainer.update >= updates]
        scaling = Scaling.of(prepared.recipe.transform)
        if updates >= (1 if best is None else best.updates) and series.holds(scaling):
            choice = Choice(prepared.recipe.window)
            best = _method(parameters, series, prepared, begun, updates, choice, {}).for_series(series)
    return best


def _method(
    parameters: Parameters,
    series: SeriesStore,
    prepared: Prepared,
    trainers: Sequence[Trainer],
    updates: int,
    choice: Choice,
    scores: dict[int, float],
) -> NetworkMethod:
    return NetworkMethod(
        tuple(trainer.network for trainer in trainers),
        tuple(trainer.history for trainer in trainers),
        prepared.recipe,
        prepared.unit,
        prepared.scales,
        series.ids,
        int(parameters.horizon),
        warms_anew(parameters, prepared.recipe),
        updates,
        choice,
        scores,
    )


def warms_anew(parameters: Parameters, recipe: Recipe) -> bool:
    """Return whether every forecast warms the networks on a fixed number of windows, so that no state advances."""
    moves = parameters.loss_at == "every" and parameters.strategy == "multi_output" and not recipe.future
    return not (recipe.carry or moves)


def _updates(parameters: Parameters, prepared: Prepared) -> int:
    """Return the number of updates, by parameter or rule."""
    return rule_updates(prepared.recipe, prepared.lengths) if parameters.updates == "auto" else int(parameters.updates)
