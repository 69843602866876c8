"""What the parts of a tape are built from and what they share during a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Call:
    """What one call brings along beside its arrays."""

    n_threads: int = 0
    one_step: bool = False
    accumulate: bool = False  # go on summing the gradients of later chunks of time
    dropout_key: DropoutKey | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """One shape of one network: where values come from and go to."""

    architecture: Architecture
    parameters: Mapping[str, Array]
    gradients: Mapping[str, Array]
    workspace: Workspace
    timeline: Timeline
    keep: bool  # store what backward needs
    dropout: bool
    call: Call = field(default_factory=Call)

    @property
    def steps(self) -> int:
        """T."""
        return self.timeline.steps

    @property
    def rows(self) -> int:
        """N."""
        return self.timeline.rows

    def gradient_of(self, name: str, *shape: int) -> Array:
        """Return where a gradient goes; kernels write that of an absent bias too, to memory nobody reads."""
        view = self.gradients.get(name)
        return self.workspace.array(f"unread.{name}", *shape) if view is None else view
