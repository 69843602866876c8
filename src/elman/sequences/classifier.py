"""`SequenceClassifier`: one class, or several labels, for a whole sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags

from elman.data.ragged import Ragged
from elman.errors import ArgumentError
from elman.estimators import Table, documented
from elman.sequences.documentation import SHARED
from elman.sequences.estimator import SequenceEstimator
from elman.sequences.fitted import Fitted, Inputs
from elman.sequences.forms import columns_named, usual_form
from elman.sequences.learning import Examples
from elman.sequences.options import class_weights
from elman.sequences.parameters import CLASSIFIER, Task
from elman.sequences.reading import aligned, labels_of, read, refuse_length, weights
from elman.sequences.targets import class_target, read_classes

__all__ = ["SequenceClassifier"]

Array = npt.NDArray[Any]


@documented(shared=SHARED)
@dataclass(eq=False, repr=False, kw_only=True)
class SequenceClassifier(ClassifierMixin, SequenceEstimator):
    """Classify sequences of any lengths with a small ensemble of recurrent networks.

    At every step the network reads a window of the newest values of all channels; the states give the output::

        x_t = values[t·stride … t·stride + window - 1]
        h_t = GRU(x_t, h_{t-1}), and likewise backwards
        o   = readout(h) W_y + b_y,   p = softmax(o), or sigmoid(o) for two classes and for labels

    Sequences are padded in front with their first value so that the last window ends with the last value. No other
    padding has an influence: a prediction has the same bits in every batch.

    Parameters
    ----------
    window, stride : int or "auto"
        Values of every channel per step, and shift per step. ``"auto"`` follows from the median length L of the
        training sequences: up to 60 steps ``min(4, L / 6)`` rounded up, and 1; beyond, ``2 * stride`` and ``L // 30``.
    readout : {"last", "mean", "max"}
        State after the last step (of the backward direction: after the first), or mean or maximum over steps.
    tune : bool
        Whether short fits on the training part choose window, stride, readout, cell and size: the given values stay
        unless another setting has a clearly lower error on held-out sequences; see `trials_`.
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
        Chosen values.
    trials_ : DataFrame
        Settings that `tune` compared, the chosen one first; empty without it, and in a loaded estimator.
    n_features_in_ : int
        Columns of a table (N, T); of other forms, channels.
    feature_names_in_ : ndarray
        Names of columns, if X was a frame.

    Notes
    -----
    Plain sequences come as a list of (T_i, D) or (T_i,), an array (N, T, D) or (N, T), or a long frame with one row per
    step. The classes of a long frame are one of its columns, ``fit(frame, "label")``, an array in order of the
    sequences' first rows, or a Series indexed by id.

    ``standardize="sequence"`` scales every sequence to its own mean and standard deviation, and shows the network the
    logarithm of the latter in one more channel for each; levels are lost. The default ``"auto"`` does so if sequences
    differ very much in size (the third quartile of their standard deviations is over 30 times the first, for at least
    20 sequences) and networks read whole sequences anyway (``bidirectional=True``, or another readout than ``"last"``).

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder-decoder. EMNLP.
    Schuster & Paliwal (1997), Bidirectional recurrent neural networks. IEEE Trans. Signal Processing 45(11).

    Examples
    --------
    >>> import numpy as np
    >>> from elman import SequenceClassifier
    >>> X, y = [[1, 2, 1], [2, 0], [0, 1, 2, 0], [8, 9], [9, 7, 8], [8, 8, 7, 9]], ["low"] * 3 + ["high"] * 3
    >>> model = SequenceClassifier(updates=30, ensemble_size=1, random_state=0).fit(X, y)
    >>> model.predict([[1, 1, 0, 2, 0], [9, 8]])
    array(['low', 'high'], dtype='<U4')
    """

    _kind: ClassVar[str] = "classifier"
    _table: ClassVar[Table] = CLASSIFIER

    window: Any = "auto"
    stride: Any = "auto"
    readout: str = "last"
    tune: bool = False
    standardize: Any = "auto"
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
            Weight of each sequence; 0 leaves it out.
        checkpoint_dir : str or path, optional
            Folder for states of the training, so that it can continue after a crash.
        resume : bool
            Continue from the states there; the result is, bit for bit, that of an uninterrupted fit.

        Returns
        -------
        SequenceClassifier
            Itself.

        Raises
        ------
        ArgumentError, ShapeError, DataError
            If a parameter, a shape or a value is invalid, or the folder holds the states of another fit.
        TrainingError
            If the loss is not finite.
        """

        def examples(place: str, before: Fitted | None) -> Examples:
            ragged, inputs, labels = self._read_pair(place, X, y, None if before is None else before.inputs)
            target, codes = class_target(place, labels)
            weight = weights(place, ragged, sample_weight)
            factor = 1.0 if self.class_weight is None else class_weights(place, self.class_weight, labels)
            return Examples(
                ragged=ragged,
                inputs=inputs,
                target=target,
                y=codes,
                weight=weight,
                factor=factor,
                stratified=target.kind != "multilabel",
            )

        return self._fit(examples, checkpoint_dir, resume)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more pass over the sequences at a constant learning rate.

        Windows and standardisation are those of the first call. Class weights depend on all data and are refused.
        ``history_`` holds the newest 10,000 updates.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array_like (C,), optional
            All classes; needed at the first call unless y has them all.

        Returns
        -------
        SequenceClassifier
            Itself.
        """

        def examples(place: str, before: Fitted | None) -> Examples:
            if self.class_weight is not None:
                raise ArgumentError(f"{place}: class_weight must be None; pass weights as sample_weight.")
            ragged, inputs, labels = self._read_pair(place, X, y, None if before is None else before.inputs)
            known = classes if before is None else before.target.classes
            target, codes = class_target(place, labels, known if labels.ndim == 1 else None)
            weight = weights(place, ragged, sample_weight)
            return Examples(ragged=ragged, inputs=inputs, target=target, y=codes, weight=weight)

        return self._partial_fit(examples)

    def _read_pair(self, place: str, X: Any, y: Any, known: Inputs | None) -> tuple[Ragged, Inputs, Array]:
        """Check sequences and their labels."""
        X = usual_form(place, self, X)
        column = y if isinstance(y, str) else None
        ragged, inputs = read(place, self, X, known, [] if column is None else columns_named(place, self, X, column))
        y = aligned(place, "y", ragged, y) if column is None else labels_of(place, X, column, ragged)
        labels = read_classes(place, y)
        refuse_length(place, X, ragged, len(labels), self.id_column)
        return ragged, inputs, labels

    @property
    def classes_(self) -> Array:
        """Classes in order; of labels 0 … K-1."""
        classes = self._attribute("classes_").target.classes
        assert classes is not None
        return classes

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each sequence (N,), or its labels (N, K) of 0 and 1."""
        fitted, _, o = self._outputs("predict", X)
        return fitted.target.predictions(o)

    def predict_proba(self, X: Any) -> Array:
        """Return a probability per class (N, C), in the order of ``classes_``, or per label (N, K)."""
        fitted, _, o = self._outputs("predict_proba", X)
        return fitted.target.probabilities(o)

    def decision_function(self, X: Any) -> Array:
        """Return the output before its activation: (N,) for two classes, positive for the second; else (N, C)."""
        fitted, _, o = self._outputs("decision_function", X)
        return fitted.target.decision(o)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of sequences with the right class, or with all labels right.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Raises
        ------
        DataError
            If y has a class that was not in `fit`: no prediction could be right.
        """
        place = self._place("score")
        with self._reading("score") as fitted:
            ragged, _, labels = self._read_pair(place, X, y, fitted.inputs)
            known = fitted.target.classes if labels.ndim == 1 else None
            fitted.check_target(place, class_target(place, labels, known)[0])
            weight = aligned(place, "sample_weight", ragged, sample_weight)
            predicted = fitted.target.predictions(fitted.outputs(ragged.sequences, self.n_threads or 0))
        return float(accuracy_score(labels, predicted, sample_weight=weight))

    def _task(self) -> Task:
        smoothing = float(self.label_smoothing)
        return Task(
            readout=self.readout,
            window=self.window,
            stride=self.stride,
            label_smoothing=smoothing,
            tune=bool(self.tune),
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
