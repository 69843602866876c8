"""Parquet files as one long table whose series are read a part at a time."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from elman.engine import isa
from elman.errors import DataError, UnsupportedError
from elman.partitions.extents import ROWS, borders, extents
from elman.partitions.files import Group, batches_of, common_types, files_of, group_table, groups_of
from elman.partitions.job import Job
from elman.partitions.kinds import Part
from elman.partitions.running import run
from elman.partitions.spill import Buckets, spill
from elman.tables.categories import sources
from elman.tables.own_names import OwnNames

__all__ = ["ParquetFiles"]

_LONGEST = 4 * ROWS  # rows of a part that is read from the files as they are
_MOST_FILES = 512  # temporary files, which are open at once


@dataclass(frozen=True, eq=False)
class ParquetFiles:
    """Files of one long table.

    Parameters
    ----------
    place : str
        Start of a message.
    files : tuple of str
        Paths, in order.
    groups : tuple of Group
        Their row groups, in order.
    schemas : tuple of pyarrow.Schema
        One for each file.
    names : OwnNames
        Columns of the id, the time and the target.
    covariates : tuple of str
        Further columns to read.
    borders : tuple of int
        Rows at which parts begin, and the number of all rows.
    buckets : Buckets or None
        Temporary files with a part each, if the series had to be gathered.
    identity : str
        Digest of the content, if the files are temporary.

    Examples
    --------
    >>> import tempfile
    >>> frame = pd.DataFrame({"unique_id": ["tea", "tea", "rum"], "ds": [1, 2, 1], "y": [5.0, 6.0, 7.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame.to_parquet(f"{folder}/a.parquet")
    ...     [part.frame["y"].tolist() for part in ParquetFiles.opened("example", folder).by_series().parts()]
    [[5.0, 6.0, 7.0]]
    """

    place: str
    files: tuple[str, ...]
    groups: tuple[Group, ...]
    schemas: tuple[Any, ...]
    names: OwnNames = field(default_factory=OwnNames)
    covariates: tuple[str, ...] = ()
    borders: tuple[int, ...] = ()
    buckets: Buckets | None = None
    identity: str = ""

    @classmethod
    def opened(cls, place: str, data: Any, *names: OwnNames) -> ParquetFiles:
        """Find the files and read their footers.

        Parameters
        ----------
        place : str
            Start of a message.
        data : str, path, or sequence of these
            As for `elman.partitions.partitioned`.
        *names : OwnNames
            Columns of the data: the first whose columns are there. By default ``unique_id``, ``ds`` and ``y``.
        """
        files = files_of(place, data)
        groups, schemas = groups_of(files)
        if not groups:
            raise DataError(f"{place}: {files[0]}: there are no rows.")
        total = sum(group.rows for group in groups)
        steps = (*range(0, total, ROWS), total)
        possible = names or (OwnNames(),)
        there = [own for own in possible if {own.time, *own.ids, *own.targets} <= set(schemas[0].names)]
        chosen = (there or possible)[0]
        opened = cls(place, tuple(files), tuple(groups), tuple(schemas), chosen, borders=steps)
        opened._check_names()
        return opened

    def _check_names(self) -> None:
        """Refuse data without the columns of a long frame."""
        if len(self.names.ids) != 1 or len(self.names.targets) > 1:
            raise UnsupportedError(
                f"{self.place}: files in parts have one column of ids and one to forecast, got "
                f"{', '.join(self.names.ids) or 'no column'} and {', '.join(self.names.targets)}."
            )
        if absent := [name for name in self._own if name not in self.columns()]:
            raise DataError(
                f"{self.place}: {self.files[0]}: a table needs the columns {', '.join(self._own[:-1])} and "
                f"{self._own[-1]}; {', '.join(absent)} not found among {', '.join(self.columns())}."
            )

    @property
    def kind(self) -> str:
        """Name of the form."""
        return "parquet"

    @property
    def _own(self) -> tuple[str, ...]:
        """Columns of the id, the time and, if there is one, the target."""
        return self.names.series, self.names.time, *self.names.targets

    @cached_property
    def types(self) -> Any:
        """Schema (pyarrow) of the columns that are read, under their own names."""
        return common_types(self.place, self.files, self.schemas, [*self._own, *self.covariates])

    def columns(self) -> list[str]:
        """Names of all columns of the first file."""
        return list(self.schemas[0].names)

    def with_columns(self, covariates: Sequence[str]) -> ParquetFiles:
        """Return the same with further columns; ``column=category`` stands for a column of categories."""
        return replace(self, covariates=tuple(sources(self.columns(), covariates)))

    def ahead(self, future: Any, covariates: Sequence[str]) -> ParquetFiles:
        """Open further rows of the same series.

        Parameters
        ----------
        future : str, path, sequence of these, or frame
            Parquet files, or a frame in memory, with the columns of the id and the time.
        covariates : sequence of str
            Columns to read besides.
        """
        place, identity = f"{self.place}: future", ""
        if hasattr(future, "columns"):
            path = Path(temporary_folder()) / "future.parquet"
            future.write_parquet(path) if hasattr(future, "write_parquet") else future.to_parquet(path)
            future, identity = path, sha256(path.read_bytes()).hexdigest()
        opened = ParquetFiles.opened(place, future, replace(self.names, targets=()))
        return replace(opened, identity=identity).with_columns(covariates)

    def described(self) -> list[Any]:
        """Describe the content by plain values: paths, sizes and times of change."""
        if self.identity:
            return [self.identity]
        found = [(path, os.stat(path)) for path in self.files]
        return [[os.path.abspath(path), stat.st_size, stat.st_mtime_ns] for path, stat in found]

    def by_series(self, folder: str | Path | None = None) -> ParquetFiles:
        """Return the same rows with every series whole in one part.

        The ids are read once. Where the table cannot be cut between series, its rows are gathered in temporary files.

        Parameters
        ----------
        folder : str or path, optional
            For the temporary files; it must exist. By default a folder of the system's that is removed at the end of
            the process.

        Raises
        ------
        DataError
            If an id is missing; the message names the file, the row group and the row.
        """
        cuts = borders(extents(self._ids()), self.borders[-1])
        if np.diff(cuts).max() <= _LONGEST:
            return replace(self, borders=tuple(cuts.tolist()))
        return self.gathered(folder)

    def gathered(self, folder: str | Path | None = None, count: int | None = None) -> ParquetFiles:
        """Write the rows to temporary files by the hash of their ids; see `by_series`.

        Parameters
        ----------
        folder : str or path, optional
            For the files.
        count : int, optional
            Number of files. Of two tables with equally many, the same series are in files of the same number.
        """
        where = Path(folder or temporary_folder()) / "series"
        count = count or min(_MOST_FILES, -(-self.borders[-1] // ROWS))
        batches = (
            (group, row, table.cast(self.types)) for group, row, table in batches_of(self.groups, self.types, ROWS)
        )
        buckets = spill(batches, self.groups, self._own[0], count, where)
        if folder is None:  # they are needed no longer than the object
            weakref.finalize(buckets, shutil.rmtree, where.parent, ignore_errors=True)
        return replace(self, borders=tuple(range(buckets.count + 1)), buckets=buckets)

    def _ids(self) -> Iterator[tuple[int, Any]]:
        """Read the ids in stretches."""
        types, start = common_types(self.place, self.files, self.schemas, [self._own[0]]), 0
        for group, row, table in batches_of(self.groups, types, ROWS):
            ids = table.column(0).combine_chunks()
            if ids.null_count:
                first = int(np.argmax(ids.is_null().to_numpy(zero_copy_only=False)))
                raise DataError(f"{self.place}: {self._own[0]} is missing in {group.place(row + first)}.")
            yield start, ids
            start += len(ids)

    def __len__(self) -> int:
        """Count the parts."""
        return len(self.borders) - 1

    def parts(self) -> Iterator[Part]:
        """Yield the parts in order."""
        return map(self.part, range(len(self)))

    def map(
        self, function: Callable[..., pd.DataFrame], empty: pd.DataFrame, job: Job, future: ParquetFiles | None = None
    ) -> Path | tuple[Path, pd.DataFrame]:
        """Apply a function to every part; see `elman.partitions.running.run`."""
        return run(self, function, empty, job, future)

    def isa(self) -> str:
        """Return the ISA level of this process, which its workers use."""
        return isa()

    def fetched(self, result: Any) -> pd.DataFrame:
        """Read a result."""
        return pd.read_parquet(result)

    def empty(self) -> pd.DataFrame:
        """Return a part without rows."""
        frame = self._usual(self.types.empty_table())
        texts = [
            name
            for name, field in zip(frame, self.types, strict=True)
            if str(field.type).endswith("string") and frame[name].dtype == object  # as in pandas 2
        ]
        return frame.astype(dict.fromkeys(texts, "string"))

    def _usual(self, table: Any) -> pd.DataFrame:
        """Convert a table to pandas under the usual names."""
        usual = dict(zip(self._own, ("unique_id", "ds", "y"), strict=False))
        table = table.rename_columns([usual.get(name, name) for name in table.column_names])
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, use_threads=False)
        return frame

    def part(self, number: int) -> Part:
        """Read one part.

        Parameters
        ----------
        number : int
            From 0.

        Raises
        ------
        DataError
            If a file is damaged.
        """
        table, place = self._cut(number) if self.buckets is None else self._bucket(self.buckets, number)
        return Part(number, self._usual(table), place)

    def _bucket(self, buckets: Buckets, number: int) -> tuple[Any, Callable[[int], str]]:
        table, group, row = buckets.table(number)
        return table, lambda at: buckets.groups[group[at]].place(int(row[at]))

    def _cut(self, number: int) -> tuple[Any, Callable[[int], str]]:
        """Read consecutive rows of the files."""
        import pyarrow as pa

        begin, end = self.borders[number : number + 2]
        starts = np.concatenate([[0], np.cumsum([group.rows for group in self.groups])])
        first, after = (int(at) for at in np.searchsorted(starts, (begin, end - 1), side="right"))
        types, pieces = self.types, []
        for group, start in zip(self.groups[first - 1 : after], starts[first - 1 : after].tolist(), strict=True):
            inside = max(begin - start, 0)
            pieces.append(group_table(group, types).slice(inside, end - start - inside).cast(types))

        def place(at: int) -> str:
            group = int(np.searchsorted(starts, begin + at, side="right")) - 1
            return self.groups[group].place(begin + at - int(starts[group]))

        return pa.concat_tables(pieces), place


def temporary_folder() -> str:
    """Make a folder that is removed when the process ends."""
    folder = tempfile.mkdtemp(prefix="elman-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
