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
_MOST_VERDICTS = 12


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
    verdicts = result.verdicts
    if len(verdicts) > 1:
        typer.echo(f"Elman beats the best baseline of each on {verdicts['beats'].sum():,} of {len(verdicts):,} series.")
        for sentence in verdicts["verdict"] if len(verdicts) <= _MOST_VERDICTS else ():
            typer.echo(f"  {sentence}")


def show_forecast(frame: pd.DataFrame, title: str, file_hint: str) -> None:
    """Print a forecast with its intervals, or its beginning."""
    from rich import box
    from rich.table import Table

    several = frame["unique_id"].nunique() > 1
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for name in ["unique_id", "ds"] if several else ["ds"]:
        table.add_column(name)
    columns = {"Elman": _values(frame["Elman"])}
    levels = [name.removeprefix("Elman-lo-") for name in frame.columns if name.startswith("Elman-lo-")]
    for level in levels:
        low, high = _values(frame[f"Elman-lo-{level}"]), _values(frame[f"Elman-hi-{level}"])
        columns[f"{level} %"] = [f"{a} … {b}" for a, b in zip(low, high, strict=True)]
    for name in columns:
        table.add_column(name, justify="right")
    names = [[str(name)] for name in frame["unique_id"]] if several else [[] for _ in range(len(frame))]
    for name, *rest in list(zip(names, _times(frame["ds"]), *columns.values(), strict=True))[:_MOST_ROWS]:
        table.add_row(*name, *rest)
    _print(table)
    if len(frame) > _MOST_ROWS:
        typer.echo(f"… and {len(frame) - _MOST_ROWS:,} more rows{file_hint}")


def _values(column: Any) -> list[str]:
    return [_value(value) for value in column]


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
