"""The recurrent cells of the engine against their twins, on every ISA level, around every edge of a register tile."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from elman import engine, reference
from kernels.calls import CASES, DTYPES, Problem, backward, forward
from reference.cases import Cotangents
from tolerances import assert_close

UNITS = (1, 7, 8, 9, 16, 17, 33)  # lanes of a vector: 2 to 16, so there are full vectors, tails and both
ROWS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 20)  # tiles are 2 to 8 rows high, depending on cell and level
SHAPES = [
    *((3, 5, D, H) for H, D in product(UNITS, (1, 3, 17))),
    *((2, N, 2, 9) for N in ROWS),
    *((T, N, 3, 5) for T, N in product((0, 1), (0, 1, 3))),
    (1, 2, 70, 70),
    *((3, 4, D, H) for D, H in ((530, 5), (5, 130))),  # rows too long to be read in place
]


def compare(problem: Problem, dtype: str, bias: bool, lengths, mask, cotangents: Cotangents, depth: int | None) -> None:
    case, a = problem.case, {k: v for k, v in problem.a.items() if bias or k not in ("b", "b_hn")}
    what = f"{case} {problem.shape}"
    states = forward(engine, case, a, lengths, mask)
    for name, expected in forward(reference, case, a, lengths, mask).items():
        assert states[name].dtype == dtype
        assert_close(states[name], expected, "states", dtype, f"{what} {name}")
    gradients = backward(engine, case, a, states, cotangents, lengths, mask, depth)
    twins = backward(reference, case, a, states, cotangents, lengths, mask, depth)
    assert gradients.keys() == twins.keys()
    for name, expected in twins.items():
        assert gradients[name].dtype == dtype
        assert_close(gradients[name], expected, "gradients", dtype, f"{what} {name}")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_shapes(isa: str, dtype: str, case: str) -> None:
    for number, shape in enumerate(SHAPES):
        problem = Problem(case, dtype, *shape)
        lengths, mask = (problem.lengths, problem.mask) if number % 2 else (None, None)
        compare(problem, dtype, True, lengths, mask, problem.cotangents, None)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_options(isa: str, dtype: str, case: str) -> None:
    problem = Problem(case, dtype, 3, 7, 2, 17)
    nothing = (None,) * len(problem.last)
    arriving = [problem.cotangents, Cotangents(problem.dh, nothing), Cotangents(None, problem.last)]
    if case == "lstm":
        arriving += [Cotangents(None, (None, problem.last[1])), Cotangents(problem.dh, (problem.last[0], None))]
    for lengths, mask, depth in product((None, problem.lengths), (None, problem.mask), (None, 1)):
        for cotangents in arriving:
            compare(problem, dtype, mask is None, lengths, mask, cotangents, depth)


@pytest.mark.parametrize("case", CASES)
def test_nothing_arriving_gives_zeros(isa: str, case: str) -> None:
    problem = Problem(case, "float64", 3, 4, 2, 5)
    states = forward(engine, case, problem.a)
    for gradient in backward(
        engine, case, problem.a, states, Cotangents(None, (None, None)[: len(problem.last)])
    ).values():
        assert not gradient.any()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_one_hot_inputs(isa: str, dtype: str, case: str) -> None:
    """x holds indices of one-hot rows: two rows may have the same index, and some indices do not occur."""
    rng = np.random.default_rng(0)
    for number, shape in enumerate([(3, 5, D, H) for H, D in product(UNITS, (1, 17))] + [(0, 2, 3, 5), (2, 0, 3, 5)]):
        problem = Problem(case, dtype, *shape)
        problem.a["x"] = rng.integers(0, shape[2], shape[:2])
        lengths, mask = (problem.lengths, problem.mask) if number % 2 else (None, None)
        compare(problem, dtype, number % 3 > 0, lengths, mask, problem.cotangents, None)


@pytest.mark.parametrize("case", CASES)
def test_long_sequences(isa: str, case: str) -> None:
    """More rows than the weight gradients sum in one go (256), with a row count that leaves a short last block."""
    problem = Problem(case, "float32", 45, 13, 3, 17)
    compare(problem, "float32", True, None, None, problem.cotangents, None)
    compare(problem, "float32", True, problem.lengths, problem.mask, problem.cotangents, None)


@pytest.mark.parametrize("case", CASES)
def test_past_the_end_all_is_zero(isa: str, case: str) -> None:
    problem = Problem(case, "float32", 5, 6, 3, 9)
    states = forward(engine, case, problem.a, problem.lengths)
    dx = backward(engine, case, problem.a, states, problem.cotangents, problem.lengths)["dx"]
    ended = np.arange(5)[:, np.newaxis] >= problem.lengths
    assert ended.any()
    for after_each_step in (states["h"][1:], states.get("c", states["h"])[1:], dx):
        assert not after_each_step[ended].any()
    if "gates" in states:
        assert not states["gates"][ended].any()
    np.testing.assert_array_equal(states["h"][0], problem.a["h_0"])
