"""`SequenceRegressor`: targets in their own units, several of them, losses, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman import ArgumentError, DataError, FileFormatError, SequenceClassifier, SequenceRegressor, TrainingError
from sequences.small import QUICK, long_frame, ragged

X = ragged()
y = np.array([sequence.mean() for sequence in X])


def quick(**parameters: Any) -> SequenceRegressor:
    return SequenceRegressor(**(QUICK | parameters))


def test_learns_the_mean_of_a_sequence() -> None:
    many = ragged(300, channels=1, seed=2)
    means = np.array([100 + 1e-3 * sequence.mean() for sequence in many])
    model = SequenceRegressor(hidden_size=8, ensemble_size=1, updates=400, random_state=0).fit(many[:200], means[:200])
    assert model.score(many[200:], means[200:]) > 0.8


def test_targets_keep_their_units_and_their_shape() -> None:
    one, column, two = (quick().fit(X, target) for target in (y, y[:, np.newaxis], np.column_stack([y, -1000 * y])))
    assert one.predict(X).shape == (24,) and column.predict(X).shape == (24, 1) and two.predict(X).shape == (24, 2)
    assert np.array_equal(one.predict(X), column.predict(X)[:, 0])
    scaled = quick().fit(X, 1000 * y + 5)
    assert np.allclose(scaled.predict(X), 1000 * one.predict(X) + 5, rtol=1e-4)
    assert two.n_outputs_ == 2
    assert two.score(X, np.column_stack([y, -1000 * y])) < 1


def test_constant_target() -> None:
    model = quick(updates=200, learning_rate=0.05).fit(X, np.full(24, 7.0))
    assert np.allclose(model.predict(X), 7.0, atol=0.05)


@pytest.mark.parametrize("loss", ["mae", "huber"])
def test_losses_differ(loss: str) -> None:
    assert not np.array_equal(quick(loss=loss).fit(X, y).predict(X), quick().fit(X, y).predict(X))


def test_frames_partial_fit_and_early_stopping() -> None:
    frame = long_frame(X, target=list(y))
    assert np.array_equal(quick().fit(frame, "target").predict(frame), quick().fit(X, y).predict(X))
    model = quick().partial_fit(X, y).partial_fit(X[:6], y[:6])
    assert model.updates_ == 2 and model.predict(X).shape == (24,)
    stopped = quick(early_stopping=True, updates=40, patience=1).fit(X, y)
    assert stopped.history_[0].best_update is not None


def test_training_that_fails_leaves_the_old_model() -> None:
    model = quick(warm_start=True).fit(X, y)
    before = model.predict(X)
    model.set_params(learning_rate=1e38, clip_norm=None, optimizer="sgd")
    with pytest.raises(TrainingError, match="at update"):
        model.fit(X, y)
    model.set_params(learning_rate=3e-3, clip_norm=1.0, optimizer="adam")
    assert np.array_equal(model.predict(X), before)


def test_save_and_load(tmp_path: Path) -> None:
    frame = long_frame(X, target=list(y))
    model = quick().fit(frame, "target")
    model.save(tmp_path / "model")
    again = elman.load(tmp_path / "model")
    assert type(again) is SequenceRegressor
    assert np.array_equal(again.predict(frame), model.predict(X))
    assert again.feature_names_in_.tolist() == ["x0", "x1"] and again.n_features_in_ == 2
    with pytest.raises(FileFormatError, match="holds a regressor of sequences, not a classifier"):
        SequenceClassifier.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("parameters", "data", "target", "kind", "message"),
    [
        (
            {"loss": "mape"},
            X,
            y,
            ArgumentError,
            (
                "SequenceRegressor.fit: loss must be one of 'mse', 'mae', 'huber', got 'mape'.\n"
                "  Hint: did you mean 'mae'?"
            ),
        ),
        ({}, X, y[1:], ArgumentError, "SequenceRegressor.fit: X has 24 sequences, but y has 23 rows."),
        ({}, X, None, DataError, "SequenceRegressor.fit: requires y to be passed, but the target y is None."),
        ({}, X, "y", ArgumentError, "SequenceRegressor.fit: y='y' names a column, but X is not a long frame."),
        ({}, [], [], DataError, "SequenceRegressor.fit: X has no sequence."),
    ],
)
def test_messages(parameters: dict[str, Any], data: Any, target: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as error:
        quick(**parameters).fit(data, target)
    assert str(error.value) == message
