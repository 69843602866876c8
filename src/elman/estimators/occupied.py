"""Readers–writer lock of estimators: several threads may predict, but none during a fit or an update."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from elman.errors import TrainingError

__all__ = ["changing", "reading"]

_LOCK = threading.Lock()
_READERS: dict[int, int] = {}  # id of the estimator: number of readers
_WRITERS: set[int] = set()


@contextmanager
def changing(place: str, estimator: object) -> Iterator[None]:
    """Lock an estimator for a change; no other thread may use it.

    Parameters
    ----------
    place : str
        Start of a message.
    estimator : object
        Estimator that changes.

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
    """Lock an estimator for reading, shared by all readers; arguments and errors are those of `changing`.

    Parameters
    ----------
    place, estimator
        See `changing`.

    Examples
    --------
    >>> model = object()
    >>> with reading("predict", model), reading("predict", model):
    ...     pass
    """
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
