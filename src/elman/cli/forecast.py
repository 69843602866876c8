"""``elman forecast``: from a CSV file to a checked forecast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._common import (
    USUAL_LEVELS,
    Checkpoint,
    Resume,
    check_choice,
    check_readable,
    check_writable,
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


def forecast(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="CSV or Parquet file with a date column, or air-passengers, or sunspots."),
    ],
    horizon: Annotated[int, typer.Option("--horizon", "-n", min=1, help="Values to forecast.")],
    season: Annotated[
        str, typer.Option(help="Values per season, such as 12 or 24,168; auto: from the frequency.")
    ] = "auto",
    freq: Annotated[str, typer.Option(help="Pandas frequency, such as MS or 15min; auto: inferred.")] = "auto",
    window: Annotated[str, typer.Option(help="Values that the network sees per step, or auto.")] = "auto",
    cell: Annotated[str, typer.Option(help="lstm, gru or rnn.")] = "lstm",
    level: Annotated[
        str, typer.Option(help="Intervals in percent, such as 80,95; none; auto: 80 and 95 as far as the data allow.")
    ] = "auto",
    missing: Annotated[str, typer.Option(help="error, seasonal_median or interpolate.")] = "error",
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the dates; found if not given.")] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column to forecast; found if not given.")
    ] = None,
    series: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="Column that tells several series apart.")
    ] = None,
    covariates: Annotated[
        str | None, typer.Option(metavar="COLUMNS", help="Further columns to learn from, such as price,heat.")
    ] = None,
    categories: Annotated[
        str | None, typer.Option(metavar="COLUMNS", help="Such columns that hold categories: weather,holiday.")
    ] = None,
    future: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Rows to come, with columns that are known ahead; dates as in the first file."
        ),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Character encoding of the file.")] = "utf-8",
    backtest: Annotated[int, typer.Option(min=0, help="Past cut-offs to check the forecast at; 0 for none.")] = 1,
    refit: Annotated[
        bool, typer.Option("--refit", help="Learn anew at every cut-off, not only at the earliest; takes longer.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw history, check, forecast and intervals.")
    ] = None,
    output: Annotated[Path | None, typer.Option(metavar="CSV", help="Write the forecast.")] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="MODEL", help="Write the fitted model, for elman predict.")
    ] = None,
    checkpoint: Checkpoint = None,
    resume: Resume = False,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same forecast.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads; the result does not depend on them.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages and no progress.")] = False,
) -> None:
    """Forecast a series, and say whether the forecast is worth having.

    The newest values are held out first and forecast by the network and by simple baselines; then the network learns
    from everything and forecasts what comes next.
    """
    check_readable("--future", future)
    _check_files({"--plot": plot, "--output": output, "--save": save}, file, future)
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


def _check_files(writes: dict[str, Path | None], *reads: str | Path | None) -> None:
    """Refuse files that cannot be written, or that would replace each other or what is read."""
    for option, path in writes.items():
        check_writable(option, path, *reads)
    paths = [path.resolve() for path in writes.values() if path is not None]
    if len(set(paths)) < len(paths):
        usage_error(f"{', '.join(writes)}: two of them name the same file.")


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
