"""Base of methods that forecast each series alone, with intervals from the prior's quantiles."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from elman.forecasting.intermittent import refuse_negative
from elman.forecasting.methods.spread import Spread
from elman.forecasting.panel import Panel

__all__ = ["Alone"]

Array = npt.NDArray[np.float64]


class Alone(ABC):
    """Base of such a method; see `elman.forecasting.methods.Method`."""

    spread: Spread

    @property
    def context_length(self) -> int:
        """The whole series."""
        return sys.maxsize

    @property
    def of_counts(self) -> str | None:
        """Name of a method for counts of demand; None for one that takes any numbers."""
        return None

    def refuse(self, place: str, panel: Panel) -> None:
        """Refuse negative values for a method for counts."""
        if self.of_counts is not None:
            refuse_negative(place, self.of_counts, panel)

    @abstractmethod
    def forecast(self, place: str, panel: Panel, n_threads: int) -> Array:
        """Forecast every channel of every series."""

    def forecast_newest(self, place: str, newest: Panel, n_threads: int) -> Array:
        """Forecast from the newest values."""
        return self.forecast(place, newest, n_threads)

    def outlook(
        self, place: str, newest: Panel, levels: Sequence[float], n_threads: int
    ) -> tuple[Array, dict[str, Array]]:
        """Forecast from the newest values, with intervals."""
        forecasts = self.forecast_newest(place, newest, n_threads)
        return forecasts, self.bounds(place, newest, forecasts, levels, n_threads)

    def bounds(
        self, place: str, panel: Panel, forecasts: Array, levels: Sequence[float], n_threads: int
    ) -> dict[str, Array]:
        """Put the prior's quantiles around forecasts."""
        return self.spread.bounds(place, panel, forecasts, levels, n_threads)

    def medians(self, panel: Panel, forecasts: Array) -> Array:
        """Return the forecasts."""
        return forecasts

    def levels_within(self, levels: Sequence[float]) -> list[float]:
        """Return the levels up to 95."""
        return self.spread.levels_within(levels)

    def advanced(self, place: str, newest: Panel, longer: Panel, added: npt.NDArray[np.int64], n_threads: int) -> Self:
        """Return the method unchanged: every forecast reads the whole series."""
        self.refuse(place, longer)
        return self

    def in_order(self, rows: npt.NDArray[np.int64]) -> Self:
        """Return the method unchanged: it holds nothing per series."""
        return self

    def without_series(self) -> Self:
        """Return the method unchanged: it holds nothing per series."""
        return self

    def kept(self, longer: Panel) -> Panel:
        """Keep everything."""
        return longer
