"""``elman forecast``: from a CSV file to a checked forecast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._common import check_writable, reported, say, table_of, usage_error, write_csv
from elman.cli._show import show_backtest, show_forecast

if TYPE_CHECKING:
    from elman.forecasting import Backtest, Forecaster
    from elman.forecasting.tables import Table

__all__ = ["forecast"]


def forecast(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="CSV file with a date column, or air-passengers, or sunspots.")
    ],
    horizon: Annotated[int, typer.Option("--horizon", "-n", min=1, help="Values to forecast.")],
    season: Annotated[
        str, typer.Option(help="Values per season, such as 12 or 24,168; auto: from the frequency.")
    ] = "auto",
    freq: Annotated[str, typer.Option(help="Pandas frequency, such as MS or 15min; auto: inferred.")] = "auto",
    window: Annotated[str, typer.Option(help="Values that the network sees per step, or auto.")] = "auto",
    cell: Annotated[str, typer.Option(help="lstm, gru or rnn.")] = "lstm",
    missing: Annotated[str, typer.Option(help="error, seasonal_median or interpolate.")] = "error",
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the dates; found if not given.")] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column to forecast; found if not given.")
    ] = None,
    series: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="Column that tells several series apart.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Character encoding of the file.")] = "utf-8",
    backtest: Annotated[int, typer.Option(min=0, help="Past cut-offs to check the forecast at; 0 for none.")] = 1,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw history, check and forecast.")] = None,
    output: Annotated[Path | None, typer.Option(metavar="CSV", help="Write the forecast.")] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="MODEL", help="Write the fitted model, for elman predict.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same forecast.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads; the result does not depend on them.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages and no progress.")] = False,
) -> None:
    """Forecast a series, and say whether the forecast is worth having.

    The newest values are held out first and forecast by the network and by simple baselines; then the network learns
    from everything and forecasts what comes next.
    """
    for option, path in (("--plot", plot), ("--output", output), ("--save", save)):
        check_writable(option, path)
    with reported(quiet):
        from elman.forecasting import Forecaster

        forecaster = Forecaster(
            horizon,
            season=_seasons(season),
            freq=freq,
            window=_window(window),
            cell=cell,
            missing=missing,
            random_state=seed,
            n_threads=threads,
            progress=not quiet,
        )
        table = table_of(file, time, target, series, encoding)
        if not quiet:
            _say_what_was_read(file, table)
        result = _check(forecaster, table, backtest, quiet)
        forecaster.fit(table.frame)
        if not quiet:
            _say_what_was_chosen(forecaster)
        frame = forecaster.predict()
        _write(forecaster, table, frame, result, plot, output, save)
        if result is not None:
            past = f"the last {horizon} values" if backtest == 1 else f"{backtest} cut-offs"
            show_backtest(result, f"Check on {past}, held out")
        hint = "" if output is not None else "; --output writes all of them"
        show_forecast(frame, "Forecast", hint)


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
    say(
        f"Frequency {freq}, season {seasons}, window {forecaster.window_}, transform {forecaster.transform_}, "
        f"{len(forecaster.networks_)} networks of {forecaster.updates_} updates."
    )


def _check(forecaster: Forecaster, table: Table, n_windows: int, quiet: bool) -> Backtest | None:
    """Hold out the newest values; where the file is too short for that, say so and go on."""
    from elman.errors import DataError
    from elman.forecasting import backtest
    from elman.forecasting.frames import read_panel

    if n_windows == 0:
        return None
    read_panel(
        "elman forecast", table.frame, forecaster.freq, forecaster.missing
    )  # bad data end here, with their own message
    try:
        return backtest(forecaster, table.frame, n_windows=n_windows)
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
    """Write the files asked for, each of them whole or not at all."""
    if save is not None:
        forecaster.save(save)
    if output is not None:
        write_csv(output, frame)
    if plot is not None:
        from elman.forecasting.plot import plot_png
        from elman.persistence import write_atomically

        history = table.frame.sort_values(["unique_id", "ds"])
        write_atomically(plot, plot_png(history, frame, result, forecaster.seasons_[0]))
