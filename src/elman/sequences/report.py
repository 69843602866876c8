"""Evaluation of a classifier on sequences with known classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from elman._words import place_of
from elman.errors import DataError, Remedy

__all__ = ["Report", "class_report"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Report:
    """Predicted classes beside actual ones.

    Parameters
    ----------
    classes : list
        In the order of rows and columns.
    matrix : ndarray of int (C, C)
        ``matrix[i, j]`` sequences of class i were predicted as class j.
    table : DataFrame
        Precision, recall, F1 and number of sequences of each class; NaN without predictions or without sequences of
        the class.
    accuracy : float
        Share of correct predictions.
    baseline : float
        Share of the most frequent class.
    """

    classes: list[Any]
    matrix: Array
    table: pd.DataFrame
    accuracy: float
    baseline: float


def class_report(
    actual: npt.ArrayLike, predicted: npt.ArrayLike, classes: npt.ArrayLike, names: Sequence[str] | None = None
) -> Report:
    """Compare predicted with actual classes.

    Parameters
    ----------
    actual, predicted : array_like (N,)
        Classes.
    classes : array_like (C,)
        Classes of the classifier.
    names : sequence of str (N,), optional
        Of the sequences, for a message; by default their numbers.

    Returns
    -------
    Report

    Raises
    ------
    DataError
        If a class is unknown to the classifier.

    Examples
    --------
    >>> report = class_report(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])
    >>> report.matrix.tolist(), round(report.accuracy, 3), round(report.baseline, 3)
    ([[1, 1], [0, 1]], 0.667, 0.667)
    >>> report.table["recall"].tolist()
    [0.5, 1.0]
    """
    actual, predicted, known = np.asarray(actual), np.asarray(predicted), np.asarray(classes)
    unknown = ~np.isin(actual, known)
    if unknown.any():
        where = int(np.argmax(unknown))
        name = str(where) if names is None else repr(names[where])
        raise DataError(
            f"{place_of('class_report')}: sequence {name} is of class {actual.tolist()[where]!r}, which the "
            f"classifier has never seen; it knows {', '.join(map(str, known))}.",
            Remedy("leave the sequence out"),
            Remedy("train again with sequences of this class"),
        )
    matrix = confusion_matrix(actual, predicted, labels=known)
    precision, recall, f1, count = precision_recall_fscore_support(
        actual, predicted, labels=known, zero_division=np.nan
    )
    table = pd.DataFrame(
        {"precision": precision, "recall": recall, "F1": f1, "sequences": count}, index=pd.Index(known, name="class")
    )
    total = max(len(actual), 1)
    return Report(
        known.tolist(), matrix, table, float(np.trace(matrix)) / total, float(matrix.sum(axis=1).max()) / total
    )
