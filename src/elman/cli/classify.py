"""``elman classify``: train, apply and evaluate a classifier of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman._words import learn
from elman.cli._classify_options import SIMPLE, Check, Columns, Id, Label, Network, Run, Time
from elman.cli._command import Command, say
from elman.cli._common import (
    Quiet,
    check_extra,
    check_outputs,
    check_readable,
    check_writable,
    kept,
    refuse_unused,
    write_csv,
)
from elman.cli._grouped import grouped
from elman.cli._reading import Reading
from elman.cli._show import echo, show_table
from elman.errors import DataError, Remedy

if TYPE_CHECKING:
    import pandas as pd

    from elman.sequences import SequenceClassifier, SimpleMethod
    from elman.sequences.labelled import Labelled
    from elman.sequences.report import Report
    from elman.sequences.verdicts import Verdict

__all__ = ["channels_of", "classify", "read"]

classify = typer.Typer(
    help="Classify sequences: .ts files, or CSV and Parquet tables with one row per step.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_MOST_ROWS = 60

File = Annotated[Path, typer.Argument(metavar="FILE", help=".ts, .csv or .parquet.")]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="Written by elman classify train --save.")]
Plot = Annotated[Path | None, typer.Option(metavar="PNG", help="Draw the confusion matrix.")]


@classify.command(cls=Command)
@grouped
def train(file: File, columns: Columns, check: Check, network: Network, run: Run, reading: Reading) -> None:
    """Train a classifier of sequences, and check it on held-out sequences."""
    check_outputs({"--save": check.save, "--plot": check.plot}, file, check.test)
    check_extra("--plot", check.plot, "matplotlib")
    where = columns.id_, columns.time, columns.label, reading
    _refuse_columns([file, check.test], columns, reading)
    known = read(file, *where, quiet=run.quiet)
    own = {"random_state": run.seed, "n_threads": run.threads, "progress": not run.quiet}
    classifier = _classifier(network.settings | own | known.columns)
    unseen = None if check.test is None else read(check.test, *where, _channels(known), quiet=run.quiet)
    same = classifier.get_params() | {"check": check.check, "test": check.test is not None, "label": columns.label}
    same |= vars(reading) | {"method": check.method}
    with kept("elman classify train", run.checkpoint, run.resume, same, file):
        found = _check_of(classifier, known, unseen, check.check, run.seed)
        name = _name_of(check.method, found)
        fitted = _fitted(classifier, name, known, found, anew=unseen is None)
    if not run.quiet:
        _say_what_was_chosen(fitted, len(known.known_labels))
    report = None if found is None else _show_check(found, name, check)
    if check.save is not None:
        fitted.save(check.save)
    _draw(check.plot, report, fitted)


@classify.command(cls=Command)
@grouped
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
    from elman.sequences.labelled import with_columns

    classifier = _load(model)
    _refuse_columns([file], Columns(id_, time, label), reading)
    known = read(file, id_, time, label, reading, channels_of(classifier), classes=False, quiet=quiet)
    frame = _classified(with_columns(classifier, known), known)
    if output is not None:
        write_csv(output, frame)
    _show_predictions(frame, "" if output is not None else "; --output writes all of them")


@classify.command(cls=Command)
@grouped
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
    """Compare the predictions of a saved classifier with the classes in a file."""
    check_writable("--plot", plot, model, file)
    check_extra("--plot", plot, "matplotlib")
    from elman.sequences.labelled import report_on

    classifier = _load(model)
    _refuse_columns([file], Columns(id_, time, label), reading)
    report = report_on(classifier, read(file, id_, time, label, reading, channels_of(classifier), quiet=quiet))
    _show(report, file.name)
    _draw(plot, report, None)


def _classifier(settings: dict[str, Any]) -> SequenceClassifier:
    from elman.sequences import SequenceClassifier

    return SequenceClassifier(**settings)


def _check_of(
    model: SequenceClassifier, known: Labelled, unseen: Labelled | None, check: float, seed: int
) -> Verdict | None:
    """Compare a classifier with simple methods on unseen or held-out sequences."""
    from elman.sequences.labelled import verdict_on

    _check_classes(known, unseen)
    return verdict_on(model, known, unseen, check, seed) if unseen is not None or check > 0 else None


def _check_classes(known: Labelled, unseen: Labelled | None) -> None:
    """Refuse sequences of one class, and classes of the other file that the first does not have."""
    classes = set(known.known_labels)
    if len(classes) == 1:
        raise DataError(
            f"{known.file}: all sequences are of the class {classes.pop()!r}; a classifier needs two classes.",
            Remedy("add sequences of another class"),
            Remedy("name another column of classes with {}", label=...),
        )
    others = [] if unseen is None else [label for label in unseen.known_labels if label not in classes]
    if unseen is not None and others:
        raise DataError(
            f"{unseen.file}: has the class {others[0]!r}, and {known.file} has none of it.",
            Remedy(f"add sequences of this class to {known.file}"),
            Remedy("leave them out"),
        )


def _name_of(method: str, found: Verdict | None) -> str:
    """Return the method to fit by its name in a verdict."""
    from elman.sequences.verdicts import MODEL

    if method == "best" and found is not None:
        return found.winner
    return SIMPLE.get(method, MODEL)


def _fitted(
    model: SequenceClassifier, name: str, known: Labelled, found: Verdict | None, *, anew: bool
) -> SequenceClassifier | SimpleMethod:
    """Return a method fitted to all sequences; that of the check if it has learned from them."""
    from elman.sequences import SimpleMethod
    from elman.sequences.verdicts import MODEL

    if found is not None and not anew and name in found.estimators:
        learned: SequenceClassifier | SimpleMethod = found.estimators[name]
        return learned
    return (model if name == MODEL else SimpleMethod(name, model)).fit(known.data, known.known_labels)


def _show_check(found: Verdict, name: str, check: Check) -> Report | None:
    """Print what the check has found; return the report of the method."""
    report = _report_of(found, name)
    if report is not None:
        held_out = f"Check on {check.check:.0%} of the sequences, held out"
        _show(report, held_out if check.test is None else check.test.name)
        _show_verdict(found, name)
    return report


def _report_of(found: Verdict, name: str) -> Report | None:
    from elman.sequences.report import class_report

    if name not in found.estimators:
        return None
    return class_report(found.actual, found.predictions[name], found.estimators[name].classes_)


def _load(model: Path) -> SequenceClassifier | SimpleMethod:
    """Read a classifier, or a simple method that was fitted like one."""
    from elman.load import load
    from elman.persistence.models import wrong_kind
    from elman.sequences import SequenceClassifier, SimpleMethod

    check_readable(None, model)
    found = load(model)
    like = found.like if isinstance(found, SimpleMethod) else found
    if not isinstance(like, SequenceClassifier):
        raise wrong_kind(model, getattr(like, "_kind", None), "classifier")
    classifier: SequenceClassifier | SimpleMethod = found
    return classifier


def _classified(model: SequenceClassifier | SimpleMethod, known: Labelled) -> pd.DataFrame:
    """Return the class of every sequence, and of a network their probabilities."""
    import pandas as pd

    from elman.sequences import SequenceClassifier

    if not isinstance(model, SequenceClassifier):
        return pd.DataFrame({"sequence": known.names, "class": model.predict(known.data)})
    found = model.predict_proba(known.data)
    frame = pd.DataFrame(found, columns=[f"probability of {name}" for name in model.classes_])
    frame.insert(0, "class", model.classes_[found.argmax(axis=1)])
    frame.insert(0, "sequence", known.names)
    return frame


def read(
    file: Path,
    id_: str | None,
    time: str | None,
    label: str | None,
    reading: Reading,
    channels: Sequence[str] = (),
    *,
    classes: bool = True,
    quiet: bool,
) -> Labelled:
    """Read a file of any of the three kinds, with the channels of a model if there is one; print the columns chosen."""
    from elman.sequences.labelled import read_labelled

    check_readable(None, file)
    learn({}, {"X": str(file)})
    known = read_labelled(file, id_, time, label, reading.encoding, reading.notation, channels, classes)
    for note in [] if quiet else known.notes:
        say(f"{file}: {note}.")
    return known


def _channels(known: Labelled) -> list[str]:
    """Return the names of the channels of a table; none of a .ts file."""
    own = set(known.columns.values())
    return [str(name) for name in getattr(known.data, "columns", ()) if name not in own]


def channels_of(model: Any) -> list[str]:
    """Return the names of the channels that a fitted model reads; none if it has learned from a .ts file."""
    return list(getattr(model, "feature_names_in_", ()))


def _refuse_columns(files: Sequence[Path | None], columns: Columns, reading: Reading) -> None:
    """Refuse options of tables where all files are .ts files."""
    given = [file for file in files if file is not None]
    if all(file.suffix.lower() == ".ts" for file in given):
        options = {"--id": columns.id_, "--time": columns.time, "--label": columns.label}
        refuse_unused(f"{given[0]}: says how it is written", options | reading.by_option)


def _say_what_was_chosen(model: SequenceClassifier | SimpleMethod, count: int) -> None:
    from elman.sequences import SimpleMethod

    counts = f"{count} sequences, {len(model.classes_)} classes"
    if isinstance(model, SimpleMethod):
        say(f"{counts}; {model.method}.")
        return
    say(
        f"{counts}; window {model.window_}, stride {model.stride_}, "
        f"{len(model.networks_)} networks of {model.updates_} updates."
    )
    trials = model.trials_
    if len(trials):
        rows = [(*map(str, row[:5]), str(row.updates), f"{row.error:.3f}") for row in trials.itertuples(index=False)]
        show_table("Settings compared on held-out sequences, the chosen one first", list(trials.columns), rows)


def _draw(plot: Path | None, report: Report | None, model: SequenceClassifier | SimpleMethod | None) -> None:
    if plot is not None:
        from elman.persistence import write_atomically
        from elman.sequences.plot import plot_png

        write_atomically(plot, plot_png(report, getattr(model, "history_", [])))


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


def _show_verdict(found: Verdict, name: str) -> None:
    """Print the scores of all methods, best first, the conclusion, and how to have the best."""
    from elman.sequences.verdicts import MODEL

    rows = [
        (str(name), f"{score:.3f}", *("" if name == MODEL else str(int(count)) for count in counts))
        for name, score, *counts in found.table.itertuples()
    ]
    styles = ["bold" if row[0] == MODEL else None for row in rows]
    columns = ["", found.metric, "better than Elman", "worse than Elman"]
    show_table("Beside simple methods, on the same sequences", columns, rows, styles=styles)
    for sentence in (found.verdict, *found.notes):
        echo(sentence)
    if found.winner != MODEL and name == MODEL:
        echo(f"This fits the network; --method best fits {found.winner}.")


def _show_predictions(frame: Any, file_hint: str) -> None:
    """Print classes and their probabilities, or the beginning of them."""
    first = frame.head(_MOST_ROWS).itertuples(index=False)
    rows = [(str(row[0]), str(row[1]), *(f"{max(row[2:]):.3f}" for _ in row[2:3])) for row in first]
    show_table(None, ["sequence", "class", "probability"][: min(3, len(frame.columns))], rows, texts=2)
    if len(frame) > _MOST_ROWS:
        echo(f"… and {len(frame) - _MOST_ROWS:,} more rows{file_hint}")
