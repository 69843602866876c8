"""``elman diagnose``: the reach of the gradient of a saved model back in time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._common import Quiet, check_extra, check_readable, check_writable
from elman.cli._grouped import grouped
from elman.cli._model_data import Columns, Label, ModelId, ModelTarget, ModelTime, labelled_sequences
from elman.cli._reading import Reading, table_for
from elman.cli._show import echo

if TYPE_CHECKING:
    from elman.training import GradientFlow

__all__ = ["diagnose"]


@grouped
def diagnose(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A saved forecaster, sequence estimator or language model.")
    ],
    data: Annotated[
        str,
        typer.Option(metavar="FILE", help="Values, labelled sequences or text, of the kind that made the model."),
    ],
    time: ModelTime = None,
    target: ModelTarget = None,
    id_: ModelId = None,
    label: Label = None,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw the gradient over lags and units.")] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="HTML", help="Show it in the vanishing-gradient laboratory.")
    ] = None,
    quiet: Quiet = False,
    *,
    reading: Reading,
) -> None:
    """Report how far back the gradient reaches, which units saturate, and which settings to change."""
    check_writable("--plot", plot, model, data)
    check_extra("--plot", plot, "matplotlib")
    check_writable("--page", page, model, data, plot)
    check_extra("--page", page, "jinja2")
    check_readable(None, model)
    columns = Columns(time, target, id_, label, reading)
    from elman import load
    from elman.errors import UnsupportedError

    known = load(model)
    columns.check(model, known)
    if not hasattr(known, "gradient_flow"):
        raise UnsupportedError(f"{model}: holds a {type(known).__name__}, which has no task and so no loss.")
    flow = _measured(known, data, columns, quiet=quiet)
    echo(str(flow))
    _draw(plot, flow)
    _show(page, flow, model.name)


def _measured(model: Any, data: str, columns: Columns, *, quiet: bool) -> GradientFlow:
    flow: GradientFlow
    if hasattr(model, "horizon"):
        table = table_for(model, data, columns.time, columns.target, columns.id, columns.reading, quiet=quiet)
        flow = model.gradient_flow(table.frame)
        return flow
    check_readable("--data", Path(data))
    if hasattr(model, "vocabulary_"):
        flow = model.gradient_flow(Path(data), encoding=columns.reading.encoding)
    else:
        model, sequences, labels = labelled_sequences(model, Path(data), columns, quiet=quiet)
        flow = model.gradient_flow(sequences, labels)
    return flow


def _draw(plot: Path | None, flow: GradientFlow) -> None:
    if plot is not None:
        from elman.notebook.figures import as_bytes
        from elman.persistence import write_atomically

        write_atomically(plot, as_bytes(flow.plot()))


def _show(page: Path | None, flow: GradientFlow, name: str) -> None:
    if page is not None:
        from elman.explain import render
        from elman.explain.laboratory import flow_lesson
        from elman.persistence import write_atomically

        write_atomically(page, render(flow_lesson(flow, f"{name}: how far back the gradient reaches"), "html").encode())
