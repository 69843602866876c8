"""Long frames in parts: folders of Parquet files, and the frames of engines for clusters."""

from __future__ import annotations

from elman.partitions.job import Job, worker_count
from elman.partitions.kinds import Part, Partitioned
from elman.partitions.opening import partitioned
from elman.partitions.parquet import ParquetFiles

__all__ = ["Job", "ParquetFiles", "Part", "Partitioned", "partitioned", "worker_count"]
