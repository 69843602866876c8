"""A warning about trainings that raised their loss."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from elman.errors import ConvergenceWarning, Remedy
from elman.training import History

__all__ = ["notice_worse"]

_FEWEST = 100  # updates of a curve that can be judged
_TENTHS = 10
_WORSE = 2.0  # loss at the end, relative to the start
_ROSE = 5.0  # highest loss of a tenth of the updates, relative to the start and to the end


def notice_worse(place: str, histories: Iterable[History]) -> None:
    """Warn if the loss of a network ended far above its start, or rose far above it for a tenth of the updates.

    Parameters
    ----------
    place : str
        Start of the message.
    histories : iterable of History
        Fewer than 100 updates give no warning.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     notice_worse("fit", [History(loss=[0.5] + [80.0] * 20 + [0.3] * 99)])
    >>> print(caught[0].message.text)
    fit: the loss rose from 0.5 at the start to 80 during training, and ended at 0.3.
    """
    for history in histories:
        if (text := _worse(history.loss)) is not None:
            warnings.warn(ConvergenceWarning(f"{place}: {text}", Remedy("lower learning_rate")), stacklevel=2)
            return


def _worse(loss: list[float]) -> str | None:
    if len(loss) < _FEWEST:
        return None
    start = float(np.mean(loss[:3]))
    if max(loss) <= min(_WORSE * start, _ROSE * loss[0]):  # then every median is, too
        return None
    medians = [float(np.median(tenth)) for tenth in np.array_split(loss, _TENTHS)]
    first, last, most = loss[0], medians[-1], max(medians)
    if last > _WORSE * start:
        return f"training made the loss worse: {first:.3g} at the start, {last:.3g} at the end."
    if most > _ROSE * max(first, last):
        return f"the loss rose from {first:.3g} at the start to {most:.3g} during training, and ended at {last:.3g}."
    return None
