"""Tell data in parts from data in memory."""

from __future__ import annotations

import os
from typing import Any

from elman.partitions.engine_frame import EngineFrame
from elman.partitions.kinds import Partitioned
from elman.partitions.parquet import ParquetFiles
from elman.tables.own_names import OwnNames

__all__ = ["partitioned"]


def partitioned(place: str, data: Any, *names: OwnNames) -> Partitioned | None:
    """Open data in parts; return None for data in memory.

    Parameters
    ----------
    place : str
        Start of a message.
    data : object
        A folder, a file, a pattern such as ``"sales/*.parquet"``, or a list of files; a Dask or Spark DataFrame, or a
        Ray Dataset; or data that are open.
    *names : OwnNames
        Columns of the data: the first whose columns are there. By default ``unique_id``, ``ds`` and ``y``.

    Returns
    -------
    Partitioned or None

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
    if isinstance(data, (ParquetFiles, EngineFrame)):
        return data
    if _is_path(data) or (isinstance(data, (list, tuple)) and len(data) > 0 and all(map(_is_path, data))):
        return ParquetFiles.opened(place, data, *names)
    engine = _engine_of(data)
    return None if engine is None else engine.opened(place, data, *names)


def _engine_of(data: Any) -> type[EngineFrame] | None:
    """Return the class for a frame of an engine; None for anything else."""
    match type(data).__module__.split(".")[0], type(data).__name__:
        case "dask", "DataFrame":
            from elman.partitions.dask import DaskFrame

            return DaskFrame
        case "ray", "Dataset" | "MaterializedDataset":
            from elman.partitions.ray import RayDataset

            return RayDataset
        case "pyspark", "DataFrame":
            from elman.partitions.spark import SparkFrame

            return SparkFrame
    return None


def _is_path(data: Any) -> bool:
    return isinstance(data, (str, os.PathLike))
