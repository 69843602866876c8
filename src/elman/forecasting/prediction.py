"""From newest values to forecasts: warm the states, take the output of the last step, invert the transforms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import DataError
from elman.forecasting.heads import log_offset
from elman.forecasting.panel import Panel
from elman.forecasting.recipe import Recipe
from elman.forecasting.scaling import Scaling
from elman.forecasting.training_set import Arrays, arrays_of, beside, standardized
from elman.network import Network, State

__all__ = [
    "HeadSteps",
    "Predictive",
    "WarmUp",
    "check_finite",
    "combined",
    "final_output",
    "forecast",
    "predictive",
    "warm_up",
]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_FARTHEST = 1e30  # units of the network; farther values are clipped, to stay finite in float32
_ROWS = 256  # series forecast at a time; bounds memory and changes no bit


def forecast(
    networks: Sequence[Network],
    recipe: Recipe,
    unit: Any,
    panel: Panel,
    scales: Array,
    horizon: int,
    n_threads: int = 0,
) -> Array:
    """Forecast every series of a panel.

    Parameters
    ----------
    networks : sequence of Network
        The ensemble; the forecast is the median over it, on the transformed scale.
    recipe : Recipe
        Window, steps, center, transform.
    unit : float or ndarray (D,)
        Size of one unit of the network on the transformed scale.
    panel : Panel
        Newest values of each series, at most ``recipe.context_length``, none missing; with the covariates ahead if any.
    scales : ndarray (S,) or (S, D)
        Divisors of the transform ``"scale"``.
    horizon : int
        Values wanted (K). Where the network gives fewer, they enter the next window.
    n_threads : int
        Threads; 0 for the engine's default.

    Returns
    -------
    ndarray (S, K) or (S, K, D), float64
        Finite.
    """
    columns = [_at_once(networks, recipe, unit, panel, scales, n_threads)]
    for _ in range(horizon // recipe.horizon - 1):
        panel = panel.extended(columns[-1]).tail(recipe.context_length)
        columns.append(_at_once(networks, recipe, unit, panel, scales, n_threads))
    return np.concatenate(columns, axis=1)


def _at_once(
    networks: Sequence[Network], recipe: Recipe, unit: Any, panel: Panel, scales: Array, n_threads: int
) -> Array:
    """Forecast as many values as the network outputs."""
    chunks = _outputs(networks, recipe, unit, panel, scales, n_threads)
    return np.concatenate([combined(recipe, unit, *chunk) for chunk in chunks])


def _outputs(
    networks: Sequence[Network], recipe: Recipe, unit: Any, panel: Panel, scales: Array, n_threads: int
) -> Iterator[tuple[list[npt.NDArray[np.float32]], Array, Array]]:
    """Yield the outputs of all networks, the centers and the scales of some series at a time."""
    for start in range(0, len(panel), _ROWS):
        rows = range(start, min(start + _ROWS, len(panel)))
        warm = warm_up(recipe, unit, panel.select(rows), scales[start : start + _ROWS])
        outputs = [final_output(network, warm, None, n_threads)[1] for network in networks]
        yield outputs, warm.center, scales[start : start + _ROWS]


@dataclass(frozen=True)
class Predictive:
    """Distributions of the values ahead of every series, by a network with a head.

    Parameters
    ----------
    recipe : Recipe
        With a head.
    unit : float or ndarray (D,)
        Of the networks.
    raw : ndarray (S, K, D, P), float64
        Raw outputs: the median over the ensemble.
    center : ndarray (S, D)
        Center of the newest window, in units of the networks.
    scales : ndarray (S,) or (S, D)
        Divisors of the transform ``"scale"``.
    """

    recipe: Recipe
    unit: Any
    raw: Array
    center: Array
    scales: Array

    @classmethod
    def of(
        cls, recipe: Recipe, unit: Any, outputs: Sequence[npt.NDArray[np.float32]], center: Array, scales: Array
    ) -> Predictive:
        """Combine outputs of the networks (N, K·D·P)."""
        median = np.median([output.astype(np.float64) for output in outputs], axis=0)
        raw = median.reshape(len(center), recipe.horizon, recipe.channels, -1)
        if recipe.head is not None and recipe.head.counts:
            raw[..., 0] += log_offset(center * unit, recipe.center)[:, None]
        return cls(recipe, unit, raw, center, scales)

    def at(self, z: Array) -> Array:
        """Return the quantiles (…, S, K) or (…, S, K, D) at normal scores, which broadcast to (…, S, K, D)."""
        assert self.recipe.head is not None
        found = self.recipe.head.at(self.raw, z)
        if self.recipe.head.counts:
            return np.asarray(found[..., 0] if isinstance(self.recipe.transform, str) else found)
        found = np.moveaxis((found + self.center[:, None]) * self.unit, -3, 0)
        if isinstance(self.recipe.transform, str):
            found = found[..., 0]
        scaling, axis = Scaling.of(self.recipe.transform), -2 if isinstance(self.recipe.transform, str) else -3
        values = [scaling.back(own, scale) for own, scale in zip(found, self.scales, strict=True)]
        return np.moveaxis(np.stack(values), 0, axis)

    def of_series(self, series: int) -> Predictive:
        """Return the distributions of one series."""
        one = slice(series, series + 1)
        return replace(self, raw=self.raw[one], center=self.center[one], scales=self.scales[one])

    def scores_of(self, actual: Array) -> tuple[Array, Array]:
        """Return the normal scores of values (S, K) or (S, K, D), of counts those just below and at each.

        NaN where a value is not known, or outside the domain of the transform.
        """
        assert self.recipe.head is not None
        y = actual.reshape(self.raw.shape[:-1])
        if not self.recipe.head.counts:
            y = self._in_units(actual).reshape(y.shape) - self.center[:, None]
        below, above = self.recipe.head.scores_of(self.raw, y)
        return below.reshape(actual.shape), above.reshape(actual.shape)

    def distances(self, actual: Array) -> Array:
        """Return how far out values (S, K) or (S, K, D) lie: the z ≥ 0 at which the quantiles at -z and z enclose them.

        NaN where `scores_of` is.
        """
        below, above = self.scores_of(actual)
        return np.maximum(np.maximum(below, -above), 0.0)

    def _in_units(self, actual: Array) -> Array:
        scaling = Scaling.of(self.recipe.transform)
        inside = np.where(np.isnan(scaling.inside(actual)), np.nan, actual)
        values = [scaling.to(own, scale) for own, scale in zip(inside, self.scales, strict=True)]
        units: Array = np.stack(values) / self.unit
        return units


@dataclass(frozen=True)
class HeadSteps:
    """Distributions of every channel of every series, for sample paths.

    Parameters
    ----------
    found : Predictive
        The distributions.
    factors : ndarray (K,)
        By which past errors widen each step.
    """

    found: Predictive
    factors: Array

    @property
    def horizon(self) -> int:
        """Values ahead (K)."""
        return self.found.recipe.horizon

    def at(self, row: int, z: Array) -> Array:
        """Return the values (n, K) of one channel of one series at normal scores (n, K)."""
        series, channel = divmod(row, self.found.recipe.channels)
        values = self.found.of_series(series).at((z * self.factors)[:, None, :, None])[:, 0]
        one: Array = values if values.ndim == 2 else values[..., channel]
        return one

    def scores_of(self, actual: Array) -> Array:
        """Return the normal scores (R, K) of values (R, K); of counts the middle ones."""
        series, horizon = len(self.found.center), actual.shape[1]
        values = np.moveaxis(actual.reshape(series, -1, horizon), 1, 2)
        if isinstance(self.found.recipe.transform, str):
            values = values[..., 0]
        below, above = self.found.scores_of(values)
        middle = 0.5 * (below + above).reshape(series, horizon, -1)
        return np.moveaxis(middle, 2, 1).reshape(-1, horizon)


def predictive(
    networks: Sequence[Network], recipe: Recipe, unit: Any, panel: Panel, scales: Array, n_threads: int = 0
) -> Predictive:
    """Predict the distributions of every series of a panel, by networks with a head; arguments as of `forecast`."""
    parts = [
        Predictive.of(recipe, unit, *chunk) for chunk in _outputs(networks, recipe, unit, panel, scales, n_threads)
    ]
    raw, center = np.concatenate([part.raw for part in parts]), np.concatenate([part.center for part in parts])
    return Predictive(recipe, unit, raw, center, scales)


def check_finite(place: str, panel: Panel, forecasts: Array) -> Array:
    """Refuse forecasts (S, K) or (S, K, D) that are not finite; return the others unchanged."""
    wrong = ~np.isfinite(forecasts.reshape(len(forecasts), -1)).all(axis=1)
    if wrong.any():
        whose = "the series" if panel.kind == "array" else panel.name(int(np.argmax(wrong)))
        raise DataError(
            f"{place}: the forecast of {whose} is not finite; its values lie too far from those of the fit."
        )
    return forecasts


@dataclass(frozen=True)
class WarmUp:
    """Inputs of the networks before a forecast.

    Parameters
    ----------
    x : ndarray (T, N, input size), float32
        Zeros after a row's last step.
    lengths : ndarray (N,), int64
        Steps of each row.
    center : ndarray (N, D), float64
        Center of the last window, in units of the network.
    """

    x: npt.NDArray[np.float32]
    lengths: npt.NDArray[np.int64]
    center: Array


def warm_up(recipe: Recipe, unit: Any, panel: Panel, scales: Array, lengths: Index | None = None) -> WarmUp:
    """Gather the last windows of every series: `steps` of them, all with a carried state, or as many as ``lengths``."""
    arrays = arrays_of(panel, recipe, scales, unit, recipe.window)
    windows = np.diff(arrays.offsets) - recipe.window + 1
    if lengths is None:
        lengths = windows if recipe.carry else np.minimum(recipe.steps, windows)
    newest = arrays.offsets[1:] - 1
    first = newest - np.maximum(lengths, 1) + 1
    x = _warm_windows(arrays, first, lengths, recipe.window)
    if arrays.covariates is not None:
        x = beside(x, *_covariate_windows(arrays, first, lengths, panel, recipe), recipe)
        x[_steps(first, lengths)[1]] = 0.0
    return WarmUp(x, lengths, arrays.center[newest])


def _steps(first: Index, lengths: Index) -> tuple[Index, npt.NDArray[np.bool_]]:
    """Return the origin of every step (T, N), and which steps are beyond a row's last."""
    step = np.arange(int(lengths.max()))[:, None]
    return np.where(step < lengths, first + step, first), step >= lengths


