"""``elman forecast``: forecast a file, with a check on held-out values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._cluster import Dask, Ray
from elman.cli._command import say
from elman.cli._common import (
    Checkpoint,
    ForecastOutput,
    Future,
    Quantiles,
    Quiet,
    Seed,
    Series,
    Static,
    Target,
    Threads,
    Time,
    check_choice,
    check_ending,
    check_extra,
    check_outputs,
    check_readable,
    check_table,
    count_or_auto,
    kept,
    levels_of,
    quantiles_of,
    refuse_unused,
    write_forecast,
)
from elman.cli._parts import Errors, Wanted, Workers, check_parts, forecast_parts, known_ahead, open_parts
from elman.cli._paths import Drawn, Paths, Samples
from elman.cli._reading import Reading, reads_tables, static_of, table_of
from elman.cli._show import show_backtest, show_delivered, show_forecast, show_table

if TYPE_CHECKING:
    from elman.forecasting import Forecaster
    from elman.forecasting.delivery import Delivery
    from elman.tables.own_names import OwnNames
    from elman.tables.series import Table

__all__ = ["forecast"]


Horizon = Annotated[int, typer.Option("--horizon", "-n", min=1, help="Values to forecast.")]
Season = Annotated[str, typer.Option(help="Values per season, such as 12 or 24,168; auto: from the frequency.")]
Frequency = Annotated[str, typer.Option(help="Pandas frequency, such as MS or 15min; auto: inferred.")]
Method = Annotated[
    str,
    typer.Option(
        help="auto: chosen by the check; prior, tuned, network, counts, or a baseline such as 'seasonal naive'."
    ),
]
Base = Annotated[
    Path | None,
    typer.Option(metavar="MODEL", help="Saved forecaster whose tuned prior is the one to start from."),
]
Window = Annotated[str, typer.Option(help="Of --method network: values seen per step, or auto.")]
Cell = Annotated[str, typer.Option(help="Of --method network: lstm, gru or rnn.")]
Distribution = Annotated[
    str | None,
    typer.Option(help="Of --method network: normal, student_t, poisson or negative_binomial."),
]
Level = Annotated[
    str, typer.Option(help="Intervals in percent, such as 80,95; none; auto: 80 and 95 as far as the data allow.")
]
Missing = Annotated[str, typer.Option(help="error, seasonal_median, interpolate or mask.")]
Covariates = Annotated[
    str | None, typer.Option(metavar="COLUMNS", help="Covariates to learn from, such as price,heat.")
]
Categories = Annotated[
    str | None, typer.Option(metavar="COLUMNS", help="Covariates that hold categories, such as weather,holiday.")
]
SeriesCovariates = Annotated[
    str | None,
    typer.Option(metavar="NAMES", help="Series whose past values all series learn from, such as oil,gas."),
]
Calendar = Annotated[
    bool, typer.Option("--calendar", help="Learn from hour, weekday, month and season, as the frequency has them.")
]
Holidays = Annotated[
    str | None, typer.Option(metavar="COUNTRY", help="Learn from the holidays of a country, such as DE or DE-BY.")
]
Weight = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Of --method network: the weight of a row in training; 0: not learned."),
]
HalfLife = Annotated[
    float | None,
    typer.Option(metavar="STEPS", help="Of --method network: after so many steps a value has half of its weight."),
]
Censored = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Of --method network: 1 on closed days and in stock-outs, else 0."),
]
CutOffs = Annotated[
    int | None, typer.Option(min=0, help="Number of past cut-offs for the check, 0 for none; as the data allow.")
]
Refit = Annotated[
    bool, typer.Option("--refit", help="Fit anew at every cut-off, not only at the earliest; takes longer.")
]
Importance = Annotated[
    bool, typer.Option("--importance", help="Also print by how much the error rises when an input is shuffled.")
]
ResumeRun = Annotated[
    bool, typer.Option("--resume", help="Continue from the folder of --checkpoint, or a folder's stopped forecast.")
]
Plot = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Draw history, check, forecast and intervals: .png, .svg or .pdf.")
]
Save = Annotated[Path | None, typer.Option(metavar="MODEL", help="Write the fitted model, for elman predict.")]


@reads_tables
def forecast(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="CSV or Parquet file with a date column, a folder of Parquet files, or air-passengers, or sunspots.",
        ),
    ],
    horizon: Horizon,
    method: Method = "auto",
    base: Base = None,
    season: Season = "auto",
    freq: Frequency = "auto",
    window: Window = "auto",
    cell: Cell = "lstm",
    level: Level = "auto",
    quantiles: Quantiles = None,
    distribution: Distribution = None,
    missing: Missing = "error",
    time: Time = None,
    target: Target = None,
    series: Series = None,
    covariates: Covariates = None,
    categories: Categories = None,
    static: Static = None,
    series_covariates: SeriesCovariates = None,
    calendar: Calendar = False,
    holidays: Holidays = None,
    weight: Weight = None,
    half_life: HalfLife = None,
    censored: Censored = None,
    future: Future = None,
    backtest: CutOffs = None,
    refit: Refit = False,
    importance: Importance = False,
    plot: Plot = None,
    output: ForecastOutput = None,
    samples: Samples = None,
    paths: Paths = None,
    save: Save = None,
    checkpoint: Checkpoint = None,
    resume: ResumeRun = False,
    workers: Workers = None,
    dask: Dask = None,
    ray: Ray = None,
    errors: Errors = "raise",
    seed: Seed = 0,
    threads: Threads = None,
    quiet: Quiet = False,
    *,
    reading: Reading,
) -> None:
    """Forecast a series, and check whether the forecast beats simple baselines.

    The check holds out the newest values and forecasts them by a pretrained recurrent network and by simple baselines.
    The best method by a fixed rule then forecasts the future values.
    """
    parts = check_parts(file, output, errors, {"--workers": workers, "--dask": dask, "--ray": ray})
    drawn = Drawn.of(samples, paths, seed)
    writes = {"--plot": plot, "--output": None if parts else output, "--save": save, "--paths": paths}
    _check_files(file, None if parts else future, static, base, writes)
    check_choice("--cell", cell, ("lstm", "gru", "rnn"))
    check_choice("--missing", missing, ("error", "seasonal_median", "interpolate", "mask"))
    ends = _Ends(level, quantiles, levels_of(level), quantiles_of(quantiles))
    settings = {"season": count_or_auto("--season", season, several=True), "freq": freq, "cell": cell}
    settings |= {"window": count_or_auto("--window", window), "missing": missing, "refit": refit}
    settings |= {"random_state": seed, "n_threads": threads, "progress": not quiet}
    settings |= {"weight": weight, "half_life": half_life, "censored": censored, "distribution": distribution}
    settings |= {"series_covariates": _names(series_covariates) or None}
    settings |= {"calendar": calendar, "holidays": holidays, "base": None if base is None else str(base)}
    if method == "network" and distribution is None:
        settings["quantiles"] = ends.learned
    forecaster = _forecaster(horizon, method, backtest, settings)
    data = _Data(file, (time, target, series), covariates, categories, static, future, base, reading)
    results = _Results(plot, output, drawn, save, importance, quiet)
    if parts and output is not None:
        _refuse_in_parts(
            forecaster, data, results, {"--checkpoint": checkpoint, "--samples": samples, "--paths": paths}
        )
        wanted = Wanted(output, future, workers, errors, resume, quiet, dask, ray)
        _forecast_folder(forecaster, data, ends, save, wanted)
    else:
        _forecast_table(forecaster, data, ends, results, checkpoint, resume)


@dataclass(frozen=True)
class _Ends:
    """Intervals and quantiles: the texts of the options, and what they ask for."""

    level: str
    quantiles: str | None
    levels: list[float] | None
    shares: list[float]

    @property
    def learned(self) -> list[float] | None:
        """Shares that a network learns; None for the median alone, which is the usual forecast."""
        return self.shares if any(share != 0.5 for share in self.shares) else None


@dataclass(frozen=True)
class _Data:
    """Files and columns to read."""

    file: str
    columns: tuple[str | None, str | None, str | None]
    covariates: str | None
    categories: str | None
    static: Path | None
    future: Path | None
    base: Path | None
    reading: Reading


@dataclass(frozen=True)
class _Results:
    """Files to write, and what to print."""

    plot: Path | None
    output: Path | None
    drawn: Drawn | None
    save: Path | None
    importance: bool
    quiet: bool


def _refuse_in_parts(forecaster: Forecaster, data: _Data, results: _Results, others: dict[str, Any]) -> None:
    """Refuse options of a table in memory for a folder."""
    unused = {"--plot": results.plot, "--categories": data.categories, "--importance": results.importance or None}
    unused |= {"--weight": forecaster.weight, "--censored": forecaster.censored} | others
    unused |= {"--series-covariates": forecaster.series_covariates}
    refuse_unused(f"{data.file}: is a folder", unused | data.reading.by_option)


def _forecast_table(
    forecaster: Forecaster, data: _Data, ends: _Ends, results: _Results, checkpoint: Path | None, resume: bool
) -> None:
    """Fit and forecast one table in memory."""
    named = _names(data.covariates)
    roles = {forecaster.weight: "weight", forecaster.censored: "censored"} | dict.fromkeys(named, "past")
    past = {name: role for name, role in roles.items() if name is not None}
    table = table_of(data.file, *data.columns, data.reading, past, data.future, _names(data.categories))
    stores = static_of(data.static, table.series, data.reading, quiet=results.quiet)
    drawn = results.drawn
    if drawn is not None:
        drawn.check(table.names)
    others = {name for name, role in past.items() if role != "past"}
    _set_covariates(forecaster, [name for name in table.past if name not in others], table.known_ahead, stores)
    if not results.quiet:
        _say_what_was_read(data.file, table)
    run = forecaster.get_params() | {"level": ends.level, "quantiles": ends.quantiles} | vars(data.reading)
    run |= {"time": table.time, "target": table.target, "id": table.series, "categories": data.categories}
    run |= {"paths": drawn is not None}
    inputs = [data.file, data.future, *filter(None, [data.static, data.base])]
    with kept("elman forecast", checkpoint, resume, run, *inputs):
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


def _set_covariates(forecaster: Forecaster, past: Sequence[str], ahead: Sequence[str], static: Any) -> None:
    """Name the columns that are covariates, by what is known of them."""
    constant = None if static is None else [name for name in static if name != "unique_id"]
    own = {"past_covariates": list(past) or None, "future_covariates": list(ahead) or None}
    forecaster.set_params(**own, static_covariates=constant)


def _forecast_folder(forecaster: Forecaster, data: _Data, ends: _Ends, save: Path | None, wanted: Wanted) -> None:
    """Fit and forecast Parquet files that need not fit in memory."""
    from elman.forecasting.delivery import fit_parts
    from elman.partitions import check_place

    place, covariates = "elman forecast", _names(data.covariates)
    check_place(place, wanted.output, resume=wanted.resume)
    source = open_parts(place, data.file, data.columns, None, covariates, quiet=wanted.quiet)
    stores = static_of(data.static, source.names.series, data.reading, quiet=wanted.quiet)
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


def _check_files(
    file: str,
    future: Path | None,
    static: Path | None,
    base: Path | None,
    writes: dict[str, Path | None],
) -> None:
    """Refuse, before any work, files that cannot be read or written."""
    check_readable("--future", future)
    check_readable("--static", static)
    check_readable("--base", base)
    check_table("--output", writes["--output"])
    plot = writes["--plot"]
    check_ending("--plot", plot, (".png", ".svg", ".pdf"), (".jpg", ".jpeg", ".gif", ".webp", ".tif", ".eps", ".ps"))
    check_outputs(writes, file, future, static, base)
    check_extra("--plot", plot, "matplotlib")


def _forecaster(horizon: int, method: str, backtest: int | None, settings: dict[str, Any]) -> Forecaster:
    from elman.forecasting.delivery import usual_cutoffs
    from elman.forecasting.forecaster import Forecaster
    from elman.forecasting.options import METHODS

    check_choice("--method", method, METHODS)
    cutoffs = usual_cutoffs(method) if backtest is None else backtest
    return Forecaster(horizon, method=method, cutoffs=cutoffs, **settings)


def _fit_and_predict(forecaster: Forecaster, table: Table, ends: _Ends, static: Any, *, paths: bool) -> Delivery:
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


def _names(text: str | None) -> list[str]:
    """Split names such as ``price,heat``."""
    return [] if text is None else [name.strip() for name in text.split(",") if name.strip()]


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


def _write(forecaster: Forecaster, table: Table, found: Delivery, results: _Results) -> None:
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
