"""The protocol of long frames in parts, and one part of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from elman.partitions.job import Job
from elman.tables.own_names import OwnNames

__all__ = ["Part", "Partitioned"]


@dataclass(frozen=True, eq=False)
class Part:
    """One part of the data.

    Parameters
    ----------
    number : int
        Its number, from 0.
    frame : DataFrame
        Columns ``unique_id``, ``ds``, ``y`` and the covariates; the index counts the rows.
    place : callable
        Takes a row of the frame and returns where it is, such as ``"a.parquet, row group 2, row 17"``.

    Examples
    --------
    >>> part = Part(0, pd.DataFrame({"unique_id": ["tea"], "ds": [1], "y": [2.0]}), "row {}".format)
    >>> part.place(0)
    'row 0'
    """

    number: int
    frame: pd.DataFrame
    place: Callable[[int], str]


class Partitioned(Protocol):
    """A long frame in parts, which need not fit in memory together.

    Examples
    --------
    >>> def rows(source: Partitioned) -> int:
    ...     return sum(len(part.frame) for part in source.by_series().parts())
    """

    @property
    def kind(self) -> str:
        """Name of the form: ``"parquet"``, ``"dask"``, ``"ray"`` or ``"spark"``."""

    @property
    def names(self) -> OwnNames:
        """Columns of the id, the time and the target."""

    def columns(self) -> list[str]:
        """Names of all columns of the data."""

    def with_columns(self, covariates: Sequence[str]) -> Partitioned:
        """Return the same with further columns; without them, parts have only ``unique_id``, ``ds`` and ``y``."""

    def by_series(self) -> Partitioned:
        """Return the same rows with every series whole in one part; they are moved only where needed.

        The rows of a series stay in order.
        """

    def parts(self) -> Iterator[Part]:
        """Yield the parts that have rows in a fixed order, one in memory at a time."""

    def empty(self) -> pd.DataFrame:
        """Return a part without rows: the names and dtypes of its columns."""

    def isa(self) -> str:
        """Return the ISA level that all processes of a run use."""

    def ahead(self, future: Any, covariates: Sequence[str]) -> Any:
        """Open further rows of the same series, in the form of the data or in memory, for `map`."""

    def map(self, function: Callable[..., pd.DataFrame], empty: pd.DataFrame, job: Job, future: Any = None) -> Any:
        """Apply a function to every part; the result has the form of the data.

        Parameters
        ----------
        function : callable
            Takes a frame of whole series and returns a frame; it refuses a series by `DataError`. Other processes must
            be able to import it.
        empty : DataFrame
            A result without rows: the names and dtypes of its columns.
        job : Job
            Options, such as what to do with series that cannot be used.
        future : object, optional
            From `ahead`. The function then gets those of the series of each
            part as its argument ``future``.

        Returns
        -------
        object
            With ``errors="collect"`` a pair: the result, and a table of the ids, places and messages of the series
            that could not be used.
        """

    def fetched(self, result: Any) -> pd.DataFrame:
        """Bring a result of `map` into memory."""
