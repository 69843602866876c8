"""The plot of a gradient-flow report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from elman.notebook.figures import GRID, INK, MUTED, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_flow"]

_COLORS = ("#1668b8", "#d9822b", "#2f8f5b", "#8a4fb0", "#b83b5e", "#3b8ea5")
_LEAST = 1e-6  # lower ends of both scales


class Layer(Protocol):
    """Attributes of a `LayerFlow` that are drawn."""

    @property
    def name(self) -> str:
        """Name of the layer."""

    @property
    def relative(self) -> npt.NDArray[Any]:
        """Gradient norm relative to lag 0 (L,)."""

    @property
    def units(self) -> npt.NDArray[Any]:
        """The same, unit by unit (L, H)."""

    @property
    def reach(self) -> int:
        """Last lag at which at least 1 % of the gradient arrives."""


def plot_flow(layers: Sequence[Layer]) -> Figure:
    """Draw the gradient at every lag: a curve for each layer, a heat map of its units.

    Parameters
    ----------
    layers : sequence of LayerFlow
        From the input upwards.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure((9.0, 3.2 + 2.6 * len(layers)), dpi=110)
    axes = figure.subplots(1 + len(layers), 1, sharex=True)
    _plot_curves(axes[0], layers)
    for ax, layer in zip(axes[1:], layers, strict=True):
        _plot_units(figure, ax, layer)
    axes[-1].set_xlabel("lag: steps between a state and the output", fontsize=9, color=MUTED)
    return figure


def _plot_curves(ax: Axes, layers: Sequence[Layer]) -> None:
    for i, layer in enumerate(layers):
        color = _COLORS[i % len(_COLORS)]
        ax.plot(np.maximum(layer.relative, _LEAST), color=color, linewidth=1.6, label=layer.name)
        ax.axvline(layer.reach, color=color, linewidth=0.8, linestyle=":")
    ax.axhline(0.01, color=MUTED, linewidth=0.8, linestyle="--")
    ax.annotate("1 %", (0.995, 0.012), xycoords=("axes fraction", "data"), ha="right", fontsize=8, color=MUTED)
    ax.set_yscale("log")
    ax.set_ylim(bottom=_LEAST)
    ax.set_title("Gradient norm relative to lag 0", loc="left", fontsize=10, color=INK)
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.legend(frameon=False, fontsize=9)
    _plain(ax)


def _plot_units(figure: Figure, ax: Axes, layer: Layer) -> None:
    """Plot the units in order of the gradient they carry, the largest first."""
    lag = np.arange(len(layer.units))
    units = layer.units[:, np.argsort(-(lag @ layer.units))].T
    image = ax.imshow(
        np.log10(np.maximum(units, _LEAST)), aspect="auto", cmap="magma", vmin=np.log10(_LEAST), vmax=0.0,
        interpolation="nearest", extent=(-0.5, len(lag) - 0.5, len(units) - 0.5, -0.5),
    )  # fmt: skip
    bar = figure.colorbar(image, ax=ax, pad=0.01, ticks=[-6, -4, -2, 0])
    bar.ax.set_yticklabels(["$10^{-6}$", "$10^{-4}$", "1 %", "1"], fontsize=8, color=MUTED)
    bar.outline.set_visible(False)
    ax.set_title(f"{layer.name}, unit by unit", loc="left", fontsize=10, color=INK)
    ax.set_ylabel("units, largest gradient first", fontsize=9, color=MUTED)
    _plain(ax)


def _plain(ax: Axes) -> None:
    ax.spines[:].set_visible(False)
    ax.tick_params(labelsize=8, colors=MUTED, which="both")
