"""The tasks are those of the papers: ranges, positions, answers."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data.tasks import SYMBOLS, adding, adding_1997, copy, multiplication, temporal_order
from elman.errors import ArgumentError


def test_adding() -> None:
    X, y = adding(4000, 50)
    assert X.shape == (4000, 50, 2) and y.shape == (4000,)
    assert X[:, :, 0].min() >= 0 and X[:, :, 0].max() <= 1
    assert set(np.unique(X[:, :, 1])) == {0, 1} and (X[:, :, 1].sum(axis=1) == 2).all()
    assert np.allclose(y, (X[:, :, 0] * X[:, :, 1]).sum(axis=1))
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.05)  # what always answering 1 gets
    assert X[:, :, 1].sum(axis=0).min() > 0  # any step can be marked


@pytest.mark.parametrize(("draw", "low"), [(adding_1997, -1.0), (multiplication, 0.0)])
def test_marked_pairs_of_1997(draw: object, low: float) -> None:
    X, y = (adding_1997 if draw is adding_1997 else multiplication)(3000, 100)
    lengths = {len(x) for x in X}
    assert min(lengths) == 100 and max(lengths) == 110
    assert min(x[:, 0].min() for x in X) == pytest.approx(low, abs=0.01)
    firsts, seconds, first_marked = set(), set(), 0
    for x, answer in zip(X, y, strict=True):
        marked = np.flatnonzero(x[:, 1] == 1)
        assert len(marked) == 2 and x[-1, 1] == -1
        assert marked[0] < 10 or marked[1] < 10
        assert marked.max() <= 49  # among the first 49 that are not marked yet
        assert (x[0, 1] == -1) == (0 not in marked)
        assert set(np.unique(x[1:-1, 1])) <= {0.0, 1.0}
        if 0 in marked:
            first_marked += 1
            assert x[0, 0] == (0.0 if low < 0 else 1.0)
        a, b = x[marked, 0]
        assert answer == pytest.approx(0.5 + (a + b) / 4 if low < 0 else a * b)
        firsts.add(int(marked[0]))
        seconds.add(int(marked[1]))
    assert firsts >= set(range(10)) and max(seconds) == 49 and first_marked > 0


@pytest.mark.parametrize(
    ("symbols", "positions", "names"),
    [
        (2, [(10, 20), (50, 60)], {"XX": "Q", "XY": "R", "YX": "S", "YY": "U"}),
        (
            3,
            [(10, 20), (33, 43), (66, 76)],
            dict(
                zip(
                    ["XXX", "XXY", "XYX", "XYY", "YXX", "YXY", "YYX", "YYY"],
                    ["Q", "R", "S", "U", "V", "A", "B", "C"],
                    strict=True,
                )
            ),
        ),
    ],
)
def test_temporal_order(symbols: int, positions: list[tuple[int, int]], names: dict[str, str]) -> None:
    X, y = temporal_order(2000, symbols)
    seen: list[set[int]] = [set() for _ in positions]
    lengths = set()
    for x, name in zip(X, y, strict=True):
        assert ((x == 0) | (x == 1)).all() and (x.sum(axis=1) == 1).all()
        text = "".join(SYMBOLS[j] for j in x.argmax(axis=1))
        lengths.add(len(text))
        assert text[0] == "E" and text[-1] == "B" and "E" not in text[1:] and "B" not in text[:-1]
        where = [t for t, symbol in enumerate(text) if symbol in "XY"]
        assert len(where) == symbols and names["".join(text[t] for t in where)] == name
        for t, found in zip(where, seen, strict=True):
            found.add(t)
    assert lengths == set(range(100, 111))
    assert [(min(found), max(found)) for found in seen] == positions
    counts = np.unique(y, return_counts=True)[1]
    assert len(counts) == 2**symbols and counts.min() > 0.7 * counts.mean()


def test_copy() -> None:
    X, y = copy(50, 30)
    assert X.shape == y.shape == (50, 50)
    assert set(np.unique(X[:, :10])) == set(range(1, 9))
    assert (X[:, 10:39] == 0).all() and (X[:, 39:] == 9).all()
    assert (y[:, :40] == 0).all() and np.array_equal(y[:, 40:], X[:, :10])


def test_same_seed_same_data() -> None:
    for draw in (adding, adding_1997, multiplication, copy):
        one, two, other = draw(3, 40, seed=1), draw(3, 40, seed=1), draw(3, 40, seed=2)
        assert np.array_equal(one[1], two[1]) and not np.array_equal(one[1], other[1])


def test_refused() -> None:
    with pytest.raises(ArgumentError) as error:
        adding_1997(3, 20)
    assert str(error.value) == "adding_1997: length must be an integer of at least 24, got 20."
    with pytest.raises(ArgumentError, match="symbols must be an integer between 2 and 3, got 4"):
        temporal_order(3, symbols=4)
