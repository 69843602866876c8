"""Choose the window by short fits, scored on the last horizon of the training part.

Only the training part is used. Its newest `horizon` values are held out, a small network per candidate is
trained on the rest, and its forecast is compared with the held-out values on the transformed scale (for logarithms: the
relative error). The window of the written rule is kept unless another is clearly better. The same measurement
shows whether training three times as long forecasts clearly worse, as with few data; training is then short. Networks
with covariates may also start at a regression (`elman.forecasting.starting`), if that forecasts much better than the
usual start; most is learned then, and training is short unless longer training is clearly better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from elman.estimators import member_seeds
from elman.forecasting.fitting import Prepared, make_recipe, make_trainers, prepare
from elman.forecasting.options import ahead_of
from elman.forecasting.panel import Panel, spanned
from elman.forecasting.parameters import Parameters
from elman.forecasting.prediction import forecast
from elman.forecasting.recipe import rule_updates, rule_window
from elman.forecasting.scaling import Kind
from elman.forecasting.starting import can_regress
from elman.forecasting.store import PanelStore
from elman.forecasting.training_set import transformed
from elman.network import Network
from elman.training import Trainer, train_ensemble

__all__ = ["Choice", "HeldOut", "choose", "window_candidates"]

Array = npt.NDArray[np.float64]

SHORT, LONG = 100, 300  # updates of the compared fits
_SEASONS = (1.25, 2.0, 4.0, 7.0, 10.0)  # windows tried, in seasons, besides a season and one value
_ALONE = (2.0, 4.0)  # for a single series: it has too few windows for more weights, or to distinguish 1.25 from 1
_WORSE = 0.10  # short training is kept if the longer is worse by this share
_CLEAR = 0.02  # one horizon is noisy: another window than the rule's must be better by this share
_MUCH = 0.05  # the start at a regression must be better by this share
_FEW = 30  # with fewer series, more than one network is measured
_PURPOSE = 1  # of the seeds drawn here


@dataclass(frozen=True)
class Choice:
    """The measured scores and the choice.

    Parameters
    ----------
    window : int
        The window chosen.
    updates : int or None
        Updates of short training if longer training forecast clearly worse; None: the rule decides.
    window_scores : dict of int to float
        Error of every window tried; empty if there were too few values.
    updates_scores : dict of int to float
        Error of the chosen window by number of updates.
    regressed : bool
        Whether the networks start at a regression.
    """

    window: int
    updates: int | None = None
    window_scores: dict[int, float] = field(default_factory=dict)
    updates_scores: dict[int, float] = field(default_factory=dict)
    regressed: bool = False


def window_candidates(seasons: tuple[int, ...], lengths: npt.NDArray[np.int64], horizon: int) -> list[int]:
    """List the windows to try, shortest first.

    One season and one value; 2 and 4 seasons; for several series also 1.25, 7 and 10 seasons; the longest of several
    seasons, beyond which none is tried then; and that of `rule_window`. No window exceeds half of the values that the
    longest series has besides the horizon.

    Parameters
    ----------
    seasons : tuple of int
        Values per season.
    lengths : ndarray (S,), int64
        Values of each series, without those held out.
    horizon : int
        Values to forecast.

    Returns
    -------
    list of int

    Examples
    --------
    >>> window_candidates((12,), np.array([120]), 12), window_candidates((24, 168), np.array([700]), 48)
    ([13, 24, 48], [25, 48, 96, 168])
    """
    season = seasons[0]
    shares = _SEASONS if len(lengths) > 1 else _ALONE
    tried = {season + 1, *(math.ceil(share * season) for share in shares)}
    most = max(1, (int(lengths.max()) - horizon) // 2)
    if len(seasons) > 1:
        tried.add(max(seasons))
        most = min(most, max(seasons))
    return sorted({window for window in tried if 1 < window <= most} | {rule_window(seasons, lengths, horizon)})


def choose(held_out: HeldOut, root: int) -> Choice:
    """Choose a window, and with ``updates="auto"`` whether to train long.

    Parameters
    ----------
    held_out : HeldOut
        The training part and its held-out horizon.
    root : int
        Seed of the fit.

    Returns
    -------
    Choice
    """
    forecaster, seasons, panel = held_out.forecaster, held_out.seasons, held_out.panel
    ahead = ahead_of(forecaster)
    if not held_out.usable:
        return Choice(rule_window(seasons, panel.lengths, ahead))
    seeds = member_seeds(root, 1 if len(panel) >= _FEW else 3, _PURPOSE)
    windows = window_candidates(seasons, held_out.known.lengths, ahead)
    auto = forecaster.updates == "auto"
    short = SHORT if auto else min(SHORT, int(forecaster.updates))
    if len(windows) == 1 and not auto:
        return Choice(windows[0])
    scores = dict(zip(windows, held_out.scores(windows, short, seeds), strict=True))
    window = _clearly_best(scores, rule_window(seasons, held_out.known.lengths, ahead))
    if not auto:
        return Choice(window, None, scores)
    long = min(LONG, rule_updates(held_out.prepared(window).recipe, held_out.prepared(window).lengths))
    by_updates = {short: scores[window], long: held_out.scores([window], long, seeds)[0]}
    few = by_updates[long] > (1 + _WORSE) * by_updates[short]
    usual = Choice(window, short if few else None, scores, by_updates)
    possible = can_regress(forecaster, held_out.prepared(window).recipe, held_out.prepared(window).lengths)
    return _regressed(held_out, usual, seeds) if possible else usual


def _regressed(held_out: HeldOut, usual: Choice, seeds: Sequence[int]) -> Choice:
    """Return the choice of a start at the regression if it forecasts much better, else the usual one."""
    windows, prepared, known = [usual.window], held_out.prepared(usual.window), usual.updates_scores
    short, long = min(known), max(known)
    scores = {short: held_out.scores(windows, short, seeds, regressed=True)[0]}
    much = (1 - _MUCH) * min(known.values())
    if scores[short] < much and usual.updates is None:
        whole = rule_updates(prepared.recipe, prepared.lengths)
        much = min(much, (1 - _MUCH) * held_out.scores(windows, whole, seeds)[0])
    if scores[short] >= much:
        return usual
    scores[long] = held_out.scores(windows, long, seeds, regressed=True)[0]
    few = scores[long] > (1 - _CLEAR) * scores[short]
    return Choice(usual.window, short if few else None, usual.window_scores, scores, regressed=True)


def _clearly_best(scores: dict[int, float], usual: int) -> int:
    """Return the window of the lowest score, the shortest of equals, if it is clearly better than the rule's window."""
    best = min(scores, key=lambda window: (scores[window], window))
    return best if scores[best] < (1 - _CLEAR) * scores[usual] else usual


