"""``elman classify``: train, apply and evaluate a classifier of sequences."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._command import Command, say, usage_error
from elman.cli._common import (
    Checkpoint,
    LayerNorm,
    ProjectionSize,
    Quiet,
    Resume,
    Seed,
    Threads,
    check_choice,
    check_extra,
    check_outputs,
    check_readable,
    check_writable,
    count_or_auto,
    kept,
    refuse_unused,
    sizes_of,
    write_csv,
)
from elman.cli._reading import Reading, reads_tables
from elman.cli._show import echo, show_table
from elman.errors import DataError, FileFormatError, Remedy

if TYPE_CHECKING:
    import pandas as pd

    from elman.sequences import SequenceClassifier, SimpleMethod
    from elman.sequences.labelled import Labelled
    from elman.sequences.report import Report
    from elman.sequences.verdicts import Verdict

__all__ = ["classify", "read"]

classify = typer.Typer(
    help="Classify sequences: .ts files, or CSV and Parquet tables with one row per step.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_MOST_ROWS = 60
_METHODS = ("most frequent", "linear", "1-NN Euclidean", "1-NN DTW", "convolutions")
_SIMPLE = {name.lower().replace(" ", "-"): name for name in _METHODS}

File = Annotated[Path, typer.Argument(metavar="FILE", help=".ts, .csv or .parquet.")]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="Written by elman classify train --save.")]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of the names of sequences.")]
Time = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of times; without one, rows are in order.")]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of classes.")]
Plot = Annotated[Path | None, typer.Option(metavar="PNG", help="Draw the confusion matrix.")]


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
    method: Annotated[
        str, typer.Option(help=f"What to fit and save: network; {', '.join(_SIMPLE)}; best: what wins the check.")
    ] = "network",
    window: Annotated[str, typer.Option(help="Values that the network sees per step, or auto.")] = "auto",
    stride: Annotated[str, typer.Option(help="Values by which the window moves, or auto.")] = "auto",
    cell: Annotated[str, typer.Option(help="gru, lstm or rnn.")] = "gru",
    hidden_size: Annotated[
        str, typer.Option(metavar="INTEGERS", help="Units of the recurrent layer, or of each layer: 64,32.")
    ] = "64",
    projection_size: ProjectionSize = None,
    layer_norm: LayerNorm = False,
    tune: Annotated[
        bool, typer.Option("--tune", help="Choose window, stride, readout, cell and size by short fits.")
    ] = False,
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
    """Train a classifier of sequences, and check it on held-out sequences."""
    check_outputs({"--save": save, "--plot": plot}, file, test)
    check_extra("--plot", plot, "matplotlib")
    check_choice("--method", method, ("network", *_SIMPLE, "best"))
    check_choice("--cell", cell, ("gru", "lstm", "rnn"))
    if test is None and check == 0:
        _refuse_without_check(method, plot)
    settings: dict[str, Any] = {"cell": cell, "projection_size": projection_size, "layer_norm": layer_norm}
    settings |= {"tune": tune, "random_state": seed, "n_threads": threads, "progress": not quiet}
    settings |= {"class_weight": "balanced" if balanced else None}
    read_one = partial(read, id_=id_, time=time, label=label, reading=reading, quiet=quiet)
    known = read_one(file)
    settings |= {"window": count_or_auto("--window", window), "stride": count_or_auto("--stride", stride)}
    settings |= {"hidden_size": sizes_of("--hidden-size", hidden_size), "updates": count_or_auto("--updates", updates)}
    model = _classifier(settings | known.columns)
    unseen = None if test is None else read_one(test)
    run = model.get_params() | {"check": check, "test": test is not None, "label": label} | vars(reading)
    with kept("elman classify train", checkpoint, resume, run | {"method": method}, file):
        found = _check_of(model, known, unseen, check, seed)
        name = _name_of(method, found)
        fitted = _fitted(model, name, known, found, anew=unseen is None)
    if not quiet:
        _say_what_was_chosen(fitted, len(known.known_labels))
    report = None if found is None else _report_of(found, name)
    if found is not None and report is not None:
        _show(report, test.name if test is not None else f"Check on {check:.0%} of the sequences, held out")
        _show_verdict(found, name)
    if save is not None:
        fitted.save(save)
    _draw(plot, report, fitted)


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
    from elman.sequences.labelled import with_columns

    classifier = _load(model)
    known = read(file, id_, time, label, reading, classifier, classes=False, quiet=quiet)
    frame = _classified(with_columns(classifier, known), known)
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
    """Compare the predictions of a saved classifier with the classes in a file."""
    check_writable("--plot", plot, model, file)
    check_extra("--plot", plot, "matplotlib")
    from elman.sequences.labelled import report_on

    classifier = _load(model)
    report = report_on(classifier, read(file, id_, time, label, reading, classifier, quiet=quiet))
    _show(report, file.name)
    _draw(plot, report, None)


def _refuse_without_check(method: str, plot: Path | None) -> None:
    """Refuse what only a check can give."""
    if method == "best" or (method in _SIMPLE and plot is not None):
        what = f"--method {method}" if method == "best" else f"--plot with --method {method}"
        usage_error(f"{what} needs a check: leave out --check 0, or pass --test FILE.")


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
            f"{known.file}: all sequences are of the class {classes.pop()!r}; a classifier needs two classes."
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
    return _SIMPLE.get(method, MODEL)


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


def _report_of(found: Verdict, name: str) -> Report | None:
    from elman.sequences.report import class_report

    if name not in found.estimators:
        return None
    return class_report(found.actual, found.predictions[name], found.estimators[name].classes_)


def _load(model: Path) -> SequenceClassifier | SimpleMethod:
    """Read a classifier, or a simple method that was fitted like one."""
    from elman.load import load
    from elman.sequences import SequenceClassifier, SimpleMethod

    check_readable(None, model)
    found = load(model)
    like = found.like if isinstance(found, SimpleMethod) else found
    if not isinstance(like, SequenceClassifier):
        kind = "" if like is found else "SimpleMethod like "
        raise FileFormatError(f"{model}: holds a {kind}{type(like).__name__}, not a classifier.")
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
    model: Any = None,
    *,
    classes: bool = True,
    quiet: bool,
) -> Labelled:
    """Read a file of any of the three kinds, for a fitted model if there is one, and print the columns chosen."""
    from elman.sequences.labelled import read_labelled

    check_readable(None, file)
    if file.suffix.lower() == ".ts":
        refuse_unused(f"{file}: says how it is written", reading.by_option)
    channels = list(getattr(model, "feature_names_in_", ()))
    known = read_labelled(file, id_, time, label, reading.encoding, reading.notation, channels, classes)
    for note in [] if quiet else known.notes:
        say(f"{file}: {note}.")
    return known


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
