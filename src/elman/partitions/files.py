"""Parquet files on disk: found, compared by their types, and read with pyarrow."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from elman._extras import need
from elman.errors import DataError, UnsupportedError

__all__ = ["Group", "batches_of", "common_types", "files_of", "group_table", "groups_of", "schema_of"]

_ENDINGS = (".parquet", ".pq")
_ROW_LABELS = "__index_level_"
_HIDDEN = ("_", ".")  # names that every reader of folders leaves out


class Group(NamedTuple):
    """One row group.

    Parameters
    ----------
    path : str
        File.
    number : int
        Of the group in the file, from 0.
    rows : int
        Its rows.
    """

    path: str
    number: int
    rows: int

    def place(self, row: int) -> str:
        """Name a row; groups and rows count from 1."""
        return f"{self.path}, row group {self.number + 1}, row {row + 1}"


def files_of(place: str, data: Any) -> list[str]:
    """List files in a fixed order.

    Parameters
    ----------
    place : str
        Start of a message.
    data : str, path, or sequence of these
        A folder, with the folders in it; a file; a pattern with ``*``; or files in the order given.

    Raises
    ------
    DataError
        If there is none.
    UnsupportedError
        If a folder's name holds a column (``shop=3``).
    """
    if isinstance(data, (list, tuple)):
        return [found for one in data for found in files_of(place, one)]
    path = os.fspath(data)
    if os.path.isdir(path):
        inside = (file for file in Path(path).rglob("*") if file.suffix.lower() in _ENDINGS and file.is_file())
        shown = [file for file in inside if not _is_hidden(file.relative_to(path))]
        if columns := [file.parent for file in shown if "=" in str(file.parent.relative_to(path))]:
            raise UnsupportedError(
                f"{place}: the folder {columns[0]} holds a column in its name; write the column into the files."
            )
        found = sorted(map(str, shown))
    else:
        found = [path] if os.path.exists(path) else sorted(glob.glob(path))
    if not found:
        raise DataError(f"{place}: {path}: there is no Parquet file.")
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(_HIDDEN) for part in path.parts)


@contextmanager
def _errors_of(path: str) -> Iterator[None]:
    """Turn the errors of pyarrow into one that names the file."""
    arrow = need(path, "pyarrow")
    try:
        yield
    except (arrow.ArrowException, ValueError) as error:
        first = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise DataError(f"{path}: this is no Parquet file that can be read ({first[0]}).") from error


def _opened(path: str, types: Any = None) -> Any:
    """Open a file. Texts are read as indices of a dictionary, several times as fast as one text per row."""
    need(path, "pyarrow")
    import pyarrow.parquet as pq

    texts = [field.name for field in types or () if str(field.type).endswith("string")]
    return pq.ParquetFile(path, read_dictionary=texts)


def groups_of(files: Sequence[str]) -> tuple[list[Group], list[Any]]:
    """Read the footers of files: the row groups that are not empty, and the schema of each file."""
    groups: list[Group] = []
    schemas: list[Any] = []
    for path in files:
        with _errors_of(path), _opened(path) as file:
            rows = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
            groups += [Group(path, number, count) for number, count in enumerate(rows) if count]
            own = _without_row_labels(file.schema_arrow)
            schemas.append(schemas[-1] if schemas and own.equals(schemas[-1]) else own)  # one object for many files
    return groups, schemas


def _without_row_labels(schema: Any) -> Any:
    """Leave out an index without a name, which pandas writes as a further column."""
    for name in [name for name in schema.names if name.startswith(_ROW_LABELS)]:
        schema = schema.remove(schema.get_field_index(name))
    return schema


def schema_of(place: str, data: Any) -> Any:
    """Read the schema (pyarrow) of the first file.

    Parameters
    ----------
    place : str
        Start of a message.
    data : str, path, or sequence of these
        As for `files_of`.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pd.DataFrame({"y": [1.0]}).to_parquet(f"{folder}/a.parquet")
    ...     schema_of("example", folder).names
    ['y']
    """
    return groups_of(files_of(place, data)[:1])[1][0]


def common_types(place: str, files: Sequence[str], schemas: Sequence[Any], columns: Sequence[str]) -> Any:
    """Return one schema for some columns of all files.

    Raises
    ------
    DataError
        If a column is absent from a file, or its types cannot be joined without loss.
    """
    import pyarrow as pa

    common: Any = None
    for path, schema in zip(files, schemas, strict=True):
        if absent := [name for name in columns if name not in schema.names]:
            raise DataError(
                f"{place}: {path}: the column{'s' * (len(absent) > 1)} {', '.join(absent)} not found among "
                f"{', '.join(schema.names)}."
            )
        own = pa.schema([pa.field(name, schema.field(name).type) for name in columns])
        if common is None or own == common:
            common = own
            continue
        for name in columns:
            _check_kinds(place, path, name, own.field(name).type, common.field(name).type)
        common = pa.unify_schemas([common, own], promote_options="permissive")
    return common


def _check_kinds(place: str, path: str, name: str, own: Any, others: Any) -> None:
    """Refuse a type that does not go with that of the files before."""
    import pyarrow as pa

    try:
        joined = pa.unify_schemas([pa.schema([(name, kind)]) for kind in (others, own)], promote_options="permissive")
    except pa.ArrowException:
        joined = None
    kind = None if joined is None else joined.field(name).type
    if kind is None or (pa.types.is_floating(kind) and not pa.types.is_floating(own) and name == "unique_id"):
        own, others = _named(own), _named(others)
        raise DataError(f"{place}: {path}: the column {name} is {own}, in the files before it is {others}.")


def _named(kind: Any) -> str:
    return str(kind).removeprefix("large_")


def batches_of(groups: Sequence[Group], types: Any, rows: int) -> Iterator[tuple[Group, int, Any]]:
    """Read consecutive rows: the group, the first row in it, and a table of at most ``rows`` rows.

    The types of the table are those of the file; texts may be indices of a dictionary.
    """
    import pyarrow as pa

    for group in groups:
        start = 0
        with _errors_of(group.path), _opened(group.path, types) as file:
            for batch in file.iter_batches(rows, [group.number], types.names, use_threads=False):
                yield group, start, pa.Table.from_batches([batch]).select(types.names)
                start += len(batch)


def group_table(group: Group, types: Any) -> Any:
    """Read a row group whole, as `batches_of` does; the latest is kept, since its parts are read one after another."""
    found = os.stat(group.path)
    return _group_table(group, types, (found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=1)
def _group_table(group: Group, types: Any, _version: tuple[int, int]) -> Any:
    with _errors_of(group.path), _opened(group.path, types) as file:
        return file.read_row_group(group.number, types.names, use_threads=False).select(types.names)
