"""A table of static covariates beside data in parts: the bits of the same table beside a frame in memory."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from elman import ArgumentError, DataError
from elman.forecasting import cross_validation
from forecasting.small import WAVE, frame_of, small
from partitions.test_dask import split

STORES = pd.DataFrame({"unique_id": ["s1", "s0"], "kind": ["mall", "corner"], "size": [3.0, 1.0]})
BOTH = frame_of(WAVE, WAVE[::-1], freq="D")
UNUSED = pd.DataFrame({"unique_id": ["s9"], "kind": ["airport"], "size": [0.0]})  # of no series: no category


@pytest.mark.parametrize("where", ["parquet", "dask"])
def test_a_table_beside_data_in_parts_has_the_bits_of_memory(where: str, tmp_path: Path) -> None:
    later = BOTH.assign(unique_id=BOTH["unique_id"].replace({"s0": "s2", "s1": "s3"}), y=BOTH["y"] * 2)
    frame = pd.concat([BOTH, later], ignore_index=True)
    table = pd.concat([STORES, STORES.assign(unique_id=["s2", "s3"], size=[4.0, 5.0]), UNUSED], ignore_index=True)
    options: dict[str, Any] = {"static_covariates": ["size", "kind"]}
    memory = small(**options).fit(frame, static_df=table)
    expected, rolled = memory.predict(), cross_validation(small(**options), frame, static_df=table)
    data: Any = tmp_path / "data"
    if where == "parquet":
        data.mkdir()
        BOTH.to_parquet(data / "a.parquet")
        later.to_parquet(data / "b.parquet")
        run: dict[str, Any] = {"output": tmp_path / "out"}
        taken: Any = pd.read_parquet
    else:
        data, run, taken = split(frame, 3, shuffled=True), {}, lambda result: result.compute()
    model = small(**options).fit(data, static_df=table)
    for one, other in zip(model.networks_, memory.networks_, strict=True):
        assert one.theta.tobytes() == other.theta.tobytes()
    for given in ({}, {"data": data, "static_df": table}):  # the table of the fit, or another
        found = taken(model.predict(**given, **run)).sort_values(["unique_id", "ds"])
        assert found["Elman"].tolist() == expected["Elman"].tolist()
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
    found = taken(cross_validation(small(**options), data, static_df=table, **run)).sort_values(["unique_id", "ds"])
    assert found["Elman"].tolist() == rolled.sort_values(["unique_id", "ds"])["Elman"].tolist()
    with pytest.raises(DataError, match=r"static_df has no row for series 's3'"):
        small(**options).fit(data, static_df=table[:3])
    with pytest.raises(DataError, match=r"static_df has two rows for series 's0'"):
        small(**options).fit(data, static_df=pd.concat([table, table[1:2]]))
    with pytest.raises(ArgumentError, match="static_df is given, but the forecaster has no static covariates"):
        small().fit(data, static_df=table)