class HeldOut:
    """The training part without its last horizon, and that horizon to score forecasts with.

    Parameters
    ----------
    place : str
        Start of a message.
    forecaster : Parameters
        Its parameters are used.
    sample : PanelStore
        Series of the training part; values that were missing do not count.
    seasons : tuple of int
        Values per season.
    kind : str, or tuple of str
        Transform of the whole training part, on whose scale forecasts are scored.

    Attributes
    ----------
    usable : bool
        Whether there is enough to hold out a horizon and learn from the rest.
    begun : list of (Prepared, list of Trainer)
        Every ensemble whose training has begun, for a fit that is interrupted.
    """

    def __init__(
        self,
        place: str,
        forecaster: Parameters,
        sample: PanelStore,
        seasons: tuple[int, ...],
        kind: Kind,
    ) -> None:
        self.place, self.forecaster, self.seasons, self.kind = place, forecaster, seasons, kind
        self.panel = panel = sample.panel
        horizon = int(forecaster.horizon)
        # Only series that keep a season and one value are scored; shorter ones cannot compare longer windows.
        rows = np.flatnonzero(panel.lengths > horizon + seasons[0] + 1)
        self.begun: list[tuple[Prepared, list[Trainer]]] = []
        self.usable = len(rows) > 0 and int(panel.lengths.max()) >= 3 * horizon + 2
        if not self.usable:
            return
        last = panel.offsets[1:][rows, None] - horizon + np.arange(horizon)
        self.actual, self.counted = panel.values[last], ~sample.unknown[last] & np.isfinite(panel.scored[last])
        self.known = panel.select(rows).head(horizon)
        everything = spanned(panel.offsets[:-1][rows], panel.offsets[1:][rows] - horizon)
        self._store = PanelStore(self.known, sample.unknown[everything], np.arange(len(rows)))
        self.usable = bool(self.counted.any())
        self._prepared: dict[int, Prepared] = {}

    def prepared(self, window: int) -> Prepared:
        """Prepare the known values for a window, once."""
        if window not in self._prepared:
            recipe = make_recipe(self.place, self.forecaster, self._store, self.seasons, window)
            self._prepared[window] = prepare(self._store, recipe, self.forecaster.half_life)
        return self._prepared[window]

    def scores(
        self, windows: Sequence[int], updates: int, seeds: Sequence[int], *, regressed: bool = False
    ) -> list[float]:
        """Train a network per seed for every window, and score the forecasts."""
        members = [
            make_trainers(self.forecaster, self.prepared(window), updates, seeds, regressed=regressed)
            for window in windows
        ]
        every = [trainer for trainers in members for trainer in trainers]
        self.begun += zip(map(self.prepared, windows), members, strict=True)
        train_ensemble(every, n_threads=self.forecaster.n_threads, progress=self.forecaster.progress)
        scores = map(self.score, map(self.prepared, windows))
        return [
            float(np.mean([score(trainer.network) for trainer in own]))
            for score, own in zip(scores, members, strict=True)
        ]

    def score(self, prepared: Prepared, n_threads: int = 0) -> Score:
        """Return the function that scores a network on the held-out horizon."""
        newest = self.known.tail(prepared.recipe.context_length)
        return Score(prepared, newest, int(self.forecaster.horizon), self.kind, self.actual, self.counted, n_threads)


