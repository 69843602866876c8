"""Pictures of a forecast: history, what the held-out check looked like, and what comes next with its intervals."""

from __future__ import annotations

import io
import textwrap
from typing import Any

import numpy as np
import pandas as pd

from elman.forecasting.judgement import Backtest
from elman.forecasting.verdicts import MODEL

__all__ = ["plot_png"]

_INK, _MUTED, _ELMAN, _BASELINE, _BAND = "#1f2933", "#7b8794", "#1668b8", "#d9822b", "#eef2f6"
_MOST = 12  # panels
_ROOM = 0.7  # how far intervals are shown beyond the lines, in heights of these
_VERDICT = 13  # characters of a line below the panels, per inch


def plot_png(
    history: pd.DataFrame,
    forecast: pd.DataFrame,
    backtest: Backtest | None,
    seasons: int = 1,
    baseline: pd.DataFrame | None = None,
    method: str = "",
    *,
    form: str = "png",
) -> bytes:
    """Draw up to twelve series.

    Parameters
    ----------
    history : DataFrame
        Columns ``unique_id``, ``ds``, ``y``: everything known.
    forecast : DataFrame
        Columns ``unique_id``, ``ds``, ``Elman`` and perhaps ``Elman-lo-80``, ``Elman-hi-80``, …: what comes next.
    backtest : Backtest or None
        Forecasts of the newest known values, drawn over them with the best baseline.
    seasons : int
        Values per season; decides how much history is shown.
    baseline : DataFrame, optional
        Columns ``unique_id``, ``ds`` and the best baseline's name: what it says comes next.
    method : str
        What is delivered, for the legend.
    form : {"png", "svg", "pdf"}
        Kind of the picture.

    Returns
    -------
    bytes
        A file.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    every = list(dict.fromkeys(forecast["unique_id"]))
    names = every[:_MOST]
    columns = 1 if len(names) == 1 else 2 if len(names) <= 6 else 3
    rows = -(-len(names) // columns)
    size = (10.0, 5.2) if len(names) == 1 else (5.2 * columns, 1.0 + 2.9 * rows)
    figure = Figure(figsize=size, dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    groups = [
        None if frame is None else dict(iter(frame[frame["unique_id"].isin(names)].groupby("unique_id", sort=False)))
        for frame in (history, forecast, _held_out(backtest), baseline)
    ]
    for ax, name in zip(axes, names, strict=False):
        _draw_series(ax, name, [None if group is None else group.get(name) for group in groups], seasons, method)
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    figure.supxlabel(_caption(backtest, len(every), int(_VERDICT * size[0])), fontsize=9, color=_MUTED)
    buffer = io.BytesIO()
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)  # the same picture, the same bytes
    with rc_context({"svg.hashsalt": "elman"}):
        figure.savefig(buffer, format=form, metadata=undated)
    return buffer.getvalue()


def _held_out(backtest: Backtest | None) -> pd.DataFrame | None:
    """Take the newest cut-off of each series; the best baseline's column is called ``baseline``."""
    if backtest is None:
        return None
    frame = backtest.forecasts
    newest = frame[frame["cutoff"] == frame.groupby("unique_id", sort=False)["cutoff"].transform("max")]
    return newest.assign(baseline=newest[backtest.best], name=backtest.best)


def _caption(backtest: Backtest | None, series: int, width: int) -> str:
    """Write the verdict, and how many series are not shown."""
    parts = [] if backtest is None else [backtest.verdict]
    if series > _MOST:
        parts.append(f"The first {_MOST} of {series:,} series.")
    text = " ".join(parts)
    return "\n".join(textwrap.wrap(text, width))


def _draw_series(ax: Any, name: Any, frames: list[Any], seasons: int, method: str) -> None:
    """Draw one series: its history, the check, the forecast."""
    history, forecast, held_out, baseline = frames
    shown = history.tail(max(4 * len(forecast), 5 * seasons, 24) + len(forecast))
    ax.plot(shown["ds"], shown["y"], color=_INK, linewidth=1.3, label="history", zorder=3)
    if held_out is not None:
        _draw_check(ax, held_out)
    last = shown[shown["y"].notna()].iloc[-1]
    times = [last["ds"], *forecast["ds"]]
    _draw_intervals(ax, times, float(last["y"]), forecast)
    if baseline is not None:
        values = [float(last["y"]), *baseline[baseline.columns[-1]]]
        ax.plot(times, values, color=_BASELINE, linewidth=1.3, linestyle=":", zorder=4)
    values = [float(last["y"]), *forecast[MODEL]]
    ax.plot(
        times,
        values,
        color=_ELMAN,
        linewidth=2.0,
        label=f"forecast: {MODEL}{f' ({method})' if method else ''}",
        zorder=5,
    )
    _limit(ax)
    ax.set_title(str(name), loc="left", fontsize=10, color=_INK, parse_math=False)  # a name may hold dollar signs
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(_MUTED)
    ax.tick_params(labelsize=9, colors=_MUTED)
    ax.grid(axis="y", color=_BAND, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.margins(x=0.01)
    if isinstance(last["ds"], pd.Timestamp):
        _date_axis(ax)


def _limit(ax: Any) -> None:
    """Let wide intervals leave the picture rather than flatten the series."""
    drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in ax.get_lines()])
    low, high = np.nanmin(drawn), np.nanmax(drawn)
    room = _ROOM * (high - low)
    bottom, top = ax.get_ylim()
    if high > low:
        ax.set_ylim(max(bottom, low - room), min(top, high + room))


def _draw_check(ax: Any, held_out: pd.DataFrame) -> None:
    """Shade the part that was held out, and draw what was expected of it."""
    ax.axvspan(held_out["ds"].iloc[0], held_out["ds"].iloc[-1], color=_BAND, zorder=0, linewidth=0, label="held out")
    ax.plot(
        held_out["ds"],
        held_out["baseline"],
        color=_BASELINE,
        linewidth=1.3,
        linestyle=":",
        label=f"best baseline: {held_out['name'].iloc[0]}",
        zorder=4,
    )
    ax.plot(
        held_out["ds"],
        held_out[MODEL],
        color=_ELMAN,
        linewidth=1.5,
        linestyle="--",
        label="Elman on what was held out",
        zorder=4,
    )


def _draw_intervals(ax: Any, times: list[Any], last: float, forecast: pd.DataFrame) -> None:
    """Fill the intervals, the widest first and palest, opening from the last known value."""
    levels = [name.removeprefix(f"{MODEL}-lo-") for name in forecast.columns if name.startswith(f"{MODEL}-lo-")]
    ordered = sorted(levels, key=float, reverse=True)
    for level, alpha in zip(ordered, np.linspace(0.15, 0.3, len(ordered)), strict=True):
        low, high = ([last, *forecast[f"{MODEL}-{edge}-{level}"]] for edge in ("lo", "hi"))
        ax.fill_between(times, low, high, color=_ELMAN, alpha=alpha, linewidth=0, zorder=2, label=f"{level} % interval")


def _date_axis(ax: Any) -> None:
    from matplotlib import dates

    ticks: Any = dates  # matplotlib's dates have no type information
    locator = ticks.AutoDateLocator(minticks=4, maxticks=9)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ticks.ConciseDateFormatter(locator))
