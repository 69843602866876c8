"""Exceptions and warnings of Elman, and `visible`, which makes text from files safe to print.

The tree::

    Exception
    └── ElmanError
        ├── ShapeError         (also ValueError)    sizes of arrays disagree
        ├── ArgumentError      (also ValueError)    an argument has a wrong value or type
        ├── DataError          (also ValueError)    a value inside the data cannot be used
        ├── FileFormatError    (also ValueError)    a file is damaged, foreign or too new
        ├── UnsupportedError   (also ValueError)    a legal request that this part cannot serve
        ├── InterchangeError   (also ValueError)    another library disagrees about a converted model
        ├── MissingExtraError  (also ImportError)   a package that only a part of Elman needs is not installed
        └── TrainingError      (also RuntimeError)  a loss or gradient stopped being finite
    UserWarning
    └── ElmanWarning                                legal, but probably not intended
        └── ConvergenceWarning                      a training ended too early, or raised its loss

``except ElmanError`` catches all of them; ``except ValueError`` also works, in code that does not know Elman.

The remedy of an error is data, a `Remedy`: Python writes it with arguments, a command with its options, and a command
omits remedies for which it has no option.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from elman._words import in_use

__all__ = [
    "ArgumentError",
    "ConvergenceWarning",
    "DataError",
    "ElmanError",
    "ElmanWarning",
    "FileFormatError",
    "InterchangeError",
    "MissingExtraError",
    "Remedy",
    "ShapeError",
    "TrainingError",
    "UnsupportedError",
    "Write",
    "advice",
    "as_argument",
    "setting",
    "visible",
]

Write: TypeAlias = Callable[[str, Any], str | None]  # writes a parameter and its value; None for an unknown parameter

# Control characters except newline and tab, line separators, bidirectional controls, surrogates.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Return a text with control characters escaped, so that it cannot control a terminal.

    Names from files and models may hold any characters. All messages of these exceptions and warnings, and all output
    of the command, pass through this function.

    Examples
    --------
    >>> print(visible("\x1b[2J" + "a name"))
    \x1b[2Ja name
    """
    return _UNSEEN.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


# Not a dataclass: that module alone would make `import elman` take a third longer.
class Remedy:
    """One remedy of an error: a clause, and the parameters to pass.

    Parameters
    ----------
    clause : str
        What to do, in the imperative, without a capital letter and a full stop. ``{}`` stands for the parameters.
    plain : str, optional
        The clause if not all parameters can be passed; the remedy is then omitted if None.
    **parameters
        Their values, or ``...`` for the name alone. All are needed together. A clause that is code of Python has the
        parameter ``frame``, which no command has.

    Examples
    --------
    >>> print(DataError("y is missing.", Remedy("fill it"), Remedy(missing="interpolate")))
    y is missing. Fill it, or pass missing="interpolate".
    """

    def __init__(self, clause: str = "pass {}", plain: str | None = None, /, **parameters: Any) -> None:
        self.clause, self.plain, self.parameters = clause, plain, tuple(parameters.items())


def as_argument(name: str, value: Any) -> str:
    """Write a parameter and its value as Python does.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : Any
        Its value; ``...`` for the name alone.

    Returns
    -------
    str

    Examples
    --------
    >>> as_argument("season", 12), as_argument("missing", "interpolate"), as_argument("window", ...)
    ('season=12', 'missing="interpolate"', 'window')
    """
    if value is ...:
        return name
    return f'{name}="{value}"' if isinstance(value, str) and '"' not in value else f"{name}={value!r}"


def setting(name: str, value: Any) -> str:
    """Write a parameter and its value as an argument, or as an option of the command that runs.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : Any
        Its value.

    Returns
    -------
    str

    Examples
    --------
    >>> setting("layer_norm", True)
    'layer_norm=True'
    """
    words = in_use()
    return (None if words is None else words.write(name, value)) or as_argument(name, value)


def advice(remedies: Iterable[Remedy], write: Write = as_argument) -> str:
    """Join remedies to one sentence; a remedy with a parameter unknown to ``write`` gives its plain clause, if any.

    Parameters
    ----------
    remedies : iterable of Remedy
        The best first.
    write : callable
        Takes the name of a parameter and its value.

    Returns
    -------
    str
        Empty if nothing is left.

    Examples
    --------
    >>> advice([Remedy("drop it"), Remedy(missing="interpolate")], lambda name, value: f"--{name} {value}")
    'Drop it, or pass --missing interpolate.'
    >>> advice([Remedy("drop it"), Remedy(missing="interpolate")], lambda name, value: None)
    'Drop it.'
    """
    clauses: dict[str, list[str]] = {}
    for remedy in remedies:
        written = [write(name, value) for name, value in remedy.parameters]
        settings = [setting for setting in written if setting is not None]
        if len(settings) == len(written):
            clauses.setdefault(remedy.clause, []).append(" and ".join(settings))
        elif remedy.plain is not None:
            clauses.setdefault(remedy.plain, [])
    ways = [clause.replace("{}", " or ".join(settings), 1) for clause, settings in clauses.items()]
    if not ways:
        return ""
    sentence = ways[0] if len(ways) == 1 else f"{', '.join(ways[:-1])}, or {ways[-1]}"
    return f"{sentence[0].upper()}{sentence[1:]}."


