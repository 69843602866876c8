"""Sequences in all their forms, and what is said about those that cannot be used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.ragged import pad_front, read_frame, read_sequences
from elman.errors import ArgumentError, DataError, ElmanWarning, ShapeError

FRAME = pd.DataFrame({"id": [2, 1, 2, 1, 2], "t": [0, 5, 1, 6, 2], "x": [1.0, 2, 3, 4, 5], "z": [0, 1, 0, 1, 0]})


FINITE = "every value must be finite and within float32. Fill or drop missing values first."
FINITE_ENTRY = "every value must be finite. Correct it, or drop the row."
CUBE = "X must have shape (N, T, D) or (N, T), got (1, 1, 1, 1)."
CHANNELS = "X[1] has 1 channel, X[0] has 2 channels; with layout='time_channels' a sequence is (time, channels). "
CHANNELS += 'Pass layout="channels_time" if it is the other way round.'
ROWS = "X[1] has 3 channels, X[0] has 2 channels; with layout='channels_time' a sequence is (channels, time). "
ROWS += 'Pass layout="time_channels" if it is the other way round.'
LAYOUT = "layout must be one of 'time_channels', 'channels_time', got 'time'."


def test_forms() -> None:
    for data in ([[1, 2], [3, 4]], np.array([[1.0, 2], [3, 4]]), np.array([[[1], [2]], [[3], [4]]], dtype=np.float16)):
        assert [s.tolist() for s in read_sequences("here", data).sequences] == [[[1], [2]], [[3], [4]]]
    turned = read_sequences("here", [np.arange(6).reshape(2, 3)], "channels_time").sequences[0]
    assert turned.tolist() == [[0, 3], [1, 4], [2, 5]] and turned.dtype == np.float64 and turned.flags.c_contiguous


def test_steps_of_nan_at_the_end_of_an_array_are_padding() -> None:
    padded = np.full((3, 4, 2), np.nan)
    padded[0], padded[1, :2], padded[2, :3, 0] = 1.0, 2.0, 3.0
    padded[2, 1:3, 1] = 4.0
    for data, layout in ((padded, "time_channels"), (padded.transpose(0, 2, 1), "channels_time")):
        assert [len(s) for s in read_sequences("here", data[:2], layout).sequences] == [4, 2]
        at = "0, 1" if layout == "time_channels" else "1, 0"
        with pytest.raises(DataError, match=rf"here: X\[2\]\[{at}\] is nan; "):  # within a sequence, it is missing
            read_sequences("here", data, layout)
    with pytest.raises(DataError, match=r"here: X\[0\] has no steps\."):
        read_sequences("here", np.full((1, 4, 2), np.nan))


def test_numbers_as_text_are_converted_with_a_warning() -> None:
    with pytest.warns(ElmanWarning, match=r"^here: X\[0\] holds numbers written as text; they were converted\.$"):
        assert read_sequences("here", [["1", "2.5"]]).sequences[0].tolist() == [[1.0], [2.5]]


def test_frames() -> None:
    found = read_frame("here", FRAME, "id", "t")
    assert found.ids == [2, 1] and found.channels == ["x", "z"]
    assert [s.tolist() for s in found.sequences] == [[[1, 0], [3, 0], [5, 0]], [[2, 1], [4, 1]]]
    assert found.rows is not None and [rows.tolist() for rows in found.rows] == [[0, 2, 4], [1, 3]]
    assert read_frame("here", FRAME, "id", "t", exclude=["z"]).channels == ["x"]
    assert read_frame("here", FRAME, "id", "t", ["z", "x"]).sequences[1].tolist() == [[1, 2], [1, 4]]
    stamps = FRAME.assign(t=pd.to_datetime("2024-01-01") + pd.to_timedelta(FRAME["t"], unit="D"))
    assert read_frame("here", stamps, "id", "t").sequences[1].tolist() == [[2, 1], [4, 1]]


def test_order_of_a_frame() -> None:
    shuffled = FRAME.iloc[[4, 1, 0, 2, 3]]
    with pytest.warns(ElmanWarning, match=r"^here: rows of id 2 are not in order of t; they were sorted\.$"):
        found = read_frame("here", shuffled, "id", "t")
    assert found.ids == [2, 1] and found.sequences[0][:, 0].tolist() == [1, 3, 5]
    assert read_frame("here", shuffled, "id", None, ["x"]).sequences[0][:, 0].tolist() == [5, 1, 3]


@given(st.integers(1, 30), st.integers(1, 8), st.integers(1, 8))
def test_padded_sequences_are_whole_windows_that_end_with_the_last_value(length: int, window: int, stride: int) -> None:
    sequence = np.arange(1.0, length + 1)[:, np.newaxis]
    padded = pad_front(sequence, window, stride)
    missing = len(padded) - length
    assert len(padded) >= window and (len(padded) - window) % stride == 0
    assert missing < max(window, stride)
    assert (padded[:missing] == 1).all() and np.array_equal(padded[missing:], sequence)


@pytest.mark.parametrize(
    ("data", "layout", "kind", "message"),
    [
        ([], "time_channels", DataError, "X has no sequence."),
        ([[1.0], []], "time_channels", DataError, "X[1] has no steps."),
        (np.zeros((2, 3, 0)), "time_channels", DataError, "X[0] has no channels."),
        ("text", "time_channels", ArgumentError, "X must be sequences, got str."),
        (np.zeros((1, 1, 1, 1)), "time_channels", ShapeError, CUBE),
        ([1.0, 2.0], "time_channels", ShapeError, "X[0] must have shape (time, channels) or (time,), got ()."),
        ([[0.5, float("nan")]], "time_channels", DataError, f"X[0][1] is nan; {FINITE}"),
        ([np.array([[1.0, 1e39]])], "time_channels", DataError, f"X[0][0, 1] is 1e+39; {FINITE}"),
        ([[1j]], "time_channels", DataError, "X[0] must hold numbers, got complex128."),
        ([["a"]], "time_channels", DataError, "X[0] must hold numbers: could not convert string to float: 'a'."),
        ([[[1, 2], [3]]], "time_channels", DataError, "X[0] must be a rectangular array, got rows of unequal lengths."),
        ([np.zeros((3, 2)), np.zeros((3, 1))], "time_channels", ShapeError, CHANNELS),
        ([np.zeros((2, 3)), np.zeros((3, 3))], "channels_time", ShapeError, ROWS),
        ([[1.0]], "time", ArgumentError, LAYOUT),
    ],
)
def test_messages(data: Any, layout: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as error:
        read_sequences("here", data, layout)
    assert str(error.value) == f"here: {message}"


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (FRAME.drop(columns="t"), "here: there is no column 't'; the columns are id, x, z."),
        (FRAME.iloc[:0], "here: the frame has no rows."),
        (FRAME[["id", "t"]], "here: there are no channels beside 'id', 't'."),
        (FRAME.assign(id=[2, None, 2, 1, 2]), "here: column 'id' is empty in row 1. Fill it."),
        (
            FRAME.assign(t=[0, 5, 0, 6, 2]),
            (
                "here: t 0 occurs twice in the sequence with id 2. "
                "Drop one of the rows, or name another column with time_column."
            ),
        ),
        (FRAME.assign(t=[0, 5, np.nan, 6, 2]), "here: column 't' is empty in row 2. Fill it."),
        (
            FRAME.assign(t=list("abcde")),
            (
                "here: column 't' must hold numbers or time stamps, and it holds 'a'. Convert text with "
                "pandas.to_datetime, keep the order of the rows with time_column=None, or name another column with "
                "time_column."
            ),
        ),
        (FRAME.assign(x=list("12cde")), "here: column 'x' holds 'c' in row 2 (id 2), which is no number."),
        (FRAME.assign(x=[1, 2, np.inf, 4, 5]), f"here: column 'x' is inf in row 2 (id 2); {FINITE_ENTRY}"),
        (
            FRAME.assign(x=[1, 2, 1e39, 4, 5]),
            "here: column 'x' is 1e+39 in row 2 (id 2); the largest number is 3.4e+38. Correct it, or drop the row.",
        ),
        (
            FRAME.assign(x=[1, 2, np.nan, 4, 5]).set_axis(pd.Index([2, 3, 5, 6, 7], name="line")),
            "here: column 'x' is missing (NaN) in line 5 (id 2). Fill it, or drop the row.",
        ),
    ],
)
def test_messages_about_frames(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError) as error:
        read_frame("here", frame, "id", "t")
    assert str(error.value) == message
