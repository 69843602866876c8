"""Check the parameters of a sequence estimator, apply its rules, and translate it for network and training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import compute_sample_weight

from elman import _check
from elman.data.ragged import LAYOUTS
from elman.errors import ArgumentError
from elman.network import Architecture
from elman.sequences._targets import OUTPUTS, Target
from elman.training import Constant, Cosine, Schedule, Settings

if TYPE_CHECKING:
    from elman.sequences._estimator import SequenceEstimator

__all__ = [
    "HINTS",
    "MOST",
    "architecture_of",
    "check_parameters",
    "class_weights",
    "rule_updates",
    "rule_window",
    "settings_of",
]

LOSSES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "huber": "huber"}

_CHOICES: dict[str, tuple[str, ...]] = {
    "cell": ("gru", "lstm", "rnn"),
    "activation": ("tanh", "relu", "sigmoid", "identity"),
    "readout": ("last", "mean", "max"),
    "init": ("default", "torch", "glorot", "uniform", "zeros"),
    "optimizer": ("adam", "rmsprop", "sgd"),
    "schedule": ("cosine", "constant"),
    "layout": LAYOUTS,
    "dtype": ("float32", "float64"),
    "loss": tuple(LOSSES),
    "target": ("class", "labels", "numbers"),
}
_COUNTS = ("hidden_size", "num_layers", "batch_size", "patience", "n_seeds")
_COUNTS_OR_AUTO = ("window", "stride", "updates")
MOST = {"num_layers": 1000, "n_seeds": 1000, "window": 2**20, "stride": 2**20}
_SWITCHES = ("bidirectional", "standardize", "group_lengths", "early_stopping", "refit", "warm_start", "progress")
_INTERVALS = {
    "learning_rate": "(0, inf)",
    "weight_decay": "[0, inf)",
    "dropout": "[0, 1)",
    "recurrent_dropout": "[0, 1)",
    "validation_fraction": "(0, 1)",
    "label_smoothing": "[0, 1)",
}

_SAME = {
    "window and stride": "kernel_size window_length patch_size",
    "cell": "model rnn_type cell_type unit_type",
    "hidden_size": "hidden_dim units n_units num_cells hidden_units hidden_layer_sizes",
    "num_layers": "n_layers layers",
    "updates": "n_epochs epochs max_epochs max_steps max_iter num_epochs",
    "learning_rate": "lr learning_rate_init",
    "random_state": "seed random_seed",
    "n_seeds": "n_models ensemble_size n_estimators",
    "standardize": "scaler normalize standardise",
    "n_threads": "n_jobs num_workers threads",
    "clip_norm": "gradient_clip_val max_grad_norm gradient_clip clipnorm",
    "weight_decay": "alpha l2",
    "patience": "n_iter_no_change early_stopping_patience",
    "progress": "verbose",
    "readout": "pooling pool",
    "init": "kernel_initializer recurrent_initializer",
}
HINTS = {other: ours for ours, others in _SAME.items() for other in others.split()}

_STEPS = 30  # windows that a typical sequence is cut into, if it is long


def check_parameters(place: str, estimator: SequenceEstimator) -> None:
    """Refuse values that the constructor stored but nothing can use.

    Raises
    ------
    ArgumentError
        Naming the parameter, what it may be and what it is.
    """
    values: dict[str, Any] = estimator.get_params(deep=False)
    for name, value in values.items():
        if name in _COUNTS:
            _check.positive_integer(place, name, value)
        elif name in _COUNTS_OR_AUTO:
            _check.count_or_auto(place, name, value)
        elif name in _CHOICES:
            _check.choice(place, name, value, _CHOICES[name])
        elif name in _SWITCHES:
            _check.boolean(place, name, value)
        elif name in _INTERVALS:
            _check.number_in(place, name, value, _INTERVALS[name])
    _check.at_most(place, values, MOST)
    if values["clip_norm"] is not None:
        _check.number_in(place, "clip_norm", values["clip_norm"], "(0, inf)")
    if values["n_threads"] is not None:
        _check.thread_count(place, values["n_threads"])
    _check.random_state(place, values["random_state"])
    _check_columns(place, values)


def _check_columns(place: str, values: dict[str, Any]) -> None:
    for name in ("id_column", "time_column"):
        if not isinstance(values[name], str) and not (name == "time_column" and values[name] is None):
            raise ArgumentError(f"{place}: {name} must be the name of a column, got {values[name]!r}.")


def class_weights(place: str, class_weight: Any, labels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the weight of each label's class in the loss."""
    if not isinstance(class_weight, (dict, list)) and class_weight != "balanced":
        raise ArgumentError(
            f'{place}: class_weight must be None, "balanced", a dict, or for labels a list of dicts, '
            f"got {class_weight!r}."
        )
    try:
        weight: npt.NDArray[np.float64] = compute_sample_weight(class_weight, labels)
    except ValueError as error:
        raise ArgumentError(f"{place}: class_weight: {error}") from None
    return weight


