"""A command class: errors and warnings become messages with the command's own options, and exit codes."""

from __future__ import annotations

import re
import shlex
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand

from elman.errors import ArgumentError, ElmanError, ElmanWarning, Write, visible

__all__ = ["BAD_DATA", "INTERRUPTED", "Command", "option_writer", "say", "usage_error"]

BAD_DATA, WRONG_USAGE, INTERRUPTED = 1, 2, 130

_OPTIONS = {  # options whose names differ from the parameters
    "checkpoint_dir": "checkpoint",
    "cutoffs": "backtest",
    "id_column": "id",
    "n_threads": "threads",
    "past": "covariates",
    "past_covariates": "covariates",
    "random_state": "seed",
    "series": "id",
    "static_df": "static",
    "time_column": "time",
}
_PLAIN = re.compile(r"[\w.,:+-]*\w")  # a value that needs no quotes


class Command(TyperCommand):
    """A subcommand that ends with one message and an exit code on an error of Elman."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _reported(bool(ctx.params.get("quiet")), option_writer(self)):
            return super().invoke(ctx)


def say(text: str) -> None:
    """Write a message to standard error; results alone go to standard output."""
    typer.echo(visible(text), err=True)


def usage_error(text: str) -> NoReturn:
    """End with exit code 2."""
    say(f"Error: {text}")
    raise typer.Exit(WRONG_USAGE)


def option_writer(command: TyperCommand) -> Write:
    """Return the function that writes a parameter as an option of a command, or None if there is no such option."""
    options = [option for parameter in command.params for option in parameter.opts]
    return lambda name, value: _option(options, name, value)


def _option(options: Collection[str], name: str, value: Any) -> str | None:
    option = f"--{_OPTIONS.get(name, name).replace('_', '-')}"
    if option not in options or value is None:
        return None
    if value is ... or value is True:
        return option
    text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    if _PLAIN.fullmatch(text):
        return f"{option} {text}"
    return f"{option} {shlex.quote(text)}" if set(text) & set('"$`\\!') else f'{option} "{text}"'


@contextmanager
def _reported(quiet: bool, write: Write) -> Iterator[None]:
    """Convert Elman's errors to one message and an exit code, and its warnings to one line each."""

    def show(message: Any, category: type[Warning], *rest: Any, **more: Any) -> None:
        if not isinstance(message, ElmanWarning):
            usual(message, category, *rest, **more)
        elif not quiet:
            say(f"Warning: {message.told(write)}")

    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.showwarning = show
        warnings.simplefilter("always", ElmanWarning)
        try:
            yield
        except ArgumentError as error:
            usage_error(error.told(write))
        except ElmanError as error:
            say(f"Error: {error.told(write)}")
            raise typer.Exit(BAD_DATA) from None
        except OSError as error:
            if error.filename is None:  # the output failed; let the process end
                raise
            say(f"Error: {error}")
            raise typer.Exit(BAD_DATA) from None
        except KeyboardInterrupt:
            say("Stopped.")
            raise typer.Exit(INTERRUPTED) from None
