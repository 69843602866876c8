"""Windows of 1, 2, ..., 20, written out; levels that look at nothing later; padding."""

from __future__ import annotations

import numpy as np
import pytest

from elman import ArgumentError, DataError
from elman.data.windows import pad_left, sliding_windows, trailing_mean, window_count

SERIES = np.arange(1.0, 21.0)


def test_windows_on_1_to_20() -> None:
    inputs, targets = sliding_windows(SERIES, window=4, horizon=3)
    assert len(inputs) == len(targets) == window_count(20, 4, 3) == 14  # n - T - K + 1
    assert inputs[0].tolist() == [1, 2, 3, 4]
    assert targets[0].tolist() == [5, 6, 7]
    assert inputs[1].tolist() == [2, 3, 4, 5]
    assert targets[1].tolist() == [6, 7, 8]
    assert inputs[-1].tolist() == [14, 15, 16, 17]
    assert targets[-1].tolist() == [18, 19, 20]


def test_windows_of_one_series_of_700_with_labels() -> None:
    inputs, targets = sliding_windows(np.arange(1, 701), window=9, horizon=1)
    assert inputs.shape == (691, 9)
    assert (inputs[0].tolist(), targets[0].tolist()) == ([1, 2, 3, 4, 5, 6, 7, 8, 9], [10])
    assert (inputs[-1].tolist(), targets[-1].tolist()) == ([691, 692, 693, 694, 695, 696, 697, 698, 699], [700])


def test_one_window_and_none() -> None:
    inputs, targets = sliding_windows([1, 2, 3], window=2, horizon=1)
    assert (inputs.tolist(), targets.tolist()) == ([[1, 2]], [[3]])
    assert window_count(2, 2, 1) == 0
    with pytest.raises(DataError) as caught:
        sliding_windows([1, 2], window=2, horizon=1)
    assert str(caught.value) == (
        "sliding_windows: values must be one series of at least window + horizon = 2 + 1 = 3 values, got shape (2,)."
    )
    with pytest.raises(ArgumentError, match="sliding_windows: window must be an integer of at least 1, got 0"):
        sliding_windows([1, 2], window=0, horizon=1)


def test_trailing_mean_by_hand() -> None:
    assert trailing_mean(SERIES, 4)[:6].tolist() == [1, 1.5, 2, 2.5, 3.5, 4.5]
    assert trailing_mean(SERIES, 1).tolist() == SERIES.tolist()
    assert trailing_mean(SERIES[:2], 12).tolist() == [1, 1.5]
    assert trailing_mean(SERIES[:0], 3).tolist() == []


def test_trailing_mean_is_a_function_of_its_own_values() -> None:
    """Neither later values nor what lies before the season change a bit: warm starts and whole runs then agree."""
    values = np.random.default_rng(0).normal(size=200) * 10.0 ** np.random.default_rng(1).integers(-3, 9, 200)
    whole = trailing_mean(values, 24)
    assert np.array_equal(trailing_mean(values[:150], 24), whole[:150])
    assert np.array_equal(trailing_mean(values[100:], 24)[23:], whole[123:])


def test_trailing_mean_keeps_the_digits_of_large_values() -> None:
    wiggle = np.tile([-1.0, 1.0], 50_000)
    level = trailing_mean(1e8 + wiggle, 2)
    assert np.array_equal(level[1:], np.full(len(wiggle) - 1, 1e8))


def test_padding_repeats_the_first_value() -> None:
    padded, added = pad_left(np.array([7.0, 8.0]), 5)
    assert (padded.tolist(), added) == ([7, 7, 7, 7, 8], 3)
    same, added = pad_left(SERIES, 5)
    assert same is SERIES and added == 0
