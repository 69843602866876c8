"""Forecasts of the held-out values by the candidates of a fit, and the delivered candidate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from elman.forecasting.choosing import Decision
from elman.forecasting.past import Past

__all__ = ["Comparison"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """The check of a fit.

    Parameters
    ----------
    past : Past
        The cut-offs, every channel a series of its own, with names.
    forecasts : dict of str to ndarray (S, C, K)
        By candidate.
    errors : dict of str to ndarray (S, C)
        NaN where no value is known.
    metric : str
        ``"MASE"``, ``"RMSSE"`` or ``"MAE"``.
    baselines : tuple of str
        Which candidates are baselines.
    decision : Decision
        The delivered method and the reason.
    labels : dict of str to str
        Names of candidates in a table.
    """

    past: Past
    forecasts: dict[str, Array]
    errors: dict[str, Array]
    metric: str
    baselines: tuple[str, ...]
    decision: Decision
    labels: dict[str, str]

    def in_order(self, rows: npt.NDArray[np.int64]) -> Comparison:
        """Return the same with the series of the fit in another order; ``rows`` are their present positions.

        Every row is one series: series of several channels have no names and are not sorted.
        """
        places = np.argsort(rows)[self.past.rows]
        order = np.argsort(places)
        past = replace(self.past, panel=self.past.panel.select(order), rows=places[order])
        forecasts = {name: values[order] for name, values in self.forecasts.items()}
        errors = {name: values[order] for name, values in self.errors.items()}
        return replace(self, past=past, forecasts=forecasts, errors=errors)
