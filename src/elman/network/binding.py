"""What the stages of a tape are built from, and what one call hands them."""

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
    """Which dropout masks a forward pass draws; each element depends on this key and its own position alone.

    Parameters
    ----------
    seed, update : int
        Of the run and of the step within it.
    first_row, first_step : int
        Position of the batch's first element, for batches that are parts of a larger one.

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
    """What one forward or backward pass brings along beside its arrays."""

    timeline: Timeline
    n_threads: int = 0
    dropout_key: DropoutKey | None = None
    one_step: bool = False
    accumulate: bool = False  # go on summing the gradients of later chunks of time


@dataclass(frozen=True, slots=True)
class Binding:
    """One shape of one network: where values come from and go to."""

    architecture: Architecture
    parameters: Mapping[str, Array]
    gradients: Mapping[str, Array] | None  # None: store nothing that only backward needs
    workspace: Workspace
    steps: int  # T
    rows: int  # N
    dropout: bool

    @property
    def keep(self) -> bool:
        """Whether the forward pass stores what backward needs."""
        return self.gradients is not None

    def gradient(self, name: str) -> Array | None:
        """Return where the gradient of a parameter goes; None if there is no such parameter."""
        return None if self.gradients is None else self.gradients.get(name)

    def written_gradient(self, name: str, *shape: int) -> Array:
        """Return where a gradient goes; kernels write that of an absent bias too, to memory nobody reads."""
        view = self.gradient(name)
        return self.workspace.array(f"unread.{name}", *shape) if view is None else view
