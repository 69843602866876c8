"""Base of the frames of engines for clusters: columns, options, and the ISA level of the workers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pandas as pd

from elman.errors import ArgumentError, DataError, Remedy, UnsupportedError
from elman.partitions.job import Job
from elman.partitions.kinds import Part
from elman.partitions.levels import Level, common_level
from elman.partitions.tasks import Function, Task, sorted_rows
from elman.tables.categories import sources
from elman.tables.own_names import OwnNames

__all__ = ["EngineFrame"]


@dataclass(frozen=True, eq=False)
class EngineFrame(ABC):
    """A long frame of an engine; see `elman.partitions.Partitioned`.

    Parameters
    ----------
    place : str
        Start of a message.
    data : object
        The engine's frame, with a row per series and time.
    names : OwnNames
        Columns of the id, the time and the target.
    covariates : tuple of str
        Further columns to read.
    moved : bool
        Whether `by_series` has moved rows.
    """

    place: str
    data: Any
    names: OwnNames = field(default_factory=OwnNames)
    covariates: tuple[str, ...] = ()
    moved: bool = False

    @classmethod
    def opened(cls, place: str, data: Any, *names: OwnNames) -> Self:
        """Check the columns.

        Parameters
        ----------
        place : str
            Start of a message.
        data : object
            The engine's frame.
        *names : OwnNames
            Columns of the data: the first whose columns are there.

        Raises
        ------
        DataError
            If a column is absent.
        UnsupportedError
            If ids or targets have more than one column.
        """
        possible, columns = names or (OwnNames(),), cls(place, data).columns()
        there = [own for own in possible if {own.time, *own.ids, *own.targets} <= set(columns)]
        opened = cls(place, data, (there or possible)[0])
        own = opened.names
        if len(own.ids) != 1 or len(own.targets) != 1:
            raise UnsupportedError(
                f"{place}: data in parts have one column of ids and one to forecast, got "
                f"{', '.join(own.ids) or 'no column'} and {', '.join(own.targets)}."
            )
        if absent := [name for name in opened.usual if name not in columns]:
            raise DataError(
                f"{place}: a frame needs the columns {', '.join(opened.usual)}; {', '.join(absent)} not found among "
                f"{', '.join(columns)}."
            )
        return opened

    @property
    def usual(self) -> dict[str, str]:
        """Columns of the id, the time and the target to the names that parts have."""
        return dict(zip((self.names.series, self.names.time, self.names.targets[0]), _USUAL, strict=True))

    @property
    def needed(self) -> list[str]:
        """Columns that are read."""
        return [*self.usual, *self.covariates]

    def with_columns(self, covariates: Sequence[str]) -> Self:
        """Return the same with further columns; ``column=category`` stands for a column of categories.

        Raises
        ------
        DataError
            If one is absent.
        """
        columns = self.columns()
        found = sources(columns, covariates)
        if absent := [name for name in found if name not in columns]:
            raise DataError(f"{self.place}: {', '.join(absent)} not found among {', '.join(columns)}.")
        return replace(self, covariates=tuple(found))

    def ahead(self, future: Any, covariates: Sequence[str]) -> pd.DataFrame:
        """Check a frame of further rows, which is sent to every worker.

        Raises
        ------
        UnsupportedError
            If it is not in memory.
        """
        if not isinstance(future, pd.DataFrame):
            raise UnsupportedError(
                f"{self.place}: future must be a pandas frame, which every worker receives whole, got "
                f"{type(future).__module__.split('.')[0]}'s {type(future).__name__}."
            )
        return future.rename(columns=self.usual)

    def map(self, function: Function, empty: pd.DataFrame, job: Job, future: pd.DataFrame | None = None) -> Any:
        """Apply a function to every part; see `elman.partitions.Partitioned.map`.

        The result is computed when its rows are asked for; with ``errors="collect"`` at once, and kept by the workers.
        """
        if any((job.output, job.resume, job.workers)):
            raise ArgumentError(
                f"{self.place}: output, resume and workers are for Parquet files; {self.kind.capitalize()} has its own "
                "workers, and gives its own form of frame.",
                Remedy("write the result with the engine's own functions"),
            )
        source = self.by_series()
        task = Task(function, empty, self.usual, source.moved, job.errors == "collect", job.about, future)
        return source.collected(task) if task.collect else source.lazily(task)

    def part(self, number: int, what: str, frame: pd.DataFrame) -> Part:
        """Return a part with the usual names; rows that were moved are put in order.

        Parameters
        ----------
        number : int
            From 0.
        what : str
            The engine's word for a part.
        frame : DataFrame
            The rows, under the names of the data.
        """
        frame = frame.rename(columns=self.usual).reset_index(drop=True)
        return Part(number, sorted_rows(frame) if self.moved else frame, f"{what} {number + 1}, row {{}}".format)

    def isa(self) -> str:
        """Return the ISA level that this process and all workers can use; see `common_level`."""
        return common_level(self.place, Level.here(), self.levels())

    @property
    @abstractmethod
    def kind(self) -> str:
        """Name of the form."""

    @abstractmethod
    def columns(self) -> list[str]:
        """Names of all columns."""

    @abstractmethod
    def empty(self) -> pd.DataFrame:
        """Return a part without rows."""

    @abstractmethod
    def by_series(self) -> Self:
        """Return the same rows with every series whole in one part."""

    @abstractmethod
    def parts(self) -> Iterator[Part]:
        """Yield the parts, one in memory at a time."""

    @abstractmethod
    def levels(self) -> list[Level]:
        """Ask the workers for their instruction sets."""

    @abstractmethod
    def fetched(self, result: Any) -> pd.DataFrame:
        """Bring a result of `map` into memory."""

    @abstractmethod
    def lazily(self, task: Task) -> Any:
        """Return the engine's frame of the results."""

    @abstractmethod
    def collected(self, task: Task) -> tuple[Any, pd.DataFrame]:
        """Compute the results; return the engine's frame of them, and the ids and messages of series refused."""


_USUAL = ("unique_id", "ds", "y")
