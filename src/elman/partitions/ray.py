"""A Ray Dataset as a long frame in parts; every block is a part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from elman.partitions.engine_frame import EngineFrame
from elman.partitions.kinds import Part
from elman.partitions.levels import Level
from elman.partitions.tasks import ERROR, Task, hashes_of

__all__ = ["RayDataset", "node_levels"]

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
        table = self.data.select_columns(self.needed).take_batch(1, batch_format="pyarrow")
        return _frame(table).rename(columns=self.usual)[:0]

    def by_series(self) -> RayDataset:
        """Return the same rows with every series whole in one block.

        The ids of every block are read once. Only if a series is found in two blocks, all rows are distributed by the
        hash of their ids.
        """
        blocks = self.data.select_columns(self.needed).materialize()
        if self.moved or self._whole(blocks):
            return replace(self, data=blocks)
        shuffled = blocks.repartition(blocks.num_blocks(), keys=[self.names.series])
        return replace(self, data=shuffled, moved=True)

    def _whole(self, blocks: Any) -> bool:
        if blocks.num_blocks() == 1:
            return True
        found = blocks.select_columns([self.names.series]).map_batches(_hashes, **_WHOLE)
        hashes = np.concatenate([table["hash"].to_numpy() for table in found.iter_batches(**_WHOLE)])
        return len(np.unique(hashes)) == len(hashes)

    def parts(self) -> Iterator[Part]:
        """Fetch one block after the other."""
        blocks = self.data.select_columns(self.needed).iter_batches(**_WHOLE, prefetch_batches=0)
        for number, table in enumerate(blocks):
            if len(table):
                yield self.part(number, "block", _frame(table))

    def levels(self) -> list[Level]:
        """Ask every node of the cluster."""
        return node_levels()

    def fetched(self, result: Any) -> pd.DataFrame:
        """Compute a result."""
        frames = [_frame(table) for table in result.iter_batches(**_WHOLE) if len(table)]
        return pd.concat(frames, ignore_index=True)

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


def _hashes(table: Any) -> Any:
    import pyarrow as pa

    return pa.table({"hash": hashes_of(_frame(table).iloc[:, 0])})


def node_levels() -> list[Level]:
    """Ask every node of the cluster for its instruction sets."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ask = ray.remote(num_cpus=0)(_level)
    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    there = [NodeAffinitySchedulingStrategy(node, soft=False) for node in nodes]
    return list(ray.get([ask.options(scheduling_strategy=node).remote() for node in there]))


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
