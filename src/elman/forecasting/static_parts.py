"""Static covariates of data in parts: a table in memory, with one row per series."""

from __future__ import annotations

from typing import Any

import pandas as pd

from elman.forecasting.inputs import Inputs
from elman.forecasting.static import checked_table
from elman.partitions import Partitioned

__all__ = ["table_of_fit"]


def table_of_fit(place: str, source: Partitioned, static: Any, inputs: Inputs) -> pd.DataFrame | None:
    """Select the columns of a table, and the rows of the series of a fit: only their categories are learned.

    Parameters
    ----------
    place : str
        Start of a message.
    source : Partitioned
        The data, of which the ids are read.
    static : frame or None
        The table.
    inputs : Inputs
        The columns wanted.

    Raises
    ------
    DataError
        As for `elman.forecasting.static.checked_table`.
    """
    if static is None:
        return None
    frame = checked_table(place, static, inputs.static)
    ids: set[Any] = set()
    for part in source.with_columns(()).parts():
        ids.update(part.frame["unique_id"].unique().tolist())
    rows: pd.DataFrame = frame[frame["unique_id"].isin(ids)].reset_index(drop=True)
    return rows
