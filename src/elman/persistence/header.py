"""The header of a model file, read with stricter checks than those of JSON or safetensors.

These functions read only the header and the length of the file. Sizes are compared with the file before memory is
allocated, and the size of the parsed JSON is bounded before parsing.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any, TypeAlias

import numpy as np

from elman.errors import FileFormatError

Table: TypeAlias = dict[str, tuple[str, list[int], list[int]]]  # name -> dtype, shape, [begin, end)

FORMAT_VERSION = 1
MAX_FILE = 2_000_000_000  # bytes: the most that one read() returns
MAX_HEADER = 4 * 2**20  # bytes
MAX_ITEMS = 300_000  # brackets, commas and colons: up to 150 bytes of memory each once parsed
MAX_DIMENSIONS = 8
MAX_TENSORS = 1000
MAX_DEPTH = 32  # nesting of lists and objects
MAX_DIGITS = 309  # of an integer: as many as those of integers below 2**1024, the range of float64
ZEROS = b"0" * 64
PREFIX = rb'{"__metadata__":{"elman":"{\"digest\":\"'  # the digest is the first field, so its offset is fixed
DIGEST = slice(8 + len(PREFIX), 8 + len(PREFIX) + len(ZEROS))
DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "I64": "int64",
    "I32": "int32",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,254}")
_ENVELOPE = {"digest", "format", "format_version", "metadata"}


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of a file as 64 hexadecimal digits, with its own field as zeros."""
    view = memoryview(data)
    sha256 = hashlib.sha256(view[: DIGEST.start])
    sha256.update(ZEROS)
    sha256.update(view[DIGEST.stop :])
    return sha256.hexdigest().encode()


def items(text: str) -> int:
    """Return an upper bound of the number of values in a JSON text, without parsing it."""
    return sum(map(text.count, "{[,:"))


def header_end(beginning: bytes, size: int) -> int:
    """Check the first bytes of a file of ``size`` bytes, and return the end of the header."""
    if size <= DIGEST.stop:
        raise FileFormatError(f"not an Elman file (it is only {size} bytes long).")
    length = int.from_bytes(beginning[:8], "little")
    if not beginning.startswith(PREFIX, 8):
        raise FileFormatError("not an Elman file (it does not begin like one).")
    if length > size - 8:
        raise FileFormatError(f"cut off: its header has {length} bytes, {size - 8} are there.")
    if length > MAX_HEADER or length < DIGEST.stop - 8 or length % 8:
        raise FileFormatError(f"its header cannot have {length} bytes.")
    return 8 + length


def read_header(header: bytes) -> tuple[Table, dict[str, Any]]:
    """Return the table of tensors and the metadata, after checking their form but not the sizes."""
    if not header.isascii():
        raise FileFormatError("its header has bytes that are not ASCII.")
    text = header.decode("ascii").rstrip(" ")
    if len(header) - len(text) > 7:
        raise FileFormatError("its header is padded by more than 7 spaces.")
    table = parse_json(text, "header")
    if not isinstance(table, dict):
        raise FileFormatError("its header is not a JSON object.")
    outer = table.pop("__metadata__")  # PREFIX begins with it
    if not isinstance(outer, dict) or list(outer) != ["elman"] or not isinstance(outer["elman"], str):
        raise FileFormatError("its metadata must have the one key 'elman'.")
    if len(table) > MAX_TENSORS:
        raise FileFormatError(f"it has {len(table)} tensors, at most {MAX_TENSORS} can be read.")
    metadata = _read_envelope(parse_json(outer["elman"], "metadata"))
    return {name: _read_entry(name, entry) for name, entry in table.items()}, metadata


def _read_envelope(envelope: Any) -> dict[str, Any]:
    """Return the metadata from the envelope."""
    if not isinstance(envelope, dict) or envelope.get("format") != "elman":
        raise FileFormatError("not an Elman file (its format is not 'elman').")
    version = envelope.get("format_version")
    if type(version) is not int or version < 1:
        raise FileFormatError(f"format_version must be a positive integer, got {version!r:.40}.")
    if version > FORMAT_VERSION:
        raise FileFormatError(f"has format {version}, this Elman reads up to {FORMAT_VERSION}; upgrade Elman.")
    if set(envelope) != _ENVELOPE:
        raise FileFormatError(f"wrong fields: {_differences(set(envelope), _ENVELOPE)}.")
    metadata = envelope["metadata"]
    if not isinstance(metadata, dict):
        raise FileFormatError("metadata is not a JSON object.")
    return metadata


