"""Speed-up by a second thread, compared with that of a loop without memory accesses."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from elman.engine import num_threads
from speed import bars
from speed.layers import describe, verdict
from speed.peers import elman_side
from speed.problem import Problem
from speed.shapes import Shape
from speed.timing import FMALoop, fastest, interleave


def torch_with(n_threads: int, call: Callable[[], object]) -> Callable[[], object]:
    """Set PyTorch's threads before every call."""
    import torch

    def wrapped() -> object:
        torch.set_num_threads(n_threads)
        return call()

    return wrapped


def measure_threads(shape: Shape, peers: Mapping[str, ModuleType], seconds: float) -> dict[str, Any]:
    """Time the training step and the FMA loop with one thread and with two; return a row."""
    problem = Problem(shape)
    loops = {n: FMALoop(n) for n in (1, 2)}
    sides: dict[str, Callable[[], object]] = {f"FMA loop, {n}": loop for n, loop in loops.items()}
    for n in (1, 2):
        run = elman_side.train(problem, n)["kernels"]
        problem.check(f"Elman, {n} threads", run.result())
        sides[f"Elman, {n}"] = run.call
    if "PyTorch" in peers:
        runs = {key: run.call for key, run in peers["PyTorch"].train(problem).items()}
        best = runs[fastest(runs)[0]]
        sides |= {f"PyTorch, {n}": torch_with(n, best) for n in (1, 2)}
    timings = interleave(sides, seconds, "Elman, 1", {}, clock=time.perf_counter)
    rates = {n: loops[n].rate(timings.median(f"FMA loop, {n}")) for n in loops}
    gain = timings.median("Elman, 1") / timings.median("Elman, 2")
    ratio = gain / (rates[2] / rates[1])
    row = {
        "median_ms": {name: round(timings.median(name) * 1e3, 6) for name in sides if not name.startswith("FMA")},
        "fma_loop_gflops": {str(n): round(rate, 1) for n, rate in rates.items()},
        "speed_up": round(gain, 3),
        "fma_loop_speed_up": round(rates[2] / rates[1], 3),
        "ratio": round(ratio, 3),
        "spread": round(timings.spread("Elman, 2", "Elman, 1"), 3),
        "default_threads": num_threads(),
    }
    return describe(shape, "second thread") | row | verdict(bars.Bar(bars.THREADS), ratio)
