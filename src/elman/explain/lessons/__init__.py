"""The ready lessons: worked examples from lecture notes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from elman import _check
from elman.explain.titles import LESSONS

if TYPE_CHECKING:
    from elman.explain.blocks import Lesson

__all__ = ["LESSONS", "lesson"]


def lesson(name: str) -> Lesson:
    """Return a ready lesson.

    Parameters
    ----------
    name : str
        A key of ``LESSONS``, the titles by name: ``"by-hand-sum"``, ``"window-forecast"``, ``"fed-back-forecast"``,
        ``"stock-and-gold"``, ``"sine-two-lags"``, ``"next-word"``, ``"next-word-from-three"``,
        ``"sequence-to-vector"``, ``"sequence-to-sequence"``, ``"shapes"``, ``"lstm"``, ``"gru"``,
        ``"truncated-bptt"``, ``"vanishing-gradients"`` or ``"losses"``.

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
    return _functions()[_check.choice("lesson", "name", name, tuple(LESSONS))]()


def _functions() -> dict[str, Callable[[], Lesson]]:
    """Return the functions that work the lessons; their modules are imported when a lesson is asked for."""
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

    functions = (
        *(by_hand_sum, window_forecast, fed_back_forecast, stock_and_gold, sine_two_lags, next_word),
        *(next_word_from_three, sequence_to_vector, sequence_to_sequence, shapes, lstm, gru),
        *(truncated_bptt, vanishing_gradients, losses),
    )
    return {function.__name__.replace("_", "-"): function for function in functions}
