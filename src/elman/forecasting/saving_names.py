"""Convert the names of series to bytes and back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.errors import ArgumentError, FileFormatError
from elman.persistence import parse_json
from elman.persistence.header import MAX_ITEMS

__all__ = ["names_from_file", "names_to_file"]


def names_to_file(ids: pd.Index) -> npt.NDArray[np.uint8]:
    """Write names as JSON.

    Raises
    ------
    ArgumentError
        If a name is neither text nor an integer.

    Examples
    --------
    >>> names_to_file(pd.Index(["tea", "rum"])).tobytes()
    b'["tea", "rum"]'
    """
    names = ids.tolist()
    if odd := [name for name in names if type(name) not in (str, int)]:
        raise ArgumentError(f"Forecaster.save: unique_id must be text or integers to be saved, got {odd[0]!r}.")
    return np.frombuffer(json.dumps(names).encode(), dtype=np.uint8).copy()


def names_from_file(text: npt.NDArray[Any], count: int) -> pd.Index:
    """Undo `names_to_file`.

    Raises
    ------
    FileFormatError
        If there are not so many different names.
    """
    if text.dtype != np.uint8 or text.ndim != 1:
        raise FileFormatError("ids must be bytes")
    names = parse_json(text.tobytes().decode("ascii"), "list of ids", MAX_ITEMS + 4 * count)
    if not isinstance(names, list) or len(names) != count or any(type(name) not in (str, int) for name in names):
        raise FileFormatError("ids must be a text or an integer for every series")
    if len(set(names)) < count:
        raise FileFormatError("ids must differ")
    return pd.Index(names)
