"""The prior: a small recurrent network, pretrained on synthetic series, that forecasts a series it has not seen.

``load_prior()`` returns the one that comes with Elman; `elman.prior.making` makes it from nothing.
"""

from __future__ import annotations

from elman.prior.model import Prior, load_prior
from elman.prior.network import LEVELS, MEDIAN

__all__ = ["LEVELS", "MEDIAN", "Prior", "load_prior"]
