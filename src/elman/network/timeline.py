"""The valid steps of a batch, and operations on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Timeline:
    """Steps of N rows of which row n is valid in its first ``lengths[n]``; None means all steps of all rows.

    Parameters
    ----------
    steps, rows : int
        T and N.
    lengths : ndarray of int64 (N,), optional
        Valid steps of each row.

    Examples
    --------
    >>> timeline = Timeline(steps=3, rows=2, lengths=np.array([3, 2]))
    >>> x, out = np.array([[[1], [4]], [[2], [5]], [[3], [6]]]), np.zeros((3, 2, 1), int)
    >>> timeline.reverse(x, out)[:, :, 0].T                  # the padding of the second row stays where it is
    array([[3, 2, 1],
           [5, 4, 6]])
    """

    def __init__(self, steps: int, rows: int, lengths: Array | None = None) -> None:
        self.steps = steps
        self.rows = rows
        self.lengths = lengths
        self._reversal: Array | None = None

    def reverse(self, x: Array, out: Array) -> Array:
        """Write the valid steps of each row of x (T, N, …) to ``out`` in reverse order; it is its own inverse."""
        if self.lengths is None:
            np.copyto(out, x[::-1])
            return out
        if self._reversal is None:
            step = np.arange(self.steps)[:, np.newaxis]
            source = np.where(step < self.lengths, self.lengths - 1 - step, step)
            self._reversal = (source * self.rows + np.arange(self.rows)).ravel()
        return self._rows_of(x, self._reversal, out)

    def last(self, h: Array, out: Array) -> Array:
        """Write the states after each row's last valid step to ``out`` (N, H), from h (T+1, N, H)."""
        if self.lengths is None:
            np.copyto(out, h[self.steps])
        else:
            np.take(h.reshape(-1, h.shape[2]), self.lengths * self.rows + np.arange(self.rows), 0, out, "clip")
        return out

    def last_inputs(self, x: Array, count: int, out: Array) -> Array:
        """Write the last ``count`` valid x of each row side by side to ``out`` (N, count·D), zeros before the first."""
        lengths = np.full(self.rows, self.steps) if self.lengths is None else self.lengths
        step = lengths[:, np.newaxis] + np.arange(-count, 0)
        if self.steps == 0:
            out[...] = 0.0
            return out
        self._rows_of(x, (step * self.rows + np.arange(self.rows)[:, np.newaxis]).ravel(), out)
        out.reshape(self.rows, count, x.shape[2])[step < 0] = 0.0
        return out

    def counts(self) -> Array:
        """Return the number of valid steps of each row as a column (N, 1), at least 1."""
        if self.lengths is None:
            return np.full((self.rows, 1), max(self.steps, 1))
        return np.maximum(self.lengths, 1)[:, np.newaxis]

    def padding(self) -> Array:
        """Return which steps (T, N) are past the end of their row."""
        if self.lengths is None:
            return np.zeros((self.steps, self.rows), bool)
        past: Array = np.arange(self.steps)[:, np.newaxis] >= self.lengths
        return past

    @staticmethod
    def _rows_of(x: Array, index: Array, out: Array) -> Array:
        """Gather vectors of x (A, B, …) by their position in A·B; mode "clip" avoids a copy."""
        each = x.shape[2:]
        np.take(x.reshape(-1, *each), index, axis=0, out=out.reshape(-1, *each), mode="clip")
        return out
