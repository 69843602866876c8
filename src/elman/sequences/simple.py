"""`SimpleMethod`: a constant, a linear model and nearest neighbours for whatever a sequence estimator reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from elman import _check
from elman.errors import ArgumentError
from elman.sequences.estimator import SequenceEstimator
from elman.sequences.features import around_steps, described, of_equal_length
from elman.sequences.nearest import NearestWarped
from elman.sequences.preparation import Preparation
from elman.sequences.reading import in_form_of, read
from elman.sequences.tags import StepTags

__all__ = ["DTW", "EUCLIDEAN", "LINEAR", "SimpleMethod", "constant_for", "joined", "of_numbers"]

Array = npt.NDArray[Any]
Rows = Callable[[list[Array]], Array]  # from standardised sequences to one row per output

LINEAR, EUCLIDEAN, DTW = "linear", "1-NN Euclidean", "1-NN DTW"
_STRENGTHS = np.logspace(-3, 5, 17)  # of the linear model's penalty; chosen by leaving out one row at a time
_AROUND = 8  # values of every channel for the tag of a step
_MOST_STEPS = 10_000  # of the training part that a nearest step is searched among


@dataclass(eq=False, repr=False)
class SimpleMethod(BaseEstimator):
    """A method without a network that reads and predicts what a sequence estimator does.

    ==================  ===============================================================================
    method              prediction
    ==================  ===============================================================================
    ``most frequent``   the most frequent class; for numbers ``mean``, their mean
    ``linear``          ridge regression on levels, slopes and spectrum of every channel; for tags on
                        the values at the step and at the seven before
    ``1-NN Euclidean``  that of the nearest training sequence, all stretched to the median length; for
                        tags that of the nearest step, by the same values
    ``1-NN DTW``        that of the nearest training sequence by dynamic time warping (extra ``dtw``)
    ==================  ===============================================================================

    Parameters
    ----------
    method : str
        One of the table.
    like : SequenceClassifier, SequenceRegressor or SequenceTagger
        Its kind, `layout`, `id_column`, `time_column` and `target` are used; it is not fitted. If it is a bidirectional
        tagger, the values at the seven steps after a step count, too.

    Attributes
    ----------
    classes_ : ndarray (C,)
        Classes in order; none for numbers.

    Notes
    -----
    Channels are standardised with mean and standard deviation of the training sequences. The penalty of the ridge
    regression is the one with the smallest error if each training row is left out in turn.

    Examples
    --------
    >>> from elman import SequenceClassifier
    >>> X, y = [[1, 2, 1], [2, 0], [0, 1, 2, 0], [8, 9], [9, 7, 8], [8, 8, 7, 9]], ["low"] * 3 + ["high"] * 3
    >>> SimpleMethod("1-NN Euclidean", SequenceClassifier()).fit(X, y).predict([[1, 1, 0, 2, 0], [9, 8]])
    array(['low', 'high'], dtype='<U4')
    """

    method: str
    like: Any

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from sequences X with targets y, in the forms of ``like.fit``.

        Raises
        ------
        ArgumentError, ShapeError, DataError
            As from ``like.fit``.
        MissingExtraError
            If ``1-NN DTW`` is meant and its package is not installed.
        """
        place = "SimpleMethod.fit"
        self._check(place)
        ragged, self.inputs_, targets = self.like._read_pair(place, X, y, None)
        ones = np.ones(len(ragged))
        self.preparation_ = Preparation.learned(ragged.sequences, ones, window=1, stride=1)
        self.length_ = int(np.median([len(sequence) for sequence in ragged.sequences]))
        standard = self.preparation_.apply(ragged.sequences)
        target = joined(targets)
        if not of_numbers(self.like):
            self.classes_ = np.unique(target) if target.ndim == 1 else np.arange(target.shape[1])
        if self.method == DTW:
            self.model_ = NearestWarped(place).fit(standard, target)
            return self
        rows = self._rows(standard)
        if isinstance(targets, StepTags):
            rows = rows[np.concatenate(targets.known)]
        if self.method == EUCLIDEAN and self._per_step and len(rows) > _MOST_STEPS:
            kept = np.linspace(0, len(rows) - 1, _MOST_STEPS).astype(int)
            rows, target = rows[kept], target[kept]
        self.model_ = _model(self.method, of_numbers(self.like)).fit(rows, target)
        return self

    def predict(self, X: Any) -> Any:
        """Return predictions in the form of ``like.predict``."""
        check_is_fitted(self)
        ragged, _ = read("SimpleMethod.predict", self.like, X, self.inputs_)
        found = self._predicted(ragged.sequences)
        return in_form_of(X, ragged, found) if isinstance(found, list) else found

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy, or for numbers R², as ``like.score`` does."""
        check_is_fitted(self)
        ragged, _, targets = self.like._read_pair("SimpleMethod.score", X, y, self.inputs_)
        metric = r2_score if of_numbers(self.like) else accuracy_score
        found: Any = self._predicted(ragged.sequences)
        if isinstance(targets, StepTags):
            found = targets.of_known(found)
        return float(metric(joined(targets), joined(found)))

    def _predicted(self, sequences: list[Array]) -> Array | list[Array]:
        """Return one prediction per checked sequence, or for each sequence one per step."""
        standard = self.preparation_.apply(sequences)
        rows: Any = standard if self.method == DTW else self._rows(standard)
        found: Array = self.model_.predict(rows)
        return np.split(found, np.cumsum([len(s) for s in standard])[:-1]) if self._per_step else found

    @property
    def _per_step(self) -> bool:
        """Whether every step has a prediction."""
        per_step: bool = self.like._task().per_step
        return per_step

    def _rows(self, standard: list[Array]) -> Array:
        """Return the numbers that the method reads for every prediction."""
        if self._per_step:
            return around_steps(standard, _AROUND - 1, _AROUND - 1 if np.any(self.like.bidirectional) else 0)
        if self.method == EUCLIDEAN:
            return of_equal_length(standard, self.length_).reshape(len(standard), -1)
        return described(standard)

    def _check(self, place: str) -> None:
        """Refuse an unknown method, or anything else than a sequence estimator."""
        if not isinstance(self.like, SequenceEstimator):
            kinds = "SequenceClassifier, SequenceRegressor or SequenceTagger"
            raise ArgumentError(f"{place}: like must be a {kinds}, got {type(self.like).__name__}.")
        known = [constant_for(self.like), LINEAR, EUCLIDEAN, *([] if self._per_step else [DTW])]
        _check.choice(place, "method", self.method, known)

    def __sklearn_tags__(self) -> Tags:
        tags: StepTags = self.like.__sklearn_tags__()
        return tags


def constant_for(like: SequenceEstimator) -> str:
    """Name the method that always predicts the same."""
    return "mean" if of_numbers(like) else "most frequent"


def of_numbers(like: SequenceEstimator) -> bool:
    """Tell whether an estimator predicts numbers, not classes or labels."""
    return like._kind == "regressor" or getattr(like, "target", None) == "numbers"


def joined(targets: Any) -> Array:
    """Return targets as one array: the known ones of steps, one sequence after the other."""
    if isinstance(targets, StepTags):
        known: Array = targets.joined()
        return known
    return np.concatenate(targets) if isinstance(targets, list) else np.asarray(targets)


def _model(method: str, numbers: bool) -> Any:
    """Return scikit-learn's estimator for rows of numbers; its rooms are imported here, because that takes long."""
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.linear_model import RidgeClassifierCV, RidgeCV
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if method == EUCLIDEAN:
        return KNeighborsRegressor(1) if numbers else KNeighborsClassifier(1)
    if method == LINEAR:
        ridge = RidgeCV(_STRENGTHS) if numbers else RidgeClassifierCV(_STRENGTHS)
        return make_pipeline(StandardScaler(), ridge)
    return DummyRegressor() if numbers else DummyClassifier(strategy="most_frequent")
