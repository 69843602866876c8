"""Parameters that several estimators have, described once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["documented"]

Class = TypeVar("Class", bound=type)

_COMMON = """random_state : int, RandomState or None
        The same integer gives the same bits, whatever the number of threads.
    n_threads : int or None
        Threads; None uses ``ELMAN_NUM_THREADS``, else ``OMP_NUM_THREADS``, else the CPUs of this process
        (its affinity and the limit of its container).
    progress : bool
        Whether to show progress if it takes more than two seconds."""


def documented(**texts: str) -> Callable[[Class], Class]:
    """Replace names in braces in the docstring of an estimator with texts.

    ``{common}`` stands for ``random_state``, ``n_threads`` and ``progress``, which all estimators have.

    Parameters
    ----------
    **texts
        By name; they may contain ``{common}``.

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
