"""A start for the window network that reads covariates: the ridge regression of its targets on its inputs.

Covariates are many inputs, and the effect of each on every step ahead is a weight of its own in the linear skip W_k. An
update moves a weight by about the learning rate, so that from zero large effects, such as that of a price, take longer
than the recurrent part takes to learn the noise. W_k and b_y can instead start at the solution of::

    min Σ w ‖y - x W_k - b_y‖² + λ Σ w ‖W_k‖²            over the windows x of the first batches, with targets y

w the mean weight of the targets of a window. W_y starts at zero, and the recurrent part learns what is not linear. With
fewer than 10 windows an input the regression would fit the noise. Where effects are not linear or series depend on
themselves for long, the start at zero may forecast better: the held-out values decide (`elman.forecasting.selection`).

References
----------
Hoerl & Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems. Technometrics 12(1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman.estimators import one_thread
from elman.forecasting.parameters import Parameters
from elman.forecasting.recipe import Recipe, windows_of
from elman.network import Network

__all__ = ["can_regress", "regression", "start"]

Array = npt.NDArray[np.float64]

_LEAST = 10  # windows an input
_ENOUGH = 20  # windows an input that are read
_BATCHES = 8  # the most that are read
_PENALTY = 1e-3  # λ; inputs have a mean size of about 0.5


def can_regress(parameters: Parameters, recipe: Recipe, lengths: npt.NDArray[np.int64]) -> bool:
    """Return whether there is such a start: the network has covariates, a skip, and enough windows.

    Parameters
    ----------
    parameters : Parameters
        Of the network.
    recipe : Recipe
        Inputs and horizon.
    lengths : ndarray (S,), int64
        Values of each series, padded.
    """
    points = parameters.linear_skip and parameters.loss_at == "every" and recipe.head is None
    enough = int(windows_of(recipe, lengths).sum()) >= _LEAST * recipe.input_size
    return points and parameters.init == "default" and bool(recipe.covariates) and enough


def regression(batches: Any, updates: int) -> tuple[Array, Array]:
    """Return W_k (D, K) and b_y (K,) that explain the targets of the first batches.

    Parameters
    ----------
    batches : Batches
        Inputs (T, N, D) and targets (T, N, K) of every update.
    updates : int
        Batches that there are.
    """
    count, moments = 0, None
    for update in range(min(_BATCHES, updates)):
        x, y, weight = _rows(batches.batch(update))
        with one_thread():
            own = (x * weight[:, None]).T @ np.concatenate([x, y], axis=1)
        moments = own if moments is None else moments + own
        count += len(x)
        if count >= _ENOUGH * x.shape[1]:
            break
    assert moments is not None
    inputs = len(moments)
    squares = moments[:, :inputs]
    penalty = np.full(inputs, _PENALTY * squares[-1, -1])
    penalty[-1] = 0.0  # the intercept
    with one_thread():
        solution: Array = np.linalg.solve(squares + np.diag(penalty), moments[:, inputs:])
    return solution[:-1], solution[-1]


def _rows(batch: Any) -> tuple[Array, Array, Array]:
    """Return the inputs (n, D + 1) of all windows, the last one 1; their targets (n, K) and weights (n,)."""
    steps, rows = batch.x.shape[:2]
    x = batch.x.reshape(steps * rows, -1).astype(np.float64)
    y = batch.y.reshape(steps * rows, -1).astype(np.float64)
    weight = (
        np.ones(len(x)) if batch.weight is None else batch.weight.reshape(len(x), -1).mean(axis=1, dtype=np.float64)
    )
    if batch.lengths is not None:
        weight = weight * (np.arange(steps)[:, None] < batch.lengths).reshape(-1)
    return np.concatenate([x, np.ones((len(x), 1))], axis=1), y, weight


def start(network: Network, weights: Array, bias: Array) -> None:
    """Let a network begin with W_k (D, K) and b_y (K,), where it has one, and with W_y zero."""
    network.parameters["skip.W_k"][...] = weights
    network.parameters["output.W_y"][...] = 0.0
    if network.architecture.bias:
        network.parameters["output.b_y"][...] = bias