@dataclass(frozen=True)
class Score:
    """Scores one network on a held-out horizon.

    Parameters
    ----------
    prepared : Prepared
        The known values.
    newest : Panel
        The newest of them.
    horizon : int
        Values to forecast.
    kind : str or tuple of str
        Transform of the whole training part.
    actual : ndarray (S, K) or (S, K, D)
        The held-out values.
    counted : ndarray, bool
        Which of them were not missing.
    n_threads : int
        Of the forecast; 0 for the engine's default.
    """

    prepared: Prepared
    newest: Panel
    horizon: int
    kind: str | tuple[str, ...]
    actual: Array
    counted: npt.NDArray[np.bool_]
    n_threads: int

    def __call__(self, network: Network) -> float:
        """Return the mean absolute error of the network's forecast on the transformed scale."""
        recipe, unit, scales = self.prepared.recipe, self.prepared.unit, self.prepared.scales
        forecasts = forecast([network], recipe, unit, self.newest, scales, self.horizon, self.n_threads)
        distance = np.abs(self._transformed(forecasts) - self._transformed(self.actual))
        return float(distance[self.counted].mean())

    def _transformed(self, values: Array) -> Array:
        """Apply the transform series by series (S, K) or (S, K, D)."""
        every = zip(values, self.prepared.scales, strict=True)
        return np.stack([transformed(self.kind, _inside(self.kind, own), scale) for own, scale in every])


def _inside(kind: str | tuple[str, ...], values: Array) -> Array:
    """Lift forecasts that were clipped to 0 to the smallest number that has a logarithm."""
    lowest = np.where(np.array(kind) == "log", np.finfo(np.float64).tiny, -np.inf)
    inside: Array = np.maximum(values, lowest)
    return inside
