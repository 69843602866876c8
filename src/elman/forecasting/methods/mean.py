"""Means of the window network's forecast and the prior's, with equal weights or mostly the prior."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from elman.forecasting.methods.alone import Alone
from elman.forecasting.methods.network import NetworkMethod
from elman.forecasting.methods.prior import PriorMethod
from elman.forecasting.methods.spread import Spread
from elman.forecasting.panel import Panel
from elman.forecasting.scaling import Scaling

__all__ = ["SHARES", "MeanMethod", "within"]

Array = npt.NDArray[np.float64]

SHARES = {"mean": 0.5, "weighted mean": 0.25}  # of the network


@dataclass(frozen=True)
class MeanMethod(Alone):
    """A mean of both forecasts, with the prior's spread around it.

    ::

        ŷ = p network + (1 - p) prior        p = 1/2 for the mean, 1/4 for the weighted mean

    The errors of unlike methods differ, so that those of a mean are smaller; the worse the network alone, the smaller
    its best share.

    Parameters
    ----------
    network : NetworkMethod
        The first method.
    prior : PriorMethod
        The second method, possibly tuned.
    kind : str
        Key of `SHARES`.

    References
    ----------
    Bates & Granger (1969), The combination of forecasts. Operational Research Quarterly 20(4).
    """

    network: NetworkMethod
    prior: PriorMethod
    kind: str = "mean"

    @property
    def label(self) -> str:
        """The names of both."""
        return f"{self.kind} of {self.network.label} and {self.prior.label}"

    @property
    def spread(self) -> Spread:  # type: ignore[override]
        """That of the prior."""
        return self.prior.spread

    def forecast(self, place: str, panel: Panel, n_threads: int) -> Array:
        """Forecast with both."""
        of_network = self.network.forecast(place, within(self.network.scaling, panel), n_threads)
        return self._mean(of_network, self.prior.forecast(place, panel, n_threads))

    def forecast_newest(self, place: str, newest: Panel, n_threads: int) -> Array:
        """Forecast with both from their current states."""
        tail = within(self.network.scaling, newest).tail(self.network.context_length)
        of_network = self.network.forecast_newest(place, tail, n_threads)
        return self._mean(of_network, self.prior.forecast(place, newest, n_threads))

    def _mean(self, of_network: Array, of_prior: Array) -> Array:
        share = SHARES[self.kind]
        mean: Array = share * of_network + (1 - share) * of_prior
        return mean

    def advanced(
        self, place: str, newest: Panel, longer: Panel, added: npt.NDArray[np.int64], n_threads: int
    ) -> MeanMethod:
        """Update the network with the new values."""
        newest, longer = (within(self.network.scaling, panel) for panel in (newest, longer))
        tail = newest.tail(self.network.context_length)
        kept = longer.tail(self.network.recipe.window + self.network.recipe.steps - 1 + int(added.max()))
        return replace(self, network=self.network.advanced(place, tail, kept, added, n_threads))

    def without_series(self) -> MeanMethod:
        """Drop what only the network's own series need."""
        return replace(self, network=self.network.without_series())

    def in_order(self, rows: npt.NDArray[np.int64]) -> MeanMethod:
        """Sort the network's values per series."""
        return replace(self, network=self.network.in_order(rows))


def within(scaling: Scaling, panel: Panel) -> Panel:
    """Lift values outside the domain of a transform to the smallest value of their series inside it, or to 1.

    The prior forecasts such series, so their mean with a network must, too: a zero after positive values is usual.

    Examples
    --------
    >>> panel = Panel(np.array([3.0, 0.0, 2.0, 0.0, 5.0]), np.array([0, 3, 5]), "list")
    >>> within(Scaling.of("log"), panel).values.tolist()
    [3.0, 2.0, 2.0, 5.0, 5.0]
    """
    if len(panel) == 0 or scaling.holds(panel):
        return panel
    inside = np.isfinite(scaling.inside(panel.values))
    least = np.minimum.reduceat(np.where(inside, panel.values, np.inf), panel.offsets[:-1])
    lowest = np.repeat(np.where(np.isfinite(least), least, 1.0), panel.lengths)
    return replace(panel, values=np.where(inside, panel.values, lowest))
