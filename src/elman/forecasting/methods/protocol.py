"""The protocol of every fitted method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from elman.forecasting.panel import Panel

__all__ = ["Method"]

Array = npt.NDArray[np.float64]


class Method(Protocol):
    """A fitted method: it forecasts panels and puts intervals around forecasts. It is never changed.

    Panels are filled, series end to end, with D channels or none. Forecasts are (S, K), or (S, K, D), of float64.
    """

    @property
    def label(self) -> str:
        """Name in `method_`, the printed table, the plot and the file."""

    @property
    def context_length(self) -> int:
        """Newest values of a series on which a forecast depends."""

    def forecast(self, place: str, panel: Panel, n_threads: int) -> Array:
        """Forecast from a panel; finite."""

    def forecast_newest(self, place: str, newest: Panel, n_threads: int) -> Array:
        """Forecast from the newest values of the fit and of later updates."""

    def outlook(
        self, place: str, newest: Panel, levels: Sequence[float], n_threads: int
    ) -> tuple[Array, dict[str, Array]]:
        """Return `forecast_newest` and the `bounds` around it."""

    def bounds(
        self, place: str, panel: Panel, forecasts: Array, levels: Sequence[float], n_threads: int
    ) -> dict[str, Array]:
        """Put intervals around forecasts: ``"lo-80"``, ``"hi-80"``, … in the order of the levels."""

    def medians(self, panel: Panel, forecasts: Array) -> Array:
        """Return the medians of the values that are forecast: the forecasts, unless those are means."""

    def levels_within(self, levels: Sequence[float]) -> list[float]:
        """Return the possible levels."""

    def advanced(self, place: str, newest: Panel, longer: Panel, added: npt.NDArray[np.int64], n_threads: int) -> Self:
        """Return the method after ``added`` new values of each series; ``longer`` is ``newest`` with these appended."""

    def in_order(self, rows: npt.NDArray[np.int64]) -> Self:
        """Return the just fitted method with its series in another order; ``rows`` (S,) are their present positions."""

    def without_series(self) -> Self:
        """Return the method without what only its own series need."""

    def kept(self, longer: Panel) -> Panel:
        """Keep the values of extended series that later forecasts and updates need."""
