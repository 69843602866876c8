"""The options of ``elman forecast``, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._cluster import Dask, Ray
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
    count_or_auto,
    levels_of,
    quantiles_of,
)
from elman.cli._parts import Errors, Workers
from elman.cli._paths import Paths, Samples

if TYPE_CHECKING:
    from elman.forecasting import Forecaster

__all__ = ["Columns", "Ends", "Horizon", "Model", "Results", "Run", "names_in"]

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


@dataclass(frozen=True)
class Model:
    """Options of the forecaster."""

    method: Method = "auto"
    base: Base = None
    season: Season = "auto"
    freq: Frequency = "auto"
    window: Window = "auto"
    cell: Cell = "lstm"
    distribution: Distribution = None
    missing: Missing = "error"
    series_covariates: SeriesCovariates = None
    calendar: Calendar = False
    holidays: Holidays = None
    weight: Weight = None
    half_life: HalfLife = None
    censored: Censored = None
    backtest: CutOffs = None
    refit: Refit = False
    seed: Seed = 0
    threads: Threads = None

    def forecaster(self, horizon: int, learned: list[float] | None, *, quiet: bool) -> Forecaster:
        """Check the options and make the forecaster; ``learned`` are the quantiles of a network."""
        check_choice("--cell", self.cell, ("lstm", "gru", "rnn"))
        check_choice("--missing", self.missing, ("error", "seasonal_median", "interpolate", "mask"))
        settings = {"season": count_or_auto("--season", self.season, several=True), "freq": self.freq}
        settings |= {"window": count_or_auto("--window", self.window), "cell": self.cell, "missing": self.missing}
        settings |= {"random_state": self.seed, "n_threads": self.threads, "progress": not quiet, "refit": self.refit}
        settings |= {"weight": self.weight, "half_life": self.half_life, "censored": self.censored}
        settings |= {"series_covariates": names_in(self.series_covariates) or None, "calendar": self.calendar}
        settings |= {"holidays": self.holidays, "base": None if self.base is None else str(self.base)}
        settings |= {"distribution": self.distribution}
        if self.method == "network" and self.distribution is None:
            settings["quantiles"] = learned
        return _forecaster(horizon, self.method, self.backtest, settings)


@dataclass(frozen=True)
class Ends:
    """Options of intervals and quantiles, and what they ask for."""

    level: Level = "auto"
    quantiles: Quantiles = None

    @property
    def levels(self) -> list[float] | None:
        """Levels of the intervals; None for the usual ones."""
        return levels_of(self.level)

    @property
    def shares(self) -> list[float]:
        """Shares of the quantiles."""
        return quantiles_of(self.quantiles)

    @property
    def learned(self) -> list[float] | None:
        """Shares that a network learns; None for the median alone, which is the usual forecast."""
        return self.shares if any(share != 0.5 for share in self.shares) else None

    def refuse_wrong(self) -> None:
        """Refuse levels and shares that are none."""
        _ = self.levels, self.shares


@dataclass(frozen=True)
class Columns:
    """Options of the columns and of further files."""

    time: Time = None
    target: Target = None
    series: Series = None
    covariates: Covariates = None
    categories: Categories = None
    static: Static = None
    future: Future = None

    @property
    def named(self) -> tuple[str | None, str | None, str | None]:
        """Columns of times, values and names of series."""
        return self.time, self.target, self.series


@dataclass(frozen=True)
class Results:
    """Options of files to write and of what to print."""

    importance: Importance = False
    plot: Plot = None
    output: ForecastOutput = None
    samples: Samples = None
    paths: Paths = None
    save: Save = None
    quiet: Quiet = False


@dataclass(frozen=True)
class Run:
    """Options of long runs and of folders."""

    checkpoint: Checkpoint = None
    resume: ResumeRun = False
    workers: Workers = None
    dask: Dask = None
    ray: Ray = None
    errors: Errors = "raise"

    @property
    def of_folders(self) -> dict[str, Any]:
        """Options that only a folder has."""
        return {"--workers": self.workers, "--dask": self.dask, "--ray": self.ray}


def _forecaster(horizon: int, method: str, backtest: int | None, settings: dict[str, Any]) -> Forecaster:
    from elman.forecasting.delivery import usual_cutoffs
    from elman.forecasting.forecaster import Forecaster
    from elman.forecasting.options import METHODS

    check_choice("--method", method, METHODS)
    cutoffs = usual_cutoffs(method) if backtest is None else backtest
    return Forecaster(horizon, method=method, cutoffs=cutoffs, **settings)


def names_in(text: str | None) -> list[str]:
    """Split names such as ``price,heat``."""
    return [] if text is None else [name.strip() for name in text.split(",") if name.strip()]
