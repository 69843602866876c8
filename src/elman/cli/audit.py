"""``elman audit``: check that a saved model looks at what it should and at nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli._common import BAD_DATA, check_writable, reported, say, table_of, usage_error, write_csv

if TYPE_CHECKING:
    from elman.forecasting import Audit

__all__ = ["audit"]

_STYLES = {True: "green", False: "bold red", None: "dim"}


def audit(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Written by elman forecast --save.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV file of the values that the model was made from.")],
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the dates; found if not given.")] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column to forecast; found if not given.")
    ] = None,
    series: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="Column that tells several series apart.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Character encoding of the file.")] = "utf-8",
    output: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Write every number, one row per check and step.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> None:
    """Check a saved model: change what must not matter and what must, and see which forecasts move.

    The exit code is 0 if all promises are kept and 1 if one is broken.
    """
    check_writable("--output", output, model, file)
    if not model.exists():
        usage_error(f"{model}: no such file.")
    with reported(quiet):
        from elman.forecasting import Forecaster
        from elman.forecasting import audit as run_audit

        forecaster = Forecaster.load(model)
        covariates = (*(forecaster.past_covariates or ()), *(forecaster.future_covariates or ()))
        table = table_of(file, time, target, series, encoding, covariates)
        for note in [] if quiet else table.notes:
            say(f"{file}: {note}.")
        if not quiet:
            say(f"Training short copies of the model on {len(table.frame):,} rows.")
        result = run_audit(forecaster, table.frame)
        if output is not None:
            write_csv(output, result.to_frame())
        _show(result)
    if not result.passed:
        raise typer.Exit(BAD_DATA)


def _show(result: Audit) -> None:
    """Print one row per check, and the result in one sentence."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Audit", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("check", "promise", "", "number"):
        table.add_column(name)
    for check in result.checks:
        table.add_row(check.name, check.promise, check.verdict, check.figure, style=_STYLES[check.holds])
    Console().print(table)
    for check in result.checks:
        if check.holds is not True:
            typer.echo(f"{check.name}: {check.detail}")
    typer.echo(result.summary)
