"""What `SequenceClassifier`, `SequenceRegressor` and `SequenceTagger` share: parameters, reading, training, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import _check_sample_weight, validate_data

from elman._check.names import NamedParameters
from elman._check.occupied import reading
from elman.data.ragged import Ragged, is_long_frame, read_frame, read_sequences, refuse_times
from elman.errors import ArgumentError, DataError, ShapeError
from elman.network import Network
from elman.persistence.models import SavedModel
from elman.sequences._options import HINTS, architecture_of, rule_updates, rule_window
from elman.sequences._preparation import Preparation, outputs
from elman.sequences._targets import Target
from elman.sequences._training import Encoded, Interrupted, TrainingData, pass_once, take, train
from elman.training import History, Trainer, TrainingState, checkpointing, same_seed

if TYPE_CHECKING:
    from elman.training import GradientFlow

__all__ = ["HEAVIEST", "SequenceEstimator", "aligned", "labels_of"]

Array = npt.NDArray[Any]

HEAVIEST = 1e30  # sums of such weights, and of products with a loss, stay within float32


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceEstimator(NamedParameters, SavedModel, BaseEstimator):
    """Base of the estimators; its fields are the constructor's arguments, described in the subclasses."""

    _hints: ClassVar[dict[str, str]] = HINTS

    cell: str = "gru"
    hidden_size: int = 64
    num_layers: int = 1
    activation: str = "tanh"
    bidirectional: bool = True
    dropout: float = 0.2
    recurrent_dropout: float = 0.0
    standardize: bool = True
    init: str = "default"
    optimizer: str = "adam"
    learning_rate: float = 3e-3
    weight_decay: float = 0.0
    schedule: str = "cosine"
    updates: Any = "auto"
    batch_size: int = 32
    group_lengths: bool = False
    clip_norm: float | None = 1.0
    early_stopping: bool = False
    validation_fraction: float = 0.15
    patience: int = 20
    refit: bool = False
    n_seeds: int = 5
    layout: str = "time_channels"
    id_column: str = "unique_id"
    time_column: str | None = "ds"
    dtype: str = "float32"
    warm_start: bool = False
    random_state: Any = None
    n_threads: int | None = None
    progress: bool = False

    # What a subclass decides.

    def _readout(self) -> str:
        """Return the readout of the architecture."""
        raise NotImplementedError

    def _read_pair(self, place: str, X: Any, y: Any, *, reset: bool) -> tuple[Ragged, Any]:
        """Check sequences and what belongs to them."""
        raise NotImplementedError

    def _windows(self, lengths: Array) -> tuple[int, int]:
        """Return window and stride for training sequences of these lengths."""
        window, stride = getattr(self, "window", 1), getattr(self, "stride", 1)
        return rule_window(lengths, window, stride)

    def _per_step(self) -> bool:
        """Tell whether there is an output at every step."""
        return False

    def _strata(self, target: Target, y: Any) -> Array | None:
        """Return what a held-out part is balanced by."""
        return None

    # Reading.

    def _place(self, method: str) -> str:
        return f"{type(self).__name__}.{method}"

    def _read(self, place: str, X: Any, *, reset: bool, exclude: Sequence[str] = ()) -> Ragged:
        """Check sequences in any of their forms; with ``reset`` remember what later ones must look like."""
        if is_long_frame(X, self.id_column):
            known = None if reset or not hasattr(self, "feature_names_in_") else list(self.feature_names_in_)
            ragged = read_frame(place, X, self.id_column, self.time_column, known, exclude)
        elif _is_table(X):
            refuse_times(place, "X", X)
            fitted_on_table = not reset and self._table
            if reset or fitted_on_table:
                X = validate_data(self, X, dtype=np.float64, reset=reset)
            ragged = read_sequences(place, np.asarray(X), self.layout)
        else:
            ragged = read_sequences(place, X, self.layout)
        channels = ragged.sequences[0].shape[1]
        if reset:
            self._remember(X, ragged, channels)
        elif channels != self._channels:
            raise ShapeError(f"{place}: X has {channels} channels, but {self._channels} at fit.")
        return ragged

    def _remember(self, X: Any, ragged: Ragged, channels: int) -> None:
        self._channels = channels
        self._table = _is_table(X) and ragged.ids is None
        if not self._table:
            self.n_features_in_ = channels
            self.__dict__.pop("feature_names_in_", None)
            if ragged.channels is not None:
                self.feature_names_in_ = np.array(ragged.channels, dtype=object)

    def _weights(self, place: str, ragged: Ragged, sample_weight: Any) -> Array:
        """Check one weight per sequence."""
        sample_weight = aligned(place, "sample_weight", ragged, sample_weight)
        weight: Array = _check_sample_weight(
            sample_weight, np.zeros((len(ragged), 1)), dtype=np.float64, ensure_non_negative=True
        )
        if weight.max() > HEAVIEST:
            i = int(np.argmax(weight))
            raise DataError(f"{place}: sample_weight[{i}] is {weight[i]:g}; at most {HEAVIEST:.0e} can be summed up.")
        if not weight.any():
            raise DataError("Sample weights must contain at least one non-zero number.")  # as newer scikit-learn says
        return weight

    def _check_fitted(self, method: str) -> None:
        if not hasattr(self, "networks_"):
            raise NotFittedError(
                f"{self._place(method)}: this {type(self).__name__} is not fitted yet; call fit first."
            )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "networks_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags

    # Training.

    def _goes_on(self) -> bool:
        """Tell whether `fit` starts from the networks there are."""
        return bool(self.warm_start) and hasattr(self, "networks_")

    def _fit(
        self,
        place: str,
        ragged: Ragged,
        target: Target,
        y: Encoded,
        weight: Array,
        factor: Any = 1.0,
        *,
        checkpoint_dir: Any = None,
        resume: bool = False,
    ) -> Self:
        """Learn from checked data.

        ``weight`` (n,) counts a sequence so many times, 0 leaves it out; ``factor`` weighs its loss in addition: a
        number, (n,), or one array (steps_i,) for each.
        """
        learned_from = ragged.sequences, y, weight, factor
        with checkpointing(place, checkpoint_dir, resume, self.get_params(), learned_from):
            return self._learn(place, ragged, target, y, weight, factor)

    def _learn(self, place: str, ragged: Ragged, target: Target, y: Encoded, weight: Array, factor: Any) -> Self:
        """Do what `_fit` says."""
        rows = np.flatnonzero(weight > 0)
        sequences, y = [ragged.sequences[i] for i in rows], take(y, rows)
        weight, factor = weight[rows], factor if isinstance(factor, float) else take(factor, rows)
        going_on = self._goes_on()
        if going_on:
            self._check_same(place, target)
            preparation, target = self._preparation, self._target
        else:
            preparation = self._prepare(sequences, weight)
        total = [w * f for w, f in zip(weight, factor, strict=True)] if isinstance(factor, list) else weight * factor
        data = TrainingData(preparation, preparation.apply(sequences), self._for_training(target, y), total)
        updates = rule_updates(len(rows), int(self.batch_size)) if self.updates == "auto" else int(self.updates)
        seeds = self._seeds()
        networks = [network.copy() for network in self.networks_] if going_on else self._networks(target, data, seeds)
        try:
            trainers = train(place, self, target, data, networks, seeds, updates, self._strata(target, y))
        except Interrupted as interrupt:
            if interrupt.trainers:
                self._adopt(interrupt.trainers, target, preparation)
            raise
        self._adopt(trainers, target, preparation)
        return self

    def _prepare(self, sequences: list[Array], weight: Array) -> Preparation:
        """Learn windows and standardisation from the training part."""
        window, stride = self._windows(np.array([len(sequence) for sequence in sequences]))
        return Preparation.learned(
            sequences, weight, window, stride, standardize=self.standardize, per_step=self._per_step()
        )

    def _for_training(self, target: Target, y: Encoded) -> Encoded:
        """Return what the loss compares with."""
        smoothing = float(getattr(self, "label_smoothing", 0.0))
        if isinstance(y, np.ndarray):
            return target.for_training(y, smoothing)
        return [target.for_training(steps, smoothing) for steps in y]

    def _seeds(self) -> list[int]:
        """Draw one seed per member, without touching a global generator."""
        drawn = int(check_random_state(self.random_state).randint(2**31 - 1))
        root = same_seed(drawn, fixed=self.random_state is not None)
        return [int(seed) for seed in np.random.SeedSequence(root).generate_state(int(self.n_seeds))]

    def _networks(self, target: Target, data: TrainingData, seeds: list[int]) -> list[Network]:
        preparation = data.preparation
        architecture = architecture_of(self, preparation.window * len(preparation.center), target)
        return [Network.initialized(architecture, seed=s, scheme=self.init, dtype=self.dtype) for s in seeds]

    def _check_same(self, place: str, target: Target) -> None:
        """Refuse to go on with what the networks were not made for."""
        members = len(self.networks_)
        if members != self.n_seeds:
            raise ArgumentError(f"{place}: n_seeds is {self.n_seeds}, but there are {members} networks to go on with.")
        self._check_target(place, target)

    def _check_target(self, place: str, target: Target) -> None:
        """Refuse targets of another kind than those of the fit."""
        if not target.same_as(self._target):
            raise ArgumentError(f"{place}: y differs in classes or columns from what the networks there are predict.")

    def _partial_fit(self, place: str, ragged: Ragged, target: Target, y: Encoded, weight: Array) -> Self:
        """Pass once over checked data, at a constant learning rate, going on with the optimizer's memory."""
        rows = np.flatnonzero(weight > 0)
        sequences, y, weight = [ragged.sequences[i] for i in rows], take(y, rows), weight[rows]
        first = not hasattr(self, "networks_")
        if first:
            preparation = self._prepare(sequences, weight)
            self._seeds_ = self._seeds()
        else:
            self._check_same(place, target)
            preparation, target = self._preparation, self._target
        data = TrainingData(preparation, preparation.apply(sequences), self._for_training(target, y), weight)
        seeds = self._seeds_
        networks = self._networks(target, data, seeds) if first else [network.copy() for network in self.networks_]
        states = [None] * len(seeds) if first or self._states is None else self._states
        trainers = pass_once(self, target, data, networks, seeds, states)
        self._adopt(trainers, target, preparation, [trainer.state() for trainer in trainers])
        return self

    def _adopt(
        self,
        trainers: list[Trainer],
        target: Target,
        preparation: Preparation,
        states: list[TrainingState] | None = None,
    ) -> None:
        """Set the fitted attributes, all at once and only after training."""
        self.networks_: list[Network] = [trainer.network for trainer in trainers]
        self.history_: list[History] = [trainer.history for trainer in trainers]
        self.updates_ = max(trainer.update for trainer in trainers)
        self._seeds_ = [trainer.settings.seed for trainer in trainers]
        self._states = states
        self._publish(target, preparation)

    def _publish(self, target: Target, preparation: Preparation) -> None:
        """Set the attributes that tell what was learned about inputs and targets."""
        self._target, self._preparation = target, preparation
        self.window_, self.stride_ = preparation.window, preparation.stride
        self.n_outputs_ = target.size
        if target.classes is not None:
            self.classes_ = target.classes

    def _outputs(self, method: str, X: Any) -> Any:
        """Return the ensemble's mean output before its activation: (n, K), or a list of (steps_i, K)."""
        self._check_fitted(method)
        return self._run_networks(self._read(self._place(method), X, reset=False), method)

    def _run_networks(self, ragged: Ragged, method: str = "predict") -> Any:
        with reading(self._place(method), self):
            prepared = self._preparation.apply(ragged.sequences)
            return outputs(self.networks_, self._preparation, prepared, self.n_threads or 0)

    def gradient_flow(self, X: Any, y: Any, *, member: int = 0, probes: int = 8) -> GradientFlow:
        """Measure how far back in time the gradient of the loss reaches, on up to 64 of the sequences.

        Parameters
        ----------
        X, y
            As in `fit`.
        member : int
            Which network of the ensemble.
        probes : int
            Outputs per sequence that are followed, where there is one at every step.

        Returns
        -------
        GradientFlow
            Print it; `elman.training.gradient_flow` says what the numbers are. A lag is a step of the network.
        """
        from elman.sequences._flow import measure

        return measure(self, X, y, member, probes)

    # Files.

    def _contents(self) -> tuple[dict[str, Array], dict[str, Any]]:
        from elman.sequences._saving import to_file

        return to_file(self)

    def _restore(self, arrays: dict[str, Array], metadata: dict[str, Any]) -> None:
        from elman.sequences._saving import from_file

        from_file(self, arrays, metadata)


