"""The libraries: one module each, with the same functions.

``train(problem)``, ``forward(problem)`` and ``stream(problem)`` return the library's candidate settings by name; a
module without one of them is skipped for it. No side computes the gradient of the input.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy.typing as npt

MODULES = {"PyTorch": ("torch", "torch_peer"), "JAX": ("jax", "jax_peer"), "ONNX Runtime": ("onnxruntime", "onnx_peer")}
OURS = "Elman"


class Run(NamedTuple):
    """One piece of work in one library."""

    call: Callable[[], object]  # the timed call; it returns when the work is done
    result: Callable[[], dict[str, npt.NDArray[Any]]]  # its results by name, in Elman's layout


def installed() -> dict[str, ModuleType]:
    """Import the installed libraries, Elman first."""
    found = {OURS: importlib.import_module("speed.peers.elman_side")}
    for name, (package, module) in MODULES.items():
        if importlib.util.find_spec(package) is not None:
            found[name] = importlib.import_module(f"speed.peers.{module}")
    return found
