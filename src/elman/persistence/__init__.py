"""Conversion of named arrays and plain metadata to bytes and back: safetensors with a JSON envelope and a digest.

A file contains nothing executable. The safetensors library writes the files. Reading is stricter than that library,
because a model file may have any origin: sizes are compared with the length of the file before memory is allocated,
unknown fields are refused, and the result is a function of the bytes. ``docs/file-format.md`` describes the format.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError, FileFormatError
from elman.persistence.files import StrPath, read_file, write_atomically
from elman.persistence.header import (
    DIGEST,
    DTYPES,
    FORMAT_VERSION,
    MAX_DIMENSIONS,
    MAX_FILE,
    MAX_HEADER,
    MAX_ITEMS,
    MAX_TENSORS,
    NAME,
    PREFIX,
    ZEROS,
    check_depth,
    check_layout,
    digest,
    header_end,
    items,
    parse_json,
    read_header,
)

__all__ = [
    "FORMAT_VERSION",
    "dump_arrays",
    "load_arrays",
    "parse_arrays",
    "parse_json",
    "save_arrays",
    "write_atomically",
]

Array: TypeAlias = npt.NDArray[Any]


def save_arrays(path: StrPath, arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> None:
    """Write arrays and metadata to one file, atomically: the result is the complete new file or the old one.

    Parameters
    ----------
    path : str or path
        The file; an existing regular file is replaced and keeps its permissions.
    arrays : mapping of str to ndarray
        Any shapes; float64, float32, int64, int32, int8, uint8 or bool. Floating values must be finite.
    metadata : mapping of str
        Plain JSON values: None, bool, int, finite float, str, list, dict with str keys. Tuples come back as lists.

    Raises
    ------
    ArgumentError
        If a value cannot be written unchanged; no file is written.
    OSError
        If the operating system refuses; the old file is intact and no temporary file is left.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_arrays(f"{folder}/model", {"theta": np.array([1.0, 2.0])}, {"kind": "example"})
    ...     load_arrays(f"{folder}/model")
    ({'theta': array([1., 2.])}, {'kind': 'example'})
    """
    write_atomically(path, dump_arrays(arrays, metadata))


def load_arrays(path: StrPath) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read a file of `save_arrays`.

    Parameters
    ----------
    path : str or path
        A regular file; links, pipes and folders are refused.

    Returns
    -------
    arrays : dict of str to ndarray
        Sorted by name; each owns its memory and is writable.
    metadata : dict
        The saved metadata.

    Raises
    ------
    FileFormatError
        If the file is damaged, or not a file that this version of Elman can read.
    OSError
        If it cannot be opened or read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/model", b"PK and so on")
    ...     try:
    ...         load_arrays(f"{folder}/model")
    ...     except FileFormatError as error:
    ...         print(str(error).removeprefix(f"{folder}/"))
    model: not an Elman file (it is only 12 bytes long).
    """
    try:
        return parse_arrays(read_file(path))
    except FileFormatError as error:
        raise FileFormatError(f"{os.fspath(path)}: {error}") from None


