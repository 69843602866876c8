"""Covariates of a frame: further columns beside y, and what is known of them ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.errors import ArgumentError, DataError
from elman.forecasting.columns import numbers, select_columns, time_stamps
from elman.forecasting.panel import Panel

__all__ = ["read_covariates", "read_future"]

Array = npt.NDArray[np.float64]


def read_covariates(place: str, frame: pd.DataFrame, names: Sequence[str]) -> Array:
    """Convert columns to numbers (n, C); refuse text, categories and missing values by the name of the column."""
    columns = []
    for name in names:
        column = frame[name]
        if pd.api.types.is_bool_dtype(column) or column.dtype == object:  # True and False, perhaps among None
            column = column.map(lambda value: float(value) if isinstance(value, bool) else value)
        try:
            values = numbers(place, f"covariate {name}", column)
        except DataError as error:
            raise DataError(
                f"{error}\n  Hint: give every category a column of 0 and 1 (pandas.get_dummies)."
            ) from error
        wrong = ~np.isfinite(values)
        if wrong.any():
            row = int(np.argmax(wrong))
            what = "missing (NaN)" if np.isnan(values[row]) else f"{values[row]}"
            series, time = frame["unique_id"].tolist()[row], frame["ds"].iloc[row]
            raise DataError(
                f"{place}: covariate {name} is {what} in series {series!r} at {time}; covariates are not filled."
            )
        columns.append(values)
    return np.stack(columns, axis=1)


def read_future(place: str, future: Any, panel: Panel, names: Sequence[str], past: int, horizon: int) -> Panel:
    """Put the covariates known ahead behind a panel.

    Parameters
    ----------
    place : str
        Start of a message.
    future : frame
        Columns ``unique_id``, ``ds`` and the covariates; a row for each of the ``horizon`` steps after every series.
        Further rows are left alone.
    panel : Panel
        Series of a frame.
    names : sequence of str
        Columns to read.
    past : int
        Covariates that are not known ahead; the panel has them first.
    horizon : int
        Steps ahead.

    Returns
    -------
    Panel

    Raises
    ------
    ArgumentError, DataError
        If there is no frame, or a column, row or value is missing.
    """
    if not hasattr(future, "columns"):
        raise ArgumentError(
            f"{place}: future must be a frame with {', '.join(names)} for the {horizon} steps after every series, "
            f"got {type(future).__name__}."
        )
    frame = select_columns(place, future, ("unique_id", "ds", *names))
    wanted = panel.future(horizon)
    assert wanted is not None and panel.ids is not None
    times = time_stamps(place, frame["ds"])
    if getattr(times, "tz", None) != getattr(wanted, "tz", None) or type(times) is not type(wanted):
        raise DataError(f"{place}: ds of future does not go with that of the data ({times.dtype}, {wanted.dtype}).")
    rows = pd.MultiIndex.from_arrays([frame["unique_id"], times])
    if rows.has_duplicates:
        series, time = rows[rows.duplicated()][0]
        raise DataError(f"{place}: future has two rows for series {series!r} at {time}.")
    order = rows.get_indexer(pd.MultiIndex.from_arrays([panel.ids.repeat(horizon), wanted]))
    if (order < 0).any():
        first = int(np.argmax(order < 0))
        raise DataError(f"{place}: future has no row for {panel.name(first // horizon)} at {wanted[first]}.")
    values = read_covariates(place, frame.iloc[order].reset_index(drop=True), names)
    ahead = np.zeros((len(panel), horizon, past + len(names)))
    ahead[..., past:] = values.reshape(len(panel), horizon, -1)
    return replace(panel, ahead=ahead)
