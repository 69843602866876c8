"""Checks of a model file's contents before its objects are built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt

from elman._words import in_use
from elman.errors import ElmanError, FileFormatError, Remedy

__all__ = [
    "LARGEST_WEIGHT",
    "check_layers",
    "check_members",
    "check_names",
    "check_weights",
    "content_errors",
    "under_new_names",
    "wrong_kind",
]

_MOST_LAYERS = 1000
_MOST_MEMBERS = 1000
LARGEST_WEIGHT = 1e18  # sums of products of two stay within float32 for any layer
_CONTENT_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


_IN_PYTHON = "elman.load in Python"
_KINDS = {  # what a message calls the models of files, and what reads them
    "forecaster": ("a forecaster", "elman predict"),
    "network": ("a network", _IN_PYTHON),
    "classifier": ("a classifier", "elman classify"),
    "regressor": ("a regressor of sequences", _IN_PYTHON),
    "tagger": ("a tagger of sequences", _IN_PYTHON),
    "simple-method": ("a simple method", "elman classify"),
    "language-model": ("a language model", "elman text"),
    "prior": ("a prior", _IN_PYTHON),
}


def wrong_kind(path: object, found: Any, wanted: str) -> FileFormatError:
    """Return the error about a file that holds another kind of model; in a command it says what reads the file.

    Examples
    --------
    >>> print(wrong_kind("my.model", "tagger", "forecaster"))
    my.model: holds a tagger of sequences, not a forecaster.
    """
    known = isinstance(found, str) and found in _KINDS
    named, reader = _KINDS[found] if known else (f"a {found!r:.60}", "")
    remedies = [Remedy(f"read it with {reader}")] if known and in_use() is not None else []
    return FileFormatError(f"{path}: holds {named}, not {_KINDS[wanted][0]}.", *remedies)


@contextmanager
def content_errors(kind: str) -> Iterator[None]:
    """Convert exceptions from invalid content to a `FileFormatError`.

    Examples
    --------
    >>> with content_errors("network"):
    ...     {}["theta"]
    Traceback (most recent call last):
        ...
    elman.errors.FileFormatError: this is no network that Elman wrote: KeyError: 'theta'
    """
    try:
        yield
    except FileFormatError:
        raise
    except _CONTENT_ERRORS as error:
        what = str(error) if isinstance(error, ElmanError) else f"{type(error).__name__}: {error!s:.200}"
        raise FileFormatError(f"this is no {kind} that Elman wrote: {what}") from error


def check_members(theta: npt.NDArray[Any]) -> None:
    """Refuse more than 1,000 networks before their objects are built."""
    if theta.ndim > 1 and len(theta) > _MOST_MEMBERS:
        raise FileFormatError(f"theta holds {len(theta)} networks, at most {_MOST_MEMBERS} can be loaded")


def check_weights(theta: npt.NDArray[Any], limit: float = LARGEST_WEIGHT) -> None:
    """Refuse weights that are so large that a network may return NaN.

    Examples
    --------
    >>> import numpy as np
    >>> check_weights(np.array([1.0, -3e38]))
    Traceback (most recent call last):
        ...
    elman.errors.FileFormatError: theta has a weight of -3e+38, at most 1e+18 in size can be loaded
    """
    for most in (theta.max(initial=0), theta.min(initial=0)):
        if not abs(most) <= limit:
            raise FileFormatError(f"theta has a weight of {most:.6g}, at most {limit:.0e} in size can be loaded")


def check_names(what: str, found: set[str], wanted: set[str]) -> None:
    """Refuse a file with missing or unknown names.

    Examples
    --------
    >>> check_names("fields", {"theta", "phi"}, {"theta", "psi"})
    Traceback (most recent call last):
        ...
    elman.errors.FileFormatError: fields missing or unknown: phi, psi
    """
    if found != wanted:
        names = [f"{name:.40}" for name in sorted(found ^ wanted)]
        raise FileFormatError(f"{what} missing or unknown: {', '.join(names[:10])}{', ...' if names[10:] else ''}")


def under_new_names(fields: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a file, those of an older version under the names of today.

    Examples
    --------
    >>> under_new_names({"n_seeds": 5, "steps": 96}, {"n_seeds": "ensemble_size"})
    {'ensemble_size': 5, 'steps': 96}
    """
    fields_now = {renamed.get(name, name): value for name, value in fields.items()}
    if len(fields_now) < len(fields):
        raise FileFormatError(f"{', '.join(sorted(renamed.keys() & fields))}: given under the new name too")
    return fields_now


def check_layers(num_layers: int) -> None:
    """Refuse more than 1,000 layers before a list of them is built."""
    if num_layers > _MOST_LAYERS:
        raise FileFormatError(f"num_layers is {num_layers}, at most {_MOST_LAYERS} can be loaded")
