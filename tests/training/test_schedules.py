"""Schedules by literal numbers."""

from __future__ import annotations

import pytest

from elman.errors import ArgumentError
from elman.training import Constant, Cosine, Plateau, Step, named_schedule


def test_constant() -> None:
    assert [Constant().scale(update, 3) for update in range(3)] == [1.0, 1.0, 1.0]


def test_step_begins_after_the_first_interval_or_at_its_start() -> None:
    assert [Step(every=2, factor=0.5).scale(update, 7) for update in range(7)] == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125]
    assert [Step(every=1, factor=0.5, start=3).scale(update, 6) for update in range(6)] == [1, 1, 1, 0.5, 0.25, 0.125]
    assert Step(every=3, factor=0.5, start=0).scale(0, 6) == 0.5


def test_cosine() -> None:
    assert Cosine().scale(0, 100) == 1.0
    assert Cosine().scale(50, 100) == pytest.approx(0.5, abs=1e-15)
    assert Cosine().scale(99, 100) == pytest.approx(0.000246719, rel=1e-5)
    assert Cosine(floor=0.2).scale(50, 100) == pytest.approx(0.6, abs=1e-15)
    assert [Cosine(warmup=4).scale(update, 100) for update in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert Cosine(warmup=10).scale(3, 5) == 0.4  # a run that ends before its rise does


def test_plateau() -> None:
    falling, flat = [5.0, 4.0, 3.0], [5.0, 5.0, 5.0, 5.0, 5.0]
    assert Plateau(patience=1).scale(falling) == 1.0
    assert [Plateau(0.1, patience=2).scale(flat[:seen]) for seen in range(6)] == pytest.approx(
        [1, 1, 1, 0.1, 0.1, 0.01]
    )
    assert Plateau(0.1, patience=2, floor=0.05).scale(flat) == 0.05
    assert Plateau(0.5, patience=2, min_delta=2.0).scale(falling) == 0.5  # never more than 2 below the best


def test_by_name() -> None:
    assert named_schedule("constant", 10) == Constant()
    assert named_schedule("step", 2) == Step(every=1, factor=0.1)
    assert named_schedule("cosine", 10) == Cosine()
    assert named_schedule("plateau", 10) == Plateau()
    with pytest.raises(ArgumentError, match="Hint: did you mean 'cosine'"):
        named_schedule("cosin", 10)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Step(0, 0.5), "Step: every must be an integer of at least 1, got 0."),
        (lambda: Step(1, 0.0), "Step: factor must be a number in (0, 1], got 0."),
        (lambda: Step(1, 0.5, start=-1), "Step: start must be an integer of at least 0, got -1."),
        (lambda: Cosine(warmup=-1), "Cosine: warmup must be an integer of at least 0, got -1."),
        (lambda: Cosine(floor=2.0), "Cosine: floor must be a number in [0, 1], got 2."),
        (lambda: Plateau(patience=0), "Plateau: patience must be an integer of at least 1, got 0."),
        (lambda: Plateau(factor=1.5), "Plateau: factor must be a number in (0, 1], got 1.5."),
    ],
)
def test_refused(make, text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        make()
    assert str(caught.value) == text
