"""`SequenceClassifier`: one class, or several labels, for a whole sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags

from elman._check.occupied import changing, untouched
from elman.data.ragged import Ragged, is_long_frame
from elman.errors import ArgumentError
from elman.sequences._documentation import documented
from elman.sequences._estimator import SequenceEstimator, aligned, labels_of
from elman.sequences._options import check_parameters, class_weights
from elman.sequences._targets import Target, class_target, read_classes

__all__ = ["SequenceClassifier"]

Array = npt.NDArray[Any]


@documented
@dataclass(eq=False, repr=False, kw_only=True)
class SequenceClassifier(ClassifierMixin, SequenceEstimator):
    """Classify sequences of any lengths with a small ensemble of recurrent networks.

    At every step the network sees a window of the newest values of all channels; what it remembers at the end decides::

        x_t = values[t·stride … t·stride + window - 1]
        h_t = GRU(x_t, h_{t-1}), and likewise backwards
        o   = readout(h) W_y + b_y,   p = softmax(o), or sigmoid(o) for two classes and for labels

    Sequences are padded in front with their first value until windows end with the last value; no other padding has any
    influence, and a prediction has the same bits whatever other sequences come with it.

    Parameters
    ----------
    window, stride : int or "auto"
        Values of every channel that a step sees, and how far it moves. ``"auto"`` decides by the median length L of the
        training sequences: up to 60 steps ``min(4, L / 6)`` rounded up, and 1; beyond, ``2 * stride`` and ``L // 30``.
    readout : {"last", "mean", "max"}
        State after the last step (of the backward direction: after the first), or mean or maximum over steps.
    class_weight : None, "balanced" or dict
        Weight of each class in the loss; for labels a list of such dicts.
    label_smoothing : float
        Share of each target that is spread over all classes.
    {shared}

    Attributes
    ----------
    classes_ : ndarray (C,)
        Classes in the order of `predict_proba`'s columns; of labels 0 … K-1.
    networks_ : list of Network
        The ensemble.
    history_ : list of History
        Loss, gradient norm and learning rate of every update of every network.
    window_, stride_, updates_ : int
        What the rules chose.
    n_features_in_ : int
        Columns of a table (N, T); of other forms, channels.
    feature_names_in_ : ndarray
        Names of columns, if X was a frame.

    Notes
    -----
    Plain sequences come as a list of (T_i, D) or (T_i,), an array (N, T, D) or (N, T), or a long frame with one row per
    step. The classes of a long frame are one of its columns, ``fit(frame, "label")``, an array in order of the
    sequences' first rows, or a Series indexed by id.

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder-decoder. EMNLP.
    Schuster & Paliwal (1997), Bidirectional recurrent neural networks. IEEE Trans. Signal Processing 45(11).

    Examples
    --------
    >>> import numpy as np
    >>> from elman import SequenceClassifier
    >>> X, y = [[1, 2, 1], [2, 0], [0, 1, 2, 0], [8, 9], [9, 7, 8], [8, 8, 7, 9]], ["low"] * 3 + ["high"] * 3
    >>> model = SequenceClassifier(updates=30, n_seeds=1, random_state=0).fit(X, y)
    >>> model.predict([[1, 1, 0, 2, 0], [9, 8]])
    array(['low', 'high'], dtype='<U4')
    """

    _kind = "classifier"

    window: Any = "auto"
    stride: Any = "auto"
    readout: str = "last"
    class_weight: Any = None
    label_smoothing: float = 0.0

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, checkpoint_dir: Any = None, resume: bool = False
    ) -> Self:
        """Learn from labelled sequences.

        Parameters
        ----------
        X : list of array_like (T_i, D) or (T_i,), array_like (N, T, D) or (N, T), or long frame
            Sequences.
        y : array_like (N,) or (N, K), or str
            A class for each sequence, or 0 and 1 for each label; the name of a long frame's column.
        sample_weight : array_like (N,), optional
            How often each sequence counts; 0 leaves it out.
        checkpoint_dir : str or path, optional
            Folder in which the states of the training are kept, so that it can go on after a crash.
        resume : bool
            Go on from the states there; the result is, bit for bit, that of a fit that never stopped.

        Returns
        -------
        SequenceClassifier
            Itself.

        Raises
        ------
        ArgumentError, ShapeError, DataError
            If a parameter, a shape or a value cannot be used, or the folder holds the states of another fit.
        TrainingError
            If the loss stopped being finite.
        """
        place = self._place("fit")
        check_parameters(place, self)
        with changing(place, self), untouched(self):
            ragged, labels = self._read_pair(place, X, y, reset=not self._goes_on())
            target, codes = class_target(place, labels)
            weight = self._weights(place, ragged, sample_weight)
            factor = 1.0 if self.class_weight is None else class_weights(place, self.class_weight, labels)
            return self._fit(place, ragged, target, codes, weight, factor, checkpoint_dir=checkpoint_dir, resume=resume)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go on learning: one pass over the sequences, at a constant learning rate.

        Windows and standardisation are those of the first call. Class weights need all data and are refused.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array_like (C,), optional
            All classes there will be; at the first call, unless y has them all.

        Returns
        -------
        SequenceClassifier
            Itself.
        """
        place = self._place("partial_fit")
        check_parameters(place, self)
        if self.class_weight is not None:
            raise ArgumentError(f"{place}: class_weight must be None; pass weights as sample_weight.")
        with changing(place, self), untouched(self):
            first = not hasattr(self, "networks_")
            ragged, labels = self._read_pair(place, X, y, reset=first)
            known = classes if first else self.classes_
            target, codes = class_target(place, labels, known if labels.ndim == 1 else None)
            return self._partial_fit(place, ragged, target, codes, self._weights(place, ragged, sample_weight))

    def _read_pair(self, place: str, X: Any, y: Any, *, reset: bool) -> tuple[Ragged, Array]:
        """Check sequences and their labels."""
        column = y if isinstance(y, str) else None
        if column is not None and not is_long_frame(X, self.id_column):
            raise ArgumentError(f"{place}: y={column!r} names a column, but X is not a long frame.")
        ragged = self._read(place, X, reset=reset, exclude=[] if column is None else [column])
        y = aligned(place, "y", ragged, y) if column is None else labels_of(place, X, column, ragged)
        labels = read_classes(place, y)
        if len(labels) != len(ragged):
            raise ArgumentError(f"{place}: X has {len(ragged)} sequences, but y has {len(labels)} rows.")
        return ragged, labels

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each sequence (N,), or its labels (N, K) of 0 and 1."""
        return self._from_outputs("predict", X)

    def _from_outputs(self, method: str, X: Any) -> Array:
        found = self._outputs(method, X)
        convert = {
            "predict": self._target.predictions,
            "predict_proba": self._target.probabilities,
            "decision_function": self._target.decision,
        }
        return convert[method](found)

    def predict_proba(self, X: Any) -> Array:
        """Return a probability per class (N, C), in the order of ``classes_``, or per label (N, K)."""
        return self._from_outputs("predict_proba", X)

    def decision_function(self, X: Any) -> Array:
        """Return the output before its activation: (N,) for two classes, positive for the second; else (N, C)."""
        return self._from_outputs("decision_function", X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of sequences whose class, or whole set of labels, is right.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Raises
        ------
        DataError
            If y has a class that was not there at `fit`: no answer could be right.
        """
        self._check_fitted("score")
        place = self._place("score")
        ragged, labels = self._read_pair(place, X, y, reset=False)
        self._check_target(place, class_target(place, labels, self.classes_ if labels.ndim == 1 else None)[0])
        weight = aligned(place, "sample_weight", ragged, sample_weight)
        predicted = self._target.predictions(self._run_networks(ragged, "score"))
        return float(accuracy_score(labels, predicted, sample_weight=weight))

    def _readout(self) -> str:
        return self.readout

    def _strata(self, target: Target, y: Any) -> Array | None:
        return None if target.kind == "multilabel" else np.asarray(y)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
