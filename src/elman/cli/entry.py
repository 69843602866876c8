"""Entry point of the command: the terminal, exit codes, and `--version` without other imports."""

from __future__ import annotations

import atexit
import codecs
import gc
import io
import os
import sys
from contextlib import suppress
from typing import NoReturn

from elman import __version__

__all__ = ["main"]

_COLLECTIONS = 50_000, 20, 100  # objects made before Python looks for garbage: loading packages makes many, and none
_PLAIN = {"…": "...", "─": "-", "−": "-", "–": "-", "’": "'", "×": "x", "→": "->"}


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
    usual = gc.get_threshold()
    gc.set_threshold(*_COLLECTIONS)
    atexit.register(gc.freeze)  # the end of the process need not visit all that the packages made
    os.environ["MPLBACKEND"] = "agg"  # pictures are files, whatever the setting of the environment
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="elman-plain")
    try:
        try:
            _run()
        finally:
            sys.stdout.flush()
            gc.set_threshold(*usual)
    except BrokenPipeError:  # the reader of the output has ended
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        _give_up(f"the output cannot be written: {error.strerror}")
    except MemoryError:
        _give_up("there is not enough memory")
    except ImportError as error:  # damaged, or there is not enough memory to load it
        _give_up(f"a package cannot be loaded: {str(error).strip().splitlines()[0].rstrip('.')}")


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Write a sign that the terminal cannot print in ASCII, and escape any other character."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in signs), error.end


codecs.register_error("elman-plain", _plain)


def _run() -> None:
    """Answer ``--version`` at once, anything else with the subcommands."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"elman {__version__}\n")
        sys.exit(0)
    from elman.cli.app import app

    app()


def _give_up(why: str) -> NoReturn:
    """End with one message; unwritten output is dropped."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write(f"Error: {why}.\n")
    sys.exit(1)