def rule_window(lengths: npt.NDArray[Any], window: Any, stride: Any) -> tuple[int, int]:
    """Choose window and stride from the lengths of the training part.

    Sequences of up to 60 steps keep every step (stride 1) and see about a sixth of a short sequence, 4 values at most,
    at a time; longer ones are cut into about 30 windows, each overlapping half of the next.

    Parameters
    ----------
    lengths : ndarray of int (n,)
        Steps of the training sequences.
    window, stride : int or "auto"
        What the user asked for.

    Returns
    -------
    window, stride : int

    Examples
    --------
    >>> [rule_window(np.array([length]), "auto", "auto") for length in (2, 15, 24, 150)]
    [(1, 1), (3, 1), (4, 1), (10, 5)]
    >>> rule_window(np.array([150]), 8, "auto")
    (8, 4)
    """
    length = int(np.median(lengths))
    if window != "auto":
        by_window = max(1, int(window) // 2) if length > 2 * _STEPS else 1
        return int(window), by_window if stride == "auto" else int(stride)
    step = max(1, length // _STEPS) if stride == "auto" and length > 2 * _STEPS else 1
    step = step if stride == "auto" else int(stride)
    return max(2 * step if step > 1 else 1, min(4, -(-length // 6))), step


def rule_updates(n_sequences: int, batch_size: int) -> int:
    """Choose the number of updates: forty passes over the data, at least 300 and at most 3000 updates.

    Examples
    --------
    >>> rule_updates(50, 32), rule_updates(320, 32), rule_updates(100_000, 32)
    (300, 400, 3000)
    """
    return min(max(300, 40 * -(-n_sequences // batch_size)), 3000)


def architecture_of(estimator: SequenceEstimator, input_size: int, target: Target) -> Architecture:
    """Describe the network: a window of all channels in, the target out."""
    return Architecture(
        input_size=input_size,
        output_size=target.size,
        cell=estimator.cell,
        hidden_size=int(estimator.hidden_size),
        num_layers=int(estimator.num_layers),
        activation=estimator.activation,
        bidirectional=bool(estimator.bidirectional),
        readout=estimator._readout(),
        output=OUTPUTS[target.kind],
        dropout=float(estimator.dropout),
        recurrent_dropout=float(estimator.recurrent_dropout),
    )


def settings_of(
    estimator: SequenceEstimator,
    target: Target,
    updates: int,
    seed: int,
    *,
    constant: bool = False,
    patience: int | None = None,
) -> Settings:
    """Describe the training of one member of the ensemble; ``constant`` keeps the learning rate as it is."""
    losses = {"multiclass": "categorical_cross_entropy", "numbers": LOSSES[getattr(estimator, "loss", "mse")]}
    schedule: Schedule = Constant() if constant or estimator.schedule == "constant" else Cosine()
    return Settings(
        updates=updates,
        loss=losses.get(target.kind, "binary_cross_entropy"),
        optimizer=estimator.optimizer,
        learning_rate=float(estimator.learning_rate),
        weight_decay=float(estimator.weight_decay),
        schedule=schedule,
        clip_norm=estimator.clip_norm,
        patience=patience,
        seed=seed,
    )
