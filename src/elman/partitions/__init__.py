"""Long frames in parts: folders of Parquet files, and the frames of engines for clusters."""

from __future__ import annotations

from elman.partitions.columns import found_names
from elman.partitions.files import schema_of
from elman.partitions.job import Job, worker_count
from elman.partitions.kinds import Part, Partitioned
from elman.partitions.levels import Level, at_level, common_level
from elman.partitions.memory import kept_memory
from elman.partitions.opening import partitioned
from elman.partitions.parquet import ParquetFiles
from elman.partitions.workspace import check_place

__all__ = [
    "Job",
    "Level",
    "ParquetFiles",
    "Part",
    "Partitioned",
    "at_level",
    "check_place",
    "common_level",
    "found_names",
    "kept_memory",
    "partitioned",
    "schema_of",
    "worker_count",
]
