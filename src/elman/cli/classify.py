"""``elman classify``: train a classifier of sequences, use it, and see how good it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._command import Command, say
from elman.cli._common import (
    Checkpoint,
    Quiet,
    Resume,
    Seed,
    Threads,
    check_outputs,
    check_readable,
    check_writable,
    count_or_auto,
    kept,
    refuse_unused,
    write_csv,
)
from elman.cli._reading import Reading, reads_tables
from elman.cli._show import echo, show_table

if TYPE_CHECKING:
    from elman.sequences import SequenceClassifier
    from elman.sequences.report import Report

__all__ = ["classify"]

classify = typer.Typer(
    help="Classify sequences: .ts files, or CSV and Parquet tables with one row per step.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_MOST_ROWS = 60

File = Annotated[Path, typer.Argument(metavar="FILE", help=".ts, .csv or .parquet.")]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="Written by elman classify train --save.")]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column that tells sequences apart.")]
Time = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of times; without one, rows are in order.")]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of classes.")]
Plot = Annotated[Path | None, typer.Option(metavar="PNG", help="Draw the confusion matrix.")]


@dataclass(frozen=True)
class _Sequences:
    """What a file holds: sequences, or a long frame with the columns that were taken."""

    data: Any
    labels: list[str] | None
    names: list[str]
    columns: dict[str, Any] = field(default_factory=dict)


@classify.command(cls=Command)
@reads_tables
def train(
    file: File,
    save: Annotated[Path | None, typer.Option(metavar="MODEL", help="Write the fitted classifier.")] = None,
    test: Annotated[Path | None, typer.Option(metavar="FILE", help="Check on this file instead of a part.")] = None,
    check: Annotated[float, typer.Option(min=0.0, max=0.9, help="Share to hold out for a check; 0: none.")] = 0.2,
    id_: Id = None,
    time: Time = None,
    label: Label = None,
    window: Annotated[str, typer.Option(help="Values that the network sees per step, or auto.")] = "auto",
    stride: Annotated[str, typer.Option(help="How far the window moves, or auto.")] = "auto",
    cell: Annotated[str, typer.Option(help="gru, lstm or rnn.")] = "gru",
    hidden_size: Annotated[int, typer.Option(min=1, help="Units of the recurrent layer.")] = 64,
    updates: Annotated[str, typer.Option(help="Gradient steps, or auto.")] = "auto",
    balanced: Annotated[bool, typer.Option("--balanced", help="Give rare classes more weight.")] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the learning curve and the confusion matrix.")
    ] = None,
    checkpoint: Checkpoint = None,
    resume: Resume = False,
    seed: Seed = 0,
    threads: Threads = None,
    quiet: Quiet = False,
    *,
    reading: Reading,
) -> None:
    """Learn to classify sequences, and check the classifier on sequences that it has not seen."""
    check_outputs({"--save": save, "--plot": plot}, file, test)
    from elman.sequences import SequenceClassifier

    known = _read(file, id_, time, label, reading, quiet=quiet)
    model = SequenceClassifier(
        window=count_or_auto("--window", window),
        stride=count_or_auto("--stride", stride),
        cell=cell,
        hidden_size=hidden_size,
        updates=count_or_auto("--updates", updates),
        class_weight="balanced" if balanced else None,
        random_state=seed,
        n_threads=threads,
        progress=not quiet,
        **known.columns,
    )
    labels = _labels(file, known)
    unseen = None if test is None else _read(test, id_, time, label, reading, quiet=quiet)
    run = model.get_params() | {"check": check, "test": test is not None, "label": label} | vars(reading)
    with kept("elman classify train", checkpoint, resume, run, file):
        report = _held_out(model, known, labels, check, seed) if unseen is None and check > 0 else None
        model.fit(known.data, labels)
    if unseen is not None and test is not None:
        report = _report(model, test, unseen)
    if not quiet:
        _say_what_was_chosen(model, len(labels))
    if report is not None:
        _show(report, test.name if test is not None else f"Check on {check:.0%} of the sequences, held out")
    if save is not None:
        model.save(save)
    _draw(plot, report, model)


@classify.command(cls=Command)
@reads_tables
def predict(
    model: Model,
    file: File,
    id_: Id = None,
    time: Time = None,
    label: Label = None,
    output: Annotated[Path | None, typer.Option(metavar="CSV", help="Write classes and probabilities.")] = None,
    quiet: Quiet = False,
    *,
    reading: Reading,
) -> None:
    """Classify sequences with a saved classifier."""
    check_writable("--output", output, model, file)
    import pandas as pd

    classifier, known = _load(model), _read(file, id_, time, label, reading, quiet=quiet)
    classifier.set_params(**known.columns)
    found = classifier.predict_proba(known.data)
    frame = pd.DataFrame(found, columns=[f"probability of {name}" for name in classifier.classes_])
    frame.insert(0, "class", classifier.classes_[found.argmax(axis=1)])
    frame.insert(0, "sequence", known.names)
    if output is not None:
        write_csv(output, frame)
    _show_predictions(frame, "" if output is not None else "; --output writes all of them")


@classify.command(cls=Command)
@reads_tables
def evaluate(
    model: Model,
    file: File,
    id_: Id = None,
    time: Time = None,
    label: Label = None,
    plot: Plot = None,
    quiet: Quiet = False,
    *,
    reading: Reading,
) -> None:
    """Compare a saved classifier's answers with the classes in a file."""
    check_writable("--plot", plot, model, file)
    classifier, known = _load(model), _read(file, id_, time, label, reading, quiet=quiet)
    report = _report(classifier, file, known)
    _show(report, file.name)
    _draw(plot, report, None)


