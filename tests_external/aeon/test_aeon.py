"""aeon's own checks of the adapter, and that its numbers are those of Elman."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from aeon.testing.estimator_checking import parametrize_with_checks

from elman import ArgumentError, SequenceClassifier
from elman.interop.aeon import ElmanClassifier

pytestmark = pytest.mark.filterwarnings("ignore")  # aeon's suite warns of its own plans


@parametrize_with_checks([ElmanClassifier])
def test_check(check: Callable[[], None]) -> None:
    check()


def test_sequences_of_unequal_length_are_classified_as_by_the_classifier() -> None:
    values = [np.stack([np.arange(5 + i) % (2 + i % 2), np.ones(5 + i)]) + 0.1 * i for i in range(8)]  # (D, T)
    y = np.array(["odd", "even"] * 4)
    quick: dict[str, Any] = {"updates": 20, "hidden_size": 8, "random_state": 0}
    model = ElmanClassifier(**quick).fit(values, y)
    own = SequenceClassifier(**quick).fit([sequence.T for sequence in values], y)
    np.testing.assert_array_equal(model.predict_proba(values), own.predict_proba([s.T for s in values]))
    with pytest.raises(
        ArgumentError, match=r"^ElmanClassifier: layout cannot be passed; it follows from the type of X"
    ):
        ElmanClassifier(layout="channels_time")
