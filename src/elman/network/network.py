"""A network: an architecture with its parameters, run forward, backward, and one step at a time."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError, DataError, ShapeError, UnsupportedError
from elman.network.architecture import Architecture, check_streamable
from elman.network.binding import DropoutKey
from elman.network.parameters import Parameters
from elman.network.segments import SegmentedTape, check_segments
from elman.network.state import State
from elman.network.tape import Tape
from elman.network.tapes import Tapes
from elman.network.weights import Weights

Array = npt.NDArray[Any]


class Network(Weights):
    """An `Architecture` with one flat vector of parameters.

    Arrays are time-major. A network computes in the dtype of its parameters, float32 or float64; other dtypes are
    converted on entry. `run`, `predict` and `step` may be called from many threads at once, `forward` and `backward`
    from one.

    Parameters
    ----------
    architecture : Architecture
        Of the network.
    theta : ndarray (P,)
        Parameters in the order of `ParameterLayout`. The array is not copied: a change in place changes the network.

    Raises
    ------
    ShapeError
        If theta's length is not that of the architecture.
    ArgumentError
        If theta is not a contiguous array of float32 or float64.

    Examples
    --------
    >>> architecture = Architecture(1, 1, cell="rnn", hidden_size=1)
    >>> network = Network(architecture, np.array([1.0, 1.0, 0.0, 1.0, 0.0]))       # W_x, W_h, b, W_y, b_y
    >>> network.predict(np.array([[[1.0]], [[0.0]]])).ravel().round(4)
    array([0.7616, 0.642 ])
    """

    def __init__(self, architecture: Architecture, theta: Array) -> None:
        super().__init__(architecture, theta)
        self._gradients: Parameters | None = None
        self._training = self._new_tapes()
        self._idle: list[Tapes] = []  # of finished runs
        self._latest: Tape | SegmentedTape | None = None

    @property
    def gradients(self) -> Parameters:
        """Named views of the gradient that `backward` fills."""
        if self._gradients is None:
            self._gradients = Parameters(np.zeros_like(self.theta), self.layout)
        return self._gradients

    def forward(
        self,
        x: npt.ArrayLike,
        state: State | None = None,
        lengths: npt.ArrayLike | None = None,
        dropout_key: DropoutKey | None = None,
        n_threads: int = 0,
    ) -> Tape:
        """Run a batch and store the arrays for `backward`.

        Parameters
        ----------
        x : array_like (T, N, D), or of integers (T, N)
            Values, or indices of the vocabulary.
        state : State, optional
            Initial state; zeros if not given.
        lengths : array_like of int (N,), optional
            Valid steps of each row; the steps after them have no influence.
        dropout_key : DropoutKey, optional
            Key of the dropout masks; without it, dropout is off.
        n_threads : int
            0: the engine's default. Results do not depend on it.

        Returns
        -------
        tape : Tape
            ``tape.o`` is the output before the output activation, (T, N, K) or (N, K); ``tape.state`` the final state.
            Valid until the next forward pass of this network.

        Raises
        ------
        ShapeError, ArgumentError, DataError
            If sizes disagree, lengths are outside 0 … T, or an index is outside the vocabulary.
        """
        x, state, lengths = self._checked("forward", x, state, lengths, n_threads)
        tape = self._training.tape(x.shape, self.gradients, self._drops(dropout_key))
        tape.run(x, state, lengths, n_threads, dropout_key)
        self._latest = tape
        return tape

    def forward_segments(
        self,
        x: npt.ArrayLike,
        recompute: int,
        state: State | None = None,
        lengths: npt.ArrayLike | None = None,
        dropout_key: DropoutKey | None = None,
        n_threads: int = 0,
    ) -> SegmentedTape:
        """Run a batch and store the state every ``recompute`` steps; `backward` recomputes the steps between.

        With ``recompute`` near √T the memory grows with √T, for about a third more time. Outputs and gradient
        have the bits of `forward`.

        Parameters
        ----------
        recompute : int
            Steps per segment.

        Raises
        ------
        UnsupportedError
            If the network needs all steps at once: two directions, the mean or maximum over steps, a skip with
            ``readout="last"``, tied weights; or if it has layer normalization.

        See Also
        --------
        forward : the other parameters, and the errors they raise.

        Examples
        --------
        >>> network = Network.initialized(Architecture(1, 1, hidden_size=4))
        >>> x, do = np.ones((100, 2, 1)), np.ones((100, 2, 1))
        >>> whole = network.backward(network.forward(x), do).copy()
        >>> bool((network.backward(network.forward_segments(x, recompute=10), do) == whole).all())
        True
        """
        place = "forward_segments"
        every = _check.positive_integer(place, "recompute", recompute)
        check_segments(place, self.architecture)
        x, state, lengths = self._checked(place, x, state, lengths, n_threads)
        if len(x) == 0:
            raise ShapeError(f"{place}: x must have at least one step, got shape {x.shape}.")
        tape_of = partial(self._training.tape, dropout=self._drops(dropout_key))
        gradients = self.gradients
        self._latest = tape = SegmentedTape(tape_of, gradients, every, x, state, lengths, dropout_key, n_threads)
        return tape

    def cross_entropy(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        weight: npt.ArrayLike | None = None,
        reduction: str = "mean",
        state: State | None = None,
        lengths: npt.ArrayLike | None = None,
        dropout_key: DropoutKey | None = None,
        bptt_depth: int | None = None,
        n_threads: int = 0,
    ) -> tuple[float, Tape]:
        """Run a batch forward to the categorical cross-entropy and backward; fill ``gradients``.

        Loss and gradient have the bits of `forward`, the loss and `backward` in sequence. The output of all steps,
        the largest array with a large vocabulary, is never stored whole.

        Parameters
        ----------
        y : array_like of int (T, N) or (N,)
            A class 0 … K−1 for every output.
        weight : array_like, shape of y, optional
            At least 0; give steps past the end of their row 0.
        reduction : {"mean", "sum"}
            Divide by the sum of the weights, or not.

        Returns
        -------
        loss : float
        tape : Tape
            Without ``o``.

        Raises
        ------
        UnsupportedError
            If the network has a linear skip, or another output activation than softmax.
        ShapeError, ArgumentError, DataError
            If sizes disagree, a class is outside 0 … K−1, or a weight is negative or not finite.

        See Also
        --------
        forward, backward : the other parameters, and the errors they raise.

        Examples
        --------
        >>> network = Network.initialized(Architecture(None, 5, vocabulary_size=5, output="softmax"))
        >>> x, y = np.array([[0], [1], [2]]), np.array([[1], [2], [3]])        # T=3, N=1
        >>> loss, tape = network.cross_entropy(x, y)
        >>> bool(network.gradients["output.b_y"].any())
        True
        """
        place, architecture = "cross_entropy", self.architecture
        _check_depth(place, bptt_depth)
        if architecture.linear_skip or architecture.output not in ("softmax", "log_softmax"):
            raise UnsupportedError(f"{place}: needs output='softmax' and no skip.\n  Hint: forward() and backward().")
        x, state, lengths = self._checked(place, x, state, lengths, n_threads)
        rows = x.shape[:2] if architecture.readout == "every" else x.shape[1:2]
        targets = _check.class_targets(place, self.dtype, y, weight, reduction, rows, architecture.output_size)
        tape = self._training.tape(x.shape, self.gradients, self._drops(dropout_key))
        self._latest = None  # no arrays for backward
        return tape.run_to_loss(x, state, lengths, n_threads, dropout_key, bptt_depth == 1, *targets), tape

    def _drops(self, dropout_key: DropoutKey | None) -> bool:
        if dropout_key is None or not (self.architecture.dropout or self.architecture.recurrent_dropout):
            return False
        for name in ("seed", "update"):
            _check.integer("DropoutKey", name, getattr(dropout_key, name), 0, 2**63 - 1)
        for name in ("first_row", "first_step"):
            _check.integer("DropoutKey", name, getattr(dropout_key, name), 0, 2**32 - 1)
        return True

    def backward(
        self,
        tape: Tape | SegmentedTape,
        do: npt.ArrayLike,
        bptt_depth: int | None = None,
        d_state: State | None = None,
        n_threads: int = 0,
    ) -> Array:
        """Return the gradient of the loss by backpropagation through time.

        Parameters
        ----------
        tape : Tape
            Of the latest `forward`.
        do : array_like, shape of ``tape.o``
            dL/do; zero past the end of a row.
        bptt_depth : {None, 1}
            None follows every path; 1 treats h_{t-1} as constant in every layer.
        d_state : State, optional
            Gradient with respect to the final state that arrives from later steps.
        n_threads : int
            0: the engine's default.

        Returns
        -------
        gradient : ndarray (P,)
            In the order of ``theta``; the same array at every call. ``tape.d_state`` is the gradient with respect to
            the initial state.

        Raises
        ------
        UnsupportedError
            For other depths; `elman.reference` supports them.
        ArgumentError
            If the tape is not that of the latest forward pass.
        """
        if tape is not self._latest:
            raise ArgumentError("backward: tape must come from the latest forward pass of this network.")
        _check_depth("backward", bptt_depth)
        _check.thread_count("backward", n_threads, 0)
        if d_state is not None or not self._is_ready(do, *tape.o.shape):
            s = _check.Shapes("backward", self.dtype)
            do = s.array("do", do, *tape.o.shape)
            d_state = None if d_state is None else self.checked_state(s, "d_state", d_state, tape.rows)
        tape.backward(do, d_state, n_threads, bptt_depth == 1)
        return self.gradients.theta

    def run(
        self,
        x: npt.ArrayLike,
        state: State | None = None,
        lengths: npt.ArrayLike | None = None,
        n_threads: int = 0,
    ) -> tuple[State, Array]:
        """Return the final state and the activated output, (T, N, K) or (N, K), without dropout.

        Parameters and errors are those of `forward`; the arrays are new.
        """
        return self._outcome("run", x, state, lengths, n_threads)

    def predict(
        self,
        x: npt.ArrayLike,
        state: State | None = None,
        lengths: npt.ArrayLike | None = None,
        n_threads: int = 0,
    ) -> Array:
        """Return the activated output alone; see `run`."""
        return self._outcome("predict", x, state, lengths, n_threads)[1]

    def step(self, state: State, x: npt.ArrayLike, n_threads: int = 0) -> tuple[State, Array]:
        """Return the next state and its activated output (N, K), with the bits of `run` over all steps.

        Parameters
        ----------
        state : State
            After the previous steps; `State.zeros` before the first.
        x : array_like (N, D), or of integers (N,)
            One step of each row.
        n_threads : int
            0: the engine's default.

        See Also
        --------
        Stream : the same several times faster, for many steps.

        Raises
        ------
        UnsupportedError
            If the output needs more than the state and this step: both directions, the mean or maximum over steps, or
            a skip over several steps.

        Examples
        --------
        >>> network = Network.initialized(Architecture(2, 1))
        >>> state, y = network.step(State.zeros(network.architecture, rows=1), [[0.5, -0.5]])
        >>> y.shape
        (1, 1)
        """
        check_streamable("step", self.architecture)
        state, y = self._outcome("step", np.asarray(x)[np.newaxis], state, None, n_threads)
        return state, y[0] if self.architecture.readout == "every" else y

    def _outcome(
        self, place: str, x: npt.ArrayLike, state: State | None, lengths: npt.ArrayLike | None, n_threads: int
    ) -> tuple[State, Array]:
        """Run in a separate workspace, so that threads do not share memory."""
        x, state, lengths = self._checked(place, x, state, lengths, n_threads)
        try:
            tapes = self._idle.pop()
        except IndexError:
            tapes = self._new_tapes()
        try:
            tape = tapes.tape(x.shape, None, False)
            tape.run(x, state, lengths, n_threads)
            return tape.state, tape.activated()
        finally:
            self._idle.append(tapes)

    def _new_tapes(self) -> Tapes:
        return Tapes(self.architecture, self.parameters, self.dtype)

    def _is_ready(self, array: npt.ArrayLike, *shape: int) -> TypeGuard[Array]:
        """Return whether the kernels accept an array unchanged; this costs less than a full check."""
        return (
            type(array) is np.ndarray
            and array.shape[-len(shape) :] == shape
            and array.dtype == self.dtype
            and array.flags.carray
        )

    def _checked(
        self, place: str, x: npt.ArrayLike, state: State | None, lengths: npt.ArrayLike | None, n_threads: int
    ) -> tuple[Array, State | None, Array | None]:
        """Return the inputs of a pass in the form for the kernels."""
        _check.thread_count(place, n_threads, 0)
        architecture = self.architecture
        width = architecture.input_size
        if width is not None and state is None and lengths is None and self._is_ready(x, width) and x.ndim == 3:
            return x, None, None
        s = _check.Shapes(place, self.dtype)
        if architecture.vocabulary_size is None:
            assert width is not None
            x = s.array("x", x, "T", "N", width)
        else:
            x = s.integers("x", x, "T", "N")
            last = architecture.vocabulary_size - 1
            _check.within(place, "x", x, last, f"vocabulary_size-1 = {last}", DataError)
            x = np.require(x, np.int64, ["C", "A"])
        lengths = s.lengths(lengths)
        return x, None if state is None else self.checked_state(s, "state", state, x.shape[1]), lengths

    def checked_state(self, s: _check.Shapes, name: str, state: State, rows: int) -> State:
        """Return a state that fits this network and so many rows, in its dtype; ``s`` has the start of messages."""
        architecture = self.architecture
        has_c, shape = architecture.kind.has_c, State.shape_of(architecture, rows)
        if (state.c is not None) != has_c:
            raise ArgumentError(f"{s.place}: {name}.c must be {'given' if has_c else 'None'} for {architecture.cell}.")
        h = s.array(f"{name}.h", state.h, *shape)
        return State(h, s.array(f"{name}.c", state.c, *shape, optional=True))


def _check_depth(place: str, bptt_depth: int | None) -> None:
    if bptt_depth not in (None, 1):
        raise UnsupportedError(
            f"{place}: bptt_depth must be None or 1, got {bptt_depth!r}.\n"
            "  Hint: elman.reference follows paths of any depth."
        )
