"""Batches of token ids: long streams that carry the state, or independent windows with the last token as label."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import DataError
from elman.text.tokenization import Ids
from elman.training import Batch, generator

__all__ = ["TokenStreams", "TokenWindows"]

Array = npt.NDArray[Any]


class TokenStreams:
    """The text in equal parts that form the rows of a batch; each token is predicted from all before it in its part.

    The state is carried from batch to batch and starts from zeros in every epoch; gradients do not cross the borders of
    batches (truncated backpropagation). Tokens at the end that do not fill a batch are left out.

    Parameters
    ----------
    ids : ndarray of int (tokens,)
        May be mapped from a file; a batch reads what it needs.
    batch_size : int
        Parts, N; fewer where the text is too short.
    steps : int
        Tokens of each part in a batch, T; fewer where the text is too short.
    first_update : int
        Number of the first update on this text; earlier updates had other texts.

    Raises
    ------
    DataError
        If there are fewer than two tokens.

    Examples
    --------
    >>> batches = TokenStreams(np.arange(13), batch_size=2, steps=3)
    >>> batches.epoch_length
    2
    >>> batch = batches.batch(1)
    >>> batch.x.T.tolist(), batch.y.T.tolist(), batch.carry
    ([[3, 4, 5], [9, 10, 11]], [[4, 5, 6], [10, 11, 12]], True)
    """

    def __init__(self, ids: Ids, batch_size: int, steps: int, *, first_update: int = 0) -> None:
        batch_size = _check.positive_integer("TokenStreams", "batch_size", batch_size)
        steps = _check.positive_integer("TokenStreams", "steps", steps)
        predicted = len(ids) - 1
        if predicted < 1:
            raise DataError(f"TokenStreams: needs at least 2 tokens, got {len(ids)}.")
        self.steps = min(steps, predicted)
        self.batch_size = min(batch_size, predicted // self.steps)
        self.length = predicted // self.batch_size  # tokens that every part predicts
        self.epoch_length = self.length // self.steps
        self.tokens_per_batch = self.batch_size * self.steps
        self.first_update = first_update
        self._ids = ids

    def batch(self, update: int) -> Batch:
        """Return the batch of ``update``."""
        done = (update - self.first_update) % self.epoch_length * self.steps
        begins = np.arange(self.batch_size) * self.length + done
        part = np.stack([self._ids[begin : begin + self.steps + 1] for begin in begins], axis=1).astype(np.int64)
        return Batch(part[:-1], part[1:], carry=done > 0)


class TokenWindows:
    """Independent windows of ``window`` tokens: the last token is the label, the others are the input.

    Parameters
    ----------
    ids : ndarray of int (tokens,)
        May be mapped from a file.
    batch_size : int
        Windows of a batch, N.
    window : int
        Tokens of a window, label included; the input has T = window - 1 steps.
    seed : int
        Of the order, which differs from epoch to epoch.
    first_update : int
        Number of the first update on this text; earlier updates had other texts.
    one_hot : int, optional
        Give labels as one-hot rows of this width instead of indices.

    Raises
    ------
    DataError
        If there are fewer tokens than in a window.

    Examples
    --------
    >>> batches = TokenWindows(np.array([5, 6, 7, 8]), batch_size=2, window=3)
    >>> batch = batches.batch(0)
    >>> sorted(zip(*batch.x.tolist(), batch.y.tolist()))
    [(5, 6, 7), (6, 7, 8)]
    """

    def __init__(
        self,
        ids: Ids,
        batch_size: int,
        window: int,
        seed: int = 0,
        *,
        first_update: int = 0,
        one_hot: int | None = None,
    ) -> None:
        self.batch_size = _check.positive_integer("TokenWindows", "batch_size", batch_size)
        self.window = _check.integer("TokenWindows", "window", window, 2)
        self.seed = _check.integer("TokenWindows", "seed", seed, 0, 2**63 - 1)
        self.first_update, self.one_hot = first_update, one_hot
        self.count = len(ids) - window + 1
        if self.count < 1:
            raise DataError(f"TokenWindows: needs at least window={window} tokens, got {len(ids)}.")
        self.epoch_length = -(-self.count // self.batch_size)
        self.tokens_per_batch = min(self.batch_size, self.count)  # predicted tokens
        self._ids = ids
        self._order: tuple[int, Array] | None = None

    def batch(self, update: int) -> Batch:
        """Return the batch of ``update``."""
        epoch, place = divmod(update - self.first_update, self.epoch_length)
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, generator(self.seed, epoch).permutation(self.count)
        begins = self._order[1][place * self.batch_size : (place + 1) * self.batch_size]
        windows = self._ids[begins + np.arange(self.window)[:, np.newaxis]].astype(np.int64)
        labels = windows[-1]
        if self.one_hot is None:
            return Batch(windows[:-1], labels)
        return Batch(windows[:-1], np.eye(self.one_hot, dtype=np.float32)[labels])
