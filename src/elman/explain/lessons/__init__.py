"""The ready lessons: worked examples from lecture notes."""

from __future__ import annotations

from collections.abc import Callable

from elman import _check
from elman.explain.lesson import Lesson
from elman.explain.lessons.by_hand_sum import by_hand_sum
from elman.explain.lessons.losses import losses
from elman.explain.lessons.next_word import next_word
from elman.explain.lessons.sequences import sequence_to_sequence, sequence_to_vector
from elman.explain.lessons.sine_two_lags import sine_two_lags
from elman.explain.lessons.window_forecast import window_forecast

LESSONS: dict[str, Callable[[], Lesson]] = {
    "by-hand-sum": by_hand_sum,
    "window-forecast": window_forecast,
    "sine-two-lags": sine_two_lags,
    "next-word": next_word,
    "sequence-to-vector": sequence_to_vector,
    "sequence-to-sequence": sequence_to_sequence,
    "losses": losses,
}


def lesson(name: str) -> Lesson:
    """Return a ready lesson.

    Parameters
    ----------
    name : str
        ``"by-hand-sum"``, ``"window-forecast"``, ``"sine-two-lags"``, ``"next-word"``, ``"sequence-to-vector"``,
        ``"sequence-to-sequence"`` or ``"losses"``.

    Returns
    -------
    Lesson

    Raises
    ------
    ArgumentError
        If there is no lesson of that name.

    Examples
    --------
    >>> lesson("losses").title
    'The derivatives that backpropagation starts from'
    """
    return LESSONS[_check.choice("lesson", "name", name, tuple(LESSONS))]()
