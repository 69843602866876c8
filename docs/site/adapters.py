"""Stand-ins for sktime and aeon, so that the pages of their adapters need neither library, nor differ with it."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

BASES = {
    "aeon": {"classification": "BaseClassifier"},
    "sktime": {"classification.base": "BaseClassifier", "forecasting.base": "BaseForecaster"},
}


def setup(_: object) -> dict[str, bool]:
    """Put modules with empty base classes where the adapters import theirs."""
    for package, modules in BASES.items():
        _module(package)
        for name, base in modules.items():
            full = f"{package}.{name}"
            setattr(_module(full), base, type(base, (), {"__module__": full}))
    return {"parallel_read_safe": True}


def _module(name: str) -> ModuleType:
    sys.modules[name] = module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, origin="a stand-in of the site")
    return module
