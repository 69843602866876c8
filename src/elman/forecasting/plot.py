"""Pictures of a forecast: history, the held-out check, and the forecast with its intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from elman.forecasting.verdicts import MODEL
from elman.notebook.figures import ELMAN, GRID, INK, MUTED, OTHER, as_bytes, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_backtest", "plot_forecast", "plot_png"]

_MOST = 12  # panels
_ROOM = 0.7  # visible part of intervals beyond the lines, relative to the height of the lines
_VERDICT = 13  # characters of a line below the panels, per inch


class Checked(Protocol):
    """The part of a `Backtest` that is drawn."""

    @property
    def forecasts(self) -> pd.DataFrame:
        """Forecasts from `cross_validation`."""

    @property
    def best(self) -> str:
        """The best baseline."""

    @property
    def verdict(self) -> str:
        """The conclusion in one sentence."""


def plot_png(
    history: pd.DataFrame,
    forecast: pd.DataFrame,
    backtest: Checked | None,
    seasons: int = 1,
    baseline: pd.DataFrame | None = None,
    method: str = "",
    *,
    form: str = "png",
) -> bytes:
    """Draw up to twelve series into a file.

    Parameters
    ----------
    history, forecast, backtest, seasons, baseline, method
        As for `plot_forecast`.
    form : {"png", "svg", "pdf"}
        Kind of the picture.

    Returns
    -------
    bytes
        A file.
    """
    return as_bytes(plot_forecast(history, forecast, backtest, seasons, baseline, method), form)


def plot_forecast(
    history: pd.DataFrame,
    forecast: pd.DataFrame,
    backtest: Checked | None,
    seasons: int = 1,
    baseline: pd.DataFrame | None = None,
    method: str = "",
) -> Figure:
    """Draw up to twelve series.

    Parameters
    ----------
    history : DataFrame
        Columns ``unique_id``, ``ds``, ``y``: all known values.
    forecast : DataFrame
        Columns ``unique_id``, ``ds``, ``Elman`` and optionally ``Elman-lo-80``, ``Elman-hi-80``, …: the forecast.
    backtest : Backtest or None
        Forecasts of the newest known values, drawn over them with the best baseline.
    seasons : int
        Values per season; determines the length of history shown.
    baseline : DataFrame, optional
        Columns ``unique_id``, ``ds`` and the best baseline's name: its forecast.
    method : str
        Name of the delivered method, for the legend.

    Returns
    -------
    matplotlib.figure.Figure
    """
    frames = (history, forecast, _held_out(backtest), baseline)

    def draw(ax: Any, name: Any, parts: list[Any]) -> None:
        _draw_series(ax, name, parts, seasons, method)

    return _panels(list(dict.fromkeys(forecast["unique_id"])), frames, draw, backtest)


def plot_backtest(backtest: Checked) -> Figure:
    """Draw the forecasts from each past cut-off beside the actual values, of up to twelve series.

    Parameters
    ----------
    backtest : Backtest
        Of `elman.forecasting.backtest`, or `Forecaster.check_`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    frame = backtest.forecasts
    frame = frame.assign(baseline=frame[backtest.best], name=backtest.best)
    return _panels(list(dict.fromkeys(frame["unique_id"])), (frame,), _draw_past, backtest)


