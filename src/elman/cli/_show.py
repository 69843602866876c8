"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from elman.errors import visible

if TYPE_CHECKING:
    import pandas as pd

    from elman.forecasting import Backtest, Forecaster
    from elman.tables.own_names import OwnNames

__all__ = ["echo", "show_backtest", "show_delivered", "show_forecast", "show_table"]

_MOST_ROWS = 60
_MOST_VERDICTS = 12


def echo(text: str, *, nl: bool = True) -> None:
    """Print a text to standard output, with control characters escaped."""
    typer.echo(visible(text), nl=nl)


def _number(value: float, digits: int) -> str:
    return "–" if value != value else f"{value:,.{digits}f}"


def show_table(
    title: str | None,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    texts: int = 1,
    wrapped: int | None = None,
    styles: Sequence[str | None] | None = None,
) -> None:
    """Print a table. Cells are never read as markup, and numbers are never cut or wrapped.

    Parameters
    ----------
    title : str, optional
        Above it.
    columns : sequence of str
        Names; columns after the first ``texts`` hold numbers.
    rows : iterable of sequence of str
        Cells.
    texts : int
        Number of leading columns of text.
    wrapped : int, optional
        How many of these are wrapped if the screen is narrow; all without it.
    styles : sequence of str or None, optional
        Style of every row.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

    table = Table(title=None if title is None else visible(title), title_justify="left", box=box.SIMPLE_HEAD)
    cells = [[visible(cell) for cell in row] for row in rows]
    may_wrap = texts if wrapped is None else wrapped
    for number, name in enumerate(map(visible, columns)):
        justify: Any = "right" if number >= texts else "left"
        if number < may_wrap:
            table.add_column(name, justify=justify, overflow="fold")
        else:
            width = max(map(cell_len, [name, *(row[number] for row in cells)]))
            table.add_column(name, justify=justify, no_wrap=True, min_width=width)
    for number, row in enumerate(cells):
        table.add_row(*row, style=None if styles is None else styles[number])
    console = Console(markup=False, emoji=False)
    needed = Measurement.get(console, console.options.update(width=_ANY_WIDTH), table).minimum
    console.width = max(console.width, needed)
    console.print(table)


_ANY_WIDTH = 10_000


def show_backtest(result: Backtest) -> None:
    """Print the scores of the check, best first, and the verdict."""
    ranked = list(result.table.sort_values(result.metric, kind="stable").iterrows())
    cut_offs = result.cut_offs
    past = f"{cut_offs} cut-offs" if cut_offs > 1 else f"the last {result.horizon} values"
    show_table(
        f"Check on {past}, held out",
        ["", *result.table.columns],
        [
            (
                f"Elman: {result.delivered}" if model == "Elman" else str(model),
                *(
                    _value(score) if name == "MAE" else _number(score, 2 if name == "sMAPE" else 3)
                    for name, score in row.items()
                ),
            )
            for model, row in ranked
        ],
        styles=["bold" if model == "Elman" else None for model, _ in ranked],
    )
    echo(result.verdict)
    verdicts = result.verdicts
    if len(verdicts) > 1:
        echo(f"Elman beats the best baseline of each on {verdicts['beats'].sum():,} of {len(verdicts):,} series.")
        for sentence in verdicts["verdict"] if len(verdicts) <= _MOST_VERDICTS else ():
            echo(f"  {sentence}")


def show_delivered(forecaster: Forecaster) -> None:
    """Print the method and the reason for it in one line."""
    reason = f" ({forecaster.reason_})" if forecaster.reason_ else ""
    echo(f"Delivered: {forecaster.method_}{reason}.")


def show_forecast(frame: pd.DataFrame, names: OwnNames, file_hint: str) -> None:
    """Print a forecast with its intervals and quantiles, or its beginning, with the file's column names."""
    several = frame["unique_id"].nunique() > 1
    columns = {names.series: [str(name) for name in frame["unique_id"]]} if several else {}
    columns |= {names.time: _times(frame["ds"]), names.target: _values(frame["Elman"])}
    levels = [name.removeprefix("Elman-lo-") for name in frame.columns if name.startswith("Elman-lo-")]
    for level in levels:
        low, high = _values(frame[f"Elman-lo-{level}"]), _values(frame[f"Elman-hi-{level}"])
        columns[f"{level} %"] = [f"{a} … {b}" for a, b in zip(low, high, strict=True)]
    for name in [name for name in frame.columns if name.startswith("Elman-q-")]:
        columns[name.removeprefix("Elman-")] = _values(frame[name])
    rows = list(zip(*columns.values(), strict=True))[:_MOST_ROWS]
    show_table("Forecast", list(columns), rows, texts=1 + several, wrapped=int(several))
    if len(frame) > _MOST_ROWS:
        echo(f"… and {len(frame) - _MOST_ROWS:,} more rows{file_hint}")


def _values(column: Any) -> list[str]:
    return [_value(value) for value in column]


def _value(value: float) -> str:
    """Write a number with about five significant digits."""
    size = abs(value)
    if value != value or size >= 1e12 or 0 < size < 1e-4:
        return "–" if value != value else f"{value:.4e}"
    digits = 0 if size >= 1e5 else 1 if size >= 1e3 else 2 if size >= 10 else 4
    return f"{value:,.{digits}f}"


def _times(column: Any) -> list[str]:
    """Write time stamps; omit the time of day if it is always midnight."""
    if not hasattr(column, "dt"):
        return [str(value) for value in column]
    midnight = bool((column == column.dt.normalize()).all())
    return [str(value.date()) if midnight else str(value) for value in column]
