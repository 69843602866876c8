"""The form of a document, and where it goes: shared by the commands that write lessons and exercises."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elman.cli._command import say, usage_error
from elman.cli._common import check_choice, check_writable
from elman.cli._show import echo

__all__ = ["Form", "Output", "deliver", "destination"]

_ENDINGS = {".html": "html", ".htm": "html", ".md": "markdown", ".tex": "latex", ".json": "json", ".txt": "text"}

Form = Annotated[
    str | None, typer.Option("--format", help="html, markdown, latex, json or text; by the file's name if not given.")
]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Output file; without it text goes to the screen.")]


def destination(
    form: str | None, output: Path | None, usual: str, *inputs: str | Path | None
) -> tuple[str, Path | None]:
    """Return the form and the file: the form by the ending of the file, or ``usual`` without a file."""
    from elman.explain import FORMATS

    if form is None:
        form = usual if output is None else _ENDINGS.get(output.suffix.lower())
        if form is None:
            usage_error(f"--output {output}: its ending names no form; pass --format {'|'.join(FORMATS)}.")
    check_choice("--format", form, FORMATS)
    check_writable("--output", output, *inputs)
    return form, output


def deliver(text: str, output: Path | None, *, quiet: bool) -> None:
    """Print a document, or write it to a file and report its size."""
    if output is None:
        echo(text, nl=False)
        return
    from elman.persistence import write_atomically

    write_atomically(output, text.encode())
    if not quiet:
        say(f"{output}: {len(text.encode()) / 1000:,.0f} kB.")
