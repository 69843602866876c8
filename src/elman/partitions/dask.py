"""A Dask DataFrame as a long frame in parts; every partition is a part."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from elman.partitions.engine_frame import EngineFrame
from elman.partitions.kinds import Part
from elman.partitions.levels import Level
from elman.partitions.tasks import ERROR, Task, hashes_of

__all__ = ["DaskFrame"]


@dataclass(frozen=True, eq=False)
class DaskFrame(EngineFrame):
    """A Dask DataFrame; see `EngineFrame`.

    Examples
    --------
    >>> from dask.dataframe import from_pandas
    >>> table = pd.DataFrame({"unique_id": ["tea", "rum"] * 2, "ds": [1, 1, 2, 2], "y": [5.0, 6.0, 7.0, 8.0]})
    >>> source = DaskFrame.opened("example", from_pandas(table, npartitions=2)).by_series()
    >>> [sorted(part.frame["unique_id"].unique()) for part in source.parts()]
    [['rum', 'tea']]
    """

    @property
    def kind(self) -> str:
        """Name of the form."""
        return "dask"

    def columns(self) -> list[str]:
        """Names of all columns."""
        return [str(name) for name in self.data.columns]

    def empty(self) -> pd.DataFrame:
        """Return a part without rows."""
        from dask.dataframe.dispatch import make_meta

        frame: pd.DataFrame = make_meta(self.data[self.needed]).rename(columns=self.usual)
        return frame

    def by_series(self) -> DaskFrame:
        """Return the same rows with every series whole in one partition.

        The ids are read once. Only if a series is found in two partitions, all rows are shuffled by id.
        """
        frame = self.data[self.needed]
        if self.moved or frame.npartitions == 1:
            return self
        import dask

        ids = frame[[self.names.series]].map_partitions(_hashes, meta={"hash": "uint64"}).to_delayed()
        hashes = np.concatenate([part["hash"].to_numpy() for part in dask.compute(*ids)])
        if len(np.unique(hashes)) == len(hashes):
            return self
        return replace(self, data=frame.shuffle(on=self.names.series), moved=True)

    def parts(self) -> Iterator[Part]:
        """Compute one partition after the other; those whose rows were moved stay with the workers meanwhile."""
        frame = self.data[self.needed]
        frame = frame.persist() if self.moved else frame
        for number in range(frame.npartitions):
            part = frame.partitions[number].compute()
            if len(part):
                yield self.part(number, "partition", part)

    def levels(self) -> list[Level]:
        """Ask the workers of the current client; without a client, Dask computes in this process."""
        client = _client()
        return [] if client is None else list(client.run(Level.here, on_error="ignore").values())

    def fetched(self, result: Any) -> pd.DataFrame:
        """Compute a result."""
        frame: pd.DataFrame = result.compute().reset_index(drop=True)
        return frame

    def lazily(self, task: Task) -> Any:
        """Return a Dask DataFrame. The task is one object of its graph, which a worker receives once."""
        import dask

        shared = dask.delayed(task, pure=False)
        return self.data[self.needed].map_partitions(_apply, shared, meta=task.result, enforce_metadata=False)

    def collected(self, task: Task) -> tuple[Any, pd.DataFrame]:
        """Return a Dask DataFrame that the workers keep, and the errors."""
        mapped = self.lazily(task).persist()
        bad = mapped[ERROR].notnull()
        errors = mapped[bad][[self.names.series, ERROR]].compute().reset_index(drop=True)
        return mapped[~bad].drop(columns=ERROR), errors


def _apply(frame: pd.DataFrame, task: Task) -> pd.DataFrame:
    return task(frame)


def _hashes(ids: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"hash": hashes_of(ids.iloc[:, 0])})


def _client() -> Any:
    """Return the current client of a cluster; None if there is none."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        return distributed.Client.current()
    except ValueError:
        return None