def _load(model: Path) -> SequenceClassifier:
    from elman.sequences import SequenceClassifier

    check_readable(None, model)
    return SequenceClassifier.load(model)


def _read(
    file: Path, id_: str | None, time: str | None, label: str | None, reading: Reading, *, quiet: bool
) -> _Sequences:
    """Read a file of any of the three kinds."""
    check_readable(None, file)
    if file.suffix.lower() == ".ts":
        from elman.tables.ts_files import read_ts

        refuse_unused(f"{file}: says how it is written", reading.by_option)
        content = read_ts(file)
        labels = None if content.labels is None else [str(value) for value in content.labels.tolist()]
        return _Sequences(content.sequences, labels, [str(i) for i in range(len(content.sequences))])
    return _read_table(file, id_, time, label, reading, quiet=quiet)


def _read_table(
    file: Path, id_: str | None, time: str | None, label: str | None, reading: Reading, *, quiet: bool
) -> _Sequences:
    """Read a long table; columns that were not named are found by their usual names."""
    from elman.data.ragged import read_frame
    from elman.errors import DataError
    from elman.tables.names import ID_NAMES, LABEL_NAMES, TIME_NAMES, find_usual, listed
    from elman.tables.steps import read_steps

    wanted = [name for name in (id_, label, *ID_NAMES, *LABEL_NAMES) if name is not None]
    frame, notes = read_steps(file, reading.encoding, wanted, reading.notation)
    columns = list(frame.columns)
    for option, name in (("--id", id_), ("--time", time), ("--label", label)):
        if name is not None and name not in columns:
            raise DataError(f"{file}: there is no column {name!r} for {option}; the columns are {listed(columns)}.")
    id_, time, label = (
        name or find_usual(columns, usual)
        for name, usual in ((id_, ID_NAMES), (time, TIME_NAMES), (label, LABEL_NAMES))
    )
    if id_ is None:
        raise DataError(f"{file}: no column tells sequences apart; name one of {listed(columns)} with --id.")
    ragged = read_frame(str(file), frame, id_, time, exclude=[] if label is None else [label])
    if not quiet:
        what = ", ".join(f"{name} by {value!r}" for name, value in (("sequences", id_), ("times", time)) if value)
        labelled = "" if label is None else f", classes in {label!r}"
        say(f"{file}: {what}{labelled}, channels {', '.join(ragged.channels or [])}.")
        for note in notes:
            say(f"{file}: {note}.")
    labels = None if label is None else _one_label_each(file, frame[label].tolist(), label, ragged)
    data = frame if label is None else frame.drop(columns=label)
    return _Sequences(data, labels, [str(name) for name in ragged.ids or []], {"id_column": id_, "time_column": time})


