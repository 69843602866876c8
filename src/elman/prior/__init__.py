"""The prior: a small recurrent network, pretrained on synthetic series, that forecasts unseen series.

``load_prior()`` returns the prior shipped with Elman; `elman.prior.making` trains it from scratch.
"""

from __future__ import annotations

from elman.prior.model import Prior, load_prior
from elman.prior.network import LEVELS, MEDIAN

__all__ = ["LEVELS", "MEDIAN", "Prior", "load_prior"]
