"""Labels and names as they come: missing ones, some that are text, columns in another order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import SequenceClassifier, SequenceRegressor, SequenceTagger
from elman.errors import ArgumentError, DataError, ElmanError
from elman.sequences.tags import as_tags
from sequences.small import QUICK, labels, long_frame, ragged

X = ragged()
KINDS = labels().tolist()
FRAME = long_frame(X, kind=[None if i == 3 else kind for i, kind in enumerate(KINDS)])
CASES = long_frame(X, kind=KINDS).rename(columns={"unique_id": "case"})


def classify(y: Any, weight: Any = None) -> Callable[[], Any]:
    """Return a fit of a classifier."""
    return lambda: SequenceClassifier(**QUICK).fit(X, y, weight)


def measure(y: Any) -> Callable[[], Any]:
    """Return a fit of a regressor."""
    return lambda: SequenceRegressor(**QUICK).fit(X, y)


TEXT = "y holds text and other values, such as 'a' and 1. Write all of them as text, or none."
REFUSED: dict[str, tuple[Callable[[], Any], type[ElmanError], str]] = {
    "None in a list": (classify([None, *KINDS[1:]]), DataError, "fit: y[0] is missing (None). Leave its sequence out."),
    "NaN among texts": (classify(["a", np.nan, *KINDS[2:]]), DataError, "fit: y[1] is missing (nan). Leave its"),
    "NaN among numbers": (classify([0.0, np.nan] * 12), DataError, "fit: y[1] is missing (nan). Leave its"),
    "a missing label": (classify(np.array([[0, 1], [0, np.nan]] * 12)), DataError, "fit: y[1, 1] is missing (nan)."),
    "a missing number": (measure([0.0, np.nan] * 12), DataError, "fit: y[1] is missing (nan). Leave its sequence out."),
    "text and numbers in a list": (classify([1, "a"] * 12), DataError, TEXT),
    "text and numbers in an array": (classify(np.array([1, "a"] * 12, dtype=object)), DataError, TEXT),
    "text and a number": (measure(["a", 1] * 12), DataError, TEXT),
    "numbers that are no classes": (
        classify(np.linspace(0, 1, 24)),
        DataError,
        "predicts numbers, SequenceTagger does with",
    ),
    "text for numbers": (measure(KINDS), DataError, "SequenceRegressor.fit: y must hold numbers, got 'a'."),
    "infinite": (measure([0.0, np.inf] * 12), DataError, "SequenceRegressor.fit: Input y contains infinity"),
    "negative weights": (classify(KINDS, -np.ones(24)), DataError, "SequenceClassifier.fit: Negative values in data"),
    "too few weights": (classify(KINDS, np.ones(3)), DataError, "SequenceClassifier.fit: sample_weight.shape == (3,)"),
    "weights of NaN": (classify(KINDS, np.full(24, np.nan)), DataError, "fit: Input sample_weight contains NaN."),
    "an empty class": (
        lambda: SequenceClassifier(**QUICK).fit(FRAME, "kind"),
        DataError,
        "fit: column 'kind' is empty in the sequence with id 's3'. Leave the sequence out.",
    ),
    "ids of another name": (
        lambda: SequenceClassifier(**QUICK).fit(CASES, "kind"),
        ArgumentError,
        "long frame: it has no column 'unique_id' of ids. Name that column with id_column.",
    ),
    "a dictionary": (
        lambda: SequenceClassifier(**QUICK).fit({"a": 1}, KINDS),
        ArgumentError,
        "SequenceClassifier.fit: X must be sequences, got dict.",
    ),
    "tags of both kinds": (
        lambda: as_tags("fit", [["a", 1], [1, "b"]], numbers=False),
        DataError,
        f"fit: {TEXT}",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_targets_that_cannot_be_used_are_refused(case: str) -> None:
    call, kind, message = REFUSED[case]
    with pytest.raises(kind) as caught:
        call()
    assert message in str(caught.value)


def test_the_column_of_ids_can_be_named_as_the_message_says() -> None:
    assert len(SequenceClassifier(id_column="case", **QUICK).fit(CASES, "kind").predict(CASES)) == len(X)


@pytest.mark.parametrize("none", [-100, np.nan, None, pd.NA, "-100"])
@pytest.mark.parametrize("form", [list, lambda part: np.array(part, dtype=object)])
def test_a_mark_among_texts_is_no_tag(none: Any, form: Callable[[Any], Any]) -> None:
    tags = as_tags("example", [form([none, "up"]), form(["down", none]), form([none])], numbers=False)
    assert np.concatenate(tags.known).tolist() == [False, True, True, False, False]
    assert tags.joined().tolist() == ["up", "down"]
    assert all(part.dtype.kind == "U" for part in tags.steps)


def test_a_sequence_without_words_does_not_make_a_class() -> None:
    y = [[-100] * len(x) if i % 5 == 0 else ["up" if v > 0 else "down" for v in x[:, 0]] for i, x in enumerate(X)]
    assert SequenceTagger(**QUICK).fit(X, y).classes_.tolist() == ["down", "up"]


FRAMES = [pd.DataFrame(x, columns=["a", "b"]) for x in X]
NESTED = pd.DataFrame({"a": [pd.Series(x[:, 0]) for x in X], "b": [pd.Series(x[:, 1]) for x in X]})


@pytest.mark.parametrize(
    ("data", "other"),
    [(FRAMES, [frame[["b", "a"]].assign(c=0.0) for frame in FRAMES]), (NESTED, NESTED[["b", "a"]])],
    ids=["list of frames", "nested frame"],
)
def test_channels_are_found_by_their_names(data: Any, other: Any) -> None:
    model = SequenceClassifier(**QUICK).fit(data, KINDS)
    wanted = SequenceClassifier(**QUICK).fit(X, KINDS).predict_proba(X)
    for form in (data, other, X):
        np.testing.assert_array_equal(model.predict_proba(form), wanted)
    assert model.feature_names_in_.tolist() == ["a", "b"]


def test_a_list_of_frames_needs_the_same_channels() -> None:
    model = SequenceClassifier(**QUICK).fit(FRAMES, KINDS)
    renamed = [*FRAMES[:2], FRAMES[2].rename(columns={"b": "B"})]
    with pytest.raises(DataError, match=r"predict: X\[2\] has the channels a, B, not a, b like the sequences of the"):
        model.predict(renamed)
    with pytest.raises(DataError, match=r"fit: X\[1\] has the channels a, b, c, not a, b like X\[0\]\."):
        SequenceClassifier(**QUICK).fit([FRAMES[0], FRAMES[1].assign(c=1.0)], ["x", "y"])


def test_nested_cells_have_no_layout() -> None:
    wanted = SequenceClassifier(**QUICK).fit(X, KINDS).predict_proba(X)
    model = SequenceClassifier(layout="channels_time", **QUICK).fit(NESTED, KINDS)
    np.testing.assert_array_equal(model.predict_proba(NESTED), wanted)
