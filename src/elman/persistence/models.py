"""What every estimator does with files, once it can describe itself by arrays and plain metadata."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError, ElmanError, FileFormatError
from elman.persistence import load_arrays, save_arrays

__all__ = [
    "LARGEST_WEIGHT",
    "SavedModel",
    "check_layers",
    "check_members",
    "check_names",
    "check_weights",
    "content_errors",
    "plain_parameters",
]

_MOST_LAYERS = 1000
_MOST_MEMBERS = 1000
LARGEST_WEIGHT = 1e18  # products of two, summed over any layer, stay inside float32
_CONTENT_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


class SavedModel:
    """Base of an estimator that is saved to one file and loaded from it.

    A subclass has `_check_fitted`, `_contents` and `_restore`.

    Attributes
    ----------
    _kind : str
        What the file says it holds.
    """

    _kind: ClassVar[str]

    def _check_fitted(self, method: str) -> None:
        """Refuse a model that is not fitted."""
        raise NotImplementedError

    def _contents(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Return what `elman.persistence.save_arrays` takes."""
        raise NotImplementedError

    def _restore(self, arrays: dict[str, npt.NDArray[Any]], metadata: dict[str, Any]) -> None:
        """Fill an unfitted model from `_contents`, checking every part; any error says that the file is damaged."""
        raise NotImplementedError

    @classmethod
    def _unfitted(cls) -> Self:
        return cls()

    def to_arrays(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Describe the fitted model by arrays and plain metadata, as `save` writes them."""
        self._check_fitted("to_arrays")
        return self._contents()

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]], metadata: dict[str, Any]) -> Self:
        """Rebuild a model from `to_arrays`.

        Raises
        ------
        FileFormatError
            If anything is missing, unknown, of a wrong type or does not fit the rest.
        """
        model = cls._unfitted()
        with content_errors(cls._kind):
            if "theta" in arrays:
                check_members(arrays["theta"])
                check_weights(arrays["theta"])
            _check_parameters(metadata)
            model._restore(dict(arrays), metadata)
        return model

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to one file, nothing executable.

        Parameters
        ----------
        path : str or path
            An existing file is replaced, or left as it was if anything goes wrong.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ArgumentError
            If parameters were changed after `fit`, so that the file could not be read again.
        OSError
            If the operating system refuses.
        """
        arrays, metadata = self.to_arrays()
        try:
            self.from_arrays(arrays, metadata)
        except FileFormatError as error:
            raise ArgumentError(
                f"{type(self).__name__}.save: a file of this could not be read again: {error}.\n"
                "  Hint: parameters that were changed after fit must be set back, or fit again."
            ) from error
        save_arrays(path, arrays, metadata)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model from a file of `save`; it predicts the same bits.

        Parameters
        ----------
        path : str or path
            The file.

        Raises
        ------
        FileFormatError
            If the file is damaged or holds something else.
        """
        arrays, metadata = load_arrays(path)
        kind = metadata.get("kind")
        if kind != cls._kind:
            raise FileFormatError(f"{os.fspath(path)}: holds a {kind!r:.60}, not a {cls._kind}.")
        try:
            return cls.from_arrays(arrays, metadata)
        except ElmanError as error:
            raise FileFormatError(f"{os.fspath(path)}: {error}") from error


@contextmanager
def content_errors(kind: str) -> Iterator[None]:
    """Turn whatever absurd content raises into a `FileFormatError`.

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


def _check_parameters(metadata: dict[str, Any]) -> None:
    """Refuse parameters that would be used only later, by a next fit or prediction."""
    parameters = metadata["parameters"]
    if parameters["n_threads"] is not None:
        _check.thread_count("parameters", parameters["n_threads"])
    _check.random_state("parameters", parameters["random_state"])


def check_members(theta: npt.NDArray[Any]) -> None:
    """Refuse more networks than anybody trains, before there is an object for each."""
    if theta.ndim > 1 and len(theta) > _MOST_MEMBERS:
        raise FileFormatError(f"theta holds {len(theta)} networks, at most {_MOST_MEMBERS} can be loaded")


def check_weights(theta: npt.NDArray[Any], limit: float = LARGEST_WEIGHT) -> None:
    """Refuse weights so large that a network of them may answer NaN.

    Examples
    --------
    >>> check_weights(np.array([1.0, -3e38]))
    Traceback (most recent call last):
        ...
    elman.errors.FileFormatError: theta has a weight of -3e+38, at most 1e+18 in size can be loaded
    """
    for most in (theta.max(initial=0), theta.min(initial=0)):
        if not abs(most) <= limit:
            raise FileFormatError(f"theta has a weight of {most:.6g}, at most {limit:.0e} in size can be loaded")


def check_names(what: str, found: set[str], wanted: set[str]) -> None:
    """Refuse a file whose names are not exactly those that are expected.

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


def check_layers(num_layers: int) -> None:
    """Refuse a number of layers that would be listed, one by one, before their size is compared with the file's."""
    if num_layers > _MOST_LAYERS:
        raise FileFormatError(f"num_layers is {num_layers}, at most {_MOST_LAYERS} can be loaded")


def plain_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a constructor's parameters as JSON values, as far as NumPy is concerned.

    Examples
    --------
    >>> plain_parameters({"epochs": np.int64(3), "season": np.array([7, 14]), "random_state": np.random.RandomState(0)})
    {'epochs': 3, 'season': [7, 14], 'random_state': None}
    """
    plain = dict(parameters)
    for name, value in plain.items():
        if isinstance(value, np.generic):
            plain[name] = value.item()
        elif isinstance(value, np.ndarray):
            plain[name] = value.tolist()
        elif isinstance(value, np.random.RandomState | np.random.Generator):
            plain[name] = None  # it has been used up by fit
    return plain
