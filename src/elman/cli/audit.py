"""``elman audit``: check that the forecasts of a saved model depend on the known values alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli._command import BAD_DATA, say
from elman.cli._common import (
    ForecastingModel,
    Quiet,
    Series,
    Static,
    Target,
    Time,
    check_readable,
    check_writable,
    write_csv,
)
from elman.cli._grouped import grouped
from elman.cli._reading import Reading, static_of, table_for
from elman.cli._show import echo, show_table

if TYPE_CHECKING:
    from elman.forecasting import Audit

__all__ = ["audit"]

_STYLES = {True: "green", False: "bold red", None: "dim"}


@grouped
def audit(
    model: ForecastingModel,
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV file of the values of the fit.")],
    time: Time = None,
    target: Target = None,
    series: Series = None,
    static: Static = None,
    output: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Write every number, one row per check and step.")
    ] = None,
    quiet: Quiet = False,
    *,
    reading: Reading,
) -> None:
    """Check a saved model: change parts of the data and check which forecasts change.

    The exit code is 0 if all promises are kept and 1 if one is broken.
    """
    check_writable("--output", output, model, file, static)
    check_readable(None, model)
    check_readable("--static", static)
    from elman.forecasting import Forecaster
    from elman.forecasting import audit as run_audit

    forecaster = Forecaster.load(model)
    table = table_for(forecaster, file, time, target, series, reading, quiet=quiet)
    stores = static_of(static, table.series, reading, quiet=quiet)
    if not quiet:
        say(f"Training short copies of the model on {len(table.frame):,} rows.")
    result = run_audit(forecaster, table.frame, static_df=stores)
    if output is not None:
        write_csv(output, result.to_frame())
    _show(result)
    if not result.passed:
        raise typer.Exit(BAD_DATA)


def _show(result: Audit) -> None:
    """Print one row per check, and the result in one sentence."""
    show_table(
        "Audit",
        ["check", "promise", "", "number"],
        [(check.name, check.promise, check.verdict, check.figure) for check in result.checks],
        texts=4,
        styles=[_STYLES[check.holds] for check in result.checks],
    )
    for check in result.checks:
        if check.holds is not True:
            echo(f"{check.name}: {check.detail}")
    echo(result.summary)
