"""The state of a run, from which it continues as if uninterrupted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman._check import OPTIMIZERS
from elman.errors import FileFormatError
from elman.network import State
from elman.persistence.models import content_errors
from elman.training.history import HISTORY_DTYPES, History

Array = npt.NDArray[Any]


@dataclass
class TrainingState:
    """A run between two updates.

    All random numbers are functions of a seed and the number of the update, and schedules and early stopping depend on
    the history, so these fields are the complete state.

    Attributes
    ----------
    theta : ndarray (P,)
        Current parameters.
    optimizer : str
        Name of the optimizer.
    vectors : dict of str to ndarray (P,)
        State of the optimizer.
    update : int
        Updates done.
    seed : int
        Of the dropout masks.
    history : History
        Every update and validation so far.
    best : ndarray (P,), optional
        Parameters of the lowest score so far.
    carried : State, optional
        Final state of the last batch.
    average : ndarray (P,), optional
        Running mean of the parameters.

    Examples
    --------
    >>> state = TrainingState(np.zeros(2), "sgd", {"velocity": np.zeros(2)}, update=0, seed=1, history=History())
    >>> arrays, metadata = state.to_arrays()
    >>> metadata
    {'optimizer': 'sgd', 'update': 0, 'seed': 1}
    >>> TrainingState.from_arrays(arrays, metadata).vectors
    {'velocity': array([0., 0.])}
    """

    theta: Array
    optimizer: str
    vectors: dict[str, Array]
    update: int
    seed: int
    history: History
    best: Array | None = None
    carried: State | None = None
    average: Array | None = None

    def to_arrays(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return arrays by name and other fields as plain values, for a file."""
        arrays = {"theta": self.theta}
        arrays |= {f"optimizer.{name}": vector for name, vector in self.vectors.items()}
        arrays |= {f"history.{name}": array for name, array in self.history.to_arrays().items()}
        arrays |= {name: getattr(self, name) for name in _OPTIONAL if getattr(self, name) is not None}
        if self.carried is not None:
            arrays |= {f"carried.{name}": array for name, array in self.carried.to_arrays().items()}
        return arrays, {name: getattr(self, name) for name in _METADATA}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> TrainingState:
        """Rebuild a state from the values of `to_arrays`; the arrays are copied.

        Raises
        ------
        FileFormatError
            If a field or an array is missing, unknown, or inconsistent.
        """
        with content_errors("state of a training"):
            return cls._checked(arrays, metadata)

    @classmethod
    def _checked(cls, arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> TrainingState:
        """Rebuild a state; invalid content may raise any error."""
        _check_metadata(metadata)
        vectors = OPTIMIZERS[metadata["optimizer"]].vectors
        required = {"theta", *(f"optimizer.{name}" for name in vectors)} | {
            f"history.{name}" for name in HISTORY_DTYPES
        }
        if missing := sorted(required - set(arrays)):
            raise FileFormatError(f"TrainingState: array {missing[0]!r} is missing.")
        if unknown := sorted(set(arrays) - required - {*_OPTIONAL, "carried.h", "carried.c"}):
            raise FileFormatError(f"TrainingState: unknown array {unknown[0]!r}.")
        parts = {name: np.array(array) for name, array in arrays.items()}
        _check_arrays(parts, metadata["update"])
        carried = {name.removeprefix("carried."): array for name, array in parts.items() if name.startswith("carried.")}
        return cls(
            theta=parts["theta"],
            vectors={name: parts[f"optimizer.{name}"] for name in vectors},
            history=History.from_arrays({name: parts[f"history.{name}"] for name in HISTORY_DTYPES}),
            best=parts.get("best"),
            average=parts.get("average"),
            carried=State.from_arrays(carried) if carried else None,
            **metadata,
        )


_OPTIONAL = ("best", "average")
_METADATA = {"optimizer": str, "update": int, "seed": int}


def _check_metadata(metadata: Mapping[str, Any]) -> None:
    if set(metadata) != set(_METADATA):
        raise FileFormatError(f"TrainingState: needs the fields {sorted(_METADATA)}, got {sorted(metadata)}.")
    for name, kind in _METADATA.items():
        if type(metadata[name]) is not kind:
            raise FileFormatError(f"TrainingState: {name} must be {kind.__name__}, got {metadata[name]!r}.")
    if metadata["optimizer"] not in OPTIMIZERS or metadata["update"] < 0 or metadata["seed"] < 0:
        raise FileFormatError(f"TrainingState: impossible values {dict(metadata)}.")


def _check_arrays(arrays: Mapping[str, Array], update: int) -> None:
    """Refuse vectors that differ from theta in shape or dtype, and a history of another length than the run."""
    theta = arrays["theta"]
    for name, array in arrays.items():
        if name in _OPTIONAL or name.startswith("optimizer."):
            if array.shape != theta.shape or array.dtype != theta.dtype or array.ndim != 1:
                raise FileFormatError(f"TrainingState: {name} must be like theta, {theta.dtype} {theta.shape}.")
        elif name.startswith("carried."):
            h = arrays["carried.h"]
            if array.ndim != 3 or array.shape != h.shape or array.dtype != theta.dtype:
                raise FileFormatError(f"TrainingState: {name} must be {theta.dtype} (layers, N, H), got {array.shape}.")
        elif name.startswith("history."):
            field = name.removeprefix("history.")
            count = len(arrays["history.score"]) if field in ("score", "validation_update") else update
            if array.dtype != HISTORY_DTYPES[field] or array.shape != (count,):
                raise FileFormatError(f"TrainingState: {name} must be {HISTORY_DTYPES[field].__name__} ({count},).")
