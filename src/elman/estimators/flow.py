"""Gradient-flow report of an estimator on a batch like those of training."""

from __future__ import annotations

from typing import Any

from elman.network import Network
from elman.training import Batch, GradientFlow, History, gradient_flow

__all__ = ["flow_of"]


def flow_of(parameters: Any, network: Network, history: History, batch: Batch, loss: str, probes: int) -> GradientFlow:
    """Compute the gradient flow of one network of a fitted estimator.

    Parameters
    ----------
    parameters : object
        Of the estimator: its ``clip_norm`` and ``n_threads``.
    network : Network
        Its tape is written, so no other thread may use it.
    history : History
        Of its training.
    batch : Batch
        Data that the gradients are computed on.
    loss : str
        Loss of the training.
    probes : int
        Outputs per row whose gradient is followed.

    Examples
    --------
    >>> import numpy as np
    >>> from elman import SequenceRegressor
    >>> from elman.network import Architecture
    >>> network = Network.initialized(Architecture(1, 1, cell="rnn", hidden_size=2, readout="last"))
    >>> batch = Batch(np.ones((5, 1, 1), np.float32), np.ones((1, 1), np.float32))
    >>> flow_of(SequenceRegressor(), network, History(), batch, "mean_squared_error", probes=1).lags
    5
    """
    return gradient_flow(
        network,
        batch,
        loss,
        probes=probes,
        history=history,
        clip_norm=parameters.clip_norm,
        n_threads=parameters.n_threads or 0,
    )
