"""``elman forecast``: from a CSV file to a checked forecast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._common import (
    USUAL_LEVELS,
    Checkpoint,
    Encoding,
    ForecastOutput,
    Future,
    Quiet,
    Resume,
    Seed,
    Series,
    Target,
    Threads,
    Time,
    check_choice,
    check_outputs,
    check_readable,
    kept,
    levels_of,
    reported,
    say,
    table_of,
    usage_error,
    write_csv,
)
from elman.cli._show import show_backtest, show_forecast

if TYPE_CHECKING:
    from elman.forecasting import Backtest, Forecaster
    from elman.forecasting.tables import Table

__all__ = ["forecast"]


Horizon = Annotated[int, typer.Option("--horizon", "-n", min=1, help="Values to forecast.")]
Season = Annotated[str, typer.Option(help="Values per season, such as 12 or 24,168; auto: from the frequency.")]
Frequency = Annotated[str, typer.Option(help="Pandas frequency, such as MS or 15min; auto: inferred.")]
Window = Annotated[str, typer.Option(help="Values that the network sees per step, or auto.")]
Cell = Annotated[str, typer.Option(help="lstm, gru or rnn.")]
Level = Annotated[
    str, typer.Option(help="Intervals in percent, such as 80,95; none; auto: 80 and 95 as far as the data allow.")
]
Missing = Annotated[str, typer.Option(help="error, seasonal_median or interpolate.")]
Covariates = Annotated[
    str | None, typer.Option(metavar="COLUMNS", help="Further columns to learn from, such as price,heat.")
]
Categories = Annotated[
    str | None, typer.Option(metavar="COLUMNS", help="Such columns that hold categories: weather,holiday.")
]
CutOffs = Annotated[int, typer.Option(min=0, help="Past cut-offs to check the forecast at; 0 for none.")]
Refit = Annotated[
    bool, typer.Option("--refit", help="Learn anew at every cut-off, not only at the earliest; takes longer.")
]
Plot = Annotated[Path | None, typer.Option(metavar="PNG", help="Draw history, check, forecast and intervals.")]
Save = Annotated[Path | None, typer.Option(metavar="MODEL", help="Write the fitted model, for elman predict.")]


def forecast(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="CSV or Parquet file with a date column, or air-passengers, or sunspots."),
    ],
    horizon: Horizon,
    season: Season = "auto",
    freq: Frequency = "auto",
    window: Window = "auto",
    cell: Cell = "lstm",
    level: Level = "auto",
    missing: Missing = "error",
    time: Time = None,
    target: Target = None,
    series: Series = None,
    covariates: Covariates = None,
    categories: Categories = None,
    future: Future = None,
    encoding: Encoding = "utf-8",
    backtest: CutOffs = 1,
    refit: Refit = False,
    plot: Plot = None,
    output: ForecastOutput = None,
    save: Save = None,
    checkpoint: Checkpoint = None,
    resume: Resume = False,
    seed: Seed = 0,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Forecast a series, and say whether the forecast is worth having.

    The newest values are held out first and forecast by the network and by simple baselines; then the network learns
    from everything and forecasts what comes next.
    """
    check_readable("--future", future)
    check_outputs({"--plot": plot, "--output": output, "--save": save}, file, future)
    check_choice("--cell", cell, ("lstm", "gru", "rnn"))
    check_choice("--missing", missing, ("error", "seasonal_median", "interpolate"))
    levels = levels_of(level)
    with reported(quiet):
        from elman.forecasting import Forecaster

        forecaster = Forecaster(
            horizon,
            season=_seasons(season),
            freq=_frequency(freq),
            window=_window(window),
            cell=cell,
            missing=missing,
            random_state=seed,
            n_threads=threads,
            progress=not quiet,
        )
        table = table_of(file, time, target, series, encoding, _names(covariates), future, _names(categories))
        forecaster.set_params(past_covariates=table.past or None, future_covariates=table.known_ahead or None)
        if not quiet:
            _say_what_was_read(file, table)
        _refuse_bad_data(forecaster, table)
        run = forecaster.get_params() | {"level": level, "backtest": backtest, "refit": refit, "encoding": encoding}
        columns = {"time": table.time, "target": table.target, "id": table.series, "categories": categories}
        with kept("elman forecast", checkpoint, resume, run | columns, file, future):
            result = _check(forecaster, table, backtest, refit, quiet)
            levels = _fit(forecaster, table, result, levels, quiet)
        if not quiet:
            _say_what_was_chosen(forecaster)
        frame = forecaster.predict(level=levels or None, future=table.future)
        _write(forecaster, table, frame, result, plot, output, save)
        if result is not None:
            past = f"the last {horizon} values" if backtest == 1 else f"{backtest} cut-offs"
            show_backtest(result, f"Check on {past}, held out")
        hint = "" if output is not None else "; --output writes all of them"
        show_forecast(frame, "Forecast", hint)


def _frequency(text: str) -> str:
    """Read ``auto`` or a pandas alias."""
    from elman.forecasting.frequencies import to_frequency

    if text != "auto":
        try:
            to_frequency(text)
        except ValueError:
            usage_error(f"--freq {text}: must be auto or a pandas frequency such as MS, D or 15min.")
    return text


