"""Networks that the engine cannot run, computed by the reference: correct but not fast."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check, reference
from elman.errors import UnsupportedError
from elman.network import Architecture, ParameterLayout, Parameters
from elman.network.parameters import dense_prefix, layer_prefix
from elman.network.timeline import Timeline

Array = npt.NDArray[Any]


class ReferenceNetwork:
    """A network of GRU layers with the reset gate before the product, for prediction in float64.

    Parameters
    ----------
    architecture : Architecture
        With ``cell="gru"``, values as input, no skip.
    theta : ndarray (P,)
        Parameters in the order of `ParameterLayout`.

    Raises
    ------
    UnsupportedError
        If the architecture has another cell, takes indices, or has a skip.

    Examples
    --------
    >>> architecture = Architecture(1, 1, cell="gru", hidden_size=1)
    >>> ReferenceNetwork(architecture, np.ones(ParameterLayout(architecture).size)).predict([[[1.0]]]).round(4)
    array([[[1.1186]]])
    """

    def __init__(self, architecture: Architecture, theta: Array) -> None:
        if architecture.cell != "gru" or architecture.takes_indices or architecture.linear_skip:
            raise UnsupportedError(
                "ReferenceNetwork: runs GRU layers over values, with no skip; Network runs everything else."
            )
        self.architecture = architecture
        self.theta = np.asarray(theta, np.float64)
        self.parameters = Parameters(self.theta, ParameterLayout(architecture))

    def predict(self, x: npt.ArrayLike, lengths: npt.ArrayLike | None = None) -> Array:
        """Return the activated output from zero states.

        Parameters
        ----------
        x : array_like (T, N, D)
            Input.
        lengths : array_like (N,) of integers, optional
            Valid steps of each row.

        Returns
        -------
        y : ndarray (T, N, K) or (N, K)
            Output, (N, K) unless the readout is at every step.
        """
        a = self.architecture
        y = _check.Shapes("predict", np.float64).array("x", x, "T", "N", a.input_size or 0)
        timeline = Timeline(y.shape[0], y.shape[1], None if lengths is None else np.asarray(lengths, np.int64))
        for layer in range(a.num_layers):
            states = [self._direction(y, timeline, layer, direction) for direction in range(a.directions)]
            y = np.concatenate([s[1:] if d == 0 else _reversed(s[1:], timeline) for d, s in enumerate(states)], axis=2)
        read = self._read_out(y, states, timeline)
        for number, activation in enumerate(a.dense_activations):
            W, b = (self.parameters.get(dense_prefix(number) + name) for name in "Wb")
            assert W is not None
            read = reference.activation_forward(reference.dense_forward(read, W, b), activation)
        W_y, b_y = self.parameters["output.W_y"], self.parameters.get("output.b_y")
        return reference.activation_forward(reference.dense_forward(read, W_y, b_y), a.output)

    def _direction(self, x: Array, timeline: Timeline, layer: int, direction: int) -> Array:
        prefix = layer_prefix(layer, direction)
        W_x, W_h, b, b_hn = (self.parameters.get(prefix + name) for name in ("W_x", "W_h", "b", "b_hn"))
        assert W_x is not None
        assert W_h is not None
        h_0 = np.zeros((x.shape[1], self.architecture.layer_size(layer)))
        x = _reversed(x, timeline) if direction else x
        return reference.gru_forward(x, h_0, W_x, W_h, b, b_hn, reset="before", lengths=timeline.lengths).h

    def _read_out(self, y: Array, states: list[Array], timeline: Timeline) -> Array:
        readout = self.architecture.readout
        if readout == "every":
            return y
        if readout == "last":
            return np.concatenate([timeline.last(h, np.empty(h.shape[1:])) for h in states], axis=1)
        if readout == "mean":
            mean: Array = y.sum(axis=0) / timeline.counts()
            return mean
        maximum: Array = np.where(timeline.padding()[:, :, np.newaxis], -np.inf, y).max(axis=0)
        return maximum


def _reversed(x: Array, timeline: Timeline) -> Array:
    return timeline.reverse(x, np.empty_like(x))