def _warm_windows(arrays: Arrays, first: Index, lengths: Index, window: int) -> npt.NDArray[np.float32]:
    """Gather windows of values, less their center (T, N, window * D); rows of fewer steps are followed by zeros."""
    now, beyond = _steps(first, lengths)
    x = arrays.values[now[..., None] + np.arange(1 - window, 1)] - arrays.center[now][:, :, None]
    x[beyond] = 0.0
    return _in_float32(x.reshape(*now.shape, -1))


def _in_float32(x: Array) -> npt.NDArray[np.float32]:
    windows: npt.NDArray[np.float32] = np.clip(x, -_FARTHEST, _FARTHEST).astype(np.float32)
    return windows


def _covariate_windows(
    arrays: Arrays, first: Index, lengths: Index, panel: Panel, recipe: Recipe
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Gather windows of covariates, and the horizon after every window (T, N, ·)."""
    assert arrays.covariates is not None
    now, _ = _steps(first, lengths)
    series, columns, horizon = len(panel), arrays.covariates.shape[1], recipe.horizon
    ahead = np.zeros((series, horizon, columns))  # columns not known ahead are not used
    if recipe.future:
        assert panel.ahead is not None
        ahead[..., : len(recipe.covariates)] = standardized(panel.ahead[:, :horizon], recipe)
    borders = zip(arrays.offsets[:-1], arrays.offsets[1:], ahead, strict=True)
    longer = np.concatenate([part for a, b, new in borders for part in (arrays.covariates[a:b], new)])
    place = now + horizon * np.arange(series)
    window = longer[place[..., None] + np.arange(1 - recipe.window, 1)].reshape(*now.shape, -1)
    after = longer[place[..., None] + np.arange(1, horizon + 1)].reshape(*now.shape, -1)
    return _in_float32(window), _in_float32(after)


def final_output(
    network: Network, warm: WarmUp, state: State | None, n_threads: int
) -> tuple[State, npt.NDArray[np.float32]]:
    """Run a network over a warm-up; return its final state and its output (N, ·) at each row's last step."""
    # The same parameters, read out at each row's last valid step alone.
    final = Network(replace(network.architecture, readout="last"), network.theta)
    return final.run(warm.x, state, lengths=warm.lengths, n_threads=n_threads)


def combined(
    recipe: Recipe, unit: Any, outputs: Sequence[npt.NDArray[np.float32]], center: Array, scales: Array
) -> Array:
    """Convert outputs of the networks (N, K·D·P) to a forecast (N, K) or (N, K, D): the median, transforms inverted."""
    if recipe.head is not None:
        return Predictive.of(recipe, unit, outputs, center, scales).at(np.zeros(1))
    median = np.median([output.astype(np.float64) for output in outputs], axis=0)
    median = (median.reshape(len(center), recipe.horizon, recipe.channels) + center[:, None]) * unit
    if isinstance(recipe.transform, str):
        median = median[..., 0]
    scaling = Scaling.of(recipe.transform)
    return np.stack([scaling.back(values, scale) for values, scale in zip(median, scales, strict=True)])
