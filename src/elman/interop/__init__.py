"""Import from and export to other libraries, with a proof: both sides run, and the largest difference is reported.

Functions import the other library when they need it; the extra of its name installs it.
"""

from __future__ import annotations

import importlib
from typing import Any

_LAZY = {
    "export_onnx": "elman.interop.onnx_export",
    "export_onnx_step": "elman.interop.onnx_step",
    "export_torch": "elman.interop.torch",
    "from_keras": "elman.interop.keras",
    "from_torch": "elman.interop.torch",
    "import_onnx": "elman.interop.onnx_import",
    "load_torch": "elman.interop.torch",
    "to_keras": "elman.interop.keras",
    "to_torch": "elman.interop.torch",
}

__all__ = [
    "export_onnx",
    "export_onnx_step",
    "export_torch",
    "from_keras",
    "from_torch",
    "import_onnx",
    "load_torch",
    "to_keras",
    "to_torch",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'elman.interop' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
