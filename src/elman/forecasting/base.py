"""A prior of one's own: the tuned prior of a saved forecaster, from which another one starts.

It takes the place of the shipped prior: zero-shot, or tuned on the new panel by the same rule
(`elman.forecasting.choosing`), which never tunes on fewer than 20 series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from elman.errors import ArgumentError, DataError, Remedy
from elman.forecasting.fitted import Fitted
from elman.forecasting.parameters import Parameters
from elman.forecasting.seasons import with_year
from elman.prior import Prior, load_prior
from elman.tables.frequencies import Frequency, frequency_text

__all__ = ["Base"]

_USED = 2  # seasons that the prior uses
_TUNE = Remedy("fit it on a panel with {} and save it again", "fit it on a panel and save it again", method="tuned")


@dataclass(frozen=True)
class Base:
    """What a saved forecaster hands on.

    Parameters
    ----------
    prior : Prior
        The tuned network.
    horizon : int
        Farthest step ahead that the tuning learned.
    seasons : tuple of int
        Values per season.
    frequency : DateOffset, int or None
        Distance between time stamps; None for arrays.
    """

    prior: Prior
    horizon: int
    seasons: tuple[int, ...]
    frequency: Frequency | None

    @classmethod
    def of(cls, place: str, fitted: Fitted) -> Base:
        """Take it from a fitted value.

        Raises
        ------
        ArgumentError
            If that has no tuned prior: if it delivers its window network, as with covariates, or the shipped prior.
        """
        spread = getattr(fitted.method, "spread", None)
        if spread is None:
            raise ArgumentError(f"{place}: the base delivers its {fitted.label}, made for its own series.", _TUNE)
        own, shipped = (prior.to_arrays()[0]["theta"] for prior in (spread.prior, load_prior()))
        if np.array_equal(own, shipped):
            raise ArgumentError(f"{place}: the base delivers {fitted.label} without tuning.", _TUNE)
        return cls(spread.prior, spread.horizon, fitted.seasons, fitted.frequency)

    def seasons_for(self, parameters: Parameters, seasons: tuple[int, ...]) -> tuple[int, ...]:
        """Return the seasons of the prior on other data: with the year if the base has it and the user named none."""
        return self.seasons if parameters.season == "auto" and self.seasons == with_year(seasons) else seasons

    def check(self, place: str, parameters: Parameters, seasons: tuple[int, ...], frequency: Frequency | None) -> None:
        """Refuse other data than those it was tuned for.

        Raises
        ------
        ArgumentError
            If the horizon is longer.
        DataError
            If the seasons or the frequency differ.
        """
        leave = Remedy("leave {} out", "go without it", base=...)
        if int(parameters.horizon) > self.horizon:
            raise ArgumentError(
                f"{place}: horizon {parameters.horizon} is longer than {self.horizon}, that of the base.",
                Remedy("pass {}", horizon=self.horizon),
                Remedy("fit the base with the longer one"),
                leave,
            )
        if seasons[:_USED] != self.seasons[:_USED]:
            mine, theirs = (", ".join(map(str, each)) for each in (seasons, self.seasons))
            raise DataError(f"{place}: the season is {mine}, that of the base {theirs}.", leave)
        if frequency is not None and self.frequency is not None and frequency != self.frequency:
            found = frequency_text(frequency), frequency_text(self.frequency)
            raise DataError(f"{place}: the frequency is {found[0]}, that of the base {found[1]}.", leave)
