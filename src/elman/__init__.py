"""Recurrent neural networks for sequences, on the CPU.

Importing this package is quick and silent: every name below is imported from its module at its first use.
pandas, scikit-learn, matplotlib and the rest are imported by the functions that need them.

Examples
--------
>>> import elman
>>> elman.Architecture(input_size=3, output_size=1, cell="gru", hidden_size=8).cell
'gru'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from elman.errors import (
    ArgumentError,
    ConvergenceWarning,
    DataError,
    ElmanError,
    ElmanWarning,
    FileFormatError,
    InterchangeError,
    MissingExtraError,
    ShapeError,
    TrainingError,
    UnsupportedError,
)

# Not lazy: a later import of the module elman.load would replace the function of the same name.
from elman.load import load

if TYPE_CHECKING:
    from elman import engine, explain, reference
    from elman.forecasting import Forecaster
    from elman.forecasting.audit import audit
    from elman.network import Architecture, Network
    from elman.notebook import plot_history
    from elman.sequences import SequenceClassifier, SequenceRegressor, SequenceTagger
    from elman.text import LanguageModel

__version__ = "0.1.0"

__all__ = [
    "Architecture",
    "ArgumentError",
    "ConvergenceWarning",
    "DataError",
    "ElmanError",
    "ElmanWarning",
    "FileFormatError",
    "Forecaster",
    "InterchangeError",
    "LanguageModel",
    "MissingExtraError",
    "Network",
    "SequenceClassifier",
    "SequenceRegressor",
    "SequenceTagger",
    "ShapeError",
    "TrainingError",
    "UnsupportedError",
    "__version__",
    "audit",
    "engine",
    "explain",
    "load",
    "plot_history",
    "reference",
]

_LAZY = {
    "Architecture": "elman.network",
    "Forecaster": "elman.forecasting",
    "LanguageModel": "elman.text",
    "Network": "elman.network",
    "SequenceClassifier": "elman.sequences",
    "SequenceRegressor": "elman.sequences",
    "SequenceTagger": "elman.sequences",
    "audit": "elman.forecasting",
    "plot_history": "elman.notebook",
}
_MODULES = ("engine", "explain", "reference")


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"elman.{name}")
    else:
        raise AttributeError(f"module 'elman' has no attribute {name!r}")
    globals()[name] = value  # later uses find it there
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
