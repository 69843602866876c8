"""A fitted language model as arrays and plain metadata, and back, checked field by field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import FileFormatError
from elman.network import Architecture, Network
from elman.persistence.models import SavedModel, check_layers, check_names, plain_parameters
from elman.text._options import Size, architecture_of, check_parameters, check_unchanged, vocabulary_size
from elman.text.measures import Measures
from elman.text.tokenization import MOST_CHARACTERS, MOST_TOKENS, Vocabulary
from elman.training import History
from elman.training.optimizer_state import optimizer_arrays, take_optimizer_state

__all__ = ["Saving"]

Arrays = dict[str, npt.NDArray[Any]]

_KEYS = {"kind", "parameters", "architecture", "vocabulary", "size", "updates", "seed", "validation"}
_SIZE = {"hidden_size", "embedding_size", "steps", "batch_size", "epochs"}
_MOST_BYTES = 4 * MOST_CHARACTERS + MOST_TOKENS
_BETWEEN = b"\xff"  # stands between the texts of an array; UTF-8 never has this byte


class Saving(SavedModel):
    """What `LanguageModel` has to do with files."""

    _kind: ClassVar[str] = "language-model"

    def _contents(self) -> tuple[Arrays, dict[str, Any]]:
        return _to_file(self)

    def _restore(self, arrays: Arrays, metadata: dict[str, Any]) -> None:
        _from_file(self, arrays, metadata)


def _to_file(model: Any) -> tuple[Arrays, dict[str, Any]]:
    """Return what `elman.persistence.save_arrays` takes."""
    check_parameters("LanguageModel.save", model)
    check_unchanged("LanguageModel.save", model)
    vocabulary, states = model.vocabulary_, [] if model._state is None else [model._state]
    arrays = {"theta": model.network_.theta, "vocabulary.tokens": _packed(vocabulary.tokens)}
    if vocabulary.level == "bpe":
        arrays["vocabulary.merges"] = _packed(" ".join(pair) for pair in vocabulary.merges)
    return arrays | optimizer_arrays(states, model.optimizer), {
        "kind": model._kind,
        "parameters": plain_parameters(model.get_params(deep=False)),
        "architecture": architecture_of(model, model.size_, len(vocabulary)).to_dict(),
        "vocabulary": {"level": vocabulary.level, "normalization": vocabulary.normalization},
        "size": {name: getattr(model.size_, name) for name in sorted(_SIZE)},
        "updates": model.updates_,
        "seed": model._seed,
        "validation": None if model.validation_ is None else asdict(model.validation_),
    }


def _packed(texts: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Return texts as one array of bytes."""
    return np.frombuffer(_BETWEEN.join(text.encode() for text in texts), np.uint8).copy()


def _unpacked(array: npt.NDArray[Any]) -> list[str]:
    """Return the texts again, which are counted and measured before there is an object for each."""
    if array.dtype != np.uint8 or array.ndim != 1 or len(array) > _MOST_BYTES:
        raise FileFormatError(f"texts must be at most {_MOST_BYTES} bytes in a row")
    joined = array.tobytes()
    if joined.count(_BETWEEN) >= MOST_TOKENS:
        raise FileFormatError(f"a vocabulary has at most {MOST_TOKENS} tokens")
    return [text.decode() for text in joined.split(_BETWEEN)] if joined else []


def _from_file(model: Any, arrays: Arrays, metadata: dict[str, Any]) -> None:
    """Fill an unfitted model from a file's contents."""
    check_names("fields", set(metadata), _KEYS)
    check_names("parameters", set(metadata["parameters"]), set(model.get_params(deep=False)))
    model.set_params(**metadata["parameters"])
    check_parameters("parameters", model)
    size, vocabulary = _size(metadata["size"]), _vocabulary(model, arrays, metadata["vocabulary"])
    architecture = Architecture.from_dict(metadata["architecture"])
    if architecture != architecture_of(model, size, len(vocabulary)):
        raise FileFormatError("the architecture does not follow from the parameters")
    check_layers(architecture.num_layers)
    theta = arrays["theta"]
    if theta.dtype != np.dtype(model.dtype):
        raise FileFormatError(f"theta must be {model.dtype}")
    model.updates_ = _check.positive_integer("metadata", "updates", metadata["updates"])
    model._seed = _check.integer("metadata", "seed", metadata["seed"], 0, 2**32)
    states = take_optimizer_state(arrays, model.optimizer, theta[np.newaxis], [model._seed], model.updates_)
    check_names("arrays", set(arrays), {"theta"})
    model.network_, model._state = Network(architecture, theta), states[0] if states else None
    model.vocabulary_, model.size_ = vocabulary, size
    model.history_, model.validation_ = History(), _validation(metadata["validation"], model.level)


def _vocabulary(model: Any, arrays: Arrays, known: dict[str, Any]) -> Vocabulary:
    """Rebuild the vocabulary, which must fit the parameters; its arrays are taken out."""
    if "tokens" not in known:  # the first files had tokens and merges there, where only short vocabularies fit
        check_names("vocabulary fields", set(known), {"level", "normalization"})
        merges = _unpacked(arrays.pop("vocabulary.merges")) if known["level"] == "bpe" else []
        known = known | {"tokens": _unpacked(arrays.pop("vocabulary.tokens")), "merges": merges}
    vocabulary = Vocabulary.from_dict(known)
    if (vocabulary.level, vocabulary.normalization) != (model.level, model.normalization):
        raise FileFormatError("the vocabulary does not fit the parameters")
    if len(vocabulary) > vocabulary_size(model):
        raise FileFormatError("the vocabulary is larger than the parameters allow")
    return vocabulary


def _size(values: dict[str, Any]) -> Size:
    check_names("size fields", set(values), _SIZE)
    for name in _SIZE:
        if not (name == "embedding_size" and values[name] is None):
            _check.positive_integer("size", name, values[name])
    return Size(**values)


def _validation(values: dict[str, Any] | None, level: str) -> Measures | None:
    """Rebuild what the model reached on the end of its text."""
    if values is None:
        return None
    check_names("validation fields", set(values), {field.name for field in fields(Measures)})
    if values["level"] != level:
        raise FileFormatError("the validation is that of another level")
    for name in ("tokens", "characters", "unknown", "line_ends"):
        _check.integer("validation", name, values[name], 1 if name == "tokens" else 0)
    _check.number_in("validation", "nats", values["nats"], "[0, inf)")
    return Measures(**values)
