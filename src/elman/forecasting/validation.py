"""Choosing the number of updates on the last horizon of the training part, under the schedule of the whole run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from elman.errors import DataError
from elman.forecasting.fitting import make_trainers
from elman.forecasting.panel import Panel
from elman.forecasting.recipe import Recipe
from elman.forecasting.selection import HeldOut
from elman.network import Network
from elman.training import train_ensemble

if TYPE_CHECKING:
    from elman.forecasting.forecaster import Forecaster

__all__ = ["best_updates"]

_TIMES = 30  # scores per training


def best_updates(
    place: str,
    forecaster: Forecaster,
    panel: Panel,
    unknown: npt.NDArray[np.bool_],
    recipe: Recipe,
    updates: int,
    seeds: Sequence[int],
) -> dict[int, float]:
    """Train without the newest horizon, and score it some 30 times on the way.

    Parameters
    ----------
    place : str
        Start of a message.
    forecaster : Forecaster
        Its parameters are used.
    panel : Panel
        The training part, filled.
    unknown : ndarray, bool
        Values that had been missing.
    recipe : Recipe
        Of the final fit.
    updates : int
        Length of the schedule.
    seeds : sequence of int
        Those of the final fit.

    Returns
    -------
    dict of int to float
        Mean error over the networks after so many updates.

    Raises
    ------
    DataError
        If there is nothing to hold out.
    """
    held_out = HeldOut(place, forecaster, panel, unknown, recipe.seasons, seeds)
    needed = recipe.window + 2 * int(forecaster.horizon)
    if not held_out.usable or int(panel.lengths.max()) < needed:
        raise DataError(
            f"{place}: validation=True needs a series of at least window + 2 * horizon = {needed} values, "
            f"the longest has {panel.lengths.max()}."
        )
    prepared = held_out.prepared(recipe.window)
    every = max(1, updates // _TIMES)

    def score(network: Network) -> float:
        return held_out.error(prepared, network)

    trainers = make_trainers(forecaster, prepared, updates, seeds, validate=score, validate_every=every)
    train_ensemble(trainers, n_threads=forecaster.n_threads, progress=forecaster.progress)
    times, scores = trainers[0].history.validation_update, [trainer.history.score for trainer in trainers]
    return {update: float(np.mean(sorted(own))) for update, *own in zip(times, *scores, strict=True)}
