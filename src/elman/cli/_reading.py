"""Options of the notation of a file: defined once, for every command that reads tables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman._words import learn
from elman.cli._command import say, usage_error
from elman.cli._common import check_choice, refuse_unused

if TYPE_CHECKING:
    from elman.forecasting import Forecaster
    from elman.tables.files import Notation
    from elman.tables.own_names import OwnNames
    from elman.tables.series import Table

__all__ = ["Reading", "static_of", "table_for", "table_of"]

_DECIMALS, _THOUSANDS = (".", ","), (".", ",", " ", "'")

Encoding = Annotated[str, typer.Option(help="Character encoding of a file of text.")]
Decimal = Annotated[str | None, typer.Option(metavar="MARK", help="Decimal mark of numbers; found if not given.")]
Thousands = Annotated[str | None, typer.Option(metavar="MARK", help="Mark between thousands; found if not given.")]
DayFirst = Annotated[bool, typer.Option("--day-first", help="1/2/2024 is in February; found if not given.")]
DateFormat = Annotated[str | None, typer.Option(metavar="FORM", help="Form of dates, such as %m/%d/%Y.")]


@dataclass(frozen=True)
class Reading:
    """Options of the notation of a file."""

    encoding: Encoding = "utf-8"
    decimal: Decimal = None
    thousands: Thousands = None
    day_first: DayFirst = False
    date_format: DateFormat = None

    def refuse_wrong(self) -> None:
        """Refuse invalid and contradictory values."""
        if self.decimal is not None:
            check_choice("--decimal", self.decimal, _DECIMALS)
        if self.thousands is not None:
            check_choice("--thousands", self.thousands, _THOUSANDS)
        if self.decimal is not None and self.decimal == self.thousands:
            usage_error(f"--decimal {self.decimal}: is the mark of --thousands, too.")
        if self.day_first and self.date_format is not None:
            usage_error("--day-first does not go with --date-format.")

    @property
    def notation(self) -> Notation:
        """Notation of numbers and dates."""
        from elman.tables.files import Notation

        return Notation(self.decimal, self.thousands, True if self.day_first else None, self.date_format)

    @property
    def by_option(self) -> dict[str, Any]:
        """Values by option."""
        return {
            "--decimal": self.decimal,
            "--thousands": self.thousands,
            "--day-first": self.day_first or None,
            "--date-format": self.date_format,
        }


def table_of(
    file: str,
    time: str | None,
    target: str | None,
    series: str | None,
    reading: Reading,
    past: Sequence[str] | Mapping[str, str] = (),
    future: Path | None = None,
    categories: Sequence[str] = (),
    known: OwnNames | None = None,
) -> Table:
    """Read a file, or a series shipped with the package."""
    from elman.data.datasets import dataset_names, load_dataset
    from elman.tables.series import Table, read_series

    path = Path(file)
    if os.path.isdir(path):
        usage_error(f"{file}: is a folder.")
    if file == "-" or os.path.exists(path):
        table = read_series(
            path, time, target, series, reading.encoding, past, future, categories, reading.notation, known
        )
        several = {"y": "the value"} if len(table.names.targets) > 1 else {}
        learn(table.names.own, several if future is not None else several | {"future": file})
        return table
    if file not in dataset_names():
        known_names = ", ".join(dataset_names())
        usage_error(f"{file}: no such file, and no series of that name comes with Elman ({known_names} do).")
    if past or categories or future is not None:
        usage_error(f"{file}: the series that comes with Elman has no covariates.")
    columns = {"--time": time, "--target": target, "--id": series}
    refuse_unused(f"{file}: comes with Elman", columns | reading.by_option)
    return Table(load_dataset(file), "ds", "y", "unique_id")


def static_of(path: Path | None, series: str | None, reading: Reading, *, quiet: bool) -> Any:
    """Read the static covariates of series, by the column of their names, and print notes; None without a file."""
    from elman.tables.static import read_per_series

    notes: list[str] = []
    found = None if path is None else read_per_series(path, series, reading.encoding, reading.notation, notes)
    for note in [] if quiet else notes:
        say(f"{path}: {note}.")
    return found


def table_for(
    model: Forecaster,
    file: str,
    time: str | None,
    target: str | None,
    series: str | None,
    reading: Reading,
    *,
    quiet: bool,
    future: Path | None = None,
) -> Table:
    """Read a file with the columns of the fit of a forecaster, and print the guesses."""
    from elman.forecasting.delivery import own_names
    from elman.forecasting.options import inputs_of

    table = table_of(file, time, target, series, reading, inputs_of(model).given, future, (), own_names(model))
    for note in [] if quiet else table.notes:
        say(f"{file}: {note}.")
    return table
