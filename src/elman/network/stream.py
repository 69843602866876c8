"""A network that runs one step at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.engine import kernels
from elman.errors import ArgumentError, DataError, UnsupportedError
from elman.network.architecture import check_streamable
from elman.network.network import Network
from elman.network.quantization import rounded_parameters
from elman.network.state import State
from elman.network.stepper import StepArrays, bound_stepper

Array = npt.NDArray[Any]


class Stream:
    """A copy of a network for single steps: weights are packed once, the state is updated in place.

    In the network's own precision the outputs have the bits of `Network.run` over all steps.

    Parameters
    ----------
    network : Network
        Its parameters are copied; later training does not change the stream.
    state : State, optional
        Initial state, copied; zeros if not given.
    rows : int
        Number of parallel streams, N.
    precision : {"float32", "bfloat16", "int8"}, optional
        Of the weights that a step reads, which limit its speed; None is the network's own. Inputs, biases, gates and
        states are float32 with all three. See Notes.

    Raises
    ------
    UnsupportedError
        If the output needs more than the state and the current step: both directions, the mean or maximum over steps,
        or a skip over several steps. If it has projections or layer normalization and the precision is bfloat16 or
        int8.
    ShapeError
        If the state is not one of this network with that many rows.
    ArgumentError
        The same, or the precision is unknown; with int8, if a layer has more than 133,144 inputs; with bfloat16 and
        int8, if a weight is not finite.

    Notes
    -----
    With layer normalization a step is the forward pass over one step, not of packed weights, and takes much longer.

    With bfloat16 the outputs have the bits of `Network.run` of the network whose weights are `elman.reference.rounded`.

    With int8 every column of the weights has a scale, and so has the input of every layer, its state and the input of
    the output layer, anew at every step; products are summed in integers, without error
    (`elman.reference.quantized_dense`). The same numbers come out on every CPU, bit for bit, whatever its instruction
    set, because everything else is done operation by operation in one order. A value that is not finite makes the
    outputs and the state NaN. `quantization_report` tells what either costs on your data.

    Examples
    --------
    >>> from elman.network import Architecture, Network
    >>> network = Network.initialized(Architecture(1, 1, cell="gru", hidden_size=4))
    >>> x = np.linspace(0, 1, 5).reshape(5, 1, 1)
    >>> stream = Stream(network)
    >>> outputs = [float(stream.step(x_t)[0, 0]) for x_t in x]
    >>> outputs == network.predict(x).ravel().tolist()
    True
    >>> eighths = Stream(network, precision="int8")
    >>> bool(abs(eighths.step(x[0]) - outputs[0]).max() < 0.01)
    True
    """

    def __init__(
        self, network: Network, state: State | None = None, rows: int = 1, precision: str | None = None
    ) -> None:
        check_streamable("Stream", network.architecture, precision)
        rows = _check.positive_integer("Stream", "rows", rows)
        self.architecture = architecture = network.architecture
        if precision is not None and network.dtype != np.float32:
            _check.choice("Stream", "precision", precision, _check.PRECISIONS)
            network = Network(architecture, network.theta.astype(np.float32))
        self.dtype = network.dtype
        self.precision = precision or network.dtype.name
        weights = rounded_parameters("Stream", architecture, network.parameters, self.precision)
        self._E = weights.get("embedding")
        self._h, self._c = self._start(network, state, rows)
        entering = rows if architecture.one_hot else (rows, architecture.layer_input_size(0))
        self._in: Array = np.zeros(entering, np.int64 if architecture.one_hot else self.dtype)
        self._out = np.empty((rows, architecture.output_size), self.dtype)
        self._first_out: Array = self._out[0]
        self._one_of = (architecture.vocabulary_size or 0) if rows == 1 else 0  # vocabulary size of a single row
        arrays = StepArrays(self._in, self._h, self._c, self._out)
        self._stepper = bound_stepper(architecture, weights, arrays, self.precision)

    def __reduce__(self) -> Any:
        """Refuse copies: a shallow copy would change the same state."""
        raise UnsupportedError("Stream: cannot be copied; make another with Stream(network, state).")

    @staticmethod
    def _start(network: Network, state: State | None, rows: int) -> tuple[list[Array], list[Array]]:
        """Return copies of h and c (N, H) of each layer; c is empty without cell states."""
        if state is None:
            state = State.zeros(network.architecture, rows, network.dtype)
        else:
            state = network.checked_state(_check.Shapes("Stream", network.dtype), "state", state, rows)
        parts = [state.part(layer, size) for layer, size in enumerate(network.architecture.units)]
        return [h.copy() for h, _ in parts], [c.copy() for _, c in parts if c is not None]

    @property
    def state(self) -> State:
        """A copy of the state after the previous steps."""
        state = State.zeros(self.architecture, len(self._out), self.dtype)
        self._leave(state)
        return state

    def _leave(self, state: State) -> None:
        """Write the state to that of the caller."""
        for layer, h in enumerate(self._h):
            state.put(layer, h, self._c[layer] if self._c else None)

    def step(self, x: npt.ArrayLike) -> Array:
        """Take one step and return the activated output.

        Parameters
        ----------
        x : array_like (N, D), or of integers (N,)
            One step of each row.

        Returns
        -------
        y : ndarray (N, K)
            Valid until the next step.

        Raises
        ------
        ShapeError, ArgumentError, DataError
            If the shape is wrong, or an index is outside the vocabulary.
        """
        if type(x) is np.ndarray and x.dtype == np.int64 and x.shape == (1,) and 0 <= x.item() < self._one_of:
            self._stepper.step_index(x.item())
        else:
            self._enter(x)
            self._stepper.step()
        return self._out

    def step_from(self, state: State, x: npt.ArrayLike, *, keep: bool = True) -> Array:
        """Take one step from a state other than that of the previous step.

        Parameters
        ----------
        state : State
            Of this network and number of rows; replaced by the state after the step.
        x : array_like (N, D), or of integers (N,)
            One step of each row.
        keep : bool
            Whether ``state`` is replaced.

        Returns
        -------
        y : ndarray (N, K)
            Valid until the next step.

        Raises
        ------
        ValueError
            If an array of the state has another shape.

        Examples
        --------
        >>> from elman.network import Architecture, Network
        >>> stream = Stream(Network.initialized(Architecture(1, 1, cell="gru", hidden_size=4)))
        >>> one, other = stream.state, stream.state
        >>> y = [float(stream.step_from(state, [[0.5]])[0, 0]) for state in (one, one, other)]
        >>> y[0] == y[2] != y[1]
        True
        """
        for layer, own in enumerate(self._h):
            h, c = state.part(layer, own.shape[1])
            np.copyto(own, h)
            if c is not None:
                np.copyto(self._c[layer], c)
        y = self.step(x)
        if keep:
            self._leave(state)
        return y

    def step_index(self, index: int) -> Array:
        """Take one step of a single row with an index; faster than `step` with an array.

        Parameters
        ----------
        index : int
            Of the vocabulary.

        Returns
        -------
        y : ndarray (K,)
            The activated output; valid until the next step.

        Raises
        ------
        ArgumentError
            If the network takes values, there are several rows, or the index is not an integer.
        DataError
            If the index is outside the vocabulary.

        Examples
        --------
        >>> from elman.network import Architecture, Network
        >>> stream = Stream(Network.initialized(Architecture(None, 3, vocabulary_size=5, output="softmax")))
        >>> stream.step_index(2).shape
        (3,)
        """
        try:
            self._stepper.step_index(index)
        except (IndexError, TypeError):
            raise self._refusal("step_index", index) from None
        return self._first_out

    def draw(self, index: int, u: npt.ArrayLike, first: int = 0) -> list[int]:
        """Take one step per random number with a single row; the index drawn from each output is the next input.

        Parameters
        ----------
        index : int
            First input.
        u : array_like (count,)
            Uniform random numbers in [0, 1).
        first : int
            Indices before it are never drawn.

        Returns
        -------
        drawn : list of int
            Result of `elman.engine.draw` for each output and random number.

        Raises
        ------
        ArgumentError
            If the outputs are not probabilities of the input indices, there are several rows, the index is not an
            integer, or a random number or ``first`` is outside its range.
        DataError
            If the index is outside the vocabulary.

        Examples
        --------
        >>> from elman.network import Architecture, Network
        >>> architecture = Architecture(None, 5, vocabulary_size=5, output="softmax", hidden_size=4)
        >>> len(Stream(Network.initialized(architecture)).draw(2, [0.1, 0.5, 0.9]))
        3
        """
        u, first = self._checked_draws(u, first)
        try:
            drawn: list[int] = self._stepper.draw(index, u, first)
        except (IndexError, TypeError):
            raise self._refusal("draw", index) from None
        return drawn

    def _checked_draws(self, u: npt.ArrayLike, first: int) -> tuple[Array, int]:
        architecture = self.architecture
        if architecture.output != "softmax" or architecture.output_size != (architecture.vocabulary_size or 0):
            raise ArgumentError(
                "draw: needs output='softmax' with output_size = vocabulary_size, got "
                f"output={architecture.output!r}, output_size={architecture.output_size}, "
                f"vocabulary_size={architecture.vocabulary_size}."
            )
        u = _check.Shapes("draw", np.float64).array("u", u, "P")
        if (wrong := ~((u >= 0) & (u < 1))).any():
            raise ArgumentError(f"draw: {_check.first_wrong('u', u, wrong, 'in [0, 1)')}")
        return u, _check.integer("draw", "first", first, 0, architecture.output_size - 1)

    def _refusal(self, place: str, index: int) -> Exception:
        size, rows = self.architecture.vocabulary_size, len(self._out)
        if size is None or rows > 1:
            return ArgumentError(
                f"{place}: needs a network that takes indices and one row, got vocabulary_size={size} and "
                f"rows={rows}.\n  Hint: step() takes every input."
            )
        index = _check.integer(place, "index", index)
        return DataError(f"{place}: index must be between 0 and vocabulary_size-1 = {size - 1}, got {index}.")

    def _enter(self, x: npt.ArrayLike) -> None:
        """Write the input of the first layer: values (N, D) or indices (N,)."""
        rows = self._in.shape[0]
        if not self.architecture.takes_indices:
            if not (type(x) is np.ndarray and x.dtype == self.dtype and x.shape == self._in.shape):
                x = _check.Shapes("step", self.dtype).array("x", x, rows, self._in.shape[1])
            np.copyto(self._in, x)
            return
        assert self.architecture.vocabulary_size is not None
        last = self.architecture.vocabulary_size - 1
        indices = _check.Shapes("step", self.dtype).integers("x", x, rows)
        _check.within("step", "x", indices, last, f"vocabulary_size-1 = {last}", DataError)
        if self._E is None:
            self._in[...] = indices
        else:
            kernels.embedding_forward(np.ascontiguousarray(indices, np.int64), self._E, self._in)
