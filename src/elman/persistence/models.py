"""What every estimator does with files, once it can describe itself by arrays and plain metadata."""

from __future__ import annotations

import os
from typing import Any, ClassVar, Self

import numpy.typing as npt

from elman.errors import ElmanError, FileFormatError
from elman.persistence import load_arrays, save_arrays

__all__ = ["SavedModel"]


class SavedModel:
    """Base of an estimator that is saved to one file and loaded from it.

    Attributes
    ----------
    _kind : str
        What the file says it holds.
    """

    _kind: ClassVar[str]

    def to_arrays(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Describe the fitted model by arrays and plain metadata; refuse one that is not fitted."""
        raise NotImplementedError

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]], metadata: dict[str, Any]) -> Self:
        """Rebuild a model from `to_arrays`."""
        raise NotImplementedError

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
        OSError
            If the operating system refuses.
        """
        save_arrays(path, *self.to_arrays())

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
