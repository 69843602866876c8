"""The ready lessons: worked examples from lecture notes."""

from __future__ import annotations

from collections.abc import Callable

from elman import _check
from elman.explain.lesson import Lesson
from elman.explain.lessons.by_hand_sum import by_hand_sum
from elman.explain.lessons.feedback import fed_back_forecast
from elman.explain.lessons.gates import gru, lstm
from elman.explain.lessons.losses import losses
from elman.explain.lessons.many_to_one import next_word_from_three
from elman.explain.lessons.next_word import next_word
from elman.explain.lessons.sequences import sequence_to_sequence, sequence_to_vector
from elman.explain.lessons.shapes import shapes
from elman.explain.lessons.sine_two_lags import sine_two_lags
from elman.explain.lessons.stock_and_gold import stock_and_gold
from elman.explain.lessons.truncated import truncated_bptt
from elman.explain.lessons.vanishing import vanishing_gradients
from elman.explain.lessons.window_forecast import window_forecast

LESSONS: dict[str, Callable[[], Lesson]] = {
    "by-hand-sum": by_hand_sum,
    "window-forecast": window_forecast,
    "fed-back-forecast": fed_back_forecast,
    "stock-and-gold": stock_and_gold,
    "sine-two-lags": sine_two_lags,
    "next-word": next_word,
    "next-word-from-three": next_word_from_three,
    "sequence-to-vector": sequence_to_vector,
    "sequence-to-sequence": sequence_to_sequence,
    "shapes": shapes,
    "lstm": lstm,
    "gru": gru,
    "truncated-bptt": truncated_bptt,
    "vanishing-gradients": vanishing_gradients,
    "losses": losses,
}


def lesson(name: str) -> Lesson:
    """Return a ready lesson.

    Parameters
    ----------
    name : str
        A key of ``LESSONS``: ``"by-hand-sum"``, ``"window-forecast"``, ``"fed-back-forecast"``, ``"stock-and-gold"``,
        ``"sine-two-lags"``, ``"next-word"``, ``"next-word-from-three"``, ``"sequence-to-vector"``,
        ``"sequence-to-sequence"``, ``"shapes"``, ``"lstm"``, ``"gru"``, ``"truncated-bptt"``,
        ``"vanishing-gradients"`` or ``"losses"``.

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
