"""Cost of denormal numbers: the same step with inputs and upstream gradients near 1e-40."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from speed import bars
from speed.layers import describe
from speed.peers import OURS
from speed.problem import Problem
from speed.shapes import Shape
from speed.timing import fastest, interleave

SCALE = 1e-40


def measure_denormals(shape: Shape, peers: Mapping[str, ModuleType], seconds: float) -> dict[str, Any]:
    """Time the training step of Elman and PyTorch on usual and on denormal numbers; return a row.

    PyTorch's flag is set per thread and would affect Elman too, so it is off here for both.
    """
    if "PyTorch" in peers:
        import torch

        torch.set_flush_denormal(False)
    try:
        return timed(shape, peers, seconds)
    finally:
        if "PyTorch" in peers:
            torch.set_flush_denormal(True)


def timed(shape: Shape, peers: Mapping[str, ModuleType], seconds: float) -> dict[str, Any]:
    usual, denormal = Problem(shape), Problem(shape, SCALE)
    sides = {}
    for name in (OURS, "PyTorch"):
        if name not in peers:
            continue
        runs = peers[name].train(usual)
        best = fastest({key: run.call for key, run in runs.items()})[0]
        usual.check(name, runs[best].result())
        sides[name] = runs[best].call
        sides[f"{name}, denormal"] = peers[name].train(denormal)[best].call
    timings = interleave(sides, seconds, OURS, {})
    names = [name for name in (OURS, "PyTorch") if name in sides]
    slower = {name: timings.median(f"{name}, denormal") / timings.median(name) for name in names}
    return describe(shape, "denormal inputs") | {
        "median_ms": {name: round(timings.median(name) * 1e3, 6) for name in sides},
        "times_slower": {name: round(value, 3) for name, value in slower.items()},
        "ratio": round(slower[OURS], 3),
        "spread": round(timings.spread(f"{OURS}, denormal", OURS), 3),
        "bar": {"at_most": bars.DENORMALS},
        "met": slower[OURS] <= bars.DENORMALS,
        "met_by": "ratio" if slower[OURS] <= bars.DENORMALS else None,
    }
