"""Dropout whose masks depend on a counter alone, not on threads or batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.network.binding import Binding, Call

Array = npt.NDArray[Any]

# The counter's `layer` word identifies the sites in a network. Layer l owns 4l + 1 … 4l + 4.
EMBEDDING = 0
LAYER_OUTPUT = 1
RECURRENT = 2  # + direction

_WORD = 0xFFFFFFFF  # seed and update modulo 2^32, as in elman.engine.dropout_mask


def site(layer: int, place: int) -> int:
    """Return the counter's word for a site in layer ``layer``."""
    return 4 * layer + place


class Dropout:
    """Multiply by a mask of 0 and 1/(1 - rate), the same in forward and backward.

    Parameters
    ----------
    binding : Binding
        Of the tape.
    where : int
        See `site`.
    rate : float
        Share of dropped units.
    units : int
        Width of the input.
    over_time : bool
        False: one mask (1, N, units) for all steps.
    """

    def __init__(self, binding: Binding, where: int, rate: float, units: int, over_time: bool = True) -> None:
        self.where = where
        self.rate = rate
        self.over_time = over_time
        steps = binding.steps if over_time else 1
        self.mask = binding.workspace.array(f"dropout.{where}", steps, binding.rows, units)

    def draw(self, call: Call) -> Array:
        """Fill the mask for this call and return it."""
        key = call.dropout_key
        assert key is not None
        first_step = key.first_step if self.over_time else 0
        seed, update = key.seed & _WORD, key.update & _WORD
        kernels.dropout_mask(self.mask, self.rate, seed, update, self.where, key.first_row, first_step)
        return self.mask

    def forward(self, x: Array, out: Array, call: Call) -> Array:
        """Write x times a fresh mask to ``out``, which may be x."""
        return np.multiply(x, self.draw(call).reshape(x.shape), out=out)

    def backward(self, dx: Array) -> Array:
        """Multiply ``dx`` by the mask in place."""
        dx *= self.mask.reshape(dx.shape)
        return dx