class _Message:
    """A text and remedies as arguments of an exception or a warning."""

    args: tuple[Any, ...]

    @property
    def text(self) -> str:
        """The message without the remedies."""
        return str(self.args[0]) if self.args else ""

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """Remedies, the best first."""
        return tuple(self.args[1:])

    def told(self, write: Write) -> str:
        """Return the message with control characters escaped and parameters written by ``write``."""
        sentence = advice(self.remedies, write)
        return visible(f"{self.text} {sentence}" if sentence else self.text)

    def __str__(self) -> str:
        """Return the message with parameters as arguments, or as options of the command that runs."""
        words = in_use()
        return self.told(as_argument if words is None else words.write)


class ElmanError(_Message, Exception):
    """Base of Elman's exceptions.

    Parameters
    ----------
    text : str
        The fault and its place.
    *remedies : Remedy
        The best first.

    Examples
    --------
    >>> issubclass(ShapeError, ElmanError) and issubclass(ShapeError, ValueError)
    True
    >>> error = ArgumentError("season is 0.", Remedy(season=12))
    >>> error.text, error.remedies[0].parameters
    ('season is 0.', (('season', 12),))
    """

    def __init__(self, text: str = "", *remedies: Remedy) -> None:
        super().__init__(text, *remedies)


class ShapeError(ElmanError, ValueError):
    """The sizes of two arrays disagree; the message names both and where each size comes from.

    Examples
    --------
    >>> from elman.reference import dense_forward
    >>> try:
    ...     dense_forward([[1.0, 2.0]], [[1.0], [1.0], [1.0]])
    ... except ShapeError as error:
    ...     print(error)
    dense_forward: W_y must have shape (H, K) = (2, K), got (3, 1).
      H=2 comes from h (..., H) = (1, 2).
    """


class ArgumentError(ElmanError, ValueError):
    """An argument has a wrong value or type.

    Examples
    --------
    >>> from elman.network import Architecture
    >>> try:
    ...     Architecture(1, 1, cell="lstn")
    ... except ArgumentError as error:
    ...     print(error)
    Architecture: cell must be one of 'rnn', 'lstm', 'gru', got 'lstn'.
      Hint: did you mean 'lstm'?
    """


class DataError(ElmanError, ValueError):
    """A value inside the data cannot be used; the message names its position.

    Examples
    --------
    >>> from elman.reference import embedding_forward
    >>> try:
    ...     embedding_forward([0, 7], [[1.0], [2.0]])
    ... except DataError as error:
    ...     print(error)
    embedding_forward: indices[1] must be between 0 and V-1 = 1, got 7.
    """


class FileFormatError(ElmanError, ValueError):
    """A file is damaged, was not written by Elman, or needs a newer version; nothing was loaded from it.

    Examples
    --------
    >>> issubclass(FileFormatError, ValueError)
    True
    """


class UnsupportedError(ElmanError, ValueError):
    """The request makes sense, but this part of the library does not serve it; the message says which part does.

    Examples
    --------
    >>> issubclass(UnsupportedError, ValueError)
    True
    """


class InterchangeError(ElmanError, ValueError):
    """A model was converted, and the two libraries gave different results; the message says how far apart.

    Examples
    --------
    >>> issubclass(InterchangeError, ElmanError) and issubclass(InterchangeError, ValueError)
    True
    """


class MissingExtraError(ElmanError, ImportError):
    """A package that only a part of Elman needs is not installed; the message names the extra that installs it.

    Examples
    --------
    >>> issubclass(MissingExtraError, ElmanError) and issubclass(MissingExtraError, ImportError)
    True
    """


class TrainingError(ElmanError, RuntimeError):
    """The loss or the gradient stopped being finite; the message names the update.

    Examples
    --------
    >>> issubclass(TrainingError, RuntimeError)
    True
    """


class ElmanWarning(_Message, UserWarning):
    """Something is legal but probably not intended.

    Parameters
    ----------
    text : str
        The finding and its place.
    *remedies : Remedy
        The best first.

    Examples
    --------
    >>> issubclass(ElmanWarning, UserWarning)
    True
    """

    def __init__(self, text: str = "", *remedies: Remedy) -> None:
        super().__init__(text, *remedies)


class ConvergenceWarning(ElmanWarning):
    """A training ended while its loss still fell, or raised its loss.

    Examples
    --------
    >>> issubclass(ConvergenceWarning, ElmanWarning)
    True
    """
