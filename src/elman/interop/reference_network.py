"""Networks that the engine cannot run, computed by the reference: correct but not fast."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check, reference
from elman.errors import UnsupportedError
from elman.interop.onnx_activations import ACTIVATIONS
from elman.interop.onnx_cells import run_recurrent
from elman.interop.onnx_layers import attributes_of, weights_of
from elman.network import Architecture, ParameterLayout, Parameters
from elman.network.parameters import dense_prefix
from elman.network.timeline import Timeline

Array = npt.NDArray[Any]


class ReferenceNetwork:
    """A network of LSTM or GRU layers with other activations or gates than the engine's, for prediction in float64.

    Parameters
    ----------
    architecture : Architecture
        Without a skip. Its ``activation`` is not used.
    theta : ndarray (P,)
        Parameters in the order of `ParameterLayout`.
    activations : list of (str, float, float), optional
        Of the gates, of the candidate, and of an LSTM's output: names of ONNX with their two numbers. Sigmoid and tanh
        if not given.
    reset : {"before", "after"}
        Whether a GRU's reset gate acts before the product with W_h.

    Raises
    ------
    UnsupportedError
        If the architecture has a skip or simple recurrent layers.

    Examples
    --------
    >>> architecture = Architecture(1, 1, cell="gru", hidden_size=1)
    >>> ReferenceNetwork(architecture, np.ones(ParameterLayout(architecture).size)).predict([[[1.0]]]).round(4)
    array([[[1.1186]]])
    """

    def __init__(
        self,
        architecture: Architecture,
        theta: Array,
        activations: list[tuple[str, float, float]] | None = None,
        reset: str = "before",
    ) -> None:
        if architecture.cell == "rnn" or architecture.linear_skip or architecture.one_hot:
            raise UnsupportedError(
                "ReferenceNetwork: runs LSTM and GRU layers, with no skip and no one-hot input; Network runs others."
            )
        self.architecture = architecture
        self.theta = np.asarray(theta, np.float64)
        self.parameters = Parameters(self.theta, ParameterLayout(architecture))
        self._reset, self._activations = reset, activations

    def predict(self, x: npt.ArrayLike, lengths: npt.ArrayLike | None = None) -> Array:
        """Return the activated output from zero states.

        Parameters
        ----------
        x : array_like (T, N, D), or of integers (T, N)
            Input.
        lengths : array_like (N,) of integers, optional
            Valid steps of each row.

        Returns
        -------
        y : ndarray (T, N, K) or (N, K)
            Output, (N, K) unless the readout is at every step.
        """
        a, shapes = self.architecture, _check.Shapes("predict", np.float64)
        if a.vocabulary_size is None:
            y = shapes.array("x", x, "T", "N", a.input_size or 0)
        else:
            y = self.parameters["embedding"][shapes.integers("x", x, "T", "N")]
        timeline = Timeline(y.shape[0], y.shape[1], None if lengths is None else np.asarray(lengths, np.int64))
        for layer in range(a.num_layers):
            y, states = self._layer(y, timeline, layer)
        read = self._read_out(y, states, timeline)
        for number, activation in enumerate(a.dense_activations):
            W, b = (self.parameters.get(dense_prefix(number) + name) for name in "Wb")
            assert W is not None
            read = reference.activation_forward(reference.dense_forward(read, W, b), activation)
        W_y, b_y = self.parameters["output.W_y"], self.parameters.get("output.b_y")
        return reference.activation_forward(reference.dense_forward(read, W_y, b_y), a.output)

    def _layer(self, x: Array, timeline: Timeline, layer: int) -> tuple[Array, list[Array]]:
        """Return the outputs (T, N, directions·H), and the final state of each direction (N, H)."""
        a = self.architecture
        attributes, directions = attributes_of(a, layer), len(a.layer_backwards(layer))
        if a.cell == "gru":
            attributes["linear_before_reset"] = int(self._reset == "after")
        if self._activations is not None:
            names, alphas, betas = zip(*self._activations, strict=True)
            kinds = [ACTIVATIONS[name] for name in names]
            attributes["activations"] = [*names] * directions
            given = (
                [n for n, k in zip(ns, kinds, strict=True) if getattr(k, of) is not None]
                for ns, of in ((alphas, "alpha"), (betas, "beta"))
            )
            attributes["activation_alpha"], attributes["activation_beta"] = (own * directions for own in given)
        lengths = np.full(timeline.rows, timeline.steps) if timeline.lengths is None else timeline.lengths
        weights = weights_of(a, self.parameters, layer)
        Y, Y_h, *_ = run_recurrent(a.cell.upper(), attributes, [x, *weights, lengths])
        return np.concatenate(list(np.moveaxis(Y, 1, 0)), axis=2), list(Y_h)

    def _read_out(self, y: Array, states: list[Array], timeline: Timeline) -> Array:
        readout = self.architecture.readout
        if readout == "every":
            return y
        if readout == "last":
            return np.concatenate(states, axis=1)
        if readout == "mean":
            mean: Array = y.sum(axis=0) / timeline.counts()
            return mean
        maximum: Array = np.where(timeline.padding()[:, :, np.newaxis], -np.inf, y).max(axis=0)
        return maximum
