"""A Ray Dataset as a long frame in parts; every block is a part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from elman.partitions.engine_frame import EngineFrame
from elman.partitions.kinds import Part
from elman.partitions.levels import Level
from elman.partitions.tasks import ERROR, Task

__all__ = ["RayDataset"]

_WHOLE: dict[str, Any] = {"batch_size": None, "batch_format": "pyarrow"}  # a batch is a block


@dataclass(frozen=True, eq=False)
class RayDataset(EngineFrame):
    """A Ray Dataset; see `EngineFrame`."""

    @property
    def kind(self) -> str:
        """Name of the form."""
        return "ray"

    def columns(self) -> list[str]:
        """Names of all columns."""
        return [str(name) for name in self.data.columns()]

    def empty(self) -> pd.DataFrame:
        """Return a part without rows; if Ray does not know the dtypes yet, the first block is computed."""
        return self._usual(self.data.select_columns(self.needed).take_batch(1, batch_format="pyarrow"))[:0]

    def by_series(self) -> RayDataset:
        """Return the same rows with every series whole in one block.

        Unless there is one block alone, the rows are distributed by the hash of their ids: Ray cannot read the ids
        without computing the blocks.
        """
        blocks = self.data.select_columns(self.needed).materialize()
        if self.moved or blocks.num_blocks() == 1:
            return replace(self, data=blocks)
        shuffled = blocks.repartition(blocks.num_blocks(), keys=[self.names.series])
        return replace(self, data=shuffled, moved=True)

    def parts(self) -> Iterator[Part]:
        """Fetch one block after the other."""
        blocks = self.data.select_columns(self.needed).iter_batches(**_WHOLE, prefetch_batches=0)
        for number, table in enumerate(blocks):
            yield Part(number, self._usual(table), f"block {number + 1}, row {{}}".format)

    def _usual(self, table: Any) -> pd.DataFrame:
        """Convert a table of Arrow."""
        return _frame(table).rename(columns=self.usual)

    def levels(self) -> list[Level]:
        """Ask every node of the cluster."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        ask = ray.remote(num_cpus=0)(_level)
        nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
        there = [NodeAffinitySchedulingStrategy(node, soft=False) for node in nodes]
        return list(ray.get([ask.options(scheduling_strategy=node).remote() for node in there]))

    def lazily(self, task: Task) -> Any:
        """Return a Ray Dataset. The task is one object of Ray's store, which a node receives once."""
        import ray

        return self.data.select_columns(self.needed).map_batches(_Apply(ray.put(task)).part, **_WHOLE)

    def collected(self, task: Task) -> tuple[Any, pd.DataFrame]:
        """Return a Ray Dataset in Ray's store, and the errors."""
        mapped = self.lazily(task).materialize()
        tables = [table.filter(_refused(table)) for table in mapped.iter_batches(**_WHOLE)]
        errors = pd.concat([_frame(table.select([self.names.series, ERROR])) for table in tables], ignore_index=True)
        return mapped.map_batches(_accepted, **_WHOLE), errors


@dataclass(frozen=True)
class _Apply:
    """The function of a block; ``shared`` is where the store has the task."""

    shared: Any

    def part(self, table: Any) -> Any:
        import pyarrow as pa
        import ray

        return pa.Table.from_pandas(ray.get(self.shared)(_frame(table)), preserve_index=False)


def _level() -> Level:
    return Level.here()


def _frame(table: Any) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame


def _refused(table: Any) -> Any:
    import pyarrow.compute as pc

    return pc.is_valid(table[ERROR])


def _accepted(table: Any) -> Any:
    import pyarrow.compute as pc

    return table.filter(pc.invert(_refused(table))).drop_columns([ERROR])
