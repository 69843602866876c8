"""The mean of the window network's forecast and the prior's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from elman.forecasting.methods.alone import Alone
from elman.forecasting.methods.network import NetworkMethod
from elman.forecasting.methods.prior import PriorMethod
from elman.forecasting.methods.spread import Spread
from elman.forecasting.panel import Panel

__all__ = ["MeanMethod"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MeanMethod(Alone):
    """Half of each forecast, with the prior's spread around the mean.

    Parameters
    ----------
    network : NetworkMethod
        The first method.
    prior : PriorMethod
        The second method, possibly tuned.
    """

    network: NetworkMethod
    prior: PriorMethod

    @property
    def label(self) -> str:
        """The names of both."""
        return f"mean of {self.network.label} and {self.prior.label}"

    @property
    def spread(self) -> Spread:  # type: ignore[override]
        """That of the prior."""
        return self.prior.spread

    def forecast(self, place: str, panel: Panel, n_threads: int) -> Array:
        """Forecast with both."""
        mean: Array = 0.5 * self.network.forecast(place, panel, n_threads) + 0.5 * self.prior.forecast(
            place, panel, n_threads
        )
        return mean

    def forecast_newest(self, place: str, newest: Panel, n_threads: int) -> Array:
        """Forecast with both from their current states."""
        tail = newest.tail(self.network.context_length)
        mean: Array = 0.5 * self.network.forecast_newest(place, tail, n_threads) + 0.5 * self.prior.forecast(
            place, newest, n_threads
        )
        return mean

    def advanced(
        self, place: str, newest: Panel, longer: Panel, added: npt.NDArray[np.int64], n_threads: int
    ) -> MeanMethod:
        """Update the network with the new values."""
        tail = newest.tail(self.network.context_length)
        kept = longer.tail(self.network.recipe.window + self.network.recipe.steps - 1 + int(added.max()))
        return replace(self, network=self.network.advanced(place, tail, kept, added, n_threads))

    def without_series(self) -> MeanMethod:
        """Drop what only the network's own series need."""
        return replace(self, network=self.network.without_series())

    def in_order(self, rows: npt.NDArray[np.int64]) -> MeanMethod:
        """Sort the network's values per series."""
        return replace(self, network=self.network.in_order(rows))
