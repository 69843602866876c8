"""Prediction intervals by split conformal prediction, from errors of the network on unseen values.

A network trained on the values before the earliest of some past cut-offs forecasts from each of them. For
series i, cut-off c and step k = 1 … K, on the scale of the transform z = T(y)::

    r_{i,c,k} = |T(y_{c+k}) - T(ŷ_{c+k})| / s_{i,c}      s the mean |z_t - z_{t-season}| of the newest values known at c

The n residuals of step k are pooled over series and cut-offs. Their k-th smallest, q = r_(⌈(n+1) p⌉), gives the
interval of level p around the forecast of the network trained on all values::

    T⁻¹(T(ŷ_{t+k}) ± q s_{i,t})

If future errors are distributed like those, the interval holds the value with probability p or a little more. At least
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
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._words import called
from elman.errors import ArgumentError, FileFormatError, Remedy
from elman.forecasting.floors import clipped, least_half_widths, opened
from elman.forecasting.heads import Head
from elman.forecasting.panel import Panel
from elman.forecasting.prediction import Predictive
from elman.forecasting.recipe import Recipe
from elman.forecasting.scaling import Scaling

__all__ = [
    "STEADY",
    "Residuals",
    "adjustment",
    "as_shares",
    "ask_for_at_most",
    "bounds",
    "bounds_of_head",
    "check_levels",
    "check_quantiles",
    "deliver",
    "in_percent",
    "levels_within",
    "residuals_needed",
    "scaled_residuals",
]

Array = npt.NDArray[np.float64]
_HIGHEST, _LEAST = 99.9999, 1e-6  # level in percent, quantile
_USUAL = 80.0
STEADY = 3  # times as many residuals as a level needs, so that it does not depend on the largest alone
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
        """Pool residuals (n_i, K) or (n_i, K, D); NaN for unknown values."""
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
        If one does not lie between 1 and 99.9999, or comes twice: a column is named by six digits.

    Examples
    --------
    >>> check_levels("example", [80, 95])
    [80.0, 95.0]
    """
    several = level if isinstance(level, (list, tuple, np.ndarray)) else [level]
    if len(several) == 0:
        raise ArgumentError(f"{place}: level must name at least one percentage, got an empty list.")
    levels = [_number_in(place, "level", each, "(0, 100)", Remedy(level=80)) for each in several]
    if (percent := in_percent(levels)) is not None:
        raise ArgumentError(f"{place}: level is in percent, got {_names(levels)}.", Remedy(level=_as_given(percent)))
    _check_extreme(place, "level", levels, (1.0, _HIGHEST))
    if len(set(map("{:g}".format, levels))) < len(levels):
        raise ArgumentError(f"{place}: level names {_names(levels)}, one of them twice.", Remedy("drop one of them"))
    return levels


def in_percent(levels: Sequence[float]) -> list[float] | None:
    """Return levels with those below 1, which are shares, in percent; None if there are no shares.

    80 stands in for shares below 1 %, which no person asks for.

    Examples
    --------
    >>> in_percent([0.8, 95]), in_percent([80, 95]), in_percent([0.005])
    ([80.0, 95.0], None, [80.0])
    """
    if not any(level < 1 for level in levels):
        return None
    percent = dict.fromkeys(round(100.0 * level, 9) if level < 1 else float(level) for level in levels)
    return [each for each in percent if 1 <= each < 100] or [80.0]


def check_quantiles(place: str, quantiles: Any) -> list[float]:
    """Read one share or several.

    Raises
    ------
    ArgumentError
        If one does not lie between 0.000001 and 0.999999, or comes twice: a column is named by six digits.

    Examples
    --------
    >>> check_quantiles("example", [0.1, 0.5, 0.9])
    [0.1, 0.5, 0.9]
    """
    several = quantiles if isinstance(quantiles, (list, tuple, np.ndarray)) else [quantiles]
    if len(several) == 0:
        raise ArgumentError(f"{place}: quantiles must name at least one share, got an empty list.")
    way_out = Remedy(quantiles=as_shares(several) or [0.1, 0.5, 0.9])
    shares = [_number_in(place, "quantiles", each, "(0, 1)", way_out) for each in several]
    _check_extreme(place, "quantiles", shares, (_LEAST, 1 - _LEAST))
    if len(set(map("{:g}".format, shares))) < len(shares):
        names = ", ".join(f"{share:g}" for share in shares)
        raise ArgumentError(f"{place}: quantiles names {names}, one of them twice.", Remedy("drop one of them"))
    return shares


