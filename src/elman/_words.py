"""How messages call things: as Python does, or as a command and the file that it reads do.

The library writes `called` where a message names a column of a long frame, an argument or a method. In Python this is
the name itself. A command replaces it: a column by its name in the file, an argument by an option, a method by the
command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["FILE_ROWS", "Words", "called", "column", "columns", "in_use", "learn", "place_of", "speaking"]

FILE_ROWS = ("line", "row")  # names of the index of a frame that holds the places of its rows in a file


class Words:
    """The words of a command.

    Parameters
    ----------
    place : str
        The command, with which messages start.
    write : callable
        Takes the name of a parameter and its value, and returns an option; ``...`` asks for the name alone.
    others : mapping of str to str
        What stands for other names and phrases.
    columns : mapping of str to str
        The names that ``unique_id``, ``ds`` and ``y`` have in the file.

    Examples
    --------
    >>> words = Words("elman forecast", lambda name, value: f"--{name}", {"future": "new.csv"}, {"y": "sold"})
    >>> with speaking(words):
    ...     called("y"), called("window"), called("future"), place_of("Forecaster.fit")
    ("'sold'", '--window', 'new.csv', 'elman forecast')
    """

    def __init__(
        self,
        place: str,
        write: Callable[[str, Any], str | None],
        others: Mapping[str, str] | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        self.place, self.write = place, write
        self.others, self.columns = dict(others or {}), dict(columns or {})

    def called(self, name: str) -> str:
        """Return what stands for a name; the name itself if nothing does."""
        if name in self.columns:
            return repr(self.columns[name])
        return self.others.get(name) or self.write(name, ...) or name


_in_use: ContextVar[Words | None] = ContextVar("words", default=None)


def in_use() -> Words | None:
    """Return the words of the command that runs; None in Python. They can be sent to another process."""
    return _in_use.get()


@contextmanager
def speaking(words: Words | None) -> Iterator[None]:
    """Use the words of a command in all messages that are made inside the context; None for those of Python."""
    before = _in_use.set(words)
    try:
        yield
    finally:
        _in_use.reset(before)


def learn(columns: Mapping[str, str], others: Mapping[str, str] | None = None) -> None:
    """Add the names of a file's columns, and other names, to the words in use, if a command runs.

    Examples
    --------
    >>> with speaking(Words("elman forecast", lambda name, value: None)):
    ...     learn({"ds": "day"})
    ...     called("ds"), called("y")
    ("'day'", 'y')
    """
    if (words := _in_use.get()) is not None:
        _in_use.set(Words(words.place, words.write, words.others | dict(others or {}), words.columns | dict(columns)))


def called(name: str) -> str:
    """Return what a message calls a column, an argument or a phrase.

    Examples
    --------
    >>> called("static_df")
    'static_df'
    """
    words = _in_use.get()
    return name if words is None else words.called(name)


def column(name: str) -> str:
    """Return the name of a column as the user knows it, without quotation marks.

    Examples
    --------
    >>> column("unique_id")
    'unique_id'
    """
    words = _in_use.get()
    return name if words is None else words.columns.get(name, name)


def columns(names: Iterable[Any]) -> str:
    """List the names of columns as the user knows them.

    Examples
    --------
    >>> columns(["unique_id", "size"])
    'unique_id, size'
    """
    return ", ".join(column(str(name)) for name in names)


def place_of(method: str) -> str:
    """Return the start of messages of a method or a function.

    Examples
    --------
    >>> place_of("Forecaster.predict")
    'Forecaster.predict'
    """
    words = _in_use.get()
    return method if words is None else words.place
