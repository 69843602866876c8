"""Covariates of a frame: columns besides y, and their values known ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman._words import called
from elman.data.ragged import refuse_times
from elman.errors import ArgumentError, DataError, Remedy
from elman.forecasting.calendar import calendar_columns, holiday_column
from elman.forecasting.inputs import Inputs
from elman.forecasting.panel import Panel
from elman.tables.categories import categories_in, sources
from elman.tables.frame_columns import numbers, select_columns, time_stamps, with_keys, zone_of

__all__ = [
    "censored_in",
    "in_other_type",
    "of_other_type",
    "read_covariates",
    "read_weight",
    "refuse_other_type",
    "unused_future",
    "with_ahead",
    "with_made",
]

Array = npt.NDArray[np.float64]

_SHOWN = 4  # categories in a hint


def read_covariates(place: str, frame: pd.DataFrame, names: Sequence[str], censored: str | None = None) -> Array:
    """Convert columns to numbers (n, C); refuse undeclared or missing entries, naming the column."""
    if censored is not None:
        _refuse_other_flags(place, frame, censored)
    indicators: dict[str, Array] = {}
    for column, labels in categories_in(frame.columns, names).items():
        indicators |= _indicators(place, frame, column, labels)
    return np.stack([indicators[name] if name in indicators else _numeric(place, frame, name) for name in names], 1)


def read_weight(place: str, frame: pd.DataFrame, name: str) -> Array:
    """Read the weights of the values (n,), divided by the largest.

    Raises
    ------
    DataError
        If a weight is missing, negative or not finite, or every weight is 0.
    """
    weight = _numeric(place, frame, name, "weight")
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise DataError(f"{place}: weight {name} is {weight[row]:g} {_row(frame, row)}; it must be at least 0.")
    if not weight.any():
        raise DataError(f"{place}: weight {name} is 0 in every row; there is nothing to learn from.")
    relative: Array = weight / weight.max()
    return relative


def censored_in(place: str, panel: Panel, name: str, column: int) -> npt.NDArray[np.bool_]:
    """Return which values of a panel are censored (total,): those where a covariate is 1.

    Raises
    ------
    DataError
        If the covariate is neither 0 nor 1.
    """
    assert panel.covariates is not None
    flag = panel.covariates[:, column]
    wrong = (flag != 0) & (flag != 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"{place}: censored {name} is {flag[row]:g} {panel.place(row)}; it must be 0 or 1.")
    return flag > 0


def _refuse_other_flags(place: str, frame: pd.DataFrame, name: str) -> None:
    """Refuse text and missing entries in the column of censored values."""
    column = frame[name]
    wrong = pd.to_numeric(column, errors="coerce").isna()
    if wrong.any():
        row = int(np.argmax(wrong))
        value = "missing (NaN)" if pd.isna(column.iloc[row]) else repr(column.iloc[row])
        raise DataError(
            f"{place}: censored {name} is {value} {_row(frame, row)}; it must be 0 or 1.",
            Remedy("write 1 where the value is not the demand, and 0 elsewhere"),
        )


def _numeric(place: str, frame: pd.DataFrame, name: str, role: str = "covariate") -> Array:
    """Return a column of numbers."""
    column = frame[name]
    refuse_times(place, f"{role} {name}", column)
    if pd.api.types.is_bool_dtype(column) or column.dtype == object:  # True and False, possibly with None
        column = column.map(lambda value: float(value) if isinstance(value, bool) else value)
    try:
        values = numbers(place, f"{role} {name}", column)
    except DataError as error:
        if role == "weight":
            raise
        found = sorted({str(value) for value in column.dropna()})[:_SHOWN]
        listed = ", ".join(f'"{name}={label}"' for label in found)
        raise DataError(f"{error.text}\n  Hint: for categories, name each: {listed}.", *error.remedies) from error
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = int(np.argmax(wrong))
        what = "missing (NaN)" if np.isnan(values[row]) else f"{values[row]}"
        raise DataError(f"{place}: {role} {name} is {what} {_row(frame, row)}; {role}s are not filled.")
    return values


def _indicators(place: str, frame: pd.DataFrame, column: str, labels: Sequence[str]) -> dict[str, Array]:
    """Return a column of 0 and 1 for every category of a column; refuse entries of other categories."""
    missing = frame[column].isna().to_numpy()
    if missing.any():
        raise DataError(
            f"{place}: covariate {column} is missing {_row(frame, int(np.argmax(missing)))}; covariates are not filled."
        )
    texts = frame[column].astype(str).to_numpy(dtype=object)
    if pd.api.types.is_numeric_dtype(frame[column]):  # 1.0 is 1: a missing value elsewhere makes a column of floats
        same = {_without_point(label): label for label in labels}
        texts = np.array([same.get(_without_point(text), text) for text in texts], dtype=object)
    unknown = ~np.isin(texts, np.array(labels, dtype=object))
    if unknown.any():
        row = int(np.argmax(unknown))
        raise DataError(
            f"{place}: covariate {column} is {texts[row]!r} {_row(frame, row)}, which is none of {', '.join(labels)}."
        )
    return {f"{column}={label}": (texts == label).astype(np.float64) for label in labels}


def _without_point(text: str) -> str:
    """Write whole numbers alike, ``"1.0"`` as ``"1"``.

    Examples
    --------
    >>> _without_point("1.0"), _without_point("10"), _without_point("1.50")
    ('1', '10', '1.50')
    """
    whole, _, rest = text.partition(".")
    return whole if rest and not rest.strip("0") else text


def _row(frame: pd.DataFrame, row: int) -> str:
    """Name a row in a message; a row of a table of static covariates has no time."""
    time = frame["ds"].iloc[row]
    return f"in series {frame['unique_id'].tolist()[row]!r}" + ("" if time is None else f" at {time}")


def of_other_type(name: Any, names: pd.Series) -> str:
    """Tell in a message that a name is there as text but not as a number, or the other way round.

    Examples
    --------
    >>> of_other_type(7, pd.Series(["7", "8"])), of_other_type(9, pd.Series(["7", "8"]))
    (", but one for '7': write the names in one type", '')
    """
    alike = in_other_type(name, names)
    return "" if alike is None else f", but one for {alike!r}: write the names in one type"


def in_other_type(name: Any, names: pd.Series | pd.Index) -> Any:
    """Return the same name as a number instead of text, or the other way round; None if it is not there.

    Examples
    --------
    >>> in_other_type(7, pd.Series(["7", "8"])), in_other_type(7, pd.Series([7, 8])) is None
    ('7', True)
    """
    alike = next((other for other in names.tolist() if str(other) == str(name)), name)
    return None if alike == name else alike


def refuse_other_type(place: str, name: Any, known: pd.Index) -> None:
    """Refuse the name of a series that the fit knows in another type.

    Examples
    --------
    >>> try:
    ...     refuse_other_type("update", "7", pd.Index([7, 8]))
    ... except DataError as error:
    ...     print(error)
    update: series '7' is new, but 7 was there at fit. Write the names as in fit.
    """
    if (alike := in_other_type(name, known)) is not None:
        raise DataError(
            f"{place}: series {name!r} is new, but {alike!r} was there at fit.", Remedy("write the names as in fit")
        )


def with_ahead(place: str, panel: Panel, future: Any, horizon: int) -> Panel:
    """Append the covariates of the steps ahead to a panel: those of a frame, and those that are made or constant.

    Parameters
    ----------
    place : str
        Start of a message.
    panel : Panel
        Series of a frame.
    future : frame or None
        Columns ``unique_id``, ``ds`` and the covariates known ahead, with a row for each of the ``horizon`` steps after
        every series. Other rows are ignored. A single series needs no ``unique_id``; ``ds`` may be the index.
    horizon : int
        Steps ahead.

    Returns
    -------
    Panel

    Raises
    ------
    ArgumentError, DataError
        If there is no frame, or one that is not needed, or a column, row or value is missing.
    """
    inputs, covariates = panel.inputs, panel.covariates
    if future is not None and not inputs.ahead:
        raise unused_future(place)
    if covariates is None or not (inputs.ahead or inputs.made or inputs.static):
        return panel
    given, count = len(inputs.columns), len(panel) * horizon
    values = np.zeros((count, given))
    if inputs.ahead:
        values[:, len(inputs.past) :] = _read_future(place, future, panel, inputs.ahead, horizon)
    first_static = covariates.shape[1] - len(inputs.static)
    static = np.repeat(covariates[panel.offsets[:-1], first_static:], horizon, axis=0)
    ahead = with_made(place, inputs, panel.future(horizon), panel.frequency, values, static)
    assert ahead is not None
    return replace(panel, ahead=ahead.reshape(len(panel), horizon, -1))


def unused_future(place: str) -> ArgumentError:
    """Return the error for rows to come that a forecaster does not read."""
    return ArgumentError(
        f"{place}: {called('future')} is given, but the forecaster has no covariates known ahead.",
        Remedy("leave {} out", future=...),
    )


def with_made(
    place: str, inputs: Inputs, times: Any, frequency: Any, given: Array | None, static: Array | None
) -> Array | None:
    """Put the columns made from time stamps between those given (n, ·) and the static ones (n, Q); None for none."""
    parts = [] if given is None else [given]
    if inputs.holidays is not None:
        parts.append(holiday_column(place, times, frequency, inputs.holidays)[:, None])
    if inputs.calendar:
        parts.append(calendar_columns(times, inputs.calendar))
    if static is not None:
        parts.append(static)
    return np.concatenate(parts, axis=1) if parts else None


def _read_future(place: str, future: Any, panel: Panel, names: Sequence[str], horizon: int) -> Array:
    """Read the covariates known ahead (S·horizon, C) from a frame."""
    if not hasattr(future, "columns"):
        raise ArgumentError(
            f"{place}: {called('future')} must be a frame with {', '.join(names)} for the {horizon} steps after every "
            f"series, got {type(future).__name__}."
        )
    wanted = panel.future(horizon)
    assert wanted is not None and panel.ids is not None
    future = with_keys(future, panel.ids[0] if len(panel.ids) == 1 else None)
    frame = select_columns(place, future, ("unique_id", "ds", *sources(future.columns, names)))
    times = time_stamps(place, frame["ds"])
    if zone_of(times) and zone_of(wanted):
        times = times.tz_convert(wanted.tz)
    if zone_of(times) != zone_of(wanted) or type(times) is not type(wanted):
        raise DataError(
            f"{place}: {called('ds')} of {called('future')} holds {times.dtype}, that of the data {wanted.dtype}.",
            Remedy("write both with the same time zone, or both without"),
        )
    rows = pd.MultiIndex.from_arrays([frame["unique_id"], times])
    if rows.has_duplicates:
        series, time = rows[rows.duplicated()][0]
        raise DataError(f"{place}: {called('future')} has two rows for series {series!r} at {time}.")
    order = rows.get_indexer(pd.MultiIndex.from_arrays([panel.ids.repeat(horizon), wanted]))
    if (order < 0).any():
        first = int(np.argmax(order < 0))
        other = of_other_type(panel.ids.tolist()[first // horizon], frame["unique_id"])
        raise DataError(
            f"{place}: {called('future')} has no row for {panel.name(first // horizon)} at {wanted[first]}{other}.",
            *([] if other else [Remedy(f"add rows for the {horizon} steps after the end of every series")]),
        )
    return read_covariates(place, frame.iloc[order].reset_index(drop=True), names)
