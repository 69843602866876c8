"""``elman explain``: a lesson, or a saved model on one row of data, worked by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._command import usage_error
from elman.cli._common import Quiet, check_readable, check_writable, refuse_unused
from elman.cli._forms import Form, deliver, destination
from elman.cli._grouped import grouped
from elman.cli._model_data import Columns, Label, ModelId, ModelTarget, ModelTime, labelled_sequences, text_of
from elman.cli._reading import Reading, table_for
from elman.cli._show import echo

if TYPE_CHECKING:
    from elman.explain import Lesson, Trace

__all__ = ["explain"]

Data = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="With a model: values, air-passengers, sunspots, or labelled sequences."),
]
Row = Annotated[int | None, typer.Option(min=1, help="With a model: which row of the data, from 1.")]
Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Output file; by default LESSON.html, other forms on screen.")
]
Rate = Annotated[float | None, typer.Option(help="With a model: also update its weights by gradient descent.")]
Epochs = Annotated[int | None, typer.Option(min=1, max=2000, help="With a learning rate: updates; 1 if not given.")]
Tolerance = Annotated[
    float | None, typer.Option(min=0.0, help="Stop once an update lowers the loss by less than this.")
]
Sequence = Annotated[
    str | None, typer.Option(metavar="TEXT|FILE", help="Your own sequence: numbers, columns of numbers, or words.")
]
Steps = Annotated[int | None, typer.Option(min=1, help="With a sequence: steps of a window; 3 if not given.")]
Depth = Annotated[int | None, typer.Option(min=1, help="With a model: steps that a path through time may span.")]


@grouped
def explain(
    what: Annotated[
        str | None, typer.Argument(metavar="LESSON|MODEL", help="A lesson by its name, or a saved model.")
    ] = None,
    sequence: Sequence = None,
    steps: Steps = None,
    data: Data = None,
    row: Row = None,
    form: Form = None,
    output: Output = None,
    learning_rate: Rate = None,
    epochs: Epochs = None,
    tolerance: Tolerance = None,
    bptt_depth: Depth = None,
    time: ModelTime = None,
    target: ModelTarget = None,
    id_: ModelId = None,
    label: Label = None,
    quiet: Quiet = False,
    *,
    reading: Reading,
) -> None:
    """Show every number of a small network: forward, backward path by path, update after update.

    Without an argument, the lessons are listed.
    """
    if what is None and sequence is None:
        _list()
        return
    from elman.explain import render

    form, output = destination(form, output, "html", what, data)
    if output is None and form == "html":
        output = Path(f"{Path(what or 'sequence').stem}.html")
        check_writable("--output", output, what, data)
    columns = Columns(time, target, id_, label, reading)
    updates = {"--learning-rate": learning_rate, "--epochs": epochs, "--tolerance": tolerance}
    settings = updates | {"--bptt-depth": bptt_depth}
    if sequence is not None:
        subject: Lesson | Trace = _typed(
            sequence, steps, {"LESSON|MODEL": what, "--data": data, "--row": row, **settings}
        )
    else:
        assert what is not None
        refuse_unused(f"{what}: windows are for --sequence", {"--steps": steps})
        subject = _subject(what, data, row, columns, settings, quiet=quiet)
    deliver(render(subject, form), output, quiet=quiet)


def _subject(
    what: str, data: Path | None, row: int | None, columns: Columns, settings: dict[str, Any], *, quiet: bool
) -> Lesson | Trace:
    """Return a lesson, or a trace of a saved model."""
    from elman.explain import LESSONS, lesson

    if what in LESSONS:
        given = {"--data": data, "--row": row, **settings, **columns.by_option}
        refuse_unused(f"{what}: a lesson brings its own data and settings", given)
        return lesson(what)
    rate, epochs, tolerance, depth = settings.values()
    if rate is None:
        later = {"--epochs": epochs, "--tolerance": tolerance}
        refuse_unused(f"{what}: without --learning-rate nothing is updated", later)
    elif not 0 < rate < float("inf"):
        usage_error(f"--learning-rate {rate:g}: must be a positive number.")
    options = {"learning_rate": rate, "epochs": epochs, "tolerance": tolerance, "bptt_depth": depth}
    return _of_model(Path(what), data, row, columns, options, quiet=quiet)


def _typed(sequence: str, steps: int | None, others: dict[str, Any]) -> Lesson:
    """Return a lesson of a typed sequence, or of one in a file."""
    from elman.explain.typed import typed_lesson

    refuse_unused("--sequence brings its own network", others)
    text = text_of(Path(sequence), "utf-8-sig") if os.path.isfile(sequence) else sequence
    return typed_lesson(text, steps or 3)


def _list() -> None:
    """Print the lessons."""
    from elman.explain import LESSONS

    width = max(map(len, LESSONS))
    for name, title in LESSONS.items():
        echo(f"{name:{width}}  {title}")


def _of_model(
    model: Path, data: Path | None, row: int | None, columns: Columns, options: dict[str, Any], *, quiet: bool
) -> Trace:
    """Trace a saved model on a row of a file."""
    from elman import load
    from elman.explain import LESSONS
    from elman.explain.saved import trace_forecast, trace_network, trace_sequence, trace_text

    if not os.path.exists(model):
        usage_error(f"{model}: no such file, and no lesson of that name; the lessons are {', '.join(LESSONS)}.")
    if data is None or row is None:
        usage_error(f"{model}: a saved model needs --data FILE and --row N.")
    check_readable(None, model)
    known: Any = load(model)
    kind = type(known).__name__
    if kind != "Forecaster":  # which also takes the name of a series that comes with Elman
        check_readable("--data", data)
    options["title"] = f"{_readable(model.name)}, row {row} of {_readable(data.name)}"
    columns.check(model, known)
    if kind == "Network":
        return trace_network(known, _table(data, columns.reading), row, **options)
    if kind == "Forecaster":
        table = table_for(known, str(data), columns.time, columns.target, columns.id, columns.reading, quiet=quiet)
        return trace_forecast(known, table.frame, row, **options)
    if kind == "LanguageModel":
        return trace_text(known, text_of(data, columns.reading.encoding), row, **options)
    return trace_sequence(*labelled_sequences(known, data, columns, quiet=quiet), row, **options)


def _readable(name: str) -> str:
    """Return the name of a file as text, even if its bytes are no valid text."""
    return os.fsencode(name).decode(errors="replace")


def _table(data: Path, reading: Reading) -> dict[str, Any]:
    from elman.tables.steps import read_steps

    frame, _ = read_steps(data, reading.encoding, notation=reading.notation)
    return {name: frame[name].tolist() for name in frame.columns}