def _names(text: str | None) -> list[str]:
    """Read ``price,heat``."""
    return [] if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _seasons(text: str) -> Any:
    """Read ``auto``, ``12`` or ``24,168``."""
    if text == "auto":
        return text
    parts = text.split(",")
    if not all(part.strip().isdigit() and int(part) > 0 for part in parts):
        usage_error(f"--season {text}: must be auto, a number such as 12, or several such as 24,168.")
    return [int(part) for part in parts]


def _window(text: str) -> Any:
    """Read ``auto`` or a number."""
    if text == "auto":
        return text
    if not text.isdigit() or int(text) == 0:
        usage_error(f"--window {text}: must be auto or a number of at least 1.")
    return int(text)


def _fit(
    forecaster: Forecaster, table: Table, result: Backtest | None, levels: list[float] | None, quiet: bool
) -> list[float]:
    """Learn from everything; return the levels that intervals can be given for, None asking for the usual ones.

    Where the check has left residuals enough, intervals are made of those; else another network, which has not seen the
    newest values, is fitted to get more.
    """
    from elman.errors import DataError
    from elman.forecasting.intervals import STEADY, adopt, levels_within, residuals_needed

    wanted = USUAL_LEVELS if levels is None else levels
    needed = residuals_needed(max(wanted, default=0))
    residuals = None if result is None else result.residuals
    if not wanted or (residuals is not None and residuals.count >= STEADY * needed):
        forecaster.fit(table.frame)
        adopt(forecaster, residuals if wanted else None)
        return wanted
    usual = needed <= residuals_needed(max(USUAL_LEVELS))
    forecaster.set_params(intervals="auto" if usual else -(-needed // table.frame["unique_id"].nunique()))
    try:
        forecaster.fit(table.frame)
    except DataError as error:
        if levels is not None:
            raise
        forecaster.set_params(intervals=None).fit(table.frame)
        if not quiet:
            say(f"Warning: no intervals. {error}")
        return []
    possible = levels_within(forecaster, wanted)
    if len(possible) < len(wanted) and levels is not None:
        raise DataError(_too_few(forecaster, max(levels), needed))
    if len(possible) < len(wanted) and not quiet:
        few = " and ".join(f"{each:g}" for each in wanted if each not in possible)
        say(f"Warning: no intervals of {few} %; the data are too few.")
    return possible


def _too_few(forecaster: Forecaster, level: float, needed: int) -> str:
    count = forecaster._residuals.count if forecaster._residuals is not None else 0
    lower = f" Ask for at most {100 - 100 / count:.4g} %, or bring more data." if count > 1 else " Bring more data."
    return f"--level {level:g} needs {needed} past errors for each step of the horizon; these data give {count}.{lower}"


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
    freq = getattr(forecaster.freq_, "freqstr", forecaster.freq_)
    tried = forecaster.window_scores_
    say(
        f"Frequency {freq}, season {seasons}, window {forecaster.window_}, transform {forecaster.transform_}, "
        f"{len(forecaster.networks_)} networks of {forecaster.updates_} updates."
    )
    if len(tried) > 1:
        say(f"The window was chosen on the newest values of the past among {', '.join(map(str, sorted(tried)))}.")


def _refuse_bad_data(forecaster: Forecaster, table: Table) -> None:
    """Look at everything that will be read later, so that bad data end here, before any work."""
    from elman.forecasting.covariates import read_future
    from elman.forecasting.frames import read_panel

    place = "elman forecast"
    names = (*table.past, *table.known_ahead)
    panel = read_panel(place, table.frame, forecaster.freq, forecaster.missing, names)
    if table.future is not None:
        read_future(place, table.future, panel, table.known_ahead, len(table.past), forecaster.horizon)


def _check(forecaster: Forecaster, table: Table, n_windows: int, refit: bool, quiet: bool) -> Backtest | None:
    """Hold out the newest values; where the file is too short for that, say so and go on."""
    from elman.errors import DataError
    from elman.forecasting import backtest

    if n_windows == 0:
        return None
    try:
        return backtest(forecaster, table.frame, n_windows=n_windows, refit=refit)
    except DataError as error:
        if not quiet:
            say(f"Warning: not checked against baselines. {error}")
        return None


def _write(
    forecaster: Forecaster,
    table: Table,
    frame: Any,
    result: Backtest | None,
    plot: Path | None,
    output: Path | None,
    save: Path | None,
) -> None:
    """Write the files asked for, each of them whole or not at all; the picture is drawn before any of them."""
    from elman.persistence import write_atomically

    picture = None if plot is None else _draw(forecaster, table, frame, result)
    if save is not None:
        forecaster.save(save)
    if output is not None:
        write_csv(output, frame)
    if plot is not None and picture is not None:
        write_atomically(plot, picture)


def _draw(forecaster: Forecaster, table: Table, frame: Any, result: Backtest | None) -> bytes:
    """Draw the picture."""
    from elman.forecasting.backtest import baseline_forecasts
    from elman.forecasting.plot import plot_png

    history = table.frame.sort_values(["unique_id", "ds"])
    baseline = None
    if result is not None:
        baseline = baseline_forecasts("elman forecast", forecaster, table.frame, result.best)
    return plot_png(history, frame, result, forecaster.seasons_[0], baseline)
