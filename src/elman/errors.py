"""Every exception and warning that Elman raises on purpose, and `visible`, which shows text from files safely.

The tree::

    Exception
    └── ElmanError
        ├── ShapeError         (also ValueError)    sizes of arrays disagree
        ├── ArgumentError      (also ValueError)    an argument has a wrong value or type
        ├── DataError          (also ValueError)    a value inside the data cannot be used
        ├── FileFormatError    (also ValueError)    a file is damaged, foreign or too new
        ├── UnsupportedError   (also ValueError)    a legal request that this part cannot serve
        ├── InterchangeError   (also ValueError)    another library disagrees about a converted model
        └── TrainingError      (also RuntimeError)  a loss or gradient stopped being finite
    UserWarning
    └── ElmanWarning                                legal, but probably not what was meant

``except ElmanError`` catches everything of ours; ``except ValueError`` keeps working for who knows nothing of Elman.
"""

from __future__ import annotations

import re

__all__ = [
    "ArgumentError",
    "DataError",
    "ElmanError",
    "ElmanWarning",
    "FileFormatError",
    "InterchangeError",
    "ShapeError",
    "TrainingError",
    "UnsupportedError",
    "visible",
]

# Controls but for line end and tab, separators of lines, what turns the direction of writing, halves of pairs.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Return a text that a terminal shows as it is: signs that would command the terminal stand as their escapes.

    Names from files and models may hold any signs. Every message of an exception or warning here, and all that the
    command prints, goes through this function.

    Examples
    --------
    >>> print(visible("\x1b[2J" + "a name"))
    \x1b[2Ja name
    """
    return _UNSEEN.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


class ElmanError(Exception):
    """Base of every exception that Elman raises on purpose.

    Examples
    --------
    >>> issubclass(ShapeError, ElmanError) and issubclass(ShapeError, ValueError)
    True
    """

    def __str__(self) -> str:
        """Return the message, every sign of which can be seen."""
        return visible(super().__str__())


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
    >>> from elman.reference import activation_forward
    >>> try:
    ...     activation_forward([1.0], "sigmoidal")
    ... except ArgumentError as error:
    ...     print(error)
    activation_forward: activation must be one of 'identity', 'tanh', 'relu', 'sigmoid', 'softmax', got 'sigmoidal'.
      Hint: did you mean 'sigmoid'?
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


class TrainingError(ElmanError, RuntimeError):
    """The loss or the gradient stopped being finite; the message names the update.

    Examples
    --------
    >>> issubclass(TrainingError, RuntimeError)
    True
    """


class ElmanWarning(UserWarning):
    """Something is legal but probably not what was meant.

    Examples
    --------
    >>> issubclass(ElmanWarning, UserWarning)
    True
    """

    def __str__(self) -> str:
        """Return the message, every sign of which can be seen."""
        return visible(super().__str__())
