"""A command class: errors and warnings become messages with the command's own options, and exit codes."""

from __future__ import annotations

import re
import shlex
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand

from elman._words import Words, speaking
from elman.errors import ArgumentError, ElmanError, ElmanWarning, Write, visible

__all__ = ["BAD_DATA", "INTERRUPTED", "PHRASES", "Command", "OptionWriter", "say", "usage_error"]

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
PHRASES = {"fit again with intervals": "run elman forecast again with --level 80"}  # where another command is meant
_PLAIN = re.compile(r"[\w.,:+-]*\w")  # a value that needs no quotes


class Command(TyperCommand):
    """A subcommand that ends with one message and an exit code on an error of Elman."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        write = OptionWriter.of(self)
        words = Words(ctx.command_path, write, PHRASES | _files(ctx))
        with speaking(words), _reported(bool(ctx.params.get("quiet")), write):
            return super().invoke(ctx)


def say(text: str) -> None:
    """Write a message to standard error; results alone go to standard output."""
    typer.echo(visible(text), err=True)


def usage_error(text: str) -> NoReturn:
    """End with exit code 2."""
    say(f"Error: {text}")
    raise typer.Exit(WRONG_USAGE)


class OptionWriter:
    """Writes a parameter of the library as an option of a command; it can be sent to another process.

    Parameters
    ----------
    options : iterable of str
        Of the command.
    """

    def __init__(self, options: Iterable[str]) -> None:
        self.options = frozenset(options)

    @classmethod
    def of(cls, command: TyperCommand) -> OptionWriter:
        """Return the writer of a command."""
        return cls(option for parameter in command.params for option in parameter.opts)

    def __call__(self, name: str, value: Any) -> str | None:
        """Return an option with its value, for ``...`` without one; None if the command has no such option."""
        option = f"--{_OPTIONS.get(name, name).replace('_', '-')}"
        if option not in self.options or value is None:
            return None
        if value is ... or value is True:
            return option
        text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        if _PLAIN.fullmatch(text):
            return f"{option} {text}"
        return f"{option} {shlex.quote(text)}" if set(text) & set('"$`\\!') else f'{option} "{text}"'


def _files(ctx: Any) -> dict[str, str]:
    """Name the files of the options, by the library's parameters: ``--static stores.csv`` for ``static_df``."""
    given = {name: f"--{name} {value}" for name, value in ctx.params.items() if isinstance(value, Path)}
    return given | {name: given[option] for name, option in _OPTIONS.items() if option in given}


@contextmanager
def _reported(quiet: bool, write: Write) -> Iterator[None]:
    """Convert Elman's errors to one message and an exit code, and its warnings to one line each, said once."""
    said: set[str] = set()

    def show(message: Any, category: type[Warning], *rest: Any, **more: Any) -> None:
        if not isinstance(message, ElmanWarning):
            usual(message, category, *rest, **more)
        elif not quiet and (text := message.told(write)) not in said:
            said.add(text)
            say(f"Warning: {text}")

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