def aligned(place: str, name: str, ragged: Ragged, values: Any) -> Any:
    """Bring a pandas Series that belongs to a long frame into the order of its sequences, by their ids."""
    if ragged.ids is None or not hasattr(values, "reindex"):
        return values
    missing = [name for name in ragged.ids if name not in values.index]
    if missing or not values.index.is_unique:
        raise DataError(
            f"{place}: {name} must have one row per id of the frame"
            + (f", {missing[0]!r} is missing from its index." if missing else ", its index repeats some.")
        )
    return values.loc[ragged.ids]


def labels_of(place: str, X: Any, y: str, ragged: Ragged) -> Array:
    """Take one label per sequence from a column of a long frame."""
    if y not in X.columns:
        raise DataError(f"{place}: there is no column {y!r}; the columns are {', '.join(map(str, X.columns))}.")
    column = np.asarray(X[y])
    assert ragged.rows is not None and ragged.ids is not None
    for name, rows in zip(ragged.ids, ragged.rows, strict=True):
        wrong = column[rows] != column[rows[0]]
        if wrong.any():
            raise DataError(
                f"{place}: column {y!r} must have one value per sequence, the one with id {name!r} has "
                f"{column[rows].tolist()[0]!r} and {column[rows][wrong].tolist()[0]!r}."
            )
    first: Array = column[[rows[0] for rows in ragged.rows]]
    return np.array(first.tolist())  # an array of text, where the frame held objects


def _is_table(X: Any) -> bool:
    """Tell whether data are a matrix, one sequence of single values per row, rather than separate sequences.

    A matrix may come as nested lists, for which scikit-learn expects the same contract as for an array.
    """
    if isinstance(X, (list, tuple)):
        return len(X) > 0 and all(
            isinstance(row, (list, tuple)) and len(row) == len(X[0]) > 0 and np.ndim(row[0]) == 0 for row in X
        )
    if isinstance(X, np.ndarray) and X.dtype.kind == "O" and X.ndim == 1 and len(X) and np.ndim(X[0]) > 0:
        return False
    return int(X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim) <= 2
