"""Curves of training: the loss of every update, and what was held out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from elman.errors import ArgumentError
from elman.notebook.figures import ELMAN, GRID, INK, MUTED, OTHER, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_curves", "plot_history"]


class Trained(Protocol):
    """Attributes of a `History` that the curves need."""

    loss: list[float]
    validation_update: list[int]
    score: list[float]


def plot_history(trained: Any) -> Figure:
    """Draw how the loss fell, update by update.

    Parameters
    ----------
    trained : estimator, History or sequence of History
        A fitted estimator, or its ``history_``; each network of an ensemble has a curve.

    Returns
    -------
    matplotlib.figure.Figure
        The loss of every update, pale; its running mean; and the loss on held-out values where there are any.

    Raises
    ------
    ArgumentError
        If nothing was trained, or the history is not known, as in a model that was loaded.

    Examples
    --------
    >>> from elman import SequenceRegressor, plot_history
    >>> model = SequenceRegressor(updates=3, random_state=0).fit([[1.0], [2.0]], [1.0, 2.0])
    >>> len(plot_history(model).axes)
    1
    """
    found = getattr(trained, "history_", trained)
    histories = list(found) if isinstance(found, Iterable) else [found]
    if not all(hasattr(history, "loss") for history in histories):
        raise ArgumentError(
            f"plot_history: trained must be an estimator whose networks were trained, or its history_, "
            f"got {type(trained).__name__}."
        )
    if not any(history.loss for history in histories):
        raise ArgumentError("plot_history: the history is empty; a saved model has none.")
    figure = new_figure((6.5, 4.2))
    draw_curves(figure.subplots(), histories)
    return figure


def draw_curves(ax: Axes, histories: Sequence[Trained]) -> None:
    """Draw the loss of every update, its running mean, and the loss on the held-out part if there was one."""
    for i, history in enumerate(histories):
        ax.plot(np.arange(1, len(history.loss) + 1), history.loss, color=ELMAN, alpha=0.12, linewidth=0.8)
        width = max(1, len(history.loss) // 30)
        mean = np.convolve(history.loss, np.full(width, 1 / width), mode="valid")
        label = "training, running mean" if i == 0 else None
        ax.plot(np.arange(width, len(history.loss) + 1), mean, color=ELMAN, linewidth=1.4, label=label)
        if history.score:
            label = "held out" if i == 0 else None
            ax.plot(history.validation_update, history.score, color=OTHER, linewidth=1.4, label=label)
    ax.set_yscale("log")
    ax.set_title("Loss", loc="left", fontsize=10, color=INK)
    ax.set_xlabel("update", fontsize=9, color=MUTED)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=9, colors=MUTED, which="both")
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.legend(frameon=False, fontsize=9)
