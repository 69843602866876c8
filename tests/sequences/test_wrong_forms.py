"""Data in the form of another library, or with a typing error: the message names the fault and a remedy that works."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import SequenceClassifier, SequenceRegressor
from elman.errors import ArgumentError, DataError, ElmanError
from sequences.small import QUICK, labels, long_frame, ragged

X = ragged()
FRAME = long_frame(X)
INDEXED = FRAME.set_index(["unique_id", "ds"])
NESTED = pd.DataFrame({"a": [pd.Series(x[:, 0]) for x in X], "b": [pd.Series(x[:, 1]) for x in X]})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (INDEXED, r"X has no column 'unique_id', but an index of 'unique_id' and 'ds'\. X\.reset_index\(\) makes"),
        (FRAME.set_index("unique_id"), r"X has no column 'unique_id', but an index of 'unique_id'\."),
        (FRAME.rename(columns={"unique_id": "case"}), r"as at fit; the columns are case, ds, x0, x1\."),
    ],
)
def test_a_frame_without_its_ids_gets_no_answer_per_row(frame: pd.DataFrame, message: str) -> None:
    model = SequenceClassifier(**QUICK).fit(FRAME, labels())
    with pytest.raises(DataError, match=message):
        model.predict(frame)
    np.testing.assert_array_equal(model.predict(INDEXED.reset_index()), model.predict(FRAME))


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (INDEXED, DataError, r"SequenceClassifier\.fit: X has no column 'unique_id', but an index of"),
        (
            FRAME.drop(columns="unique_id"),
            ArgumentError,
            r"Hint: X has no column 'unique_id', so each row is a sequence; id_column names the column of ids",
        ),
        (NESTED, DataError, r"X\[0, 0\] is a sequence; a cell of a table must be one number\."),
        ([["1.5", "a"]] * 24, DataError, r"X\[0, 1\] is 'a'; every value must be a number\."),
    ],
)
def test_sequences_in_another_form_are_named(data: Any, error: type[ElmanError], message: str) -> None:
    with pytest.raises(error, match=message):
        SequenceClassifier(**QUICK).fit(data, labels())


def test_the_way_out_of_a_nested_frame_works() -> None:
    rows = [np.column_stack(row) for row in NESTED.to_numpy()]
    for row, sequence in zip(rows, X, strict=True):
        np.testing.assert_array_equal(row, sequence)


def test_time_stamps_in_a_zone_order_the_steps() -> None:
    zoned = FRAME.assign(ds=pd.Timestamp("2024-01-01", tz="Europe/Berlin") + pd.to_timedelta(FRAME["ds"], unit="h"))
    found = SequenceClassifier(**QUICK).fit(zoned, labels()).predict_proba(zoned)
    np.testing.assert_array_equal(found, SequenceClassifier(**QUICK).fit(FRAME, labels()).predict_proba(FRAME))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({"a": 1, "lion": 3}, r"class_weight: 'lion' is no class of y; the classes are 'a', 'b', 'c'\."),
        ([1, 2, 3], r"class_weight must be a dict from class to weight, got a list\."),
    ],
)
def test_wrong_weights_of_classes_are_named(weight: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        SequenceClassifier(class_weight=weight, **QUICK).fit(X, labels())


def test_a_class_too_rare_to_hold_out_is_named_as_the_user_does() -> None:
    y = labels().astype(object)
    y[0] = "zebra"
    with pytest.raises(DataError, match=r"hold out a part: 'zebra' has one sequence, and every class needs two\."):
        SequenceClassifier(early_stopping=True, **QUICK).fit(X, y)


def test_two_columns_of_targets_are_refused_by_name() -> None:
    frame = FRAME.assign(p=1.0, q=2.0)
    with pytest.raises(DataError, match=r"y must hold numbers, got 'p'\.\n  Hint: y may name one column"):
        SequenceRegressor(**QUICK).fit(frame, ["p", "q"])
