"""Prediction intervals by split conformal prediction: as wide as errors that the network has made on values unseen.

A network that has learned from the values before the earliest of some past cut-offs forecasts from each of them. For
series i, cut-off c and step k = 1 … K, on the scale of the transform z = T(y)::

    r_{i,c,k} = |T(y_{c+k}) - T(ŷ_{c+k})| / s_{i,c}      s the mean |z_t - z_{t-season}| of the newest values known at c

The n residuals of step k are pooled over series and cut-offs. Their k-th smallest, q = r_(⌈(n+1) p⌉), gives the
interval of level p around the forecast of the network that has learned from everything::

    T⁻¹(T(ŷ_{t+k}) ± q s_{i,t})

If errors to come are like those, the interval holds the value with probability p or a little more. At least
1 / (1 - p) residuals are needed: 5 for 80 %, 20 for 95 %.

References
----------
Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World. Springer.
Lei, G'Sell, Rinaldo, Tibshirani & Wasserman (2018), Distribution-free predictive inference for regression. JASA
113(523).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from elman import _check
from elman.data.scaling import choose_transform, inverse_transform, outside_domain, transform
from elman.errors import ArgumentError, DataError, FileFormatError
from elman.forecasting.panel import Panel
from elman.forecasting.training_set import filled

if TYPE_CHECKING:
    from elman.forecasting.forecaster import Forecaster

__all__ = [
    "STEADY",
    "Residuals",
    "adopt",
    "bounds",
    "calibrate",
    "calibration_transform",
    "check_levels",
    "deliver",
    "levels_within",
    "residuals_needed",
    "scaled_residuals",
]

Array = npt.NDArray[np.float64]
Kind: TypeAlias = str | tuple[str, ...]  # a transform, or one per channel

_HIGHEST_USUAL = 95.0  # the level that the automatic number of cut-offs is enough for
STEADY = 3  # times as many residuals as a level needs, so that it does not rest on the largest alone
_MOST_ROWS = 2000  # series times cut-offs that residuals are taken from; more would not move a quantile
_ARRAYS = ("residuals", "residual_offsets")


@dataclass(frozen=True)
class Residuals:
    """Scaled residuals of each step of the horizon, smallest first.

    Parameters
    ----------
    values : ndarray (total,), float64
        Step after step.
    offsets : ndarray (K+1,), int64
        Step k's are ``values[offsets[k-1] : offsets[k]]``; steps differ where values were missing.

    Examples
    --------
    >>> residuals = Residuals.pooled([np.array([[0.5, 2.0], [0.1, np.nan]])])
    >>> residuals.values.tolist(), residuals.count
    ([0.1, 0.5, 2.0], 1)
    """

    values: Array
    offsets: npt.NDArray[np.int64]

    @classmethod
    def pooled(cls, parts: Sequence[Array]) -> Residuals:
        """Pool residuals (n_i, K) or (n_i, K, D); NaN stands for a value that is not known."""
        steps = [np.sort(step[np.isfinite(step)]) for step in np.moveaxis(np.concatenate(parts), 1, 0)]
        offsets = np.concatenate([[0], np.cumsum([len(step) for step in steps])]).astype(np.int64)
        return cls(np.concatenate(steps), offsets)

    @property
    def count(self) -> int:
        """Residuals of the step that has the fewest."""
        return int(np.diff(self.offsets).min())

    def quantiles(self, level: float) -> Array:
        """Return the half-width of a level for each step (K,), in units of a series' scale."""
        counts = np.diff(self.offsets)
        ranks = np.ceil((counts + 1) * (level / 100) - 1e-9).astype(np.int64)
        quantiles: Array = self.values[self.offsets[:-1] + np.minimum(ranks, counts) - 1]
        return quantiles


def residuals_needed(level: float) -> int:
    """Count the residuals per step that a level needs: 1 / (1 - p).

    Examples
    --------
    >>> residuals_needed(80), residuals_needed(95), residuals_needed(99.9)
    (5, 20, 1000)
    """
    return math.ceil(100 / (100 - level) - 1e-6)


