"""Data in the form of another library, or with a typing error: the message names the fault and a remedy that works."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from elman import SequenceClassifier, SequenceRegressor, SequenceTagger
from elman.errors import ArgumentError, DataError, ElmanError, ElmanWarning, ShapeError
from sequences.small import QUICK, labels, long_frame, ragged

X = ragged()
FRAME = long_frame(X)
INDEXED = FRAME.set_index(["unique_id", "ds"])
NESTED = pd.DataFrame({"a": [pd.Series(x[:, 0]) for x in X], "b": [pd.Series(x[:, 1]) for x in X]})


PADDED = np.full((len(X), max(map(len, X)), 2), np.nan)
for sequence, row in zip(X, PADDED, strict=True):
    row[: len(sequence)] = sequence
EQUAL = np.stack([x[-1:].repeat(9, axis=0) for x in X])

OTHER_FORMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "ids and times in the index": (INDEXED, {}),
    "levels of other names": (INDEXED.rename_axis(["case", "step"]), {}),
    "levels without names": (INDEXED.rename_axis([None, None]), {}),
    "times before ids": (INDEXED.swaplevel(), {}),
    "rows in order": (INDEXED, {"time_column": None}),
    "ids in the index": (FRAME.set_index("unique_id"), {}),
    "ids of another name in the index": (FRAME.set_index("unique_id").rename_axis("case"), {"id_column": "case"}),
    "periods": (FRAME.assign(ds=pd.PeriodIndex.from_ordinals(FRAME["ds"] + 600, freq="M")), {}),
    "nested cells": (NESTED, {}),
    "padded with NaN": (PADDED, {}),
    "padded, channels first": (PADDED.transpose(0, 2, 1), {"layout": "channels_time"}),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_forms_of_other_libraries_are_read(form: str) -> None:
    data, columns = OTHER_FORMS[form]
    wanted = SequenceClassifier(**QUICK).fit(X, labels())
    model = SequenceClassifier(**QUICK, **columns).fit(data, labels())
    np.testing.assert_array_equal(model.predict_proba(data), wanted.predict_proba(X))
    tags = [x[:, 0] > 0 for x in X]
    tagger = SequenceTagger(**QUICK, **columns).fit(data, tags)
    other = SequenceTagger(**QUICK).fit(X, tags)
    assert tagger.score(data, tags) == other.score(X, tags)
    joined = np.concatenate(other.predict(X))
    if form == "times before ids" or "index" in form or form in ("rows in order", "periods"):
        np.testing.assert_array_equal(tagger.predict(data), joined)  # one row each
    if "padded" in form:
        y = np.full(PADDED.shape[:2], np.nan)
        for own, part in zip(tags, y, strict=True):
            part[: len(own)] = own
        again = SequenceTagger(**QUICK, **columns).fit(data, y)
        np.testing.assert_array_equal(np.concatenate(again.predict(data)), joined)


def test_columns_of_an_indexed_frame_are_targets() -> None:
    frame = INDEXED.assign(kind=np.repeat(labels(), [len(x) for x in X]))
    wanted = SequenceClassifier(**QUICK).fit(X, labels())
    np.testing.assert_array_equal(SequenceClassifier(**QUICK).fit(frame, "kind").predict(INDEXED), wanted.predict(X))
    y = pd.Series(labels(), [f"s{i}" for i in range(len(X))])[::-1]
    np.testing.assert_array_equal(SequenceClassifier(**QUICK).fit(INDEXED, y).predict(X), wanted.predict(X))


CASES = FRAME.rename(columns={"unique_id": "case"})
NUMBERED = FRAME.assign(unique_id=FRAME["unique_id"].str[1:].astype(int))
ROWS = "Pass X.to_numpy() if every row is a sequence"


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            CASES,
            "column 'case' repeats values, as if every row were a step. Pass id_column=\"case\", or pass X.to_numpy()",
        ),
        (NUMBERED.rename(columns={"unique_id": "ID"}), "column 'ID' repeats values, as if every row were a step. Pass"),
        (
            NUMBERED.rename(columns={"unique_id": "who"}),
            "column 'ds' repeats values, as if every row were a step. Name",
        ),
        (
            CASES.set_index("case"),
            "index 'case' repeats values, as if every row were a step. Pass id_column=\"case\", or",
        ),
        (
            INDEXED.set_index(np.zeros(len(INDEXED)), append=True),
            "but an index of 'unique_id' and 'ds' and None. X.reset_index() makes columns of them.",
        ),
    ],
)
def test_rows_that_look_like_steps_get_no_answer_per_row(frame: pd.DataFrame, message: str) -> None:
    model = SequenceClassifier(**QUICK)
    with pytest.raises(DataError) as error:
        model.fit(frame, labels()[np.arange(len(FRAME)) % 3])  # a class per row
    assert message in str(error.value)
    if "id_column" in message:
        model.set_params(id_column="case").fit(frame, labels())  # the way out works


@pytest.mark.parametrize("data", [FRAME, X, PADDED])
def test_a_model_of_sequences_gets_no_answer_per_row(data: Any) -> None:
    model = SequenceClassifier(**QUICK).fit(data, labels())
    frame = FRAME.rename(columns={"unique_id": "case"})
    reason = "which tells the sequences apart as at fit" if data is FRAME else "and no sequence of the fit was a row"
    with pytest.raises(DataError, match=rf"X has no column 'unique_id', {reason}; the columns are case, ds, x0, x1\."):
        model.predict(frame)
    np.testing.assert_array_equal(model.set_params(id_column="case").predict(frame), model.predict(X))


def test_a_table_with_a_row_per_sequence_stays_one() -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(24, 6)), columns=[f"t{i}" for i in range(6)])
    model = SequenceClassifier(**QUICK).fit(wide, labels())
    assert model.predict(wide).shape == (24,)
    assert model.predict(wide.set_index(wide.index % 3)).shape == (24,)  # an index without a name may repeat


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([["1.5", "a"]] * 24, DataError, r"X\[0, 1\] is 'a'; every value must be a number\."),
        (
            np.where(np.arange(6) < 4, 1.0, np.nan) * np.ones((24, 1)),
            DataError,
            r"X\[0, 4\] is NaN, and no number follows\.\n  Hint: if NaN pads shorter sequences, pass np\.asarray\(X\)",
        ),
        (
            NESTED.assign(b=NESTED["b"].map(lambda cell: cell[:1])),
            DataError,
            r"the cells of row 0 must have equal lengths, got 'a' \d+, 'b' 1\.",
        ),
        (INDEXED.assign(ds=1.0), DataError, r"X has a column 'ds', and a level of its index takes this name\."),
        ([x.T for x in X], ShapeError, r'a sequence is \(time, channels\)\. Pass layout="channels_time" if it is'),
        (
            FRAME.assign(x1=np.where(FRAME["unique_id"] == "s3", np.nan, 1.0)),
            DataError,
            r"column 'x1' is missing \(NaN\) in row \d+ \(unique_id 's3'\)\. Fill it, or drop the row\.",
        ),
    ],
)
def test_sequences_in_another_form_are_named(data: Any, error: type[ElmanError], message: str) -> None:
    with pytest.raises(error, match=message):
        SequenceClassifier(**QUICK).fit(data, labels())


def test_swapped_axes_are_warned_about() -> None:
    text = r'most 2 steps of 9 channels\. Pass layout="channels_time" if the first axis holds channels\.'
    with pytest.warns(ElmanWarning, match=text):
        SequenceClassifier(**QUICK).fit(EQUAL.transpose(0, 2, 1), labels())
    model = SequenceClassifier(layout="channels_time", **QUICK).fit(EQUAL.transpose(0, 2, 1), labels())
    np.testing.assert_array_equal(
        model.predict_proba(EQUAL.transpose(0, 2, 1)),
        SequenceClassifier(**QUICK).fit(EQUAL, labels()).predict_proba(EQUAL),
    )


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


def test_several_columns_are_several_targets() -> None:
    sizes = np.stack([[x.sum() for x in X], [x.max() for x in X]], axis=1)
    repeated = sizes.repeat([len(x) for x in X], axis=0)
    frame = FRAME.assign(p=repeated[:, 0], q=repeated[:, 1])
    model = SequenceRegressor(**QUICK).fit(frame, ["p", "q"])
    np.testing.assert_array_equal(model.predict(FRAME), SequenceRegressor(**QUICK).fit(X, sizes).predict(X))
    assert model.score(frame, ["p", "q"]) == model.score(X, sizes)
    with pytest.raises(DataError, match="there is no column 'r'; the columns are unique_id, ds, x0, x1, p, q"):
        SequenceRegressor(**QUICK).fit(frame, ["p", "r"])
    with pytest.raises(ArgumentError, match="y='p', 'q' names a column, but X is not a long frame"):
        SequenceRegressor(**QUICK).fit(X, ["p", "q"])


def test_zones_of_every_kind_order_the_steps() -> None:
    hours = pd.Timestamp("2024-10-26 20:00", tz="Europe/Berlin") + pd.to_timedelta(
        FRAME["ds"], unit="h"
    )  # two times 2:30
    wanted = SequenceClassifier(**QUICK).fit(FRAME, labels()).predict_proba(X)
    forms = {
        "zone": FRAME.assign(ds=hours),
        "objects": FRAME.assign(ds=hours.astype(object)),
        "objects without a zone": FRAME.assign(ds=hours.dt.tz_convert("UTC").dt.tz_localize(None).astype(object)),
        "index": FRAME.assign(ds=hours).set_index(["unique_id", "ds"]),
        "polars": pl.DataFrame({name: FRAME[name].tolist() for name in FRAME}).with_columns(
            pl.Series("ds", hours.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()).dt.replace_time_zone("UTC")
        ),
    }
    for name, frame in forms.items():
        found = SequenceClassifier(**QUICK).fit(frame, labels()).predict_proba(X)
        np.testing.assert_array_equal(found, wanted, err_msg=name)
