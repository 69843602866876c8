"""The prior: a pretrained recurrent network, untuned or tuned on a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elman.forecasting.channels import rejoined
from elman.forecasting.methods.alone import Alone
from elman.forecasting.methods.spread import PARTNER, Spread
from elman.forecasting.panel import Panel

__all__ = ["LONGER", "MEAN", "PRIOR", "TUNED", "PriorMethod"]

Array = npt.NDArray[np.float64]

PRIOR, TUNED, MEAN = "prior", "tuned prior", "mean of prior and tuned prior"
LONGER = "longer tuned prior"


@dataclass(frozen=True)
class PriorMethod(Alone):
    """The median of the prior's quantiles; without season its geometric mean with the optimized Theta.

    Parameters
    ----------
    name : str
        `PRIOR`, `TUNED`, `LONGER` (by ten times as many updates) or `MEAN` (of the weights of the first two).
    spread : Spread
        The network with those weights.
    """

    name: str
    spread: Spread

    @property
    def label(self) -> str:
        """Its name, and that of its partner."""
        return f"{self.name} with {PARTNER}" if self.spread.has_partner else self.name

    def forecast(self, place: str, panel: Panel, n_threads: int) -> Array:
        """Forecast every channel of every series alone."""
        return rejoined(self.spread.median(self.spread.quantiles(panel, n_threads)), panel)

    def outlook(
        self, place: str, newest: Panel, levels: Sequence[float], n_threads: int
    ) -> tuple[Array, dict[str, Array]]:
        """Forecast with intervals, both from the same quantiles."""
        quantiles = self.spread.quantiles(newest, n_threads)
        forecasts = rejoined(self.spread.median(quantiles), newest)
        return forecasts, self.spread.bounds(place, newest, forecasts, levels, n_threads, quantiles)
