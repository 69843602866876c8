"""What a forecaster does behind the door: checked panels in, fitted attributes and forecasts out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from elman._check.names import NamedParameters
from elman.errors import ArgumentError, DataError
from elman.forecasting.covariates import read_future
from elman.forecasting.fitting import Prepared, make_recipe, make_trainers, prepare, seeds_of
from elman.forecasting.frames import read_panel
from elman.forecasting.frequencies import future_times
from elman.forecasting.hints import HINTS
from elman.forecasting.options import covariates_of
from elman.forecasting.panel import Panel
from elman.forecasting.prediction import check_finite, forecast
from elman.forecasting.recipe import Recipe, resolve_seasons, rule_updates
from elman.forecasting.running import Running, begin, proceed
from elman.forecasting.selection import Choice, HeldOut, choose
from elman.forecasting.training_set import check_domain, filled, scales_of
from elman.forecasting.validation import best_updates
from elman.network import Network
from elman.persistence.models import SavedModel
from elman.training import History, Trainer, same_seed, train_ensemble

if TYPE_CHECKING:
    from elman.forecasting.forecaster import Forecaster

__all__ = ["FittedForecaster"]

Array = npt.NDArray[np.float64]


class FittedForecaster(NamedParameters, SavedModel, BaseEstimator):
    """Base of the `Forecaster`, which adds the constructor and the methods that users call with data."""

    _hints: ClassVar[dict[str, str]] = HINTS
    _kind: ClassVar[str] = "forecaster"

    if TYPE_CHECKING:
        networks_: list[Network]
        history_: list[History]
        updates_: int
        window_scores_: dict[int, float]
        updates_scores_: dict[int, float]
        validation_scores_: dict[int, float]
        _recipe: Recipe
        _unit: Any
        _scales: Array
        _newest: Panel
        _running: Running | None
        _residuals: Any

    @property
    def _self(self) -> Forecaster:
        """The estimator with its parameters."""
        return cast("Forecaster", self)

    # Fitting

    def _fit_panel(self, place: str, panel: Panel) -> None:
        """Learn from a checked panel: `fit` behind the door."""
        own = self._self
        seasons = resolve_seasons(place, own.season, panel.frequency)
        panel, unknown = filled(panel, own.missing, seasons[0])
        check_domain(place, make_recipe(place, own, panel, seasons, 1).transform, panel)
        drawn = int(check_random_state(own.random_state).randint(2**31 - 1))
        root = same_seed(drawn, fixed=own.random_state is not None)
        held_out = HeldOut(place, own, panel, unknown, seasons)
        choice = choose(held_out, root) if own.window == "auto" else Choice(int(own.window))
        prepared = prepare(panel, make_recipe(place, own, panel, seasons, choice.window), unknown)
        updates = self._updates(prepared) if choice.updates is None else choice.updates
        seeds = seeds_of(root, int(own.n_seeds))
        scores = best_updates(held_out, choice.window, updates, seeds) if own.validation else {}
        stop = min(scores, key=lambda update: (scores[update], update)) if scores else updates
        trainers = make_trainers(own, prepared, updates, seeds, stop_at=stop)
        try:
            train_ensemble(trainers, n_threads=own.n_threads, progress=own.progress)
        except KeyboardInterrupt:
            # The networks that have begun hold their best so far and are usable as they are.
            trainers = [trainer for trainer in trainers if trainer.update > 0]
            if trainers:
                self._adopt(trainers, stop, prepared, panel, choice, scores)
            raise
        self._adopt(trainers, stop, prepared, panel, choice, scores)

    def _updates(self, prepared: Prepared) -> int:
        """Say how long to train by parameter or rule."""
        own = self._self
        return rule_updates(prepared.recipe, prepared.lengths) if own.updates == "auto" else int(own.updates)

    def _adopt(
        self,
        trainers: list[Trainer],
        updates: int,
        prepared: Prepared,
        panel: Panel,
        choice: Choice,
        scores: dict[int, float],
    ) -> None:
        """Set the fitted attributes, all at once and only after training."""
        self.networks_ = [trainer.network for trainer in trainers]
        self.history_ = [trainer.history for trainer in trainers]
        self.updates_ = updates
        self.window_scores_, self.updates_scores_ = choice.window_scores, choice.updates_scores
        self.validation_scores_ = scores
        self._recipe, self._unit, self._scales = prepared.recipe, prepared.unit, prepared.scales
        self._newest, self._running = panel.tail(prepared.recipe.memory), None
        self._publish()

    def _publish(self) -> None:
        """Set the attributes that tell what the rules chose."""
        self.seasons_ = self._recipe.seasons
        self.window_ = self._recipe.window
        self.transform_ = self._recipe.transform
        self.freq_ = self._newest.frequency

    # Forecasting

    def _read(self, place: str, data: Any, least: int = 2) -> Panel:
        """Check data against the parameters, and against what was fitted if anything was."""
        own = self._self
        known = getattr(self, "freq_", None)
        freq = own.freq if known is None else known
        panel = read_panel(place, data, freq, own.missing, covariates_of(own), channels=True, least=least)
        if hasattr(self, "networks_"):
            self._check_channels(place, panel)
        return panel

    def _check_channels(self, place: str, panel: Panel) -> None:
        several, now = isinstance(self._recipe.transform, tuple), panel.values.ndim > 1
        channels = panel.values.shape[1] if now else 1
        if several != now or channels != self._recipe.channels:
            shape = [
                f"(n, {count})" if two else "(n,)" for two, count in ((several, self._recipe.channels), (now, channels))
            ]
            raise DataError(f"{place}: fitted on series of shape {shape[0]}, got shape {shape[1]}.")

    def _with_future(self, place: str, panel: Panel, future: Any) -> Panel:
        """Put the covariates known ahead behind a panel, if there are any."""
        own = self._self
        names = tuple(own.future_covariates or ())
        if names:
            return read_future(place, future, panel, names, len(self._recipe.past), int(own.horizon))
        if future is not None:
            raise ArgumentError(f"{place}: future is given, but this Forecaster has no future_covariates.")
        return panel

    def _forecast_panel(self, place: str, panel: Panel) -> Array:
        """Forecast a checked panel (S, K); with covariates known ahead it has them behind it."""
        panel, _ = filled(panel, self._self.missing, self._recipe.seasons[0])
        check_domain(place, self._recipe.transform, panel)
        newest = panel.tail(self._recipe.memory)
        return check_finite(place, panel, self._forecast(newest, self._scales_for(panel)))

    def _scales_for(self, panel: Panel) -> Array:
        """Take the scales of training for the series known from there, and measure the others.

        Without names a series is known only where there is just one: the place in a list says nothing.
        """
        kind = self._recipe.transform
        measured = scales_of(kind, panel)
        if "scale" not in (kind if isinstance(kind, tuple) else (kind,)):
            return measured
        if panel.ids is None or self._newest.ids is None:
            return self._scales if len(panel) == len(self._newest) == 1 else measured
        rows = self._newest.ids.get_indexer(panel.ids)
        return np.where(rows >= 0, self._scales[rows], measured)

    def _forecast(self, panel: Panel, scales: Array) -> Array:
        """Forecast the newest values of checked, filled series (S, K)."""
        horizon, n_threads = int(self._self.horizon), self._self.n_threads or 0
        return forecast(self.networks_, self._recipe, self._unit, panel, scales, horizon, n_threads)

    def _forecast_newest(self, panel: Panel) -> Array:
        """Forecast from where `fit` or `update` left off."""
        running, recipe = self._running, self._recipe
        if running is None:
            return self._forecast(panel, self._scales)
        columns = [running.forecast(recipe, self._unit, self._scales)]
        for _ in range(int(self._self.horizon) // recipe.horizon - 1):
            panel = panel.extended(columns[-1]).tail(recipe.window + 1)
            running = self._proceed(running, panel, np.ones(len(panel), dtype=np.int64))
            columns.append(running.forecast(recipe, self._unit, self._scales))
        return np.concatenate(columns, axis=1)

    # Updating

    def _update_panel(self, place: str, new: Panel) -> None:
        """Take in new values of known series."""
        own, recipe = self._self, self._recipe
        new = self._in_order(place, new)
        added = new.lengths
        longer, _ = filled(self._newest.appended(new), own.missing, recipe.seasons[0])
        check_domain(place, recipe.transform, longer)
        running = self._running
        if self._carries_on(place):
            if running is None:
                threads = own.n_threads or 0
                running = begin(self.networks_, recipe, self._unit, self._newest, self._scales, threads)
            running = self._proceed(running, longer, added)
        self._newest, self._running = longer.tail(recipe.window + recipe.steps - 1), running

    def _proceed(self, running: Running, panel: Panel, added: npt.NDArray[np.int64]) -> Running:
        threads = self._self.n_threads or 0
        return proceed(running, self.networks_, self._recipe, self._unit, panel, self._scales, added, threads)

    def _carries_on(self, place: str) -> bool:
        """Tell whether states move on with new values; else every forecast warms anew, on a fixed number of windows."""
        own, recipe = self._self, self._recipe
        if recipe.carry and recipe.future:
            raise ArgumentError(f"{place}: carry_state=True cannot be updated with future_covariates; fit again.")
        return recipe.carry or (own.loss_at == "every" and own.strategy == "multi_output" and not recipe.future)

    def _in_order(self, place: str, new: Panel) -> Panel:
        """Bring new series into the order of the known ones, and check that each continues where it ended."""
        known = self._newest
        if (new.ids is None) != (known.ids is None):
            raise ArgumentError(f"{place}: new rows must come in the form of the data of fit, {known.kind}.")
        if known.ids is None or new.ids is None:
            if len(new) != len(known):
                raise DataError(
                    f"{place}: fitted on {len(known)} series, got {len(new)}; pass an empty array for "
                    "a series without new values."
                )
            return new
        rows = known.ids.get_indexer(new.ids)
        if (rows < 0).any():
            raise DataError(f"{place}: {new.name(int(np.argmax(rows < 0)))} is new; fit again to learn it.")
        assert known.times is not None and new.times is not None
        expected = future_times(known.times[known.offsets[1:] - 1], known.frequency, 1)[rows]
        first = new.times[new.offsets[:-1]]
        if len(wrong := np.flatnonzero(first != expected)):
            s = int(wrong[0])
            raise DataError(f"{place}: {new.name(s)} goes on at {expected[s]}, but the first new row is at {first[s]}.")
        lengths = np.zeros(len(known), dtype=np.int64)
        lengths[rows] = new.lengths
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        order = np.concatenate([np.arange(new.offsets[s], new.offsets[s + 1]) for s in np.argsort(rows)])
        return replace(new.take(order, offsets), ids=known.ids)

    def _check_fitted(self, method: str) -> None:
        if not hasattr(self, "networks_"):
            raise NotFittedError(f"Forecaster.{method}: this Forecaster is not fitted yet; call fit first.")

    # Files

    @classmethod
    def _unfitted(cls) -> Self:
        return cls(horizon=1)

    def _contents(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        from elman.forecasting.saving import to_file

        return to_file(self._self)

    def _restore(self, arrays: dict[str, npt.NDArray[Any]], metadata: dict[str, Any]) -> None:
        from elman.forecasting.saving import from_file

        from_file(self._self, arrays, metadata)
