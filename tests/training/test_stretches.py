"""Stretches of windows: the content of a batch is a function of the update alone."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import ArgumentError, DataError, ShapeError
from elman.training import Draws, OrderedStretches, Origins, StretchBatches

SIZES = (30, 12, 50)
OFFSETS = np.concatenate(([0], np.cumsum(SIZES)))
RNG = np.random.default_rng(0)
VALUES = RNG.standard_normal((sum(SIZES), 2)) + 1e8  # the center must be subtracted before the cast
CENTER = np.full_like(VALUES, 1e8) + RNG.integers(0, 3, VALUES.shape)
WEIGHT = RNG.integers(0, 2, VALUES.shape).astype(float)
WINDOW, HORIZON, STEPS = 5, 3, 10


def stretches(**changes) -> StretchBatches:
    options = {
        "window": WINDOW,
        "horizon": HORIZON,
        "steps": STEPS,
        "batch_size": 16,
        "center": CENTER,
        "weight": WEIGHT,
    }
    return StretchBatches(VALUES, OFFSETS, **{**options, **changes})


def find_origin(x: np.ndarray) -> int:
    """Return the origin whose window is x (window * 2)."""
    for origin in range(WINDOW - 1, len(VALUES)):
        window = (VALUES[origin - WINDOW + 1 : origin + 1] - CENTER[origin]).astype(np.float32)
        if np.array_equal(window.ravel(), x):
            return origin
    raise AssertionError("no origin has this window")


def check(batch, row: int) -> tuple[int, int]:
    """Check every valid step of a row against the definition; return its first origin and length."""
    length = STEPS if batch.lengths is None else int(batch.lengths[row])
    first = find_origin(batch.x[0, row])
    for step in range(length):
        o = first + step
        np.testing.assert_array_equal(
            batch.x[step, row], np.float32(VALUES[o - WINDOW + 1 : o + 1] - CENTER[o]).ravel()
        )
        target = slice(o + 1, o + HORIZON + 1)
        np.testing.assert_array_equal(batch.y[step, row], np.float32(VALUES[target] - CENTER[o]).ravel())
        np.testing.assert_array_equal(batch.weight[step, row], WEIGHT[target].ravel())
    return first, length


def test_every_row_is_a_stretch_of_one_series() -> None:
    batches, seen = stretches(), set()
    for update in range(12):
        batch = batches.batch(update)
        assert batch.x.shape == (STEPS, 16, WINDOW * 2)
        assert batch.y.shape == batch.weight.shape == (STEPS, 16, HORIZON * 2)
        assert batch.x.dtype == np.float32
        assert not batch.carry
        for row in range(16):
            first, length = check(batch, row)
            series = int(np.searchsorted(OFFSETS, first, "right")) - 1
            assert length == min(STEPS, SIZES[series] - WINDOW - HORIZON + 1)
            assert OFFSETS[series] + WINDOW - 1 <= first
            assert first + length - 1 + HORIZON < OFFSETS[series + 1]  # no target of another series
            seen.add((series, first))
    assert {series for series, _ in seen} == {0, 1, 2}
    assert {first for series, first in seen if series == 0} == set(range(4, 4 + 14))  # all that leave room for 10 steps


def test_batches_are_a_function_of_seed_and_update() -> None:
    batches, other = stretches(seed=3), stretches(seed=3)
    order = RNG.permutation(200)
    expected = {update: batches.batch(update).x.copy() for update in range(200)}
    for update in order:
        np.testing.assert_array_equal(other.batch(int(update)).x, expected[int(update)])
    assert len({x.tobytes() for x in expected.values()}) == 200
    assert (stretches(seed=4).batch(0).x != expected[0]).any()


def test_members_of_an_ensemble_share_data_but_not_buffers() -> None:
    batches = stretches()
    other = batches.with_seed(9)
    assert other.values is batches.values
    first, second = batches.batch(0), other.batch(0)
    assert not np.shares_memory(first.x, second.x)
    np.testing.assert_array_equal(second.x, stretches(seed=9).batch(0).x)


def test_kept_spans_give_the_same_batches() -> None:
    """Only what the updates read is in memory; a short series makes rows shorter than ``steps``."""
    seeds, updates = (3, 4), 70  # more than a block
    draws = Draws(Origins("t", OFFSETS, WINDOW, HORIZON, STEPS), batch_size=1)
    for number in (1, updates):
        spans = draws.spans(seeds, number)
        read = np.zeros(len(VALUES), dtype=bool)
        for seed in seeds:
            for update in range(number):
                first, length = check(stretches(batch_size=1, seed=seed).batch(update), 0)
                read[first - WINDOW + 1 : first + length + HORIZON] = True
        inside = np.concatenate([np.arange(a, b) for a, b in zip(spans.starts, spans.stops, strict=True)])
        np.testing.assert_array_equal(inside, np.flatnonzero(read))
    spans = draws.spans(seeds, 1)
    assert spans.total < 40
    own = np.concatenate([np.arange(a, b) for a, b in zip(spans.starts, spans.stops, strict=True)])
    parts = {"center": CENTER[own], "weight": WEIGHT[own], "kept": spans, "batch_size": 1}
    for seed in seeds:
        sizes = {"window": WINDOW, "horizon": HORIZON, "steps": STEPS, "seed": seed}
        few, whole = StretchBatches(VALUES[own], OFFSETS, **sizes, **parts).batch(0), stretches(batch_size=1, seed=seed)
        assert check(few, 0) == check(whole.batch(0), 0)


def test_lengths_are_left_out_where_all_rows_are_full() -> None:
    assert StretchBatches(VALUES, [0, len(VALUES)], window=5, horizon=3, steps=10).batch(0).lengths is None
    short = StretchBatches(VALUES[:12], [0, 12], window=5, horizon=3, steps=10, dtype=np.float64).batch(0)
    assert short.lengths is None
    assert short.x.shape == (5, 32, 10)  # steps is at most what the longest series has
    assert short.x.dtype == np.float64
    assert short.weight is None


def test_series_in_order_with_carried_state() -> None:
    batches = OrderedStretches(
        VALUES, OFFSETS, window=WINDOW, horizon=HORIZON, steps=STEPS, center=CENTER, weight=WEIGHT
    )
    origins = [size - WINDOW - HORIZON + 1 for size in SIZES]
    assert batches.epoch_length == 5
    for update in range(10):
        batch, done = batches.batch(update), update % 5 * STEPS
        lengths = [STEPS] * 3 if batch.lengths is None else batch.lengths.tolist()
        assert lengths == [min(max(count - done, 0), STEPS) for count in origins]
        assert batch.carry == (done > 0)
        for row, length in enumerate(lengths):
            if length:
                assert check(batch, row) == (OFFSETS[row] + WINDOW - 1 + done, length)
        assert batch.x.shape == (STEPS, 3, WINDOW * 2)


def test_values_are_taken_from_lists_and_never_changed() -> None:
    values = VALUES.copy()
    batches = StretchBatches(values, OFFSETS.tolist(), window=WINDOW, horizon=HORIZON, steps=STEPS)
    batches.batch(0).x[...] = 0.0
    np.testing.assert_array_equal(values, VALUES)


REFUSED = {
    "short series": (
        lambda: stretches(horizon=8),
        DataError,
        "StretchBatches: series 1 has 12 values, but window + horizon = 5 + 8 needs at least 13.",
    ),
    "offsets": (
        lambda: StretchBatches(VALUES, [0, 5], window=1, horizon=1, steps=1),
        ShapeError,
        "StretchBatches: offsets must rise from 0 to total = 92, got [0 5].",
    ),
    "center": (
        lambda: stretches(center=CENTER[:-1]),
        ShapeError,
        (
            "StretchBatches: center must have shape (total, C) = (92, 2), got (91, 2).\n"
            "  total=92 and C=2 come from values (total, C) = (92, 2)."
        ),
    ),
    "window": (
        lambda: OrderedStretches(VALUES, OFFSETS, window=0, horizon=1, steps=1),
        ArgumentError,
        "OrderedStretches: window must be an integer of at least 1, got 0.",
    ),
}


@pytest.mark.parametrize(("call", "error", "text"), REFUSED.values(), ids=REFUSED)
def test_refused(call, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


def test_nothing_is_drawn_once_every_value_is(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    block = Draws.block
    monkeypatch.setattr(Draws, "block", lambda self, seed, number: drawn.append(number) or block(self, seed, number))
    draws = Draws(Origins("example", np.array([0, 60, 75]), window=5, horizon=3, steps=8), batch_size=1)
    assert draws.spans([0, 1], 10**6).total == 75
    assert len(drawn) < 20


def test_spans_that_are_merged_in_pieces_lose_none(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = Draws(Origins("example", np.array([0, 4000, 9000]), window=5, horizon=3, steps=8), batch_size=2)
    at_once = draws.spans([0, 1], 200)
    monkeypatch.setattr("elman.training.draws._MERGED", 16)
    pieces = draws.spans([0, 1], 200)
    assert at_once.total < 9000
    np.testing.assert_array_equal(pieces.starts, at_once.starts)
    np.testing.assert_array_equal(pieces.stops, at_once.stops)
