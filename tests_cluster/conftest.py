"""Real engines on this computer, started as their documents say: two worker processes each."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

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

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        from dask.distributed import Client, LocalCluster

        self.cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
        self.client = Client(self.cluster)

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
    """Ray with two CPUs."""

    def __init__(self) -> None:
        import ray

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
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


class Spark:
    """Spark with two tasks at once, each tried up to four times."""

    def __init__(self) -> None:
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.log.level", "OFF").config("spark.sql.session.timeZone", "UTC")
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


@pytest.fixture(scope="session", params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    started = ENGINES[request.param]()
    yield started
    started.close()


@pytest.fixture(scope="session")
def panel() -> Callable[..., pd.DataFrame]:
    """Make monthly series of unequal lengths."""

    def make(series: int, ids: str = "texts", seed: int = 0) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        lengths = rng.integers(30, 60, series)
        numbers = np.repeat(rng.permutation(series), lengths)
        names = numbers if ids == "numbers" else pd.Series([f"shop {i}" for i in numbers])
        times = [pd.date_range("2015-01-01", periods=n, freq="MS") for n in lengths]
        values = np.exp(rng.normal(size=len(numbers)) / 4 + np.sin(np.arange(len(numbers)) / 2) / 3 + 3)
        frame = pd.DataFrame({"unique_id": names, "ds": np.concatenate(times), "y": values})
        return frame.astype({"unique_id": "category"}) if ids == "categories" else frame

    return make


@pytest.fixture(scope="session")
def check_equal() -> Callable[[pd.DataFrame, pd.DataFrame], None]:
    """Compare every bit of the numbers, and every id and time; the engines have their own dtypes of texts."""

    def check(found: pd.DataFrame, expected: pd.DataFrame) -> None:
        assert list(found.columns) == list(expected.columns)
        one, other = (
            frame.assign(unique_id=frame["unique_id"].astype(str)).sort_values(["unique_id", "ds"])
            for frame in (found, expected)
        )
        assert one["unique_id"].tolist() == other["unique_id"].tolist()
        assert pd.DatetimeIndex(one["ds"]).equals(pd.DatetimeIndex(other["ds"]))
        for name in expected.columns[2:]:
            assert one[name].to_numpy(np.float64).tobytes() == other[name].to_numpy(np.float64).tobytes()

    return check
