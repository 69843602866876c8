"""A forward pass that stores the state every few steps; the backward pass recomputes the steps between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import UnsupportedError
from elman.network.architecture import Architecture
from elman.network.binding import DropoutKey
from elman.network.state import State
from elman.network.tape import Tape

Array = npt.NDArray[Any]


def check_segments(place: str, architecture: Architecture) -> None:
    """Refuse a network whose stages cannot run segment by segment with the same bits."""
    skips_at_end = architecture.linear_skip and architecture.readout == "last"
    for refused, what in (
        (architecture.bidirectional, "bidirectional=False"),
        (architecture.reverse, "reverse=False"),
        (architecture.readout in ("mean", "max"), "readout='every' or 'last'"),
        (skips_at_end, "linear_skip=False with readout='last'"),
        (architecture.tied_weights, "tied_weights=False"),
        (architecture.layer_norm, "layer_norm=False"),
    ):
        if refused:
            raise UnsupportedError(f"{place}: recompute needs {what}.")


class SegmentedTape:
    """The result of `Network.forward` with ``recompute``, used like a `Tape`.

    Forward stores the outputs and the state at the start of every segment of ``every`` steps; backward runs each
    segment again, the last one first, and adds to the gradient. Sums over time run from the last step to the first, as
    without segments, so the gradient has the same bits. With √T steps per segment, memory grows with √T for about a
    third more time (Chen et al. 2016, Training deep nets with sublinear memory cost; Gruslys et al. 2016,
    Memory-efficient backpropagation through time).

    Attributes
    ----------
    o : ndarray (T, N, K) or (N, K)
        Output before the output activation.
    state : State
        After each row's last valid step.

    Examples
    --------
    >>> from elman.network import Architecture, Network
    >>> network = Network.initialized(Architecture(2, 1, cell="gru", hidden_size=4))
    >>> tape = network.forward_segments(np.ones((100, 3, 2)), recompute=10)      # T=100, N=3, D=2
    >>> tape.o.shape, tape.state.h.shape
    ((100, 3, 1), (1, 3, 4))
    """

    def __init__(
        self,
        tape_of: Callable[[tuple[int, ...], Mapping[str, Array] | None], Tape],
        gradients: Mapping[str, Array],
        every: int,
        x: Array,
        state: State | None,
        lengths: Array | None,
        dropout_key: DropoutKey | None,
        n_threads: int,
    ) -> None:
        self._tape_of, self._every, self._x, self._lengths = tape_of, every, x, lengths
        self._gradients, self._dropout_key = gradients, dropout_key
        self._starts = [state]
        outputs = []
        for begin in range(0, len(x), every):
            tape = self._run(begin, self._starts[-1], False, n_threads)
            outputs.append(tape.o.copy())
            self._starts.append(tape.state)
        last = self._starts.pop()
        assert last is not None
        self.state = last
        self._every_step = tape.output.every
        self.o: Array = np.concatenate(outputs) if self._every_step else outputs[-1]

    @property
    def rows(self) -> int:
        """N."""
        return int(self._x.shape[1])

    @property
    def d_state(self) -> State:
        """A copy of the gradient of the initial state, after a backward pass."""
        return self._d_state.copy()

    def backward(self, do: Array, d_state: State | None, n_threads: int, one_step: bool) -> None:
        """Run every segment again, forward and backward, filling the flat gradient."""
        later, accumulate = d_state, False
        for begin in self._begins():
            tape = self._run(begin, self._starts[begin // self._every], True, n_threads)
            part = do[begin : begin + self._every] if self._every_step else None if accumulate else do
            tape.backward(part, later, n_threads, one_step, accumulate, more=begin > 0)
            later, accumulate = tape.d_state, True
        assert later is not None
        self._d_state = later

    def _begins(self) -> Iterator[int]:
        return reversed(range(0, len(self._x), self._every))

    def _run(self, begin: int, state: State | None, keep: bool, n_threads: int) -> Tape:
        x = self._x[begin : begin + self._every]
        tape = self._tape_of(x.shape, self._gradients if keep else None)
        lengths = None if self._lengths is None else np.clip(self._lengths - begin, 0, len(x))
        key = self._dropout_key
        if key is not None:
            key = key._replace(first_step=key.first_step + begin)
        tape.run(x, state, lengths, n_threads, key)
        return tape
