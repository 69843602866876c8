"""A fitted language model as arrays and plain metadata, and back, checked field by field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import FileFormatError
from elman.estimators import optimizer_arrays, take_optimizer_state, values_of
from elman.network import Architecture, Network
from elman.persistence.models import check_layers, check_names, under_new_names
from elman.text.fitted import Fitted
from elman.text.measures import Measures
from elman.text.options import Size, architecture_of, vocabulary_size
from elman.text.parameters import Parameters
from elman.text.tokenization import FORMER_NAMES, MOST_CHARACTERS, MOST_TOKENS, Vocabulary
from elman.training import History

__all__ = ["from_file", "to_file"]

Arrays = dict[str, npt.NDArray[Any]]

_KEYS = {"architecture", "vocabulary", "size", "updates", "seed", "validation"}
_SIZE = {"hidden_size", "embedding_size", "steps", "batch_size", "epochs"}
_MOST_BYTES = 4 * MOST_CHARACTERS + MOST_TOKENS
_BETWEEN = b"\xff"  # separator of texts; this byte never occurs in UTF-8


def to_file(fitted: Fitted) -> tuple[Arrays, dict[str, Any]]:
    """Return a fitted value as arrays and plain metadata."""
    vocabulary = fitted.vocabulary
    arrays = {"theta": fitted.network.theta, "vocabulary.tokens": _packed(vocabulary.tokens)}
    if vocabulary.unit == "bpe":
        arrays["vocabulary.merges"] = _packed(" ".join(pair) for pair in vocabulary.merges)
    return arrays | optimizer_arrays([] if fitted.state is None else [fitted.state]), {
        "architecture": fitted.network.architecture.to_dict(),
        "vocabulary": {"unit": vocabulary.unit, "normalization": vocabulary.normalization},
        "size": {name: getattr(fitted.size, name) for name in sorted(_SIZE)},
        "updates": fitted.updates,
        "seed": fitted.seed,
        "validation": None if fitted.validation is None else asdict(fitted.validation),
    }


def _packed(texts: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Return texts as one array of bytes."""
    return np.frombuffer(_BETWEEN.join(text.encode() for text in texts), np.uint8).copy()


def _unpacked(array: npt.NDArray[Any]) -> list[str]:
    """Return the texts of an array of bytes; number and length are checked first."""
    if array.dtype != np.uint8 or array.ndim != 1 or len(array) > _MOST_BYTES:
        raise FileFormatError(f"texts must be at most {_MOST_BYTES} bytes in a row")
    joined = array.tobytes()
    if joined.count(_BETWEEN) >= MOST_TOKENS:
        raise FileFormatError(f"a vocabulary has at most {MOST_TOKENS} tokens")
    return [text.decode() for text in joined.split(_BETWEEN)] if joined else []


def from_file(parameters: Parameters, arrays: Arrays, metadata: dict[str, Any]) -> Fitted:
    """Rebuild a fitted value from a file's contents and its checked parameters."""
    check_names("fields", set(metadata), _KEYS)
    size, vocabulary = _size(metadata["size"]), _vocabulary(parameters, arrays, metadata["vocabulary"])
    architecture = Architecture.from_dict(metadata["architecture"])
    if architecture != architecture_of(parameters, size, len(vocabulary)):
        raise FileFormatError("the architecture does not follow from the parameters")
    check_layers(architecture.num_layers)
    theta = arrays["theta"]
    if theta.dtype != np.dtype(parameters.dtype):
        raise FileFormatError(f"theta must be {parameters.dtype}")
    updates = _check.positive_integer("metadata", "updates", metadata["updates"])
    seed = _check.integer("metadata", "seed", metadata["seed"], 0, 2**32)
    states = take_optimizer_state(arrays, parameters.optimizer, theta[np.newaxis], [seed], updates)
    check_names("arrays", set(arrays), {"theta"})
    return Fitted(
        network=Network(architecture, theta),
        vocabulary=vocabulary,
        history=History(),
        updates=updates,
        size=size,
        seed=seed,
        parameters=values_of(parameters),
        validation=_validation(metadata["validation"], parameters.unit),
        state=states[0] if states else None,
    )


def _vocabulary(parameters: Parameters, arrays: Arrays, known: dict[str, Any]) -> Vocabulary:
    """Rebuild the vocabulary, which must fit the parameters, and remove its arrays."""
    known = under_new_names(known, FORMER_NAMES)
    if "tokens" not in known:  # early files have tokens and merges there
        check_names("vocabulary fields", set(known), {"unit", "normalization"})
        merges = _unpacked(arrays.pop("vocabulary.merges")) if known["unit"] == "bpe" else []
        known = known | {"tokens": _unpacked(arrays.pop("vocabulary.tokens")), "merges": merges}
    vocabulary = Vocabulary.from_dict(known)
    if (vocabulary.unit, vocabulary.normalization) != (parameters.unit, parameters.normalization):
        raise FileFormatError("the vocabulary does not fit the parameters")
    if len(vocabulary) > vocabulary_size(parameters):
        raise FileFormatError("the vocabulary is larger than the parameters allow")
    return vocabulary


def _size(values: dict[str, Any]) -> Size:
    check_names("size fields", set(values), _SIZE)
    for name in _SIZE:
        if not (name == "embedding_size" and values[name] is None):
            _check.positive_integer("size", name, values[name])
    return Size(**values)


def _validation(values: dict[str, Any] | None, unit: str) -> Measures | None:
    """Rebuild the metrics of the held-out end of the text."""
    if values is None:
        return None
    values = {"words": None} | under_new_names(values, FORMER_NAMES)
    check_names("validation fields", set(values), {field.name for field in fields(Measures)})
    if values["unit"] != unit:
        raise FileFormatError("the validation is of another unit")
    for name in ("tokens", "characters", "unknown", "line_ends"):
        _check.integer("validation", name, values[name], 1 if name == "tokens" else 0)
    if values["words"] is not None:
        _check.integer("validation", "words", values["words"], 0)
    _check.number_in("validation", "nats", values["nats"], "[0, inf)")
    return Measures(**values)
