"""A fitted sequence estimator: one frozen value, computed first and assigned once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError
from elman.network import Network
from elman.sequences.preparation import Preparation, outputs
from elman.sequences.search import Trial
from elman.sequences.targets import Encoded, Target, class_target
from elman.training import History, TrainingState

__all__ = ["Fitted", "Inputs"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Inputs:
    """Form of the sequences of the fit, required of later ones.

    Parameters
    ----------
    channels : int
        Values per step, D.
    table : bool
        Whether they were a matrix (N, T), one value per step.
    features : int
        Columns of a table; of other forms, channels.
    names : tuple of str, optional
        Names of the features, if X was a frame.
    """

    channels: int
    table: bool
    features: int
    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Fitted:
    """The result of a fit.

    Parameters
    ----------
    networks : tuple of Network
        The ensemble.
    history : tuple of History
        Of each network's training; empty in a loaded estimator.
    seeds : tuple of int
        Of each network.
    updates : int
        Of the longest training.
    target : Target
        Meaning of the output layer.
    preparation : Preparation
        From sequences to network inputs.
    inputs : Inputs
        Form of the sequences.
    parameters : mapping of str to Any
        Those of the fit.
    states : tuple of TrainingState, optional
        Optimizer state of each network, after ``partial_fit``.
    trials : tuple of Trial
        Settings that a search compared, the chosen one first; empty in a loaded estimator.
    """

    networks: tuple[Network, ...]
    history: tuple[History, ...]
    seeds: tuple[int, ...]
    updates: int
    target: Target
    preparation: Preparation
    inputs: Inputs
    parameters: Mapping[str, Any]
    states: tuple[TrainingState, ...] | None = None
    trials: tuple[Trial, ...] = ()

    def outputs(self, sequences: Sequence[Array], n_threads: int) -> Any:
        """Return the ensemble's mean output before its activation: (n, K), or a list of (steps_i, K)."""
        return outputs(self.networks, self.preparation, self.preparation.apply(sequences), n_threads)

    def check_target(self, place: str, target: Target) -> None:
        """Refuse targets of another kind than those of the fit.

        Raises
        ------
        ArgumentError
            If classes or columns differ.
        """
        if not target.same_as(self.target):
            raise ArgumentError(f"{place}: y differs in classes or columns from the target of the fitted networks.")

    def encoded(self, place: str, y: Encoded) -> Encoded:
        """Return checked targets as in training: classes as codes, others unchanged."""
        joined = np.concatenate(y) if isinstance(y, list) else y
        if self.target.kind in ("binary", "multiclass"):
            joined = class_target(place, joined, self.target.classes)[1]
        return np.split(joined, np.cumsum([len(steps) for steps in y])[:-1]) if isinstance(y, list) else joined
