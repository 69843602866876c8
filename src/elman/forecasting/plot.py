"""Pictures of a forecast: history, what the held-out check looked like, and what comes next."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from elman.forecasting.backtest import Backtest

__all__ = ["plot_png"]

_INK, _MUTED, _ELMAN, _BASELINE, _BAND = "#1f2933", "#7b8794", "#1668b8", "#d9822b", "#eef2f6"
_MOST = 6  # panels


def plot_png(history: pd.DataFrame, forecast: pd.DataFrame, backtest: Backtest | None, seasons: int = 1) -> bytes:
    """Draw up to six series.

    Parameters
    ----------
    history : DataFrame
        Columns ``unique_id``, ``ds``, ``y``: everything known.
    forecast : DataFrame
        Columns ``unique_id``, ``ds``, ``Elman``: what comes next.
    backtest : Backtest or None
        Forecasts of the newest known values, drawn over them with the best baseline.
    seasons : int
        Values per season; decides how much history is shown.

    Returns
    -------
    bytes
        A PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(forecast["unique_id"]))[:_MOST]
    columns = 1 if len(names) == 1 else 2
    rows = -(-len(names) // columns)
    size = (10.0, 5.0) if len(names) == 1 else (12.0, 0.9 + 3.2 * rows)
    figure = Figure(figsize=size, dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, name in zip(axes, names, strict=False):
        _draw(
            ax, name, history[history["unique_id"] == name], forecast[forecast["unique_id"] == name], backtest, seasons
        )
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False, fontsize=9)
    if backtest is not None:
        figure.supxlabel(backtest.verdict, fontsize=9, color=_MUTED)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw(
    ax: Axes, name: Any, history: pd.DataFrame, forecast: pd.DataFrame, backtest: Backtest | None, seasons: int
) -> None:
    """Draw one series."""
    horizon = len(forecast)
    shown = history.tail(max(4 * horizon, 5 * seasons, 24) + horizon)
    ax.plot(shown["ds"], shown["y"], color=_INK, linewidth=1.3, label="history")
    if backtest is not None:
        held_out = backtest.forecasts[backtest.forecasts["unique_id"] == name]
        held_out = held_out[held_out["cutoff"] == held_out["cutoff"].max()]
        if len(held_out):
            ax.axvspan(held_out["ds"].iloc[0], held_out["ds"].iloc[-1], color=_BAND, zorder=0, linewidth=0)
            ax.plot(
                held_out["ds"],
                held_out[backtest.best],
                color=_BASELINE,
                linewidth=1.3,
                linestyle=":",
                label=f"held out: {backtest.best}",
            )
            ax.plot(
                held_out["ds"], held_out["Elman"], color=_ELMAN, linewidth=1.5, linestyle="--", label="held out: Elman"
            )
    joined_x = [shown["ds"].iloc[-1], *forecast["ds"]]
    joined_y = np.concatenate([[shown["y"].iloc[-1]], forecast["Elman"]])
    ax.plot(joined_x, joined_y, color=_ELMAN, linewidth=2.0, label="forecast")
    ax.set_title(str(name), loc="left", fontsize=10, color=_INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=9, colors=_MUTED)
    ax.grid(axis="y", color=_BAND, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.margins(x=0.01)
    if isinstance(shown["ds"].iloc[0], pd.Timestamp):
        from matplotlib import dates

        ticks: Any = dates  # matplotlib's dates have no type information
        locator = ticks.AutoDateLocator(minticks=4, maxticks=9)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ticks.ConciseDateFormatter(locator))
