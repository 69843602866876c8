"""Tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from elman.forecasting import Backtest

__all__ = ["show_backtest", "show_forecast"]

_MOST_ROWS = 60


def _number(value: float, digits: int) -> str:
    return "–" if value != value else f"{value:,.{digits}f}"


def _print(table: Table) -> None:
    from rich.console import Console

    Console().print(table)


def show_backtest(result: Backtest, title: str) -> None:
    """Print the scores, best first, and the verdict."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for metric in result.table.columns:
        table.add_column(metric, justify="right")
    for model, row in result.table.sort_values(result.metric).iterrows():
        table.add_row(
            str(model),
            _number(row["sMAPE"], 2),
            _number(row["MASE"], 3),
            _value(row["MAE"]),
            style="bold" if model == "Elman" else None,
        )
    _print(table)
    typer.echo(result.verdict)


def show_forecast(frame: pd.DataFrame, title: str, file_hint: str) -> None:
    """Print a forecast, or its beginning."""
    from rich import box
    from rich.table import Table

    several = frame["unique_id"].nunique() > 1
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for name in ["unique_id", "ds", "Elman"] if several else ["ds", "Elman"]:
        table.add_column(name, justify="right" if name == "Elman" else "left")
    times = _times(frame["ds"])
    for i, (name, value) in enumerate(zip(frame["unique_id"], frame["Elman"], strict=True)):
        if i == _MOST_ROWS:
            break
        table.add_row(*([str(name)] if several else []), times[i], _value(value))
    _print(table)
    if len(frame) > _MOST_ROWS:
        typer.echo(f"… and {len(frame) - _MOST_ROWS:,} more rows{file_hint}")


def _value(value: float) -> str:
    """Write a number with about five digits that matter."""
    size = abs(value)
    if value != value or size >= 1e12 or 0 < size < 1e-4:
        return "–" if value != value else f"{value:.4e}"
    digits = 0 if size >= 1e5 else 1 if size >= 1e3 else 2 if size >= 10 else 4
    return f"{value:,.{digits}f}"


def _times(column: Any) -> list[str]:
    """Write time stamps without a time of day that is always midnight."""
    if not hasattr(column, "dt"):
        return [str(value) for value in column]
    midnight = bool((column == column.dt.normalize()).all())
    return [str(value.date()) if midnight else str(value) for value in column]