def _panels(
    every: list[Any],
    frames: Sequence[pd.DataFrame | None],
    draw: Callable[[Any, Any, list[Any]], None],
    backtest: Checked | None,
) -> Figure:
    """Draw the first series, one panel each, with a legend above and the verdict below."""
    names = every[:_MOST]
    columns = 1 if len(names) == 1 else 2 if len(names) <= 6 else 3
    rows = -(-len(names) // columns)
    size = (10.0, 5.2) if len(names) == 1 else (5.2 * columns, 1.0 + 2.9 * rows)
    figure = new_figure(size)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    groups = [
        None if frame is None else dict(iter(frame[frame["unique_id"].isin(names)].groupby("unique_id", sort=False)))
        for frame in frames
    ]
    for ax, name in zip(axes, names, strict=False):
        draw(ax, name, [None if group is None else group.get(name) for group in groups])
        _finish(ax, name)
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    figure.supxlabel(_caption(backtest, len(every), int(_VERDICT * size[0])), fontsize=9, color=MUTED)
    return figure


def _held_out(backtest: Checked | None) -> pd.DataFrame | None:
    """Take the newest cut-off of each series; the best baseline's column is called ``baseline``."""
    if backtest is None:
        return None
    frame = backtest.forecasts
    newest = frame[frame["cutoff"] == frame.groupby("unique_id", sort=False)["cutoff"].transform("max")]
    return newest.assign(baseline=newest[backtest.best], name=backtest.best)


def _caption(backtest: Checked | None, series: int, width: int) -> str:
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
    ax.plot(shown["ds"], shown["y"], color=INK, linewidth=1.3, label="history", zorder=3)
    if held_out is not None:
        _draw_check(ax, held_out)
    last = shown[shown["y"].notna()].iloc[-1]
    times = [last["ds"], *forecast["ds"]]
    _draw_intervals(ax, times, float(last["y"]), forecast)
    if baseline is not None:
        values = [float(last["y"]), *baseline[baseline.columns[-1]]]
        ax.plot(times, values, color=OTHER, linewidth=1.3, linestyle=":", zorder=4)
    values = [float(last["y"]), *forecast[MODEL]]
    ax.plot(
        times,
        values,
        color=ELMAN,
        linewidth=2.0,
        label=f"forecast: {MODEL}{f' ({method})' if method else ''}",
        zorder=5,
    )
    _limit(ax)
    if isinstance(last["ds"], pd.Timestamp):
        _date_axis(ax)


def _draw_past(ax: Any, name: Any, frames: list[Any]) -> None:
    """Draw the actual values and the forecasts from each cut-off."""
    (frame,) = frames
    actual = frame.drop_duplicates("ds").sort_values("ds")
    ax.plot(actual["ds"], actual["y"], color=INK, linewidth=1.3, label="actual", zorder=3)
    best = f"best baseline: {frame['name'].iloc[0]}"
    for i, (_, part) in enumerate(frame.groupby("cutoff", sort=True)):
        marker = "o" if len(part) == 1 else None
        for column, label, color, style in (("baseline", best, OTHER, ":"), (MODEL, MODEL, ELMAN, "-")):
            ax.plot(
                part["ds"],
                part[column],
                color=color,
                linestyle=style,
                linewidth=1.5,
                marker=marker,
                markersize=3,
                label=None if i else label,
                zorder=4,
            )
    if isinstance(actual["ds"].iloc[0], pd.Timestamp):
        _date_axis(ax)


def _finish(ax: Any, name: Any) -> None:
    """Set the title of a panel, and remove needless lines."""
    ax.set_title(str(name), loc="left", fontsize=10, color=INK, parse_math=False)  # a name may hold dollar signs
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(labelsize=9, colors=MUTED)
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.margins(x=0.01)


def _limit(ax: Any) -> None:
    """Limit the vertical axis: wide intervals are cut off instead of flattening the series."""
    drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in ax.get_lines()])
    low, high = np.nanmin(drawn), np.nanmax(drawn)
    room = _ROOM * (high - low)
    bottom, top = ax.get_ylim()
    if high > low:
        ax.set_ylim(max(bottom, low - room), min(top, high + room))


def _draw_check(ax: Any, held_out: pd.DataFrame) -> None:
    """Shade the held-out part, and draw its forecasts."""
    ax.axvspan(held_out["ds"].iloc[0], held_out["ds"].iloc[-1], color=GRID, zorder=0, linewidth=0, label="held out")
    ax.plot(
        held_out["ds"],
        held_out["baseline"],
        color=OTHER,
        linewidth=1.3,
        linestyle=":",
        label=f"best baseline: {held_out['name'].iloc[0]}",
        zorder=4,
    )
    ax.plot(
        held_out["ds"],
        held_out[MODEL],
        color=ELMAN,
        linewidth=1.5,
        linestyle="--",
        label="Elman on held-out values",
        zorder=4,
    )


def _draw_intervals(ax: Any, times: list[Any], last: float, forecast: pd.DataFrame) -> None:
    """Fill the intervals, the widest first and palest, opening from the last known value."""
    levels = [name.removeprefix(f"{MODEL}-lo-") for name in forecast.columns if name.startswith(f"{MODEL}-lo-")]
    ordered = sorted(levels, key=float, reverse=True)
    for level, alpha in zip(ordered, np.linspace(0.15, 0.3, len(ordered)), strict=True):
        low, high = ([last, *forecast[f"{MODEL}-{edge}-{level}"]] for edge in ("lo", "hi"))
        ax.fill_between(times, low, high, color=ELMAN, alpha=alpha, linewidth=0, zorder=2, label=f"{level} % interval")


def _date_axis(ax: Any) -> None:
    from matplotlib import dates

    ticks: Any = dates  # matplotlib's dates have no type information
    locator = ticks.AutoDateLocator(minticks=4, maxticks=9)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ticks.ConciseDateFormatter(locator))
