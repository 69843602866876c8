"""A baseline of `elman.forecasting.baselines`, with intervals from the prior's quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elman.forecasting.baselines import BASELINES, INTERMITTENT
from elman.forecasting.channels import flat, rejoined
from elman.forecasting.methods.alone import Alone
from elman.forecasting.methods.spread import Spread
from elman.forecasting.panel import Panel

__all__ = ["BaselineMethod"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BaselineMethod(Alone):
    """One of the baselines.

    Parameters
    ----------
    name : str
        Key of `elman.forecasting.BASELINES`.
    spread : Spread
        Of the prior, for the intervals.
    """

    name: str
    spread: Spread

    @property
    def label(self) -> str:
        """Its name."""
        return self.name

    @property
    def of_counts(self) -> str | None:
        """Its name if it is a baseline for demand."""
        return self.name if self.name in INTERMITTENT else None

    def forecast(self, place: str, panel: Panel, n_threads: int) -> Array:
        """Forecast every channel of every series alone."""
        self.refuse(place, panel)
        function, horizon, season = BASELINES[self.name], self.spread.horizon, self.spread.seasons[0]
        return rejoined(np.stack([function(values, horizon, season) for values in flat(panel)]), panel)
