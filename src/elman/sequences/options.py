"""The rules of sequence estimators, and their parameters translated for network and training."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import compute_sample_weight

from elman.errors import ArgumentError
from elman.network import Architecture
from elman.sequences.parameters import LOSSES, Parameters, Task
from elman.sequences.targets import OUTPUTS, Target
from elman.training import Constant, Cosine, Schedule, Settings

__all__ = [
    "architecture_of",
    "class_weights",
    "loss_of",
    "rule_shift",
    "rule_updates",
    "rule_window",
    "settings_of",
]

_STEPS = 30  # windows of a typical long sequence
_TWENTY = 20  # moves that make up a sequence


def class_weights(place: str, class_weight: Any, labels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the weight of each label's class in the loss."""
    if not isinstance(class_weight, (dict, list)) and class_weight != "balanced":
        raise ArgumentError(
            f'{place}: class_weight must be None, "balanced", a dict, or for labels a list of dicts, '
            f"got {class_weight!r}."
        )
    if isinstance(class_weight, list) and labels.ndim == 1:
        raise ArgumentError(f"{place}: class_weight must be a dict from class to weight, got a list.")
    try:
        weight: npt.NDArray[np.float64] = compute_sample_weight(class_weight, labels)
    except ValueError as error:
        classes = np.unique(labels).tolist()
        unknown = [name for name in class_weight if name not in classes] if isinstance(class_weight, dict) else []
        text = str(error)
        if unknown:
            text = f"{unknown[0]!r} is no class of y; the classes are {', '.join(map(repr, classes))}."
        raise ArgumentError(f"{place}: class_weight: {text}") from None
    return weight


def rule_window(lengths: npt.NDArray[Any], window: Any, stride: Any) -> tuple[int, int]:
    """Choose window and stride from the lengths of the training part.

    Sequences of up to 60 steps have stride 1 and a window of about a sixth of their length, at most 4 values; longer
    ones have about 30 windows, each overlapping half of the next.

    Parameters
    ----------
    lengths : ndarray of int (n,)
        Steps of the training sequences.
    window, stride : int or "auto"
        As given.

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


def rule_shift(lengths: npt.NDArray[Any]) -> int:
    """Choose by how many steps training moves sequences: a twentieth of the median length, beyond 60 steps.

    Where an event lies within a long sequence is seldom the same in the next one, while every value of a short sequence
    may have its own meaning, such as that of an hour of the day.

    Examples
    --------
    >>> rule_shift(np.array([60])), rule_shift(np.array([150]))
    (0, 7)
    """
    length = int(np.median(lengths))
    return length // _TWENTY if length > 2 * _STEPS else 0


def rule_updates(n_sequences: int, batch_size: int) -> int:
    """Choose the least number of updates: forty passes over the data, at least 300 and at most 3000 updates.

    Examples
    --------
    >>> rule_updates(50, 32), rule_updates(320, 32), rule_updates(100_000, 32)
    (300, 400, 3000)
    """
    return min(max(300, 40 * -(-n_sequences // batch_size)), 3000)


def architecture_of(parameters: Parameters, task: Task, input_size: int, target: Target) -> Architecture:
    """Return the architecture: a window of all channels as input, the target as output."""
    return Architecture(
        input_size=input_size,
        output_size=target.size,
        cell=parameters.cell,
        hidden_size=parameters.hidden_size,
        num_layers=parameters.num_layers,
        projection_size=parameters.projection_size,
        layer_norm=bool(parameters.layer_norm),
        activation=parameters.activation,
        bidirectional=parameters.bidirectional,
        readout=task.readout,
        output=OUTPUTS[target.kind],
        dropout=float(parameters.dropout),
        recurrent_dropout=float(parameters.recurrent_dropout),
        dense=parameters.dense,
        dense_activation=parameters.dense_activation,
    )


def loss_of(task: Task, target: Target) -> str:
    """Return the name of the training loss."""
    losses = {"multiclass": "categorical_cross_entropy", "numbers": LOSSES[task.loss]}
    return losses.get(target.kind, "binary_cross_entropy")


def settings_of(
    parameters: Parameters,
    task: Task,
    target: Target,
    updates: int,
    seed: int,
    *,
    constant: bool = False,
    patience: int | None = None,
) -> Settings:
    """Return the training settings of one member; with ``constant``, a constant learning rate."""
    schedule: Schedule = Constant() if constant or parameters.schedule == "constant" else Cosine()
    return Settings(
        updates=updates,
        loss=loss_of(task, target),
        optimizer=parameters.optimizer,
        learning_rate=float(parameters.learning_rate),
        weight_decay=float(parameters.weight_decay),
        schedule=schedule,
        clip_norm=parameters.clip_norm,
        patience=patience,
        seed=seed,
    )
