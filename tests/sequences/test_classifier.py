"""`SequenceClassifier`: forms of input, dependence of predictions, further training, errors."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.pipeline import Pipeline

from elman import ArgumentError, DataError, ElmanWarning, SequenceClassifier, ShapeError
from sequences.small import QUICK, labels, long_frame, ragged

X, y = ragged(), labels()


@pytest.fixture(scope="module")
def fitted() -> SequenceClassifier:
    return SequenceClassifier(**QUICK).fit(X, y)


def quick(**parameters: Any) -> SequenceClassifier:
    return SequenceClassifier(**(QUICK | parameters))


def test_learns_what_depends_on_the_whole_sequence() -> None:
    rng = np.random.default_rng(1)
    sequences = [rng.normal(size=(int(length), 1)) for length in rng.integers(3, 15, 200)]
    first = np.array([sequence[0, 0] > 0 for sequence in sequences])
    model = SequenceClassifier(hidden_size=16, ensemble_size=1, updates=300, bidirectional=False, random_state=0)
    model.fit(sequences[:150], first[:150])
    assert model.score(sequences[150:], first[150:]) > 0.9
    assert model.predict(sequences[:1]).dtype == bool


def test_arrays_of_equal_lengths_are_lists_of_sequences() -> None:
    cube = np.random.default_rng(0).normal(size=(24, 6, 2))
    expected = quick().fit(list(cube), y).predict_proba(list(cube))
    for data in (cube, cube.astype(">f8"), np.asfortranarray(cube), tuple(cube)):
        assert np.array_equal(quick().fit(data, y).predict_proba(data), expected)
    turned = cube.swapaxes(1, 2)
    for data in (turned, list(turned)):
        model = quick(layout="channels_time").fit(data, y)
        assert np.array_equal(model.predict_proba(data), expected)
    boxes = np.empty(24, dtype=object)
    boxes[:] = list(cube)
    assert np.array_equal(quick().fit(boxes, y).predict_proba(boxes), expected)


def test_one_channel_needs_no_axis() -> None:
    flat = [sequence[:, 0] for sequence in X]
    expected = quick().fit([sequence[:, :1] for sequence in X], y).predict_proba(flat)
    assert np.array_equal(quick().fit(flat, y).predict_proba(flat), expected)
    table = np.random.default_rng(0).normal(size=(24, 7))
    model = quick().fit(table, y)
    assert model.n_features_in_ == 7
    assert np.array_equal(model.predict_proba(table), model.predict_proba(table[:, :, np.newaxis]))
    assert np.array_equal(model.predict_proba(table), quick().fit(list(table), y).predict_proba(table))


def test_long_frames(fitted: SequenceClassifier) -> None:
    frame = long_frame(X, label=list(y))
    expected = fitted.predict_proba(X)
    by_id = pd.Series(y, index=[f"s{i}" for i in range(len(X))])
    channels = frame.drop(columns="label")
    for data, target in ((frame, "label"), (channels, y), (channels, by_id[::-1])):
        model = quick().fit(data, target)
        assert np.array_equal(model.predict_proba(frame), expected)
        assert model.feature_names_in_.tolist() == ["x0", "x1"]
        assert model.score(frame, by_id) == model.score(frame, "label") == fitted.score(X, y)
    columns = {name: frame[name].tolist() for name in frame}
    assert np.array_equal(quick().fit(pl.DataFrame(columns), "label").predict_proba(pl.DataFrame(columns)), expected)
    renamed = frame.rename(columns={"unique_id": "case", "ds": "t"})
    assert np.array_equal(
        quick(id_column="case", time_column="t").fit(renamed, "label").predict_proba(renamed), expected
    )
    swapped = frame[["label", "x1", "x0", "ds", "unique_id"]]
    assert np.array_equal(model.predict_proba(swapped), expected)  # channels go by their names


def test_rows_of_a_frame_are_put_in_order_of_time(fitted: SequenceClassifier) -> None:
    frame = long_frame(X)
    backwards = frame[::-1]
    with pytest.warns(ElmanWarning, match="rows of unique_id 's22' are not in order of ds; they were sorted"):
        found = fitted.predict_proba(backwards)
    assert np.array_equal(found[::-1], fitted.predict_proba(X))


def test_same_bits_alone_and_among_neighbours(fitted: SequenceClassifier) -> None:
    expected = fitted.decision_function(X)
    order = np.random.default_rng(0).permutation(len(X))
    assert np.array_equal(fitted.decision_function([X[i] for i in order]), expected[order])
    assert np.array_equal(np.concatenate([fitted.decision_function([sequence]) for sequence in X]), expected)
    longer = [*X, *ragged(300, longest=40, seed=3)]  # more than one chunk
    assert np.array_equal(fitted.decision_function(longer)[: len(X)], expected)


@pytest.mark.parametrize("options", [{}, {"readout": "mean"}, {"readout": "max"}, {"bidirectional": False}])
def test_same_bits_for_any_number_of_threads(options: dict[str, Any]) -> None:
    one, two = (quick(n_threads=n, ensemble_size=3, **options).fit(X, y).decision_function(X) for n in (1, 2))
    assert np.array_equal(one, two)


def test_eight_threads_predict_the_same_bits(fitted: SequenceClassifier) -> None:
    expected = fitted.decision_function(X)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(fitted.decision_function, [X] * 32))
    assert all(np.array_equal(d, expected) for d in found)


def test_members_are_trained_like_single_networks() -> None:
    three = quick(ensemble_size=3).fit(X, y)
    assert len({network.theta.tobytes() for network in three.networks_}) == 3
    one = quick(ensemble_size=1).fit(X, y)
    assert np.array_equal(three.networks_[0].theta, one.networks_[0].theta)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cell", "lstm"),
        ("hidden_size", 5),
        ("num_layers", 2),
        ("bidirectional", False),
        ("dropout", 0.5),
        ("recurrent_dropout", 0.5),
        ("standardize", False),
        ("init", "glorot"),
        ("optimizer", "rmsprop"),
        ("learning_rate", 0.1),
        ("weight_decay", 0.1),
        ("schedule", "constant"),
        ("updates", 6),
        ("batch_size", 7),
        ("clip_norm", 0.01),
        ("early_stopping", True),
        ("ensemble_size", 3),
        ("dtype", "float64"),
        ("random_state", 1),
        ("window", 1),
        ("stride", 2),
        ("readout", "mean"),
        ("class_weight", {"a": 5.0}),
        ("label_smoothing", 0.1),
    ],
)
def test_every_parameter_has_an_effect(fitted: SequenceClassifier, name: str, value: Any) -> None:
    changed = quick(**{name: value}).fit(X, y)
    assert not np.array_equal(changed.decision_function(X), fitted.decision_function(X))


def test_probabilities_follow_from_the_decision() -> None:
    two = quick().fit(X, y == "a")
    d = two.decision_function(X)
    assert d.shape == (24,)
    assert np.allclose(two.predict_proba(X)[:, 1], 1 / (1 + np.exp(-d)), rtol=1e-12)
    assert np.array_equal(two.predict(X), d > 0)
    three = quick().fit(X, y)
    d = three.decision_function(X)
    assert np.allclose(three.predict_proba(X), np.exp(d) / np.exp(d).sum(axis=1, keepdims=True), rtol=1e-12)
    assert np.array_equal(three.predict(X), three.classes_[d.argmax(axis=1)])


def test_labels() -> None:
    indicator = np.random.default_rng(0).integers(0, 2, (24, 3))
    model = quick().fit(X, indicator)
    assert model.classes_.tolist() == [0, 1, 2]
    p = model.predict_proba(X)
    assert p.shape == (24, 3) and np.array_equal(model.predict(X), (p > 0.5).astype(int))
    assert model.score(X, indicator) == np.mean((model.predict(X) == indicator).all(axis=1))


def test_window_and_stride_come_from_the_training_part() -> None:
    for length, expected in ((1, (1, 1)), (15, (3, 1)), (24, (4, 1)), (60, (4, 1)), (150, (10, 5)), (600, (40, 20))):
        model = quick(updates=1).fit(np.random.default_rng(0).normal(size=(4, length)), [0, 1, 0, 1])
        assert (model.window_, model.stride_) == expected
    assert quick(updates=1, window=7, stride=3).fit(X, y).window_ == 7
    assert (quick(updates="auto", hidden_size=1, ensemble_size=1).fit(X, y)).updates_ == 300


def test_early_stopping_keeps_the_best_and_refit_trains_on_everything() -> None:
    options = {
        "early_stopping": True,
        "updates": 60,
        "patience": 1,
        "learning_rate": 0.05,
        "batch_size": 8,
        "validation_fraction": 0.25,
    }
    model = quick(**options).fit(X, y)
    for history in model.history_:
        assert history.score[-1] >= history.best_score
        assert len(history.loss) < 60
    again = quick(**options, refit=True).fit(X, y)
    assert [len(h.loss) for h in again.history_] == [h.best_update for h in model.history_]
    assert not np.array_equal(again.networks_[0].theta, model.networks_[0].theta)


def test_weights_count_sequences() -> None:
    exact = {"dropout": 0.0, "batch_size": 100, "dtype": "float64", "updates": 20}
    weight = np.arange(24) // 3 % 3
    repeated = [i for i in range(24) for _ in range(weight[i])]
    one = quick(**exact).fit(X, y == "a", sample_weight=weight).decision_function(X)
    two = quick(**exact).fit([X[i] for i in repeated], y[repeated] == "a").decision_function(X)
    assert np.allclose(one, two, rtol=1e-9)
    dropped = quick(**exact).fit([X[i] for i in np.flatnonzero(weight)], y[weight > 0] == "a", weight[weight > 0])
    assert np.array_equal(dropped.decision_function(X), one)


def test_balanced_classes_equal_weights_by_hand() -> None:
    target = np.arange(24) < 6
    weight = np.where(target, 2.0, 2 / 3)
    both = [quick(class_weight=c).fit(X, target) for c in ("balanced", {True: 2.0, False: 2 / 3})]
    assert np.array_equal(both[0].decision_function(X), both[1].decision_function(X))
    standard = {"standardize": False}  # class weights do not touch the standardisation, sample weights do
    by_class = quick(class_weight="balanced", **standard).fit(X, target).decision_function(X)
    assert np.allclose(quick(**standard).fit(X, target, weight).decision_function(X), by_class, rtol=1e-4)


def test_standardisation_is_that_of_the_training_part() -> None:
    shifted = [sequence * [1e-3, 50.0] + [1e6, -3.0] for sequence in X]
    p, q = quick().fit(X, y).predict_proba(X), quick().fit(shifted, y).predict_proba(shifted)
    assert np.allclose(p, q, atol=1e-3)
    constant = [np.column_stack([sequence, np.full(len(sequence), 7.0)]) for sequence in X]
    assert np.isfinite(quick().fit(constant, y).predict_proba([c * 1e30 for c in constant])).all()


def test_partial_fit_goes_on() -> None:
    model = quick(batch_size=8)
    for done in (1, 2, 3):
        assert model.partial_fit(X, y, classes=list("abcd")) is model
        assert model.updates_ == 3 * done and len(model.history_[0].loss) == 3 * done
    assert model.classes_.tolist() == list("abcd")
    before = model.decision_function(X)
    assert not np.array_equal(model.partial_fit(X[:5], y[:5]).decision_function(X), before)
    with pytest.raises(DataError) as error:
        model.partial_fit(X, np.where(y == "a", "z", y))
    assert str(error.value) == (
        "SequenceClassifier.partial_fit: y has the class 'z', which is not among the classes ['a', 'b', 'c', 'd']."
    )


def test_partial_fit_keeps_the_newest_part_of_its_history(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, newest = quick(batch_size=8), quick(batch_size=8)
    for _ in range(3):
        whole.partial_fit(X, y)
    monkeypatch.setattr("elman.training.history._KEPT", 4)
    for _ in range(3):
        newest.partial_fit(X, y)
    assert newest.updates_ == 9 and newest.history_[0].loss == whole.history_[0].loss[-4:]
    assert np.array_equal(newest.networks_[0].theta, whole.networks_[0].theta)


def test_warm_start_goes_on() -> None:
    model = quick(warm_start=True).fit(X, y)
    first = model.networks_[0].theta.copy()
    assert np.array_equal(first, quick().fit(X, y).networks_[0].theta)
    cold = quick(warm_start=True).fit(X, y)
    model.fit(X, y)
    assert not np.array_equal(model.networks_[0].theta, first)
    assert model.history_[0].loss[0] != cold.history_[0].loss[0]
    with pytest.raises(ArgumentError) as error:
        model.fit(X, y == "a")
    assert str(error.value) == (
        "SequenceClassifier.fit: y differs in classes or columns from the target of the fitted networks."
    )
    model.ensemble_size = 3
    with pytest.raises(ArgumentError, match="ensemble_size is 3, but was 2 in fit; fit a clone, or set it back with"):
        model.fit(X, y)


def test_model_selection_on_unequal_sequences() -> None:
    search = GridSearchCV(quick(), {"cell": ["gru", "rnn"]}, cv=2, n_jobs=2).fit(X, y)
    assert search.predict(X).shape == (24,)
    parts = cross_val_predict(quick(), X, y, cv=3, method="predict_proba")
    assert parts.shape == (24, 3)
    assert np.array_equal(Pipeline([("model", quick())]).fit(X, y).predict_proba(X), quick().fit(X, y).predict_proba(X))


def test_sample_weights_are_routed() -> None:
    weight = np.linspace(0.5, 2.0, 24)
    with sklearn.config_context(enable_metadata_routing=True):
        model = quick().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_validate(model, X, y, cv=2, params={"sample_weight": weight})["test_score"]
    plain = cross_validate(quick(), X, y, cv=2)["test_score"]
    assert scores.tolist() != plain.tolist()


def test_joblib_and_clone(fitted: SequenceClassifier) -> None:
    file = io.BytesIO()
    joblib.dump(fitted, file)
    file.seek(0)
    assert np.array_equal(joblib.load(file).predict_proba(X), fitted.predict_proba(X))
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params() and not hasattr(copy, "networks_")
    expected = "SequenceClassifier(ensemble_size=2, hidden_size=4, n_threads=1, random_state=0, updates=5)"
    assert " ".join(repr(copy).split()) == expected


def test_interrupt_leaves_a_usable_model(monkeypatch: pytest.MonkeyPatch) -> None:
    from elman.sequences import training

    def interrupted(trainers: list[Any], **options: Any) -> None:
        trainers[0].run(until=2)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train_ensemble", interrupted)
    model = quick()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert len(model.networks_) == 1 and model.updates_ == 2
    assert model.predict(X).shape == (24,)
    monkeypatch.undo()
    assert len(model.set_params(warm_start=True).fit(X, y).networks_) == 1  # continues with the present networks


MESSAGES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "unknown argument": (
        lambda: SequenceClassifier(n_epochs=3),  # type: ignore[call-arg]
        ArgumentError,
        "SequenceClassifier: there is no argument 'n_epochs'.\n  Hint: n_epochs: see updates.",
    ),
    "misspelt argument": (
        lambda: SequenceClassifier().set_params(windw=3),
        ArgumentError,
        "SequenceClassifier: there is no argument 'windw'.\n  Hint: did you mean 'window'?",
    ),
    "wrong choice": (
        lambda: quick(readout="first").fit(X, y),
        ArgumentError,
        "SequenceClassifier.fit: readout must be one of 'last', 'mean', 'max', got 'first'.",
    ),
    "wrong count": (
        lambda: quick(updates=0).fit(X, y),
        ArgumentError,
        'SequenceClassifier.fit: updates must be "auto" or an integer of at least 1, got 0.',
    ),
    "activation of another cell": (
        lambda: quick(activation="relu").fit(X, y),
        ArgumentError,
        "Architecture: activation='relu' needs cell='rnn', got cell='gru'.",
    ),
    "unequal counts": (
        lambda: quick().fit(X, y[1:]),
        ArgumentError,
        "SequenceClassifier.fit: X has 24 sequences, but y has 23 rows.",
    ),
    "one class": (
        lambda: quick().fit(X, ["a"] * 24),
        DataError,
        "SequenceClassifier.fit: y has one class, 'a'; at least two classes are needed.",
    ),
    "no weights": (
        lambda: quick().fit(X, y, np.zeros(24)),
        DataError,
        "SequenceClassifier.fit: Sample weights must contain at least one non-zero number.",
    ),
    "classes in columns": (
        lambda: quick().fit(X, np.arange(48).reshape(24, 2) % 5),
        DataError,
        (
            "SequenceClassifier.fit: y with several columns must hold 0 and 1, one column per label; classes of "
            "several kinds need a classifier each (sklearn.multioutput.MultiOutputClassifier)."
        ),
    ),
    "column without a frame": (
        lambda: quick().fit(X, "label"),
        ArgumentError,
        "SequenceClassifier.fit: y='label' names a column, but X is not a long frame.",
    ),
    "label that changes": (
        lambda: quick().fit(long_frame(X).assign(label=lambda f: f["ds"] % 2), "label"),
        DataError,
        "SequenceClassifier.fit: column 'label' must have one value per sequence, the one with id 's0' has 0 and 1.",
    ),
    "series without an id": (
        lambda: quick().fit(long_frame(X), pd.Series(y)),
        DataError,
        "SequenceClassifier.fit: y must have one row per id of the frame, 's0' is missing from its index.",
    ),
    "other channels": (
        lambda: quick().fit(X, y).predict(ragged(channels=3)),
        ShapeError,
        "SequenceClassifier.predict: X has 3 channels, but 2 at fit.",
    ),
    "held-out part too small": (
        lambda: quick(early_stopping=True).fit(X[:4], list("aabb")),
        DataError,
        (
            "SequenceClassifier.fit: early_stopping cannot hold out a part: The test_size = 1 should be greater or "
            "equal to the number of classes = 2"
        ),
    ),
    "class weights": (
        lambda: quick(class_weight="even").fit(X, y),
        ArgumentError,
        (
            'SequenceClassifier.fit: class_weight must be None, "balanced", a dict, or for labels a list of dicts, '
            "got 'even'."
        ),
    ),
    "class weights of a part": (
        lambda: quick(class_weight="balanced").partial_fit(X, y),
        ArgumentError,
        "SequenceClassifier.partial_fit: class_weight must be None; pass weights as sample_weight.",
    ),
    "not fitted": (
        lambda: quick().predict(X),
        NotFittedError,
        "SequenceClassifier.predict: this SequenceClassifier is not fitted yet; call fit first.",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_messages(case: str) -> None:
    call, kind, message = MESSAGES[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == message


def test_a_column_vector_of_classes_is_flattened_with_a_warning() -> None:
    with pytest.warns(DataConversionWarning):
        model = quick().fit(X, y[:, np.newaxis])
    assert np.array_equal(model.predict_proba(X), quick().fit(X, y).predict_proba(X))


def test_save_and_load(fitted: SequenceClassifier, tmp_path: Path) -> None:
    import elman

    fitted.save(tmp_path / "model")
    for again in (elman.load(tmp_path / "model"), SequenceClassifier.load(tmp_path / "model")):
        assert type(again) is SequenceClassifier
        assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))
        assert again.get_params() == fitted.get_params()
        again.partial_fit(X, y)
