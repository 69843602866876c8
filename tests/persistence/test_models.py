"""Saved models load unchanged; invalid content with a valid digest is refused at once."""

from __future__ import annotations

import contextlib
import copy
import signal
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman import (
    ArgumentError,
    FileFormatError,
    Forecaster,
    LanguageModel,
    Network,
    SequenceClassifier,
    SequenceRegressor,
    SequenceTagger,
    load,
)
from elman.errors import ElmanError
from elman.persistence import dump_arrays, load_arrays
from elman.persistence.models import content_errors
from golden.models import GOLDEN, MODELS, STATES, answer

Arrays = dict[str, np.ndarray]
KINDS = ["forecaster", "network-lstm", "classifier", "regressor", "tagger", "language-model"]


@pytest.fixture(scope="module", params=KINDS)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A small saved model of every kind."""
    path = tmp_path_factory.mktemp("saved") / "model"
    MODELS[request.param]().save(path)
    return request.param, path


def _first_size(arrays: Arrays) -> None:
    arrays["theta"] = arrays["theta"][..., :-1].copy()


CHANGES: dict[str, Callable[[Arrays, dict[str, Any]], Any]] = {
    "no tensors": lambda arrays, metadata: arrays.clear(),
    "tensor missing": lambda arrays, metadata: arrays.pop("theta"),
    "tensor unknown": lambda arrays, metadata: arrays.update(phi=np.zeros(1)),
    "tensor shorter": lambda arrays, metadata: _first_size(arrays),
    "tensor flat": lambda arrays, metadata: arrays.update(theta=arrays["theta"].reshape(1, 1, -1)),
    "tensor of integers": lambda arrays, metadata: arrays.update(theta=arrays["theta"].astype(np.int64)),
    "tensor a number": lambda arrays, metadata: arrays.update(theta=np.zeros((), np.float32)),
    "metadata only the kind": lambda arrays, metadata: [metadata.pop(key) for key in list(metadata) if key != "kind"],
    "field unknown": lambda arrays, metadata: metadata.update(callback="os.system"),
    "architecture missing": lambda arrays, metadata: metadata.pop("architecture"),
    "architecture a list": lambda arrays, metadata: metadata.update(architecture=[]),
    "architecture a number": lambda arrays, metadata: metadata.update(architecture=1),
    "architecture with more": lambda arrays, metadata: metadata["architecture"].update(extra=1),
    "architecture with less": lambda arrays, metadata: metadata["architecture"].pop("cell"),
    "hidden_size a billion": lambda arrays, metadata: metadata["architecture"].update(hidden_size=10**9),
    "hidden_size beyond int64": lambda arrays, metadata: metadata["architecture"].update(hidden_size=10**300),
    "hidden_size 0": lambda arrays, metadata: metadata["architecture"].update(hidden_size=0),
    "hidden_size negative": lambda arrays, metadata: metadata["architecture"].update(hidden_size=-4),
    "hidden_size fractional": lambda arrays, metadata: metadata["architecture"].update(hidden_size=4.0),
    "hidden_size true": lambda arrays, metadata: metadata["architecture"].update(hidden_size=True),
    "hidden_size text": lambda arrays, metadata: metadata["architecture"].update(hidden_size="4"),
    "hidden_size a list of text": lambda arrays, metadata: metadata["architecture"].update(hidden_size=["4", 4]),
    "dense a billion": lambda arrays, metadata: metadata["architecture"].update(dense=[10**9, 10**9]),
    "dense text": lambda arrays, metadata: metadata["architecture"].update(dense="4"),
    "dense_activation numbers": lambda arrays, metadata: metadata["architecture"].update(dense_activation=[1]),
    "layers 0": lambda arrays, metadata: metadata["architecture"].update(num_layers=0),
    "layers a billion": lambda arrays, metadata: metadata["architecture"].update(num_layers=10**9),
    "cell unknown": lambda arrays, metadata: metadata["architecture"].update(cell="transformer"),
    "cell a list": lambda arrays, metadata: metadata["architecture"].update(cell=["lstm"]),
    "input_size a trillion": lambda arrays, metadata: metadata["architecture"].update(input_size=10**12),
    "output unknown": lambda arrays, metadata: metadata["architecture"].update(output="eval"),
    "weights beyond float32's products": lambda arrays, metadata: arrays.update(theta=arrays["theta"] * 0 + 1e19),
    "dropout beyond float64": lambda arrays, metadata: metadata["architecture"].update(dropout=2**1023 * 2 - 1),
    "dropout text": lambda arrays, metadata: metadata["architecture"].update(dropout="0.5"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_absurd_content_is_refused(change: str, saved: tuple[str, Path], tmp_path: Path) -> None:
    arrays, metadata = load_arrays(saved[1])
    CHANGES[change](arrays, metadata)
    path = tmp_path / "model"
    path.write_bytes(dump_arrays(arrays, metadata))
    tracemalloc.start()
    before = signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(20)  # a loop over a billion layers would not come back
    try:
        with pytest.raises(FileFormatError) as caught:
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert peak < 64e6


def _parameters(name: str, value: Any) -> Callable[[Arrays, dict[str, Any]], Any]:
    return lambda arrays, metadata: metadata["parameters"].update({name: value})


def _members(arrays: Arrays, metadata: dict[str, Any]) -> None:
    arrays["theta"] = np.repeat(arrays["theta"][:1], 1001, axis=0)
    if "seeds" in metadata:
        metadata["seeds"] = [0] * 1001


ESTIMATORS: dict[str, tuple[str, Callable[[Arrays, dict[str, Any]], Any], str]] = {
    "1,001 members": ("forecaster classifier regressor tagger", _members, "holds 1001 networks, at most 1000"),
    "dtype of classes of 2 GB": (
        "classifier tagger",
        lambda arrays, metadata: metadata["classes"].update(dtype="<U536870911"),
        "classes of the type '<U536870911' need more than 16777216 bytes",
    ),
    "dtype of classes with a shape": (
        "classifier tagger",
        lambda arrays, metadata: metadata["classes"].update(dtype="(1000000000,)U1"),
        "classes cannot be of the type",
    ),
    "random_state text": (
        "forecaster classifier regressor tagger language-model",
        _parameters("random_state", "x"),
        "random_state must be",
    ),
    "random_state a list": (
        "forecaster classifier regressor tagger language-model",
        _parameters("random_state", [1]),
        "random_state must be",
    ),
    "n_threads 2**31": (
        "forecaster classifier regressor tagger language-model",
        _parameters("n_threads", 2**31),
        "n_threads must be at most 2147483647, got 2147483648",
    ),
    "stride 2**31": (
        "classifier regressor tagger",
        lambda arrays, metadata: metadata.update(stride=2**31),
        "metadata: stride must be at most 1048576, got 2147483648",
    ),
    "stride beyond int64": (
        "classifier regressor tagger",
        lambda arrays, metadata: metadata.update(stride=10**300),
        "metadata: stride must be at most 1048576, got 1000",
    ),
    "unknown names by the thousand": (
        "forecaster classifier regressor tagger language-model",
        lambda arrays, metadata: metadata.update({f"{i:0100}": 0 for i in range(1000)}),
        r"fields missing or unknown: 0{40}, .*, \.\.\.$",
    ),
}


@pytest.mark.parametrize("change", ESTIMATORS)
def test_absurd_estimators_are_refused(change: str, saved: tuple[str, Path], tmp_path: Path) -> None:
    kinds, apply, message = ESTIMATORS[change]
    if saved[0] not in kinds.split():
        return
    arrays, metadata = load_arrays(saved[1])
    apply(arrays, metadata)
    path = tmp_path / "model"
    path.write_bytes(dump_arrays(arrays, metadata))
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match=message) as caught:
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < len(str(path)) + 700
    assert peak < 2 * path.stat().st_size + 64e6


def _give_up(*_: object) -> None:
    raise TimeoutError("still loading")


def test_what_was_saved_comes_back(saved: tuple[str, Path]) -> None:
    kind, path = saved
    model, again = MODELS[kind](), load(path)
    assert type(again) is type(model)
    if isinstance(model, Network):
        assert again.architecture == model.architecture
        assert again.dtype == model.dtype
        np.testing.assert_array_equal(again.theta, model.theta)
    else:
        assert again.get_params() == model.get_params()
    assert answer(again) == answer(model)


def test_equal_models_give_equal_files(saved: tuple[str, Path], tmp_path: Path) -> None:
    kind, path = saved
    MODELS[kind]().save(tmp_path / "model")
    load(path).save(tmp_path / "again")
    assert (tmp_path / "model").read_bytes() == path.read_bytes()
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_the_class_reads_its_own_kind_alone(saved: tuple[str, Path]) -> None:
    kind, path = saved
    for other in (Forecaster, LanguageModel, SequenceClassifier, SequenceRegressor, SequenceTagger):
        if other is type(load(path)):
            assert answer(other.load(path)) == answer(load(path))
        else:
            named = kind.removesuffix("-lstm").replace("-", " ")
            with pytest.raises(FileFormatError, match=f"^{path}: holds a {named}.*, not a "):
                other.load(path)


def test_the_state_of_a_training_is_no_model() -> None:
    (path,) = (GOLDEN / elman.__version__ / STATES).iterdir()
    with pytest.raises(FileFormatError, match=f"^{path}: holds a 'checkpoint', this Elman loads 'forecaster'"):
        load(path)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("network")])
def test_what_could_not_be_read_again_is_not_written(kind: str, tmp_path: Path) -> None:
    model = MODELS[kind]()
    model.save(tmp_path / "model")
    before = (tmp_path / "model").read_bytes()
    model.set_params(hidden_size=5)
    with pytest.raises(ArgumentError, match="hidden_size is 5, but was 4 in fit") as caught:
        model.save(tmp_path / "model")
    assert str(caught.value).startswith(f"{type(model).__name__}.save: ")
    assert (tmp_path / "model").read_bytes() == before


ABSURD: list[Any] = [None, True, -1, 2**31, 10**300, 1.5, 5e-324, "x", [], [None], {}, {"a": 1}]


def _fields(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value of plain metadata, of lists to the first alone."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, part in inside:
        yield from _fields(part, (*path, key))


def test_any_absurd_field_is_refused_at_load_or_harmless(saved: tuple[str, Path]) -> None:
    """A file that loads also predicts; every refusal is a typed error."""
    kind, path = saved
    if kind == "forecaster":
        return  # reads fields of its own
    arrays, metadata = load_arrays(path)
    read, refused = type(load(path)).from_arrays, 0
    for where in _fields(metadata):
        for value in ABSURD:
            changed = copy.deepcopy(metadata)
            inside = changed
            for key in where[:-1]:
                inside = inside[key]
            inside[where[-1]] = copy.deepcopy(value)
            try:
                with content_errors(kind):
                    model = read({name: array.copy() for name, array in arrays.items()}, changed)
            except ElmanError:
                refused += 1
                continue
            with contextlib.suppress(ElmanError):
                answer(model)
    assert refused > 100
