"""Sum of the unpacked page sizes that a Parquet file declares, computed without unpacking.

A file ends with its metadata, their length in 4 bytes, and ``PAR1``. The metadata name the chunks of columns; a chunk
is a sequence of pages, each after a header with its packed and unpacked sizes. Metadata and headers are structs in
Thrift's compact protocol: fields by number, lists of them, and numbers of variable length.
"""

from __future__ import annotations

import mmap
from typing import Any, TypeAlias

__all__ = ["unpacked_size"]

Bytes: TypeAlias = "bytes | mmap.mmap"

_MAGIC = b"PAR1"
_DEEPEST = 12
_VALUE = 8  # minimum bytes of a value in memory

# Numbers of fields.
_ROW_GROUPS, _COLUMNS, _CHUNK, _VALUES, _PACKED, _DATA, _DICTIONARY = 4, 1, 3, 5, 7, 9, 11
_PAGE_UNPACKED, _PAGE_PACKED, _PAGE_KINDS = 2, 3, (5, 8)


def unpacked_size(data: Bytes) -> tuple[int, int]:
    """Count the columns of a file, and the bytes that its pages and their values take in memory.

    Parameters
    ----------
    data : bytes or mmap
        The file.

    Returns
    -------
    columns : int
        Maximum over the row groups.
    size : int

    Raises
    ------
    ValueError
        If metadata or headers are damaged.
    """
    try:
        groups = [group[_COLUMNS] for group in _metadata(data).get(_ROW_GROUPS, ())]
        sizes = [_chunk_size(data, column[_CHUNK]) for group in groups for column in group]
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError("a field is missing or of another kind") from error
    return max(map(len, groups), default=0), sum(sizes)


def _metadata(data: Bytes) -> dict[int, Any]:
    length = int.from_bytes(data[-8:-4], "little")
    if data[-4:] != _MAGIC or length + 12 > len(data):
        raise ValueError("there are no metadata at its end")
    return _Reader(data, len(data) - 8 - length).struct()


def _chunk_size(data: Bytes, chunk: dict[int, Any]) -> int:
    """Sum the unpacked sizes of the pages of a chunk, and the size of the values that its headers declare."""
    start = min(chunk[_DATA], chunk.get(_DICTIONARY) or chunk[_DATA])
    total, count, reader = 0, 0, _Reader(data, start)
    while reader.at < start + chunk[_PACKED]:
        header = reader.struct()
        if header[_PAGE_PACKED] < 0:
            raise ValueError("a page has no size")
        total += max(header[_PAGE_UNPACKED], 0)
        count += max((header[kind][1] for kind in _PAGE_KINDS if kind in header), default=0)
        reader.at += header[_PAGE_PACKED]
    return int(total + _VALUE * max(count, chunk[_VALUES], 0))


class _Reader:
    """Structs of the compact protocol as dictionaries by number of field."""

    def __init__(self, data: Bytes, at: int) -> None:
        if not 0 <= at < len(data):
            raise ValueError("a chunk begins outside the file")
        self.data = data
        self.at = at

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Read the fields of a struct."""
        if depth > _DEEPEST:
            raise ValueError("structs are nested too deeply")
        fields: dict[int, Any] = {}
        number = 0
        while kind := self._byte():
            number = number + (kind >> 4) if kind >> 4 else self._integer()
            fields[number] = None if kind & 15 in (1, 2) else self._value(kind & 15, depth)  # true and false are kinds
        return fields

    def _byte(self) -> int:
        if self.at >= len(self.data):
            raise ValueError("it ends in the middle")
        self.at += 1
        return self.data[self.at - 1]

    def _length(self) -> int:
        """Read a number without a sign."""
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("a number has too many digits")
        return value | byte << shift

    def _integer(self) -> int:
        value = self._length()
        return value >> 1 ^ -(value & 1)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (4, 5, 6):
            return self._integer()
        if kind in (1, 2, 3):  # one byte each
            return self._byte()
        if kind in (7, 8):  # a double, or bytes: not needed
            length = 8 if kind == 7 else self._length()
            self.at += length
            return None
        if kind in (9, 10):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._length()
            return [self._value(head & 15, depth + 1) for _ in range(count)]
        if kind == 12:
            return self.struct(depth + 1)
        raise ValueError(f"there is no kind of field {kind}")
