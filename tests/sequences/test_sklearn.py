"""scikit-learn's own checks: every one executed, none skipped, none expected to fail."""

from __future__ import annotations

import unittest
import warnings
from typing import Any, Self

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.exceptions import SkipTestWarning
from sklearn.utils import Tags, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from elman import SequenceClassifier, SequenceRegressor
from sequences.small import EXACT


class ThreeD(BaseEstimator):
    """Take a table (N, T), as the checks do, and give the estimator an array (N, T, 1)."""

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        X = validate_data(self, X)[:, :, np.newaxis]
        self.estimator_ = clone(self.estimator).fit(X, y, sample_weight)
        return self

    def _passed(self, method: str, X: Any) -> Any:
        check_is_fitted(self)
        return getattr(self.estimator_, method)(validate_data(self, X, reset=False)[:, :, np.newaxis])

    def predict(self, X: Any) -> Any:
        return self._passed("predict", X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.target_tags, tags.classifier_tags = inner.target_tags, inner.classifier_tags
        return tags


class ThreeDClassifier(ClassifierMixin, ThreeD):
    @property
    def classes_(self) -> Any:
        return self.estimator_.classes_

    def predict_proba(self, X: Any) -> Any:
        return self._passed("predict_proba", X)

    def decision_function(self, X: Any) -> Any:
        return self._passed("decision_function", X)


class ThreeDRegressor(RegressorMixin, ThreeD):
    pass


ESTIMATORS = [
    SequenceClassifier(**EXACT),
    SequenceRegressor(**EXACT),
    ThreeDClassifier(SequenceClassifier(**EXACT, random_state=0)),
    ThreeDRegressor(SequenceRegressor(**EXACT, random_state=0)),
]


@parametrize_with_checks(ESTIMATORS)
def test_checks(estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # without it a check is skipped
    with warnings.catch_warnings():
        warnings.simplefilter("error", SkipTestWarning)
        try:
            check(estimator)
        except unittest.SkipTest:
            pytest.fail(f"{check.func.__name__} was not executed")
