"""What the candidates of a fit forecast of the values that were held out, and which of them was delivered."""

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
        NaN where there was nothing to score.
    metric : str
        ``"MASE"`` or ``"MAE"``.
    baselines : tuple of str
        Which candidates are baselines.
    decision : Decision
        What is delivered, and why.
    labels : dict of str to str
        What candidates are called in a table.
    """

    past: Past
    forecasts: dict[str, Array]
    errors: dict[str, Array]
    metric: str
    baselines: tuple[str, ...]
    decision: Decision
    labels: dict[str, str]

    def in_order(self, rows: npt.NDArray[np.int64]) -> Comparison:
        """Return the same with the series of the fit in another order; ``rows`` are their places now.

        Series of several channels have no names to be sorted by, so that every row is a series.
        """
        places = np.argsort(rows)[self.past.rows]
        order = np.argsort(places)
        past = replace(self.past, panel=self.past.panel.select(order), rows=places[order])
        forecasts = {name: values[order] for name, values in self.forecasts.items()}
        errors = {name: values[order] for name, values in self.errors.items()}
        return replace(self, past=past, forecasts=forecasts, errors=errors)
