"""One part of a result: made in a worker, written whole or not at all, with what was wrong in it."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from elman._words import Words, in_use, speaking
from elman.errors import DataError, ElmanWarning, Remedy
from elman.partitions.faults import located, separated
from elman.persistence import write_atomically

__all__ = ["PartWriter", "begin_worker", "notes_of", "result_schema"]

_KEY = b"elman"  # of the metadata in a file's footer
_LEAVE_OUT = "leave out such series and list them with {}"


@dataclass(frozen=True, eq=False)
class PartWriter:
    """Makes and writes one part; called in worker processes.

    Parameters
    ----------
    function : callable
        From a frame of whole series to a frame; with ``future``, also of the rows of the same series there.
    source : ParquetFiles
        Whole series in every part.
    future : ParquetFiles or None
        Parts of further rows of the same series, in the same order.
    schema : pyarrow.Schema
        Of the result.
    collect : bool
        Whether series that cannot be used are left out and listed.
    about : mapping of str to plain values
        Written into the footer of the file.
    words : Words or None
        Words of the command that runs, for the messages.
    """

    function: Callable[..., pd.DataFrame]
    source: Any
    future: Any
    schema: Any
    collect: bool
    about: Mapping[str, Any]
    words: Words | None = field(default_factory=in_use)

    def __call__(self, number: int, path: Path) -> None:
        """Write part ``number`` to a file.

        Raises
        ------
        DataError
            If a series cannot be used, unless such series are collected.
        """
        with speaking(self.words):
            self._write(number, path)

    def _write(self, number: int, path: Path) -> None:
        part = self.source.part(number)
        function = self.function
        if self.future is not None:
            function = partial(function, future=self.future.part(number).frame)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ElmanWarning)
            results, faults = separated(function, part.frame)
        if faults and not self.collect:
            error = located(faults[0].error, part.place(faults[0].row))
            raise DataError(error.text, *error.remedies, Remedy(_LEAVE_OUT, errors="collect", resume=True))
        notes = {
            "faults": [[_plain(fault.series), part.place(fault.row), str(fault.error)] for fault in faults],
            "warnings": [str(warning.message) for warning in caught if isinstance(warning.message, ElmanWarning)],
        }
        write_atomically(path, _content(results, self.schema, {**self.about, **notes}))


def begin_worker(driver: int) -> None:
    """Let this process, a worker, end soon after the process that started it, and leave Ctrl-C to that."""

    def watch() -> None:
        while os.getppid() == driver:
            time.sleep(0.5)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def result_schema(empty: pd.DataFrame, ids: Any) -> Any:
    """Return the schema (pyarrow) of results with the dtypes of ``empty``; the first column, the ids, has type ``ids``.

    Categories of 8 bits in one part may need 16 in another, so that all have 32.
    """
    import pyarrow as pa

    schema = pa.Schema.from_pandas(empty, preserve_index=False).remove_metadata()
    texts = [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in schema]
    schema = pa.schema(texts)  # pandas 2 has no dtype of texts
    if pa.types.is_dictionary(ids):
        ids = pa.dictionary(pa.int32(), ids.value_type, ids.ordered)
    return schema.set(0, pa.field(schema.names[0], ids))


def _content(results: list[pd.DataFrame], schema: Any, notes: Mapping[str, Any]) -> bytes:
    """Return the bytes of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = schema.with_metadata({_KEY: json.dumps(notes).encode()})
    tables = [pa.table([_array(frame[field.name], field.type) for field in schema], schema) for frame in results]
    buffer = io.BytesIO()
    pq.write_table(pa.concat_tables(tables) if tables else schema.empty_table(), buffer)
    return buffer.getvalue()


def _array(column: pd.Series, kind: Any) -> Any:
    """Convert a column to an array of a given type."""
    import pyarrow as pa

    if not pa.types.is_dictionary(kind):
        return pa.array(column, kind)
    values = pa.array(column.astype(object), kind.value_type).dictionary_encode()
    return pa.DictionaryArray.from_arrays(values.indices, values.dictionary, ordered=kind.ordered)


def notes_of(path: Path) -> dict[str, Any]:
    """Read what was noted in the footer of a part."""
    import pyarrow.parquet as pq

    notes: dict[str, Any] = json.loads(pq.read_schema(path).metadata[_KEY])
    return notes
