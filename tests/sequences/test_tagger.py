"""`SequenceTagger`: an output for every step, its dependence on steps, forms of input and output, errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.utils.estimator_checks import (
    check_estimator_cloneable,
    check_estimator_repr,
    check_estimator_tags_renamed,
    check_get_params_invariance,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_set_params,
    check_valid_tag_types,
)

import elman
from elman import ArgumentError, DataError, SequenceTagger, UnsupportedError
from elman.sequences import verdict
from sequences.small import QUICK, long_frame, ragged

X = ragged()
SIGNS = [np.where(sequence[:, 0] > 0, "up", "down") for sequence in X]
NUMBERS = [sequence[:, 0] - 10 for sequence in X]
LABELS = [(sequence > 0).astype(int) for sequence in X]
TARGETS: dict[str, list[np.ndarray]] = {"class": SIGNS, "labels": LABELS, "numbers": NUMBERS}


def quick(**parameters: Any) -> SequenceTagger:
    return SequenceTagger(**(QUICK | parameters))


@pytest.mark.parametrize(
    "check",
    [
        check_estimator_cloneable,
        check_estimator_repr,
        check_estimator_tags_renamed,
        check_get_params_invariance,
        check_no_attributes_set_in_init,
        check_parameters_default_constructible,
        check_set_params,
        check_valid_tag_types,
    ],
)
def test_sklearn_checks_that_need_no_data(check: Callable[[str, Any], None]) -> None:
    check("SequenceTagger", SequenceTagger())


def test_learns_what_happened_before() -> None:
    rng = np.random.default_rng(0)
    many = [rng.choice([-1.0, 1.0], int(length)) for length in rng.integers(2, 12, 120)]
    before = [np.concatenate([[0], sequence[:-1]]).astype(int) for sequence in many]
    model = SequenceTagger(hidden_size=8, ensemble_size=1, updates=150, learning_rate=0.02, random_state=0)
    model.fit(many[:80], before[:80])
    assert model.score(many[80:], before[80:]) == 1.0
    assert model.classes_.tolist() == [-1, 0, 1]


@pytest.mark.parametrize("target", TARGETS)
def test_every_step_has_an_output(target: str) -> None:
    y = TARGETS[target]
    model = quick(target=target).fit(X, y)
    found = model.predict(X)
    assert [tags.shape for tags in found] == [tags.shape for tags in y]
    assert model.score(X, y) < 1
    if target == "numbers":
        assert np.abs(np.concatenate(found) + 10).max() < 3  # in the targets' own units
    else:
        p = model.predict_proba(X)
        assert [len(steps) for steps in p] == [len(sequence) for sequence in X]
        assert p[0].shape[1] == 2


def test_targets_of_several_numbers_and_classes() -> None:
    two = [np.column_stack([steps, 2 * steps]) for steps in NUMBERS]
    assert quick(target="numbers").fit(X, two).predict(X)[0].shape == two[0].shape
    three = [np.digitize(sequence[:, 0], [-0.5, 0.5]) for sequence in X]
    model = quick().fit(X, three)
    assert np.allclose(np.concatenate(model.predict_proba(X)).sum(axis=1), 1)
    assert model.decision_function(X)[0].shape == (len(X[0]), 3)


def test_an_output_depends_on_its_own_and_earlier_steps_alone() -> None:
    model = quick(window=3).fit(X, SIGNS)
    expected = model.decision_function(X)
    for sequence, whole in zip(X, expected, strict=True):
        for t in (1, len(sequence)):
            assert np.array_equal(model.decision_function([sequence[:t]])[0], whole[:t])
    both = quick(bidirectional=True).fit(X, SIGNS)
    longest = max(X, key=len)
    assert not np.array_equal(both.decision_function([longest[:2]])[0], both.decision_function([longest])[0][:2])
    changed = longest.copy()
    changed[4] += 1.0
    seen = model.decision_function([changed])[0] != model.decision_function([longest])[0]
    assert not seen[:4].any() and seen[4:].all()


@pytest.mark.parametrize("bidirectional", [False, True])
def test_same_bits_alone_and_for_any_number_of_threads(bidirectional: bool) -> None:
    one, two = (quick(n_threads=n, bidirectional=bidirectional).fit(X, SIGNS) for n in (1, 2))
    for i, expected in enumerate(one.decision_function(X)):
        assert np.array_equal(two.decision_function([X[i]])[0], expected)


def test_predictions_have_the_form_of_the_data() -> None:
    cube = np.random.default_rng(0).normal(size=(10, 5, 2))
    tags = cube[:, :, 0] > 0
    model = quick().fit(cube, tags)
    assert model.predict(cube).shape == (10, 5) and model.predict_proba(cube).shape == (10, 5, 2)
    table = quick().fit(cube[:, :, 0], tags)
    assert table.predict(cube[:, :, 0]).shape == (10, 5)
    frame = long_frame(X).assign(
        tag=np.concatenate(SIGNS), a=np.concatenate(LABELS)[:, 0], b=np.concatenate(LABELS)[:, 1]
    )
    by_frame, by_list = quick().fit(frame.drop(columns=["a", "b"]), "tag"), quick().fit(X, SIGNS)
    assert np.array_equal(by_frame.predict_proba(frame), np.concatenate(by_list.predict_proba(X)))
    mixed = frame.sort_values("ds", kind="stable")  # sequences interleaved, each in order
    assert np.array_equal(
        by_frame.predict_proba(mixed), by_frame.predict_proba(frame)[np.argsort(frame["ds"], kind="stable")]
    )
    assert by_frame.score(frame, "tag") == by_list.score(X, SIGNS)
    several = quick(target="labels").fit(frame.drop(columns="tag"), ["a", "b"])
    assert several.predict(frame).shape == (len(frame), 2)
    assert several.feature_names_in_.tolist() == ["x0", "x1"]


def test_weights_of_sequences_and_steps() -> None:
    exact = {"dropout": 0.0, "batch_size": 100, "dtype": "float64", "standardize": False}
    weight = np.arange(24) % 3
    by_sequence = quick(**exact).fit(X, SIGNS, weight).decision_function(X)
    by_step = quick(**exact).fit(X, SIGNS, [np.full(len(x), w) for x, w in zip(X, weight, strict=True)])
    for a, b in zip(by_sequence, by_step.decision_function(X), strict=True):
        assert np.allclose(a, b, rtol=1e-9, atol=1e-12)
    unknown = [np.arange(len(x)) % 2 for x in X]
    wrong = [np.where(known, tags, "up") for known, tags in zip(unknown, SIGNS, strict=True)]
    one, two = (quick().fit(X, y, unknown).decision_function(X) for y in (SIGNS, wrong))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert quick().fit(X, SIGNS).score(X, wrong, unknown) == quick().fit(X, SIGNS).score(X, SIGNS, unknown)


def test_class_weights_early_stopping_partial_fit_and_warm_start() -> None:
    plain = quick().fit(X, SIGNS).decision_function(X)[0]
    assert not np.array_equal(quick(class_weight="balanced").fit(X, SIGNS).decision_function(X)[0], plain)
    assert not np.array_equal(quick(label_smoothing=0.1).fit(X, SIGNS).decision_function(X)[0], plain)
    stopped = quick(early_stopping=True, class_weight={"up": 2.0}, updates=30, patience=1).fit(X, SIGNS)
    assert stopped.history_[0].best_update is not None
    model = quick().partial_fit(X[:5], SIGNS[:5], classes=["up", "down", "flat"]).partial_fit(X, SIGNS)
    assert model.classes_.tolist() == ["down", "flat", "up"] and model.updates_ == 2
    warm = quick(warm_start=True).fit(X, SIGNS).fit(X, SIGNS)
    assert not np.array_equal(warm.decision_function(X)[0], plain)


def test_model_selection() -> None:
    search = GridSearchCV(quick(), {"window": [1, 2]}, cv=2).fit(X, SIGNS)
    assert len(search.predict(X)) == 24
    assert clone(search.best_estimator_).get_params()["window"] in (1, 2)
    cube = np.random.default_rng(0).normal(size=(12, 5, 2))
    assert cross_val_predict(quick(target="numbers"), cube, cube, cv=2).shape == (12, 5, 2)


@pytest.mark.parametrize("target", TARGETS)
def test_save_and_load(target: str, tmp_path: Path) -> None:
    model = quick(target=target, window=2).fit(X, TARGETS[target])
    model.save(tmp_path / "model")
    again = elman.load(tmp_path / "model")
    assert type(again) is SequenceTagger
    assert all(np.array_equal(a, b) for a, b in zip(again.predict(X), model.predict(X), strict=True))


MESSAGES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "counts": (lambda: quick().fit(X, SIGNS[1:]), ArgumentError, "X has 24 sequences, but y has 23 entries."),
    "no y": (lambda: quick().fit(X, None), ArgumentError, "X has 24 sequences, but y is None."),
    "steps": (
        lambda: quick().fit([X[0]], [SIGNS[0][1:]]),
        DataError,
        f"y[0] must have shape ({len(X[0])},) like its sequence, got ({len(X[0]) - 1},).",
    ),
    "no frame": (lambda: quick().fit(X, "tag"), ArgumentError, "y='tag' names a column, but X is not a long frame."),
    "no labels": (
        lambda: quick(target="labels").fit(X, NUMBERS),
        DataError,
        'with target="labels" y must hold 0 and 1 in one column per label.',
    ),
    "several classes": (
        lambda: quick().fit(X, LABELS),
        DataError,
        'with target="class" y must hold one class per step, got 2.',
    ),
    "weights of numbers": (
        lambda: quick(target="numbers", label_smoothing=0.1).fit(X, NUMBERS),
        ArgumentError,
        'target="numbers" takes neither class_weight nor label_smoothing.',
    ),
    "zero weights": (
        lambda: quick().fit(X, SIGNS, [np.zeros(len(x)) for x in X]),
        DataError,
        "sample_weight must not be negative, nor zero everywhere.",
    ),
    "bad kind": (
        lambda: quick(target="tags").fit(X, SIGNS),
        ArgumentError,
        "target must be one of 'class', 'labels', 'numbers', got 'tags'.",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_messages(case: str) -> None:
    call, kind, message = MESSAGES[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == f"SequenceTagger.fit: {message}"


def test_numbers_have_no_probabilities() -> None:
    model = quick(target="numbers").fit(X, NUMBERS)
    with pytest.raises(UnsupportedError) as error:
        model.predict_proba(X)
    assert str(error.value) == "SequenceTagger.predict_proba: a tagger of numbers has no classes; use predict."


UNKNOWN: dict[str, tuple[str, Any]] = {  # target; from (tags, unknown steps) to tags with gaps
    "NaN": ("class", lambda t, gone: np.where(gone, np.nan, t)),
    "None": ("class", lambda t, gone: [None if g else v for v, g in zip(t.tolist(), gone, strict=True)]),
    "-100": ("class", lambda t, gone: np.where(gone, -100, t)),
    "words and NaN": (
        "class",
        lambda t, gone: [np.nan if g else ["no", "yes"][v] for v, g in zip(t, gone, strict=True)],
    ),
    "labels": ("labels", lambda t, gone: np.where(gone[:, None], -100, np.stack([t, 1 - t], axis=1))),
    "numbers": ("numbers", lambda t, gone: np.where(gone, np.nan, t - 100.0)),  # -100 is a number
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_steps_without_a_tag_do_not_count(case: str) -> None:
    target, make = UNKNOWN[case]
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(int(length), 2)) for length in rng.integers(2, 9, 20)]
    tags = [(x[:, 0] > 0).astype(int) for x in X]
    gone = [rng.random(len(x)) < 0.4 for x in X]
    for part in gone[1:]:
        part[0] = False
    gone[0][:], gone[1][:] = True, False  # one sequence without any tag, one with all
    nothing = [np.zeros(len(x), bool) for x in X]
    partly = [make(*pair) for pair in zip(tags, gone, strict=True)]
    whole = [make(*pair) for pair in zip(tags, nothing, strict=True)]
    weight = [1.0 - part for part in gone]
    model = SequenceTagger(target=target, **QUICK).fit(X, partly)
    wanted = SequenceTagger(target=target, **QUICK).fit(X[1:], whole[1:], weight[1:])
    if target != "numbers":  # whose scale follows from the known tags alone
        for one, other in zip(model.networks_, wanted.networks_, strict=True):
            assert np.array_equal(one.theta, other.theta)
    assert model.score(X, partly) == model.score(X, whole, weight)
    assert len(model.predict(X)[0]) == len(X[0])  # predicted like all others
    frame = long_frame(X).assign(tag=[tag for part in partly for tag in part]) if target != "labels" else None
    if frame is not None:
        by_frame = SequenceTagger(target=target, **QUICK).fit(frame, "tag")
        assert np.array_equal(by_frame.networks_[0].theta, model.networks_[0].theta)
    found = verdict(SequenceTagger(target=target, **QUICK), X, partly)
    assert sum(map(len, found.actual)) < sum(map(len, X)) / 4
    again = model.partial_fit(X, partly)
    assert np.isfinite(again.networks_[0].theta).all()
    model.gradient_flow(X, partly)


def test_data_without_any_tag_are_refused() -> None:
    with pytest.raises(DataError, match=r"SequenceTagger\.fit: y has no tag at any step\."):
        SequenceTagger(**QUICK).fit([[1.0, 2.0]], [[None, None]])
    with pytest.raises(DataError, match=r"no sequence has both a weight and a tag\."):
        SequenceTagger(**QUICK).fit([[1.0, 2.0], [3.0]], [[None, None], ["a"]], sample_weight=[1.0, 0.0])


def test_class_weights_count_known_tags_alone() -> None:
    X = [[0.0, 1.0, 2.0, 3.0]] * 4
    balanced = SequenceTagger(class_weight="balanced", **QUICK).fit(X, [[0, 1, -100, -100]] * 4)
    equal = SequenceTagger(class_weight={0: 1.0, 1: 1.0}, **QUICK).fit(X, [[0, 1, -100, -100]] * 4)
    assert np.array_equal(balanced.networks_[0].theta, equal.networks_[0].theta)
