"""States of the top layer as embeddings of sequences or of their steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.network import Network
from elman.sequences.fitted import Fitted
from elman.sequences.preparation import outputs

__all__ = ["embedded", "network_of_states"]


def embedded(fitted: Fitted, sequences: Sequence[npt.NDArray[Any]], states: str, n_threads: int) -> Any:
    """Return the states of every network of an ensemble side by side.

    Parameters
    ----------
    fitted : Fitted
        With M networks of R = directions · H units at the top.
    sequences : sequence of ndarray (T_i, D)
        Checked.
    states : {"last", "mean", "max", "every"}
        As the readout of an architecture.
    n_threads : int
        0: the engine's default.

    Returns
    -------
    ndarray (n, M · R), or list of ndarray (steps_i, M · R)
        float64.
    """
    prepared = fitted.preparation.apply(sequences)
    networks = [network_of_states(network, states) for network in fitted.networks]
    parts = [outputs([network], fitted.preparation, prepared, n_threads) for network in networks]
    if states == "every":
        return [np.concatenate(own, axis=1) for own in zip(*parts, strict=True)]
    return np.concatenate(parts, axis=1)


def network_of_states(network: Network, states: str) -> Network:
    """Return a network whose outputs are the states of another: its output layer is the identity matrix.

    Examples
    --------
    >>> from elman.network import Architecture
    >>> network = Network.initialized(Architecture(1, 3, cell="rnn", hidden_size=2, readout="last"))
    >>> found = network_of_states(network, "every").predict(np.ones((5, 1, 1)))
    >>> found.shape, bool((network.run(np.ones((5, 1, 1)))[0].h[0] == found[-1]).all())
    ((5, 1, 2), True)
    """
    size = network.architecture.readout_size
    no_dense: dict[str, Any] = {"dense": (), "dense_activation": "relu"}
    plain = replace(network.architecture, output_size=size, readout=states, output="identity", **no_dense)
    found = Network.initialized(plain, dtype=network.dtype)
    for name, value in found.parameters.items():
        if name == "output.W_y":
            value[...] = np.eye(size)
        elif name == "output.b_y":
            value[...] = 0.0
        else:
            value[...] = network.parameters[name]
    return found
