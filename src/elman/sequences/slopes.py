"""Windows beside their differences while a network learns; afterwards the network reads the windows alone.

Neighbouring values of a smooth sequence are nearly equal. What their small differences say takes large weights of
opposite signs, and so many updates. While a network learns, it therefore also reads, for every channel c of a window x
of w values::

    d_{i,c} = s_c (x_{i+2,c} - x_{i,c}),   i = 1 … w - 2

with s_c one over the root mean square of the channel's differences. Differences of neighbours have more noise for their
size; on the training part of GunPoint they gave a higher held-out loss. Because d is linear in x, the weights of both
become those of the window alone after the training::

    [x, d] W̃_x = x W_x

so that a fitted network is an ordinary one, in files, streams and exports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.network import Network
from elman.network.parameters import layer_prefix
from elman.training import Batch, SequenceBatches
from elman.training.batches import generator

__all__ = ["APART", "SlopeBatches", "folded", "slope_factors"]

Array = npt.NDArray[Any]

APART = 2  # steps between the values of a difference
_MOVES = 2**62  # first number of the draws of moves; those of orders are numbers of epochs
_MOST = 100.0  # of a factor; noise of a nearly constant channel stays small


def slope_factors(prepared: Sequence[Array], weight: Any) -> Array:
    """Return one over the root mean square of every channel's differences (D,), at most 100.

    Parameters
    ----------
    prepared : sequence of ndarray (L_i, D)
        Standardised sequences.
    weight : ndarray (n,)
        Of each sequence.

    Examples
    --------
    >>> slope_factors([np.array([[0.0, 1.0], [9.0, 1.0], [4.0, 1.0]]), np.array([[5.0, 1.0]])], np.ones(2))
    array([  0.25, 100.  ])
    """
    differences = [sequence[APART:] - sequence[:-APART] for sequence in prepared]
    count = sum(w * len(own) for w, own in zip(weight, differences, strict=True))
    squares = [w * (own**2).sum(axis=0) for w, own in zip(weight, differences, strict=True)]
    size = np.sqrt(np.sum(squares, axis=0) / count)
    factors: Array = 1 / np.maximum(size, 1 / _MOST)
    return factors


class SlopeBatches(SequenceBatches):
    """Batches of windows beside their differences, of sequences that are shifted in time.

    Every batch moves each sequence by a random number of steps; its first or last value fills the gap.

    Parameters
    ----------
    slopes : ndarray (D,)
        Factors of the differences.
    shift : int
        Most steps that a sequence is moved by.

    Others are those of `elman.training.SequenceBatches`; the window has at least 3 values.

    Examples
    --------
    >>> SlopeBatches([[1.0, 2.0, 4.0, 7.0]], np.array([0]), window=4, slopes=np.array([0.5])).batch(0).x
    array([[[1. , 2. , 4. , 7. , 1.5, 2.5]]], dtype=float32)
    """

    def __init__(
        self, sequences: Sequence[npt.ArrayLike], targets: Any, *, slopes: Array, shift: int = 0, **options: Any
    ) -> None:
        arrays = [np.asarray(own) for own in sequences]
        ends = [[(shift, shift)] + [(0, 0)] * (own.ndim - 1) for own in arrays]
        super().__init__([np.pad(own, end, "edge") for own, end in zip(arrays, ends, strict=True)], targets, **options)
        self.lengths = np.array([(len(own) - self.window) // self.stride + 1 for own in arrays])
        self.shift, self._update = shift, 0
        self.slopes = np.tile(slopes, self.window - APART).astype(self.dtype)

    def batch(self, update: int) -> Batch:
        """Return the batch of ``update``."""
        self._update = update
        return super().batch(update)

    def _begins(self, rows: Array) -> Array:
        moves = generator(self.seed, _MOVES + self._update).integers(0, 2 * self.shift + 1, len(rows))
        begins: Array = super()._begins(rows) + moves
        return begins

    def _gather(self, rows: Array, steps: int) -> Array:
        x = super()._gather(rows, steps)
        apart = APART * (x.shape[-1] // self.window)
        return np.concatenate([x, (x[..., apart:] - x[..., :-apart]) * self.slopes], axis=-1)


def folded(network: Network, slopes: Array) -> Network:
    """Return the network of windows alone that gives the outputs of one of windows beside their differences.

    Parameters
    ----------
    network : Network
        Trained on `SlopeBatches`.
    slopes : ndarray (D,)
        Factors of the differences.

    Examples
    --------
    >>> from elman.network import Architecture
    >>> network = Network.initialized(Architecture(4, 1, cell="rnn", hidden_size=1), seed=0)
    >>> network.parameters["layers.0.W_x"][...] = [[1.0], [2.0], [3.0], [10.0]]  # x_1, x_2, x_3 and 0.5 (x_3 - x_1)
    >>> folded(network, np.array([0.5])).parameters["layers.0.W_x"].tolist()
    [[-4.0], [2.0], [8.0]]
    """
    architecture = network.architecture
    assert architecture.input_size is not None
    values = (architecture.input_size + APART * len(slopes)) // 2
    return Network(replace(architecture, input_size=values), _without_slopes(network, slopes, values))


def _without_slopes(network: Network, slopes: Array, values: int) -> Array:
    """Return the vector of parameters whose W_x of the first layer read ``values`` inputs."""
    first = {layer_prefix(0, way) + "W_x" for way in range(len(network.architecture.layer_backwards(0)))}
    apart, parts = APART * len(slopes), []
    for name, own in network.parameters.items():
        if name in first:
            W = own[:values].astype(np.float64)
            scaled = own[values:] * np.tile(slopes, len(own[values:]) // len(slopes))[:, np.newaxis]
            W[apart:] += scaled
            W[:-apart] -= scaled
            parts.append(W.astype(own.dtype).ravel())
        else:
            parts.append(own.ravel())
    return np.concatenate(parts)
