"""``elman predict``: forecast with a model that was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elman.cli._common import check_writable, reported, say, table_of, usage_error, write_csv
from elman.cli._show import show_forecast

__all__ = ["predict"]


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Written by elman forecast --save.")],
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="CSV file of the values known now; those of the fit if not given."),
    ] = None,
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the dates; found if not given.")] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column to forecast; found if not given.")
    ] = None,
    series: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="Column that tells several series apart.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Character encoding of the file.")] = "utf-8",
    output: Annotated[Path | None, typer.Option(metavar="CSV", help="Write the forecast.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> None:
    """Forecast with a saved model, without learning anything new."""
    check_writable("--output", output)
    if not model.exists():
        usage_error(f"{model}: no such file.")
    with reported(quiet):
        from elman.forecasting import Forecaster

        forecaster = Forecaster.load(model)
        if file is None:
            frame = forecaster.predict()
        else:
            table = table_of(file, time, target, series, encoding)
            for note in [] if quiet else table.notes:
                say(f"{file}: {note}.")
            frame = forecaster.predict(table.frame)
        if not hasattr(frame, "columns"):
            usage_error(f"{model}: was fitted to arrays without dates; pass FILE.")
        if output is not None:
            write_csv(output, frame)
        show_forecast(frame, "Forecast", "" if output is not None else "; --output writes all of them")
