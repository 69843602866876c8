"""The committed results of PyTorch, case by case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]
FILE = np.load(Path(__file__).with_name("torch_models.npz"))
CASES = sorted({name.split("/")[0] for name in FILE.files})
SINGLE = [case for case in CASES if "-1" in case]


def read(case: str, part: str = "") -> Arrays:
    """Return the arrays of a case, or those of its part ``weights`` or ``gradients``, by their last name."""
    start = f"{case}/{part}/" if part else f"{case}/"
    found = {name.removeprefix(start): FILE[name] for name in FILE.files if name.startswith(start)}
    return {name: array for name, array in found.items() if "/" not in name}


def activation(case: str) -> str | None:
    """Return the activation of a simple layer, which is not in a state_dict."""
    return case.split("-")[0] if case.startswith(("tanh", "relu")) else None


def blocks(arrays: Arrays, order: tuple[int, ...]) -> Arrays:
    """Return recurrent weights and biases with their gates in another order."""
    return {
        name: array if "_l" not in name else np.concatenate([np.split(array, len(order))[place] for place in order])
        for name, array in arrays.items()
    }
