"""Learning-rate schedules: each gives the factor on `Settings.learning_rate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, inf, pi
from typing import TypeAlias

from elman import _check


@dataclass(frozen=True)
class Constant:
    """The same rate at every update.

    Examples
    --------
    >>> Constant().scale(update=7, updates=10)
    1.0
    """

    def scale(self, update: int, updates: int) -> float:
        """Return the factor at ``update`` (from 0) of a run of ``updates``."""
        return 1.0


@dataclass(frozen=True)
class Step:
    """Multiply the rate by ``factor`` at update ``start`` and after every further ``every`` updates.

    Parameters
    ----------
    every : int
        Updates between two reductions.
    factor : float
        Between 0 and 1.
    start : int, optional
        Update of the first reduction; ``every`` if not given.

    Examples
    --------
    >>> [Step(every=2, factor=0.5, start=3).scale(update, 8) for update in range(8)]
    [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125]
    """

    every: int
    factor: float
    start: int | None = None

    def __post_init__(self) -> None:
        _check.positive_integer("Step", "every", self.every)
        _check.number_in("Step", "factor", self.factor, "(0, 1]")
        if self.start is not None:
            _check.integer("Step", "start", self.start, 0)

    def scale(self, update: int, updates: int) -> float:
        """Return the factor at ``update`` (from 0) of a run of ``updates``."""
        start = self.every if self.start is None else self.start
        reductions = 0 if update < start else 1 + (update - start) // self.every
        return float(self.factor**reductions)


@dataclass(frozen=True)
class Cosine:
    """Fall from 1 to ``floor`` along half a cosine, after a linear rise over ``warmup`` updates.

    Parameters
    ----------
    warmup : int
        Updates of the rise.
    floor : float
        Final factor.

    References
    ----------
    Loshchilov & Hutter (2017), SGDR.

    Examples
    --------
    >>> [round(Cosine().scale(update, 4), 3) for update in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """

    warmup: int = 0
    floor: float = 0.0

    def __post_init__(self) -> None:
        _check.integer("Cosine", "warmup", self.warmup, 0)
        _check.number_in("Cosine", "floor", self.floor, "[0, 1]")

    def scale(self, update: int, updates: int) -> float:
        """Return the factor at ``update`` (from 0) of a run of ``updates``."""
        if update < self.warmup:
            return (update + 1) / self.warmup
        progress = (update - self.warmup) / max(updates - self.warmup, 1)
        return self.floor + (1.0 - self.floor) * 0.5 * (1.0 + cos(pi * progress))


@dataclass(frozen=True)
class Plateau:
    """Multiply the rate by ``factor`` after every ``patience`` validations without a better score.

    Parameters
    ----------
    factor : float
        Between 0 and 1.
    patience : int
        Validations without improvement before each reduction.
    min_delta : float
        Minimum decrease of a better score.
    floor : float
        Minimum factor.

    Examples
    --------
    >>> [Plateau(factor=0.5, patience=2).scale([3.0, 2.0, 2.0, 2.0, 1.0][:seen]) for seen in range(6)]
    [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]
    """

    factor: float = 0.5
    patience: int = 3
    min_delta: float = 0.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        _check.number_in("Plateau", "factor", self.factor, "(0, 1]")
        _check.positive_integer("Plateau", "patience", self.patience)
        _check.number_in("Plateau", "min_delta", self.min_delta, "[0, inf)")
        _check.number_in("Plateau", "floor", self.floor, "[0, 1]")

    def scale(self, scores: Sequence[float]) -> float:
        """Return the factor after validations with these ``scores``; lower is better."""
        scale, best, waited = 1.0, inf, 0
        for score in scores:
            if score < best - self.min_delta:
                best, waited = score, 0
            else:
                waited += 1
            if waited == self.patience:
                scale, waited = scale * self.factor, 0
        return max(scale, self.floor)


Schedule: TypeAlias = Constant | Step | Cosine | Plateau


def named_schedule(name: str, updates: int) -> Schedule:
    """Return a schedule with usual settings.

    Parameters
    ----------
    name : {"constant", "step", "cosine", "plateau"}
        Step takes a tenth after each third of the run; plateau halves.
    updates : int
        Length of the run.

    Examples
    --------
    >>> named_schedule("step", updates=900)
    Step(every=300, factor=0.1, start=None)
    """
    _check.choice("named_schedule", "name", name, ("constant", "step", "cosine", "plateau"))
    if name == "step":
        return Step(every=max(updates // 3, 1), factor=0.1)
    if name == "plateau":
        return Plateau()
    return Cosine() if name == "cosine" else Constant()
