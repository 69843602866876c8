"""Who is using an estimator now: any number of threads may predict, but nobody while it is fitted or updated."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from elman.errors import TrainingError

__all__ = ["changing", "reading", "untouched"]

_LOCK = threading.Lock()
_READERS: dict[int, int] = {}  # by id of the object: how many read it
_WRITERS: set[int] = set()


@contextmanager
def changing(place: str, estimator: object) -> Iterator[None]:
    """Let nobody else in while the estimator changes.

    Parameters
    ----------
    place : str
        Start of a message.
    estimator : object
        What changes.

    Raises
    ------
    TrainingError
        If another thread uses it.

    Examples
    --------
    >>> model = object()
    >>> with changing("fit", model), reading("predict", model):
    ...     pass
    Traceback (most recent call last):
        ...
    elman.errors.TrainingError: predict: another thread is changing this estimator; wait for it, or predict with a copy.
    """
    key = id(estimator)
    with _LOCK:
        if key in _WRITERS or _READERS.get(key):
            raise TrainingError(f"{place}: another thread is using this estimator; wait for it, or fit a clone.")
        _WRITERS.add(key)
    try:
        yield
    finally:
        with _LOCK:
            _WRITERS.discard(key)


@contextmanager
def reading(place: str, estimator: object) -> Iterator[None]:
    """Keep the estimator as it is while it is read; parameters and errors are those of `changing`."""
    key = id(estimator)
    with _LOCK:
        if key in _WRITERS:
            raise TrainingError(
                f"{place}: another thread is changing this estimator; wait for it, or predict with a copy."
            )
        _READERS[key] = _READERS.get(key, 0) + 1
    try:
        yield
    finally:
        with _LOCK:
            _READERS[key] -= 1
            if not _READERS[key]:
                del _READERS[key]


@contextmanager
def untouched(estimator: object, fitted: str = "networks_") -> Iterator[None]:
    """Put every attribute of an estimator back if what is done within fails before it is fitted anew.

    Parameters
    ----------
    estimator : object
        Nobody else may change it meanwhile; see `changing`.
    fitted : str
        Attribute that a new fit replaces. An interrupted fit that has set it has its other attributes too.

    Examples
    --------
    >>> class Model: pass
    >>> model = Model()
    >>> model.networks_, model.channels = ["a network"], 3
    >>> try:
    ...     with untouched(model):
    ...         model.channels, model.names = 5, ["a"]
    ...         raise ValueError("y is too short")
    ... except ValueError:
    ...     print(vars(model))
    {'networks_': ['a network'], 'channels': 3}
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        now = vars(estimator)
        if now.get(fitted) is before.get(fitted):
            for name in [name for name in now if name not in before]:
                delattr(estimator, name)
            for name, value in before.items():
                if now.get(name) is not value:
                    setattr(estimator, name, value)
        raise
