"""Summary of the training of networks, in a line or two of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from elman.network import Network
from elman.training import History

__all__ = ["trained"]


def trained(networks: Sequence[Network], history: Sequence[History]) -> dict[str, str]:
    """Return size and losses of an ensemble, by name.

    Parameters
    ----------
    networks : sequence of Network
        At least one.
    history : sequence of History
        Of each; empty ones of a model that was loaded.

    Returns
    -------
    dict of str to str
        Means over the networks: the loss at first and in the last tenth of the updates, and the best held-out score.

    Examples
    --------
    >>> from elman.network import Architecture
    >>> network = Network.initialized(Architecture(1, 1, cell="rnn", hidden_size=1))
    >>> trained([network], [History(loss=[2.0, 1.0, 0.5])])
    {'networks': '1 of 5 parameters', 'loss': '2 to 0.5'}
    """
    found = {"networks": f"{len(networks)} of {networks[0].theta.size:,} parameters"}
    losses = [own.loss for own in history if own.loss]
    if losses:
        first = np.mean([loss[0] for loss in losses])
        last = np.mean([np.mean(loss[-max(1, len(loss) // 10) :]) for loss in losses])
        found["loss"] = f"{first:.4g} to {last:.4g}"
    scores = [own.best_score for own in history if own.score]
    if scores:
        found["best held-out score"] = f"{np.mean(scores):.4g}"
    return found
