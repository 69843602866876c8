"""Files of sequence estimators: saving, loading, and refusal of inconsistent files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import ArgumentError, FileFormatError, SequenceClassifier, SequenceRegressor, load
from elman.persistence import load_arrays, save_arrays
from sequences.small import QUICK, labels, ragged

X = ragged()


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    for name, estimator, y in (
        ("classifier", SequenceClassifier(**QUICK), labels()),
        ("regressor", SequenceRegressor(**QUICK), [float(len(x)) for x in X]),
    ):
        estimator.fit(X, y).save(folder / name)
    return {name: folder / name for name in ("classifier", "regressor")}


@pytest.mark.parametrize("classes", [["a", "b"], [1, 2], [1.0, 2.0], [False, True], np.array(["x", "y"], dtype=object)])
def test_classes_come_back_as_they_were(classes: Any, tmp_path: Path) -> None:
    y = np.asarray(classes)[np.arange(24) % 2]
    model = SequenceClassifier(**QUICK).fit(X, y)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.classes_.dtype == model.classes_.dtype and again.classes_.tolist() == model.classes_.tolist()
    assert np.array_equal(again.predict(X), model.predict(X))


def test_a_table_stays_a_table(tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(8, 5))
    SequenceRegressor(**QUICK).fit(table, table.sum(axis=1)).save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.n_features_in_ == 5
    with pytest.raises(ValueError, match="X has 4 features, but SequenceRegressor is expecting 5 features"):
        again.predict(table[:, :4])


def test_random_generators_and_odd_classes(tmp_path: Path) -> None:
    drawn = SequenceClassifier(**(QUICK | {"random_state": np.random.RandomState(1)})).fit(X, labels())
    drawn.save(tmp_path / "model")
    assert load(tmp_path / "model").random_state is None
    times = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]")[np.arange(24) % 2]
    model = SequenceClassifier(**QUICK).fit(X, times)
    with pytest.raises(ArgumentError, match="classes must be text, numbers or truth values to be saved"):
        model.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_sizes_by_layer_come_back(tmp_path: Path) -> None:
    sizes = {"hidden_size": (4, np.int64(3)), "dense": [5, 2], "dense_activation": ("tanh", "relu")}
    sizes |= {"bidirectional": (False, np.True_), "cell": "lstm", "projection_size": np.int64(2)}
    sizes["layer_norm"] = np.True_
    model = SequenceClassifier(**(QUICK | sizes)).fit(X, labels())
    architecture = model.networks_[0].architecture
    assert (architecture.units, architecture.dense, architecture.dense_activations) == (
        (4, 3),
        (5, 2),
        ("tanh", "relu"),
    )
    assert model.transform(X).shape == (24, 2 * 2 * 2)  # networks, directions, values of the projection
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert (again.hidden_size, again.dense, again.dense_activation) == ((4, 3), (5, 2), ("tanh", "relu"))
    assert (again.bidirectional, again.projection_size, again.layer_norm) == ((False, True), 2, True)
    assert again.networks_[0].architecture == architecture and architecture.layer_norm is True
    assert architecture.parts == ((0, 0), (1, 0), (1, 1))
    assert np.array_equal(again.decision_function(X), model.decision_function(X))
    assert np.array_equal(again.fit(X, labels()).decision_function(X), model.decision_function(X))


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_partial_fit_goes_on_after_loading_as_if_nothing_had_happened(optimizer: str, tmp_path: Path) -> None:
    model = SequenceClassifier(**(QUICK | {"optimizer": optimizer})).partial_fit(X, labels()).partial_fit(X, labels())
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    for estimator in (model, again):
        estimator.partial_fit(X[:9], labels()[:9])
    assert again.updates_ == model.updates_ == 3
    assert np.array_equal(again.decision_function(X), model.decision_function(X))
    fitted = SequenceClassifier(**QUICK).fit(X, labels())
    fitted.save(tmp_path / "fitted")
    assert not any(name.startswith("optimizer_state") for name in load_arrays(tmp_path / "fitted")[0])


def test_another_optimizer_begins_anew(tmp_path: Path) -> None:
    model = SequenceClassifier(**QUICK).partial_fit(X, labels()).partial_fit(X, labels())
    assert model.updates_ == 2
    assert model.set_params(optimizer="sgd").partial_fit(X, labels()).updates_ == 1
    model.save(tmp_path / "model")
    assert [name for name in load_arrays(tmp_path / "model")[0] if name.startswith("optimizer_state")] == [
        "optimizer_state.velocity"
    ]
    assert load(tmp_path / "model").partial_fit(X, labels()).updates_ == 2


@pytest.mark.parametrize(
    ("y", "weights"),
    [
        (labels(), {"a": 1.0, "b": 2.5, "c": 0.0}),
        (np.arange(24) % 3, {0: 1.0, 1: 2.0, np.int64(2): 3}),
        (np.eye(2, dtype=int)[np.arange(24) % 2], [{0: 1.0, 1: 2.0}, {0: 3.0, 1: 1.0}]),
        (labels(), "balanced"),
        (labels(), None),
    ],
)
def test_class_weights_come_back(y: Any, weights: Any, tmp_path: Path) -> None:
    model = SequenceClassifier(**QUICK, class_weight=weights).fit(X, y)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.class_weight == weights
    assert np.array_equal(again.fit(X, y).decision_function(X), model.decision_function(X))


def _set(path: str, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """Return a change of the metadata at a dotted path; the value None deletes the entry."""

    def change(arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for name in way:
            metadata = metadata[name]
        if value is None:
            del metadata[last]
        else:
            metadata[last] = value

    return change


def _array(name: str, value: Callable[[Any], Any] | None) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
        if value is None:
            del arrays[name]
        else:
            arrays[name] = value(arrays.get(name))

    return change


CHANGES = {
    "field missing": ("classifier", _set("window", None)),
    "field unknown": ("classifier", _set("colour", "red")),
    "parameter missing": ("classifier", _set("parameters.cell", None)),
    "parameter wrong": ("classifier", _set("parameters.cell", "cnn")),
    "parameter of another type": ("classifier", _set("parameters", [1, 2])),
    "architecture of another size": ("classifier", _set("architecture.hidden_size", 5)),
    "sizes of other layers": ("classifier", _set("parameters.hidden_size", [4, 4])),
    "dense layers that the network lacks": ("classifier", _set("parameters.dense", [4])),
    "huge network": ("classifier", _set("parameters.hidden_size", 10**9)),
    "target of another kind": ("classifier", _set("target.kind", "numbers")),
    "target of another size": ("classifier", _set("target.size", 4)),
    "classes twice": ("classifier", _set("classes.values", ["a", "a", "b"])),
    "classes nested": ("classifier", _set("classes.values", [["a"], ["b"], ["c"]])),
    "classes of another type": ("classifier", _set("classes.dtype", "<M8[D]")),
    "classes unreadable": ("classifier", _set("classes.dtype", "text")),
    "seeds too few": ("classifier", _set("seeds", [1])),
    "seeds negative": ("classifier", _set("seeds", [-1, 2])),
    "window zero": ("classifier", _set("window", 0)),
    "inputs of other channels": ("classifier", _set("inputs.features", 3)),
    "names of numbers": ("classifier", _set("inputs.names", [1, 2])),
    "theta missing": ("classifier", _array("theta", None)),
    "theta of another type": ("classifier", _array("theta", lambda a: a.astype(np.float64))),
    "theta too short": ("classifier", _array("theta", lambda a: np.ascontiguousarray(a[:, :-1]))),
    "no network": ("classifier", _array("theta", lambda a: a[:0])),
    "scale zero": ("classifier", _array("input.scale", np.zeros_like)),
    "scale beyond float32": ("classifier", _array("input.scale", lambda a: np.full_like(a, 1e300))),
    "center beyond float32": ("classifier", _array("input.center", lambda a: np.full_like(a, -1e300))),
    "scale of the target": ("regressor", _array("target.scale", lambda a: np.full_like(a, 1e308))),
    "center of another length": ("classifier", _array("input.center", lambda a: np.zeros(3))),
    "optimizer state of another length": (
        "classifier",
        _array("optimizer_state.m", lambda a: np.zeros((2, 3), np.float32)),
    ),
    "optimizer state of another optimizer": (
        "classifier",
        _array("optimizer_state.square", lambda a: np.zeros((2, 3), np.float32)),
    ),
    "class weights of lists": ("classifier", _set("parameters.class_weight", {"classes": [[1]], "weights": [1.0]})),
    "class weights negative": ("classifier", _set("parameters.class_weight", {"classes": ["a"], "weights": [-1.0]})),
    "class weights too few": ("classifier", _set("parameters.class_weight", {"classes": ["a"], "weights": []})),
    "class weights by name": ("classifier", _set("parameters.class_weight", {"a": 1.0})),
    "array unknown": ("classifier", _array("more", lambda a: np.zeros(3))),
    "target scale missing": ("regressor", _array("target.scale", None)),
    "target scale of another length": ("regressor", _array("target.center", lambda a: np.zeros(2))),
    "classes of numbers": ("regressor", _set("classes", {"values": [1], "dtype": "<i8"})),
    "kind of another estimator": ("regressor", _set("kind", "classifier")),
}


@pytest.mark.parametrize("case", CHANGES)
def test_parts_that_do_not_fit_are_refused(case: str, contents: dict[str, Path], tmp_path: Path) -> None:
    name, change = CHANGES[case]
    arrays, metadata = load_arrays(contents[name])
    change(arrays, metadata)
    save_arrays(tmp_path / "model", arrays, metadata)
    with pytest.raises(FileFormatError):
        load(tmp_path / "model")
