"""The command ``elman`` with all its subcommands."""

from __future__ import annotations

from typing import Annotated

import typer

from elman import __version__
from elman.cli._command import Command
from elman.cli.audit import audit
from elman.cli.bench import bench
from elman.cli.classify import classify
from elman.cli.diagnose import diagnose
from elman.cli.exchange import export_model, import_model
from elman.cli.exercise import exercise
from elman.cli.explain import explain
from elman.cli.forecast import forecast
from elman.cli.predict import predict
from elman.cli.text import text

__all__ = ["app"]

app = typer.Typer(
    name="elman",
    help="Recurrent neural networks for sequences, on the CPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(cls=Command)(forecast)
app.command(cls=Command)(predict)
app.command(cls=Command)(audit)
app.command(cls=Command)(bench)
app.command(cls=Command)(diagnose)
app.command(cls=Command)(explain)
app.command(cls=Command)(exercise)
app.command("export", cls=Command)(export_model)
app.command("import", cls=Command)(import_model)
app.add_typer(classify, name="classify")
app.add_typer(text, name="text")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"elman {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Recurrent neural networks for sequences, on the CPU."""
