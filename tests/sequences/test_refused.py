"""A refused fit does not change the fitted model; numbers out of range are refused."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import SequenceClassifier, SequenceRegressor, SequenceTagger
from elman.errors import ArgumentError, DataError, ElmanError, TrainingError
from sequences.small import QUICK, labels, long_frame, ragged

X = ragged()
KINDS: dict[type, Any] = {
    SequenceClassifier: labels(),
    SequenceRegressor: np.arange(24.0),
    SequenceTagger: [labels(len(sequence)) for sequence in X],
}


def refused_calls(kind: type) -> dict[str, tuple[Any, ...]]:
    """Return arguments of `fit` with sequences of another form and invalid targets."""
    other = ragged(channels=3)
    frame = long_frame(other)
    return {
        "y too short": (other, KINDS[kind][:5]),
        "y missing": (other, None),
        "frame without y": (frame, "nothing"),
        "weights negative": (other, KINDS[kind], -np.ones(24)),
        "weights too heavy": (other, KINDS[kind], np.full(24, 1e300)),
    }


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("case", refused_calls(SequenceClassifier))
@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_fit_leaves_the_model_as_it_was(kind: type, case: str, method: str) -> None:
    model = kind(**QUICK).fit(X, KINDS[kind])
    before, predicted = dict(vars(model)), model.predict(X)
    X_bad, y_bad, *weight = refused_calls(kind)[case]
    with pytest.raises((ElmanError, ValueError)):
        getattr(model, method)(X_bad, y_bad, **({"sample_weight": weight[0]} if weight else {}))
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    for a, b in zip(model.predict(X), predicted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_fit_that_another_thread_forbids_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import elman.sequences.learning as learning

    inside, leave, usual = threading.Event(), threading.Event(), learning.train

    def wait(*arguments: Any) -> Any:
        inside.set()
        assert leave.wait(60)
        return usual(*arguments)

    monkeypatch.setattr(learning, "train", wait)
    model = SequenceRegressor(**QUICK)
    thread = threading.Thread(target=model.fit, args=(X, KINDS[SequenceRegressor]))
    thread.start()
    assert inside.wait(60)
    try:
        with pytest.raises(TrainingError, match="fit: another thread is using this estimator"):
            model.fit(ragged(channels=3), KINDS[SequenceRegressor])
    finally:
        leave.set()
        thread.join()
    assert model.n_features_in_ == 2
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("random_state", ["x", -1, 2**32, 1.5, [1]])
def test_what_no_random_numbers_come_from_is_refused(kind: type, random_state: Any) -> None:
    with pytest.raises(ArgumentError, match=r"fit: random_state must be an integer between 0 and 4294967295, a Random"):
        kind(**{**QUICK, "random_state": random_state}).fit(X, KINDS[kind])


@pytest.mark.parametrize("top", [3.41e38, 1e100, 1e300])
def test_targets_beyond_float32_are_refused(top: float) -> None:
    y = np.linspace(0, top, 24)
    with pytest.raises(DataError, match=r"fit: y\[\d+\] is .*; every value must be within float32, at most 3\.4e38\."):
        SequenceRegressor(**QUICK).fit(X, y)
    steps = [np.full(len(sequence), top) for sequence in X]
    with pytest.raises(DataError, match=r"fit: y\[0\] is "):
        SequenceTagger(**QUICK, target="numbers").fit(X, steps)
    assert np.isfinite(SequenceRegressor(**QUICK).fit(X, np.linspace(0, 3.4e38, 24)).predict(X)).all()


def test_normalized_gates_need_more_than_one_value_per_step() -> None:
    single, tags = [sequence[:, 0] for sequence in X], [sequence[:, 0] > 0 for sequence in X]
    model = SequenceTagger(**QUICK, layer_norm=True)
    with pytest.raises(ArgumentError) as caught:
        model.fit(single, tags)
    assert str(caught.value) == (
        'SequenceTagger.fit: with layer_norm=True, cell="gru" sees only the sign of a single value per step. '
        "Pass window=4."
    )
    for follows in ({"window": 4}, {"cell": "rnn", "window": "auto"}):
        model.set_params(**follows).fit(single, tags)


@pytest.mark.parametrize("unit", ["D", "h", "ns"])
def test_times_are_no_numbers(unit: str) -> None:
    hint = r"must hold numbers, got (timedelta64|datetime64|Timedelta)(.|\n)*Hint: divide time differences by a unit"
    y, equal = np.arange(24.0), [sequence[:1] for sequence in X]
    for bad in (np.arange(24).astype(f"m8[{unit}]"), pd.Series(pd.to_timedelta(np.arange(24), unit="h"))):
        with pytest.raises(DataError, match=hint):
            SequenceRegressor(**QUICK).fit(X, bad)
        with pytest.raises(DataError, match=hint):
            SequenceRegressor(**QUICK).fit(X, list(bad))
    table = np.arange(96).reshape(24, 4).astype(f"M8[{unit}]")
    for data in (table, pd.DataFrame(table), [sequence.astype(f"m8[{unit}]") for sequence in equal]):
        with pytest.raises(DataError, match=hint):
            SequenceRegressor(**QUICK).fit(data, y)


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [
        ("num_layers", 10**9, 1000),
        ("ensemble_size", 1001, 1000),
        ("window", 2**31, 2**20),
        ("stride", 10**12, 2**20),
        ("updates", 10**12, 10**9),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_absurd_sizes_are_named_with_their_limit(kind: type, name: str, value: int, most: int) -> None:
    if name == "stride" and kind is SequenceTagger:
        return  # it has none
    with pytest.raises(ArgumentError, match=rf"^{kind.__name__}\.fit: {name} must be at most {most}, got {value}\.$"):
        kind(**{**QUICK, name: value}).fit(X, KINDS[kind])
    with pytest.raises(ArgumentError, match="hidden_size=1000000000 and num_layers=1 make"):
        kind(**{**QUICK, "hidden_size": 10**9}).fit(X, KINDS[kind])


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"hidden_size": (4, 0)}, "hidden_size[1] must be an integer of at least 1, got 0."),
        (
            {"hidden_size": (4, 3), "num_layers": 3},
            "hidden_size has the sizes of 2 layers, but num_layers=3.\n  Hint: leave out num_layers.",
        ),
        ({"hidden_size": (4,) * 1001}, "num_layers must be at most 1000, got 1001."),
        (
            {"bidirectional": (True, False)},
            "bidirectional must be True or False, or a tuple of one for each of 1 layers, got (True, False).",
        ),
        (
            {"cell": "gru", "projection_size": 2},
            "projection_size is for an LSTM, and the cell is 'gru'. Pass cell=\"lstm\", or leave projection_size out.",
        ),
        (
            {"cell": "lstm", "hidden_size": (8, 4), "projection_size": 4},
            "projection_size must be less than the units of every layer, 4, got 4.",
        ),
        ({"dense": 16}, "dense must be a tuple, one size per layer, got 16. Pass dense=(16,)."),
        (
            {"dense": (4,), "dense_activation": ("relu", "tanh")},
            "dense_activation must have one name for each layer of dense=(4,), got 2.",
        ),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_sizes_by_layer_are_checked(kind: type, sizes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        kind(**{**QUICK, **sizes}).fit(X, KINDS[kind])
    assert str(caught.value) == f"{kind.__name__}.fit: {message}"


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_weights_of_steps_are_finite_and_can_be_summed(bad: float) -> None:
    weights = [np.full(len(sequence), bad if i == 3 else 1.0) for i, sequence in enumerate(X)]
    with pytest.raises(
        DataError, match=r"fit: sample_weight must be finite numbers of at most 1e\+30 for every step\."
    ):
        SequenceTagger(**QUICK).fit(X, KINDS[SequenceTagger], sample_weight=weights)
