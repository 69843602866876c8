"""Pictures of what mattered: the rise of the error for each input, and the changes of each step of a forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from elman.notebook.figures import ELMAN, GRID, INK, MUTED, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_contributions", "plot_importance"]

_MOST = 20  # inputs
_SHARED = 3  # columns of contributions before the inputs: series, time, forecast


def plot_importance(table: pd.DataFrame, metric: str) -> Figure:
    """Draw the rise of the error for each input as bars, the most important on top.

    Parameters
    ----------
    table : DataFrame
        See `elman.forecasting.Importance`; the first twenty rows are drawn.
    metric : str
        Name of the errors.
    """
    shown = table.head(_MOST).iloc[::-1]
    figure = new_figure((6.5, 1.2 + 0.32 * len(shown)))
    axes = figure.add_subplot()
    axes.barh(shown["input"], shown["rise"], xerr=shown["deviation"], color=ELMAN, ecolor=MUTED)
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.set_xlabel(f"rise of {metric} when shuffled", color=INK)
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)
    return figure


def plot_contributions(table: pd.DataFrame) -> Figure:
    """Draw the changes of one series' forecast as bars on top of one another, step by step.

    Parameters
    ----------
    table : DataFrame
        See `elman.forecasting.Contributions`; rows of one series.
    """
    from matplotlib import colormaps

    figure = new_figure((8.0, 3.6))
    axes = figure.add_subplot()
    places = np.arange(len(table))
    above, below = np.zeros(len(table)), np.zeros(len(table))
    for number, name in enumerate(table.columns[_SHARED:]):
        change = table[name].to_numpy(np.float64)
        base = np.where(change >= 0, above, below)
        axes.bar(places, change, bottom=base, label=str(name), color=colormaps["tab20"](number % 20))
        above, below = above + np.maximum(change, 0.0), below + np.minimum(change, 0.0)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.set_xticks(places, [str(time).removesuffix(" 00:00:00") for time in table["ds"]], rotation=45, ha="right")
    axes.set_ylabel("change of the forecast", color=INK)
    axes.set_title(str(table["unique_id"].iloc[0]), loc="left", color=INK)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    axes.legend(fontsize="small", ncols=2, frameon=False)
    return figure
