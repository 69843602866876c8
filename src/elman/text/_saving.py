"""A fitted language model as arrays and plain metadata, and back, checked field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import FileFormatError
from elman.network import Architecture, Network
from elman.persistence.models import SavedModel
from elman.text._options import Size, architecture_of, check_parameters, vocabulary_size
from elman.text.measures import Measures
from elman.text.tokenization import Vocabulary
from elman.training import History

__all__ = ["Saving"]

Arrays = dict[str, npt.NDArray[Any]]

_KEYS = {"kind", "parameters", "architecture", "vocabulary", "size", "updates", "seed", "validation"}
_SIZE = {"hidden_size", "embedding_size", "steps", "batch_size", "epochs"}
_MOST_LAYERS = 1000


class Saving(SavedModel):
    """What `LanguageModel` has to do with files."""

    _kind: ClassVar[str] = "language-model"
    _check_fitted: Callable[[str], None]

    def to_arrays(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Describe the fitted model by arrays and plain metadata, as `save` writes them."""
        self._check_fitted("to_arrays")
        return _to_file(self)

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]], metadata: dict[str, Any]) -> Self:
        """Rebuild a model from `to_arrays`.

        Raises
        ------
        FileFormatError
            If anything is missing, unknown or does not fit the rest.
        """
        model = cls()
        _from_file(model, arrays, metadata)
        return model


def _to_file(model: Any) -> tuple[Arrays, dict[str, Any]]:
    """Return what `elman.persistence.save_arrays` takes."""
    return {"theta": model.network_.theta}, {
        "kind": model._kind,
        "parameters": _plain_parameters(model),
        "architecture": model.network_.architecture.to_dict(),
        "vocabulary": model.vocabulary_.to_dict(),
        "size": {name: getattr(model.size_, name) for name in sorted(_SIZE)},
        "updates": model.updates_,
        "seed": model._seed,
        "validation": None if model.validation_ is None else asdict(model.validation_),
    }


def _plain_parameters(model: Any) -> dict[str, Any]:
    """Return the constructor's parameters as JSON values."""
    parameters: dict[str, Any] = model.get_params(deep=False)
    for name, value in parameters.items():
        if isinstance(value, np.generic):
            parameters[name] = value.item()
        elif isinstance(value, np.random.RandomState | np.random.Generator):
            parameters[name] = None  # it has been used up by fit
    return parameters


def _from_file(model: Any, arrays: Arrays, metadata: dict[str, Any]) -> None:
    """Fill an unfitted model from a file's contents."""
    try:
        _fill(model, arrays, metadata)
    except FileFormatError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise FileFormatError(f"this is no language model that Elman wrote: {error}") from error


def _fill(model: Any, arrays: Arrays, metadata: dict[str, Any]) -> None:
    _same("fields", set(metadata), _KEYS)
    _same("arrays", set(arrays), {"theta"})
    _same("parameters", set(metadata["parameters"]), set(model.get_params(deep=False)))
    model.set_params(**metadata["parameters"])
    check_parameters("parameters", model)
    size = _size(metadata["size"])
    vocabulary = Vocabulary.from_dict(metadata["vocabulary"])
    if (vocabulary.level, vocabulary.normalization) != (model.level, model.normalization):
        raise FileFormatError("the vocabulary does not fit the parameters")
    if len(vocabulary) > vocabulary_size(model):
        raise FileFormatError("the vocabulary is larger than the parameters allow")
    architecture = Architecture.from_dict(metadata["architecture"])
    if architecture != architecture_of(model, size, len(vocabulary)):
        raise FileFormatError("the architecture does not follow from the parameters")
    if architecture.num_layers > _MOST_LAYERS:  # a layout lists every layer before its size can be compared with theta
        raise FileFormatError(f"num_layers is {architecture.num_layers}, at most {_MOST_LAYERS} can be loaded")
    if arrays["theta"].dtype != np.dtype(model.dtype):
        raise FileFormatError(f"theta must be {model.dtype}")
    model.updates_ = _check.positive_integer("metadata", "updates", metadata["updates"])
    model._seed, model._state = _check.integer("metadata", "seed", metadata["seed"], 0, 2**32), None
    model.network_ = Network(architecture, arrays["theta"])
    model.vocabulary_, model.size_ = vocabulary, size
    model.history_, model.validation_ = History(), _validation(metadata["validation"], model.level)


def _size(values: dict[str, Any]) -> Size:
    _same("size fields", set(values), _SIZE)
    for name in _SIZE:
        if not (name == "embedding_size" and values[name] is None):
            _check.positive_integer("size", name, values[name])
    return Size(**values)


def _validation(values: dict[str, Any] | None, level: str) -> Measures | None:
    """Rebuild what the model reached on the end of its text."""
    if values is None:
        return None
    _same("validation fields", set(values), {field.name for field in fields(Measures)})
    if values["level"] != level:
        raise FileFormatError("the validation is that of another level")
    for name in ("tokens", "characters", "unknown", "line_ends"):
        _check.integer("validation", name, values[name], 1 if name == "tokens" else 0)
    _check.number_in("validation", "nats", values["nats"], "[0, inf)")
    return Measures(**values)


def _same(what: str, found: set[str], wanted: set[str]) -> None:
    if found != wanted:
        raise FileFormatError(f"{what} missing or unknown: {', '.join(sorted(found ^ wanted))}")
