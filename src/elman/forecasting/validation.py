"""Choose the number of updates on the last horizon of the training part, under the schedule of the whole run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.errors import DataError
from elman.forecasting.fitting import make_trainers
from elman.forecasting.selection import Choice, HeldOut
from elman.training import train_ensemble

__all__ = ["best_updates"]

_TIMES = 30  # scores per training


def best_updates(held_out: HeldOut, choice: Choice, updates: int, seeds: Sequence[int]) -> dict[int, float]:
    """Train without the newest horizon, and score it some 30 times during training.

    Parameters
    ----------
    held_out : HeldOut
        The training part and its held-out horizon.
    choice : Choice
        Window and start of the final fit.
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
        If there are too few values to hold out.
    """
    forecaster, longest = held_out.forecaster, int(held_out.panel.lengths.max())
    window = choice.window
    needed = window + 2 * int(forecaster.horizon)
    if not held_out.usable or longest < needed:
        raise DataError(
            f"{held_out.place}: validation=True needs a series of at least window + 2 * horizon = {needed} values, "
            f"the longest has {longest}."
        )
    prepared = held_out.prepared(window)
    every = max(1, updates // _TIMES)
    score = held_out.score(prepared, n_threads=1)  # each network is scored in its own thread
    options: dict[str, Any] = {"validate": score, "validate_every": every, "regressed": choice.regressed}
    trainers = make_trainers(forecaster, prepared, updates, seeds, **options)
    held_out.begun.append((prepared, trainers))
    train_ensemble(trainers, n_threads=forecaster.n_threads, progress=forecaster.progress)
    times, scores = trainers[0].history.validation_update, [trainer.history.score for trainer in trainers]
    return {update: float(np.mean(sorted(own))) for update, *own in zip(times, *scores, strict=True)}
