"""PyTorch: import and export of weights with a proof, and `torch.nn`'s recurrent modules with Elman's kernels.

`from_torch`, `to_torch`, `export_torch` and `load_torch` convert networks. `LSTM`, `GRU` and `RNN` replace the modules
of these names in `torch.nn`: the same constructor, parameters, ``state_dict`` and results, on the CPU, in float32 and
float64::

    from elman.interop.torch import LSTM        # instead of: from torch.nn import LSTM

These three, `to_torch` and `load_torch` need PyTorch; install it with ``pip install 'elman[torch]'``.
"""

from __future__ import annotations

import importlib
from typing import Any

from elman._extras import need
from elman.interop.proof import Imported
from elman.interop.torch.exchange import Exported, from_torch, to_torch
from elman.interop.torch.files import export_torch, load_torch
from elman.interop.torch.state_dict import Names, to_state_dict

__all__ = ["Exported", "Imported", "Names", "export_torch", "from_torch", "load_torch", "to_state_dict", "to_torch"]

_NEED_TORCH = {
    "Ensemble": "elman.interop.torch.model",
    "GRU": "elman.interop.torch.drop_in",
    "LSTM": "elman.interop.torch.drop_in",
    "Model": "elman.interop.torch.model",
    "RNN": "elman.interop.torch.drop_in",
}


def __getattr__(name: str) -> Any:
    if name not in _NEED_TORCH:
        raise AttributeError(f"module 'elman.interop.torch' has no attribute {name!r}")
    need(f"elman.interop.torch.{name}", "torch")
    value = getattr(importlib.import_module(_NEED_TORCH[name]), name)
    globals()[name] = value  # later uses find it without this function
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NEED_TORCH})
