"""Sample paths: whole futures of every series, so that sums over the steps have honest intervals.

A path is y_k = Q_k(z_k), k = 1 … K: Q_k(z) is the quantile of step k at the share Φ(z), so that every step of the paths
has the distribution of the forecast; z_1 … z_K depend on each other like the scores of past errors of the same series
(`elman.forecasting.dependence`). Quantiles are those of `Forecaster.predict` at nine levels, linear in z between and
beyond them; a network that predicts a distribution gives its own, and so do counts.

The random numbers of a series follow from the seed and its name, or in a list from its values: they depend neither on
other series nor on the order of the series.

References
----------
Pinson, Madsen, Nielsen, Papaefthymiou & Klöckl (2009), From probabilistic forecasts to statistical scenarios of
short-term wind power production. Wind Energy 12(1).
Clark, Gangopadhyay, Hay, Rajagopalan & Wilby (2004), The Schaake shuffle. J. Hydrometeorology 5(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.forecasting.channels import flat, rows_of
from elman.forecasting.dependence import GAINS, dependent, weights_of
from elman.forecasting.floors import never_negative
from elman.forecasting.interpolation import at_scores, scores_between
from elman.forecasting.methods import CountsMethod, Method, NetworkMethod, PriorMethod
from elman.forecasting.methods.counts import Demand
from elman.forecasting.panel import Panel
from elman.forecasting.prediction import HeadSteps
from elman.forecasting.quantiles import Asked, level_of
from elman.prior import LEVELS

__all__ = ["WIDEST", "deliver_paths", "sample_paths"]

Array = npt.NDArray[np.float64]

WIDEST = max(map(level_of, LEVELS))  # level, in percent, of the widest interval that paths are made from
_NARROWEST = min(filter(None, map(level_of, LEVELS)))
_MOST_ORIGINS = 8  # past origins of a series, half a horizon apart


@dataclass(frozen=True)
class _Steps:
    """Quantiles of every channel of every series.

    Parameters
    ----------
    scores : ndarray (Q,)
        Normal scores of the levels.
    quantiles : ndarray (R, K, Q)
        R = S·D rows.
    demands : dict of int to Demand
        Rows whose distribution is known exactly.
    """

    scores: Array
    quantiles: Array
    demands: dict[int, Demand]

    @classmethod
    def of(cls, place: str, method: Method, panel: Panel, newest: bool, n_threads: int) -> _Steps:
        """Forecast from a panel, or from the newest values of a fit."""
        possible = tuple(share for share in LEVELS if share == 0.5 or method.levels_within([level_of(share)]))
        asked = Asked(quantiles=possible) if len(possible) > 1 else Asked((_NARROWEST,))  # the error of the method
        if newest or isinstance(method, PriorMethod):  # it reads the whole panel, newest or not
            _, edges = asked.outlook(place, method, panel, n_threads)
        else:
            forecasts = method.forecast(place, panel, n_threads)
            edges = asked.around(place, method, panel, forecasts, n_threads)
        scores = np.array([NormalDist().inv_cdf(share) for share in asked.quantiles])
        demands = method.demands(panel) if isinstance(method, CountsMethod) else {}
        return cls(scores, np.stack([rows_of(edge) for edge in edges.values()], axis=-1), demands)

    @property
    def horizon(self) -> int:
        """Values ahead (K)."""
        return int(self.quantiles.shape[1])

    def at(self, row: int, z: Array) -> Array:
        """Return the values (n, K) of a row at normal scores (n, K)."""
        if row in self.demands:
            return self.demands[row].at_scores(z)
        return at_scores(self.scores, self.quantiles[row], z)

    def scores_of(self, actual: Array) -> Array:
        """Return the normal scores (R, K) of values (R, K)."""
        scores = scores_between(self.scores, self.quantiles, actual)
        for row, demand in self.demands.items():
            scores[row] = demand.scores_of(actual[row])
        return scores


def sample_paths(
    place: str, method: Method, panel: Panel, n: int, seed: int, season: int, *, newest: bool, n_threads: int
) -> Array:
    """Draw paths.

    Parameters
    ----------
    place : str
        Start of a message.
    method : Method
        Fitted.
    panel : Panel
        Filled; with the covariates ahead if there are any.
    n : int
        Paths of every series.
    seed : int
        Of the random numbers.
    season : int
        Values per season, two of which precede every past origin.
    newest : bool
        Whether the panel holds the newest values of the fit and of later updates.
    n_threads : int
        Threads; no number depends on them.

    Returns
    -------
    ndarray (n, S, K) or (n, S, K, D), float64

    Raises
    ------
    ArgumentError
        If the method has no intervals.
    """
    steps = _steps(place, method, panel, newest, n_threads)
    horizon = steps.horizon
    weights = weights_of(_past_scores(place, method, panel, horizon, season, n_threads))
    floor = np.where(never_negative(panel).reshape(-1), 0.0, -np.inf)
    paths = np.empty((n, len(weights), horizon))
    for row, name in enumerate(_names(panel)):
        z = _scores(np.random.default_rng([seed, name]), weights[row], n, horizon)
        paths[:, row] = np.maximum(steps.at(row, z), floor[row])
    if panel.values.ndim == 1:
        return paths
    return np.moveaxis(paths.reshape(n, len(panel), -1, horizon), 2, 3)


def _steps(place: str, method: Method, panel: Panel, newest: bool, n_threads: int) -> _Steps | HeadSteps:
    if isinstance(method, NetworkMethod) and method.recipe.head is not None:
        return method.steps(panel, newest=newest, n_threads=n_threads)
    return _Steps.of(place, method, panel, newest, n_threads)


def _names(panel: Panel) -> list[int]:
    """Return a number for every row of `flat`: of its name and channel, or without a name of its values."""
    if panel.ids is None:
        keys = [values.tobytes() for values in flat(panel)]
    else:
        channels = 1 if panel.values.ndim == 1 else panel.values.shape[1]
        keys = [repr((name, c)).encode() for name in panel.ids.tolist() for c in range(channels)]
    return [int.from_bytes(blake2b(key, digest_size=8).digest(), "little") for key in keys]


def _scores(rng: np.random.Generator, weights: Array, n: int, horizon: int) -> Array:
    """Draw the normal scores (n, K) of the paths of one series."""
    gains = np.searchsorted(np.cumsum(weights)[:-1], rng.random(n), side="right")
    return dependent(rng.standard_normal((n, horizon)), np.minimum(gains, len(GAINS) - 1))


def _past_scores(place: str, method: Method, panel: Panel, horizon: int, season: int, n_threads: int) -> Array:
    """Score past values (O, R, K) by forecasts from what precedes them; NaN at origins that a series does not have."""
    channels = 1 if panel.values.ndim == 1 else panel.values.shape[1]
    least = max(2 * season + 2, 12)
    found = []
    for number in range(_MOST_ORIGINS):
        drop = horizon + number * max(1, horizon // 2)
        rows = np.flatnonzero(panel.lengths - drop >= least)
        if len(rows) == 0:
            break
        known = panel.select(rows)
        actual = known.unmasked.scored[known.offsets[1:, None] - drop + np.arange(horizon)]
        known = known.head(drop)
        steps = _steps(place, method, known, False, n_threads)
        scores = np.full((len(panel), channels, horizon), np.nan)
        scores[rows] = steps.scores_of(rows_of(actual)).reshape(len(rows), channels, horizon)
        found.append(scores.reshape(-1, horizon))
    return np.array(found).reshape(len(found), len(panel) * channels, horizon)


def deliver_paths(panel: Panel, paths: Array) -> Any:
    """Return paths in the form of the data.

    Parameters
    ----------
    panel : Panel
        The series.
    paths : ndarray (n, S, K) or (n, S, K, D)
        From `sample_paths`.

    Returns
    -------
    ndarray or frame
        (n, K) or (n, K, D) for an array; (n, S, K) or (n, S, K, D) for a list; for a frame the columns ``unique_id``,
        ``ds``, ``sample`` (0 … n-1) and ``Elman``, path after path of every series.
    """
    if panel.kind in ("array", "list"):
        return paths[:, 0] if panel.kind == "array" else paths
    n, series, horizon = paths.shape
    times = panel.future(horizon)
    assert times is not None
    order = (np.arange(series)[:, None, None] * horizon + np.zeros((n, 1), int) + np.arange(horizon)).ravel()
    columns = {"sample": np.tile(np.arange(n).repeat(horizon), series), "Elman": np.swapaxes(paths, 0, 1).ravel()}
    return panel.native(panel.long_frame(columns, times[order], n * horizon))
