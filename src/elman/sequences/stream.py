"""A fitted sequence estimator that takes one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError, DataError, Remedy, UnsupportedError
from elman.network import Network, State, Stream
from elman.sequences.fitted import Fitted
from elman.sequences.preparation import ensemble_mean
from elman.training import fingerprint

__all__ = ["SequenceStream"]

Array = npt.NDArray[Any]

_LARGEST = float(np.finfo(np.float32).max)


class SequenceStream:
    """Predictions for a sequence that is still growing, at a constant cost per step.

    After t steps the outputs have the bits of ``predict`` and ``predict_proba`` for the first t steps, unless another
    precision is asked for. A stream is made by ``model.stream()``; its model may be trained further without an
    influence on it.

    Parameters
    ----------
    place : str
        Start of a message.
    fitted : Fitted
        With networks that read forwards alone, and the last state or every step as readout.
    state : mapping of str to ndarray, optional
        From `state`, to continue; without it the sequence is empty.
    precision : {"float32", "bfloat16", "int8"}, optional
        Of the weights that a step reads, see `elman.network.Stream`; None is that of the networks.

    Raises
    ------
    UnsupportedError
        If a network reads backwards, too, or its readout needs all states.
    ArgumentError
        If the state is not one of these networks, or the precision is unknown.

    Notes
    -----
    The last window of a sequence ends at its last step. With a stride of s there are therefore s runs over windows that
    end s steps apart; each step advances one, and the state holds all.

    Examples
    --------
    >>> from elman import SequenceTagger
    >>> X, y = [[1, 0, 1, 1], [0, 1, 1], [1, 1, 0]] * 5, [[1, 1, 0, 1], [0, 1, 0], [1, 0, 0]] * 5
    >>> model = SequenceTagger(updates=20, ensemble_size=1, random_state=0).fit(X, y)
    >>> stream = model.stream()
    >>> [int(stream.step(x)) for x in X[0]] == model.predict(X[:1])[0].tolist()
    True
    >>> stream.count, stream.probabilities.shape
    (4, (2,))
    """

    def __init__(
        self,
        place: str,
        fitted: Fitted,
        state: Mapping[str, npt.ArrayLike] | None = None,
        precision: str | None = None,
    ) -> None:
        architecture = fitted.networks[0].architecture
        if architecture.bidirectional or architecture.readout in ("mean", "max"):
            raise UnsupportedError(
                f"{place}: needs networks that read forwards alone and the last state as readout, got "
                f"bidirectional={architecture.bidirectional}, readout={architecture.readout!r}.",
                Remedy("fit with {}", bidirectional=False, readout="last"),
            )
        if fitted.preparation.by_sequence:
            raise UnsupportedError(
                f'{place}: standardize="sequence" needs whole sequences.', Remedy("fit with {}", standardize=True)
            )
        self._target, self._preparation = fitted.target, fitted.preparation
        self._model = fingerprint(*(network.theta for network in fitted.networks))
        plain = [replace(network.architecture, output="identity", readout="every") for network in fitted.networks]
        self._streams = [
            Stream(Network(own, network.theta), precision=precision)
            for own, network in zip(plain, fitted.networks, strict=True)
        ]
        self._o: Array | None = None
        self._start(place, state)

    def _start(self, place: str, state: Mapping[str, npt.ArrayLike] | None) -> None:
        """Take a state, or that of an empty sequence."""
        prepared, first = self._preparation, self._streams[0].state
        shape = (len(self._streams), prepared.stride, *first.h.shape)
        self.count = 0
        self._recent = np.zeros((prepared.window, len(prepared.center)))
        self._h = np.zeros(shape, first.h.dtype)
        self._c = None if first.c is None else np.zeros(shape, first.c.dtype)
        if state is None:
            return
        own = self.state
        if set(state) != set(own) or str(state["model"]) != self._model:
            raise ArgumentError(f"{place}: state must come from a stream of the same fitted networks.")
        for name, present in own.items():
            if np.shape(state[name]) != np.shape(present):
                raise ArgumentError(f"{place}: state[{name!r}] must have shape {np.shape(present)}.")
        self.count = _check.integer(place, "state['count']", np.asarray(state["count"]).item(), 0)
        self._recent[...] = state["recent"]
        self._h[...] = state["h"]
        if self._c is not None:
            self._c[...] = state["c"]

    @property
    def state(self) -> dict[str, Array]:
        """A copy of the state as arrays: ``numpy.savez(file, **stream.state)`` keeps it for ``model.stream``."""
        found = {"model": np.array(self._model), "count": np.array(self.count), "recent": self._recent, "h": self._h}
        if self._c is not None:
            found["c"] = self._c
        return {name: array.copy() for name, array in found.items()}

    def step(self, x: npt.ArrayLike) -> Any:
        """Take one step and return the prediction: a class, labels (K,), or numbers.

        Parameters
        ----------
        x : array_like (D,), or a number for one channel
            Values of all channels.

        Returns
        -------
        prediction : scalar or ndarray (K,)
            Of a tagger for this step; of others for the sequence up to it.

        Raises
        ------
        ShapeError
            If the number of channels is not that of the fit.
        DataError
            If a value is not finite; the stream is then unchanged.
        """
        self._enter(self._checked(x))
        window, stride = self._preparation.window, self._preparation.stride
        carried = self._preparation.per_step or self.count > window - stride  # else the window is still growing
        phase, x_t = self.count % stride, self._recent.reshape(1, -1).astype(self._h.dtype)
        runs = []
        for member, stream in enumerate(self._streams):
            earlier = State(self._h[member, phase], None if self._c is None else self._c[member, phase])
            runs.append(stream.step_from(earlier, x_t, keep=carried).astype(np.float64))
        if self.count == 1:
            self._begin_with_padding()
        self._o = ensemble_mean(runs)
        return self._target.predictions(self._o)[0]

    def _begin_with_padding(self) -> None:
        """Start the runs whose first window lies before the sequence, where the stride exceeds the window."""
        for later in range(self._preparation.window + 1, self._preparation.stride + 1):
            for states in (self._h, self._c):
                if states is not None:
                    states[:, later % self._preparation.stride] = states[:, 1 % self._preparation.stride]

    @property
    def probabilities(self) -> Array:
        """Probabilities (C,) of the classes, or (K,) of the labels, after the latest step.

        Raises
        ------
        UnsupportedError
            If the predictions are numbers.
        ArgumentError
            Before the first step, and after a state was taken up.
        """
        if self._target.kind == "numbers":
            raise UnsupportedError("probabilities: numbers have none; step() returns them.")
        if self._o is None:
            raise ArgumentError("probabilities: there is no step yet.")
        found: Array = self._target.probabilities(self._o)[0]
        return found

    def _checked(self, x: npt.ArrayLike) -> Array:
        """Return one step as finite float64 (D,)."""
        values = _check.Shapes("step", np.float64).array("x", np.atleast_1d(np.asarray(x)), self._recent.shape[1])
        wrong = ~(np.abs(values) <= _LARGEST)  # also true of NaN
        if wrong.any():
            at = int(np.argmax(wrong))
            raise DataError(f"step: x[{at}] is {values[at]:g}; every value must be finite and within float32.")
        return values

    def _enter(self, values: Array) -> None:
        """Standardise a step and append it to the window; the first step fills the window."""
        standard = self._preparation.standardised(values)
        if self.count:
            self._recent[:-1] = self._recent[1:]
            self._recent[-1] = standard
        else:
            self._recent[...] = standard
        self.count += 1
