"""`stream()` has the bits of whole sequences, and `transform` the states of the networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from elman import (
    ArgumentError,
    DataError,
    SequenceClassifier,
    SequenceRegressor,
    SequenceTagger,
    ShapeError,
    UnsupportedError,
)
from elman.sequences.preparation import ensemble_mean
from sequences.small import QUICK, labels, long_frame, ragged

X = ragged(longest=25, seed=3)
FORWARD: dict[str, Any] = QUICK | {"bidirectional": False}
WINDOWS = [(1, 1), (4, 1), (5, 3), (3, 3), (2, 5), (1, 4), (7, 2)]
LONGEST = sorted(X, key=len)[-3:]


@pytest.mark.parametrize(("window", "stride"), WINDOWS)
@pytest.mark.parametrize(
    ("cell", "sizes", "classes"),
    [
        ("gru", {}, "ab"),
        ("lstm", {"num_layers": 2}, "abc"),
        ("lstm", {"hidden_size": (3, 5), "dense": (4,), "projection_size": 2}, "abc"),
        ("rnn", {}, "abcd"),
        ("gru", {"layer_norm": True}, "abc"),
    ],
)
def test_after_every_step_a_stream_has_the_bits_of_the_steps_so_far(
    window: int, stride: int, cell: str, sizes: dict[str, Any], classes: str
) -> None:
    model = SequenceClassifier(window=window, stride=stride, cell=cell, **FORWARD | sizes)
    model.fit(X, labels(classes=classes))
    for x in LONGEST:
        stream = model.stream()
        so_far = [x[: t + 1] for t in range(len(x))]
        predicted, probabilities = model.predict(so_far), model.predict_proba(so_far)
        for t, row in enumerate(x):
            assert stream.step(row) == predicted[t]
            np.testing.assert_array_equal(stream.probabilities, probabilities[t])
        assert stream.count == len(x)


@pytest.mark.parametrize("target", ["class", "labels", "numbers"])
@pytest.mark.parametrize("window", [1, 6])
def test_a_tagger_streams_the_tags_of_the_whole_run(target: str, window: int) -> None:
    y = {
        "class": [np.where(x[:, 0] > 0, "up", "down") for x in X],
        "labels": [(x > 0).astype(int) for x in X],
        "numbers": [x.sum(axis=1) for x in X],
    }[target]
    model = SequenceTagger(target=target, window=window, **QUICK).fit(X, y)
    for x, whole in zip(LONGEST, model.predict(LONGEST), strict=True):
        stream = model.stream()
        np.testing.assert_array_equal([stream.step(row) for row in x], whole)
        if target == "numbers":
            with pytest.raises(UnsupportedError, match="numbers have none"):
                _ = stream.probabilities
        else:
            np.testing.assert_array_equal(stream.probabilities, model.predict_proba([x])[0][-1])


def test_regressors_stream_and_one_channel_takes_a_number() -> None:
    single = [x[:, 0] for x in X]
    model = SequenceRegressor(window=3, stride=2, **FORWARD).fit(single, [x.mean() for x in single])
    stream = model.stream()
    longest = max(single, key=len)
    wanted = model.predict([longest[: t + 1] for t in range(len(longest))])
    np.testing.assert_array_equal([stream.step(value) for value in longest], wanted)


@pytest.mark.parametrize(("window", "stride", "cell"), [(5, 3, "lstm"), (2, 5, "gru"), (4, 1, "gru")])
def test_a_state_is_saved_and_restored_at_every_step(window: int, stride: int, cell: str, tmp_path: Path) -> None:
    model = SequenceClassifier(window=window, stride=stride, cell=cell, **FORWARD).fit(X, labels())
    model.save(tmp_path / "model")
    again, stream = SequenceClassifier.load(tmp_path / "model"), model.stream()
    x = LONGEST[-1]
    for t, row in enumerate(x):
        np.savez(tmp_path / "state.npz", **stream.state)
        with np.load(tmp_path / "state.npz") as state:
            stream = (again if t % 2 else model).stream(state)
        stream.step(row)
    np.testing.assert_array_equal(stream.probabilities, model.predict_proba([x])[0])
    kept = stream.state
    stream.step(x[0])
    assert int(kept["count"]) == len(x)  # a copy


def test_a_stream_keeps_the_parameters_it_was_made_with() -> None:
    model = SequenceTagger(**QUICK).fit(X, [x[:, 0] > 0 for x in X])
    stream, whole = model.stream(), model.predict_proba([LONGEST[-1]])[0]
    model.partial_fit(X, [x[:, 0] > 0 for x in X])
    for row in LONGEST[-1]:
        stream.step(row)
    np.testing.assert_array_equal(stream.probabilities, whole[-1])


WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "backwards": (
        lambda model: SequenceClassifier(**QUICK).fit(X, labels()).stream(),
        UnsupportedError,
        r"Classifier\.stream: needs networks that read .* readout='last'\. Fit with bidirectional=False and",
    ),
    "mean": (
        lambda model: SequenceClassifier(readout="mean", **FORWARD).fit(X, labels()).stream(),
        UnsupportedError,
        "readout='mean'",
    ),
    "channels": (lambda model: model.stream().step([1.0]), ShapeError, r"step: x must have shape \(2,\), got \(1,\)\."),
    "value": (lambda model: model.stream().step([1.0, np.nan]), DataError, r"step: x\[1\] is nan; every value must be"),
    "no step": (lambda model: model.stream().probabilities, ArgumentError, "there is no step yet"),
    "other networks": (
        lambda model: model.stream(SequenceClassifier(window=2, **FORWARD).fit(X[1:], labels()[1:]).stream().state),
        ArgumentError,
        r"stream: state must come from a stream of the same fitted networks\.",
    ),
    "shape": (
        lambda model: model.stream(model.stream().state | {"h": np.zeros(3)}),
        ArgumentError,
        r"stream: state\['h'\] must have shape \(2, 1, 1, 1, 4\)\.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_messages(case: str) -> None:
    call, kind, message = WRONG[case]
    model = SequenceClassifier(window=2, stride=1, **FORWARD).fit(X, labels())
    with pytest.raises(kind, match=message):
        call(model)


def test_a_refused_step_leaves_the_stream_unchanged() -> None:
    model = SequenceTagger(**QUICK).fit(X, [x[:, 0] > 0 for x in X])
    stream, x = model.stream(), LONGEST[-1]
    for row in x:
        with pytest.raises(DataError):
            stream.step(row * np.inf)
        stream.step(row)
    np.testing.assert_array_equal(stream.probabilities, model.predict_proba([x])[0][-1])


@pytest.mark.parametrize("count", [1, 8, 9, 17])
def test_the_mean_of_an_ensemble_does_not_depend_on_neighbours(count: int) -> None:
    runs = [np.random.default_rng(seed).normal(size=(40, 1)) for seed in range(count)]
    together = ensemble_mean(runs)
    for row in range(40):
        assert ensemble_mean([run[row : row + 1] for run in runs])[0] == together[row]


@pytest.mark.parametrize("states", ["last", "mean", "max", "every"])
@pytest.mark.parametrize(("cell", "layers"), [("gru", 1), ("lstm", 2)])
def test_embeddings_are_the_states_of_the_top_layer(states: str, cell: str, layers: int) -> None:
    model = SequenceClassifier(window=2, stride=1, cell=cell, num_layers=layers, **QUICK).fit(X, labels())
    found = model.transform(X, states)
    for i in (0, 5):
        prepared = model.transform([X[i]], states)  # alone: the same bits
        np.testing.assert_array_equal(prepared[0], found[i])
        assert np.shape(found[i]) == ((max(1, len(X[i]) - 1), 16) if states == "every" else (16,))
    network, steps = model.networks_[1], model.transform(X, "every")
    if states == "last":
        o = found[:, 8:].astype(np.float32) @ network.parameters["output.W_y"] + network.parameters["output.b_y"]
        other = found[:, :8].astype(np.float32) @ model.networks_[0].parameters["output.W_y"]
        other += model.networks_[0].parameters["output.b_y"]
        np.testing.assert_allclose((o + other) / 2, model.decision_function(X), atol=1e-5)
        np.testing.assert_array_equal(found[3, :4], steps[3][-1, :4])  # forwards: after the last step
        np.testing.assert_array_equal(found[3, 4:8], steps[3][0, 4:8])  # backwards: after the first
        np.testing.assert_array_equal(model.transform(X), found)
    elif states != "every":
        wanted = np.stack([getattr(np, states)(own, axis=0) for own in steps])
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_embeddings_of_steps_have_the_form_of_the_data() -> None:
    model = SequenceTagger(**QUICK).fit(X, [x[:, 0] > 0 for x in X])
    by_list, frame = model.transform(X), long_frame(X)
    assert [own.shape for own in by_list] == [(len(x), 8) for x in X]
    np.testing.assert_array_equal(model.transform(frame), np.concatenate(by_list))
    assert model.transform(np.ones((3, 5, 2))).shape == (3, 5, 8)
    assert model.transform(X, "mean").shape == (len(X), 8)
    with pytest.raises(ArgumentError, match=r"SequenceTagger\.transform: states must be one of 'last', 'mean', 'max'"):
        model.transform(X, "first")


def test_embeddings_feed_a_pipeline() -> None:
    y = [x[:, 0].mean() > 0 for x in X]
    model = make_pipeline(SequenceClassifier(**QUICK), LogisticRegression()).fit(X, y)
    inner = SequenceClassifier(**QUICK)
    wanted = LogisticRegression().fit(inner.fit_transform(X, y), y).predict(inner.transform(X))
    np.testing.assert_array_equal(model.predict(X), wanted)
