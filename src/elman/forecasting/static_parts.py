"""Static covariates of data in parts: a table in memory, with one row per series."""

from __future__ import annotations

from typing import Any

import pandas as pd

from elman.errors import DataError
from elman.forecasting.inputs import Inputs
from elman.partitions import Partitioned
from elman.tables.categories import sources
from elman.tables.frame_columns import select_columns

__all__ = ["checked_table", "table_of_fit"]


def checked_table(place: str, static: Any, inputs: Inputs) -> pd.DataFrame | None:
    """Select the columns of a table; None without one.

    Raises
    ------
    DataError
        If a column is absent, or a series has two rows.
    """
    if static is None:
        return None
    frame = select_columns(f"{place}: static_df", static, ("unique_id", *sources(static.columns, inputs.static)))
    twice = frame["unique_id"].duplicated()
    if twice.any():
        raise DataError(f"{place}: static_df has two rows for series {frame['unique_id'][twice].tolist()[0]!r}.")
    return frame


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
        As for `checked_table`.
    """
    frame = checked_table(place, static, inputs)
    if frame is None:
        return None
    ids: set[Any] = set()
    for part in source.with_columns(()).parts():
        ids.update(part.frame["unique_id"].unique().tolist())
    rows: pd.DataFrame = frame[frame["unique_id"].isin(ids)].reset_index(drop=True)
    return rows
