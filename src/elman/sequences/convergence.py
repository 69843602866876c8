"""How long to train, from the curve of one network; and warnings about trainings that ended too early or got worse."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from elman.errors import ConvergenceWarning, Remedy
from elman.estimators import notice_worse
from elman.training import History, Trainer

__all__ = ["MOST", "Doubling", "notice_convergence", "settled"]

MOST = 12_000  # updates that are tried
_LEARNED = 0.05  # of the loss at the start; less is not worth more updates
_LESS_LOSS = 0.9  # more updates pay if the loss falls below this share
_LESS_LOSS_OF_STEPS = 0.99  # where steps have outputs: most of their loss may be noise, which no update removes
_BETTER_SCORE = 0.99  # and the held-out error, if there is one, below this
_NOT_WORSE, _CLEARLY_BETTER = 1.1, 0.8  # of few held-out sequences: after four times as many updates, and later
_LEAST_GAIN = 0.001  # of the held-out error
_FEWEST = 200  # updates of a curve that can be judged
_TENTH = 0.1  # of the whole gain within the last quarter is a loss that still falls
_SLIGHT = 0.05  # of the loss


def settled(history: History, least: int, *, per_step: bool = False) -> int | None:
    """Return the number of updates after which more no longer pay; None while that is open.

    The least number is compared with four times as many, or with twice as many if the loss is learned by then. A few
    held-out sequences cannot tell how much better a network becomes. With four times as many updates it may not become
    worse; after that, with twice as many each time, it must become clearly better.

    Parameters
    ----------
    history : History
        At a constant learning rate; its scores are errors on a held-out part.
    least : int
        Updates that are compared first.
    per_step : bool
        Whether every step has an output: the held-out error of so many then counts for more than the loss, and every
        comparison is with twice as many.

    Examples
    --------
    >>> settled(History(loss=[1.0] * 10 + [0.01] * 30), least=40)                   # learned: no doubling is tried
    40
    >>> settled(History(loss=[0.5] * 160), least=40), settled(History(loss=[0.5] * 159), least=40)
    (40, None)
    >>> settled(History(loss=[0.9] * 80 + [0.6] * 80 + [0.59] * 160), least=40)
    160
    """
    loss, updates = history.loss, least
    while len(loss) >= updates:
        if _is_learned(loss, updates, least):
            return updates
        more = 2 * updates
        if updates == least and not per_step and len(loss) >= more and not _is_learned(loss, more, least):
            more *= 2
        if len(loss) < more:
            return None
        if not _pays(history, updates, more, _share(updates, more, least, per_step=per_step), per_step=per_step):
            return updates
        updates = more
    return None


def _share(updates: int, more: int, least: int, *, per_step: bool) -> float:
    """Return the share of the held-out error that it must stay below with more updates."""
    if per_step or more == 2 * least:
        return _BETTER_SCORE
    return _NOT_WORSE if updates == least else _CLEARLY_BETTER


def _is_learned(loss: Sequence[float], updates: int, least: int) -> bool:
    """Tell whether after so many updates little is left of the loss at the start."""
    return _level(loss, updates) <= _LEARNED * float(np.mean(loss[: max(1, least // 20)]))


def _level(loss: Sequence[float], updates: int) -> float:
    """Return the mean loss of the last quarter of so many updates."""
    return float(np.mean(loss[updates - updates // 4 : updates]))


def _pays(history: History, updates: int, more: int, error: float, *, per_step: bool) -> bool:
    """Tell whether more updates are worth their time; ``error`` is the share of the held-out error to stay below."""
    less = _LESS_LOSS_OF_STEPS if per_step and history.score else _LESS_LOSS
    if _level(history.loss, more) >= less * _level(history.loss, updates):
        return False
    if not history.score:
        return True
    before, after = _score(history, updates), _score(history, more)
    return after < error * before and before > _LEAST_GAIN and (error > 1 or after < before - _LEAST_GAIN)


def _score(history: History, updates: int) -> float:
    """Return the mean score of the last quarter of so many updates."""
    pairs = zip(history.validation_update, history.score, strict=True)
    return float(np.mean([score for update, score in pairs if updates - updates // 4 < update <= updates]))


@dataclass(frozen=True)
class Doubling:
    """Callback of a trainer: stop it once more updates no longer pay, or the most are done.

    Parameters
    ----------
    least, most : int
        Updates.
    per_step : bool
        See `settled`.
    """

    least: int
    most: int
    per_step: bool

    def __call__(self, trainer: Trainer) -> None:
        """Look at the history after multiples of the least updates, and after the first update of a resumed run."""
        done = len(trainer.history.loss)
        found = settled(trainer.history, self.least, per_step=self.per_step) if done % self.least in (0, 1) else None
        if done >= self.most or found is not None:
            trainer.stop()


def notice_convergence(place: str, histories: Sequence[History], *, automatic: bool, open_end: bool) -> None:
    """Warn if the loss of most networks still fell at the end, or `notice_worse` finds a reason.

    Parameters
    ----------
    place : str
        Start of the message.
    histories : sequence of History
        Of trainings without a held-out part.
    automatic : bool
        Whether the number of updates was chosen, so that only ``open_end`` tells of a loss that still falls.
    open_end : bool
        Whether the choice ended at the most updates that are tried.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     falls = History(loss=np.linspace(1, 0.2, 200).tolist())
    ...     notice_convergence("fit", [falls], automatic=False, open_end=False)
    >>> print(caught[0].message.text)
    fit: the loss still fell at the end of 200 updates, in their last quarter from 0.499 to 0.298.
    """
    notice_worse(place, histories)
    falling = open_end if automatic else 2 * sum(_still_falls(own.loss) for own in histories) > len(histories)
    if not falling:
        return
    count = max(len(history.loss) for history in histories)
    quarter = count // 4
    loss = max(histories, key=lambda history: len(history.loss)).loss
    before, after = float(np.mean(loss[-2 * quarter : -quarter])), float(np.mean(loss[-quarter:]))
    text = f"{place}: the loss still fell at the end of {count} updates, in their last quarter from {before:.3g} to "
    text += f"{after:.3g}."
    more = Remedy(updates=4 * count)
    warnings.warn(ConvergenceWarning(text, *([more] if automatic else [Remedy(updates="auto"), more])), stacklevel=2)


def _still_falls(loss: Sequence[float]) -> bool:
    """Tell whether a tenth of the gain came in the last quarter, by more than the spread of batches explains."""
    quarter = len(loss) // 4
    if len(loss) < _FEWEST:
        return False
    before, after, first = loss[-2 * quarter : -quarter], loss[-quarter:], float(np.mean(loss[: len(loss) // 20]))
    fall, gain = float(np.mean(before) - np.mean(after)), first - float(np.mean(after))
    chance = float(np.sqrt((np.var(before) + np.var(after)) / quarter))
    clear = fall > 3 * chance and fall > _SLIGHT * float(np.mean(before))
    return bool(clear and np.mean(after) > _LEARNED * first and fall > _TENTH * gain > 0)
