"""Targets of sequence tasks: from labels or numbers to the output layer, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from elman.data.ragged import refuse_times
from elman.errors import DataError, Remedy

__all__ = [
    "OUTPUTS",
    "Encoded",
    "Target",
    "class_target",
    "number_target",
    "read_classes",
    "read_numbers",
    "refuse_mixed",
    "sigmoid",
    "softmax",
    "take",
]

Array = npt.NDArray[Any]
Encoded = Array | list[Array]  # one target per sequence, or for each sequence one array of targets per step

_NUMBERS = "biuf"
_ALL_TEXT = Remedy("write all of them as text, or none")
OUTPUTS = {"binary": "sigmoid", "multiclass": "softmax", "multilabel": "sigmoid", "numbers": "identity"}


@dataclass(frozen=True)
class Target:
    """Meaning of the output layer.

    Parameters
    ----------
    kind : {"binary", "multiclass", "multilabel", "numbers"}
        One of two classes, one of several, any of several labels, or numbers.
    size : int
        Units of the output layer, K.
    classes : ndarray (C,), optional
        Names of the classes, sorted; of labels 0 … K-1.
    center, scale : ndarray (K,), optional
        Mean and spread of numbers in the training part.
    flat : bool
        Whether numbers are given and returned as (n,).
    """

    kind: str
    size: int
    classes: Array | None = None
    center: Array | None = None
    scale: Array | None = None
    flat: bool = False

    def same_as(self, other: Target) -> bool:
        """Tell whether networks for one target can be trained further with the other."""
        if (self.kind, self.size) != (other.kind, other.size):
            return False
        if self.classes is None or other.classes is None:
            return True
        return bool(np.array_equal(self.classes, other.classes))

    def for_training(self, y: Array, label_smoothing: float = 0.0) -> Array:
        """Return the targets of the loss: codes or rows from codes, standardised numbers from numbers."""
        if self.kind == "numbers":
            standard: Array = (y.reshape(-1, self.size) - self.center) / self.scale
            return standard
        if self.kind == "multiclass":
            if label_smoothing == 0.0:
                return y
            y = np.eye(self.size)[y]
        flat: Array = y.reshape(len(y), self.size) * (1.0 - label_smoothing)
        return flat + label_smoothing / (self.size if self.kind == "multiclass" else 2)

    def all_for_training(self, y: Encoded, label_smoothing: float = 0.0) -> Encoded:
        """Return the targets of the loss for each sequence or for each of its steps."""
        if isinstance(y, np.ndarray):
            return self.for_training(y, label_smoothing)
        return [self.for_training(steps, label_smoothing) for steps in y]

    def decision(self, o: Array) -> Array:
        """Return outputs (n, K) in the shape of a decision function."""
        return o[:, 0] if self.kind == "binary" else o

    def probabilities(self, o: Array) -> Array:
        """Return one probability per class or label (n, C) from outputs (n, K)."""
        if self.kind == "multiclass":
            return softmax(o)
        p = sigmoid(o)
        return p if self.kind == "multilabel" else np.concatenate([1.0 - p, p], axis=1)

    def predictions(self, o: Array) -> Array:
        """Return classes (n,), labels (n, K) of 0 and 1, or numbers, from outputs (n, K)."""
        if self.kind == "numbers":
            values: Array = o * self.scale + self.center
            return values[:, 0] if self.flat else values
        if self.kind == "multilabel":
            return (o > 0).astype(np.int64)
        assert self.classes is not None
        found: Array = self.classes[o.argmax(axis=1) if self.kind == "multiclass" else (o[:, 0] > 0).astype(int)]
        return found


def read_classes(place: str, y: Any) -> Array:
    """Check labels: one class each (n,), or an indicator (n, K) of 0 and 1.

    Raises
    ------
    DataError
        If a label is missing, some labels are text and others are not, or the labels are no classes.
    """
    if y is None:
        raise DataError(f"{place}: requires y to be passed, but the target y is None.")
    refuse_mixed(place, y)
    try:
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y", ensure_all_finite=_is_number(y), allow_nd=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_classification_targets(y)
    except ValueError as error:
        hint = '\n  Hint: SequenceRegressor predicts numbers, SequenceTagger does with target="numbers".'
        raise DataError(f"{place}: {error}{hint if 'continuous' in str(error) else ''}") from None
    if type_of_target(y) == "multiclass-multioutput":
        raise DataError(
            f"{place}: y with several columns must hold 0 and 1, one column per label; classes of several kinds need a "
            "classifier each (sklearn.multioutput.MultiOutputClassifier)."
        )
    labels: Array = y
    return labels


def refuse_mixed(place: str, y: Any) -> None:
    """Refuse missing labels, and text beside other labels: NumPy would write both as text.

    Parameters
    ----------
    place : str
        Start of the message.
    y : array_like (n,) or (n, K)
        Labels, or numbers.

    Raises
    ------
    DataError
        If a label is NaN, None or NaT, or if some are text and others are not.

    Examples
    --------
    >>> refuse_mixed("fit", ["up", "down"])
    >>> try:
    ...     refuse_mixed("fit", ["up", None])
    ... except DataError as error:
    ...     print(error)
    fit: y[1] is missing (None). Leave its sequence out.
    """
    if hasattr(y, "toarray") or (isinstance(y, np.ndarray) and y.dtype.kind not in "fO"):
        return
    cells = np.asarray(y, dtype=object)
    missing = pd.isna(cells)
    if missing.any():
        at = tuple(np.argwhere(missing)[0].tolist())
        where = f"y[{', '.join(map(str, at))}]"
        raise DataError(f"{place}: {where} is missing ({cells[at]}).", Remedy("leave its sequence out"))
    flat = cells.ravel().tolist()
    is_text = [isinstance(entry, str) for entry in flat]
    if any(is_text) and not all(is_text):
        text, other = flat[is_text.index(True)], flat[is_text.index(False)]
        raise DataError(f"{place}: y holds text and other values, such as {text!r} and {other!r}.", _ALL_TEXT)


def _is_number(y: Any) -> bool:
    return np.asarray(y).dtype.kind in f"{_NUMBERS}c"


def class_target(place: str, y: Array, classes: Any = None) -> tuple[Target, Array]:
    """Return the target of checked labels, and y as codes (n,) or as an indicator (n, K)."""
    if y.ndim == 2:
        return Target("multilabel", y.shape[1], np.arange(y.shape[1])), y.astype(np.float64)
    found = np.unique(y if classes is None else np.asarray(classes))
    alike = (y.dtype.kind in _NUMBERS) == (found.dtype.kind in _NUMBERS)  # 1 is not "1"
    codes = np.searchsorted(found, y) if alike else np.zeros(len(y), np.int64)
    unknown = np.asarray(found[np.minimum(codes, len(found) - 1)] != y) if alike else np.ones(len(y), bool)
    if unknown.any():
        raise DataError(
            f"{place}: y has the class {y[unknown].tolist()[0]!r}, which is not among the classes {found.tolist()}."
        )
    if len(found) < 2:
        raise DataError(f"{place}: y has one class, {found.tolist()[0]!r}; at least two classes are needed.")
    if len(found) == 2:
        return Target("binary", 1, found), codes
    return Target("multiclass", len(found), found), codes


def read_numbers(place: str, y: Any) -> Array:
    """Check numbers (n,) or (n, K); the result is float64."""
    if y is None:
        raise DataError(f"{place}: requires y to be passed, but the target y is None.")
    refuse_times(place, "y", y)
    refuse_mixed(place, y)
    try:
        numbers: Array = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", ensure_min_samples=0)
    except ValueError as error:
        text = next((entry for entry in np.asarray(y, dtype=object).flat if isinstance(entry, str)), None)
        if text is None:
            raise DataError(f"{place}: {error}") from None
        raise DataError(
            f"{place}: y must hold numbers, got {text!r}.\n"
            "  Hint: y may name one column of a long frame; pass several as an array with one row per sequence."
        ) from None
    wrong = np.abs(numbers) > np.finfo(np.float32).max
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise DataError(
            f"{place}: y[{', '.join(map(str, where))}] is {numbers[where]:g}; every value must be within float32, "
            "at most 3.4e38."
        )
    return numbers


def number_target(y: Array, weight: Array) -> Target:
    """Return the target of checked numbers, with weighted mean and spread per column."""
    columns = y.reshape(len(y), -1)
    center = np.average(columns, axis=0, weights=weight)
    spread = np.sqrt(np.average((columns - center) ** 2, axis=0, weights=weight))
    scale = np.where(spread > 1e-14 * np.abs(center), spread, 1.0)
    return Target("numbers", columns.shape[1], None, center, scale, y.ndim == 1)


def sigmoid(o: Array) -> Array:
    """Return 1 / (1 + exp(-o)) without overflow."""
    p: Array = 0.5 * (1.0 + np.tanh(0.5 * o))
    return p


def softmax(o: Array) -> Array:
    """Return exp(o) / Σ exp(o) over the last axis."""
    p = np.exp(o - o.max(axis=-1, keepdims=True))
    normed: Array = p / p.sum(axis=-1, keepdims=True)
    return normed


def take(items: Encoded, rows: Array) -> Encoded:
    """Return the targets of some sequences."""
    return items[rows] if isinstance(items, np.ndarray) else [items[i] for i in rows]
