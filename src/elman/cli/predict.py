"""``elman predict``: forecast with a model that was saved."""

from __future__ import annotations

from typing import Annotated

import typer

from elman.cli._command import usage_error
from elman.cli._common import (
    NO_TABLES,
    TABLES,
    DateFormat,
    DayFirst,
    Decimal,
    Encoding,
    ForecastingModel,
    ForecastOutput,
    Future,
    Quiet,
    Series,
    Target,
    Thousands,
    Time,
    check_ending,
    check_readable,
    check_writable,
    levels_of,
    notation_of,
    refuse_unused,
    table_for,
    write_forecast,
)
from elman.cli._show import show_delivered, show_forecast

__all__ = ["predict"]


def predict(
    model: ForecastingModel,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]", help="CSV or Parquet file of the values known now; those of the fit if not given."
        ),
    ] = None,
    time: Time = None,
    target: Target = None,
    series: Series = None,
    encoding: Encoding = "utf-8",
    decimal: Decimal = None,
    thousands: Thousands = None,
    day_first: DayFirst = False,
    date_format: DateFormat = None,
    future: Future = None,
    level: Annotated[
        str, typer.Option(help="Intervals in percent, such as 80,95; none; auto: 80 and 95 if the model can.")
    ] = "auto",
    output: ForecastOutput = None,
    quiet: Quiet = False,
) -> None:
    """Forecast with a saved model, without learning anything new."""
    check_ending("--output", output, TABLES, NO_TABLES)
    check_writable("--output", output, model, file, future)
    check_readable("--future", future)
    check_readable(None, model)
    if file is None:
        refuse_unused(f"{model}: without FILE nothing is read", {"--time": time, "--target": target, "--id": series})
    levels = levels_of(level)
    notation = notation_of(decimal, thousands, day_first, date_format)
    from elman.forecasting.delivery import usual_levels
    from elman.forecasting.forecaster import Forecaster

    forecaster = Forecaster.load(model)
    wanted = (usual_levels(forecaster) if levels is None else levels) or None
    if file is None:
        if forecaster.future_covariates or future is not None:
            usage_error(f"{model}: covariates known ahead go with the file of values known now; pass FILE.")
        frame = forecaster.predict(level=wanted)
    else:
        table = table_for(
            forecaster, file, time, target, series, encoding, quiet=quiet, future=future, notation=notation
        )
        if forecaster.future_covariates and table.future is None:
            usage_error(f"{model}: needs {', '.join(forecaster.future_covariates)} of the rows to come; pass --future.")
        frame = forecaster.predict(table.frame, level=wanted, future=table.future)
    if not hasattr(frame, "columns"):
        usage_error(f"{model}: was fitted to arrays without dates; pass FILE.")
    if output is not None:
        write_forecast(output, frame)
    show_delivered(forecaster)
    show_forecast(frame, "Forecast", "" if output is not None else "; --output writes all of them")
