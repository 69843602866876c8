"""A network fed one step at a time, as its input arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.engine import kernels
from elman.errors import DataError, UnsupportedError
from elman.network.state import State

if TYPE_CHECKING:
    from elman.network.network import Network

Array = npt.NDArray[Any]


def check_streamable(place: str, network: Network) -> None:
    """Refuse a network whose output needs more than the state and the current step."""
    architecture = network.architecture
    if architecture.bidirectional or architecture.readout in ("mean", "max") or architecture.skip_steps > 1:
        raise UnsupportedError(
            f"{place}: needs one direction, readout='every' or 'last' and skip_steps=1, got "
            f"bidirectional={architecture.bidirectional}, readout={architecture.readout!r}, "
            f"skip_steps={architecture.skip_steps}.\n  Hint: run() takes whole sequences."
        )


class Stream:
    """A copy of a network for serving: weights packed once, its state kept in place, nothing allocated per step.

    Gives what `Network.run` over all steps so far gives, bit for bit.

    Parameters
    ----------
    network : Network
        Its parameters as they are now; later training does not reach the stream.
    state : State, optional
        To continue from, copied; zeros if not given.
    rows : int
        Streams fed side by side, N.

    Raises
    ------
    UnsupportedError
        If the output needs more than the state and the current step: both directions, the mean or maximum over steps,
        or a skip over several steps.
    ShapeError, ArgumentError
        If the state is not one of this network with that many rows.

    Examples
    --------
    >>> from elman.network import Architecture, Network
    >>> network = Network.initialized(Architecture(1, 1, cell="gru", hidden_size=4))
    >>> x = np.linspace(0, 1, 5).reshape(5, 1, 1)
    >>> stream = Stream(network)
    >>> outputs = [float(stream.step(x_t)[0, 0]) for x_t in x]
    >>> outputs == network.predict(x).ravel().tolist()
    True
    """

    def __init__(self, network: Network, state: State | None = None, rows: int = 1) -> None:
        check_streamable("Stream", network)
        rows = _check.positive_integer("Stream", "rows", rows)
        self.architecture = architecture = network.architecture
        self.dtype = network.dtype
        weights = {name: np.array(value) for name, value in network.parameters.items()}
        self._E = weights.get("embedding")
        self._W_y = (
            weights["output.W_y"] if not architecture.tied_weights else np.array(weights["embedding"].T, order="C")
        )
        self._b_y, self._W_k = weights.get("output.b_y"), weights.get("skip.W_k")
        self._state = self._start(network, state, rows)
        self._in = np.zeros((rows, architecture.layer_input_size(0)), self.dtype)
        self._hot = np.zeros(rows, np.int64)  # indices whose ones stand in a one-hot input
        self._out = np.empty((rows, architecture.output_size), self.dtype)
        self._layers = self._bind(weights)

    def _bind(self, weights: dict[str, Array]) -> list[Any]:
        """Return every layer with the arrays it will always step on: its input, h and c."""
        h, c = self._state.h, self._state.c
        inputs = [self._in, *h[:-1]]
        layers = [self._pack(weights, f"layers.{index}.") for index in range(self.architecture.num_layers)]
        return [
            kernels.Stepper(packed, x, h[index], None if c is None else c[index])
            for index, (packed, x) in enumerate(zip(layers, inputs, strict=True))
        ]

    def _pack(self, weights: dict[str, Array], prefix: str) -> Any:
        W_x, W_h = weights[prefix + "W_x"], weights[prefix + "W_h"]
        biases = weights.get(prefix + "b"), weights.get(prefix + "b_hn")
        return kernels.pack_layer(self.architecture.cell, W_x, W_h, *biases, self.architecture.activation)

    @staticmethod
    def _start(network: Network, state: State | None, rows: int) -> State:
        if state is None:
            return State.zeros(network.architecture, rows, network.dtype)
        return network.checked_state(_check.Shapes("Stream", network.dtype), "state", state, rows).copy()

    @property
    def state(self) -> State:
        """The state after the steps so far, in memory of its own."""
        return self._state.copy()

    def step(self, x: npt.ArrayLike) -> Array:
        """Take one step and return the activated output.

        Parameters
        ----------
        x : array_like (N, D), or of integers (N,)
            One step of each row.

        Returns
        -------
        y : ndarray (N, K)
            It holds until the next step.

        Raises
        ------
        ShapeError, ArgumentError, DataError
            If the shape is wrong, or an index is outside the vocabulary.
        """
        self._enter(x)
        for layer in self._layers:
            layer.step()
        o = self._out
        kernels.dense_forward(self._state.h[-1], self._W_y, self._b_y, o, False, 1)
        if self._W_k is not None:
            kernels.dense_forward(self._in, self._W_k, None, o, True, 1)
        kernels.activation_forward(o, self.architecture.output, o)
        return o

    def _enter(self, x: npt.ArrayLike) -> None:
        """Write the values (N, D) that enter the first layer."""
        rows = self._in.shape[0]
        if not self.architecture.takes_indices:
            if not (type(x) is np.ndarray and x.dtype == self.dtype and x.shape == self._in.shape):
                x = _check.Shapes("step", self.dtype).array("x", x, rows, self._in.shape[1])
            np.copyto(self._in, x)
            return
        assert self.architecture.vocabulary_size is not None
        last = self.architecture.vocabulary_size - 1
        if rows == 1 and type(x) is np.ndarray and x.dtype == np.int64 and x.shape == (1,) and 0 <= x.item() <= last:
            self._enter_one(x.item())
            return
        indices = _check.Shapes("step", self.dtype).integers("x", x, rows)
        _check.within("step", "x", indices, last, f"vocabulary_size-1 = {last}", DataError)
        if self._E is None:
            every = np.arange(rows)
            self._in[every, self._hot] = 0.0
            self._in[every, indices] = 1.0
            self._hot[...] = indices
        else:
            kernels.embedding_forward(np.ascontiguousarray(indices, np.int64), self._E, self._in)

    def _enter_one(self, index: int) -> None:
        """Write what enters for one valid index: text is written this way, and looking for faults costs a step."""
        if self._E is None:
            self._in[0, self._hot[0]] = 0.0
            self._in[0, index] = 1.0
            self._hot[0] = index
        else:
            self._in[0] = self._E[index]
