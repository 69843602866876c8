"""Model files that Elman did not write: built byte by byte, with a digest that fits: only one thing is wrong."""

from __future__ import annotations

import hashlib
import json
from typing import Any

PREFIX = '{"__metadata__":{"elman":"{\\"digest\\":\\"'
ZEROS = "0" * 64
THETA = {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}
BODY = bytes(8) + b"\x00\x00\x00\x00\x00\x00\xf0\x3f"  # 0.0 and 1.0


def envelope(metadata: str = '{"kind":"example"}', version: str = "1", extra: str = "") -> str:
    """Return the inner JSON text."""
    return f'{{"digest":"{ZEROS}","format":"elman","format_version":{version},"metadata":{metadata}{extra}}}'


def header(inner: str | None = None, tensors: str | None = None) -> str:
    """Return the outer JSON text; ``tensors`` is what follows the metadata."""
    inner = envelope() if inner is None else inner
    tensors = f'"theta":{json.dumps(THETA, separators=(",", ":"))}' if tensors is None else tensors
    return f'{{"__metadata__":{{"elman":{json.dumps(inner)}}}{"," if tensors else ""}{tensors}}}'


def forge(text: str | bytes, body: bytes = BODY, length: int | None = None, padding: int | None = None) -> bytes:
    """Return a file with this header and body, and its digest filled in."""
    raw = text.encode() if isinstance(text, str) else text
    raw += b" " * (-len(raw) % 8 if padding is None else padding)
    data = (len(raw) if length is None else length).to_bytes(8, "little") + raw + body
    at = 8 + len(PREFIX)
    if data[8:at] == PREFIX.encode() and data[at : at + 64] == ZEROS.encode():
        data = data[:at] + hashlib.sha256(data).hexdigest().encode() + data[at + 64 :]
    return data


def tensor(**changes: Any) -> bytes:
    """Return a file whose one tensor has some fields replaced; None removes a field."""
    entry = {key: value for key, value in {**THETA, **changes}.items() if value is not None}
    return forge(header(tensors=f'"theta":{json.dumps(entry)}'))


def two(first: list[int], second: list[int], body: int) -> bytes:
    """Return a file with two tensors of bytes at the given offsets."""
    entries = [
        f'"{name}":{{"dtype":"U8","shape":[{end - begin}],"data_offsets":[{begin},{end}]}}'
        for name, (begin, end) in (("a", first), ("b", second))
    ]
    return forge(header(tensors=",".join(entries)), bytes(body))
