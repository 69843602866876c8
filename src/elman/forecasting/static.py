"""Static covariates: one value per series, from a table of its own or from the rows of the data."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman._words import called
from elman.errors import ArgumentError, DataError, Remedy
from elman.forecasting.covariates import of_other_type, read_covariates, refuse_other_type
from elman.forecasting.inputs import Inputs
from elman.forecasting.panel import Panel
from elman.tables.categories import sources
from elman.tables.frame_columns import select_columns

__all__ = ["MOST_CATEGORIES", "checked_table", "no_columns", "read_static", "refuse_categories", "with_categories"]

Array = npt.NDArray[np.float64]

MOST_CATEGORIES = 50


def read_static(
    place: str, data: Any, static: Any, ids: pd.Index, codes: npt.NDArray[Any], inputs: Inputs
) -> tuple[Array, Inputs]:
    """Read the static covariates of every series.

    Parameters
    ----------
    place : str
        Start of a message.
    data : frame
        Long frame, whose own columns are used where there is no table.
    static : frame, Panel or None
        A table with ``unique_id`` and the columns; or series with known values, used where the data have no columns.
    ids : Index (S,)
        Names of the series.
    codes : ndarray (n,)
        Series of each row.
    inputs : Inputs
        The columns wanted.

    Returns
    -------
    values : ndarray (S, Q)
    inputs : Inputs
        With one column ``column=category`` for every category of a column of text.

    Raises
    ------
    ArgumentError, DataError
        Naming the column and the series that has no value, more than one, or a category that is not known.
    """
    if hasattr(static, "columns") and not isinstance(static, Panel):
        table = _by_series(place, static, ids, inputs.static)
    else:
        names = sources(data.columns, inputs.static)
        if any(name not in data.columns for name in names):
            return _known(place, static, ids, names, [n for n in names if n not in data.columns]), inputs
        table = _of_rows(place, data, ids, codes, names)
    missing = table.drop(columns=["unique_id", "ds"]).isna()
    if missing.any(axis=None):
        row, column = np.argwhere(missing.to_numpy())[0]
        raise DataError(
            f"{place}: static covariate {missing.columns[column]} is missing (NaN) for series {ids.tolist()[row]!r}; "
            "static covariates are not filled."
        )
    inputs = with_categories(place, table, inputs)
    return read_covariates(place, table, inputs.static), inputs


def _by_series(place: str, static: Any, ids: pd.Index, names: Sequence[str]) -> pd.DataFrame:
    """Return the rows of a table in order of the series."""
    frame = checked_table(place, static, names)
    rows = pd.Index(frame["unique_id"]).get_indexer(ids)
    if (rows < 0).any():
        absent = ids[rows < 0].tolist()[0]
        other = of_other_type(absent, frame["unique_id"])
        raise DataError(
            f"{place}: {called('static_df')} has no row for series {absent!r}{other}.", Remedy("add the row")
        )
    table: pd.DataFrame = frame.iloc[rows].reset_index(drop=True).assign(ds=None)
    return table


def checked_table(place: str, static: Any, names: Sequence[str]) -> pd.DataFrame:
    """Select the columns of a table of static covariates; ``unique_id`` may be its index.

    Raises
    ------
    DataError
        If a column is absent, or a series has two rows.

    Examples
    --------
    >>> checked_table("fit", pd.DataFrame({"size": [3]}, index=pd.Index(["a"], name="unique_id")), ["size"])
      unique_id  size
    0         a     3
    """
    if "unique_id" not in static.columns:
        if "unique_id" not in getattr(getattr(static, "index", None), "names", ()):
            raise DataError(
                f"{place}: {called('static_df')} has no column unique_id among {', '.join(map(str, static.columns))}.",
                Remedy("give this name to the column of the series"),
            )
        static = static.reset_index("unique_id")
    wanted = [column_of(static.columns, name) for name in names]
    frame = select_columns(f"{place}: {called('static_df')}", static, tuple(dict.fromkeys(("unique_id", *wanted))))
    twice = frame["unique_id"].duplicated()
    if twice.any():
        raise DataError(
            f"{place}: {called('static_df')} has two rows for series {frame['unique_id'][twice].tolist()[0]!r}.",
            Remedy("drop one of them"),
        )
    return frame


def column_of(columns: Container[str], name: str) -> str:
    """Return the column of a static covariate: its own, or that of ``column=category``.

    Examples
    --------
    >>> column_of(["size"], "size"), column_of(["size"], "kind=mall")
    ('size', 'kind')
    """
    return name if name in columns else name.partition("=")[0]


def _of_rows(place: str, data: Any, ids: pd.Index, codes: npt.NDArray[Any], names: Sequence[str]) -> pd.DataFrame:
    """Return the first row of each series, having checked that its other rows are like it."""
    frame = select_columns(place, data, ("unique_id", *names))
    first = np.zeros(len(ids), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    table = frame.iloc[first].reset_index(drop=True).assign(ds=None)
    for name in names:
        own, of_series = frame[name].astype(object), table[name].astype(object).iloc[codes].reset_index(drop=True)
        differs = ((own != of_series) & ~(own.isna() & of_series.isna())).to_numpy()
        if differs.any():
            row = int(np.argmax(differs))
            raise DataError(
                f"{place}: static covariate {name} is {of_series[row]!r} and {own[row]!r} in series "
                f"{ids.tolist()[codes[row]]!r}; it must be constant.",
                Remedy("name it in {} if it changes", past_covariates=...),
            )
    return table


def _known(place: str, static: Any, ids: pd.Index, names: Sequence[str], absent: Sequence[str]) -> Array:
    """Look up the series of a fit."""
    if not isinstance(static, Panel) or static.ids is None or static.covariates is None or len(static) == 0:
        raise no_columns(place, absent, names)
    rows = static.ids.get_indexer(ids)
    if (rows < 0).any():
        refuse_other_type(place, ids[rows < 0].tolist()[0], static.ids)
        wanted = ", ".join(dict.fromkeys(column_of((), name) for name in names))
        raise DataError(
            f"{place}: series {ids[rows < 0].tolist()[0]!r} is new, and its {wanted} is not known.",
            Remedy("pass {} with a row for it", "leave the series out", static_df=...),
        )
    assert static.inputs is not None
    own: Array = static.covariates[static.offsets[:-1][rows], -len(static.inputs.static) :]
    return own


def no_columns(place: str, absent: Sequence[str], names: Sequence[str]) -> ArgumentError:
    """Return the error for static covariates that neither the data hold nor a table."""
    return ArgumentError(
        f"{place}: the static covariates {', '.join(absent)} are no columns of the data.",
        Remedy(f"pass {{}}, with a row of {', '.join(names)} for every series", static_df=...),
    )


def with_categories(place: str, table: pd.DataFrame, inputs: Inputs) -> Inputs:
    """Replace columns of text by one name ``column=category`` for each category.

    Examples
    --------
    >>> table = pd.DataFrame({"unique_id": ["a", "b"], "kind": ["mall", "corner"], "size": [3.0, 1.0]})
    >>> with_categories("fit", table, Inputs(static=("size", "kind"))).static
    ('size', 'kind=corner', 'kind=mall')
    """
    names: list[str] = []
    for name in inputs.static:
        if name not in table or pd.api.types.is_numeric_dtype(table[name]) or _numbers_in(table[name]):
            names.append(name)
            continue
        labels = sorted(set(table[name].astype(str)))
        if len(labels) > MOST_CATEGORIES:
            raise DataError(
                f"{place}: static covariate {name} has {len(labels)} categories, at most {MOST_CATEGORIES} can be used."
            )
        names += [f"{name}={label}" for label in labels]
    return replace(inputs, static=tuple(names))


def refuse_categories(place: str, names: Sequence[str], known: Sequence[str]) -> None:
    """Refuse text in a static covariate that held numbers at fit.

    Examples
    --------
    >>> try:
    ...     refuse_categories("predict", ["size=big", "kind=mall"], ["size", "kind=mall"])
    ... except DataError as error:
    ...     print(error)
    predict: static covariate size holds text, such as 'big', and held numbers at fit.
    """
    for name in names:
        column, _, label = name.partition("=")
        if name not in known and column in known:
            raise DataError(
                f"{place}: static covariate {column} holds text, such as {label!r}, and held numbers at fit."
            )


def _numbers_in(column: pd.Series) -> bool:
    """Return whether a column of objects holds numbers alone."""
    plain = column.dtype == object and not isinstance(column.dtype, pd.CategoricalDtype)
    return plain and all(isinstance(value, int | float) for value in column)
