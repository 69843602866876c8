"""Measure all rows."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from speed import bars, machine, peers
from speed.denormals import measure_denormals
from speed.layers import measure_layer, stream_name
from speed.problem import Problem
from speed.shapes import DENORMAL, LAYERS, STREAMS, THREADED, Shape
from speed.threads import measure_threads
from speed.updates import ADAM, LANGUAGE, measure_update

WHAT = (
    "median milliseconds, float32; ratio: fastest peer / Elman; fraction: matrix products per second, "
    "of the FMA loop in the same rounds"
)
Row = dict[str, Any]
Job = Callable[[], Row]
KEPT = ("shape", "cell", "T", "N", "D", "H", "layers", "note", "median_ms", "spread", "fraction_of_fma_loop")
UNSTEADY = 0.2  # spread above which a row is measured again


def wanted(only: str, task: str, shape: Shape) -> bool:
    name = stream_name(shape) if task == "streaming" else shape.name
    return only.lower() in f"{task} {name}".lower()


def jobs(sides: Mapping[str, ModuleType], seconds: float, only: str) -> Iterator[Job]:
    """Yield a function for every wanted row."""
    for shape in LAYERS:
        problem = Problem(shape)
        for task in ("train step", "forward"):
            if wanted(only, task, shape):
                yield partial(measure_layer, task, problem, sides, seconds)
    for shape in STREAMS:
        if wanted(only, "streaming", shape):
            yield partial(measure_layer, "streaming", Problem(shape), sides, seconds)
    for update in (*ADAM, LANGUAGE):
        if wanted(only, update.task, update.shape):
            yield partial(measure_update, update, sides, seconds)
    if wanted(only, "denormal inputs", DENORMAL):
        yield partial(measure_denormals, DENORMAL, sides, seconds)


def steady(row: Row) -> bool:
    """Whether the rounds agree, and no rate exceeds the machine's."""
    return bool(row["spread"] <= UNSTEADY and row.get("fraction_of_fma_loop", 0) <= 1.05)


def measured(all_jobs: Iterable[Job]) -> list[Row]:
    """Run all jobs, and repeat those with disagreeing rounds at the end; the steadier result counts."""
    found: list[Row] = []
    again: list[tuple[int, Job]] = []
    for job in all_jobs:
        found.append(told(job()))
        if not steady(found[-1]):
            again.append((len(found) - 1, job))
        gc.collect()
    for index, job in again:
        row = told(job())
        if row["spread"] < found[index]["spread"]:
            found[index] = row
        found[index]["repeated"] = True
        gc.collect()
    return found


def thread_rows(seconds: float, only: str) -> list[Row]:
    """Measure the rows of the second thread; none on a machine with one CPU."""
    sides = peers.installed()
    several = len(os.sched_getaffinity(0)) > 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) > 1
    shapes = [shape for shape in THREADED if several and wanted(only, "second thread", shape)]
    return measured(partial(measure_threads, shape, sides, seconds) for shape in shapes)


def measure(seconds: float, only: str, before: list[Row]) -> dict[str, Any]:
    """Measure all rows in this process; return the result file's content. ``before`` are rows of other processes."""
    sides = peers.installed()
    start, here = time.perf_counter(), machine.describe("torch", "jax", "jaxlib", "onnxruntime")
    found = [*measured(jobs(sides, seconds, only)), *before]
    defaults = [row for row in found if row["task"] == "train step" and row["note"] == "default forecaster"]
    found += [told(default_forecaster(row)) for row in defaults if "PyTorch" in row["median_ms"]]
    return {
        "what": WHAT,
        "machine": here,
        "load_average_after": round(os.getloadavg()[0], 2),
        "seconds_per_side": seconds,
        "seconds_in_all": round(time.perf_counter() - start, 1),
        "rows": found,
    }


def default_forecaster(row: Row) -> Row:
    """Compare the default forecaster's training step with PyTorch only."""
    ratio = row["median_ms"]["PyTorch"] / row["median_ms"][peers.OURS]
    kept = {key: row[key] for key in KEPT}
    judged = bars.DEFAULT_FORECASTER.judge(ratio, row["fraction_of_fma_loop"])
    return {"task": "default forecaster", **kept, "ratio": round(ratio, 3), **judged}


def told(row: Row) -> Row:
    """Print a finished row."""
    times = ", ".join(f"{name} {value:.4g}" for name, value in row["median_ms"].items())
    rate = f", {row['fraction_of_fma_loop']:.2f} of FMA" if "fraction_of_fma_loop" in row else ""
    met = {True: "met", False: "NOT met", None: ""}[row["met"]]
    bar = f"; bar {row['bar'].get('ratio', row['bar'].get('at_most'))} {met}" if row["bar"] else ""
    ratio = "" if row["ratio"] is None else f"ratio {row['ratio']:.2f}"
    spread = f"; spread {row['spread']:.2f}" if "spread" in row else ""
    print(f"{row['task']:>18} {row['shape']:20} {ratio}{rate}{bar}  [{times} ms{spread}]", flush=True)
    return row
