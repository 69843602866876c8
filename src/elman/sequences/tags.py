"""Tags of steps, some of which may be unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.errors import DataError
from elman.sequences.targets import refuse_mixed

__all__ = ["StepTags", "as_tags"]

Array = npt.NDArray[Any]

_NO_LABEL = dict.fromkeys("iuf", (-100,)) | {"U": ("-100",), "O": (-100, "-100")}  # PyTorch's ``ignore_index``


@dataclass(frozen=True)
class StepTags:
    """A tag for every step of every sequence.

    Parameters
    ----------
    steps : list of ndarray (T_i,) or (T_i, K)
        All of one dtype. Unknown tags hold any known one, so that they have a valid code.
    known : list of ndarray of bool (T_i,)
        Whether a step has a tag.
    """

    steps: list[Array]
    known: list[Array]

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def complete(self) -> bool:
        """Whether every step has a tag."""
        return all(part.all() for part in self.known)

    def select(self, rows: npt.ArrayLike) -> StepTags:
        """Return the tags of some sequences."""
        chosen = np.asarray(rows).tolist()
        return StepTags([self.steps[i] for i in chosen], [self.known[i] for i in chosen])

    def of_known(self, parts: Sequence[Array]) -> list[Array]:
        """Return the entries at steps with a tag, of arrays with one entry per step."""
        return [part[known] for part, known in zip(parts, self.known, strict=True)]

    def joined(self) -> Array:
        """Return the known tags of all sequences, one sequence after the other."""
        return np.concatenate(self.of_known(self.steps))


def as_tags(place: str, parts: Sequence[Any], numbers: bool) -> StepTags:
    """Find the steps without a tag: NaN, None or, for classes and labels, -100, also as text.

    Parameters
    ----------
    place : str
        Start of a message.
    parts : sequence of array_like (T_i,) or (T_i, K)
        Tags; of several per step all count as unknown if one is.
    numbers : bool
        Whether tags are numbers, of which -100 is one.

    Raises
    ------
    DataError
        If no step has a tag, or some tags are text and others are not.

    Examples
    --------
    >>> tags = as_tags("example", [["up", None], ["down", "up", None]], numbers=False)
    >>> tags.steps[1].tolist(), tags.known[1].tolist(), tags.joined().tolist()
    (['down', 'up', 'up'], [True, True, False], ['up', 'down', 'up'])
    """
    arrays = [_array(part) for part in parts]
    if len({array.dtype.kind in "US" for array in arrays}) > 1:  # NumPy would write numbers as text
        arrays = [array.astype(object) for array in arrays]
    joined = np.concatenate(arrays)
    unknown = pd.isna(joined)
    if not numbers:
        for mark in _NO_LABEL.get(joined.dtype.kind, ()):
            unknown[~unknown] = joined[~unknown] == mark
    known = ~(unknown.any(axis=1) if unknown.ndim > 1 else unknown)
    if not known.any():
        raise DataError(f"{place}: y has no tag at any step.")
    if joined.dtype.kind == "O" and not numbers:
        refuse_mixed(place, joined[known])
    tags = np.array(joined[known].tolist()) if joined.dtype.kind == "O" else joined[known]
    filled = np.full(joined.shape, tags[0], tags.dtype)
    filled[known] = tags
    ends = np.cumsum([len(part) for part in arrays])[:-1]
    return StepTags(np.split(filled, ends), np.split(known, ends))


def _array(part: Any) -> Array:
    """Return tags as an array; other entries among texts must not become texts."""
    array = np.asarray(part)
    if array.dtype.kind in "US" and not isinstance(part, np.ndarray):
        entries = np.array(part, dtype=object)
        return array if all(isinstance(entry, str) for entry in entries.flat) else entries
    return array
