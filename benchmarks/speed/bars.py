"""Targets of the engine: a ratio to the fastest peer, or a fraction of the FMA loop, whichever is easier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from speed.shapes import Shape

# Largest H of the column: ratio of each cell.
TRAIN_STEP = [
    (16, {"lstm": 6.0, "gru": 6.0, "rnn": 6.0}),
    (64, {"lstm": 3.0, "gru": 3.0, "rnn": 2.0}),
    (128, {"lstm": 1.4, "gru": 1.8, "rnn": 1.8}),
    (256, {"lstm": 1.25, "gru": 1.25, "rnn": 1.25}),
    (1 << 30, {"lstm": 1.2, "gru": 1.2, "rnn": 1.2}),
]
FORWARD = [
    (16, {"lstm": 4.0, "gru": 4.0, "rnn": 4.0}),
    (64, {"lstm": 1.5, "gru": 2.0, "rnn": 2.0}),
    (128, {"lstm": 1.3, "gru": 1.3, "rnn": 1.3}),
    (1 << 30, {"lstm": 1.15, "gru": 1.15, "rnn": 1.15}),
]
STREAMING = {("lstm", 1, 32): 20.0, ("lstm", 64, 128): 8.0, ("lstm", 256, 256): 1.8}
UPDATE = {("lstm", 10, 32, 1, 16): 12.0, ("rnn", 10, 32, 1, 16): 25.0}  # whole training step, eager PyTorch loop
THREADS = 0.9  # speed-up by two threads, relative to that of the FMA loop
DENORMALS = 2.0  # at most this factor slower
FIT, IMPORT = 20.0, 10.0  # end to end


@dataclass(frozen=True)
class Bar:
    """A target: a sufficient ratio, and a sufficient fraction of the FMA loop."""

    ratio: float
    fraction: float | None = None

    def judge(self, ratio: float, fraction: float | None = None) -> dict[str, Any]:
        """Return the fields of a row: the bar, whether it is met, and by which part."""
        by = None
        if ratio >= self.ratio:
            by = "ratio"
        elif fraction is not None and self.fraction is not None and fraction >= self.fraction:
            by = "fraction"
        return {"bar": {"ratio": self.ratio, "fraction": self.fraction}, "met": by is not None, "met_by": by}


DEFAULT_FORECASTER = Bar(2.0, 0.55)  # training step of its shape, against PyTorch only


def layer_bar(task: str, shape: Shape) -> Bar:
    """Return the bar of a training step or forward pass."""
    table = TRAIN_STEP if task == "train step" else FORWARD
    ratios = next(ratios for largest, ratios in table if largest >= shape.H)
    return Bar(ratios[shape.cell], 0.55 if shape.H == 64 else 0.70)


def streaming_bar(shape: Shape) -> Bar | None:
    """Return the bar of one step of batch 1, or None."""
    ratio = STREAMING.get((shape.cell, shape.D, shape.H)) if shape.layers == 1 else None
    return None if ratio is None else Bar(ratio)


def update_bar(shape: Shape) -> Bar | None:
    """Return the bar of a whole training step, or None."""
    ratio = UPDATE.get((shape.cell, shape.T, shape.N, shape.D, shape.H))
    return None if ratio is None else Bar(ratio)
