"""A Spark DataFrame as a long frame in parts; the series of one hash are a part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from elman.partitions.engine_frame import EngineFrame
from elman.partitions.kinds import Part
from elman.partitions.levels import Level
from elman.partitions.tasks import ERROR, Task

__all__ = ["SparkFrame"]

_BUCKET = "elman_bucket"  # column of hashes of the ids
_DATES = "timestamp_ntz"


@dataclass(frozen=True, eq=False)
class SparkFrame(EngineFrame):
    """A Spark DataFrame; see `EngineFrame`.

    Spark's ``timestamp`` is a moment, read in the time zone of the session: it is forecast as a time stamp with that
    zone. A ``timestamp_ntz`` or a ``date`` has none. The number of parts is the session's
    ``spark.sql.shuffle.partitions``.
    """

    @property
    def kind(self) -> str:
        """Name of the form."""
        return "spark"

    def columns(self) -> list[str]:
        """Names of all columns."""
        return list(self.data.columns)

    def empty(self) -> pd.DataFrame:
        """Return a part without rows."""
        table = self.data.select(*self._selected).limit(0).toArrow()
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True).rename(columns=self.usual)
        return frame

    def ahead(self, future: Any, covariates: Sequence[str]) -> pd.DataFrame:
        """Check a frame of further rows; times without a zone are in that of the session, as Spark reads them."""
        frame = super().ahead(future, covariates)
        zone = getattr(self.empty()["ds"].dtype, "tz", None)
        if zone is not None and pd.api.types.is_datetime64_dtype(frame["ds"]):
            frame = frame.assign(ds=frame["ds"].dt.tz_localize(zone))
        return frame

    @property
    def _selected(self) -> list[Any]:
        """The columns that are read; dates become time stamps."""
        from pyspark.sql import functions as F

        kinds = {field.name: field.dataType.typeName() for field in self.data.schema}
        columns = [(name, F.col(f"`{name}`")) for name in self.needed]
        return [column.cast(_DATES).alias(name) if kinds[name] == "date" else column for name, column in columns]

    def by_series(self) -> SparkFrame:
        """Return the same rows, which Spark groups by id."""
        return replace(self, moved=True)

    @property
    def _grouped(self) -> Any:
        """The rows in groups by the hash of their ids."""
        from pyspark.sql import functions as F

        count = int(self.data.sparkSession.conf.get("spark.sql.shuffle.partitions"))
        bucket = F.pmod(F.xxhash64(F.col(f"`{self.names.series}`")), F.lit(count))
        rows = self.data.select(*self._selected, bucket.alias(_BUCKET))
        return rows.repartition(count, _BUCKET).groupBy(_BUCKET)  # or Spark would join small groups for one core

    def parts(self) -> Iterator[Part]:
        """Fetch one part after the other."""
        for number, row in enumerate(self._grouped.applyInArrow(_packed, "part binary").toLocalIterator()):
            frame = _unpacked(row["part"]).drop_columns([_BUCKET]).to_pandas(ignore_metadata=True)
            yield self.part(number, "group", frame)

    def levels(self) -> list[Level]:
        """Ask as many tasks as the session runs at once."""
        session = self.data.sparkSession
        slots = session.sparkContext.defaultParallelism
        columns = "isa string, available array<string>, numpy array<string>"
        rows = session.range(0, slots, 1, slots).mapInArrow(_levels, columns).collect()
        return [Level(row["isa"], tuple(row["available"]), tuple(row["numpy"])) for row in rows]

    def fetched(self, result: Any) -> pd.DataFrame:
        """Compute a result."""
        frame: pd.DataFrame = result.toArrow().to_pandas()
        return frame

    def lazily(self, task: Task) -> Any:
        """Return a Spark DataFrame. The task is broadcast, so that an executor receives it once."""
        from pyspark.sql.pandas.types import to_arrow_schema

        shared = self.data.sparkSession.sparkContext.broadcast(task)
        schema = self._schema(task.result)
        arrow = to_arrow_schema(schema, timezone="UTC")

        def apply(table: Any) -> Any:
            import pyarrow as pa

            result = shared.value(table.drop_columns([_BUCKET]).to_pandas(ignore_metadata=True))
            return pa.Table.from_pandas(result, schema=arrow, preserve_index=False)

        result = self._grouped.applyInArrow(apply, schema)
        return result.withMetadata(task.empty.columns[-1], {"elman": dict(task.about)})

    def collected(self, task: Task) -> tuple[Any, pd.DataFrame]:
        """Return a Spark DataFrame that the executors keep, and the errors."""
        mapped = self.lazily(task).persist()
        bad = mapped[ERROR].isNotNull()
        errors = mapped.where(bad).select(self.names.series, ERROR).toPandas()
        return mapped.where(~bad).drop(ERROR), errors

    def _schema(self, empty: pd.DataFrame) -> Any:
        """Return Spark's types of a result: the ids as they came, whole numbers, time stamps, other numbers."""
        from pyspark.sql import types as T

        own = {field.name: field.dataType for field in self.data.schema}

        def kind(name: str, dtype: Any) -> Any:
            if name == self.names.series:
                return own[name]
            if isinstance(dtype, pd.DatetimeTZDtype):
                return T.TimestampType()
            if pd.api.types.is_datetime64_dtype(dtype):
                return T.TimestampNTZType()
            if pd.api.types.is_integer_dtype(dtype):
                return T.LongType()
            return T.DoubleType() if pd.api.types.is_float_dtype(dtype) else T.StringType()

        return T.StructType([T.StructField(str(name), kind(str(name), column.dtype)) for name, column in empty.items()])


def _packed(table: Any) -> Any:
    """Write a table into one row of bytes."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return pa.table({"part": pa.array([sink.getvalue().to_pybytes()], pa.binary())})


def _unpacked(content: bytes) -> Any:
    import pyarrow as pa

    with pa.ipc.open_stream(content) as stream:
        return stream.read_all()


def _levels(batches: Any) -> Iterator[Any]:
    """Describe the process once."""
    import pyarrow as pa

    for batch in batches:
        if batch.num_rows:
            yield pa.RecordBatch.from_pylist([asdict(Level.here())])
