"""Compare two runs: plain values, digests of large data, and the differences."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["differences", "fingerprint", "plain"]

_MOST = 3  # differences named
_DIGESTS = ("data", "first parameters")  # values without meaning for a reader


def fingerprint(*parts: Any) -> str:
    """Return the SHA-256 of data: equal for equal data, whatever their memory layout.

    Parameters
    ----------
    parts : ndarray, bytes, str, number, None, or sequences of these
        Arrays count with dtype and shape.

    Returns
    -------
    digest : str
        64 hexadecimal digits.

    Examples
    --------
    >>> a = np.arange(6.0).reshape(2, 3)
    >>> fingerprint(a) == fingerprint(np.asfortranarray(a)), fingerprint(a) == fingerprint(a.T)
    (True, False)
    """
    sha256 = hashlib.sha256()
    _feed(sha256, parts)
    return sha256.hexdigest()


def _feed(sha256: Any, part: Any) -> None:
    """Hash one part after its kind and length, so that different parts never give the same bytes."""
    if isinstance(part, np.ndarray) and part.dtype.kind != "O":
        little = np.require(part, part.dtype.newbyteorder("<"), "C")
        sha256.update(f"array {little.dtype.str} {little.shape};".encode())
        sha256.update(little.reshape(-1).view(np.uint8) if little.size else b"")
    elif isinstance(part, (list, tuple, np.ndarray)):
        sha256.update(f"list {len(part)};".encode())
        for item in part:
            _feed(sha256, item)
    else:
        data = part if isinstance(part, bytes) else repr(plain(part)).encode("utf-8", "surrogatepass")
        sha256.update(f"{type(part).__name__ if isinstance(part, (bytes, str)) else 'value'} {len(data)};".encode())
        sha256.update(data)


def plain(value: Any) -> Any:
    """Return a value as plain JSON; other objects become their ``repr``.

    Examples
    --------
    >>> plain({"season": (4, np.int64(12)), "rate": 0.5, "weights": {0: 1.0}})
    {'season': [4, 12], 'rate': 0.5, 'weights': {'0': 1.0}}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else repr(value)
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else repr(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return fingerprint(value)
    if isinstance(value, np.random.RandomState):
        return fingerprint(*value.get_state(legacy=True))
    return repr(value)


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any], prefix: str = "") -> str:
    """Describe the differences of two descriptions; empty if there are none.

    Parameters
    ----------
    theirs, ours : mapping of str to plain values
        The stored and the present description.
    prefix : str
        Before every name.

    Examples
    --------
    >>> differences({"cell": "gru", "data": "5f0c"}, {"cell": "lstm", "data": "91aa"})
    "cell was 'gru' and is 'lstm', the data differ"
    """
    found = _differences(theirs, ours, prefix)
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return ", ".join(found[:_MOST]) + more


def _differences(theirs: Mapping[str, Any], ours: Mapping[str, Any], prefix: str) -> list[str]:
    found: list[str] = []
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        was, now = theirs.get(name, "absent"), ours.get(name, "absent")
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            found += _differences(was, now, f"{prefix}{name}.")
        elif type(was) is not type(now) or was != now:
            digests = name in _DIGESTS
            found.append(f"the {name} differ" if digests else f"{prefix}{name} was {was!r:.60} and is {now!r:.60}")
    return found
