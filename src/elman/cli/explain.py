"""``elman explain``: a lesson, or a saved model on one row of data, worked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._common import check_choice, check_readable, check_writable, reported, say, table_of, usage_error

if TYPE_CHECKING:
    from elman.explain import Lesson, Trace

__all__ = ["explain"]

_UNUSED = {  # options that would change nothing, by what the model is
    "Network": ("--time", "--target", "--id", "--label"),
    "Forecaster": ("--label",),
    "SequenceClassifier": ("--target",),
    "SequenceRegressor": ("--target",),
    "SequenceTagger": ("--target",),
    "LanguageModel": ("--time", "--target", "--id", "--label"),
}
_ENDINGS = {".html": "html", ".htm": "html", ".md": "markdown", ".tex": "latex", ".json": "json", ".txt": "text"}


def explain(
    what: Annotated[
        str | None, typer.Argument(metavar="LESSON|MODEL", help="A lesson by its name, or a saved model.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With a model: values or labelled sequences.")
    ] = None,
    row: Annotated[int | None, typer.Option(min=1, help="With a model: which row of the data, from 1.")] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="html, markdown, latex, json or text; by the file's name, else html.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; not given: LESSON.html, other forms on screen.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="With a model: also update its weights by gradient descent.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, max=2000, help="With a learning rate: updates; 1 if not given.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(min=0.0, help="Stop once an update lowers the loss by less than this.")
    ] = None,
    bptt_depth: Annotated[
        int | None, typer.Option(min=1, help="With a model: steps that a path through time may span.")
    ] = None,
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the dates or steps.")] = None,
    target: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column that is forecast.")] = None,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="Column that tells sequences apart.")
    ] = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of classes, numbers or tags.")] = None,
    encoding: Annotated[str, typer.Option(help="Character encoding of a CSV file.")] = "utf-8",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> None:
    """Show every number of a small network: forward, backward path by path, update after update.

    Without an argument, the lessons are listed.
    """
    from elman.explain import LESSONS, lesson, render

    if what is None:
        _list()
        return
    form, output = _destination(form, output, what, data)
    with reported(quiet):
        subject: Lesson | Trace
        columns = {"--time": time, "--target": target, "--id": id_, "--label": label}
        updates = {"--epochs": epochs, "--tolerance": tolerance}
        settings = {"--learning-rate": learning_rate, "--bptt-depth": bptt_depth, **updates}
        if what in LESSONS:
            _refuse(f"{what}: a lesson brings its own data and settings", {"--data": data, "--row": row, **settings})
            _refuse(f"{what}: a lesson brings its own data and settings", columns)
            subject = lesson(what)
        else:
            options = {"learning_rate": learning_rate, "bptt_depth": bptt_depth}
            options |= {"epochs": epochs or 1, "tolerance": tolerance or 0.0}
            if learning_rate is None:
                _refuse(f"{what}: without --learning-rate nothing is updated", updates)
            elif not 0 < learning_rate < float("inf"):
                usage_error(f"--learning-rate {learning_rate:g}: must be a positive number.")
            subject = _of_model(Path(what), data, row, columns, encoding, options, quiet=quiet)
        text = render(subject, form)
        if output is None:
            typer.echo(text, nl=False)
            return
        from elman.persistence import write_atomically

        write_atomically(output, text.encode())
        if not quiet:
            say(f"{output}: {len(text.encode()) / 1000:,.0f} kB.")


def _list() -> None:
    """Print the lessons."""
    from elman.explain import LESSONS, lesson

    width = max(map(len, LESSONS))
    for name in LESSONS:
        typer.echo(f"{name:{width}}  {lesson(name).title}")


def _destination(form: str | None, output: Path | None, what: str, data: Path | None) -> tuple[str, Path | None]:
    """Decide on the form and the file; text appears on the screen if no file is named."""
    from elman.explain import FORMATS

    if form is None:
        form = "html" if output is None else _ENDINGS.get(output.suffix.lower())
        if form is None:
            usage_error(f"--output {output}: its ending names no form; pass --format {'|'.join(FORMATS)}.")
    check_choice("--format", form, FORMATS)
    if output is None and form == "html":
        output = Path(f"{Path(what).stem}.html")
    check_writable("--output", output, what, data)
    return form, output


def _refuse(why: str, options: dict[str, Any]) -> None:
    """End with exit code 2 if an option was given that would change nothing."""
    for name, value in options.items():
        if value is not None:
            usage_error(f"{why}; {name} does not go with it.")


def _of_model(
    model: Path,
    data: Path | None,
    row: int | None,
    columns: dict[str, str | None],
    encoding: str,
    options: dict[str, Any],
    *,
    quiet: bool,
) -> Trace:
    """Trace a saved model on a row of a file."""
    from elman import load
    from elman.explain import LESSONS
    from elman.explain.saved import trace_forecast, trace_network, trace_sequence, trace_text

    if not model.exists():
        usage_error(f"{model}: no such file, and no lesson of that name; the lessons are {', '.join(LESSONS)}.")
    if data is None or row is None:
        usage_error(f"{model}: a saved model needs --data FILE and --row N.")
    check_readable("--data", data)
    known: Any = load(model)
    kind = type(known).__name__
    options["title"] = f"{model.name}, row {row} of {data.name}"
    if kind not in _UNUSED:
        from elman.errors import UnsupportedError

        raise UnsupportedError(f"{model}: holds a {kind}, which cannot be traced; {', '.join(_UNUSED)} can.")
    _refuse(f"{model}: holds a {kind}", {name: columns[name] for name in _UNUSED[kind]})
    time, target, id_, label = columns.values()
    if kind == "Network":
        return trace_network(known, _columns(data, encoding), row, **options)
    if kind == "Forecaster":
        table = table_of(str(data), time, target, id_, encoding)
        for note in [] if quiet else table.notes:
            say(f"{data}: {note}.")
        return trace_forecast(known, table.frame, row, **options)
    if kind == "LanguageModel":
        return trace_text(known, _text_of(data, encoding), row, **options)
    from elman.cli.diagnose import labelled_sequences

    labelled = labelled_sequences(known, str(data), time, id_, label, encoding, quiet=quiet)
    return trace_sequence(*labelled, row, **options)


def _text_of(data: Path, encoding: str) -> str:
    from elman.errors import DataError

    try:
        return data.read_text(encoding)
    except LookupError:
        raise DataError(f"{data}: there is no encoding {encoding!r}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{data}: byte {error.start} is not {encoding}; pass --encoding.") from None


def _columns(data: Path, encoding: str) -> dict[str, Any]:
    from elman.sequences.tables import read_table

    frame, _ = read_table(data, encoding)
    return {name: frame[name].tolist() for name in frame.columns}
