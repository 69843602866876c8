"""Reading and checking of sequences, their weights and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import _check_sample_weight, _get_feature_names, check_array, validate_data

from elman._words import called
from elman.data.ragged import LAYOUTS, Ragged, is_long_frame, read_frame, read_sequences, refuse_times
from elman.errors import ArgumentError, DataError, Remedy, ShapeError
from elman.sequences.fitted import Inputs
from elman.sequences.forms import by_name, lost_id, notice_axes, usual_form
from elman.sequences.parameters import Parameters

__all__ = ["HEAVIEST", "aligned", "in_form_of", "labels_of", "part_of", "read", "refuse_length", "unpadded", "weights"]

Array = npt.NDArray[Any]

HEAVIEST = 1e30  # sums of such weights, and of their products with losses, stay within float32


def read(
    place: str, estimator: Parameters, X: Any, known: Inputs | None, exclude: Sequence[str] = ()
) -> tuple[Ragged, Inputs]:
    """Check sequences in any of their forms.

    Parameters
    ----------
    place : str
        Start of a message.
    estimator : SequenceClassifier, SequenceRegressor or SequenceTagger
        Its layout and columns are used.
    X : list, array or frame
        Sequences.
    known : Inputs or None
        Required form; None accepts any form.
    exclude : sequence of str
        Columns of a long frame that are not channels.

    Returns
    -------
    Ragged
        The sequences.
    Inputs
        Their form; ``known``, if it is given.
    """
    X = usual_form(place, estimator, X)
    if is_long_frame(X, estimator.id_column):
        names = None if known is None or known.names is None else list(known.names)
        ragged = read_frame(place, X, estimator.id_column, estimator.time_column, names, exclude)
        seen = Inputs(_channels(ragged), False, _channels(ragged), _named(ragged.channels))
    elif hasattr(X, "columns") and (fault := lost_id(place, estimator, X, known)):
        raise fault
    elif _is_table(X):
        ragged, seen = _read_table(place, estimator, X, known)
    else:
        own = None
        if estimator.layout == "time_channels":
            X, own = by_name(place, X, None if known is None else known.names)
        ragged = read_sequences(place, X, estimator.layout)
        seen = Inputs(_channels(ragged), False, _channels(ragged), own)
        if known is None:
            notice_axes(place, ragged, estimator.layout)
    if known is not None and seen.channels != known.channels:
        count = "1 channel" if seen.channels == 1 else f"{seen.channels} channels"
        raise ShapeError(f"{place}: {called('X')} has {count}, but {known.channels} at fit.")
    return ragged, seen if known is None else known


def _wrong_cell(X: Any) -> str | None:
    """Name the first cell of a table that is a sequence or a word, for which scikit-learn has NumPy's own message."""
    cells = np.asarray(X)
    for (i, j), cell in np.ndenumerate(cells if cells.ndim == 2 and cells.dtype.kind in "OUS" else np.empty((0, 0))):
        if isinstance(cell, str) and not _is_written_number(cell):
            return f"X[{i}, {j}] is {str(cell)!r}; every value must be a number."
        if np.ndim(cell) > 0:
            return (
                f"X[{i}, {j}] is a sequence; a cell of a table must be one number.\n"
                "  Hint: pass a list of arrays (T, D): [np.column_stack(row) for row in X.to_numpy()]."
            )
    return None


def _padded(X: Any) -> str | None:
    """Name the form of a table whose rows end in NaN, as shorter sequences do where they are padded."""
    cells = np.asarray(X)
    missing = np.isnan(cells) if cells.ndim == 2 and cells.dtype.kind == "f" else np.zeros((1, 1), bool)
    if missing.any() and (np.diff(missing.astype(int), axis=1) >= 0).all() and not missing[:, 0].any():
        i, t = (int(at) for at in np.argwhere(missing)[0])
        return (
            f"X[{i}, {t}] is NaN, and no number follows.\n"
            "  Hint: if NaN pads shorter sequences, pass np.asarray(X)[:, :, np.newaxis], an array (N, T, 1)."
        )
    return None


def _is_written_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _channels(ragged: Ragged) -> int:
    return int(ragged.sequences[0].shape[1])


