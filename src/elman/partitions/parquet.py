"""Parquet files as one long table whose series are read a part at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from elman.errors import DataError, UnsupportedError
from elman.partitions.extents import ROWS, borders, extents
from elman.partitions.files import Group, batches_of, common_types, files_of, group_table, groups_of
from elman.partitions.kinds import Part
from elman.partitions.spill import Buckets, spill
from elman.tables.own_names import OwnNames

__all__ = ["ParquetFiles"]

_LONGEST = 4 * ROWS  # rows of a part that is read from the files as they are


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

    @classmethod
    def opened(cls, place: str, data: Any, names: OwnNames | None = None) -> ParquetFiles:
        """Find the files and read their footers.

        Parameters
        ----------
        place : str
            Start of a message.
        data : str, path, or sequence of these
            As for `elman.partitions.partitioned`.
        names : OwnNames, optional
            Columns of the data.
        """
        files = files_of(place, data)
        groups, schemas = groups_of(files)
        if not groups:
            raise DataError(f"{place}: {files[0]}: there are no rows.")
        total = sum(group.rows for group in groups)
        steps = (*range(0, total, ROWS), total)
        opened = cls(place, tuple(files), tuple(groups), tuple(schemas), names or OwnNames(), borders=steps)
        opened._check_names()
        return opened

    def _check_names(self) -> None:
        """Refuse data without the columns of a long frame."""
        if len(self.names.ids) != 1 or len(self.names.targets) != 1:
            raise UnsupportedError(
                f"{self.place}: files in parts have one column of ids and one to forecast, got "
                f"{', '.join(self.names.ids) or 'no column'} and {', '.join(self.names.targets)}."
            )
        if absent := [name for name in self._own if name not in self.columns()]:
            wanted = ", ".join(self._own[:2])
            raise DataError(
                f"{self.place}: {self.files[0]}: a table needs the columns {wanted} and {self._own[2]}; "
                f"{', '.join(absent)} not found among {', '.join(self.columns())}."
            )

    @property
    def kind(self) -> str:
        """Name of the form."""
        return "parquet"

    @property
    def _own(self) -> tuple[str, str, str]:
        """Columns of the id, the time and the target."""
        return self.names.series, self.names.time, self.names.targets[0]

    @property
    def types(self) -> Any:
        """Schema (pyarrow) of the columns that are read, under their own names."""
        return common_types(self.place, self.files, self.schemas, [*self._own, *self.covariates])

    def columns(self) -> list[str]:
        """Names of all columns of the first file."""
        return list(self.schemas[0].names)

    def with_columns(self, covariates: Sequence[str]) -> ParquetFiles:
        """Return the same with further columns."""
        return replace(self, covariates=tuple(covariates))

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

    def gathered(self, folder: str | Path | None = None) -> ParquetFiles:
        """Write the rows to temporary files, a part each, by the hash of their ids; see `by_series`."""
        where = Path(folder) / "series" if folder is not None else Path(_temporary_folder())
        types = self.types
        buckets = spill(batches_of(self.groups, types, ROWS), self.groups, self._own[0], ROWS, where)
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
        usual = dict(zip(self._own, ("unique_id", "ds", "y"), strict=True))
        table = table.rename_columns([usual.get(name, name) for name in table.column_names])
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, use_threads=False)
        return Part(number, frame, place)

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
            pieces.append(group_table(group, types).slice(inside, end - start - inside))

        def place(at: int) -> str:
            group = int(np.searchsorted(starts, begin + at, side="right")) - 1
            return self.groups[group].place(begin + at - int(starts[group]))

        return pa.concat_tables(pieces), place


def _temporary_folder() -> str:
    """Make a folder that is removed when the process ends."""
    import atexit
    import shutil

    folder = tempfile.mkdtemp(prefix="elman-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
