"""Dense and embedding layers, dropout masks and windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.reference import (
    dense_backward,
    dense_forward,
    dropout_mask,
    embedding_backward,
    embedding_forward,
    gather_windows,
    numerical_gradient,
    philox,
)
from tolerances import assert_close


@pytest.mark.parametrize("leading", [(), (4,), (3, 2), (0, 2)])
def test_dense(leading: tuple[int, ...]) -> None:
    rng = np.random.default_rng(21)
    h, W_y, b_y, do = rng.normal(size=(*leading, 3)), rng.normal(size=(3, 2)), rng.normal(size=2), None
    o = dense_forward(h, W_y, b_y)
    assert_close(o, np.einsum("...h,hk->...k", h, W_y) + b_y, "same sums")
    np.testing.assert_array_equal(dense_forward(h, W_y), dense_forward(h, W_y, np.zeros(2)))
    do = rng.normal(size=o.shape)
    g = dense_backward(do, h, W_y)
    assert_close(g.dh, numerical_gradient(lambda h: (do * dense_forward(h, W_y, b_y)).sum(), h), "gradient check")
    assert_close(g.dW_y, numerical_gradient(lambda W: (do * dense_forward(h, W, b_y)).sum(), W_y), "gradient check")
    assert_close(g.db_y, numerical_gradient(lambda b: (do * dense_forward(h, W_y, b)).sum(), b_y), "gradient check")


def test_embedding_is_the_product_with_one_hot_rows() -> None:
    rng = np.random.default_rng(22)
    E, indices = rng.normal(size=(5, 3)), rng.integers(0, 5, (6, 2))
    one_hot = np.eye(5)[indices]
    np.testing.assert_array_equal(embedding_forward(indices, E), one_hot @ E)
    dx = rng.normal(size=(6, 2, 3))
    assert_close(embedding_backward(dx, indices, 5), dense_backward(dx, one_hot, E).dW_y, "same sums")


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64, np.uint64])
def test_indices_may_be_any_integers(dtype: type) -> None:
    np.testing.assert_array_equal(embedding_forward(np.array(1, dtype), [[1.0], [2.0]]), [2.0])
    np.testing.assert_array_equal(embedding_forward(np.zeros((0, 3), dtype), [[1.0]]), np.zeros((0, 3, 1)))


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_known_answers(counter: str, key: str, words: str) -> None:
    """The vectors published with Random123."""
    counter, key, words = ([int(word, 16) for word in text.split()] for text in (counter, key, words))
    np.testing.assert_array_equal(philox(counter, key), words)


def test_dropout_mask_element_by_element() -> None:
    seed, update, layer, rate = 2**40 + 5, 2**33 + 9, 3, 0.3
    mask = dropout_mask((3, 2, 7), rate, seed, update, layer, first_row=10, first_step=20, dtype=np.float64)
    for t, n, unit in np.ndindex(mask.shape):
        words = philox([unit // 4, 20 + t, 10 + n, layer], [5, 9])  # the key takes the low halves
        kept = int(words[unit % 4]) >= int(0.3 * 2**32)
        assert mask[t, n, unit] == (1 / (1 - rate) if kept else 0.0)
    single = dropout_mask((3, 2, 7), rate, seed, update, layer, 10, 20, np.float32)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, mask.astype(np.float32))


def test_dropout_keeps_a_word_that_equals_the_threshold() -> None:
    word = int(philox([0, 0, 0, 0], [1, 1])[0])
    for rate, kept in ((word / 2**32, True), ((word + 1) / 2**32, False)):  # both exact in float64
        assert bool(dropout_mask((1, 1, 1), rate, seed=1, update=1, layer=0)[0, 0, 0] > 0) is kept


def test_dropout_mask_depends_on_everything_it_is_for() -> None:
    masks = [
        dropout_mask((2, 3, 40), 0.5, **{"seed": 1, "update": 1, "layer": 1, "first_row": 1, "first_step": 1, **change})
        for change in ({}, {"seed": 2}, {"update": 2}, {"layer": 2}, {"first_row": 9}, {"first_step": 9})
    ]
    for i, one in enumerate(masks):
        for other in masks[:i]:
            assert 0.3 < np.mean(one == other) < 0.7


def test_dropout_rate() -> None:
    assert (dropout_mask((2, 3, 5), 0.0, 1, 1, 1) == 1.0).all()
    assert dropout_mask((0, 3, 5), 0.5, 1, 1, 1).shape == (0, 3, 5)
    for rate in (0.1, 0.5, 0.9):
        mask = dropout_mask((50, 20, 100), rate, seed=3, update=1, layer=0, dtype=np.float64)
        assert np.mean(mask == 0) == pytest.approx(rate, abs=0.005)  # five standard deviations of 100,000 coins
        assert mask.mean() == pytest.approx(1.0, abs=0.05)


@settings(max_examples=60, derandomize=True)
@given(st.data())
def test_windows_element_by_element(data: st.DataObject) -> None:
    draw = data.draw
    steps, width, stride = draw(st.integers(0, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    first, C = draw(st.integers(-4, 2)), draw(st.integers(1, 2))
    reach = max(steps - 1, 0) * stride
    low, total = max(0, -first), draw(st.integers(12, 30))
    high = total - max(first + width, 1) - reach
    if high < low:
        return
    origins = draw(st.lists(st.integers(low, high), max_size=4))
    rng = np.random.default_rng(23)
    values, center = rng.normal(size=(total, C)), rng.normal(size=(total, C))
    for some in (None, center):
        windows = gather_windows(values, some, origins, steps, first, width, stride, np.float64)
        assert windows.shape == (steps, len(origins), width * C)
        for t, n, w, c in np.ndindex(steps, len(origins), width, C):
            o = origins[n] + t * stride
            expected = values[o + first + w, c] - (0.0 if some is None else some[o, c])
            assert windows[t, n, w * C + c] == expected


def test_windows_subtract_before_rounding() -> None:
    """16777217 has no float32, but its distance from a center has."""
    values = np.array([[16777216.0], [16777217.0]])
    center = np.full((2, 1), 16777216.0)
    windows = gather_windows(values, center, [0], 1, 0, 2)
    assert windows.dtype == np.float32
    np.testing.assert_array_equal(windows, [[[0.0, 1.0]]])
