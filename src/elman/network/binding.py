"""Buffers and parameters of the stages of a tape, and the arguments of one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy.typing as npt

from elman.network.architecture import Architecture
from elman.network.timeline import Timeline
from elman.network.workspace import Workspace

Array = npt.NDArray[Any]


class DropoutKey(NamedTuple):
    """Key of the dropout masks of a forward pass; each element depends on this key and its position alone.

    Parameters
    ----------
    seed, update : int
        Of the run and of the step within it.
    first_row, first_step : int
        Position of the batch's first element in a larger batch.

    Examples
    --------
    >>> DropoutKey(seed=1, update=20)._replace(first_row=8)
    DropoutKey(seed=1, update=20, first_row=8, first_step=0)
    """

    seed: int
    update: int
    first_row: int = 0
    first_step: int = 0


class Call(NamedTuple):
    """Arguments of one forward or backward pass besides its arrays."""

    timeline: Timeline
    n_threads: int = 0
    dropout_key: DropoutKey | None = None
    one_step: bool = False
    accumulate: bool = False  # add to the gradients of later chunks of time
    more: bool = False  # earlier chunks of time add to these gradients


@dataclass(frozen=True, slots=True)
class Binding:
    """Parameters, gradients and buffers for one shape of one network."""

    architecture: Architecture
    parameters: Mapping[str, Array]
    gradients: Mapping[str, Array] | None  # None: store nothing for backward
    workspace: Workspace
    steps: int  # T
    rows: int  # N
    dropout: bool

    @property
    def keep(self) -> bool:
        """Whether the forward pass stores the arrays for backward."""
        return self.gradients is not None

    def gradient(self, name: str) -> Array | None:
        """Return the gradient array of a parameter; None if there is no such parameter."""
        return None if self.gradients is None else self.gradients.get(name)

    def written_gradient(self, name: str, *shape: int) -> Array:
        """Return the gradient array of a parameter, or unused memory for an absent bias, which kernels write, too."""
        view = self.gradient(name)
        return self.workspace.array(f"unread.{name}", *shape) if view is None else view
