"""Simple methods in files: they answer as before, and damaged files are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import FileFormatError, SequenceClassifier, SequenceRegressor, SequenceTagger, load
from elman.sequences import SimpleMethod
from sequences.small import labels, long_frame, ragged

X = ragged()
TASKS: dict[str, tuple[Any, Any]] = {
    "two classes": (SequenceClassifier(class_weight={"a": 2.0}), labels(classes="ab")),
    "three classes": (SequenceClassifier(), np.arange(24) % 3 + 5),
    "labels": (SequenceClassifier(), np.arange(48).reshape(24, 2) % 3 % 2),
    "numbers": (SequenceRegressor(), np.arange(48.0).reshape(24, 2)),
    "tags": (SequenceTagger(bidirectional=True), [np.where(x[:, 0] > 0, "up", "down") for x in X]),
    "numbers per step": (SequenceTagger(target="numbers"), [x.sum(axis=1) for x in X]),
}


@pytest.mark.parametrize("method", ["constant", "linear", "1-NN Euclidean", "1-NN DTW", "convolutions"])
@pytest.mark.parametrize("task", TASKS)
def test_a_loaded_method_answers_as_before(task: str, method: str, tmp_path: Path) -> None:
    like, y = TASKS[task]
    if method in ("1-NN DTW", "convolutions") and isinstance(like, SequenceTagger):
        return  # it has neither
    constant = "mean" if "numbers" in task else "most frequent"
    model = SimpleMethod(constant if method == "constant" else method, like).fit(X, y)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    others = ragged(seed=1)
    joined = np.concatenate if isinstance(like, SequenceTagger) else np.asarray
    np.testing.assert_array_equal(joined(again.predict(others)), joined(model.predict(others)), strict=True)
    assert again.score(X, y) == model.score(X, y)
    assert again.to_arrays()[1] == model.to_arrays()[1]
    assert again.like.get_params() == like.get_params()
    if "numbers" not in task:
        np.testing.assert_array_equal(again.classes_, model.classes_, strict=True)


def test_columns_of_a_frame_come_back(tmp_path: Path) -> None:
    like = SequenceClassifier(id_column="case", time_column="t")
    frame = long_frame(X, kind=labels().tolist()).rename(columns={"unique_id": "case", "ds": "t"})
    SimpleMethod("linear", like).fit(frame, "kind").save(tmp_path / "model")
    again = load(tmp_path / "model").set_params(like__id_column="id")
    other = frame.drop(columns="kind").rename(columns={"case": "id"})
    assert (
        again.predict(other).tolist()
        == SimpleMethod("linear", SequenceClassifier()).fit(X, labels()).predict(X).tolist()
    )


def _changed(name: str, change: Callable[[np.ndarray], Any]) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda arrays, metadata: arrays.__setitem__(name, change(arrays[name]))


@pytest.mark.parametrize(
    ("method", "damage", "message"),
    [
        ("linear", lambda arrays, metadata: arrays.pop("model.W"), "arrays missing or unknown: model.W"),
        ("linear", lambda arrays, metadata: arrays.update(theta=np.zeros((1, 2))), "arrays missing or unknown: theta"),
        ("linear", lambda arrays, metadata: metadata.pop("target"), "fields missing or unknown: target"),
        ("linear", lambda arrays, metadata: metadata["parameters"].update(method="cubic"), "method must be one of"),
        ("linear", lambda arrays, metadata: metadata["parameters"]["like"].update(kind="prior"), "KeyError: 'prior'"),
        ("linear", _changed("model.W", lambda W: W * np.nan), "model.W must be of 64 bits and within float32"),
        ("linear", _changed("model.W", lambda W: W[:, :2]), "this is no simple-method that Elman wrote"),
        ("linear", _changed("model.scale", np.zeros_like), "model.scale must be above 0"),
        ("1-NN Euclidean", _changed("model.rows", lambda rows: rows[:, :1]), "this is no simple-method that Elman"),
        ("1-NN Euclidean", _changed("model.y", lambda y: y[:, :2]), "the outputs are not those of the target"),
        ("1-NN DTW", _changed("model.lengths", lambda lengths: -lengths), "steps, lengths and y do not fit"),
        ("1-NN DTW", _changed("model.lengths", lambda lengths: lengths + 1), "steps, lengths and y do not fit"),
        ("1-NN DTW", _changed("model.y", lambda y: y[1:]), "steps, lengths and y do not fit"),
        ("convolutions", _changed("model.length", lambda length: -length), "the arrays are not those of the kernels"),
        ("convolutions", _changed("model.W", lambda W: W[:998]), "the arrays are not those of the kernels"),
        ("convolutions", _changed("model.scale", lambda scale: scale[:1]), "the arrays are not those of the kernels"),
        ("convolutions", _changed("model.b", lambda b: b[:2]), "this is no simple-method that Elman wrote"),
        ("convolutions", lambda arrays, metadata: arrays.pop("model.length"), "missing or unknown: model.length"),
        ("1-NN DTW", _changed("model.steps", lambda steps: steps[:, :1]), "the sequences have other channels"),
    ],
)
def test_damaged_contents_are_refused(method: str, damage: Callable[..., Any], message: str) -> None:
    arrays, metadata = SimpleMethod(method, SequenceClassifier()).fit(X, labels()).to_arrays()
    damage(arrays, metadata)
    with pytest.raises(FileFormatError, match=message):
        SimpleMethod.from_arrays(arrays, metadata)
