"""Rules for the numbers of a fit, from the training part alone: seasons, window, updates, batch size."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError, DataError
from elman.forecasting.heads import Head
from elman.forecasting.seasons import seasons_of
from elman.tables.frequencies import Frequency

__all__ = [
    "Recipe",
    "batch_size",
    "different_stretches",
    "resolve_seasons",
    "rule_updates",
    "rule_window",
    "training_length",
    "windows_of",
]

Lengths = npt.NDArray[np.int64]

_SHORTEST_WINDOW = 8
_LONGEST_SEASON = 2**20


@dataclass(frozen=True)
class Recipe:
    """Settings of the window network, from the parameters and the training part by rules.

    Parameters
    ----------
    horizon : int
        Values that the network forecasts at every step (K).
    seasons : tuple of int
        Values per season; baselines, scores and the center use the first.
    window : int
        Values seen per step.
    steps : int
        Longest stretch trained on, and warm-up before a forecast.
    center : int
        Values averaged for the center of a window, at most ``window``; 0 subtracts nothing.
    transform : str, or tuple of str
        One of `elman.data.scaling.TRANSFORMS`; one per channel if there are several.
    carry : bool
        Whether the state is carried through the whole series instead of starting from zeros for each stretch.
    channels : int
        Values per time (D).
    past : tuple of (float, float)
        Center and spread of every covariate of which only the past is known.
    future : tuple of (float, float)
        Center and spread of every covariate of which the future is known too.
    once : tuple of (float, float)
        Center and spread of every covariate that enters once a step, with its value at the newest time.
    masked : bool
        Whether a window has a flag beside every value, which is 1 where the value is missing.
    head : Head or None
        Distribution predicted of every value; None for a point.
    """

    horizon: int
    seasons: tuple[int, ...]
    window: int
    steps: int
    center: int
    transform: str | tuple[str, ...]
    carry: bool = False
    channels: int = 1
    past: tuple[tuple[float, float], ...] = ()
    future: tuple[tuple[float, float], ...] = ()
    once: tuple[tuple[float, float], ...] = ()
    masked: bool = False
    head: Head | None = None

    @property
    def input_size(self) -> int:
        """Numbers seen per step: windows, the horizon of covariates known ahead, and those that enter once."""
        columns = self.channels + self.flags + len(self.past) + len(self.future)
        return self.window * columns + self.horizon * len(self.future) + len(self.once)

    @property
    def flags(self) -> int:
        """Flags beside the values of one time."""
        return self.channels if self.masked else 0

    @property
    def covariates(self) -> tuple[tuple[float, float], ...]:
        """Center and spread of every covariate."""
        return self.past + self.future + self.once

    @property
    def output_size(self) -> int:
        """Outputs per step: the numbers forecast, or the raw outputs of their head."""
        return self.horizon * self.channels * (1 if self.head is None else self.head.size)

    @property
    def context_length(self) -> int:
        """Newest values of a series on which a forecast depends."""
        return sys.maxsize if self.carry else self.window + self.steps - 1

    @property
    def shortest(self) -> int:
        """Values to which a shorter series is padded before training: a season of steps with all their targets."""
        return training_length(self.window, self.horizon, self.seasons[0])


def training_length(window: int, horizon: int, season: int) -> int:
    """Return the length to which shorter series are padded on the left: one season of windows with their targets.

    Examples
    --------
    >>> training_length(window=15, horizon=6, season=12)
    32
    """
    return window + horizon + season - 1


def resolve_seasons(place: str, season: Any, frequency: Frequency | None) -> tuple[int, ...]:
    """Turn the parameter ``season`` into a tuple.

    Parameters
    ----------
    place : str
        Start of a message.
    season : int, sequence of int or "auto"
        ``"auto"`` takes the usual seasons of the frequency, 1 without one.
    frequency : DateOffset, int or None
        Frequency of the data.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> resolve_seasons("example", [24, 168], None)
    (24, 168)
    """
    if isinstance(season, str):
        _check.choice(place, "season", season, ("auto",))
        return seasons_of(frequency)
    if isinstance(season, (Sequence, np.ndarray)):
        if len(season) == 0:
            raise ArgumentError(f"{place}: season must name at least one length, got an empty list.")
        return tuple(_season(place, f"season[{i}]", length) for i, length in enumerate(season))
    return (_season(place, "season", season),)


def _season(place: str, name: str, length: Any) -> int:
    number = _check.positive_integer(place, name, length)
    _check.at_most(place, {name: number}, {name: _LONGEST_SEASON})
    return number


def rule_window(seasons: tuple[int, ...], lengths: Lengths, horizon: int) -> int:
    """Choose a window from the seasons.

    The longest season if there are several; one season and one value for a single series, two seasons for a panel;
    never fewer than 8 values, and never more than half of what the longest series has besides the horizon.

    Parameters
    ----------
    seasons : tuple of int
        Values per season.
    lengths : ndarray (S,), int64
        Values of each series.
    horizon : int
        Values to forecast.

    Returns
    -------
    int

    Examples
    --------
    >>> rule_window((24, 168), np.array([700, 960]), 48), rule_window((12,), np.array([132]), 12)
    (168, 13)
    >>> rule_window((12,), np.array([60, 70, 80]), 18), rule_window((12,), np.array([30]), 12)
    (24, 9)
    """
    if len(seasons) > 1:
        wanted = max(seasons)
    else:
        wanted = seasons[0] + 1 if len(lengths) == 1 else 2 * seasons[0]
    return max(1, min(max(wanted, _SHORTEST_WINDOW), (int(lengths.max()) - horizon) // 2))


def check_window(place: str, window: int, horizon: int, lengths: Lengths) -> None:
    """Refuse a window that no series can fill together with one horizon."""
    longest = int(lengths.max())
    if longest < window + horizon:
        whose = "the series has" if len(lengths) == 1 else "the longest series has"
        raise DataError(
            f"{place}: {whose} {longest} values, but window + horizon = {window} + {horizon} = {window + horizon} "
            "are needed. "
            "Shorten the horizon or the window, or bring more data."
        )


def rule_updates(recipe: Recipe, lengths: Lengths) -> int:
    """Choose the number of updates: 300 for one short series, growing with the cube root of the data, at most 900.

    ::

        updates = min(900, 300 * cube root of max(number of series, windows / steps))

    Parameters
    ----------
    recipe : Recipe
        Window, horizon and steps.
    lengths : ndarray (S,), int64
        Values of each series, padded.

    Returns
    -------
    int

    Examples
    --------
    >>> recipe = Recipe(horizon=12, seasons=(12,), window=13, steps=96, center=12, transform="log")
    >>> [rule_updates(recipe, np.full(series, 120)) for series in (1, 8, 27, 1000)]
    [300, 600, 900, 900]
    """
    data: float = max(1.0, len(lengths), int(np.sum(windows_of(recipe, lengths))) / recipe.steps)
    return min(900, round(300.0 * float(data ** (1 / 3))))


def windows_of(recipe: Recipe, lengths: Lengths) -> Lengths:
    """Count the windows of each series that have all their targets (S,)."""
    counts: Lengths = np.maximum(0, lengths - recipe.window - recipe.horizon + 1)
    return counts


def different_stretches(recipe: Recipe, lengths: Lengths) -> int:
    """Count the stretches that differ from each other.

    ::

        different = sum over series with a window of 1 + max(0, windows - steps)

    Parameters
    ----------
    recipe : Recipe
        Window, horizon and steps.
    lengths : ndarray (S,), int64
        Values of each series, padded.

    Returns
    -------
    int

    Examples
    --------
    >>> recipe = Recipe(horizon=12, seasons=(12,), window=13, steps=96, center=12, transform="log")
    >>> different_stretches(recipe, np.array([132]))                # 108 windows, 13 stretches of 96
    13
    """
    windows = windows_of(recipe, lengths)
    return int(np.sum(np.maximum(0, windows - recipe.steps) + (windows > 0)))


def batch_size(recipe: Recipe, lengths: Lengths, limit: int, *, last: bool = False) -> int:
    """Choose the stretches per update: as many as cover every series once, up to ``limit`` and to those that differ.

    ::

        batch = min(limit, different, sum over series of ceil(windows / answered))

        answered = steps if every step of a stretch has targets, 1 if the last alone has

    A series of 300 values has some 180 different stretches of 96 windows, but three cover it. 32 drawn at random
    overlap almost entirely: an update costs ten times as much without a lower error. Panels of 32 series and more get a
    ``limit`` of 32.

    Parameters
    ----------
    recipe : Recipe
        Window, horizon and steps.
    lengths : ndarray (S,), int64
        Values of each series, padded.
    limit : int
        The parameter ``batch_size``.
    last : bool
        Whether the last step of a stretch alone has targets (``loss_at="last"``).

    Returns
    -------
    int

    Examples
    --------
    >>> recipe = Recipe(horizon=12, seasons=(12,), window=13, steps=96, center=12, transform="log")
    >>> [batch_size(recipe, np.array([n]), 32) for n in (80, 132, 300, 3000)]
    [1, 2, 3, 31]
    >>> batch_size(recipe, np.full(32, 80), 32), batch_size(recipe, np.array([300]), 32, last=True)
    (32, 32)
    """
    answered = 1 if last else recipe.steps
    covering = int(np.sum(-(-windows_of(recipe, lengths) // answered)))
    return min(limit, different_stretches(recipe, lengths), covering)
