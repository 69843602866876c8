"""Batches of token ids: every token is predicted once, in order, from the tokens before it."""

from __future__ import annotations

import numpy as np
import pytest

from elman import ArgumentError, DataError
from elman.text import TokenStreams, TokenWindows


@pytest.mark.parametrize(("tokens", "rows", "steps"), [(101, 4, 5), (30, 3, 7), (2, 8, 8), (9, 100, 3), (50, 1, 49)])
def test_streams_predict_every_token_from_the_one_before(tokens: int, rows: int, steps: int) -> None:
    batches = TokenStreams(np.arange(tokens, dtype=np.int32), rows, steps)
    seen = []
    for update in range(batches.epoch_length):
        batch = batches.batch(update)
        assert batch.x.dtype == np.int64 and batch.x.shape == (batches.steps, batches.batch_size)
        np.testing.assert_array_equal(batch.y, batch.x + 1)
        assert batch.carry == (update > 0)
        seen.append(batch.x)
    joined = np.concatenate(seen)
    assert (np.diff(joined, axis=0) == 1).all()  # each part continues where the previous batch ended
    assert len(set(joined.ravel().tolist())) == joined.size >= (tokens - 1) // 2
    np.testing.assert_array_equal(batches.batch(batches.epoch_length).x, seen[0])


def test_streams_can_follow_another_text() -> None:
    first = TokenStreams(np.arange(50), 2, 5)
    later = TokenStreams(np.arange(50), 2, 5, first_update=7)
    for update in range(4):
        np.testing.assert_array_equal(later.batch(7 + update).x, first.batch(update).x)
        assert later.batch(7 + update).carry == first.batch(update).carry


def test_windows_are_all_there_once_in_an_order_of_their_own() -> None:
    batches = TokenWindows(np.arange(10, 31), batch_size=4, window=3, seed=1)
    orders = []
    for epoch in range(2):
        found = [batches.batch(epoch * batches.epoch_length + i) for i in range(batches.epoch_length)]
        labels = np.concatenate([batch.y for batch in found])
        for batch in found:
            np.testing.assert_array_equal(batch.x[0] + 2, batch.y)
            np.testing.assert_array_equal(batch.x[1] + 1, batch.y)
        assert sorted(labels) == list(range(12, 31))
        orders.append(labels.tolist())
    assert orders[0] != orders[1]
    assert batches.batch(0).y.tolist() == orders[0][:4]  # in any order of calls


def test_labels_can_be_one_hot_rows() -> None:
    ids = np.array([3, 1, 4, 1, 5])
    index = TokenWindows(ids, 2, 3).batch(0)
    rows = TokenWindows(ids, 2, 3, one_hot=6).batch(0)
    np.testing.assert_array_equal(rows.x, index.x)
    np.testing.assert_array_equal(rows.y.argmax(axis=1), index.y)
    np.testing.assert_array_equal(rows.y.sum(axis=1), [1, 1])


def test_too_little_is_refused() -> None:
    with pytest.raises(DataError, match="TokenStreams: needs at least 2 tokens, got 1"):
        TokenStreams(np.arange(1), 1, 1)
    with pytest.raises(DataError, match="TokenWindows: needs at least window=4 tokens, got 3"):
        TokenWindows(np.arange(3), 1, 4)
    with pytest.raises(ArgumentError, match="window must be an integer of at least 2"):
        TokenWindows(np.arange(3), 1, 1)
