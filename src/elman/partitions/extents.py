"""Where series begin and end in a long table, and where the table can be cut between them.

Series are told apart by a hash of 64 bits of their ids. If two ids had one hash, they would share a part; nothing else
would change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["ROWS", "Extents", "borders", "extents", "hashes"]

Index = npt.NDArray[np.int64]

ROWS = 2**18  # rows of a part: of two and a half thousand series of 100 values
_KEPT = 2**21  # entries before series seen again are merged


class Extents(NamedTuple):
    """First and last row of every series.

    Parameters
    ----------
    hashes : ndarray (S,), uint64
        Of the ids, ascending.
    first, last : ndarray (S,), int64
        Rows of the whole table.
    """

    hashes: npt.NDArray[np.uint64]
    first: Index
    last: Index


def hashes(ids: Any) -> npt.NDArray[np.uint64]:
    """Return a hash of each id of an Arrow array (n,), uint64; equal ids have equal hashes in every process."""
    values = ids.to_pandas()
    return pd.util.hash_array(values.to_numpy(), categorize=False)


def extents(batches: Iterable[tuple[int, Any]]) -> Extents:
    """Find the first and the last row of every series.

    Parameters
    ----------
    batches : iterable of (int, pyarrow.Array)
        The first row and the ids of consecutive stretches of the table, none missing.

    Returns
    -------
    Extents
        The memory needed is that of the series, not of the rows.
    """
    kept, found, most = Extents(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64)), [], _KEPT
    entries = 0
    for start, ids in batches:
        found.append(_extents_of(start, ids))
        entries += len(found[-1].hashes)
        if entries > most:
            kept, found, entries = _merged([kept, *found]), [], 0
            most = max(_KEPT, len(kept.hashes))
    return _merged([kept, *found])


def _extents_of(start: int, ids: Any) -> Extents:
    encoded = ids if hasattr(ids, "dictionary") else ids.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    rows = start + np.arange(len(codes))
    first, last = np.full((2, len(encoded.dictionary)), -1, dtype=np.int64)
    last[codes] = rows
    first[codes[::-1]] = rows[::-1]
    used = last >= 0
    return Extents(hashes(encoded.dictionary)[used], first[used], last[used])


def _merged(parts: list[Extents]) -> Extents:
    key = np.concatenate([part.hashes for part in parts])
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.empty(0, np.int64)
    if len(starts) == 0:
        return parts[0]
    first = np.concatenate([part.first for part in parts])[order]
    last = np.concatenate([part.last for part in parts])[order]
    return Extents(key[starts], np.minimum.reduceat(first, starts), np.maximum.reduceat(last, starts))


def borders(found: Extents, total: int, rows: int = ROWS) -> Index:
    """Cut a table where no series has rows on both sides.

    Parameters
    ----------
    found : Extents
        Of its series.
    total : int
        Its rows.
    rows : int
        Wanted rows of a part. A part is longer only if it cannot be cut.

    Returns
    -------
    ndarray (parts + 1,), int64
        From 0 to ``total``; part p is the rows from ``borders[p]`` to ``borders[p + 1]``.

    Examples
    --------
    >>> first, last = np.array([0, 2, 5, 6]), np.array([1, 6, 5, 9])
    >>> borders(Extents(np.arange(4, dtype=np.uint64), first, last), 10, rows=3)
    array([ 0,  2, 10])
    """
    order = np.argsort(found.first)
    first, reach = found.first[order], np.maximum.accumulate(found.last[order])
    cuts = np.concatenate([first[1:][first[1:] > reach[:-1]], [total]])
    chosen = [0]
    while chosen[-1] < total:
        most = int(np.searchsorted(cuts, chosen[-1] + rows, side="right"))
        next_cut = max(most - 1, int(np.searchsorted(cuts, chosen[-1], side="right")))
        chosen.append(int(cuts[next_cut]))
    return np.array(chosen, dtype=np.int64)
