"""Forecasts of folders of Parquet files, which need not fit in memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman._words import learn
from elman.cli._cluster import on_cluster
from elman.cli._command import say, usage_error
from elman.cli._common import check_choice, refuse_unused

if TYPE_CHECKING:
    from elman.forecasting import Forecaster
    from elman.forecasting.quantiles import Asked
    from elman.partitions import ParquetFiles
    from elman.tables.own_names import OwnNames

__all__ = [
    "Errors",
    "ResumeParts",
    "Wanted",
    "Workers",
    "check_parts",
    "forecast_parts",
    "in_parts",
    "known_ahead",
    "open_parts",
]

Workers = Annotated[
    int | None, typer.Option(min=1, max=4096, metavar="N", help="Of a folder: processes; all cores if not given.")
]
Errors = Annotated[
    str, typer.Option(help="Of a folder: raise, or collect to leave out and list series that cannot be used.")
]
ResumeParts = Annotated[bool, typer.Option("--resume", help="Of a folder: continue a run that was stopped.")]


def in_parts(file: str | None) -> bool:
    """Whether a name stands for a folder or a pattern of files."""
    return file is not None and (os.path.isdir(file) or ("*" in file and not os.path.exists(file)))


def check_parts(file: str | None, output: Path | None, errors: str, options: dict[str, Any]) -> bool:
    """Check the options of a folder, or refuse them for a file.

    Parameters
    ----------
    file : str or None
        Name of the data.
    output : Path, optional
        Place of the result.
    errors : str
        From ``--errors``.
    options : dict
        Options that only a folder has, by name; None if not given.

    Returns
    -------
    bool
        Whether the data are in parts.
    """
    check_choice("--errors", errors, ("raise", "collect"))
    if not in_parts(file):
        more = {"--errors": None if errors == "raise" else errors}
        refuse_unused(f"{file}: is no folder" if file else "without a folder", options | more)
        return False
    if output is None:
        usage_error(f"{file}: the forecast of a folder is written to a folder; name it with --output.")
    return True


def open_parts(
    place: str,
    file: str,
    columns: tuple[str | None, str | None, str | None],
    known: OwnNames | None = None,
    covariates: Sequence[str] = (),
    *,
    quiet: bool,
) -> ParquetFiles:
    """Open the files, and find and print their columns.

    Parameters
    ----------
    place : str
        Start of a message.
    file : str
        Folder or pattern.
    columns : tuple of str or None
        Of times, values and series, from the options.
    known : OwnNames, optional
        Columns of the fit.
    covariates : sequence of str
        Columns with another purpose.
    quiet : bool
        Print nothing.
    """
    from elman.partitions import ParquetFiles, found_names, schema_of

    source = ParquetFiles.opened(place, file, found_names(file, schema_of(place, file), *columns, known, covariates))
    learn(source.names.own)
    if not quiet:
        count = f"{len(source.files):,} file{'s' * (len(source.files) > 1)}, {source.borders[-1]:,} rows"
        names = source.names
        own = f"time is {names.time!r}, target is {names.targets[0]!r}, series by {names.series!r}"
        say(f"{file}: {count}; {own}.")
    return source


@dataclass(frozen=True)
class Wanted:
    """Options of a folder's forecast.

    Parameters
    ----------
    output : Path
        Place of the result.
    future : Path, optional
        Files of the columns known ahead.
    workers : int, optional
        Processes; all cores by default.
    errors : str
        ``"raise"`` or ``"collect"``.
    resume : bool
        Whether to continue a run.
    quiet : bool
        Show no progress.
    dask, ray : str, optional
        Address of a cluster whose workers make the parts.
    """

    output: Path
    future: Path | None
    workers: int | None
    errors: str
    resume: bool
    quiet: bool
    dask: str | None = None
    ray: str | None = None


def known_ahead(place: str, future: Path | None, source: ParquetFiles) -> list[str]:
    """List the columns that the files of future times share with the data, besides ids and times."""
    from elman.partitions import schema_of

    if future is None:
        return []
    own = {source.names.time, *source.names.ids, *source.names.targets}
    shared = [name for name in schema_of(place, future).names if name in source.columns() and name not in own]
    if not shared:
        usage_error(f"--future {future}: has no column of covariates in common with the data.")
    return shared


def forecast_parts(
    forecaster: Forecaster, source: ParquetFiles, asked: Asked, wanted: Wanted, static: Any = None
) -> None:
    """Forecast the files with a fitted forecaster, and say where the forecast is.

    Without a table ``static`` of static covariates, these are columns of the files or those of the fit.
    """
    from joblib import cpu_count

    from elman.cli._show import show_delivered

    forecaster.set_params(progress=not wanted.quiet)
    elsewhere = wanted.dask is not None or wanted.ray is not None
    workers = None if elsewhere else wanted.workers or cpu_count()
    output, errors = wanted.output, wanted.errors
    run: dict[str, Any] = {"output": output, "workers": workers, "resume": wanted.resume, "errors": errors}
    try:
        with on_cluster(wanted.dask, wanted.ray, wanted.workers):
            found = forecaster.predict(source, future=wanted.future, static_df=static, **asked.arguments, **run)
    except KeyboardInterrupt:
        say("The finished parts are kept; --resume goes on with the others.")
        raise

    show_delivered(forecaster)
    parts = len(list(output.glob("part-*.parquet")))
    typer.echo(f"Forecast: {output}, {parts} file{'s' * (parts > 1)}.")
    if errors == "collect" and len(found[1]):
        typer.echo(f"Left out: {len(found[1]):,} series, listed with the reasons in {output / '_errors.parquet'}.")
