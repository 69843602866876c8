"""``elman predict``: forecast with a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._cluster import Dask, Ray
from elman.cli._command import usage_error
from elman.cli._common import (
    ForecastingModel,
    ForecastOutput,
    Future,
    Quantiles,
    Quiet,
    Series,
    Static,
    Target,
    Time,
    check_outputs,
    check_readable,
    check_table,
    levels_of,
    quantiles_of,
    refuse_unused,
    write_forecast,
)
from elman.cli._grouped import grouped
from elman.cli._parts import Errors, ResumeParts, Wanted, Workers, check_parts, forecast_parts, open_parts
from elman.cli._paths import Drawn, Paths, PathSeed, Samples
from elman.cli._reading import Reading, static_of, table_for
from elman.cli._show import show_delivered, show_forecast

if TYPE_CHECKING:
    from elman.forecasting import Forecaster
    from elman.tables.series import Table

__all__ = ["predict"]


@grouped
def predict(
    model: ForecastingModel,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]",
            help="CSV or Parquet file of known values, or a folder of Parquet files; those of the fit if not given.",
        ),
    ] = None,
    time: Time = None,
    target: Target = None,
    series: Series = None,
    future: Future = None,
    static: Static = None,
    level: Annotated[
        str, typer.Option(help="Intervals in percent, such as 80,95; none; auto: 80 and 95 if the model can.")
    ] = "auto",
    quantiles: Quantiles = None,
    output: ForecastOutput = None,
    samples: Samples = None,
    paths: Paths = None,
    seed: PathSeed = None,
    workers: Workers = None,
    dask: Dask = None,
    ray: Ray = None,
    errors: Errors = "raise",
    resume: ResumeParts = False,
    quiet: Quiet = False,
    *,
    reading: Reading,
) -> None:
    """Forecast with a saved model, without training."""
    parts = check_parts(
        file, output, errors, {"--workers": workers, "--dask": dask, "--ray": ray, "--resume": resume or None}
    )
    drawn = Drawn.of(samples, paths, seed or 0)
    refuse_unused("without --paths nothing is drawn", {"--seed": seed if drawn is None else None})
    _check_files(
        {"--output": None if parts else output, "--paths": paths}, model, file, None if parts else future, static
    )
    if file is None:
        columns = {"--static": static, "--time": time, "--target": target, "--id": series}
        refuse_unused(f"{model}: without FILE nothing is read", columns | reading.by_option)
    levels, shares = levels_of(level), quantiles_of(quantiles)
    from elman.forecasting.delivery import own_names, usual_levels
    from elman.forecasting.forecaster import Forecaster
    from elman.forecasting.quantiles import Asked
    from elman.tables.own_names import OwnNames

    forecaster = Forecaster.load(model)
    names = own_names(forecaster) or OwnNames()
    asked = Asked(tuple(usual_levels(forecaster) if levels is None else levels), tuple(shares))
    if parts and file is not None and output is not None:
        unused = {"--samples": samples, "--paths": paths}
        refuse_unused(f"{file}: is a folder", unused | reading.by_option)
        source = open_parts("elman predict", file, (time, target, series), own_names(forecaster), quiet=quiet)
        wanted = Wanted(output, future, workers, errors, resume, quiet, dask, ray)
        forecast_parts(forecaster, source, asked, wanted, static_of(static, source.names.series, reading, quiet=quiet))
        return
    if file is None:
        known = _of_the_fit(model, forecaster, future)
    else:
        table = table_for(forecaster, file, time, target, series, reading, quiet=quiet, future=future)
        stores = static_of(static, table.series, reading, quiet=quiet)
        known, names = _of_table(model, forecaster, table, stores), table.names
    frame = forecaster.predict(**known, **asked.arguments)
    if not hasattr(frame, "columns"):
        usage_error(f"{model}: was fitted to arrays without dates; pass FILE.")
    if drawn is not None:
        drawn.write(drawn.by(forecaster, **known), names)
    if output is not None:
        write_forecast(output, names.renamed(frame))
    show_delivered(forecaster)
    show_forecast(frame, names, "" if output is not None else "; --output writes all of them")


def _check_files(
    writes: dict[str, Path | None], model: Path, file: str | None, future: Path | None, static: Path | None
) -> None:
    """Refuse, before any work, files that cannot be read or written."""
    check_table("--output", writes["--output"])
    check_outputs(writes, model, file, future, static)
    check_readable(None, model)
    check_readable("--future", future)
    check_readable("--static", static)


def _of_the_fit(model: Path, forecaster: Forecaster, future: Path | None) -> dict[str, Any]:
    """Return the arguments that forecast the series of the fit: none."""
    if forecaster.future_covariates or future is not None:
        usage_error(f"{model}: covariates known ahead need the file of known values; pass FILE.")
    return {}


def _of_table(model: Path, forecaster: Forecaster, table: Table, static: Any) -> dict[str, Any]:
    """Return the arguments that forecast the series of a file."""
    if forecaster.future_covariates and table.future is None:
        usage_error(f"{model}: needs {', '.join(forecaster.future_covariates)} of future rows; pass --future.")
    return {"data": table.frame, "future": table.future, "static_df": static}
