"""Put the subcommands together."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from elman import __version__
from elman.cli._command import Command
from elman.cli.audit import audit
from elman.cli.bench import bench
from elman.cli.classify import classify
from elman.cli.diagnose import diagnose
from elman.cli.exchange import export_model, import_model
from elman.cli.explain import explain
from elman.cli.forecast import forecast
from elman.cli.predict import predict
from elman.cli.text import text

__all__ = ["app", "main"]

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


def main() -> None:
    """Run the command; the process ends with 0, with 1 for data that cannot be used, with 2 for wrong usage.

    Examples
    --------
    >>> import sys
    >>> sys.argv = ["elman", "--version"]
    >>> try:
    ...     main()
    ... except SystemExit as end:
    ...     print("exit code", end.code)
    elman 0.1.0
    exit code 0
    """
    os.environ["MPLBACKEND"] = "agg"  # pictures are files here, whatever the terminal's setting says
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a sign that the terminal does not take is no reason to fail
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has gone
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        _give_up(f"the output cannot be written: {error.strerror}")
    except MemoryError:
        _give_up("there is not enough memory")
    except ImportError as error:  # damaged, or there is not enough memory to load it
        _give_up(f"a package cannot be loaded: {str(error).strip().splitlines()[0].rstrip('.')}")


def _give_up(why: str) -> NoReturn:
    """End with one message, whatever of the output is still unwritten."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        typer.echo(f"Error: {why}.", err=True)
    sys.exit(1)
