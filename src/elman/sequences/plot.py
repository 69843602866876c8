"""Pictures of a classifier: how it learned, and what it takes for what."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.sequences.report import Report
from elman.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_png"]

_INK, _MUTED, _ELMAN, _HELD_OUT, _GRID = "#1f2933", "#7b8794", "#1668b8", "#d9822b", "#eef2f6"
_MOST_NUMBERS = 20  # classes up to which every cell has its number
_LONGEST = 30  # characters of a class's name


def plot_png(report: Report | None, histories: Sequence[History] = ()) -> bytes:
    """Draw a confusion matrix, learning curves, or both side by side.

    Parameters
    ----------
    report : Report or None
        From `class_report`.
    histories : sequence of History
        Of the networks of an ensemble; empty for no learning curves.

    Returns
    -------
    bytes
        A PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = int(bool(histories)) + int(report is not None)
    figure = Figure(figsize=(1.0 + 5.5 * panels, 5.0), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = iter(figure.subplots(1, panels, squeeze=False).ravel())
    if histories:
        _draw_curves(next(axes), histories)
    if report is not None:
        _draw_matrix(next(axes), report)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw_curves(ax: Axes, histories: Sequence[History]) -> None:
    """Draw the loss of every update, its running mean, and the loss on the held-out part if there was one."""
    for i, history in enumerate(histories):
        ax.plot(history.update, history.loss, color=_ELMAN, alpha=0.12, linewidth=0.8)
        width = max(1, len(history.loss) // 30)
        mean = np.convolve(history.loss, np.full(width, 1 / width), mode="valid")
        label = "training, running mean" if i == 0 else None
        ax.plot(np.arange(width, len(history.loss) + 1), mean, color=_ELMAN, linewidth=1.4, label=label)
        if history.score:
            label = "held out" if i == 0 else None
            ax.plot(history.validation_update, history.score, color=_HELD_OUT, linewidth=1.4, label=label)
    ax.set_yscale("log")
    ax.set_title("Loss", loc="left", fontsize=10, color=_INK)
    ax.set_xlabel("update", fontsize=9, color=_MUTED)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=9, colors=_MUTED, which="both")
    ax.grid(axis="y", color=_GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.legend(frameon=False, fontsize=9)


def _short(name: str) -> str:
    """Cut a name that would leave no room for the picture."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _draw_matrix(ax: Axes, report: Report) -> None:
    """Draw the confusion matrix, shaded by the share of each actual class."""
    share = report.matrix / np.maximum(report.matrix.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0)
    names: list[Any] = [_short(str(name)) for name in report.classes]
    upright = 90 if max(map(len, names)) > 4 else 0
    ax.set_xticks(range(len(names)), names, rotation=upright, parse_math=False)  # a name may hold dollar signs
    ax.set_yticks(range(len(names)), names, parse_math=False)
    if len(names) <= _MOST_NUMBERS:
        for (i, j), count in np.ndenumerate(report.matrix):
            if count:
                color = "white" if share[i, j] > 0.6 else _INK
                ax.text(j, i, str(count), ha="center", va="center", fontsize=9, color=color)
    ax.set_title(f"Accuracy {report.accuracy:.1%}", loc="left", fontsize=10, color=_INK)
    ax.set_xlabel("predicted", fontsize=9, color=_MUTED)
    ax.set_ylabel("actual", fontsize=9, color=_MUTED)
    ax.tick_params(labelsize=9, colors=_MUTED, length=0)
    ax.spines[:].set_visible(False)
