"""Labelled sequences from files, and the evaluation of a classifier on held-out sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone

from elman._words import called
from elman.data.ragged import Ragged, place_of_row, read_frame
from elman.errors import DataError, Remedy
from elman.sequences.report import Report, class_report
from elman.sequences.simple import SimpleMethod
from elman.sequences.verdicts import Verdict, verdict
from elman.tables.files import Notation
from elman.tables.names import ID_NAMES, LABEL_NAMES, TIME_NAMES, find_usual, listed
from elman.tables.steps import read_steps
from elman.tables.ts_files import read_ts

__all__ = ["Labelled", "labels_for", "read_labelled", "read_tagged", "report_on", "verdict_on", "with_columns"]


@dataclass(frozen=True)
class Labelled:
    """Sequences of a file and their classes.

    Parameters
    ----------
    file : Path
        Source.
    data : list of ndarray, or DataFrame
        Sequences, or a long frame.
    labels : list of str or None
        Class of each sequence.
    names : list of str
        Name of each sequence.
    columns : dict
        ``id_column`` and ``time_column`` of a long frame, else empty.
    notes : list of str
        Meaning of columns, as inferred.
    """

    file: Path
    data: Any
    labels: list[str] | None
    names: list[str]
    columns: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def known_labels(self) -> list[str]:
        """Class of each sequence; refused if the file has none."""
        if self.labels is None:
            remedy = Remedy("name their column with {}", label=...)
            if self.file.suffix.lower() == ".ts":
                remedy = Remedy("declare them with @classLabel, and write that of each case after its last colon")
            raise DataError(f"{self.file}: there are no classes.", remedy)
        return self.labels


def read_labelled(
    file: Path,
    id_column: str | None = None,
    time_column: str | None = None,
    label: str | None = None,
    encoding: str = "utf-8",
    notation: Notation | None = None,
    channels: Sequence[str] = (),
    classes: bool = True,
) -> Labelled:
    r"""Read a ``.ts`` file, or a CSV or Parquet table with one row per step.

    Parameters
    ----------
    file : Path
        Its ending determines the kind.
    id_column, time_column, label : str, optional
        Columns that identify sequences, order their rows and hold their classes; by default found by usual names.
    encoding : str
        Of a CSV file.
    notation : Notation, optional
        Notation of numbers and dates in a table.
    channels : sequence of str
        Columns that a fitted classifier reads. The others are ignored, but for the classes: by default the only one
        of text.
    classes : bool
        Whether classes are read, if the file has any.

    Returns
    -------
    Labelled

    Raises
    ------
    DataError
        If a column is missing, no column identifies sequences, or a sequence has several classes or none.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "steps.csv"
    ...     _ = file.write_text("case,step,x,class\n1,1,0.5,up\n1,2,0.7,up\n2,1,0.9,down\n")
    ...     known = read_labelled(file)
    >>> known.labels, known.names, known.columns
    (['up', 'down'], ['1', '2'], {'id_column': 'case', 'time_column': 'step'})
    """
    if file.suffix.lower() == ".ts":
        content = read_ts(file)
        if content.classes is None and content.labels is not None and classes:
            raise DataError(
                f"{file}: holds numbers (@targetLabel), and a classifier needs classes.",
                Remedy("declare classes with @classLabel"),
                Remedy("predict the numbers with SequenceRegressor in Python"),
            )
        labels = None if content.labels is None or not classes else [str(value) for value in content.labels.tolist()]
        return Labelled(file, content.sequences, labels, [str(i) for i in range(len(content.sequences))])
    label_names = [name for name in LABEL_NAMES if name not in {channel.lower() for channel in channels}]
    texts = [*([id_column] if id_column else ID_NAMES), *([label] if label else label_names)]
    frame, notes = read_steps(file, encoding, texts, notation)
    id_column, time_column, label = _found(file, list(frame.columns), id_column, time_column, label, label_names)
    _refuse_empty(file, frame[id_column])
    _refuse_wrong(file, frame, channels, label)
    if channels:
        label = label or _only_text(frame.drop(columns=[name for name in (*channels, id_column) if name in frame]))
        used = {*channels, id_column, time_column, label if classes else None}
        frame = frame[[name for name in frame if name in used]]
        label = label if classes else None
    else:
        _refuse_text(file, frame.drop(columns=[name for name in (id_column, time_column, label) if name]), label)
    others = [] if label is None else [label]
    ragged = read_frame(str(file), frame, id_column, time_column, channels or None, others)
    notes.insert(0, _taken(id_column, time_column, label, ragged))
    labels = None if label is None else _one_label_each(file, frame[label], label, ragged)
    data = (frame if label is None else frame.drop(columns=label)).iloc[np.concatenate(ragged.rows or [])]
    names = [str(name) for name in ragged.ids or []]
    return Labelled(file, data, labels, names, {"id_column": id_column, "time_column": time_column}, notes)


def _found(
    file: Path,
    columns: list[str],
    id_column: str | None,
    time_column: str | None,
    label: str | None,
    label_names: Sequence[str],
) -> tuple[str, str | None, str | None]:
    """Find columns that were not given by their usual names; refuse one with two meanings."""
    named = {"id_column": id_column, "time_column": time_column, "label": label}
    given = [name for name in named if named[name] is not None]
    for one, other in combinations(given, 2):
        if named[one] == named[other]:
            raise DataError(
                f"{file}: {called(one)} and {called(other)} name the same column, {named[one]!r}.",
                Remedy("name another with {}", **{other: ...}),
            )
    for parameter, name in named.items():
        if name is not None and name not in columns:
            raise DataError(
                f"{file}: there is no column {name!r}; the columns are {listed(columns)}.",
                Remedy("name one of them with {}", **{parameter: ...}),
                Remedy("rename the column in the file"),
            )
    free = [name for name in columns if name not in named.values()]
    id_column = id_column or find_usual(free, ID_NAMES)
    if id_column is None:
        raise DataError(
            f"{file}: no column tells sequences apart (columns: {listed(columns)}).",
            Remedy("name it with {}", id_column=...),
        )
    return id_column, time_column or find_usual(free, TIME_NAMES), label or find_usual(free, label_names)


def _refuse_empty(file: Path, names: pd.Series) -> None:
    """Refuse a row without the name of a sequence."""
    empty = np.flatnonzero(names == "")
    if len(empty):
        row = place_of_row(names, int(empty[0]))
        raise DataError(f"{file}: column {str(names.name)!r} is empty in {row}.", Remedy("fill it"))


def _refuse_wrong(file: Path, frame: pd.DataFrame, channels: Sequence[str], label: str | None) -> None:
    """Refuse a file without a channel that is needed, and classes in a channel."""
    if label in channels:
        raise DataError(
            f"{file}: column {label!r} is a channel, and cannot hold the classes.",
            Remedy("name another column with {}", label=...),
        )
    for name in channels:
        if name not in frame.columns:
            raise DataError(
                f"{file}: there is no column {name!r}; the columns are {listed(frame.columns)}.",
                Remedy("name the channels as in the training part"),
            )


def _refuse_text(file: Path, channels: pd.DataFrame, label: str | None) -> None:
    """Refuse a column of text among channels: it may hold the classes under a name that is not usual."""
    for name in channels.columns:
        if pd.api.types.is_string_dtype(channels[name].dtype):
            remedy = Remedy("pass {} if it holds the classes, or remove it", label=name)
            raise DataError(
                f"{file}: column {name!r} holds text, such as {channels[name].iloc[0]!r}.",
                remedy if label is None else Remedy("remove the column"),
            )


def _only_text(frame: pd.DataFrame) -> str | None:
    """Name the one column of text; None if there is none, or several."""
    names = [name for name in frame if pd.api.types.is_string_dtype(frame[name].dtype)]
    return str(names[0]) if len(names) == 1 else None


def _taken(id_column: str, time_column: str | None, label: str | None, ragged: Ragged) -> str:
    times = "" if time_column is None else f", times by {time_column!r}"
    classes = "" if label is None else f", classes in {label!r}"
    return f"sequences by {id_column!r}{times}{classes}, channels {', '.join(ragged.channels or [])}"


def _one_label_each(file: Path, column: pd.Series, label: str, ragged: Ragged) -> list[str]:
    """Return the class of every sequence."""
    entries, rows_of_each = column.tolist(), ragged.rows or []
    for name, rows in zip(ragged.ids or [], rows_of_each, strict=True):
        own = [entries[row] for row in rows]
        if "" in own:
            line = place_of_row(column, int(rows[own.index("")]))
            raise DataError(
                f"{file}: the sequence {name!r} has no class in {label!r} in {line}.",
                Remedy("fill it"),
                Remedy("leave the sequence out"),
            )
        if len(found := set(own)) > 1:
            raise DataError(
                f"{file}: the sequence {name!r} has several classes in {label!r}: {', '.join(sorted(found))}.",
                Remedy("write the same class in all of its rows"),
                Remedy("give its parts names of their own"),
            )
    return [entries[rows[0]] for rows in rows_of_each]


def read_tagged(
    model: Any,
    file: Path,
    id_column: str | None,
    time_column: str | None,
    label: str,
    encoding: str,
    notation: Notation,
) -> tuple[Any, pd.DataFrame]:
    """Read a table with a tag per step for a fitted tagger.

    Parameters
    ----------
    model : SequenceTagger
        Fitted.
    file : Path
        CSV or Parquet.
    id_column, time_column : str, optional
        By default those of the fit.
    label : str
        Column of the tags.
    encoding, notation
        As for `read_labelled`.

    Returns
    -------
    model : SequenceTagger
        With the columns of the table.
    frame : DataFrame
        With tags in the dtype of the model's classes.

    Raises
    ------
    DataError
        If a column is missing, or a tag cannot be one of the model.
    """
    id_column, time_column = id_column or model.id_column, time_column or model.time_column
    frame, _ = read_steps(file, encoding, [str(id_column), label], notation)
    for parameter, name in (("id_column", id_column), ("label", label)):
        if name not in frame.columns:
            raise DataError(
                f"{file}: there is no column {name!r}; the columns are {listed(frame.columns)}.",
                Remedy("name one of them with {}", **{parameter: ...}),
            )
    frame[label] = labels_for(model, file, frame[label])
    time_column = time_column if time_column in frame.columns else None
    return model.set_params(id_column=id_column, time_column=time_column), frame


def labels_for(model: Any, file: Path, labels: Any) -> npt.NDArray[Any]:
    """Convert the text labels of a file to the dtype of a fitted model's classes, or to numbers.

    Raises
    ------
    DataError
        If a label cannot be converted.
    """
    dtype = model.classes_.dtype if hasattr(model, "classes_") else np.dtype(float)
    try:
        return np.asarray(labels, dtype=object).astype(dtype)
    except ValueError as error:
        raise DataError(f"{file}: the labels are not of the kind that the model was fitted on: {error}.") from None


def report_on(model: Any, known: Labelled) -> Report:
    """Compare a fitted classifier's predictions with the classes of a file.

    Raises
    ------
    DataError
        If the file has no classes, or one that is unknown to the classifier.
    """
    labels = known.known_labels
    return class_report(labels, with_columns(model, known).predict(known.data), model.classes_, known.names)


def with_columns(model: Any, known: Labelled) -> Any:
    """Return a classifier, or a method like one, that reads the columns of a file."""
    prefix = "like__" if isinstance(model, SimpleMethod) else ""
    return model.set_params(**{prefix + name: column for name, column in known.columns.items()})


def verdict_on(model: Any, known: Labelled, unseen: Labelled | None, check: float, seed: int) -> Verdict:
    """Compare a classifier with simple methods, on another file or on a held-out part of the first.

    Parameters
    ----------
    model : SequenceClassifier
        Not changed.
    known : Labelled
        With classes.
    unseen : Labelled or None
        With classes; None holds out a part of ``known``.
    check : float
        Held-out share of the sequences, stratified by class.
    seed : int
        Of the split.

    Raises
    ------
    DataError
        If no held-out part can have every class, or the other file has a class that the first does not have.
    """
    labels = np.array(known.known_labels)
    if unseen is None:
        return verdict(model, known.data, labels, check=check, random_state=seed)
    names = {unseen.columns[name]: own for name, own in known.columns.items() if unseen.columns.get(name) and own}
    data = unseen.data.rename(columns=names) if names else unseen.data
    columns = known.columns or unseen.columns
    return verdict(clone(model).set_params(**columns), known.data, labels, (data, np.array(unseen.known_labels)))
