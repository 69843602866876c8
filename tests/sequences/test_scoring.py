"""Scores against classes or columns that `fit` did not have are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman import ArgumentError, DataError, SequenceClassifier, SequenceRegressor, SequenceTagger
from sequences.small import QUICK, labels, ragged

X = ragged()


@pytest.mark.parametrize(
    ("y", "other", "message"),
    [
        (labels(), np.where(labels() == "a", "z", labels()), "y has the class 'z', which is not among the classes"),
        (labels(), np.arange(24) % 3, "y has the class 0, which is not among the classes ['a', 'b', 'c']."),
        (np.arange(24) % 3, labels(), "y has the class 'a', which is not among the classes [0, 1, 2]."),
        (
            np.arange(24) % 3,
            np.array(list("012") * 8),
            "y has the class '0', which is not among the classes [0, 1, 2].",
        ),
    ],
)
def test_classes_never_seen_cannot_be_scored(y: Any, other: Any, message: str) -> None:
    model = SequenceClassifier(**QUICK).fit(X, y)
    with pytest.raises(DataError) as caught:
        model.score(X, other)
    assert str(caught.value).startswith(f"SequenceClassifier.score: {message}")
    assert 0 <= model.score(X[:3], y[[0, 0, 0]]) <= 1  # fewer classes than at fit are no mistake


def test_scores_of_another_kind_of_target() -> None:
    indicator = np.eye(3, dtype=int)[np.arange(24) % 3]
    for model, y in (
        (SequenceClassifier(**QUICK).fit(X, labels()), indicator),
        (SequenceClassifier(**QUICK).fit(X, indicator), indicator[:, :2]),
    ):
        with pytest.raises(ArgumentError) as caught:
            model.score(X, y)
        assert str(caught.value) == (
            "SequenceClassifier.score: y differs in classes or columns from the target of the fitted networks."
        )


def test_scores_of_another_number_of_targets() -> None:
    model = SequenceRegressor(**QUICK).fit(X, np.arange(24.0))
    with pytest.raises(ArgumentError, match=r"^SequenceRegressor.score: y differs in classes or columns"):
        model.score(X, np.ones((24, 2)))


def test_tags_never_seen_cannot_be_scored() -> None:
    signs = [np.where(x[:, 0] > 0, "up", "down") for x in X]
    with pytest.raises(DataError) as caught:
        SequenceTagger(**QUICK).fit(X, signs).score(X, [np.full(len(x), 7) for x in X])
    assert (
        str(caught.value) == "SequenceTagger.score: y has the class 7, which is not among the classes ['down', 'up']."
    )
