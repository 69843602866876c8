"""``elman predict``: forecast with a saved model."""

from __future__ import annotations

from dataclasses import dataclass
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
    from elman.forecasting.quantiles import Asked
    from elman.tables.own_names import OwnNames
    from elman.tables.series import Table

__all__ = ["predict"]


@dataclass(frozen=True)
class Tables:
    """Options of the known values, and of tables beside them."""

    time: Time = None
    target: Target = None
    series: Series = None
    future: Future = None
    static: Static = None

    @property
    def columns(self) -> tuple[str | None, str | None, str | None]:
        """Columns of times, values and names."""
        return self.time, self.target, self.series


@dataclass(frozen=True)
class Uncertainty:
    """Options of intervals and quantiles."""

    level: Annotated[
        str, typer.Option(help="Intervals in percent, such as 80,95; none; auto: 80 and 95 if the model can.")
    ] = "auto"
    quantiles: Quantiles = None


@dataclass(frozen=True)
class Result:
    """Options of what is written."""

    output: ForecastOutput = None
    samples: Samples = None
    paths: Paths = None
    seed: PathSeed = None


@dataclass(frozen=True)
class Folder:
    """Options of folders, and of messages."""

    workers: Workers = None
    dask: Dask = None
    ray: Ray = None
    errors: Errors = "raise"
    resume: ResumeParts = False
    quiet: Quiet = False

    @property
    def by_option(self) -> dict[str, Any]:
        """Values by option, of those that only a folder has."""
        return {"--workers": self.workers, "--dask": self.dask, "--ray": self.ray, "--resume": self.resume or None}


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
    *,
    tables: Tables,
    uncertainty: Uncertainty,
    result: Result,
    folder: Folder,
    reading: Reading,
) -> None:
    """Forecast with a saved model, without training."""
    parts = check_parts(file, result.output, folder.errors, folder.by_option)
    drawn = _checked(model, file, tables, result, reading, parts=parts)
    levels, shares = levels_of(uncertainty.level), quantiles_of(uncertainty.quantiles)
    from elman.forecasting.delivery import usual_levels
    from elman.forecasting.forecaster import Forecaster
    from elman.forecasting.quantiles import Asked

    forecaster = Forecaster.load(model)
    asked = Asked(tuple(usual_levels(forecaster) if levels is None else levels), tuple(shares))
    if parts and file is not None and result.output is not None:
        _forecast_folder(forecaster, file, asked, tables, result, folder, reading)
        return
    known, names = _known(model, forecaster, file, tables, reading, quiet=folder.quiet)
    frame = forecaster.predict(**known, **asked.arguments)
    if not hasattr(frame, "columns"):
        usage_error(f"{model}: was fitted to arrays without dates; pass FILE.")
    if drawn is not None:
        drawn.write(drawn.by(forecaster, **known), names)
    if result.output is not None:
        write_forecast(result.output, names.renamed(frame))
    show_delivered(forecaster)
    show_forecast(frame, names, "" if result.output is not None else "; --output writes all of them")


def _checked(
    model: Path, file: str | None, tables: Tables, result: Result, reading: Reading, *, parts: bool
) -> Drawn | None:
    """Refuse wrong options and files before any work; return the sample paths that are asked for."""
    drawn = Drawn.of(result.samples, result.paths, result.seed or 0)
    refuse_unused("without --paths nothing is drawn", {"--seed": result.seed if drawn is None else None})
    writes = {"--output": None if parts else result.output, "--paths": result.paths}
    _check_files(writes, model, file, None if parts else tables.future, tables.static)
    if file is None:
        columns = {"--static": tables.static, "--time": tables.time, "--target": tables.target, "--id": tables.series}
        refuse_unused(f"{model}: without FILE nothing is read", columns | reading.by_option)
    return drawn


def _forecast_folder(
    forecaster: Forecaster, file: str, asked: Asked, tables: Tables, result: Result, folder: Folder, reading: Reading
) -> None:
    """Forecast a folder of files to a folder."""
    assert result.output is not None
    from elman.forecasting.delivery import own_names

    unused = {"--samples": result.samples, "--paths": result.paths}
    refuse_unused(f"{file}: is a folder", unused | reading.by_option)
    source = open_parts("elman predict", file, tables.columns, own_names(forecaster), quiet=folder.quiet)
    wanted = Wanted(
        result.output,
        tables.future,
        folder.workers,
        folder.errors,
        folder.resume,
        folder.quiet,
        folder.dask,
        folder.ray,
    )
    static = static_of(tables.static, source.names.series, reading, quiet=folder.quiet)
    forecast_parts(forecaster, source, asked, wanted, static)


def _known(
    model: Path, forecaster: Forecaster, file: str | None, tables: Tables, reading: Reading, *, quiet: bool
) -> tuple[dict[str, Any], OwnNames]:
    """Return the arguments of a forecast, and the names of the columns in the file."""
    from elman.forecasting.delivery import own_names
    from elman.tables.own_names import OwnNames

    if file is None:
        return _of_the_fit(model, forecaster, tables.future), own_names(forecaster) or OwnNames()
    table = table_for(forecaster, file, *tables.columns, reading, quiet=quiet, future=tables.future)
    static = static_of(tables.static, table.series, reading, quiet=quiet)
    return _of_table(model, forecaster, table, static), table.names


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