def check_levels(place: str, level: Any) -> list[float]:
    """Read one level or several, in percent.

    Raises
    ------
    ArgumentError
        If one does not lie between 0 and 100, or comes twice.

    Examples
    --------
    >>> check_levels("example", [80, 95])
    [80.0, 95.0]
    """
    several = level if isinstance(level, (list, tuple, np.ndarray)) else [level]
    levels = [_check.number_in(place, "level", each, "(0, 100)") for each in several]
    if not levels:
        raise ArgumentError(f"{place}: level must name at least one percentage, got an empty list.")
    if len(set(levels)) < len(levels):
        raise ArgumentError(f"{place}: level names {_names(levels)}, one of them twice.")
    return levels


def _names(levels: Sequence[float]) -> str:
    return ", ".join(f"{level:g}" for level in levels)


def calibration_transform(forecaster: Forecaster, panel: Panel) -> Kind:
    """Name the scale on which residuals are measured: the transform that everything known leads to."""
    columns = panel.values.reshape(len(panel.values), -1).T
    if forecaster.transform == "auto":
        kinds = tuple(choose_transform([column[~np.isnan(column)]]) for column in columns)
    else:
        kinds = (forecaster.transform,) * len(columns)
    return _unscaled(kinds[0] if panel.values.ndim == 1 else kinds)


def _unscaled(kind: Kind) -> Kind:
    """Leave out the division by a series' scale: residuals are divided by one of their own."""
    if isinstance(kind, str):
        return "none" if kind == "scale" else kind
    return tuple("none" if each == "scale" else each for each in kind)


def _to(kind: Kind, values: Array) -> Array:
    """Transform; NaN outside the domain."""
    if isinstance(kind, str):
        return transform(kind, np.where(outside_domain(kind, values), np.nan, values))
    return np.stack([_to(each, values[..., c]) for c, each in enumerate(kind)], axis=-1)


def _from(kind: Kind, z: Array) -> Array:
    """Undo the transform."""
    if isinstance(kind, str):
        return inverse_transform(kind, z)
    return np.stack([_from(each, z[..., c]) for c, each in enumerate(kind)], axis=-1)


