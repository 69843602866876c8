"""Optimizer state in the file of a fitted estimator: ``partial_fit`` after loading continues with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from elman._check import OPTIMIZERS
from elman.errors import FileFormatError
from elman.persistence.models import check_names
from elman.training import History, TrainingState

__all__ = ["optimizer_arrays", "take_optimizer_state"]

Array = npt.NDArray[Any]

_PREFIX, _FORMER_PREFIX = "optimizer_state.", "memory."  # of array names in files, and in early ones


def optimizer_arrays(states: Sequence[TrainingState]) -> dict[str, Array]:
    """Return the optimizer state of every member as arrays (members, P) by name; nothing without states.

    Parameters
    ----------
    states : sequence of TrainingState
        Of one optimizer.

    Examples
    --------
    >>> state = TrainingState(np.zeros(2), "sgd", {"velocity": np.ones(2)}, update=3, seed=1, history=History())
    >>> optimizer_arrays([state]), optimizer_arrays([])
    ({'optimizer_state.velocity': array([[1., 1.]])}, {})
    """
    names = OPTIMIZERS[states[0].optimizer].vectors if states else ()
    return {_PREFIX + name: np.stack([state.vectors[name] for state in states]) for name in names}


def take_optimizer_state(
    arrays: dict[str, Array], optimizer: str, theta: Array, seeds: Sequence[int], update: int
) -> list[TrainingState] | None:
    """Remove the arrays of `optimizer_arrays` from those of a file and rebuild the states; None if there are none.

    The history of losses is not stored.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Changed in place.
    optimizer : str
        Of the parameters in the file.
    theta : ndarray (members, P)
        Parameters.
    seeds : sequence of int
        Of the members.
    update : int
        Updates done.

    Raises
    ------
    FileFormatError
        If the arrays are not those of this optimizer, like theta and finite.

    Examples
    --------
    >>> arrays = {"optimizer_state.velocity": np.array([[1.0, 1.0]]), "other": np.zeros(1)}
    >>> states = take_optimizer_state(arrays, "sgd", np.zeros((1, 2)), seeds=[1], update=3)
    >>> states[0].vectors, states[0].update, list(arrays)
    ({'velocity': array([1., 1.])}, 3, ['other'])
    """
    prefix = _FORMER_PREFIX if any(name.startswith(_FORMER_PREFIX) for name in arrays) else _PREFIX
    found = {name.removeprefix(prefix): arrays.pop(name) for name in list(arrays) if name.startswith(prefix)}
    if not found:
        return None
    check_names("optimizer state", set(found), set(OPTIMIZERS[optimizer].vectors))
    for name, vectors in found.items():
        if vectors.shape != theta.shape or vectors.dtype != theta.dtype or not np.isfinite(vectors).all():
            raise FileFormatError(f"{prefix}{name} must be like theta, and finite")
    return [
        TrainingState(
            own.copy(), optimizer, {name: vectors[row] for name, vectors in found.items()}, update, seed, History()
        )
        for row, (own, seed) in enumerate(zip(theta, seeds, strict=True))
    ]