def _named(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _read_table(place: str, estimator: Parameters, X: Any, known: Inputs | None) -> tuple[Ragged, Inputs]:
    """Check a matrix by scikit-learn's contract: names and number of columns must be those of the fit."""
    refuse_times(place, "X", X)
    names = None
    try:
        if known is None:
            names = _get_feature_names(X)
            X = check_array(X, dtype=np.float64, estimator=estimator, input_name="X")
        elif known.table:
            X = validate_data(estimator, X, dtype=np.float64, reset=False)
    except ValueError as error:
        if (fault := _wrong_cell(X) or _padded(X)) is None:
            raise
        raise DataError(f"{place}: {fault}") from error
    X = np.asarray(X)
    ragged = read_sequences(place, X, estimator.layout)
    return ragged, Inputs(_channels(ragged), True, int(X.shape[1]), None if names is None else tuple(names.tolist()))


def weights(place: str, ragged: Ragged, sample_weight: Any) -> Array:
    """Check one weight per sequence.

    Raises
    ------
    DataError
        If their number is not that of the sequences, one is negative, not finite or too large for sums, or all are
        zero.
    """
    sample_weight = aligned(place, "sample_weight", ragged, sample_weight)
    try:
        weight: Array = _check_sample_weight(
            sample_weight, np.zeros((len(ragged), 1)), dtype=np.float64, ensure_non_negative=True
        )
    except ValueError as error:
        raise DataError(f"{place}: {error}") from None
    if weight.max() > HEAVIEST:
        i = int(np.argmax(weight))
        raise DataError(f"{place}: sample_weight[{i}] is {weight[i]:g}; at most {HEAVIEST:.0e} is possible.")
    if not weight.any():
        raise DataError(
            f"{place}: Sample weights must contain at least one non-zero number."
        )  # as newer scikit-learn says
    return weight


def aligned(place: str, name: str, ragged: Ragged, values: Any) -> Any:
    """Order a pandas Series, indexed by id, like the sequences of a long frame."""
    if ragged.ids is None or not hasattr(values, "reindex"):
        return values
    missing = [name for name in ragged.ids if name not in values.index]
    if missing or not values.index.is_unique:
        raise DataError(
            f"{place}: {name} must have one row per id of the frame"
            + (f", {missing[0]!r} is missing from its index." if missing else ", its index repeats some.")
        )
    return values.loc[ragged.ids]


def in_form_of(X: Any, ragged: Ragged, found: list[Array]) -> Any:
    """Return one array per sequence (T_i, ...) in the form of X: rows of a long frame, an array (N, T, ...), a list."""
    if ragged.rows is not None:
        inverse = np.argsort(np.concatenate(ragged.rows))
        joined: Array = np.concatenate(found)[inverse]
        return joined
    equal = hasattr(X, "ndim") and X.ndim > 1 and len({len(own) for own in found}) == 1
    return np.stack(found) if equal else found


def unpadded(X: Any, ragged: Ragged, y: Sequence[Any], layout: str) -> list[Any]:
    """Cut tags per step that are padded like their sequences, in an array (N, T, D)."""
    if getattr(X, "ndim", 0) != 3:
        return list(y)
    longest = np.shape(X)[1 + LAYOUTS.index(layout)]
    pairs = zip(y, ragged.sequences, strict=True)
    return [part[: len(own)] if len(part) == longest else part for part, own in pairs]


def part_of(X: Any, ragged: Ragged, rows: Array) -> Any:
    """Return some of the sequences in the form of X.

    Parameters
    ----------
    X : list, array or frame
        All sequences.
    ragged : Ragged
        The same, read.
    rows : ndarray of int (n,)
        Ascending numbers of sequences; a long frame keeps the order of its rows.
    """
    if ragged.rows is not None:
        rows = np.sort(np.concatenate([ragged.rows[i] for i in rows]))
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    return X[rows.tolist()] if hasattr(X, "columns") or isinstance(X, np.ndarray) else [X[i] for i in rows]


def refuse_length(place: str, X: Any, ragged: Ragged, rows: int, id_column: str) -> None:
    """Refuse targets of another number than the sequences."""
    if rows == len(ragged):
        return
    text = f"{place}: X has {len(ragged)} sequences, but y has {rows} rows."
    if hasattr(X, "columns") and ragged.ids is None:
        text += (
            f"\n  Hint: X has no column {id_column!r}, so each row is a sequence; "
            "id_column names the column of ids of a long frame."
        )
    raise ArgumentError(text)


def labels_of(place: str, X: Any, y: str, ragged: Ragged) -> Array:
    """Take one label per sequence from a column of a long frame."""
    if y not in X.columns:
        raise DataError(f"{place}: there is no column {y!r}; the columns are {', '.join(map(str, X.columns))}.")
    column = np.asarray(X[y])
    assert ragged.rows is not None and ragged.ids is not None
    for name, rows in zip(ragged.ids, ragged.rows, strict=True):
        if pd.isna(column[rows]).any():
            raise DataError(
                f"{place}: column {y!r} is empty in the sequence with id {name!r}.", Remedy("leave the sequence out")
            )
        wrong = column[rows] != column[rows[0]]
        if wrong.any():
            raise DataError(
                f"{place}: column {y!r} must have one value per sequence, the one with id {name!r} has "
                f"{column[rows].tolist()[0]!r} and {column[rows][wrong].tolist()[0]!r}."
            )
    first: Array = column[[rows[0] for rows in ragged.rows]]
    return np.array(first.tolist())  # an array of strings, where the frame has objects


def _is_table(X: Any) -> bool:
    """Tell whether data are a matrix with one sequence of single values per row.

    Nested lists count as a matrix, too: scikit-learn's contract is the same for both.
    """
    if isinstance(X, (list, tuple)):
        return len(X) > 0 and all(
            isinstance(row, (list, tuple)) and len(row) == len(X[0]) > 0 and np.ndim(row[0]) == 0 for row in X
        )
    if isinstance(X, np.ndarray) and X.dtype.kind == "O" and X.ndim == 1 and len(X) and np.ndim(X[0]) > 0:
        return False
    if hasattr(X, "ndim"):  # a sparse matrix may be a dictionary, too
        return int(X.ndim) <= 2
    return not isinstance(X, dict) and np.asarray(X).ndim <= 2
