"""Single layers: the training step and the forward pass, and streaming steps of batch 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from speed.bars import Bar, layer_bar, streaming_bar
from speed.peers import OURS, Run
from speed.problem import Problem
from speed.shapes import Shape
from speed.timing import FMALoop, Timings, fastest, interleave

Check = Callable[[str, dict[str, Any]], float]
FUNCTION = {"train step": "train", "forward": "forward", "streaming": "stream"}


def compare_sides(
    variants: Mapping[str, Mapping[str, Run]],
    check: Check,
    seconds: float,
    at_once: int = 1,
    beside: Mapping[str, Run] | None = None,
) -> tuple[Timings, dict[str, Any]]:
    """Check every setting of every library, find the best of each, and alternate these with the FMA loop.

    ``at_once`` is the number of work items per call; sides in ``beside`` are timed too but not compared. Returns the
    timings and the fields of a row that do not depend on the timings.
    """
    worst, settings, tried, known = {}, {}, {}, {}
    for name, runs in variants.items():
        worst[name] = max(check(f"{name}, {key}", run.result()) for key, run in runs.items())
        settings[name], figures = fastest({key: run.call for key, run in runs.items()})
        known[name] = figures[settings[name]]
        if len(runs) > 1:
            tried[name] = {key: round(value * 1e3 / at_once, 6) for key, value in figures.items()}
    loop = FMALoop()
    sides = {name: runs[settings[name]].call for name, runs in variants.items()}
    others = {name: run.call for name, run in (beside or {}).items()}
    timings = interleave({**sides, **others, loop.name: loop}, seconds, OURS, known)
    peers = {name: timings.median(name) for name in sides if name != OURS}
    best = min(peers, key=peers.__getitem__) if peers else None
    return timings, {
        "median_ms": {name: round(timings.median(name) * 1e3 / at_once, 6) for name in (*sides, *others)},
        "settings": {name: key for name, key in settings.items() if name != OURS},
        "tried_ms": tried,
        "fma_loop_gflops": round(loop.rate(timings.median(loop.name)), 1),
        "fastest_peer": best,
        "ratio": None if best is None else round(peers[best] / timings.median(OURS), 3),
        "spread": round(timings.worst_spread(OURS), 3),
        "rounds": len(timings.rounds[OURS]),
        "largest_relative_difference": {name: float(f"{value:.2g}") for name, value in worst.items()},
    }


def measure_layer(task: str, problem: Problem, peers: Mapping[str, ModuleType], seconds: float) -> dict[str, Any]:
    """Check, then time one shape and task; return a row."""
    shape, function = problem.shape, FUNCTION[task]
    variants = {name: getattr(peer, function)(problem) for name, peer in peers.items() if hasattr(peer, function)}
    timings, row = compare_sides(variants, problem.check, seconds)
    steps = 1 if task == "streaming" else shape.T
    operations = shape.operations("forward" if task == "streaming" else task) * steps // shape.T
    gflops = operations / timings.median(OURS) / 1e9
    fraction = gflops / row["fma_loop_gflops"]
    bar = streaming_bar(shape) if task == "streaming" else layer_bar(task, shape)
    row |= {"gflops": round(gflops, 1), "fraction_of_fma_loop": round(fraction, 3)}
    return describe(shape, task) | row | verdict(bar, row["ratio"], fraction)


def describe(shape: Shape, task: str) -> dict[str, Any]:
    """Return the fields that describe a row."""
    return {
        "task": task,
        "shape": shape.name if task != "streaming" else stream_name(shape),
        "cell": shape.cell,
        "T": shape.T if task != "streaming" else 1,
        "N": shape.N,
        "D": shape.D,
        "H": shape.H,
        "layers": shape.layers,
        "note": shape.note,
    }


def stream_name(shape: Shape) -> str:
    times = f"{shape.layers}×" if shape.layers > 1 else ""
    return f"{times}{shape.cell.upper()} {shape.D}→{shape.H}"


def verdict(bar: Bar | None, ratio: float | None, fraction: float | None = None) -> dict[str, Any]:
    """Return the bar's fields; no verdict without a bar or without peers."""
    return {"bar": None, "met": None, "met_by": None} if bar is None or ratio is None else bar.judge(ratio, fraction)
