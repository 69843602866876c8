"""Stand-ins for sktime, aeon and PyTorch: the pages of their adapters need no such library, nor differ with it."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

from sphinx.ext.autodoc.mock import mock

import elman.interop.torch

BASES = {
    "aeon": {"classification": "BaseClassifier"},
    "sktime": {"classification.base": "BaseClassifier", "forecasting.base": "BaseForecaster"},
}
TORCH = {"drop_in": ("GRU", "LSTM", "RNN"), "model": ("Ensemble", "Model")}


def setup(_: object) -> dict[str, bool]:
    """Put empty base classes where the adapters import theirs; import the modules of PyTorch without PyTorch."""
    for package, modules in BASES.items():
        _module(package)
        for name, base in modules.items():
            full = f"{package}.{name}"
            setattr(_module(full), base, type(base, (), {"__module__": full}))
    with mock(["torch"]):
        for name, classes in TORCH.items():
            module = import_module(f"elman.interop.torch.{name}")
            for found in classes:
                setattr(elman.interop.torch, found, getattr(module, found))
    return {"parallel_read_safe": True}


def _module(name: str) -> ModuleType:
    sys.modules[name] = module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, origin="a stand-in of the site")
    return module
