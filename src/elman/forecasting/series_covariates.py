"""Values of some series of a panel as past covariates of all: lagged targets that drive other series.

A window of series s that ends at time t then also holds ``y`` of the series named, up to time t: a forecast k steps
ahead depends on its lags k, k + 1, …. Values are matched by their time stamps, not by their positions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.errors import ArgumentError, DataError, Remedy
from elman.forecasting.inputs import Inputs, series_column
from elman.forecasting.panel import Panel
from elman.tables.frequencies import Times

__all__ = ["positions_of", "series_columns"]

Array = npt.NDArray[np.float64]


def series_columns(
    place: str, ids: pd.Series, times: Times, values: Array, inputs: Inputs, before: Panel | None = None
) -> dict[str, Array]:
    """Return a column (n,) for every series that is a covariate: its value at the time of each row.

    Parameters
    ----------
    place : str
        Start of a message.
    ids : Series (n,)
        Series of each row.
    times : Index (n,)
        Time stamps.
    values : ndarray (n,)
        Values of the rows.
    inputs : Inputs
        Names the series.
    before : Panel, optional
        Earlier values, for rows that continue them.

    Raises
    ------
    ArgumentError
        If a series is not there.
    DataError
        If it has no value at the time of a row.

    Examples
    --------
    >>> ids, times = pd.Series(["oil", "oil", "gas", "gas"]), pd.Index([1, 2, 1, 2])
    >>> inputs = Inputs(past=("y of oil",), series=("oil",))
    >>> series_columns("example", ids, times, np.array([5.0, 6.0, 1.0, 2.0]), inputs)["y of oil"].tolist()
    [5.0, 6.0, 5.0, 6.0]
    """
    names = ids.astype(str)
    return {
        series_column(name): _column(place, name, _known(place, name, names, times, values, before), ids, times)
        for name in inputs.series
    }


def _known(place: str, name: str, names: pd.Series, times: Times, values: Array, before: Panel | None) -> pd.Series:
    """Return the values of a series by time."""
    own = (names == name).to_numpy()
    parts = [pd.Series(values[own], times[own])]
    if before is not None and before.ids is not None and before.times is not None:
        rows = before.positions(positions_of(before, [name]))
        parts.insert(0, pd.Series(before.unmasked.values[rows], before.times[rows]))
    known = pd.concat([part for part in parts if len(part)] or parts)
    if len(known) == 0:
        listed = ", ".join(map(repr, names.drop_duplicates().iloc[:5]))
        raise ArgumentError(
            f"{place}: the series {name!r}, whose values are covariates of all, is not in the data; they have "
            f"{listed}.",
            Remedy("add its rows to the data"),
            Remedy("correct {}", series_covariates=...),
        )
    return known[~known.index.duplicated()]  # two rows of one time are refused later


def _column(place: str, name: str, known: pd.Series, ids: pd.Series, times: Times) -> Array:
    column: Array = known.reindex(times).to_numpy()
    wrong = np.isnan(column)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{place}: series {name!r}, whose values are covariates of all, has no value at {times[row]}, where series "
            f"{ids.tolist()[row]!r} has a row; covariates are not filled.",
            Remedy("fill it first"),
            Remedy("leave out the rows of that time"),
        )
    return column


def positions_of(panel: Panel, names: list[str] | tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return the positions of some series of a panel by the text of their names.

    Examples
    --------
    >>> positions_of(Panel(np.ones(2), np.arange(3), "pandas", pd.Index([7, 9])), ["9"])
    array([1])
    """
    return np.flatnonzero([] if panel.ids is None else panel.ids.astype(str).isin(names)).astype(np.int64)
