"""``elman exercise``: a sheet with a small network whose numbers are left blank, and its key."""

from __future__ import annotations

from typing import Annotated

import typer

from elman.cli._common import Quiet, check_choice
from elman.cli._forms import Form, Output, deliver, destination
from elman.cli._show import echo

__all__ = ["exercise"]


def exercise(
    kind: Annotated[str | None, typer.Argument(metavar="KIND", help="bptt, lstm or gru.")] = None,
    steps: Annotated[int, typer.Option(min=1, max=6, help="Steps of the sequence.")] = 3,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same numbers.")] = 0,
    solution: Annotated[bool, typer.Option("--solution", help="The key: all results and common errors.")] = False,
    form: Form = None,
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Print an exercise: a small network with blanks for its numbers, or the key.

    Without an argument, the exercises are listed.
    """
    from elman.explain import EXERCISES, render
    from elman.explain import exercise as made

    if kind is None:
        for name, title in EXERCISES.items():
            echo(f"{name:6}{title}")
        return
    check_choice("KIND", kind, tuple(EXERCISES))
    form, output = destination(form, output, "markdown")
    deliver(render(made(kind, steps, seed, solution), form), output, quiet=quiet)
