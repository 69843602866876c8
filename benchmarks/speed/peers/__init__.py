"""The libraries: one module each, with the same functions.

``train(problem)``, ``forward(problem)`` and ``stream(problem)`` return the library's settings worth trying, by name; a
module without one of them does not take part in it. Nobody's input asks for a gradient.
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
    """A piece of work as one library does it."""

    call: Callable[[], object]  # what is timed; it returns when the work is done
    result: Callable[[], dict[str, npt.NDArray[Any]]]  # its results by name, in Elman's layout


def installed() -> dict[str, ModuleType]:
    """Import the libraries that are here, Elman first."""
    found = {OURS: importlib.import_module("speed.peers.elman_side")}
    for name, (package, module) in MODULES.items():
        if importlib.util.find_spec(package) is not None:
            found[name] = importlib.import_module(f"speed.peers.{module}")
    return found
