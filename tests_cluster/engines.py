"""Real engines on this computer, started as their documents say: two worker processes each.

With ``lower``, an ISA level, the worker processes have unlike levels: that one and the best of this CPU. Spark's local
workers share one environment, so there all workers are lower than the driver.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from typing import Any

import numpy as np
import pandas as pd
import psutil

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's own, 15, starves its workers on a busy computer


def children() -> list[psutil.Process]:
    """List the processes that this one has started, and theirs."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE and child.cmdline():
                found.append(child)
    return found


class Dask:
    """A cluster of two processes."""

    def __init__(self, lower: str | None = None) -> None:
        self.lower = lower
        self._start()

    def _start(self) -> None:
        from dask.distributed import Client, LocalCluster

        if self.lower is None:
            self.cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
        else:
            self.cluster = self._unlike()
        self.client = Client(self.cluster)
        self.client.wait_for_workers(2)

    def _unlike(self) -> Any:
        from dask.distributed import Nanny, Scheduler, SpecCluster

        workers = {
            number: {"cls": Nanny, "options": {"nthreads": 1, "dashboard": False, "env": environment}}
            for number, environment in enumerate([{"ELMAN_ISA": self.lower}, {}])
        }
        return SpecCluster(workers, {"cls": Scheduler, "options": {"dashboard": False, "port": 0}})

    def frame(self, table: pd.DataFrame, parts: int) -> Any:
        import dask.dataframe as dd

        return dd.from_pandas(table, npartitions=parts, sort=False)

    def table(self, result: Any) -> pd.DataFrame:
        return result.compute()

    def about(self, result: Any) -> dict[str, Any]:
        return result.compute().attrs["elman"]

    def wait(self) -> None:
        """Wait for workers that were killed; Dask gives up one that is killed while it starts or closes."""
        try:
            self.client.wait_for_workers(2, timeout=60)
        except TimeoutError:
            self.close()
            self._start()

    def workers(self) -> list[psutil.Process]:
        return [child for child in children() if "spawn_main" in " ".join(child.cmdline())]

    def option(self) -> list[str]:
        """Return the option of the command that names this cluster."""
        return ["--dask", self.cluster.scheduler_address]

    def close(self) -> None:
        self.client.close()
        self.cluster.close()


class Ray:
    """Ray with two CPUs, or with two nodes of one CPU."""

    def __init__(self, lower: str | None = None) -> None:
        import ray

        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        self.nodes = None
        if lower is None:
            ray.init(num_cpus=2, include_dashboard=False, **quiet)
        else:
            from ray.cluster_utils import Cluster

            self.nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
            self.nodes.add_node(num_cpus=1, env_vars={"ELMAN_ISA": lower})
            ray.init(address=self.nodes.address, **quiet)
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)

    def frame(self, table: pd.DataFrame, parts: int) -> Any:
        import ray

        return ray.data.from_pandas([table.iloc[rows] for rows in np.array_split(np.arange(len(table)), parts)])

    def table(self, result: Any) -> pd.DataFrame:
        import pyarrow as pa

        tables = [table for table in result.iter_batches(batch_size=None, batch_format="pyarrow") if len(table)]
        return pa.concat_tables(tables).to_pandas()

    def about(self, result: Any) -> dict[str, Any]:
        return self.table(result).attrs["elman"]

    def wait(self) -> None:
        pass

    def workers(self) -> list[psutil.Process]:
        """List the processes that run tasks; the node ends with its agents."""
        titles = [(child.cmdline()[0], child) for child in children()]
        return [child for title, child in titles if re.match("ray::(?!.*(Agent|Actor))", title)]

    def option(self) -> list[str]:
        return ["--ray", "auto"]

    def close(self) -> None:
        import ray

        ray.shutdown()
        if self.nodes is not None:
            self.nodes.shutdown()


class Spark:
    """Spark with two tasks at once, each tried up to four times."""

    def __init__(self, lower: str | None = None) -> None:
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.log.level", "OFF").config("spark.sql.session.timeZone", "UTC")
        if lower is not None:
            builder = builder.config("spark.executorEnv.ELMAN_ISA", lower)
        self.session = builder.getOrCreate()

    def frame(self, table: pd.DataFrame, parts: int) -> Any:
        self.session.conf.set("spark.sql.shuffle.partitions", parts)
        return self.session.createDataFrame(table)

    def table(self, result: Any) -> pd.DataFrame:
        return result.toPandas()

    def about(self, result: Any) -> dict[str, Any]:
        return result.schema[-1].metadata["elman"]

    def wait(self) -> None:
        pass

    def workers(self) -> list[psutil.Process]:
        daemons = [child for child in children() if "pyspark.daemon" in " ".join(child.cmdline())]
        return [child for child in daemons if not child.children()]

    def option(self) -> list[str]:
        return []

    def close(self) -> None:
        self.session.stop()


ENGINES = {"dask": Dask, "ray": Ray, "spark": Spark}
