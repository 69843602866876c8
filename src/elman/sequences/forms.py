"""Frames of other libraries, and frames whose rows are steps although nothing says so."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from elman.data.ragged import Ragged, is_long_frame
from elman.errors import ArgumentError, DataError, ElmanError, ElmanWarning, Remedy
from elman.sequences.fitted import Inputs
from elman.sequences.parameters import Parameters
from elman.tables.names import ID_NAMES, TIME_NAMES

__all__ = ["by_name", "columns_named", "lost_id", "notice_axes", "usual_form"]

_SWAPPED = 2  # times as many channels as steps are probably steps and channels


def usual_form(place: str, estimator: Parameters, X: Any) -> Any:
    """Return a frame with its ids in the index as a long frame, a nested frame as a list, other forms unchanged.

    Parameters
    ----------
    place : str
        Start of a message.
    estimator : SequenceClassifier, SequenceRegressor or SequenceTagger
        Its columns are used.
    X : Any
        A pandas frame indexed by sequence and step (sktime's ``pd-multiindex``) or by sequence, one whose cells are
        sequences (sktime's ``nested_univ``), or anything else.

    Raises
    ------
    DataError
        If a level of the index takes the name of a column, or the cells of a row have unequal lengths.

    Examples
    --------
    >>> from elman import SequenceClassifier
    >>> index = pd.MultiIndex.from_product([["a", "b"], [0, 1]])
    >>> usual_form("example", SequenceClassifier(), pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]}, index=index))
      unique_id  ds    x
    0         a   0  1.0
    1         a   1  2.0
    2         b   0  3.0
    3         b   1  4.0
    """
    if not isinstance(X, pd.DataFrame) or estimator.id_column in X.columns:
        return X
    levels = list(X.index.names)
    if len(levels) == 2 or levels == [estimator.id_column]:
        return _from_index(place, estimator, X, levels)
    return _from_cells(place, estimator, X) if X.size and np.ndim(X.to_numpy()[0, 0]) > 0 else X


def _from_index(place: str, estimator: Parameters, X: pd.DataFrame, levels: list[Any]) -> pd.DataFrame:
    """Make columns of the levels of the index: ids first, or by their name, then times."""
    names: list[Any] = [estimator.id_column, estimator.time_column]
    if len(levels) == 1:
        names = levels
    elif levels[1] == estimator.id_column:
        names.reverse()
    if None in names:  # the rows are in temporal order
        X, names = X.reset_index(level=names.index(None), drop=True), [estimator.id_column]
    if taken := [name for name in names if name in X.columns]:
        raise DataError(f"{place}: X has a column {taken[0]!r}, and a level of its index takes this name.")
    return X.reset_index(names=names)


def _from_cells(place: str, estimator: Parameters, X: pd.DataFrame) -> list[Any]:
    """Return one sequence per row of a frame whose cells are sequences: a frame (T_i, D), or an array (D, T_i)."""
    found = []
    for name, row in zip(X.index, X.to_numpy(), strict=True):
        lengths = [len(cell) if np.ndim(cell) else 1 for cell in row]
        if len(set(lengths)) > 1:
            told = ", ".join(f"{channel!r} {length}" for channel, length in zip(X.columns, lengths, strict=True))
            raise DataError(f"{place}: the cells of row {name!r} must have equal lengths, got {told}.")
        columns = np.column_stack([np.asarray(cell) for cell in row])
        found.append(columns.T if estimator.layout == "channels_time" else pd.DataFrame(columns, columns=X.columns))
    return found


def by_name(place: str, X: Any, names: Sequence[str] | None) -> tuple[Any, tuple[str, ...] | None]:
    """Put the channels of a list of frames (T_i, D) into one order, by their names.

    Parameters
    ----------
    place : str
        Start of a message.
    X : Any
        A list of frames, or sequences in another form, which are not changed.
    names : sequence of str, optional
        Names of the channels at fit; by default those of the first frame.

    Returns
    -------
    X : Any
    names : tuple of str or None
        None if the columns have no names.

    Raises
    ------
    DataError
        If a frame lacks a channel, or in `fit` has another one.

    Examples
    --------
    >>> first, second = pd.DataFrame({"a": [1.0], "b": [2.0]}), pd.DataFrame({"b": [4.0], "a": [3.0]})
    >>> frames, names = by_name("example", [first, second], None)
    >>> frames[1].to_numpy().tolist(), names
    ([[3.0, 4.0]], ('a', 'b'))
    """
    if not isinstance(X, (list, tuple)) or not all(hasattr(x, "columns") for x in X) or len(X) == 0:
        return X, None
    own = [list(x.columns) for x in X]
    if not all(isinstance(name, str) for columns in own for name in columns):
        return X, None
    wanted = own[0] if names is None else list(names)
    for i, columns in enumerate(own):
        if not set(wanted) <= set(columns) or (names is None and len(columns) > len(wanted)):
            raise DataError(
                f"{place}: X[{i}] has the channels {', '.join(columns)}, not {', '.join(wanted)} like "
                f"{'X[0]' if names is None else 'the sequences of the fit'}."
            )
    return [x[wanted] for x in X], tuple(wanted)


def lost_id(place: str, estimator: Parameters, X: Any, known: Inputs | None) -> ElmanError | None:
    """Return the error of a frame without its column of ids whose rows are steps; None for one sequence per row.

    A frame is taken for steps if the sequences of the fit were no table, or if a column named as ids or times are, or a
    named index, repeats its values.
    """
    start = f"{place}: X has no column {estimator.id_column!r}"
    listed = ", ".join(map(str, X.columns))
    levels = list(getattr(getattr(X, "index", None), "names", ()))
    if len(levels) > 1:
        named = " and ".join(map(repr, levels))
        return DataError(f"{start}, but an index of {named}. X.reset_index() makes columns of them.")
    if known is not None:
        if known.table:
            return None
        reason = "which tells the sequences apart as at fit" if known.names else "and no sequence of the fit was a row"
        return DataError(f"{start}, {reason}; the columns are {listed}.")
    usual = {name.lower() for name in (*ID_NAMES, *TIME_NAMES, str(estimator.time_column))}
    if levels and levels[0] is not None and not X.index.is_unique:
        said, name = "index", levels[0]
    elif (name := next((c for c in X.columns if str(c).lower() in usual and _repeats(X[c])), None)) is not None:
        said = "column"
    else:
        return None
    is_id = said == "index" or str(name).lower() in ID_NAMES
    way_out = Remedy(id_column=name) if is_id else Remedy("name the column of ids with {}", id_column=...)
    return DataError(
        f"{start}, and its {said} {name!r} repeats values, as if every row were a step.",
        way_out,
        Remedy("pass X.to_numpy() if every row is a sequence"),
    )


def _repeats(column: Any) -> bool:
    return len(set(map(str, np.asarray(column).tolist()))) < len(column)


def notice_axes(place: str, ragged: Ragged, layout: str) -> None:
    """Warn if every sequence has far more channels than steps.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     notice_axes("fit", Ragged([np.zeros((6, 100))]), "time_channels")
    >>> print(caught[0].message.text)
    fit: the sequences have at most 6 steps of 100 channels.
    """
    longest, channels = max(map(len, ragged.sequences)), ragged.sequences[0].shape[1]
    if channels >= _SWAPPED * max(longest, 2):
        other, axis = ("channels_time", "first") if layout == "time_channels" else ("time_channels", "second")
        text = f"{place}: the sequences have at most {longest} steps of {channels} channels."
        way_out = Remedy(f"pass {{}} if the {axis} axis holds channels", layout=other)
        warnings.warn(ElmanWarning(text, way_out), stacklevel=2)


def columns_named(place: str, estimator: Parameters, X: Any, y: Any) -> list[str]:
    """Return the names of columns that y consists of; none if it holds targets.

    Raises
    ------
    ArgumentError
        If X is no long frame, and y is no target of each of its sequences.
    """
    names = [y] if isinstance(y, str) else y
    if not isinstance(names, Sequence) or len(names) == 0 or not all(isinstance(name, str) for name in names):
        return []
    if is_long_frame(X, estimator.id_column):
        return list(names)
    if not isinstance(y, str) and hasattr(X, "__len__") and len(X) == len(y):
        return []  # targets that are text
    text = f"{place}: y={', '.join(map(repr, names))} names a column, but X is not a long frame"
    if not hasattr(X, "columns"):
        raise ArgumentError(f"{text}.")
    raise ArgumentError(
        f"{text}: it has no column {estimator.id_column!r} of ids.", Remedy("name that column with {}", id_column=...)
    )
