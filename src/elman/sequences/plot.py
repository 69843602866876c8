"""Plots of a classifier: learning curves and confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.notebook.curves import draw_curves
from elman.notebook.figures import INK, MUTED, as_bytes, new_figure
from elman.sequences.report import Report
from elman.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_png"]

_MOST_NUMBERS = 20  # classes; up to this number, cells show counts
_LONGEST = 30  # characters of a class's name


def plot_png(report: Report | None, histories: Sequence[History] = ()) -> bytes:
    """Plot a confusion matrix, learning curves, or both side by side.

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
    panels = int(bool(histories)) + int(report is not None)
    figure = new_figure((1.0 + 5.5 * panels, 5.0))
    axes = iter(figure.subplots(1, panels, squeeze=False).ravel())
    if histories:
        draw_curves(next(axes), histories)
    if report is not None:
        _draw_matrix(next(axes), report)
    return as_bytes(figure)


def _short(name: str) -> str:
    """Shorten a long name."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _draw_matrix(ax: Axes, report: Report) -> None:
    """Plot the confusion matrix, shaded by the share of each actual class."""
    share = report.matrix / np.maximum(report.matrix.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0)
    names: list[Any] = [_short(str(name)) for name in report.classes]
    upright = 90 if max(map(len, names)) > 4 else 0
    ax.set_xticks(range(len(names)), names, rotation=upright, parse_math=False)  # a name may hold dollar signs
    ax.set_yticks(range(len(names)), names, parse_math=False)
    if len(names) <= _MOST_NUMBERS:
        for (i, j), count in np.ndenumerate(report.matrix):
            if count:
                color = "white" if share[i, j] > 0.6 else INK
                ax.text(j, i, str(count), ha="center", va="center", fontsize=9, color=color)
    ax.set_title(f"Accuracy {report.accuracy:.1%}", loc="left", fontsize=10, color=INK)
    ax.set_xlabel("predicted", fontsize=9, color=MUTED)
    ax.set_ylabel("actual", fontsize=9, color=MUTED)
    ax.tick_params(labelsize=9, colors=MUTED, length=0)
    ax.spines[:].set_visible(False)
