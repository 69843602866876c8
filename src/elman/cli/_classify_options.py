"""The options of ``elman classify train``, in groups, and those that other commands of sequences share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli._command import usage_error
from elman.cli._common import (
    Checkpoint,
    LayerNorm,
    ProjectionSize,
    Quiet,
    Resume,
    Seed,
    Threads,
    check_choice,
    count_or_auto,
    sizes_of,
)

__all__ = ["METHODS", "SIMPLE", "Check", "Columns", "Id", "Label", "Network", "Run", "Time"]

METHODS = ("most frequent", "linear", "1-NN Euclidean", "1-NN DTW", "convolutions")
SIMPLE = {name.lower().replace(" ", "-"): name for name in METHODS}

Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of the names of sequences.")]
Time = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of times; without one, rows are in order.")]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of classes.")]
Save = Annotated[Path | None, typer.Option(metavar="MODEL", help="Write the fitted classifier.")]
Test = Annotated[Path | None, typer.Option(metavar="FILE", help="Check on this file instead of a part.")]
Share = Annotated[float, typer.Option(min=0.0, max=0.9, help="Share to hold out for a check; 0: none.")]
Method = Annotated[
    str, typer.Option(help=f"What to fit and save: network; {', '.join(SIMPLE)}; best: what wins the check.")
]
Window = Annotated[str, typer.Option(help="Values that the network sees per step, or auto.")]
Stride = Annotated[str, typer.Option(help="Values by which the window moves, or auto.")]
Cell = Annotated[str, typer.Option(help="gru, lstm or rnn.")]
HiddenSize = Annotated[
    str, typer.Option(metavar="INTEGERS", help="Units of the recurrent layer, or of each layer: 64,32.")
]
Tune = Annotated[bool, typer.Option("--tune", help="Choose window, stride, readout, cell and size by short fits.")]
Updates = Annotated[str, typer.Option(help="Gradient steps, or auto.")]
Balanced = Annotated[bool, typer.Option("--balanced", help="Give rare classes more weight.")]
TrainingPlot = Annotated[
    Path | None, typer.Option(metavar="PNG", help="Draw the learning curve and the confusion matrix.")
]


@dataclass(frozen=True)
class Columns:
    """Options of the columns."""

    id_: Id = None
    time: Time = None
    label: Label = None


@dataclass(frozen=True)
class Check:
    """Options of the check, and of what is fitted after it."""

    save: Save = None
    test: Test = None
    check: Share = 0.2
    method: Method = "network"
    plot: TrainingPlot = None

    def refuse_wrong(self) -> None:
        """Refuse an unknown method, and what only a check can give."""
        check_choice("--method", self.method, ("network", *SIMPLE, "best"))
        if self.test is None and self.check == 0:
            _refuse_without_check(self.method, self.plot)


@dataclass(frozen=True)
class Network:
    """Options of the network."""

    window: Window = "auto"
    stride: Stride = "auto"
    cell: Cell = "gru"
    hidden_size: HiddenSize = "64"
    projection_size: ProjectionSize = None
    layer_norm: LayerNorm = False
    tune: Tune = False
    updates: Updates = "auto"
    balanced: Balanced = False

    def refuse_wrong(self) -> None:
        """Refuse an unknown cell, and numbers that cannot be read."""
        check_choice("--cell", self.cell, ("gru", "lstm", "rnn"))
        _ = self.settings

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments of the classifier."""
        found: dict[str, Any] = {"cell": self.cell, "layer_norm": self.layer_norm, "tune": self.tune}
        found |= {"window": count_or_auto("--window", self.window), "stride": count_or_auto("--stride", self.stride)}
        found |= {"hidden_size": sizes_of("--hidden-size", self.hidden_size), "projection_size": self.projection_size}
        found |= {"updates": count_or_auto("--updates", self.updates)}
        return found | {"class_weight": "balanced" if self.balanced else None}


@dataclass(frozen=True)
class Run:
    """Options of the run."""

    checkpoint: Checkpoint = None
    resume: Resume = False
    seed: Seed = 0
    threads: Threads = None
    quiet: Quiet = False


def _refuse_without_check(method: str, plot: Path | None) -> None:
    """Refuse what only a check can give."""
    if method == "best" or (method in SIMPLE and plot is not None):
        what = f"--method {method}" if method == "best" else f"--plot with --method {method}"
        usage_error(f"{what} needs a check: leave out --check 0, or pass --test FILE.")
