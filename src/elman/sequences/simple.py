"""`SimpleMethod`: a constant, linear models and nearest neighbours for whatever a sequence estimator reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import Tags

from elman import _check
from elman._extras import need
from elman.errors import ArgumentError, FileFormatError
from elman.estimators import Arrays, Estimator, Parameter, Table, changing, values_of
from elman.persistence.models import check_names
from elman.sequences.classifier import SequenceClassifier
from elman.sequences.convolutions import MOST_CHANNELS
from elman.sequences.estimator import SequenceEstimator
from elman.sequences.features import around_steps, described, of_equal_length
from elman.sequences.fitted import Inputs
from elman.sequences.preparation import Preparation
from elman.sequences.reading import in_form_of, read
from elman.sequences.regressor import SequenceRegressor
from elman.sequences.saving import center_and_scale, center_names, form_to_file, inputs_from_file, target_from_file
from elman.sequences.settling import sizes_differ
from elman.sequences.simple_models import (
    PREFIX,
    Constant,
    Convolved,
    Linear,
    Nearest,
    SimpleModel,
    Warped,
    arrays_of,
    of_arrays,
)
from elman.sequences.tagger import SequenceTagger
from elman.sequences.tags import StepTags
from elman.sequences.targets import Target, class_target

__all__ = ["CONVOLUTIONS", "DTW", "EUCLIDEAN", "LINEAR", "SimpleMethod", "constant_for", "joined", "of_numbers"]

Array = npt.NDArray[Any]

LINEAR, EUCLIDEAN, DTW, CONVOLUTIONS = "linear", "1-NN Euclidean", "1-NN DTW", "convolutions"
_BY_SEQUENCE = (LINEAR, CONVOLUTIONS)  # where it helps; a nearest neighbour needs the sizes themselves
_WHOLE = (DTW, CONVOLUTIONS)  # methods that read sequences, not rows of numbers
_MODELS: dict[str, type[SimpleModel]] = {
    "most frequent": Constant,
    "mean": Constant,
    LINEAR: Linear,
    EUCLIDEAN: Nearest,
    DTW: Warped,
    CONVOLUTIONS: Convolved,
}
_ESTIMATORS = {kind._kind: kind for kind in (SequenceClassifier, SequenceRegressor, SequenceTagger)}
_FIELDS = {"target", "classes", "inputs"}
_AROUND = 8  # values of every channel for the tag of a step
_MOST_STEPS = 10_000  # of the training part that a nearest step is searched among


@dataclass(frozen=True, kw_only=True)
class _Like(Parameter):
    """An estimator of sequences that is not fitted."""

    def plain(self, value: Any) -> Any:
        """Return its kind and its parameters as plain JSON values."""
        own = {name: value._table[name].plain(each) for name, each in values_of(value).items()}
        return {"kind": value._kind, "parameters": own}

    def parsed(self, value: Any) -> Any:
        """Rebuild the estimator from `plain`."""
        kind = _ESTIMATORS[value["kind"]]
        estimator = kind(**kind._parsed(value["parameters"]))
        estimator._check("parameters")
        return estimator


@dataclass(frozen=True)
class FittedMethod:
    """The result of a fit.

    Parameters
    ----------
    model : SimpleModel
        From rows of numbers, or sequences, to outputs.
    target : Target
        Meaning of the outputs.
    preparation : Preparation
        Standardisation of the inputs.
    inputs : Inputs
        Form of the sequences.
    parameters : mapping of str to Any
        Those of the fit.
    """

    model: SimpleModel
    target: Target
    preparation: Preparation
    inputs: Inputs
    parameters: Mapping[str, Any]


@dataclass(eq=False, repr=False)
class SimpleMethod(Estimator[FittedMethod], BaseEstimator):
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
    ``convolutions``    ridge regression on the largest value, and the share of positive ones, of 500
                        random convolutions; not for tags
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
    Channels are standardised with mean and standard deviation of the training sequences. ``linear`` and
    ``convolutions`` give each sequence its own where `SequenceClassifier` does so by default: where sequences differ
    very much in size. The penalty of the ridge regression is the one with the smallest error if each training row is
    left out in turn. A file of `save` holds the training sequences if the method is ``1-NN DTW``, and numbers of them
    if it is ``1-NN Euclidean``. The kernels of ``convolutions`` are always the same for one median length and number of
    channels: a file holds that length.

    References
    ----------
    Dempster, Petitjean & Webb (2020), ROCKET: exceptionally fast and accurate time series classification using random
    convolutional kernels. Data Mining and Knowledge Discovery 34.

    Examples
    --------
    >>> from elman import SequenceClassifier
    >>> X, y = [[1, 2, 1], [2, 0], [0, 1, 2, 0], [8, 9], [9, 7, 8], [8, 8, 7, 9]], ["low"] * 3 + ["high"] * 3
    >>> SimpleMethod("1-NN Euclidean", SequenceClassifier()).fit(X, y).predict([[1, 1, 0, 2, 0], [9, 8]])
    array(['low', 'high'], dtype='<U4')
    """

    _kind: ClassVar[str] = "simple-method"
    _table: ClassVar[Table] = {"method": Parameter(), "like": _Like()}

    method: str
    like: Any

    def set_params(self, **params: Any) -> Self:
        """Change parameters by name, those of ``like`` as ``like__…``, and return the estimator itself."""
        changed: Self = BaseEstimator.set_params(self, **params)
        return changed

    @property
    def feature_names_in_(self) -> Array:
        """Names of columns; none if the sequences of fit had none."""
        return np.array(self._attribute("feature_names_in_").inputs.names or (), dtype=object)

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from sequences X with targets y, in the forms of ``like.fit``.

        Raises
        ------
        ArgumentError, ShapeError, DataError
            As from ``like.fit``.
        MissingExtraError
            If ``1-NN DTW`` is meant and its package is not installed.
        """
        place = self._place("fit")
        self._check(place)
        if self.method == DTW:
            need(place, "dtaidistance")
        with changing(place, self):
            self._fitted = self._learned(place, X, y)
        return self

    def _learned(self, place: str, X: Any, y: Any) -> FittedMethod:
        """Compute the fitted value."""
        ragged, inputs, targets = self.like._read_pair(place, X, y, None)
        few = 2 * inputs.channels <= MOST_CHANNELS
        standardize = "sequence" if self._may_be_by_sequence and few and sizes_differ(ragged.sequences) else True
        preparation = Preparation.learned(ragged.sequences, np.ones(len(ragged)), 1, 1, standardize=standardize)
        target, outputs = _encoded(place, joined(targets), of_numbers(self.like))
        length = int(np.median([len(sequence) for sequence in ragged.sequences]))
        rows = self._rows(preparation.apply(ragged.sequences), length)
        if isinstance(targets, StepTags):
            rows = rows[np.concatenate(targets.known)]
        if self.method == EUCLIDEAN and self._per_step and len(rows) > _MOST_STEPS:
            kept = np.linspace(0, len(rows) - 1, _MOST_STEPS).astype(int)
            rows, outputs = rows[kept], outputs[kept]
        model = _MODELS[self.method].learned(rows, outputs)
        return FittedMethod(model, target, preparation, inputs, values_of(self))

    def predict(self, X: Any) -> Any:
        """Return predictions in the form of ``like.predict``."""
        with self._reading("predict") as fitted:
            ragged, _ = read(self._place("predict"), self.like, X, fitted.inputs)
            found = self._predicted(ragged.sequences)
        return in_form_of(X, ragged, found) if isinstance(found, list) else found

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy, or for numbers R², as ``like.score`` does."""
        with self._reading("score") as fitted:
            ragged, _, targets = self.like._read_pair(self._place("score"), X, y, fitted.inputs)
            found: Any = self._predicted(ragged.sequences)
        metric = r2_score if of_numbers(self.like) else accuracy_score
        if isinstance(targets, StepTags):
            found = targets.of_known(found)
        return float(metric(joined(targets), joined(found)))

    @property
    def classes_(self) -> Array:
        """Classes in order."""
        classes = self._attribute("classes_").target.classes
        if classes is None:
            raise AttributeError(f"{self._place('classes_')}: numbers have none.")
        return classes

    def _predicted(self, sequences: list[Array]) -> Array | list[Array]:
        """Return one prediction per checked sequence, or for each sequence one per step."""
        found = self._fitted.target.predictions(self._outputs(self._fitted, sequences))
        return np.split(found, np.cumsum([len(s) for s in sequences])[:-1]) if self._per_step else found

    def _outputs(self, fitted: FittedMethod, sequences: list[Array]) -> Array:
        """Return the outputs (n, K), of steps all sequences one after the other."""
        model = fitted.model
        length = model.rows.shape[1] // fitted.inputs.channels if isinstance(model, Nearest) else 0
        return model.outputs(self._rows(fitted.preparation.apply(sequences), length))

    @property
    def _may_be_by_sequence(self) -> bool:
        """Whether sequences that differ very much in size are standardised one by one."""
        return self.like._kind == "classifier" and self.method in _BY_SEQUENCE

    @property
    def _per_step(self) -> bool:
        """Whether every step has a prediction."""
        per_step: bool = self.like._task().per_step
        return per_step

    def _rows(self, standard: list[Array], length: int) -> Any:
        """Return what the method reads: numbers for every prediction, or the sequences."""
        if self.method in _WHOLE:
            return standard
        if self._per_step:
            return around_steps(standard, _AROUND - 1, _AROUND - 1 if np.any(self.like.bidirectional) else 0)
        if self.method == EUCLIDEAN:
            return of_equal_length(standard, length).reshape(len(standard), -1)
        return described(standard)

    def _check(self, place: str) -> None:
        """Refuse an unknown method, or anything else than a sequence estimator."""
        if not isinstance(self.like, SequenceEstimator):
            kinds = "SequenceClassifier, SequenceRegressor or SequenceTagger"
            raise ArgumentError(f"{place}: like must be a {kinds}, got {type(self.like).__name__}.")
        known = [constant_for(self.like), LINEAR, EUCLIDEAN, *([] if self._per_step else _WHOLE)]
        _check.choice(place, "method", self.method, known)

    def _summary(self, fitted: FittedMethod) -> dict[str, Any]:
        """Return the classes."""
        classes = fitted.target.classes
        return {"method": self.method} | ({} if classes is None else {"classes": ", ".join(map(str, classes.tolist()))})

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = self.like.__sklearn_tags__()
        return tags

    # Files

    def _described(self, fitted: FittedMethod) -> tuple[Arrays, dict[str, Any]]:
        preparation, target = fitted.preparation, fitted.target
        arrays = {"input.center": preparation.center, "input.scale": preparation.scale} | arrays_of(fitted.model)
        if target.center is not None and target.scale is not None:
            arrays |= {"target.center": target.center, "target.scale": target.scale}
        by_sequence = {"by_sequence": True} if preparation.by_sequence else {}
        return arrays, by_sequence | form_to_file(target, fitted.inputs)

    def _rebuilt(self, arrays: Arrays, metadata: dict[str, Any]) -> FittedMethod:
        by_sequence = _check.boolean("metadata", "by_sequence", metadata.get("by_sequence", False))
        check_names("fields", set(metadata) - {"by_sequence"}, _FIELDS)
        if by_sequence and not self._may_be_by_sequence:
            raise FileFormatError("by_sequence does not follow from the method")
        target = target_from_file(self.like._kind, arrays, metadata)
        own = {name for name in arrays if name.startswith(PREFIX)}
        check_names("arrays", set(arrays) - own, center_names(target))
        center, scale = center_and_scale(arrays, "input")
        model = of_arrays(_MODELS[self.method], {name: arrays[name] for name in own})
        inputs = inputs_from_file(metadata["inputs"], len(center))
        preparation = Preparation(1, 1, center, scale, by_sequence=by_sequence)
        fitted = FittedMethod(model, target, preparation, inputs, values_of(self))
        if isinstance(model, Warped) and model.steps.shape[1] != len(center):
            raise FileFormatError("the sequences have other channels")
        if self._outputs(fitted, [np.zeros((1, len(center)))]).shape != (1, target.size):
            raise FileFormatError("the outputs are not those of the target")
        return fitted


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


def _encoded(place: str, y: Array, numbers: bool) -> tuple[Target, Array]:
    """Return the meaning of outputs, and the targets as outputs (n, K): numbers, or 1 and -1."""
    if numbers:
        rows = y.reshape(len(y), -1).astype(np.float64)
        zeros, ones = np.zeros(rows.shape[1]), np.ones(rows.shape[1])
        return Target("numbers", rows.shape[1], None, zeros, ones, y.ndim == 1), rows
    target, codes = class_target(place, y)
    signs: Array = np.eye(target.size)[codes] if target.kind == "multiclass" else codes.reshape(len(y), target.size)
    return target, 2.0 * signs - 1.0
