"""A fit of a Dask DataFrame has the bits of the fit of the same rows in memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import dask
import numpy as np
import pandas as pd
import pytest

from elman import Forecaster
from elman.errors import DataError, ElmanWarning
from partitions.test_dask import check_equal, split
from partitions.test_fit import SMALL, table


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Dask computes in this thread."""
    with dask.config.set(scheduler="sync"):
        yield


@pytest.mark.parametrize(("partitions", "shuffled"), [(1, False), (2, True), (7, True)])
def test_any_partitions_give_the_bits_of_memory(partitions: int, shuffled: bool) -> None:
    frame = table(shift=-30.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ElmanWarning)  # shuffled rows are not in order of time
        parts = Forecaster(3, intervals="auto", **SMALL).fit(split(frame, partitions, shuffled))
    memory = Forecaster(3, intervals="auto", **SMALL).fit(frame)
    for one, other in zip(parts.networks_, memory.networks_, strict=True):
        assert one.theta.tobytes() == other.theta.tobytes()
    check_equal(parts.predict(level=80).compute(), memory.predict(frame, level=80))


def test_partitions_without_rows_and_moved_rows_give_no_warning() -> None:
    """All rows of a series are moved into one partition; others are empty."""
    frame = table()
    frame = frame[frame["unique_id"].isin(["s0", "s7"])].sort_values("ds", kind="stable")
    parts = Forecaster(3, **SMALL).fit(split(frame, 5))
    np.testing.assert_array_equal(parts.networks_[0].theta, Forecaster(3, **SMALL).fit(frame).networks_[0].theta)


def test_errors_name_partition_and_row() -> None:
    frame = table()
    frame.loc[len(frame) - 1, "y"] = np.inf
    with pytest.raises(DataError) as caught:
        Forecaster(3, **SMALL).fit(split(frame, 1))
    where = f"partition 1, row {len(frame) - 1}"
    assert str(caught.value).startswith(f"Forecaster.fit: {where}: y is inf in series 's5' at 2015-12-01 00:00:00;")


def test_no_rows() -> None:
    with pytest.raises(DataError, match="there are no rows"):
        Forecaster(3, **SMALL).fit(split(pd.concat([table()]), 2).query("y > 1e9"))