def dump_arrays(arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> bytes:
    """Return the bytes that `save_arrays` writes: equal input gives equal bytes.

    Parameters
    ----------
    arrays, metadata
        See `save_arrays`.

    Returns
    -------
    data : bytes
        A safetensors file with the SHA-256 digest filled in.

    Examples
    --------
    >>> data = dump_arrays({"theta": np.array([1.0])}, {"kind": "example"})
    >>> data[-8:] == np.array([1.0]).tobytes(), data == dump_arrays({"theta": np.array([1.0])}, {"kind": "example"})
    (True, True)
    """
    from safetensors.numpy import save

    if len(arrays) > MAX_TENSORS:
        raise ArgumentError(f"save_arrays: {len(arrays)} arrays; at most {MAX_TENSORS} can be read back.")
    checked = {name: _writable(name, array) for name, array in arrays.items()}
    envelope = {
        "digest": ZEROS.decode(),  # first, so that its offset in the file is fixed
        "format": "elman",
        "format_version": FORMAT_VERSION,
        "metadata": _plain("metadata", metadata),
    }
    try:
        check_depth(envelope)
    except FileFormatError as error:
        raise ArgumentError(f"save_arrays: metadata has {error}") from None
    data = save(checked, {"elman": json.dumps(envelope, separators=(",", ":"))})
    end = 8 + int.from_bytes(data[:8], "little")
    if not data.startswith(PREFIX + ZEROS, 8):
        raise RuntimeError("the safetensors library no longer writes metadata first")
    if end > MAX_HEADER or items(data[8:end].decode()) > MAX_ITEMS or len(data) > MAX_FILE:
        raise ArgumentError("save_arrays: too much to be read back; long lists belong in arrays, not in metadata.")
    return b"".join([memoryview(data)[: DIGEST.start], digest(data), memoryview(data)[DIGEST.stop :]])


def parse_arrays(data: bytes) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return arrays and metadata from the bytes of a file; the inverse of `dump_arrays`.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    arrays : dict of str to ndarray
    metadata : dict

    Raises
    ------
    FileFormatError
        See `load_arrays`.

    Examples
    --------
    >>> parse_arrays(dump_arrays({"theta": np.array([1.0])}, {"kind": "example"}))
    ({'theta': array([1.])}, {'kind': 'example'})
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    end = header_end(data, len(data))
    table, metadata = read_header(data[8:end])
    check_layout(table, len(data) - end)
    if digest(data) != data[DIGEST]:
        raise FileFormatError("the digest does not match the content: the file is damaged.")
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise FileFormatError(f"not a safetensors file ({error}).") from None
    for name, array in tensors.items():
        if array.dtype == np.bool_ and array.size and array.view(np.uint8).max() > 1:
            raise FileFormatError(f"tensor {name!r} has truth values other than 0 and 1.")
        if not _is_finite(array):
            raise FileFormatError(f"tensor {name!r} has values that are not finite.")
    return {name: tensors[name] for name in sorted(tensors)}, metadata


def _writable(name: str, array: Array) -> Array:
    """Return ``array`` contiguous and little-endian, or raise an error with the reason that it cannot be saved."""
    place = f"save_arrays: arrays[{name!r}]"
    if not isinstance(name, str) or NAME.fullmatch(name) is None or name == "__metadata__":
        raise ArgumentError(f"{place}: a name has 1 to 255 letters, digits and the characters _ . / -")
    if not isinstance(array, np.ndarray) or array.dtype.name not in DTYPES.values():
        got = array.dtype.name if isinstance(array, np.ndarray) else type(array).__name__
        raise ArgumentError(f"{place} must be an ndarray of one of {', '.join(DTYPES.values())}, got {got}.")
    if array.ndim > MAX_DIMENSIONS:
        raise ArgumentError(f"{place} must have at most {MAX_DIMENSIONS} dimensions, got {array.ndim}.")
    if not _is_finite(array):
        raise ArgumentError(f"{place} has values that are not finite; they would be refused on loading.")
    return np.require(array, array.dtype.newbyteorder("<"), "C")


def _plain(place: str, value: Any) -> Any:
    """Return ``value`` with mappings sorted by key, or raise an error if JSON would change it."""
    if value is None or type(value) in (bool, str) or (type(value) is int and value.bit_length() <= 1024):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(f"{place}[{i}]", item) for i, item in enumerate(value)]
    if isinstance(value, Mapping) and all(type(key) is str for key in value):
        return {key: _plain(f"{place}[{key!r}]", value[key]) for key in sorted(value)}
    raise ArgumentError(f"save_arrays: {place} must be a plain, finite JSON value, got {value!r:.60}.")


def _is_finite(array: Array) -> bool:
    """Whether all values are finite, without a temporary of the array's size."""
    if array.dtype.kind != "f" or array.size == 0:
        return True
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(array.min()) and np.isfinite(array.max()))
