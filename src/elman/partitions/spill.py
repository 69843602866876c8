"""A table whose series are spread over it, written once to temporary files with every series whole in one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elman.partitions.extents import hashes
from elman.partitions.files import Group

__all__ = ["Buckets", "spill"]

_GROUP, _ROW = "\x00group", "\x00row"  # columns beside those of the table: where a row comes from
_DONE = "complete"


@dataclass(frozen=True)
class Buckets:
    """Files of one part each.

    Parameters
    ----------
    folder : str
        Where they are.
    groups : tuple of Group
        Row groups of the original files.
    count : int
        Their number.
    """

    folder: str
    groups: tuple[Group, ...]
    count: int

    def table(self, number: int) -> tuple[Any, Any, Any]:
        """Read one part: the table, and for each row the index of its group and its row there."""
        import pyarrow as pa

        with pa.OSFile(_path(self.folder, number)) as file, pa.ipc.open_stream(file) as stream:
            whole = stream.read_all()
        group, row = (whole[name].to_numpy() for name in (_GROUP, _ROW))
        return whole.drop_columns([_GROUP, _ROW]), group, row


def _path(folder: str, number: int) -> str:
    return os.path.join(folder, f"{number:05}.arrow")


def spill(
    batches: Iterable[tuple[Group, int, Any]], groups: tuple[Group, ...], id_column: str, count: int, folder: Path
) -> Buckets:
    """Distribute the rows of a table over files by their ids, in one pass.

    Parameters
    ----------
    batches : iterable of (Group, int, pyarrow.Table)
        As from `elman.partitions.files.batches_of`.
    groups : tuple of Group
        All row groups of the table.
    id_column : str
        Column of the ids.
    count : int
        Number of files.
    folder : Path
        For the files. Those of a pass that was completed there are used again.
    """
    buckets = Buckets(str(folder), groups, count)
    if not (folder / _DONE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as open_files:
            writers: list[Any] = []
            for number, table in _distributed(batches, groups, id_column, count):
                while len(writers) < count:  # files without rows are needed, too
                    path = _path(str(folder), len(writers))
                    writers.append(open_files.enter_context(_writer(path, table.schema)))
                writers[number].write_table(table)
        (folder / _DONE).touch()
    return buckets


def _writer(path: str, schema: Any) -> Any:
    import pyarrow as pa

    return pa.ipc.new_stream(path, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))


def _distributed(
    batches: Iterable[tuple[Group, int, Any]], groups: tuple[Group, ...], id_column: str, count: int
) -> Iterator[tuple[int, Any]]:
    """Split every batch by the hash of the ids, with the origin of each row."""
    import pyarrow as pa

    index = {group: number for number, group in enumerate(groups)}
    for group, start, table in batches:
        ids = table[id_column].combine_chunks()
        encoded = ids if hasattr(ids, "dictionary") else ids.dictionary_encode()
        bucket = (hashes(encoded.dictionary) % count)[encoded.indices.to_numpy(zero_copy_only=False)]
        table = table.append_column(_GROUP, pa.array(np.full(len(table), index[group], np.int32)))
        table = table.append_column(_ROW, pa.array(start + np.arange(len(table))))
        order = np.argsort(bucket, kind="stable")
        stops = np.cumsum(np.bincount(bucket.astype(np.int64), minlength=count))
        ordered = table.take(pa.array(order))
        for number in np.unique(bucket).tolist():
            begin = int(stops[number - 1]) if number else 0
            yield number, ordered.slice(begin, int(stops[number]) - begin).combine_chunks()
