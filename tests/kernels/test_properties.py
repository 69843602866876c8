"""Properties of every sequence of any size, to the bit, by a search for counterexamples."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from elman import engine
from kernels.calls import (
    CASES,
    DTYPES,
    STATE,
    STEPWISE,
    Problem,
    assert_same_bits,
    backward,
    forward,
    run,
)
from kernels.levels import on_level
from reference.cases import Cotangents

quick = settings(max_examples=60, derandomize=True)
levels = st.sampled_from(engine.isa_levels())
sizes = st.tuples(st.integers(0, 6), st.integers(0, 14), st.integers(1, 20), st.integers(1, 40))  # T, N, D, H
problems = st.builds(
    lambda case, dtype, size, seed: Problem(case, dtype, *size, seed=seed),
    st.sampled_from(CASES),
    st.sampled_from(DTYPES),
    sizes,
    st.integers(0, 2**32 - 1),
)


@quick
@given(levels, problems, st.data())
def test_a_split_sequence_equals_one_run(level: str, problem: Problem, data: st.DataObject) -> None:
    T = problem.shape[0]
    cut = data.draw(st.integers(0, T), label="cut")
    mask = data.draw(st.sampled_from([None, problem.mask]), label="mask")
    a, case = problem.a, problem.case
    with on_level(level):
        states, gradients = run(problem, None, mask)
        early = forward(engine, case, {**a, "x": a["x"][:cut]}, None, mask)
        carried = {name: early[name[0]][-1] for name in STATE if name in a}
        late_a = {**a, **carried, "x": a["x"][cut:]}
        late = forward(engine, case, late_a, None, mask)
        d_late = backward(engine, case, late_a, late, Cotangents(problem.dh[cut:], problem.last), None, mask)
        back = tuple(d_late[f"d{name}"] for name in carried)
        d_early = backward(
            engine, case, {**a, "x": a["x"][:cut]}, early, Cotangents(problem.dh[:cut], back), None, mask
        )
    for name, whole in states.items():
        joined = np.concatenate([early[name], late[name] if name == "gates" else late[name][1:]])
        np.testing.assert_array_equal(joined, whole, err_msg=name)
    np.testing.assert_array_equal(np.concatenate([d_early["dx"], d_late["dx"]]), gradients["dx"])
    for name in carried:
        np.testing.assert_array_equal(d_early[f"d{name}"], gradients[f"d{name}"], err_msg=name)


@quick
@given(levels, problems, st.sampled_from([None, 1]), st.sampled_from([np.nan, np.inf, 1e30]))
def test_padding_never_leaks(level: str, problem: Problem, depth: int | None, filling: float) -> None:
    """Values past the end of a row change no bit of any result, forward or backward."""
    T, a, case = problem.shape[0], problem.a, problem.case
    padding = np.arange(T)[:, np.newaxis] >= problem.lengths
    filled_x, filled_dh = a["x"].copy(), problem.dh.copy()
    filled_x[padding], filled_dh[padding] = filling, filling
    results = []
    with on_level(level):
        for x, dh in ((a["x"], problem.dh), (filled_x, filled_dh)):
            states = forward(engine, case, {**a, "x": x}, problem.lengths, problem.mask)
            arriving = Cotangents(dh, problem.last)
            gradients = backward(engine, case, {**a, "x": x}, states, arriving, problem.lengths, problem.mask, depth)
            results.append(states | gradients)
        dirty = {name: value.copy() for name, value in states.items()}
        for name, value in dirty.items():
            (value if name == "gates" else value[1:])[padding] = filling  # no one need keep them zero
        again = backward(engine, case, a, dirty, problem.cotangents, problem.lengths, problem.mask, depth)
    assert_same_bits(results[1], results[0])
    assert_same_bits(again, gradients)


@quick
@given(levels, problems, st.data())
def test_permuting_the_batch_permutes_the_output(level: str, problem: Problem, data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(problem.shape[1])), label="order"), np.intp)
    moved = problem.rows(order)
    with on_level(level):
        states, gradients = run(problem, problem.lengths, problem.mask)
        moved_states, moved_gradients = run(moved, moved.lengths, moved.mask)
    assert_same_bits(moved_states, {name: value[:, order] for name, value in states.items()})
    expected = {n: g[:, order] if n == "dx" else g[order] for n, g in gradients.items() if n in STEPWISE}
    assert_same_bits(moved_gradients, expected)


@quick
@given(levels, problems, st.integers(1, 9))
def test_threads_never_matter(level: str, problem: Problem, n_threads: int) -> None:
    with on_level(level):
        states, gradients = run(problem, problem.lengths, problem.mask, n_threads=1)
        more_states, more_gradients = run(problem, problem.lengths, problem.mask, n_threads=n_threads)
    assert_same_bits(more_states, states)
    assert_same_bits(more_gradients, gradients)


@quick
@given(
    levels,
    st.sampled_from(DTYPES),
    st.tuples(st.integers(0, 40), st.integers(1, 40), st.integers(1, 70)),
    st.integers(0, 2**32 - 1),
)
def test_dense_rows_are_independent(level: str, dtype: str, size: tuple[int, int, int], seed: int) -> None:
    M, H, K = size
    rng = np.random.default_rng(seed)
    h, W, b, do = (rng.normal(size=s).astype(dtype) for s in ((M, H), (H, K), (K,), (M, K)))
    order = rng.permutation(M)
    with on_level(level):
        o, dh = engine.dense_forward(h, W, b), engine.dense_backward(do, h, W).dh
        np.testing.assert_array_equal(engine.dense_forward(h[order], W, b), o[order])
        np.testing.assert_array_equal(engine.dense_backward(do[order], h[order], W).dh, dh[order])
