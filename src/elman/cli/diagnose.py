"""``elman diagnose``: how far back in time the gradient of a saved model reaches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._common import check_readable, check_writable, reported, say, table_of, usage_error

if TYPE_CHECKING:
    from elman.training import GradientFlow

__all__ = ["diagnose", "labelled_sequences"]


def diagnose(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A saved forecaster, sequence estimator or language model.")
    ],
    data: Annotated[
        str,
        typer.Option(metavar="FILE", help="Values, labelled sequences or text, of the kind that made the model."),
    ],
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the dates or steps.")] = None,
    target: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column to forecast.")] = None,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="Column that tells series or sequences apart.")
    ] = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of classes, numbers or tags.")] = None,
    encoding: Annotated[str, typer.Option(help="Character encoding of the file.")] = "utf-8",
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw the gradient over lags and units.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> None:
    """Report how far back the gradient reaches, what saturates, and which settings the numbers speak against."""
    check_writable("--plot", plot)
    check_readable("MODEL", model)
    with reported(quiet):
        from elman import load
        from elman.errors import UnsupportedError

        known = load(model)
        if not hasattr(known, "gradient_flow"):
            raise UnsupportedError(f"{model}: holds a {type(known).__name__}, which has no task and so no loss.")
        if hasattr(known, "vocabulary_"):
            check_readable("--data", Path(data))
            flow = known.gradient_flow(Path(data), encoding=encoding)
        elif hasattr(known, "horizon"):
            flow = _of_forecaster(known, data, time, target, id_, encoding, quiet=quiet)
        else:
            known, sequences, labels = labelled_sequences(known, data, time, id_, label, encoding, quiet=quiet)
            flow = known.gradient_flow(sequences, labels)
        typer.echo(str(flow))
        _draw(plot, flow)


def _of_forecaster(
    model: Any, data: str, time: str | None, target: str | None, id_: str | None, encoding: str, *, quiet: bool
) -> GradientFlow:
    covariates = (*(model.past_covariates or ()), *(model.future_covariates or ()))
    table = table_of(data, time, target, id_, encoding, covariates)
    for note in [] if quiet else table.notes:
        say(f"{data}: {note}.")
    flow: GradientFlow = model.gradient_flow(table.frame)
    return flow


def labelled_sequences(
    model: Any, data: str, time: str | None, id_: str | None, label: str | None, encoding: str, *, quiet: bool
) -> tuple[Any, Any, Any]:
    """Return a model that knows the columns of a file, its sequences and its labels.

    Labels of a file are text, those of the model may be numbers.
    """
    import numpy as np

    from elman.cli.classify import _labels, _read
    from elman.sequences import SequenceTagger

    if isinstance(model, SequenceTagger):
        return _tagged_sequences(model, data, time, id_, label, encoding)
    file = Path(data)
    known = _read(file, id_, time, label, encoding, quiet=quiet)
    dtype = model.classes_.dtype if hasattr(model, "classes_") else np.dtype(float)
    labels = _as(dtype, file, _labels(file, known))
    return model.set_params(**known.columns), known.data, labels


def _tagged_sequences(
    model: Any, data: str, time: str | None, id_: str | None, label: str | None, encoding: str
) -> tuple[Any, Any, Any]:
    from elman.errors import DataError
    from elman.sequences.tables import read_table

    check_readable("--data", Path(data))
    if label is None:
        usage_error("--label COLUMN: name the column of tags.")
    time, id_ = time or model.time_column, id_ or model.id_column
    frame, _ = read_table(Path(data), encoding, text=[id_, label])
    for option, name in (("--id", id_), ("--label", label)):
        if name not in frame.columns:
            raise DataError(f"{data}: there is no column {name!r} for {option}.")
    frame[label] = _as(model.classes_.dtype if hasattr(model, "classes_") else float, data, frame[label])
    time = time if time in frame.columns else None
    return model.set_params(id_column=id_, time_column=time), frame, label


def _as(dtype: Any, file: Any, labels: Any) -> Any:
    """Return labels in the dtype that the model knows them in."""
    import numpy as np

    from elman.errors import DataError

    try:
        return np.asarray(labels, dtype=object).astype(dtype)
    except ValueError as error:
        raise DataError(f"{file}: the labels are not what the model was made from: {error}.") from None


def _draw(plot: Path | None, flow: GradientFlow) -> None:
    if plot is not None:
        from elman.explain.flow_plot import plot_png
        from elman.persistence import write_atomically

        write_atomically(plot, plot_png(flow))
