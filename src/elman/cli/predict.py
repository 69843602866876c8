"""``elman predict``: forecast with a model that was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elman.cli._common import (
    USUAL_LEVELS,
    check_readable,
    check_writable,
    levels_of,
    reported,
    say,
    table_of,
    usage_error,
    write_csv,
)
from elman.cli._show import show_forecast

__all__ = ["predict"]


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Written by elman forecast --save.")],
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]", help="CSV or Parquet file of the values known now; those of the fit if not given."
        ),
    ] = None,
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the dates; found if not given.")] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column to forecast; found if not given.")
    ] = None,
    series: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="Column that tells several series apart.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Character encoding of the file.")] = "utf-8",
    future: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rows to come, with the columns that are known ahead.")
    ] = None,
    level: Annotated[
        str, typer.Option(help="Intervals in percent, such as 80,95; none; auto: 80 and 95 if the model can.")
    ] = "auto",
    output: Annotated[Path | None, typer.Option(metavar="CSV", help="Write the forecast.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> None:
    """Forecast with a saved model, without learning anything new."""
    check_writable("--output", output, model, file, future)
    check_readable("--future", future)
    levels = levels_of(level)
    if not model.exists():
        usage_error(f"{model}: no such file.")
    with reported(quiet):
        from elman.forecasting import Forecaster
        from elman.forecasting.intervals import levels_within

        forecaster = Forecaster.load(model)
        wanted = (levels_within(forecaster, USUAL_LEVELS) if levels is None else levels) or None
        if file is None:
            if forecaster.future_covariates or future is not None:
                usage_error(f"{model}: covariates known ahead go with the file of values known now; pass FILE.")
            frame = forecaster.predict(level=wanted)
        else:
            past = (*(forecaster.past_covariates or ()), *(forecaster.future_covariates or ()))
            if forecaster.future_covariates and future is None:
                usage_error(
                    f"{model}: needs {', '.join(forecaster.future_covariates)} of the rows to come; pass --future."
                )
            table = table_of(file, time, target, series, encoding, past, future)
            for note in [] if quiet else table.notes:
                say(f"{file}: {note}.")
            frame = forecaster.predict(table.frame, level=wanted, future=table.future)
        if not hasattr(frame, "columns"):
            usage_error(f"{model}: was fitted to arrays without dates; pass FILE.")
        if output is not None:
            write_csv(output, frame)
        show_forecast(frame, "Forecast", "" if output is not None else "; --output writes all of them")
