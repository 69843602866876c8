"""`SequenceTagger`: a class, labels, or numbers for every step of a sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import Tags

from elman.data.ragged import Ragged
from elman.errors import ArgumentError, DataError, UnsupportedError
from elman.estimators import Table, documented
from elman.sequences.documentation import SHARED
from elman.sequences.estimator import SequenceEstimator
from elman.sequences.fitted import Fitted, Inputs
from elman.sequences.forms import columns_named, usual_form
from elman.sequences.learning import Examples
from elman.sequences.options import class_weights
from elman.sequences.parameters import TAGGER, Task
from elman.sequences.reading import HEAVIEST, in_form_of, read, unpadded, weights
from elman.sequences.tags import StepTags, as_tags
from elman.sequences.targets import Target, class_target, number_target, read_classes, read_numbers

__all__ = ["SequenceTagger"]

Array = npt.NDArray[Any]
Steps = list[Array]  # one array (T_i,) or (T_i, K) per sequence


@documented(shared=SHARED)
@dataclass(eq=False, repr=False, kw_only=True)
class SequenceTagger(SequenceEstimator):
    """Tag every step of sequences of any lengths with a small ensemble of recurrent networks.

    Step t reads the newest `window` values of all channels, and every step has an output::

        x_t = values[t - window + 1 … t]        padded in front with the first value
        h_t = GRU(x_t, h_{t-1})
        o_t = h_t W_y + b_y,   p_t = softmax(o_t), sigmoid(o_t), or the numbers o_t themselves

    The loss is the mean over all steps. By default an output depends on its own and on earlier steps alone;
    with ``bidirectional=True`` it depends on all steps; do not use this where the target is a later input.

    Parameters
    ----------
    target : {"class", "labels", "numbers"}
        Content of y for each step: one class, 0 and 1 for each of several labels, or one or more numbers.
    window : int
        Values of every channel per step.
    steps : int, "auto" or None
        Steps of the stretches that training sequences are cut into, each of which starts with an empty state; None
        leaves them whole. ``"auto"``: 50 where every step has more than 32 labels and the network reads forwards, else
        None.
    class_weight : None, "balanced" or dict
        Weight of each class in the loss; for labels a list of such dicts.
    label_smoothing : float
        Share of each target that is spread over all classes.
    loss : {"mse", "mae", "huber"}
        Of ``target="numbers"``, which are standardised.
    {shared}

    Attributes
    ----------
    classes_ : ndarray (C,)
        Classes in the order of `predict_proba`'s columns; of labels 0 … K-1; none for numbers.
    networks_ : list of Network
        The ensemble.
    history_ : list of History
        Loss, gradient norm and learning rate of every update of every network.
    updates_ : int
        Number of updates.
    n_features_in_ : int
        Columns of a table (N, T); of other forms, channels.

    Notes
    -----
    ``"auto"`` stands for the values of the other sequence estimators: a GRU of 64 units, no recurrent dropout,
    standardised channels, learning rate 0.003, 32 sequences per update. Where every step has more than 32 labels, as
    in polyphonic music, it stands for: an LSTM with twice as many units as labels, at most 256; recurrent dropout 0.5
    if the network has more than four weights for each training step, else 0.2; channels as they are if they hold 0
    and 1 alone; learning rate 0.01; 16 stretches per update. The biases of labels start at the log-odds of their
    frequency.

    Sequences come in the forms described for `SequenceClassifier`, and y in the same form: a list of (T_i,) or
    (T_i, K), an array (N, T) or (N, T, K), or for a long frame the name of a column or of several. Predictions have the
    form of X; for a long frame there is one per row of the frame. A step whose tag is NaN, None or (for classes and
    labels) -100 has none: it does not count in the loss or in `score`, and is tagged like all others.

    Examples
    --------
    Whether the sum so far is positive:

    >>> import numpy as np
    >>> from elman import SequenceTagger
    >>> X = [np.array(x) for x in ([1.0, -3, 1], [2.0, 1], [-1.0, 3, 1, -9], [-2.0, 1, 5])] * 4
    >>> y = [np.cumsum(x) > 0 for x in X]
    >>> model = SequenceTagger(hidden_size=8, updates=150, ensemble_size=1, learning_rate=0.03, random_state=0)
    >>> [tags.tolist() for tags in model.fit(X, y).predict(X[:2])]
    [[True, False, False], [True, True]]
    """

    _kind: ClassVar[str] = "tagger"
    _table: ClassVar[Table] = TAGGER

    target: str = "class"
    window: Any = 1
    steps: Any = "auto"
    cell: str = "auto"
    hidden_size: Any = "auto"
    bidirectional: Any = False
    recurrent_dropout: Any = "auto"
    standardize: Any = "auto"
    learning_rate: Any = "auto"
    batch_size: Any = "auto"
    class_weight: Any = None
    label_smoothing: float = 0.0
    loss: str = "mse"

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, checkpoint_dir: Any = None, resume: bool = False
    ) -> Self:
        """Learn from sequences whose steps are tagged.

        Parameters
        ----------
        X : list of array_like (T_i, D) or (T_i,), array_like (N, T, D) or (N, T), or long frame
            Sequences.
        y : list of array_like (T_i,) or (T_i, K), array_like (N, T) or (N, T, K), str or list of str
            A tag for every step; names of columns of a long frame.
        sample_weight : array_like (N,), or list of array_like (T_i,), optional
            Weight of each sequence, or of each step in the loss; 0 where the tag is unknown.
        checkpoint_dir : str or path, optional
            Folder for states of the training, so that it can continue after a crash.
        resume : bool
            Continue from the states there; the result is, bit for bit, that of an uninterrupted fit.

        Returns
        -------
        SequenceTagger
            Itself.

        Raises
        ------
        ArgumentError, ShapeError, DataError
            If a parameter, a shape or a value is invalid, or the folder holds the states of another fit.
        TrainingError
            If the loss is not finite.
        """

        def examples(place: str, before: Fitted | None) -> Examples:
            ragged, inputs, tags = self._read_pair(place, X, y, None if before is None else before.inputs)
            weight, factor = self._step_weights(place, ragged, tags, sample_weight)
            if self.class_weight is not None:
                factor = _times_class_weight(place, self.class_weight, tags, factor)
            target, codes = self._encode(place, tags, weight)
            return Examples(ragged=ragged, inputs=inputs, target=target, y=codes, weight=weight, factor=factor)

        return self._fit(examples, checkpoint_dir, resume)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more pass over the sequences at a constant learning rate.

        Parameters
        ----------
        X, y
            As in `fit`.
        classes : array_like (C,), optional
            All classes; needed at the first call unless y has them all.
        sample_weight : array_like (N,), optional
            Weight of each sequence.

        Returns
        -------
        SequenceTagger
            Itself.
        """

        def examples(place: str, before: Fitted | None) -> Examples:
            if self.class_weight is not None:
                raise ArgumentError(f"{place}: class_weight must be None; pass weights as sample_weight.")
            ragged, inputs, tags = self._read_pair(place, X, y, None if before is None else before.inputs)
            weight, factor = self._step_weights(place, ragged, tags, sample_weight)
            known = classes if before is None else before.target.classes
            target, codes = self._encode(place, tags, weight, known)
            return Examples(ragged=ragged, inputs=inputs, target=target, y=codes, weight=weight, factor=factor)

        return self._partial_fit(examples)

    @property
    def classes_(self) -> Array:
        """Classes in order; of labels 0 … K-1; none for numbers."""
        classes = self._attribute("classes_").target.classes
        if classes is None:
            raise AttributeError(f"{self._place('classes_')}: a tagger of numbers has no classes.")
        return classes

    def predict(self, X: Any) -> Any:
        """Return a tag for every step, in the form of X: classes, labels of 0 and 1, or numbers."""
        return self._tags("predict", X, lambda target: target.predictions)

    def predict_proba(self, X: Any) -> Any:
        """Return a probability per class or label for every step, in the form of X with one more axis."""
        return self._tags("predict_proba", X, lambda target: target.probabilities)

    def decision_function(self, X: Any) -> Any:
        """Return the outputs before their activation, in the form of X; one column less for two classes."""
        return self._tags("decision_function", X, lambda target: target.decision)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of steps with the right tag, or with all labels right; for numbers R².

        Parameters
        ----------
        X, y
            As in `fit`.
        sample_weight : array_like (N,), or list of array_like (T_i,), optional
            Of sequences or steps.

        Raises
        ------
        DataError
            If y has a class that was not in `fit`: no prediction could be right.
        """
        place = self._place("score")
        with self._reading("score") as fitted:
            ragged, _, tags = self._read_pair(place, X, y, fitted.inputs)
            weight, factor = self._step_weights(place, ragged, tags, sample_weight)
            fitted.check_target(place, self._encode(place, tags, weight, fitted.target.classes)[0])
            outputs = fitted.outputs(ragged.sequences, self.n_threads or 0)
        factors = [factor] * len(tags) if isinstance(factor, float) else factor
        steps = [np.full(len(t), w) * f for t, w, f in zip(tags.steps, weight, factors, strict=True)]
        found = np.concatenate(tags.of_known([fitted.target.predictions(o) for o in outputs]))
        metric = r2_score if self.target == "numbers" else accuracy_score
        return float(metric(tags.joined(), found, sample_weight=np.concatenate(tags.of_known(steps))))

    def _tags(self, method: str, X: Any, convert: Callable[[Target], Callable[[Array], Array]]) -> Any:
        """Convert the outputs of every sequence and return them in the form of X."""
        if self._value(method).target.kind == "numbers" and method != "predict":
            raise UnsupportedError(f"{self._place(method)}: a tagger of numbers has no classes; use predict.")
        fitted, ragged, outputs = self._outputs(method, X)
        found = [convert(fitted.target)(o) for o in outputs]
        return in_form_of(X, ragged, found)

    def _check(self, place: str) -> None:
        super()._check(place)
        if self.target == "numbers" and (self.class_weight is not None or self.label_smoothing):
            raise ArgumentError(f'{place}: target="numbers" takes neither class_weight nor label_smoothing.')

    def _read_pair(self, place: str, X: Any, y: Any, known: Inputs | None) -> tuple[Ragged, Inputs, StepTags]:
        """Check sequences and split their tags into one array per sequence."""
        X = usual_form(place, self, X)
        columns = columns_named(place, self, X, y)
        ragged, inputs = read(place, self, X, known, columns)
        if columns:
            values = [np.asarray(X[name]) for name in columns]
            column = values[0] if isinstance(y, str) else np.stack(values, axis=1)
            assert ragged.rows is not None
            return ragged, inputs, as_tags(place, [column[rows] for rows in ragged.rows], self.target == "numbers")
        if y is None or len(y) != len(ragged):
            count = "is None" if y is None else f"has {len(y)} entries"
            raise ArgumentError(f"{place}: X has {len(ragged)} sequences, but y {count}.")
        parts = unpadded(X, ragged, y, self.layout)
        self._check_steps(place, ragged, [np.asarray(part) for part in parts], "y")
        return ragged, inputs, as_tags(place, parts, self.target == "numbers")

    def _check_steps(self, place: str, ragged: Ragged, parts: Steps, name: str) -> None:
        """Refuse arrays that do not have one entry per step."""
        for i, (sequence, part) in enumerate(zip(ragged.sequences, parts, strict=True)):
            if part.ndim not in (1, 2) or len(part) != len(sequence) or part.shape[1:] != parts[0].shape[1:]:
                wanted = (len(sequence), *parts[0].shape[1:])
                raise DataError(f"{place}: {name}[{i}] must have shape {wanted} like its sequence, got {part.shape}.")

    def _encode(self, place: str, tags: StepTags, weight: Array, classes: Any = None) -> tuple[Target, Steps]:
        """Return the target, from the known tags, and the tags of all steps as codes or numbers."""
        lengths = [len(steps) for steps in tags.steps]
        joined = np.concatenate(tags.steps)
        if self.target == "numbers":
            encoded = read_numbers(place, joined)
            known = np.concatenate(tags.known)
            target = number_target(encoded[known], np.repeat(weight, lengths)[known])
        elif self.target == "labels":
            if joined.ndim != 2 or not np.isin(joined, (0, 1)).all():
                raise DataError(f'{place}: with target="labels" y must hold 0 and 1 in one column per label.')
            target, encoded = class_target(place, joined)
        else:
            if joined.ndim != 1:
                raise DataError(f'{place}: with target="class" y must hold one class per step, got {joined.shape[1]}.')
            target, encoded = class_target(place, read_classes(place, joined), classes)
        return target, np.split(encoded, np.cumsum(lengths)[:-1])

    def _step_weights(self, place: str, ragged: Ragged, tags: StepTags, sample_weight: Any) -> tuple[Array, Any]:
        """Return the weights of sequences (n,), and the further weights of their steps: 1, or an array for each."""
        factor: Any = 1.0 if tags.complete else [known.astype(np.float64) for known in tags.known]
        if isinstance(sample_weight, (list, tuple)) and len(sample_weight) and np.ndim(sample_weight[0]) > 0:
            given = [np.asarray(part, np.float64) for part in sample_weight]
            self._check_steps(place, ragged, given, "sample_weight")
            sample_weight = None
            if not all((part <= HEAVIEST).all() for part in given):  # also true of NaN
                raise DataError(
                    f"{place}: sample_weight must be finite numbers of at most {HEAVIEST:.0e} for every step."
                )
            factor = [own * known for own, known in zip(given, tags.known, strict=True)]
            if min(part.min() for part in given) < 0 or not any(part.any() for part in factor):
                raise DataError(f"{place}: sample_weight must not be negative, nor zero everywhere.")
        weight = weights(place, ragged, sample_weight) * [known.any() for known in tags.known]
        if not weight.any():
            raise DataError(f"{place}: no sequence has both a weight and a tag.")
        return weight, factor

    def _task(self) -> Task:
        smoothing = float(self.label_smoothing)
        return Task(
            readout="every",
            window=self.window,
            stride=1,
            loss=self.loss,
            label_smoothing=smoothing,
            steps=self.steps,
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.no_validation = True
        return tags


def _times_class_weight(place: str, class_weight: Any, tags: StepTags, factor: Any) -> Steps:
    """Multiply the weights of steps by those of their classes."""
    lengths = [len(steps) for steps in tags.steps]
    by_class = np.zeros(sum(lengths))
    by_class[np.concatenate(tags.known)] = class_weights(place, class_weight, tags.joined())
    parts = np.split(by_class, np.cumsum(lengths)[:-1])
    return parts if isinstance(factor, float) else [a * b for a, b in zip(parts, factor, strict=True)]
