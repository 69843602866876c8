"""Parameters that several estimators have, described once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["documented"]

Class = TypeVar("Class", bound=type)

_COMMON = """random_state : int, RandomState or None
        The same integer gives the same bits, whatever the number of threads.
    n_threads : int or None
        Threads; None leaves it to ``ELMAN_NUM_THREADS``, ``OMP_NUM_THREADS`` and the machine.
    progress : bool
        Whether to show progress when it takes longer than two seconds."""


def documented(**texts: str) -> Callable[[Class], Class]:
    """Put texts in the place of their names in braces in the docstring of an estimator.

    ``{common}`` stands for ``random_state``, ``n_threads`` and ``progress``, which all estimators have.

    Parameters
    ----------
    **texts
        By name; they may have ``{common}`` in them.

    Examples
    --------
    >>> @documented(extra="more.")
    ... class Model:
    ...     "A model with {extra}"
    >>> Model.__doc__
    'A model with more.'
    """

    def decorate(cls: Class) -> Class:
        text = cls.__doc__ or ""
        for name, replacement in {**texts, "common": _COMMON}.items():
            text = text.replace(f"{{{name}}}", replacement)
        cls.__doc__ = text
        return cls

    return decorate