def calibrate(place: str, forecaster: Forecaster, panel: Panel) -> Residuals | None:
    """Fit a copy on what precedes some past cut-offs, and collect its residuals there.

    Parameters
    ----------
    place : str
        Start of a message.
    forecaster : Forecaster
        Its parameters are used. With ``intervals=None`` there is nothing to do.
    panel : Panel
        All values known.

    Returns
    -------
    Residuals or None

    Raises
    ------
    DataError
        If no series is long enough.
    """
    if forecaster.intervals is None:
        return None
    left_out = _cut_offs(place, forecaster, panel)
    long_enough = np.flatnonzero(panel.lengths >= left_out[0] + 2)
    if len(long_enough) == 0:
        raise DataError(
            f"{place}: the longest series has {panel.lengths.max()} values, intervals need at least {left_out[0] + 2}: "
            f"{left_out[0]} to leave out and 2 to learn from."
        )
    model = clone(forecaster)
    model._fit_panel(place, panel.select(long_enough.tolist()).head(left_out[0]))
    kind = calibration_transform(forecaster, panel)
    few = min(len(long_enough), max(1, _MOST_ROWS // len(left_out)))
    panel = panel.select(long_enough[np.linspace(0, len(long_enough) - 1, few).astype(int)].tolist())
    parts = []
    for drop in left_out:
        known = panel.head(drop)
        rows = panel.offsets[1:, None] - drop + np.arange(forecaster.horizon)
        parts.append(scaled_residuals(model, kind, known, panel.values[rows], model._forecast_panel(place, known)))
    return Residuals.pooled(parts)


def _cut_offs(place: str, forecaster: Forecaster, panel: Panel) -> list[int]:
    """Say how many of the newest values each cut-off leaves out, the earliest first.

    The automatic number gives the 20 residuals per step that a level of 95 needs, from the newer half of the series at
    most, and up to 60, which make for a steadier quantile, if they can be had from the newest quarter.
    """
    horizon = int(forecaster.horizon)
    lengths = panel.lengths
    usable = lengths[lengths // 2 >= horizon]
    if forecaster.intervals == "auto":
        if len(usable) == 0:
            raise DataError(
                f"{place}: the longest series has {lengths.max()} values, intervals need at least {2 * horizon}, "
                "twice the horizon."
            )
        shortest, needed = int(usable.min()), _enough(panel) / len(usable)
        count = min(math.ceil(needed), shortest // 2 - horizon + 1)
        room = max(count - 1, shortest // 4 - horizon)
        count = max(count, min(math.ceil(STEADY * needed), room + 1))
    else:
        count = _check.positive_integer(place, "intervals", forecaster.intervals)
        room = int(lengths.max()) // 2 - horizon
        if room < count - 1:
            raise DataError(
                f"{place}: intervals={count} needs {2 * (horizon + count - 1)} values, "
                f"the longest series has {lengths.max()}."
            )
    step = min(horizon, room // (count - 1)) if count > 1 else 1
    return list(range(horizon + (count - 1) * step, horizon - 1, -step))


def _enough(panel: Panel) -> int:
    """Count the residuals to plan for, more where values are missing."""
    needed = residuals_needed(_HIGHEST_USUAL)
    missing = float(np.mean(np.isnan(panel.values)))
    return needed if missing == 0 else 1 + math.ceil(needed / max(0.2, 1 - missing))


def scaled_residuals(forecaster: Forecaster, kind: Kind, known: Panel, actual: Array, forecasts: Array) -> Array:
    """Return |T(y) - T(ŷ)| / s (S, K) or (S, K, D), NaN where y is not known or T not defined.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted.
    kind : str, or tuple of str
        The transform T, or that of each channel.
    known : Panel
        What the forecasts were made from.
    actual, forecasts : ndarray (S, K) or (S, K, D)
        What came, and what had been expected.
    """
    distance = np.abs(_to(kind, actual) - _to(kind, forecasts))
    scaled: Array = distance / _scales(forecaster, kind, known)[:, None]
    return scaled


def _scales(forecaster: Forecaster, kind: Kind, known: Panel) -> Array:
    """Measure how much each series moves from season to season (S,) or (S, D), on what a forecast depends on."""
    recipe = forecaster._recipe
    season = recipe.seasons[0]
    every = []
    for values in filled(known, forecaster.missing, season)[0]:
        z = _to(kind, values[-min(recipe.memory, len(values)) :])
        lag = season if len(z) >= 2 * season else 1
        every.append(np.mean(np.abs(z[lag:] - z[:-lag]), axis=0) if len(z) > 1 else np.zeros(z.shape[1:]))
    scales = np.stack(every)
    # A series that repeats itself has no scale of its own; a small part of the others' keeps the quotient finite.
    least = [
        np.median(column[column > 0]) if (column > 0).any() else 1e-6 for column in scales.reshape(len(scales), -1).T
    ]
    floored: Array = np.maximum(scales, 1e-6 * np.reshape(least, scales.shape[1:]))
    return floored


def adopt(forecaster: Forecaster, residuals: Residuals | None) -> None:
    """Give a fitted forecaster the residuals that a backtest has left."""
    forecaster._residuals = residuals


def levels_within(forecaster: Forecaster, levels: Sequence[float]) -> list[float]:
    """Return those of the levels that a fitted forecaster has residuals enough for."""
    residuals: Residuals | None = getattr(forecaster, "_residuals", None)
    return [level for level in levels if residuals is not None and residuals.count >= residuals_needed(level)]


def bounds(place: str, forecaster: Forecaster, known: Panel, forecasts: Array, level: Any) -> dict[str, Array]:
    """Put intervals around forecasts.

    Parameters
    ----------
    place : str
        Start of a message.
    forecaster : Forecaster
        Fitted, with residuals.
    known : Panel
        What the forecasts were made from.
    forecasts : ndarray (S, K) or (S, K, D)
        Points.
    level : float or sequence of float
        In percent.

    Returns
    -------
    dict of str to ndarray of the same shape
        ``"lo-80"``, ``"hi-80"``, … in the order of the levels.

    Raises
    ------
    ArgumentError
        Without residuals, or with too few for a level.
    """
    levels = check_levels(place, level)
    residuals: Residuals | None = getattr(forecaster, "_residuals", None)
    if residuals is None:
        raise ArgumentError(f'{place}: there are no intervals; pass intervals="auto" to the Forecaster and fit again.')
    if residuals.count < residuals_needed(max(levels)):
        raise ArgumentError(_too_few(place, residuals.count, max(levels)))
    kind = _unscaled(forecaster.transform_)
    centre, scales = _to(kind, forecasts), _scales(forecaster, kind, known)[:, None]
    result = {}
    for each in levels:
        half = scales * residuals.quantiles(each).reshape([-1] + [1] * (forecasts.ndim - 2))
        result[f"lo-{each:g}"] = _from(kind, centre - half)
        result[f"hi-{each:g}"] = _from(kind, centre + half)
    return result


def _too_few(place: str, count: int, level: float) -> str:
    message = f"{place}: level {level:g} needs {residuals_needed(level)} residuals for each step of the horizon, "
    message += f"there are {count}. Pass a larger number of intervals to the Forecaster"
    return f"{message}, or a level of at most {100 - 100 / count:.4g}." if count > 1 else f"{message}."


def deliver(known: Panel, forecasts: Array, edges: dict[str, Array]) -> Any:
    """Give forecasts and intervals the form in which the data came.

    Parameters
    ----------
    known : Panel
        What the forecasts were made from.
    forecasts : ndarray (S, K)
        Points.
    edges : dict of str to ndarray (S, K)
        From `bounds`.

    Returns
    -------
    dict, list of dict, or frame
        ``Elman``, ``Elman-lo-80``, ``Elman-hi-80``, …: columns of a frame; for an array the keys of a dict of arrays
        (K,), for a list such a dict per series.
    """
    columns = {"Elman": forecasts} | {f"Elman-{name}": values for name, values in edges.items()}
    if known.kind in ("array", "list"):
        series = [{name: values[i].copy() for name, values in columns.items()} for i in range(len(known))]
        return series[0] if known.kind == "array" else series
    horizon = forecasts.shape[1]
    times = known.future(horizon)
    if times is None:
        raise AssertionError("a panel of a frame has time stamps")
    flat = {name: values.ravel() for name, values in columns.items()}
    return known.native(known.long_frame(flat, times, horizon))


def to_arrays(residuals: Residuals | None) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays that go into a forecaster's file."""
    return {} if residuals is None else dict(zip(_ARRAYS, (residuals.values, residuals.offsets), strict=True))


def take_arrays(arrays: dict[str, npt.NDArray[Any]], horizon: int) -> Residuals | None:
    """Take the residuals out of a file's arrays, checked; None if there are none."""
    if not any(name in arrays for name in _ARRAYS):
        return None
    values, offsets = (arrays.pop(name) for name in _ARRAYS)
    if values.dtype != np.float64 or values.ndim != 1 or not np.isfinite(values).all():
        raise FileFormatError("residuals must be 1-dimensional, float64 and finite")
    if (
        offsets.dtype != np.int64
        or offsets.shape != (horizon + 1,)
        or offsets[0] != 0
        or offsets[-1] != len(values)
        or np.diff(offsets).min() < 0
    ):
        raise FileFormatError("residual_offsets do not divide residuals into steps of the horizon")
    residuals = Residuals(values, offsets)
    if any((np.diff(step) < 0).any() or (step < 0).any() for step in np.split(values, offsets[1:-1])):
        raise FileFormatError("residuals must be in order and not negative")
    return residuals