def _one_label_each(file: Path, column: list[str], label: str, ragged: Any) -> list[str]:
    """Return the class of every sequence."""
    from elman.errors import DataError

    for name, rows in zip(ragged.ids, ragged.rows, strict=True):
        if len(found := {column[row] for row in rows}) > 1:
            raise DataError(
                f"{file}: the sequence {name!r} has several classes in {label!r}: {', '.join(sorted(found))}."
            )
        if not column[rows[0]]:
            raise DataError(f"{file}: the sequence {name!r} has no class in {label!r}.")
    return [column[rows[0]] for rows in ragged.rows]


def _labels(file: Path, known: _Sequences) -> list[str]:
    from elman.errors import DataError

    if known.labels is None:
        raise DataError(f"{file}: there are no classes; name their column with --label.")
    return known.labels


def _report(model: SequenceClassifier, file: Path, known: _Sequences) -> Report:
    from elman.sequences.report import class_report

    labels = _labels(file, known)
    return class_report(labels, model.set_params(**known.columns).predict(known.data), model.classes_)


def _held_out(model: SequenceClassifier, known: _Sequences, labels: list[str], share: float, seed: int) -> Report:
    """Learn from a part and classify the rest."""
    import numpy as np
    from sklearn.base import clone
    from sklearn.model_selection import train_test_split

    from elman.errors import DataError
    from elman.sequences.report import class_report

    try:
        rows = train_test_split(np.arange(len(labels)), test_size=share, stratify=labels, random_state=seed)
    except ValueError as error:
        raise DataError(f"cannot hold out a part for a check: {error} Pass --check 0 to train without one.") from None
    kept, held = (_part(known, part) for part in rows)
    names = np.array(labels)
    part = clone(model).fit(kept, names[rows[0]])
    return class_report(names[rows[1]], part.predict(held), part.classes_)


def _part(known: _Sequences, rows: Any) -> Any:
    """Return some of the sequences, in the order of ``rows``."""
    if not known.columns:
        return [known.data[i] for i in rows]
    import pandas as pd

    column = known.columns["id_column"]
    groups = dict(list(known.data.groupby(column, sort=False)))
    return pd.concat([groups[known.names[i]] for i in rows])


def _say_what_was_chosen(model: SequenceClassifier, count: int) -> None:
    say(
        f"{count} sequences, {len(model.classes_)} classes; window {model.window_}, stride {model.stride_}, "
        f"{len(model.networks_)} networks of {model.updates_} updates."
    )


def _draw(plot: Path | None, report: Report | None, model: SequenceClassifier | None) -> None:
    if plot is not None:
        from elman.persistence import write_atomically
        from elman.sequences.plot import plot_png

        write_atomically(plot, plot_png(report, [] if model is None else model.history_))


def _show(report: Report, title: str) -> None:
    """Print accuracy, the table per class and the confusion matrix."""
    rows = []
    for one_class, row in report.table.iterrows():
        values = ["–" if value != value else f"{value:.3f}" for value in row.iloc[:3]]
        rows.append([str(one_class), *values, str(int(row.iloc[3]))])
    show_table(title, ["class", *report.table.columns], rows)
    counted = zip(report.classes, report.matrix, strict=True)
    counts = [[str(actual), *(str(count) if count else "·" for count in row)] for actual, row in counted]
    show_table("Confusion matrix: actual class per row", ["", *map(str, report.classes)], counts)
    echo(f"Accuracy {report.accuracy:.1%}; always naming the most frequent class would get {report.baseline:.1%}.")


def _show_predictions(frame: Any, file_hint: str) -> None:
    """Print classes and their probabilities, or the beginning of them."""
    first = frame.head(_MOST_ROWS).itertuples(index=False)
    rows = [(str(row[0]), str(row[1]), f"{max(row[2:]):.3f}") for row in first]
    show_table(None, ["sequence", "class", "probability"], rows, texts=2)
    if len(frame) > _MOST_ROWS:
        echo(f"… and {len(frame) - _MOST_ROWS:,} more rows{file_hint}")
