"""Truncated backpropagation through time: a bound on the length of paths, and a stream in chunks."""

from __future__ import annotations

import numpy as np

from elman.explain.blocks import Block, Lesson, Shown, Text, table
from elman.explain.lessons._common import begun, shown
from elman.explain.tracing import Trace, trace
from elman.network import Architecture, Network, State

X = np.array([1.0, 0.5, -0.5, 1.0])
Y = np.array([0.5, 1.0, 0.5, 0.0])
CHUNK = 2
_W_H = "layers.0.W_h"


def truncated_bptt() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "truncated-bptt",
        "T outputs have T (T + 1) / 2 paths. Truncation leaves out long paths. It saves work and memory, but the "
        "gradient is not exact. There are two kinds: a bound on the length of every path, and chunks of a stream. "
        "The state is carried from chunk to chunk, the gradient is not.",
    )
    lesson.traces["full"] = worked(None)
    lesson.traces["depth"] = worked(2)
    lesson.traces["second-chunk"] = second_chunk()
    lesson.add("One network, three gradients", *_compared(lesson.traces["full"], lesson.traces["depth"]))
    lesson.add("All paths", Shown("full", "Four steps, ten paths"))
    lesson.add("Paths of at most two steps", Shown("depth", "t − k < 2: seven paths are kept, three are dropped"))
    lesson.add(
        "The second chunk",
        Text(
            "Its initial state is the last state of the first chunk. It is a constant here: no path leaves the chunk."
        ),
        Shown("second-chunk", "Steps 3 and 4 with the carried state as h_0"),
    )
    return lesson


def network() -> Network:
    """Return one tanh unit with all weights 1, except W_h = 0.8."""
    return Network(Architecture(1, 1, cell="rnn", hidden_size=1, bias=False), np.array([1.0, 0.8, 1.0]))


def worked(depth: int | None) -> Trace:
    """Return the trace of all four steps with a bound on the length of paths."""
    x, y = X[:, np.newaxis, np.newaxis], Y[:, np.newaxis, np.newaxis]
    title = "All paths" if depth is None else f"Paths of at most {depth} steps"
    return trace(network(), x, y, loss="half_squared_error", reduction="sum", bptt_depth=depth, title=title)


def second_chunk() -> Trace:
    """Return the trace of steps 3 and 4 that starts from the state after step 2."""
    x, y = X[CHUNK:, np.newaxis, np.newaxis], Y[CHUNK:, np.newaxis, np.newaxis]
    carried = worked(None).chains.chains[0].layers[0].h[CHUNK : CHUNK + 1]
    return trace(
        network(), x, y, loss="half_squared_error", reduction="sum", state=State(carried), title="Second chunk"
    )


def sums(full: Trace) -> dict[str, float]:
    """Return ∂L/∂W_h with all paths, with t − k < 2, and in chunks of two steps."""
    found = dict.fromkeys(("all", "depth", "chunks"), 0.0)
    for leg in full.first.paths.legs:
        value = full.first.paths.contribution(leg, _W_H).item()
        found["all"] += value
        found["depth"] += value * (leg.t - leg.k < 2)
        found["chunks"] += value * _within(leg.t, leg.k)
    return found


def _within(t: int, k: int) -> bool:
    """Return whether steps t and k are in one chunk."""
    return (t - 1) // CHUNK == (k - 1) // CHUNK


def _compared(full: Trace, cut: Trace) -> list[Block]:
    paths, total = full.first.paths, sums(full)
    rows = []
    for leg in sorted(paths.legs, key=lambda leg: (leg.t, -leg.k)):
        value = shown(paths.contribution(leg, _W_H))
        kept = leg.t - leg.k < 2, _within(leg.t, leg.k)
        rows.append([str(leg.t), str(leg.k), value, *(value if keep else "dropped" for keep in kept)])
    rows.append(["sum", "", *(f"{total[name]:.6f}" for name in total)])
    counts = [[str(T), str(T * (T + 1) // 2), str(2 * T - 1)] for T in (4, 20, 100)]
    return [
        table("∂L/∂W_h: contribution of every path", ["t", "k", "all paths", "t − k < 2", "chunks of 2 steps"], rows),
        Text(
            "`bptt_depth=2` drops the paths with t − k ≥ 2, for every output alike. Chunks drop the paths that cross a "
            "border between chunks: output 4 keeps its path to step 3, output 3 loses its path to step 2. "
            "`bptt_depth=1` keeps the paths with k = t only: it holds the previous state constant."
        ),
        table("Number of paths", ["T", "all", "t − k < 2"], counts),
        Text(
            f"The loss is {full.epochs[0].loss:.6f} in all three cases: truncation changes the gradient, not the "
            f"forward pass. The gradient is {shown(full.epochs[0].gradient[_W_H])} with all paths and "
            f"{shown(cut.epochs[0].gradient[_W_H])} with paths of at most two steps."
        ),
    ]
