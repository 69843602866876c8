"""`SequenceRegressor`: one number, or several, for a whole sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags

from elman.data.ragged import Ragged
from elman.estimators import Table, documented
from elman.sequences.documentation import SHARED
from elman.sequences.estimator import ReadExamples, SequenceEstimator
from elman.sequences.fitted import Fitted, Inputs
from elman.sequences.forms import columns_named, usual_form
from elman.sequences.learning import Examples
from elman.sequences.parameters import REGRESSOR, Task
from elman.sequences.reading import aligned, labels_of, read, refuse_length, weights
from elman.sequences.targets import number_target, read_numbers

__all__ = ["SequenceRegressor"]

Array = npt.NDArray[Any]


@documented(shared=SHARED)
@dataclass(eq=False, repr=False, kw_only=True)
class SequenceRegressor(RegressorMixin, SequenceEstimator):
    """Predict numbers from sequences of any lengths with a small ensemble of recurrent networks.

    The network is that of `SequenceClassifier` with as many outputs as there are targets, and no output activation. The
    targets are standardised with mean and standard deviation of the training part.

    Parameters
    ----------
    window, stride : int or "auto"
        Values of every channel per step, and shift per step; see `SequenceClassifier`.
    readout : {"last", "mean", "max"}
        State after the last step (of the backward direction: after the first), or mean or maximum over steps.
    tune : bool
        Whether short fits on the training part choose window, stride, readout, cell and size: the given values stay
        unless another setting has a clearly lower error on held-out sequences; see `trials_`.
    loss : {"mse", "mae", "huber"}
        Mean over sequences and targets, of standardised targets.
    {shared}

    Attributes
    ----------
    networks_ : list of Network
        The ensemble.
    history_ : list of History
        Loss, gradient norm and learning rate of every update of every network.
    window_, stride_, updates_ : int
        Chosen values.
    trials_ : DataFrame
        Settings that `tune` compared, the chosen one first; empty without it, and in a loaded estimator.
    n_outputs_ : int
        Targets, K.
    n_features_in_ : int
        Columns of a table (N, T); of other forms, channels.
    feature_names_in_ : ndarray
        Names of columns, if X was a frame.

    See Also
    --------
    SequenceClassifier : accepted forms of sequences.

    Examples
    --------
    >>> from elman import SequenceRegressor
    >>> X = [[1.0, 2.0], [3.0, 3.0, 3.0], [0.0], [2.0, 0.0], [4.0, 4.0], [1.0]]
    >>> model = SequenceRegressor(updates=100, ensemble_size=1, random_state=0).fit(X, [2.0, 3.0, 0.0, 0.0, 4.0, 1.0])
    >>> model.score(X, [2.0, 3.0, 0.0, 0.0, 4.0, 1.0]) > 0.9
    True
    """

    _kind: ClassVar[str] = "regressor"
    _table: ClassVar[Table] = REGRESSOR

    window: Any = "auto"
    stride: Any = "auto"
    readout: str = "last"
    tune: bool = False
    loss: str = "mse"
    dropout: float = 0.0  # dropout would limit the precision of numbers

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, checkpoint_dir: Any = None, resume: bool = False
    ) -> Self:
        """Learn from sequences and their numbers.

        Parameters
        ----------
        X : list of array_like (T_i, D) or (T_i,), array_like (N, T, D) or (N, T), or long frame
            Sequences.
        y : array_like (N,) or (N, K), or str or list of str
            Targets of each sequence; names of columns of a long frame.
        sample_weight : array_like (N,), optional
            Weight of each sequence; 0 leaves it out.
        checkpoint_dir : str or path, optional
            Folder for states of the training, so that it can continue after a crash.
        resume : bool
            Continue from the states there; the result is, bit for bit, that of an uninterrupted fit.

        Returns
        -------
        SequenceRegressor
            Itself.

        Raises
        ------
        ArgumentError, ShapeError, DataError
            If a parameter, a shape or a value is invalid, or the folder holds the states of another fit.
        TrainingError
            If the loss is not finite.
        """
        return self._fit(self._examples(X, y, sample_weight), checkpoint_dir, resume)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more pass over the sequences at a constant learning rate.

        Windows and standardisation, of the targets too, are those of the first call.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        SequenceRegressor
            Itself.
        """
        return self._partial_fit(self._examples(X, y, sample_weight))

    def _examples(self, X: Any, y: Any, sample_weight: Any) -> ReadExamples:
        """Return a function that reads the data of a fit."""

        def examples(place: str, before: Fitted | None) -> Examples:
            ragged, inputs, numbers = self._read_pair(place, X, y, None if before is None else before.inputs)
            weight = weights(place, ragged, sample_weight)
            target = number_target(numbers, weight)
            return Examples(ragged=ragged, inputs=inputs, target=target, y=numbers, weight=weight)

        return examples

    def _read_pair(self, place: str, X: Any, y: Any, known: Inputs | None) -> tuple[Ragged, Inputs, Array]:
        """Check sequences and their targets."""
        X = usual_form(place, self, X)
        columns = columns_named(place, self, X, y)
        ragged, inputs = read(place, self, X, known, columns)
        if columns:
            values = [labels_of(place, X, column, ragged) for column in columns]
            y = values[0] if isinstance(y, str) else np.stack(values, axis=1)
        else:
            y = aligned(place, "y", ragged, y)
        numbers = read_numbers(place, y)
        refuse_length(place, X, ragged, len(numbers), self.id_column)
        return ragged, inputs, numbers

    def predict(self, X: Any) -> Array:
        """Return the predicted numbers, (N,) or (N, K) like the y of `fit`."""
        fitted, _, o = self._outputs("predict", X)
        return fitted.target.predictions(o)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination R², the mean over targets.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Raises
        ------
        ArgumentError
            If y has another number of columns than at `fit`.
        """
        place = self._place("score")
        with self._reading("score") as fitted:
            ragged, _, numbers = self._read_pair(place, X, y, fitted.inputs)
            weight = aligned(place, "sample_weight", ragged, sample_weight)
            fitted.check_target(place, number_target(numbers, np.ones(len(numbers))))
            predicted = fitted.target.predictions(fitted.outputs(ragged.sequences, self.n_threads or 0))
        return float(r2_score(numbers, np.asarray(predicted), sample_weight=weight))

    def _task(self) -> Task:
        return Task(readout=self.readout, window=self.window, stride=self.stride, loss=self.loss, tune=bool(self.tune))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
