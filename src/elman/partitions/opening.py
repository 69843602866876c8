"""Tell data in parts from data in memory."""

from __future__ import annotations

import os
from typing import Any

from elman.partitions.parquet import ParquetFiles
from elman.tables.own_names import OwnNames

__all__ = ["partitioned"]


def partitioned(place: str, data: Any, *names: OwnNames) -> ParquetFiles | None:
    """Open data in parts; return None for data in memory.

    Parameters
    ----------
    place : str
        Start of a message.
    data : object
        A folder, a file, a pattern such as ``"sales/*.parquet"``, or a list of files; or data that are open.
    *names : OwnNames
        Columns of the data: the first whose columns are there. By default ``unique_id``, ``ds`` and ``y``.

    Returns
    -------
    ParquetFiles or None

    Raises
    ------
    DataError
        If there is no such file, a file is damaged, or a column is absent.
    MissingExtraError
        If the package that reads the files is not installed.

    Examples
    --------
    >>> partitioned("example", [1.0, 2.0]) is None
    True
    """
    if isinstance(data, ParquetFiles):
        return data
    if _is_path(data) or (isinstance(data, (list, tuple)) and len(data) > 0 and all(map(_is_path, data))):
        return ParquetFiles.opened(place, data, *names)
    return None


def _is_path(data: Any) -> bool:
    return isinstance(data, (str, os.PathLike))
