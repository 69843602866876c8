"""The history of a run, update by update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.notebook.html import html_table

_KEPT = 10_000  # updates of a training without an end
_FEWEST_SCORES = 12  # with fewer, the last quarter has too few


@dataclass(repr=False)
class History:
    """One entry per update, and one per validation.

    Attributes
    ----------
    loss : list of float
        Of each update's batch, before the update.
    gradient_norm : list of float
        Euclidean norm of the gradient before clipping.
    learning_rate : list of float
        After the schedule.
    validation_update : list of int
        Number of updates done at each validation.
    score : list of float
        Result of each validation; lower is better.

    Examples
    --------
    >>> history = History(score=[3.0, 1.0, 2.0], validation_update=[10, 20, 30])
    >>> history.best_update, history.best_score
    (20, 1.0)
    >>> history
    History(0 updates, best score 1 after update 20)
    """

    loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    validation_update: list[int] = field(default_factory=list)
    score: list[float] = field(default_factory=list)

    def __repr__(self) -> str:
        """Return the first and last values; the lists may have thousands."""
        parts = ["1 update" if len(self.loss) == 1 else f"{len(self.loss)} updates"]
        if self.loss:
            parts.append(f"loss {self.loss[0]:.4g} to {self.loss[-1]:.4g}")
        if self.score:
            parts.append(f"best score {self.best_score:.4g} after update {self.best_update}")
        return f"History({', '.join(parts)})"

    def _repr_html_(self) -> str:
        """Return the first and the last of each list as a table, for a notebook."""
        measured = {"loss": self.loss, "gradient norm": self.gradient_norm, "learning rate": self.learning_rate}
        rows = [[name, values[0], min(values), values[-1]] for name, values in measured.items() if values]
        if self.score:
            rows.append(["held-out score", self.score[0], self.best_score, self.score[-1]])
        notes = [f"The best score came after update {self.best_update}."] if self.score else []
        return html_table(repr(self), rows, ["", "first", "lowest", "last"], notes)

    @property
    def update(self) -> list[int]:
        """Numbers of the updates, from 1, in step with ``loss``."""
        return list(range(1, len(self.loss) + 1))

    @property
    def best_score(self) -> float:
        """Lowest score so far; infinity before the first validation."""
        return min(self.score, default=inf)

    @property
    def best_update(self) -> int | None:
        """Number of updates done when the lowest score was first reached; None before the first validation."""
        return self.validation_update[self.score.index(self.best_score)] if self.score else None

    def waited(self, min_delta: float) -> int:
        """Return how many validations have passed since one was better by more than ``min_delta``."""
        best, waited = inf, 0
        for score in self.score:
            best, waited = (score, 0) if score < best - min_delta else (best, waited + 1)
        return waited

    @property
    def still_learning(self) -> bool:
        """Whether the last score is the best, and a tenth of the gain came in the last quarter of the run."""
        if len(self.score) < _FEWEST_SCORES or self.score[-1] > self.best_score:
            return False
        gained = self.score[0] - self.score[-1]
        return gained > 0 and self.score[-1 - len(self.score) // 4] - self.score[-1] > 0.1 * gained

    def newest(self) -> History:
        """Return the history of the newest 10,000 updates: that of ``partial_fit``, which has no end."""
        return replace(
            self, **{name: getattr(self, name)[-_KEPT:] for name in ("loss", "gradient_norm", "learning_rate")}
        )

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return every list as an array: float64, and int64 for ``validation_update``."""
        return {name: np.asarray(getattr(self, name), dtype) for name, dtype in HISTORY_DTYPES.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> History:
        """Return the history that `to_arrays` described."""
        return cls(**{name: arrays[name].tolist() for name in HISTORY_DTYPES})


HISTORY_DTYPES = {
    "loss": np.float64,
    "gradient_norm": np.float64,
    "learning_rate": np.float64,
    "validation_update": np.int64,
    "score": np.float64,
}
