"""Batches of sequences: windows, lengths, targets, order."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import DataError, ShapeError
from elman.training import SequenceBatches

RNG = np.random.default_rng(0)
SIZES = (7, 3, 5, 4, 6)
SEQUENCES = [RNG.standard_normal((size, 2)) for size in SIZES]
LABELS = np.arange(5)


def test_an_epoch_shows_every_sequence_once() -> None:
    batches = SequenceBatches(SEQUENCES, LABELS, batch_size=2, seed=1)
    assert batches.epoch_length == 3
    orders = []
    for epoch in range(3):
        rows = [label for place in range(3) for label in batches.batch(3 * epoch + place).y]
        assert sorted(rows) == [0, 1, 2, 3, 4]
        orders.append(tuple(rows))
    assert len(set(orders)) > 1
    again = SequenceBatches(SEQUENCES, LABELS, batch_size=2).with_seed(1)
    assert [tuple(again.batch(update).y) for update in (8, 3, 0)] == [
        tuple(batches.batch(update).y) for update in (8, 3, 0)
    ]


def test_grouped_lengths() -> None:
    lengths = np.repeat([10, 30, 90, 270], 16)[np.random.default_rng(0).permutation(64)]
    sequences = [np.ones(length) for length in lengths]
    batches = SequenceBatches(sequences, np.arange(64), batch_size=8, seed=3, group_lengths=True)
    epochs = [[batches.batch(8 * epoch + place).y.tolist() for place in range(8)] for epoch in range(2)]
    for epoch in epochs:
        assert sorted(row for rows in epoch for row in rows) == list(range(64))
        assert all(len(set(lengths[rows])) == 1 for rows in epoch)  # factors of 0.8 to 1.25 do not bridge a factor of 3
    assert sorted(map(sorted, epochs[0])) != sorted(map(sorted, epochs[1]))  # other batches in every epoch
    assert [lengths[rows[0]] for rows in epochs[0]] != sorted(lengths[rows[0]] for rows in epochs[0])
    again = SequenceBatches(sequences, np.arange(64), batch_size=8, group_lengths=True).with_seed(3)
    assert [again.batch(8 + place).y.tolist() for place in range(8)] == epochs[1]
    odd = SequenceBatches(sequences[:10], np.arange(10), batch_size=4, group_lengths=True)
    assert [len(odd.batch(place).y) for place in range(3)] == [4, 4, 2]
    sorted_ = SequenceBatches(SEQUENCES, LABELS, batch_size=2, shuffle=False, group_lengths=True)
    assert [sorted_.batch(place).y.tolist() for place in range(3)] == [[1, 3], [2, 4], [0]]


def test_rows_are_the_sequences() -> None:
    for update in range(6):
        batch = SequenceBatches(SEQUENCES, LABELS, batch_size=3, dtype=np.float64).batch(update)
        for row, label in enumerate(batch.y):
            length = len(batch.x) if batch.lengths is None else batch.lengths[row]
            assert length == SIZES[label]
            np.testing.assert_array_equal(batch.x[:length, row], SEQUENCES[label])


def test_windows_move_by_their_stride() -> None:
    batches = SequenceBatches(SEQUENCES, LABELS, batch_size=5, window=3, stride=2, shuffle=False)
    batch = batches.batch(0)
    assert batch.lengths.tolist() == [3, 1, 2, 1, 2]
    assert batch.x.shape == (3, 5, 6)
    np.testing.assert_array_equal(batch.x[1, 2], np.float32(SEQUENCES[2][2:5]).ravel())
    np.testing.assert_array_equal(batch.x[2, 0], np.float32(SEQUENCES[0][4:7]).ravel())


def test_targets_per_step() -> None:
    classes = [np.arange(size) for size in SIZES]
    values = [np.arange(2.0 * size).reshape(size, 2) for size in SIZES]
    weights = [1.0, 2.0, 3.0, 4.0, 5.0]
    by_class = SequenceBatches(SEQUENCES, classes, batch_size=5, shuffle=False, weights=weights).batch(0)
    by_value = SequenceBatches(SEQUENCES, values, batch_size=5, shuffle=False).batch(0)
    assert by_class.y.shape == (7, 5)
    assert by_class.y.dtype == np.int64
    assert by_class.weight.shape == (7, 5)
    assert by_class.weight[0].tolist() == weights
    assert by_value.y.shape == (7, 5, 2)
    for row, size in enumerate(SIZES):
        np.testing.assert_array_equal(by_class.y[:size, row], classes[row])
        np.testing.assert_array_equal(by_value.y[:size, row], values[row])


def test_targets_per_sequence() -> None:
    one = SequenceBatches(SEQUENCES, np.arange(5.0), batch_size=5, shuffle=False, weights=np.ones(5)).batch(0)
    assert one.y.shape == (5, 1)
    assert one.weight.shape == (5,)
    two = SequenceBatches(SEQUENCES, np.ones((5, 2)), batch_size=5, shuffle=False).batch(0)
    assert two.y.shape == (5, 2)
    assert two.y.dtype == np.float32


def test_indices_stay_integers() -> None:
    batches = SequenceBatches([[3, 1, 4], [1, 5]], np.array([0, 1]), indices=True, shuffle=False)
    batch = batches.batch(0)
    assert batch.x.dtype == np.int64
    assert batch.x[:, 0].tolist() == [3, 1, 4]
    assert batch.x[:2, 1].tolist() == [1, 5]
    assert batch.lengths.tolist() == [3, 2]


REFUSED = {
    "counts": (
        lambda: SequenceBatches(SEQUENCES, LABELS[:4]),
        ShapeError,
        "SequenceBatches: there are 5 sequences, but 4 targets.",
    ),
    "steps": (
        lambda: SequenceBatches(SEQUENCES, [np.zeros(size) for size in (7, 3, 5, 5, 6)]),
        ShapeError,
        "SequenceBatches: targets[3] must have 4 steps, got 5.",
    ),
    "window": (
        lambda: SequenceBatches(SEQUENCES, LABELS, window=4),
        DataError,
        "SequenceBatches: sequence 1 has no complete window of 4 values.",
    ),
    "nothing": (
        lambda: SequenceBatches([], np.zeros(0)),
        DataError,
        "SequenceBatches: there is no window of 1 values.",
    ),
    "channels": (
        lambda: SequenceBatches([np.zeros((3, 1)), np.zeros((3, 2))], LABELS[:2]),
        ShapeError,
        "SequenceBatches: sequences have different numbers of channels.",
    ),
}


@pytest.mark.parametrize(("call", "error", "text"), REFUSED.values(), ids=REFUSED)
def test_refused(call, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


def test_weights_per_step() -> None:
    targets = [np.arange(3), np.arange(2)]
    weights = [np.array([1.0, 0.0, 2.0]), np.array([3.0, 4.0])]
    batches = SequenceBatches([[1.0, 2, 3], [4.0, 5]], targets, batch_size=2, shuffle=False, weights=weights)
    weight, lengths = batches.batch(0).weight, batches.batch(0).lengths
    assert weight is not None and lengths is not None
    assert [weight[:length, row].tolist() for row, length in enumerate(lengths)] == [[1, 0, 2], [3, 4]]
    with pytest.raises(ShapeError) as error:
        SequenceBatches([[1.0, 2, 3], [4.0, 5]], targets, weights=[weights[0], weights[0]])
    assert str(error.value) == "SequenceBatches: weights[1] must have 2 steps, got 3."
    with pytest.raises(ShapeError, match="weights per step need targets per step, one array for each sequence"):
        SequenceBatches([[1.0, 2, 3], [4.0, 5]], np.arange(2), weights=weights)
