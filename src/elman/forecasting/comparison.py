"""What the candidates of a fit forecast of the values that were held out, and which of them was delivered."""

from __future__ import annotations

from dataclasses import dataclass

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
