"""``elman forecast``: forecast a file, with a check on held-out values."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._command import say
from elman.cli._common import (
    check_ending,
    check_extra,
    check_outputs,
    check_readable,
    check_table,
    kept,
    refuse_unused,
    write_forecast,
)
from elman.cli._forecast_options import Columns, Ends, Horizon, Model, Results, Run, names_in
from elman.cli._grouped import grouped
from elman.cli._parts import Wanted, check_parts, forecast_parts, known_ahead, open_parts
from elman.cli._paths import Drawn
from elman.cli._reading import Reading, static_of, table_of
from elman.cli._show import show_backtest, show_delivered, show_forecast, show_table

if TYPE_CHECKING:
    from elman.forecasting import Forecaster
    from elman.forecasting.delivery import Delivery
    from elman.tables.own_names import OwnNames
    from elman.tables.series import Table

__all__ = ["forecast"]


@grouped
def forecast(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="CSV or Parquet file with a date column, a folder of Parquet files, or air-passengers, or sunspots.",
        ),
    ],
    horizon: Horizon,
    model: Model,
    ends: Ends,
    columns: Columns,
    results: Results,
    run: Run,
    reading: Reading,
) -> None:
    """Forecast a series, and check whether the forecast beats simple baselines.

    The check holds out the newest values and forecasts them by a pretrained recurrent network and by simple baselines.
    The best method by a fixed rule then forecasts the future values.
    """
    parts = check_parts(file, results.output, run.errors, run.of_folders)
    drawn = Drawn.of(results.samples, results.paths, model.seed)
    _check_files(file, columns, model.base, results, parts=parts)
    forecaster = model.forecaster(horizon, ends.learned, quiet=results.quiet)
    data = _Data(file, columns, model.base, reading)
    if parts and results.output is not None:
        _refuse_in_parts(forecaster, data, results, run)
        wanted = Wanted(results.output, columns.future, run.workers, run.errors, run.resume, results.quiet)
        _forecast_folder(forecaster, data, ends, results.save, replace(wanted, dask=run.dask, ray=run.ray))
    else:
        _forecast_table(forecaster, data, ends, results, drawn, run)


@dataclass(frozen=True)
class _Data:
    """Files to read, and how."""

    file: str
    columns: Columns
    base: Path | None
    reading: Reading


def _refuse_in_parts(forecaster: Forecaster, data: _Data, results: Results, run: Run) -> None:
    """Refuse options of a table in memory for a folder."""
    unused: dict[str, Any] = {"--plot": results.plot, "--categories": data.columns.categories}
    unused |= {"--importance": results.importance or None, "--checkpoint": run.checkpoint}
    unused |= {"--weight": forecaster.weight, "--censored": forecaster.censored}
    unused |= {"--samples": results.samples, "--paths": results.paths}
    unused |= {"--series-covariates": forecaster.series_covariates}
    refuse_unused(f"{data.file}: is a folder", unused | data.reading.by_option)


def _forecast_table(
    forecaster: Forecaster, data: _Data, ends: Ends, results: Results, drawn: Drawn | None, run: Run
) -> None:
    """Fit and forecast one table in memory."""
    columns, named = data.columns, names_in(data.columns.covariates)
    roles = {forecaster.weight: "weight", forecaster.censored: "censored"} | dict.fromkeys(named, "past")
    past = {name: role for name, role in roles.items() if name is not None}
    categories = names_in(columns.categories)
    table = table_of(data.file, *columns.named, data.reading, past, columns.future, categories)
    stores = static_of(columns.static, table.series, data.reading, quiet=results.quiet)
    if drawn is not None:
        drawn.check(table.names)
    others = {name for name, role in past.items() if role != "past"}
    _set_covariates(forecaster, [name for name in table.past if name not in others], table.known_ahead, stores)
    if not results.quiet:
        _say_what_was_read(data.file, table)
    with _kept(forecaster, data, ends, table, run, paths=drawn is not None):
        found = _fit_and_predict(forecaster, table, ends, stores, paths=drawn is not None)
    if not results.quiet:
        _say_what_was_chosen(forecaster)
    paths = None if drawn is None else drawn.by(forecaster, future=table.future)
    _write(forecaster, table, found, results)
    if drawn is not None and paths is not None:
        drawn.write(paths, table.names)
    _show(forecaster, found, table.names, "" if results.output is not None else "; --output writes all of them")
    if results.importance:
        _show_importance(forecaster, table, stores)


def _kept(
    forecaster: Forecaster, data: _Data, ends: Ends, table: Table, run: Run, *, paths: bool
) -> AbstractContextManager[None]:
    """Keep the states of the training, with all that it depends on."""
    columns = data.columns
    same = forecaster.get_params() | {"level": ends.level, "quantiles": ends.quantiles} | vars(data.reading)
    same |= {"time": table.time, "target": table.target, "id": table.series, "categories": columns.categories}
    inputs = [data.file, columns.future, *filter(None, [columns.static, data.base])]
    return kept("elman forecast", run.checkpoint, run.resume, same | {"paths": paths}, *inputs)


def _set_covariates(forecaster: Forecaster, past: Sequence[str], ahead: Sequence[str], static: Any) -> None:
    """Name the columns that are covariates, by what is known of them."""
    constant = None if static is None else [name for name in static if name != "unique_id"]
    own = {"past_covariates": list(past) or None, "future_covariates": list(ahead) or None}
    forecaster.set_params(**own, static_covariates=constant)


def _forecast_folder(forecaster: Forecaster, data: _Data, ends: Ends, save: Path | None, wanted: Wanted) -> None:
    """Fit and forecast Parquet files that need not fit in memory."""
    from elman.forecasting.delivery import fit_parts
    from elman.partitions import check_place

    place, covariates = "elman forecast", names_in(data.columns.covariates)
    check_place(place, wanted.output, resume=wanted.resume)
    source = open_parts(place, data.file, data.columns.named, None, covariates, quiet=wanted.quiet)
    stores = static_of(data.columns.static, source.names.series, data.reading, quiet=wanted.quiet)
    ahead = known_ahead(place, wanted.future, source)
    _set_covariates(forecaster, [name for name in covariates if name not in ahead], ahead, stores)
    possible = fit_parts(place, forecaster, source, ends.levels, ends.shares, wanted.errors, stores)
    if not wanted.quiet:
        _say_what_was_chosen(forecaster)
    if save is not None:
        forecaster.save(save)
    if forecaster.check_ is not None:
        show_backtest(forecaster.check_)
    forecast_parts(forecaster, source, possible, wanted)


def _check_files(file: str, columns: Columns, base: Path | None, results: Results, *, parts: bool) -> None:
    """Refuse, before any work, files that cannot be read or written; a folder has its own checks of both."""
    future, output = (None, None) if parts else (columns.future, results.output)
    check_readable("--future", future)
    check_readable("--static", columns.static)
    check_readable("--base", base)
    check_table("--output", output)
    plot = results.plot
    check_ending("--plot", plot, (".png", ".svg", ".pdf"), (".jpg", ".jpeg", ".gif", ".webp", ".tif", ".eps", ".ps"))
    writes = {"--plot": plot, "--output": output, "--save": results.save, "--paths": results.paths}
    check_outputs(writes, file, future, columns.static, base)
    check_extra("--plot", plot, "matplotlib")


def _fit_and_predict(forecaster: Forecaster, table: Table, ends: Ends, static: Any, *, paths: bool) -> Delivery:
    from elman.forecasting.delivery import fit_and_predict

    asked = ends.levels, ends.shares
    place, data, names = "elman forecast", table.frame, table.names
    return fit_and_predict(place, forecaster, data, *asked, table.future, names, static, paths=paths)


def _show(forecaster: Forecaster, found: Delivery, names: OwnNames, file_hint: str) -> None:
    if found.check is not None:
        show_backtest(found.check)
    show_delivered(forecaster)
    show_forecast(found.frame, names, file_hint)


def _show_importance(forecaster: Forecaster, table: Table, static: Any) -> None:
    from elman.forecasting.importance import importance

    result = importance(forecaster, table.frame, static_df=static)
    cells = [(name, kind, *(f"{number:.3f}" for number in numbers)) for name, kind, *numbers in result.table.values]
    title = f"{result.metric} {result.error:.3f} of the last {forecaster.horizon} values; with an input shuffled"
    show_table(title, result.table.columns.tolist(), cells, texts=2)


def _say_what_was_read(file: str, table: Table) -> None:
    frame = table.frame
    series = frame["unique_id"].nunique()
    count = f"{series:,} series, " if series > 1 else ""
    several = f", series by {table.series!r}" if table.series is not None and series > 1 else ""
    say(f"{file}: {count}{len(frame):,} rows; time is {table.time!r}, target is {table.target!r}{several}.")
    for note in table.notes:
        say(f"{file}: {note}.")


def _say_what_was_chosen(forecaster: Forecaster) -> None:
    seasons = ", ".join(map(str, forecaster.seasons_))
    found = f"Frequency {getattr(forecaster.freq_, 'freqstr', forecaster.freq_)}, season {seasons}"
    if not hasattr(forecaster, "networks_"):
        say(f"{found}.")
        return
    say(
        f"{found}, window {forecaster.window_}, transform {forecaster.transform_}, "
        f"{len(forecaster.networks_)} networks of {forecaster.updates_} updates."
    )
    tried = forecaster.window_scores_
    if len(tried) > 1:
        say(f"The window was chosen on held-out values among {', '.join(map(str, sorted(tried)))}.")


def _write(forecaster: Forecaster, table: Table, found: Delivery, results: Results) -> None:
    """Write the requested files, each whole or not at all; the picture is drawn first."""
    from elman.persistence import write_atomically

    plot = results.plot
    picture = None if plot is None else _draw(forecaster, table, found, plot.suffix[1:].lower())
    if results.save is not None:
        forecaster.save(results.save)
    if results.output is not None:
        write_forecast(results.output, table.names.renamed(found.frame))
    if plot is not None and picture is not None:
        write_atomically(plot, picture)


def _draw(forecaster: Forecaster, table: Table, found: Delivery, ending: str) -> bytes:
    """Draw the picture."""
    from elman.forecasting.plot import plot_png

    history = table.frame.sort_values(["unique_id", "ds"])
    baseline = found.best_baseline(forecaster.horizon)
    form, method = ending if ending in ("svg", "pdf") else "png", forecaster.method_
    return plot_png(history, found.frame, found.check, found.seasons[0], baseline, method, form=form)