def _check_extreme(place: str, name: str, values: Sequence[float], bounds: tuple[float, float]) -> None:
    """Refuse a level that a name would call 100, and a quantile that is an end of its interval."""
    if wrong := [value for value in values if not bounds[0] <= value <= bounds[1]]:
        raise ArgumentError(
            f"{place}: {name} must lie between {bounds[0]:g} and {bounds[1]:g}, got {wrong[0]!r}.",
            Remedy(**{name: bounds[wrong[0] > bounds[1]]}),
        )


def as_shares(percentages: Any) -> list[float] | None:
    """Return whole percentages as shares; None if some are none.

    Examples
    --------
    >>> as_shares([10, 90]), as_shares([0.5, 1.5])
    ([0.1, 0.9], None)
    """
    for each in percentages:
        number = isinstance(each, int | float | np.integer | np.floating) and not isinstance(each, bool)
        if not (number and 1 <= each < 100 and each == int(each)):
            return None
    return list(dict.fromkeys(round(float(each) / 100, 9) for each in percentages))


def _number_in(place: str, name: str, value: Any, interval: str, way_out: Remedy) -> float:
    """Return a number inside an interval; the error has a way out."""
    try:
        return _check.number_in(place, name, value, interval)
    except ArgumentError as error:
        raise ArgumentError(error.text, way_out) from None


def _as_given(levels: Sequence[float]) -> Any:
    """Write levels as a person does: whole numbers without a point, one without a list."""
    own = [int(level) if level == int(level) else level for level in levels]
    return own if len(own) > 1 else own[0]


def _names(levels: Sequence[float]) -> str:
    return ", ".join(f"{level:g}" for level in levels)


def scaled_residuals(scaling: Scaling, recipe: Recipe, known: Panel, actual: Array, forecasts: Array) -> Array:
    """Return |T(y) - T(ŷ)| / s (S, K) or (S, K, D), NaN where y is not known or T not defined.

    Parameters
    ----------
    scaling : Scaling
        The transform T.
    recipe : Recipe
        Season and context length of the network.
    known : Panel
        The series forecast, filled.
    actual, forecasts : ndarray (S, K) or (S, K, D)
        Actual values and their forecasts.
    """
    distance = np.abs(scaling.inside(actual) - scaling.inside(forecasts))
    scaled: Array = distance / _scales(scaling, recipe, known)[:, None]
    return scaled


def _scales(scaling: Scaling, recipe: Recipe, known: Panel) -> Array:
    """Compute the mean change from season to season (S,) or (S, D) of the values that a forecast depends on."""
    season = recipe.seasons[0]
    scales, sizes = [], []
    for values in known.unmasked:
        z = scaling.inside(values[-min(recipe.context_length, len(values)) :])
        lag = season if len(z) >= 2 * season else 1
        scales.append(_known_mean(np.abs(z[lag:] - z[:-lag])) if len(z) > 1 else np.zeros(z.shape[1:]))
        sizes.append(_known_mean(np.abs(z)))
    # The scale of a periodic series is 0. A small fraction of its own size keeps the quotient finite.
    size = np.stack(sizes)
    floored: Array = np.maximum(np.stack(scales), 1e-6 * np.where(size > 0, size, 1.0))
    return floored


def _known_mean(values: Array) -> Array:
    """Average over time, without NaN if there are any; 0 where there is nothing else."""
    known = np.isfinite(values)
    if known.all():
        return np.asarray(np.mean(values, axis=0))
    mean: Array = np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return mean


def ask_for_at_most(level: float) -> Remedy:
    """Return the way out where wider intervals are asked for than there are.

    Examples
    --------
    >>> ask_for_at_most(95).clause
    'ask for at most 95 %, or quantiles from 0.025 to 0.975'
    """
    end = (1 - level / 100) / 2
    return Remedy(f"ask for at most {level:.4g} %, or quantiles from {end:.4g} to {1 - end:.4g}")


def levels_within(residuals: Residuals | None, levels: Sequence[float], head: Head | None = None) -> list[float]:
    """Return the levels for which there are enough residuals, or without any those that a head learned."""
    if residuals is None:
        return [level for level in levels if head is not None and level <= head.highest]
    return [level for level in levels if residuals.count >= residuals_needed(level)]