def _read_entry(name: str, entry: Any) -> tuple[str, list[int], list[int]]:
    """Return dtype, shape and offsets of one tensor."""
    if NAME.fullmatch(name) is None:
        raise FileFormatError(f"tensor name {name!r:.60} has other characters than letters, digits and _ . / -")
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise FileFormatError(f"tensor {name!r} must have exactly dtype, shape and data_offsets.")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise FileFormatError(f"tensor {name!r} has dtype {dtype!r:.40}, expected one of {', '.join(DTYPES)}.")
    if not _are_sizes(shape) or len(shape) > MAX_DIMENSIONS:
        raise FileFormatError(f"tensor {name!r} has the shape {shape!r:.60}.")
    if not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise FileFormatError(f"tensor {name!r} has the data_offsets {offsets!r:.60}.")
    itemsize = np.dtype(DTYPES[dtype]).itemsize
    needed = math.prod(shape) * itemsize
    if needed != offsets[1] - offsets[0]:
        raise FileFormatError(f"tensor {name!r} needs {needed} bytes, but has {offsets[1] - offsets[0]}.")
    if math.prod(max(size, 1) for size in shape) * itemsize >= 2**63:  # a size of 0 makes the product 0
        raise FileFormatError(f"tensor {name!r} has the shape {shape!r:.60}.")
    return dtype, shape, offsets


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 2**63 for size in value)


def check_layout(table: Table, body: int) -> None:
    """Check that the tensors cover every byte of the file's body exactly once."""
    position = 0
    for name, (_, _, (begin, end)) in sorted(table.items(), key=lambda item: item[1][2]):
        if begin != position:
            raise FileFormatError(f"tensor {name!r} begins at byte {begin}, expected {position}.")
        position = end
    if position != body:
        raise FileFormatError(f"its tensors need {position} bytes, {body} are there.")


def parse_json(text: str, what: str, most: int = MAX_ITEMS) -> Any:
    """Parse JSON of bounded size and depth, without duplicate keys and without numbers that are not finite.

    Parameters
    ----------
    text : str
        ASCII.
    what : str
        Its name in a message.
    most : int
        Items that it may have, as `items` counts them.

    Raises
    ------
    FileFormatError
        If it is anything else.

    Examples
    --------
    >>> parse_json('["a", 1]', "list of ids")
    ['a', 1]
    """
    if not text.isascii():  # others are escaped; a single one would quadruple the memory of the text
        raise FileFormatError(f"its {what} has characters that are not ASCII.")
    if items(text) > most:
        raise FileFormatError(f"its {what} has more than {most} items.")
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_finite, parse_float=_finite, parse_int=_short
        )
        check_depth(value)
        return value
    except FileFormatError as error:
        raise FileFormatError(f"its {what} has {error}") from None
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, or an integer of absurd length
        raise FileFormatError(f"its {what} is not JSON ({type(error).__name__}).") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise FileFormatError(f"the key {name!r:.60} twice.")
        result[name] = value
    return result


def _finite(literal: str) -> float:
    if not math.isfinite(value := float(literal)):
        raise FileFormatError(f"the number {literal:.40}, which is not finite.")
    return value


def _short(literal: str) -> int:
    if len(literal.lstrip("-")) > MAX_DIGITS:
        raise FileFormatError(f"an integer of {len(literal)} digits.")
    return int(literal)


def check_depth(value: Any) -> None:
    """Refuse lists and objects nested deeper than `MAX_DEPTH`."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        inside = (each for outer in level for each in (outer.values() if isinstance(outer, dict) else outer))
        level = [each for each in inside if isinstance(each, dict | list)]
        if not level:
            return
    raise FileFormatError(f"lists or objects more than {MAX_DEPTH} deep.")


def _differences(got: set[str], expected: set[str]) -> str:
    words = [f"{name!r:.40} is missing" for name in sorted(expected - got)]
    words += [f"{name!r:.40} is unknown" for name in sorted(got - expected)]
    return ", ".join(words)
