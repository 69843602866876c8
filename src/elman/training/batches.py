"""The protocol of a source of batches."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Batch(NamedTuple):
    """One batch, time-major.

    Parameters
    ----------
    x : ndarray (T, N, D) or of int (T, N)
        Input of the network.
    y : ndarray
        Targets, shape of the network's output (T, N, K) or (N, K); for categorical cross-entropy integer classes
        without the last axis.
    weight : ndarray, optional
        Of each target, shape of the output or without its last axis; 0 ignores a target.
    lengths : ndarray of int (N,), optional
        Valid steps of each row. Later steps never count.
    carry : bool
        Continue from the final state of the previous batch, row by row; False starts from zeros.

    Examples
    --------
    >>> batch = Batch(np.zeros((5, 3, 2)), np.zeros((5, 3, 1)))
    >>> batch.lengths is None, batch.carry
    (True, False)
    """

    x: Array
    y: Array
    weight: Array | None = None
    lengths: Array | None = None
    carry: bool = False


class Batches(Protocol):
    """A source of batches: a pure function of the number of the update, so that a run can resume anywhere.

    Examples
    --------
    >>> class Same:
    ...     epoch_length = 1
    ...     def batch(self, update):
    ...         return Batch(np.ones((5, 1, 2)), np.ones((5, 1, 1)))
    >>> batches: Batches = Same()
    """

    @property
    def epoch_length(self) -> int | None:
        """Batches per pass over the data; None if there are no passes."""

    def batch(self, update: int) -> Any:
        """Return the batch of ``update``, counted from 0: a `Batch`, or the input of the trainer's loss pass.

        Its arrays are valid until the next call.
        """


@runtime_checkable
class SeveralBatches(Batches, Protocol):
    """A source that also gives the batches of several updates at once, none of which carries a state."""

    def several(self, update: int, most: int) -> Batch:
        """Return the batches of ``update`` and of up to ``most - 1`` updates after it, along a new first axis."""


def generator(seed: int, number: int) -> np.random.Generator:
    """Return the generator of draw ``number`` of a run, whatever the order of the calls.

    Parameters
    ----------
    seed, number : int
        Both at least 0; different pairs give independent streams.

    Examples
    --------
    >>> bool(generator(1, 5).random() == generator(1, 5).random())
    True
    """
    return np.random.Generator(np.random.Philox(key=[seed, number]))