def adjustment(residuals: Residuals | None, horizon: int) -> Array:
    """Return the factor for each step (K,) by which past errors widen the 80 % interval of a head; ones without any."""
    if residuals is None or residuals.count < residuals_needed(_USUAL):
        return np.ones(horizon)
    factors: Array = residuals.quantiles(_USUAL) / NormalDist().inv_cdf(0.5 + _USUAL / 200)
    return factors


def bounds_of_head(
    place: str, found: Predictive, residuals: Residuals | None, known: Panel, forecasts: Array, levels: Sequence[float]
) -> dict[str, Array]:
    """Return the intervals that a network with a head predicts, adjusted by its past errors if there are any.

    The interval of level p goes from the quantile at the normal score -z to that at z: z = Φ⁻¹((1 + p) / 2), or the
    conformal quantile of the distances of past values (`Predictive.distances`), which are residuals in the head's own
    unit. Parameters and errors are those of `bounds`.

    References
    ----------
    Romano, Patterson & Candès (2019), Conformalized quantile regression. NeurIPS.
    Chernozhukov, Wüthrich & Zhu (2021), Distributional conformal prediction. PNAS 118(48).
    """
    head = found.recipe.head
    assert head is not None
    widest = max(levels)
    if residuals is None and widest > head.highest:
        wider = round(0.5 + widest / 200, 9)
        raise ArgumentError(
            f"{place}: level {widest:g} is beyond {head.highest:g}, the widest that this network has learned.",
            ask_for_at_most(head.highest),
            Remedy("pass {} to the Forecaster and fit again", quantiles=[round(1 - wider, 9), 0.5, wider]),
        )
    if residuals is not None and residuals.count < residuals_needed(widest):
        raise _too_few(place, residuals.count, widest)
    least, result = least_half_widths(known), {}
    for each in levels:
        half = np.array([NormalDist().inv_cdf(0.5 + each / 200)]) if residuals is None else residuals.quantiles(each)
        lower, upper = found.at(-half[:, None]), found.at(half[:, None])
        if not head.counts:
            lower, upper = opened(lower, upper, forecasts, least)
            lower = clipped(lower, forecasts, known)
        result[f"lo-{each:g}"], result[f"hi-{each:g}"] = lower, upper
    return result


def bounds(
    place: str, residuals: Residuals | None, recipe: Recipe, known: Panel, forecasts: Array, levels: Sequence[float]
) -> dict[str, Array]:
    """Put intervals around forecasts.

    Parameters
    ----------
    place : str
        Start of a message.
    residuals : Residuals or None
        Past errors of the network.
    recipe : Recipe
        Of the network.
    known : Panel
        The series forecast, filled.
    forecasts : ndarray (S, K) or (S, K, D)
        Points.
    levels : sequence of float
        In percent, from `check_levels`.

    Returns
    -------
    dict of str to ndarray of the same shape
        ``"lo-80"``, ``"hi-80"``, … in the order of the levels; none without width, see `elman.forecasting.floors`.

    Raises
    ------
    ArgumentError
        Without residuals, or with too few for a level.
    """
    if residuals is None:
        raise ArgumentError(
            f"{place}: there are no intervals.",
            Remedy("pass {} to the Forecaster and fit again", called("fit again with intervals"), intervals="auto"),
        )
    if residuals.count < residuals_needed(max(levels)):
        raise _too_few(place, residuals.count, max(levels))
    scaling = Scaling.of(recipe.transform).undivided
    centre, scales = scaling.inside(forecasts), _scales(scaling, recipe, known)[:, None]
    least, result = least_half_widths(known), {}
    for each in levels:
        with np.errstate(over="ignore"):
            half = scales * residuals.quantiles(each).reshape([-1] + [1] * (forecasts.ndim - 2))
        lower, upper = opened(scaling.back(centre - half), scaling.back(centre + half), forecasts, least)
        result[f"lo-{each:g}"], result[f"hi-{each:g}"] = clipped(lower, forecasts, known), upper
    return result


def _too_few(place: str, count: int, level: float) -> ArgumentError:
    possible = [ask_for_at_most(100 - 100 / count)] if count > 1 else []
    return ArgumentError(
        f"{place}: level {level:g} needs {residuals_needed(level)} residuals for each step of the horizon, "
        f"there are {count}.",
        Remedy("pass a larger number of {} to the Forecaster and fit again", "fit on more data", intervals=...),
        *possible,
    )


def deliver(known: Panel, forecasts: Array, edges: dict[str, Array]) -> Any:
    """Return forecasts and intervals in the form of the data.

    Parameters
    ----------
    known : Panel
        The series forecast.
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
