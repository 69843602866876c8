"""Saving and loading of every estimator whose fitted value is described by arrays and plain metadata."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy.typing as npt

from elman.errors import ArgumentError, FileFormatError
from elman.estimators.checks import values_of
from elman.estimators.fitted import FittedEstimator, Value
from elman.network import Architecture
from elman.network.quantization import COMPACT, compact, expand
from elman.persistence import load_arrays, save_arrays
from elman.persistence.models import (
    check_members,
    check_names,
    check_weights,
    content_errors,
    under_new_names,
    wrong_kind,
)

__all__ = ["Arrays", "Estimator"]

Arrays = dict[str, npt.NDArray[Any]]


class Estimator(FittedEstimator[Value]):
    """Base of every estimator: its table of parameters, its fitted value, and files.

    Attributes
    ----------
    _kind : str
        The kind of model that a file names.
    _renamed : dict
        Parameters of older files and their names of today.

    Examples
    --------
    >>> import tempfile
    >>> from elman import SequenceRegressor
    >>> model = SequenceRegressor(updates=3, ensemble_size=1).fit([[1.0], [2.0]], [1.0, 2.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(f"{folder}/model")
    ...     bool((SequenceRegressor.load(f"{folder}/model").predict([[3.0]]) == model.predict([[3.0]])).all())
    True
    """

    _kind: ClassVar[str]
    _renamed: ClassVar[dict[str, str]] = {"n_seeds": "ensemble_size"}

    @abstractmethod
    def _check(self, place: str) -> None:
        """Refuse invalid parameters and invalid combinations."""

    @abstractmethod
    def _described(self, fitted: Value) -> tuple[Arrays, dict[str, Any]]:
        """Return a fitted value as arrays and plain metadata; kind and parameters are added here."""

    @abstractmethod
    def _rebuilt(self, arrays: Arrays, metadata: dict[str, Any]) -> Value:
        """Rebuild the value of `_described` and check every part; any error means a damaged file."""

    def to_arrays(self) -> tuple[Arrays, dict[str, Any]]:
        """Describe the fitted model by arrays and plain metadata, as `save` writes them."""
        return self._contents("to_arrays")

    def _contents(self, method: str) -> tuple[Arrays, dict[str, Any]]:
        with self._reading(method) as fitted:
            self._check(self._place(method))
            plain = {name: self._table[name].plain(value) for name, value in values_of(self).items()}
            arrays, metadata = self._described(fitted)
        return _without_theta(arrays, metadata), {"kind": self._kind, "parameters": plain, **metadata}

    @classmethod
    def from_arrays(cls, arrays: Arrays, metadata: dict[str, Any]) -> Self:
        """Rebuild a model from `to_arrays`.

        Raises
        ------
        FileFormatError
            If a part is missing, unknown, of a wrong type or inconsistent.
        """
        with content_errors(cls._kind):
            arrays = _with_theta(arrays, metadata)
            if "theta" in arrays:
                check_members(arrays["theta"])
                check_weights(arrays["theta"])
            own = dict(metadata)
            del own["kind"]
            model = cls(**cls._parsed(dict(own.pop("parameters"))))
            model._check("parameters")
            model._fitted = model._rebuilt(dict(arrays), own)
        return model

    @classmethod
    def _parsed(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the constructor's arguments from a file's parameters."""
        parameters = under_new_names(parameters, cls._renamed)
        check_names("parameters", set(parameters), set(cls._table))
        return {name: cls._table[name].parsed(value) for name, value in parameters.items()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to one file without executable content, for `elman.load`.

        Parameters
        ----------
        path : str or path
            An existing file is replaced, or unchanged after an error.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ArgumentError
            If a parameter was changed after `fit`, or a name cannot be stored.
        OSError
            If the file cannot be written.
        """
        arrays, metadata = self._contents("save")
        try:
            self.from_arrays(arrays, metadata)
        except FileFormatError as error:
            raise ArgumentError(f"{self._place('save')}: a file of this could not be read again: {error}.") from error
        save_arrays(path, arrays, metadata)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Load a model from a file of `save`; its predictions have the same bits.

        Parameters
        ----------
        path : str or path
            The file.

        Raises
        ------
        FileFormatError
            If the file is damaged or holds another kind of model.
        """
        arrays, metadata = load_arrays(path)
        kind = metadata.get("kind")
        if kind != cls._kind:
            raise wrong_kind(os.fspath(path), kind, cls._kind)
        try:
            return cls.from_arrays(arrays, metadata)
        except FileFormatError as error:
            raise FileFormatError(f"{os.fspath(path)}: {error}") from error


def _without_theta(arrays: Arrays, metadata: dict[str, Any]) -> Arrays:
    """Return the arrays for a file, quantized parameters as 8 bits and scales."""
    if "theta" not in arrays or "architecture" not in metadata:
        return arrays
    found = compact(Architecture.from_dict(metadata["architecture"]), arrays["theta"])
    return arrays if found is None else found | {name: array for name, array in arrays.items() if name != "theta"}


def _with_theta(arrays: Arrays, metadata: dict[str, Any]) -> Arrays:
    """Return the arrays of a file, parameters of 8 bits as those that they stand for."""
    if COMPACT[0] not in arrays:
        return arrays
    if "theta" in arrays:
        raise FileFormatError("theta and theta.int8 are both given")
    theta = expand(Architecture.from_dict(metadata["architecture"]), arrays)
    return {"theta": theta} | {name: array for name, array in arrays.items() if name not in COMPACT}
